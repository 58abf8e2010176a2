//! What no Mautic should send, sent to the real daemon beside good deliveries: the good ones arrive,
//! the bad ones are refused or parked with the reason, and the daemon goes on.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests may fail loudly"
)]

mod support;

use mautic_fixtures::{
    Options,
    faults::{Fault, Rule},
    recordings,
};
use rusqlite::Connection;
use serde_json::{Value, json};
use std::{collections::BTreeMap, future::pending, time::Duration};
use support::{Daemon, House, REST, SECRET, hook_of_tests, left, open};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};
use topicscore::{demo::Stage, intake::decode, mautic::signature};

/// Largest body that is taken, in bytes.
const LIMIT: usize = 32 << 20;
/// Hits of good deliveries have ids from here on.
const GOOD: u64 = 1_000_000;

/// A name, a body, and what becomes of it.
type Case = (&'static str, Vec<u8>, Fate);

/// What becomes of a delivery.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    /// Kept, and told of as not understood.
    Parked,
    /// Kept, and understood.
    Read,
    /// Answered with this status, not kept.
    Refused(u16),
}
use Fate::{Parked, Read, Refused};

fn hit(id: &str, at: &str, contact: &str) -> String {
    format!(
        r#"{{"mautic.page_on_hit":[{{"hit":{{"id":{id},"dateHit":{at},"url":"http:\/\/shop.example.test\/","redirect":null,"lead":{{"id":{contact}}}}}}}]}}"#
    )
}

const AT: &str = r#""2026-11-21T20:25:04+00:00""#;

fn good(number: u64) -> Vec<u8> {
    hit(&(GOOD + number).to_string(), AT, "1").into_bytes()
}

fn gzip() -> Vec<u8> {
    // `{}` as gzip packs it.
    vec![
        0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xab, 0xae, 5, 0, 0x43, 0xbf, 0xa6, 0xa3, 2, 0, 0, 0,
    ]
}

/// A body of exactly so many bytes.
fn padded(size: usize) -> Vec<u8> {
    let mut body = good(900_000);
    body.resize(size, b' ');
    body
}

/// Bodies of the largest size, full of what takes most room when it is read.
fn huge() -> Vec<Case> {
    let full = |head: &str, item: &str, tail: &str| {
        let times = (LIMIT - head.len() - tail.len()) / item.len();
        let mut body = format!("{head}{}", item.repeat(times));
        body.pop();
        body.push_str(tail);
        body.into_bytes()
    };
    vec![
        ("at the limit", padded(LIMIT), Read),
        ("beyond the limit", padded(LIMIT + 1), Refused(413)),
        (
            "millions of numbers",
            full(r#"{"mautic.page_on_hit":["#, "0,", "]}"),
            Parked,
        ),
        (
            "millions of lists",
            full(r#"{"mautic.page_on_hit":[["#, "[],", "]]}"),
            Parked,
        ),
        (
            "millions of empty items",
            full(r#"{"mautic.page_on_hit":["#, "{},", "]}"),
            Parked,
        ),
        ("millions of types", full("{", r#""a":0,"#, "}"), Parked),
        (
            "one long name",
            full(
                r#"{"mautic.page_on_hit":[{"hit":{"id":1,"url":""#,
                "aaaa",
                r#""}}]}"#,
            ),
            Parked,
        ),
    ]
}

#[allow(clippy::too_many_lines, reason = "a table")]
fn small() -> Vec<Case> {
    let deep = 100_000;
    let lists = format!("{}{}", "[".repeat(deep), "]".repeat(deep));
    let with = |hits: &str| format!(r#"{{"mautic.page_on_hit":{hits}}}"#).into_bytes();
    let id = |id: &str| hit(id, AT, "1").into_bytes();
    let who = |contact: &str| hit("77", AT, contact).into_bytes();
    let at = |at: &str| hit("78", at, "1").into_bytes();
    let mut invalid = good(1);
    let middle = invalid.len() / 2;
    invalid[middle] = 0xff;
    let mut trailing = good(2);
    trailing.extend(b"}garbage");
    let mut cut = good(3);
    cut.truncate(40);
    vec![
        ("nothing", Vec::new(), Parked),
        ("blanks", b"  \n ".to_vec(), Parked),
        ("gzip", gzip(), Parked),
        ("NUL bytes", vec![0; 64], Parked),
        ("a form", b"a=1&b=2".to_vec(), Parked),
        ("HTML", b"<html>502</html>".to_vec(), Parked),
        ("null", b"null".to_vec(), Parked),
        ("a list", b"[]".to_vec(), Parked),
        ("a number", b"1e999".to_vec(), Parked),
        (
            "a byte order mark",
            [b"\xef\xbb\xbf", &*good(4)].concat(),
            Parked,
        ),
        (
            "UTF-16",
            good(5).iter().flat_map(|byte| [*byte, 0]).collect(),
            Parked,
        ),
        ("invalid UTF-8", invalid, Parked),
        ("trailing garbage", trailing, Parked),
        ("cut off", cut, Parked),
        (
            "an unknown type",
            br#"{"mautic.of_tomorrow":[{"a":1}]}"#.to_vec(),
            Parked,
        ),
        ("an empty type", br#"{"":[{}]}"#.to_vec(), Parked),
        ("nested", lists.clone().into_bytes(), Parked),
        ("nested where a list is", with(&lists), Parked),
        (
            "nested where an item is",
            with(&format!("[{lists}]")),
            Parked,
        ),
        (
            "nested in an item",
            with(&format!(r#"[{{"hit":{lists}}}]"#)),
            Parked,
        ),
        ("a text for a list", with(r#""x""#), Parked),
        ("null for a list", with("null"), Parked),
        ("null for an item", with("[null]"), Parked),
        ("a list for an item", with("[[]]"), Parked),
        ("an empty item", with("[{}]"), Parked),
        (
            "lone surrogate",
            with(r#"[{"hit":{"id":1,"url":"\ud800"}}]"#),
            Parked,
        ),
        (
            "a key given twice",
            hit(r#"79,"id":"x""#, AT, "1").into_bytes(),
            Parked,
        ),
        (
            "a type given twice",
            [
                &good(6)[..good(6).len() - 1],
                br#","mautic.page_on_hit":7}"#,
            ]
            .concat(),
            Parked,
        ),
        ("id 0", id("0"), Parked),
        ("a negative id", id("-1"), Parked),
        ("id 2^63", id("9223372036854775808"), Parked),
        ("id 2^64", id("18446744073709551616"), Parked),
        ("a broken id", id("1.5"), Parked),
        ("an id beyond numbers", id("1e999"), Parked),
        ("null for an id", id("null"), Parked),
        ("an id as text", id(r#""70""#), Read),
        ("the largest id", id("9223372036854775807"), Read),
        // Mautic names nobody who is deleted by then: told of nobody.
        ("contact 0", who("0"), Read),
        ("a negative contact", who("-1"), Read),
        ("contact 2^32", who("4294967296"), Read),
        ("contact null", who("null"), Read),
        ("the largest contact", who("4294967295"), Read),
        ("year 0", at(r#""0000-00-00 00:00:00""#), Parked),
        ("year 99999", at(r#""99999-01-01T00:00:00+00:00""#), Parked),
        ("a number for a date", at("1700000000"), Parked),
        ("an empty date", at(r#""""#), Parked),
        (
            "the year 1",
            hit("71", r#""0001-01-01T00:00:00+00:00""#, "1").into_bytes(),
            Read,
        ),
        (
            "the first moment",
            hit("72", r#""-009999-01-02T02:00:00Z""#, "1").into_bytes(),
            Read,
        ),
        (
            "the last moment",
            hit("73", r#""9999-12-30T21:59:59Z""#, "1").into_bytes(),
            Read,
        ),
        (
            "NUL in texts",
            hit(r#"74,"url":"a\u0000b","urlTitle":"\u0000""#, AT, "1").into_bytes(),
            Read,
        ),
    ]
}

/// Sends a delivery and returns the status of the answer, which may come before all was sent: who
/// answers 413 closes then. Without an answer the test fails.
async fn send(house: &House, body: &[u8]) -> u16 {
    let signature = signature::sign(&SECRET.to_owned().into(), body);
    let head = format!(
        "POST /webhook HTTP/1.1\r\nHost: topicscore\r\nContent-Type: application/json\r\n\
         Webhook-Signature: {signature}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let socket = TcpStream::connect(("127.0.0.1", house.webhook)).await;
    let mut socket = socket.expect("the receiver listens");
    let (answers, mut requests) = socket.split();
    let send = async {
        let sent = requests.write_all(head.as_bytes()).await;
        if sent.is_ok() {
            let _ = requests.write_all(body).await;
        }
        pending().await
    };
    tokio::select! {
        status = status(answers) => status,
        never = send => never,
    }
}

/// The status of an answer.
async fn status(answers: impl AsyncRead + Unpin) -> u16 {
    let mut line = String::new();
    let read = BufReader::new(answers).read_line(&mut line).await;
    let status = line.split(' ').nth(1).and_then(|code| code.parse().ok());
    status.unwrap_or_else(|| panic!("no answer: {read:?} {line:?}"))
}

/// A new contact, as people make it.
async fn contact(stage: &Stage, email: &str) -> u64 {
    let (access, base) = (&stage.catalog.access, stage.mautic.0.base_url());
    let made = reqwest::Client::new()
        .post(format!("{base}/api/contacts/new"))
        .basic_auth(&access.user, Some(&access.password))
        .json(&json!({"email": email, "points": 7}));
    let made: Value = made.send().await.unwrap().json().await.unwrap();
    made["contact"]["id"].as_u64().unwrap()
}

async fn furnished() -> (tempfile::TempDir, Stage, House, Daemon) {
    let folder = tempfile::tempdir().unwrap();
    let stage = Stage::set(Options::default()).await.unwrap();
    // Whom the deliveries speak of.
    assert_eq!(contact(&stage, "visitor@example.test").await, 1);
    let house = House::new(folder.path());
    let mautic = stage.mautic.0.base_url();
    house.furnish_with(&mautic, &stage.plan(), &hook_of_tests());
    let daemon = house.start();
    house.wait_until_ready_says(200).await;
    (folder, stage, house, daemon)
}

/// Until all deliveries are decoded and all contacts scored. What is left to write may be to
/// contacts that this Mautic does not have.
async fn settle(house: &House, daemon: &mut Daemon) {
    let (until, db) = (Instant::now() + 2 * REST, open(&house.store));
    while !matches!(left(&db), (0, 0, _)) {
        daemon.must_live();
        assert!(
            Instant::now() < until,
            "left {:?}\n{}",
            left(&db),
            house.errors()
        );
        sleep(Duration::from_millis(50)).await;
    }
    daemon.must_live();
}

fn has_hit(db: &Connection, id: u64) -> bool {
    let mut statement = db
        .prepare_cached("SELECT 1 FROM activity WHERE key = ?1")
        .unwrap();
    statement.exists([format!("hit:{id}")]).unwrap()
}

/// The most memory the process ever took, in MiB.
fn peak(daemon: &Daemon) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", daemon.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let number = line.unwrap().split_whitespace().nth(1).unwrap();
    number.parse::<u64>().unwrap() / 1024
}

/// What became of the deliveries that were kept, in the order they came.
fn parked(db: &Connection) -> Vec<bool> {
    let query = "SELECT EXISTS (SELECT 1 FROM parked WHERE delivery = delivery.id)
        FROM delivery ORDER BY delivery.id";
    let mut statement = db.prepare(query).unwrap();
    let rows = statement.query_map([], |row| row.get(0));
    rows.unwrap().map(Result::unwrap).collect()
}

async fn each_beside_good_ones(house: &House, daemon: &mut Daemon, cases: Vec<Case>) {
    let db = open(&house.store);
    for (number, (name, body, _)) in (0..).zip(&cases) {
        assert_eq!(send(house, &good(2 * number)).await, 204);
        assert_eq!(send(house, body).await, 204, "{name}");
        assert_eq!(send(house, &good(2 * number + 1)).await, 204);
    }
    settle(house, daemon).await;
    let parked = parked(&db);
    assert_eq!(parked.len(), 3 * cases.len());
    for ((number, (name, _, fate)), parked) in (0..).zip(&cases).zip(parked.chunks(3)) {
        let found = if parked[1] { Parked } else { Read };
        assert_eq!(found, *fate, "{name}\n{}", house.errors());
        assert_eq!(
            (parked[0], parked[2]),
            (false, false),
            "neighbours of {name}"
        );
        for good in [2 * number, 2 * number + 1] {
            assert!(has_hit(&db, GOOD + good), "{name} took a neighbour with it");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn poisonous_deliveries_are_parked_beside_good_ones() {
    let (_folder, stage, house, mut daemon) = furnished().await;
    // A page that a topic pays for: dates at both ends of time are scored as well.
    let page = format!(
        "{}/{}/model-3",
        stage.catalog.shop_url, stage.catalog.topics[1].slug
    );
    let aimed = |body: Vec<u8>| match String::from_utf8(body) {
        Ok(text) => text
            .replace(r"http:\/\/shop.example.test\/", &page)
            .into_bytes(),
        Err(other) => other.into_bytes(),
    };
    let cases = small()
        .into_iter()
        .map(|(name, body, fate)| (name, aimed(body), fate));
    each_beside_good_ones(&house, &mut daemon, cases.collect()).await;
    println!("peak {} MiB", peak(&daemon));
}

/// So much memory for a body of 32 MiB, and nothing for the next.
const MEMORY: u64 = 1800;

#[tokio::test(flavor = "multi_thread")]
async fn huge_deliveries_take_a_bounded_space() {
    let (_folder, _stage, house, mut daemon) = furnished().await;
    let db = open(&house.store);
    for (number, (name, body, fate)) in (0..).zip(huge()) {
        let began = Instant::now();
        let status = send(&house, &body).await;
        assert_eq!(send(&house, &good(number)).await, 204);
        settle(&house, &mut daemon).await;
        let expected = match fate {
            Refused(status) => status,
            Read | Parked => 204,
        };
        assert_eq!(status, expected, "{name}");
        assert!(
            has_hit(&db, GOOD + number),
            "{name} took a neighbour with it"
        );
        let (took, peak) = (began.elapsed(), peak(&daemon));
        println!("{name}: {status} in {took:?}, peak {peak} MiB");
        assert!(peak < MEMORY, "{name}: {peak} MiB");
    }
    let parked: u64 = db
        .query_row("SELECT count(*) FROM parked", [], |row| row.get(0))
        .unwrap();
    assert!((4..10_000).contains(&parked), "{parked} parked");
}

/// Every value of every recorded type of delivery in turn is something else.
#[test]
fn any_value_may_be_anything() {
    let others = [
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(""),
        json!("x"),
        json!("0"),
        json!("\u{0}"),
        json!("9".repeat(400)),
        json!([]),
        json!([[]]),
        json!([null]),
        json!({}),
        json!({"id": {}}),
        json!({"": [1]}),
    ];
    let neighbour: Value = serde_json::from_slice(&good(1)).unwrap();
    let neighbour = &neighbour["mautic.page_on_hit"][0];
    let mut mutants = 0;
    let mut told: BTreeMap<bool, u64> = BTreeMap::new();
    for kind in recordings::webhooks().unwrap() {
        if !kind.name.starts_with("mautic.") {
            continue;
        }
        let body = kind.lines[0]["body_raw"].as_str().unwrap();
        let body: Value = serde_json::from_str(body).unwrap();
        let item = &body[&kind.name][0];
        let mut places = Vec::new();
        paths(item, &mut Vec::new(), &mut places);
        for place in places {
            for other in &others {
                let mut mutant = item.clone();
                *reach(&mut mutant, &place) = other.clone();
                let body = json!({
                    &kind.name: [mutant], "mautic.page_on_hit ": [],
                    "mautic.form_on_submit": [], "x": null,
                });
                let mut text = body.to_string();
                text.pop();
                text += r#","mautic.page_on_hit":["#;
                text += &neighbour.to_string();
                text += "]}";
                let decoded = decode::body(text.as_bytes());
                let hit = |told: &topicscore::domain::Sighting| {
                    serde_json::to_string(&told.fact)
                        .unwrap()
                        .contains(&format!("hit:{}", GOOD + 1))
                };
                assert!(
                    decoded.sightings.iter().any(hit),
                    "{} {place:?} {other}",
                    kind.name
                );
                // Beside the two types that nobody knows.
                *told.entry(decoded.unreadable.len() > 2).or_default() += 1;
                mutants += 1;
            }
        }
    }
    println!("{mutants} mutants, parked or not: {told:?}");
    assert!(mutants > 10_000 && told.len() == 2, "{told:?}");
}

/// The places of a value and of all values in it; repeated ones only once, and not too deep.
fn paths(value: &Value, here: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    found.push(here.clone());
    if here.len() > 4 {
        return;
    }
    let children: Vec<(String, &Value)> = match value {
        Value::Object(entries) => entries
            .iter()
            .map(|(key, value)| (key.clone(), value))
            .collect(),
        Value::Array(values) => values
            .iter()
            .take(1)
            .map(|value| ("0".to_owned(), value))
            .collect(),
        _ => Vec::new(),
    };
    for (key, value) in children {
        here.push(key);
        paths(value, here, found);
        here.pop();
    }
}

fn reach<'v>(value: &'v mut Value, path: &[String]) -> &'v mut Value {
    path.iter().fold(value, |value, key| match value {
        Value::Array(values) => &mut values[0],
        other => &mut other[key.as_str()],
    })
}

/// Answers of `/api/stats` that are none, one after the other: told of, and polling goes on.
#[tokio::test(flavor = "multi_thread")]
async fn poisonous_answers_do_not_stop_the_polls() {
    let (_folder, stage, house, mut daemon) = furnished().await;
    let db = open(&house.store);
    let row = |id: &str, more: &str| format!(r#"{{"total":"1","stats":[{{"id":{id}{more}}}]}}"#);
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let answers = [
        String::new(),
        "null".into(),
        "[]".into(),
        r#"{"stats":"x"}"#.into(),
        r#"{"stats":[1,null]}"#.into(),
        r#"{"stats":{"1":{}}}"#.into(),
        deep.clone(),
        format!(r#"{{"stats":[{{"id":{deep}}}]}}"#),
        row(r#""0""#, ""),
        row(r#""-1""#, ""),
        row(r#""18446744073709551616""#, ""),
        row("9223372036854775808", ""),
        row(
            r#""9223372036854775808""#,
            r#","lead_id":"1","delta":"1","date_added":"2026-11-21 20:00:00","type":"API","event_name":"","action_name":"""#,
        ),
        row(
            r#""8""#,
            r#","lead_id":"x","date_hit":"0000-00-00","date_added":"99999-01-01 00:00:00""#,
        ),
        row("null", r#","lead_id":null"#),
        "<html>".into(),
        "\u{0}".into(),
        r#"{"stats":[{"id":"9","id":"\ud800"}]}"#.into(),
    ];
    let count = answers.len() as u64;
    for body in answers {
        let fault = Fault::Answer {
            status: 200,
            headers: [("content-type".to_owned(), "application/json".to_owned())].into(),
            body,
        };
        // One after the other, to whichever table is asked for.
        let rule = Rule::new("/api/stats/*", fault).times(1);
        stage.mautic.0.inject(rule).await;
    }
    let until = Instant::now() + 3 * REST;
    let answered = || {
        let rules = stage.mautic.0.faults().rules();
        rules.iter().map(|(_, times)| times.min(&1)).sum::<u64>()
    };
    while answered() < count {
        daemon.must_live();
        let said = house.errors();
        assert!(Instant::now() < until, "{} polled\n{said}", answered());
        sleep(Duration::from_millis(20)).await;
    }
    stage.mautic.0.faults().clear();
    // A contact that only a poll can tell of.
    let id = contact(&stage, "after.the.poison@example.test").await;
    let until = Instant::now() + REST;
    let mut statement = db.prepare("SELECT 1 FROM contact WHERE id = ?1").unwrap();
    while !statement.exists([id]).unwrap() {
        daemon.must_live();
        assert!(Instant::now() < until, "never polled\n{}", house.errors());
        sleep(Duration::from_millis(100)).await;
    }
    house.wait_until_ready_says(200).await;
}
