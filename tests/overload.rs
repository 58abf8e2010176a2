//! Mautic does not answer while activities pour in: the daemon goes on taking them, in bounded
//! memory; when Mautic is back, each value is written once, within the request budget.
//!
//! `DELIVERIES` sets how many come meanwhile (2000).
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests may fail loudly"
)]

mod support;

use futures::StreamExt;
use mautic_fixtures::Options;
use mautic_fixtures::faults::{Fault, Rule};
use rusqlite::Connection;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::Duration;
use support::{Daemon, House, PageHits, REST, deliver, hook_of_tests, left, open, setting};
use tokio::time::{Instant, sleep};
use topicscore::demo::Stage;

/// Deliveries of each contact.
const EACH: u64 = 60;
const FEWEST: u64 = 40;
/// Time for all to be written after the outage.
const RECOVERY: Duration = Duration::from_mins(10);
const SENDERS: usize = 8;
/// Points for a hit, and the most there can be.
const HIT: u64 = 2;
const CEILING: u64 = 100;
/// Requests per second, and at once, that the daemon may make.
const RATE: u64 = 50;
const BURST: u64 = 50;
/// What memory may grow by between the first tenth of the deliveries and the last, in KiB: caches
/// of the store fill up, 64 MiB for the writer and 16 for each of four readers.
const GROWTH: u64 = 160 * 1024;

/// Memory of a process, in KiB.
fn memory(daemon: &Daemon) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", daemon.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let number = line.unwrap().split_whitespace().nth(1);
    number.unwrap().parse().unwrap()
}

async fn make_contacts(stage: &Stage, wanted: u64) -> Vec<u64> {
    let (access, base) = (&stage.catalog.access, stage.mautic.0.base_url());
    let http = reqwest::Client::new();
    let mut contacts = Vec::new();
    for number in 0..wanted {
        let contact = serde_json::json!({"email": format!("visitor.{number}@example.test")});
        let made = http
            .post(format!("{base}/api/contacts/new"))
            .basic_auth(&access.user, Some(&access.password))
            .json(&contact);
        let made: serde_json::Value = made.send().await.unwrap().json().await.unwrap();
        contacts.push(made["contact"]["id"].as_u64().unwrap());
    }
    contacts
}

async fn come_to_rest(house: &House, daemon: &mut Daemon) {
    let (until, db) = (Instant::now() + REST, open(&house.store));
    while left(&db) != (0, 0, 0) {
        daemon.must_live();
        let said = house.errors();
        assert!(Instant::now() < until, "left {:?}\n{said}", left(&db));
        sleep(Duration::from_millis(100)).await;
    }
}

/// Waits until nothing is left to do but writes, and those who write know the last values: who
/// claimed a contact before carries an older one.
async fn all_scored(house: &House) {
    let (until, db) = (Instant::now() + RECOVERY, open(&house.store));
    while let (undecoded, unscored, _) = left(&db)
        && undecoded + unscored > 0
    {
        assert!(Instant::now() < until, "left {:?}", left(&db));
        sleep(Duration::from_millis(100)).await;
    }
    let mut older = leases(&db);
    while !older.is_empty() {
        assert!(Instant::now() < until, "still claimed: {older:?}");
        sleep(Duration::from_millis(20)).await;
        let now = leases(&db);
        older.retain(|lease| now.contains(lease));
    }
}

/// Claims of contacts, by when they began.
fn leases(db: &Connection) -> BTreeSet<(u64, i64)> {
    let mut statement = db
        .prepare("SELECT contact, since FROM intent_lease")
        .unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    rows.unwrap().map(Result::unwrap).collect()
}

/// Delivers hits of all contacts in turn; returns the memory after a tenth of them.
async fn pour(house: &House, daemon: &Daemon, stage: &Stage, contacts: &[u64], all: u64) -> u64 {
    let page = format!(
        "{}/{}/model-3",
        stage.catalog.shop_url, stage.catalog.topics[1].slug
    );
    let (http, hits) = (reqwest::Client::new(), PageHits::recorded().of(&page));
    let some = |range: std::ops::Range<u64>| {
        let (http, hits) = (&http, &hits);
        let deliveries = range.map(move |hit| async move {
            let contact = contacts[usize::try_from(hit).unwrap() % contacts.len()];
            // Far above the ids that Mautic gives meanwhile.
            let body = hits.delivery(1_000_000 + hit, contact);
            assert_eq!(deliver(http, house, &body).await, Some(204));
        });
        futures::stream::iter(deliveries)
            .buffer_unordered(SENDERS)
            .collect::<Vec<()>>()
    };
    some(0..all / 10).await;
    let early = memory(daemon);
    some(all / 10..all).await;
    early
}

/// Successful writes by contact and target.
fn writes(house: &House) -> BTreeMap<(u64, u8, u64), u64> {
    let db = open(&house.store);
    let mut statement = db
        .prepare(
            "SELECT contact, kind, target, count(*) FROM write_log
            WHERE status BETWEEN 200 AND 299 GROUP BY 1, 2, 3",
        )
        .unwrap();
    let rows = statement.query_map([], |row| {
        Ok(((row.get(0)?, row.get(1)?, row.get(2)?), row.get(3)?))
    });
    rows.unwrap().map(Result::unwrap).collect()
}

/// What was written to a target, and what was answered.
fn told(house: &House, (contact, kind, target): (u64, u8, u64)) -> String {
    let db = open(&house.store);
    let mut statement = db
        .prepare(
            "SELECT at, request, status, substr(answer, 1, 200) FROM write_log
            WHERE (contact, kind, target) = (?1, ?2, ?3) ORDER BY rowid",
        )
        .unwrap();
    let rows = statement.query_map((contact, kind, target), |row| {
        let (at, request): (i64, String) = (row.get(0)?, row.get(1)?);
        let (status, answer): (Option<u16>, String) = (row.get(2)?, row.get(3)?);
        Ok(format!("{at} {request}: {status:?} {answer}"))
    });
    let lines: Vec<_> = rows.unwrap().map(Result::unwrap).collect();
    lines.join("\n")
}

/// Requests that came to Mautic since the faults were set.
fn requests(stage: &Stage) -> u64 {
    stage.mautic.0.faults().rules().iter().map(|(_, n)| n).sum()
}

/// Looks twice a second until the daemon rests: in no time were there more requests than allowed.
async fn recover_within_the_budget(stage: &Stage, house: &House) {
    stage
        .mautic
        .0
        .inject(Rule::new("/api/*", Fault::Delay(1)))
        .await;
    let (began, mut most) = (Instant::now(), 0.0_f64);
    let db = open(&house.store);
    while left(&db) != (0, 0, 0) {
        assert!(
            began.elapsed() < RECOVERY,
            "{:?}\n{}",
            left(&db),
            house.errors()
        );
        sleep(Duration::from_millis(500)).await;
        let (made, took) = (requests(stage), began.elapsed().as_secs_f64());
        #[allow(clippy::cast_precision_loss, reason = "small numbers")]
        let (made, allowed) = (made as f64, BURST as f64 + RATE as f64 * took);
        assert!(made <= allowed + 1.0, "{made} requests after {took} s");
        most = most.max(made / allowed);
    }
    println!(
        "recovered in {:?}, at most {most:.2} of the budget",
        began.elapsed()
    );
}

async fn overloaded(fault: Fault) {
    let all = setting("DELIVERIES", 2_000);
    let folder = tempfile::tempdir().unwrap();
    let house = House::new(folder.path());
    let stage = Stage::set(Options::default()).await.unwrap();
    let contacts = make_contacts(&stage, (all / EACH).max(FEWEST)).await;
    let people = contacts.len() as u64;
    let mautic = stage.mautic.0.base_url();
    house.furnish_with(&mautic, &stage.plan(), &hook_of_tests());
    house.change(
        "requests_per_second = 500",
        &format!("requests_per_second = {RATE}"),
    );
    house.change("burst = 500", &format!("burst = {BURST}"));
    let mut daemon = house.start();
    house.wait_until_ready_says(200).await;
    come_to_rest(&house, &mut daemon).await;

    stage.mautic.0.inject(Rule::new("/api/*", fault)).await;
    let began = Instant::now();
    let early = pour(&house, &daemon, &stage, &contacts, all).await;
    let late = memory(&daemon);
    all_scored(&house).await;
    let before = writes(&house);
    println!(
        "{all} deliveries in {:?}, {} requests to a Mautic that fails; memory {early} KiB, then {late} KiB",
        began.elapsed(),
        requests(&stage)
    );
    assert!(
        late < early + GROWTH,
        "memory: {early} KiB, then {late} KiB"
    );

    stage.mautic.0.faults().clear();
    recover_within_the_budget(&stage, &house).await;
    come_to_rest(&house, &mut daemon).await;
    let score = (all / people * HIT).min(CEILING);
    let topic = &stage.catalog.topics[1];
    for contact in &contacts {
        let scores = stage.mautic.0.group_scores(*contact).await;
        assert_eq!(
            scores.get(&topic.group),
            Some(&i64::try_from(score).unwrap())
        );
    }
    let (after, mut written) = (writes(&house), 0);
    for (target, times) in after {
        let since = times - before.get(&target).copied().unwrap_or(0);
        assert!(
            since <= 1,
            "{target:?} was written {since} times:\n{}",
            told(&house, target)
        );
        written += since;
    }
    println!("{written} values written, each once");
    assert!(written >= people * 2, "score and segment of each");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mautic_that_fails_is_outlived() {
    overloaded(Fault::Answer {
        status: 503,
        headers: [].into(),
        body: String::new(),
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mautic_that_hangs_is_outlived() {
    overloaded(Fault::Hang(None)).await;
}
