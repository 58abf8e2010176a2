//! The daemon is killed in the middle of its work, again and again: nothing that it acknowledged
//! is lost, nothing is added twice, and scores, main points and segments come out as if nothing had
//! happened. Visitors become known, merge, and are deleted meanwhile.
//!
//! `KILLS` sets how often (50), `KILL_SEED` when and what the visitors do.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests may fail loudly"
)]

mod support;

use mautic_fixtures::Options;
use mautic_fixtures::simulator::{ActivityKind, Pace, play};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use rusqlite::Connection;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;
use support::{Daemon, House, REST, compare, hooked, left, lost, open, setting};
use tokio::time::{Instant, sleep};
use topicscore::demo::{Crowd, Stage, Story, crowd_of};
use topicscore::store::OUR_MARK;

/// Longest life of a daemon before it is killed; the shortest is none at all.
const LIFE: std::ops::Range<u64> = 0..1_300;
/// Time visitors' lives are spread over, per kill.
const PLAY_PER_KILL: Duration = Duration::from_millis(600);
/// A contact is made and deleted so often: each has points to be written when it goes.
const PASSERS_BY: Duration = Duration::from_millis(700);
/// How long they stay.
const STAY: std::ops::Range<u64> = 0..600;

const FORGOTTEN: &str = "SELECT count(*) FROM delivery WHERE body IS NULL AND decoded = 1";

/// What each form gives in main points.
const FORM: i64 = 3;
/// Main points are added and taken, never set: a call that counted twice would show.
const MAIN_POINTS: &str = r#"
[[topic]]
key = "all"
main_points = "write"
ceiling = "none"

[[point_action]]
name = "any form"
topic = "all"
kind = "form.submit"
points = 3
repeat = "always"
"#;

/// Main points by contact, from what visitors did.
fn main_points(story: &Story) -> BTreeMap<u64, i64> {
    let mut points = BTreeMap::new();
    for activity in story
        .played
        .iter()
        .flat_map(|(_, played)| &played.activities)
    {
        if let (ActivityKind::FormSubmit, Some(contact)) = (activity.kind, activity.contact) {
            let contact = story.became.get(&contact).unwrap_or(&contact);
            *points.entry(*contact).or_default() += FORM;
        }
    }
    points
}

/// Where Mautic differs from what visitors did.
async fn differences(stage: &Stage, story: &mut Story) -> Vec<String> {
    let mut found: Vec<_> = compare(stage, story)
        .await
        .iter()
        .map(|difference| format!("{difference:?}"))
        .collect();
    let expected = main_points(story);
    let contacts = stage.mautic.0.with_state(|state| {
        let contacts = state.contacts.values();
        contacts
            .map(|contact| (contact.id, contact.points))
            .collect::<Vec<_>>()
    });
    for (contact, has) in contacts.await {
        let should = expected.get(&contact).copied().unwrap_or(0);
        if has != should {
            found.push(format!(
                "contact {contact}: main points {has}, not {should}"
            ));
        }
    }
    found
}

/// Markers of additions that Mautic logged more than once.
async fn doubled(stage: &Stage) -> Vec<String> {
    let markers = stage.mautic.0.with_state(|state| {
        let rows = state.points_log.iter().map(|(_, row)| row);
        let main = rows.filter(|row| row.group.is_none());
        main.map(|row| row.action_name.clone())
            .filter(|name| name.starts_with(OUR_MARK))
            .collect::<Vec<_>>()
    });
    let markers = markers.await;
    println!("{} additions to main points", markers.len());
    assert!(!markers.is_empty());
    let mut seen = BTreeSet::new();
    let again = markers
        .into_iter()
        .filter(|name| !seen.insert(name.clone()));
    again.collect()
}

/// Contacts who come, get points for their address, and are deleted. Returns their ids.
async fn passers_by(stage: &Stage, seed: u64, over: &AtomicBool) -> BTreeSet<u64> {
    let (access, base) = (&stage.catalog.access, stage.mautic.0.base_url());
    let http = reqwest::Client::new();
    let mut random = StdRng::seed_from_u64(seed ^ 0xdead);
    let mut gone = BTreeSet::new();
    for number in 0.. {
        if over.load(Relaxed) {
            break;
        }
        let contact = serde_json::json!({"email": format!("passer.by.{number}@example.test")});
        let made = http
            .post(format!("{base}/api/contacts/new"))
            .basic_auth(&access.user, Some(&access.password))
            .json(&contact);
        let made: Value = made.send().await.unwrap().json().await.unwrap();
        let id = made["contact"]["id"].as_u64().unwrap();
        sleep(Duration::from_millis(random.random_range(STAY))).await;
        let delete = http
            .delete(format!("{base}/api/contacts/{id}/delete"))
            .basic_auth(&access.user, Some(&access.password));
        delete.send().await.unwrap().error_for_status().unwrap();
        gone.insert(id);
        sleep(PASSERS_BY).await;
    }
    gone
}

/// Deleted contacts of whom the store still knows something, and Mautic's word of whose end was
/// acknowledged.
fn undead(gone: &BTreeSet<u64>, acknowledged: &[String], db: &Connection) -> Vec<u64> {
    let told = |id: &u64| {
        let word = format!("\"mautic.lead_post_delete\":[{{\"id\":{id},");
        acknowledged.iter().any(|body| body.contains(&word))
    };
    let told: Vec<u64> = gone.iter().copied().filter(told).collect();
    println!("{} contacts deleted, {} times told", gone.len(), told.len());
    assert!(!told.is_empty());
    let is_known = |id: &u64| {
        ["contact", "activity", "score", "target", "dirty"]
            .iter()
            .any(|table| {
                let column = if *table == "contact" { "id" } else { "contact" };
                let query = format!("SELECT EXISTS (SELECT 1 FROM {table} WHERE {column} = ?1)");
                db.query_row(&query, [id], |row| row.get(0)).unwrap()
            })
    };
    told.into_iter().filter(is_known).collect()
}

async fn come_to_rest(stage: &Stage, story: &mut Story, house: &House) {
    let (until, db) = (Instant::now() + REST, open(&house.store));
    loop {
        let (left, found) = (left(&db), differences(stage, story).await);
        if left == (0, 0, 0) && found.is_empty() {
            return;
        }
        let said = house.errors();
        assert!(
            Instant::now() < until,
            "no rest: left {left:?}, different {found:#?}\n{said}"
        );
        sleep(Duration::from_millis(200)).await;
    }
}

async fn kill_again_and_again(daemon: &mut Daemon, house: &House, kills: u64, seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    for _ in 0..kills {
        sleep(Duration::from_millis(random.random_range(LIFE))).await;
        daemon.kill();
        *daemon = house.start();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_again_and_again_nothing_is_lost() {
    let (kills, seed) = (setting("KILLS", 50), setting("KILL_SEED", 1));
    let folder = tempfile::tempdir().unwrap();
    let house = House::new(folder.path());
    let stage = Stage::set(Options {
        seed,
        keep_acknowledged: true,
        ..Options::default()
    })
    .await
    .unwrap();
    house.furnish(&stage, &(stage.plan() + MAIN_POINTS));
    let mut daemon = house.start();
    hooked(&stage, &house).await;

    let crowd = Crowd {
        seed,
        visitors: usize::try_from(kills / 2).unwrap().max(8),
        activities: 12,
        merges: true,
    };
    let script = crowd_of(crowd);
    let span = script.steps.last().unwrap().at;
    let wanted = PLAY_PER_KILL * u32::try_from(kills).unwrap();
    let pace = Pace::Times(span.as_secs_f64() / wanted.as_secs_f64());
    let base_url = stage.mautic.0.base_url();
    let (began, over) = (Instant::now(), AtomicBool::new(false));
    let visits = play(&script, &base_url, &stage.catalog, pace, |done, all| {
        if done % (all / 20).max(1) == 0 {
            println!("{done} of {all} visits after {:?}", began.elapsed());
        }
    });
    let (played, (), gone) = tokio::join!(
        visits,
        async {
            kill_again_and_again(&mut daemon, &house, kills, seed).await;
            println!("{kills} times killed after {:?}", began.elapsed());
            over.store(true, Relaxed);
        },
        passers_by(&stage, seed, &over),
    );
    let mut story = Story::default();
    story.played.push((script, played.unwrap()));
    come_to_rest(&stage, &mut story, &house).await;
    daemon.kill();

    let acknowledged = stage.mautic.0.acknowledged().await;
    let sent = stage.mautic.0.deliveries_sent().await;
    println!(
        "{} of {sent} deliveries acknowledged, {} contacts merged, at rest after {:?}",
        acknowledged.len(),
        story.became.len(),
        began.elapsed()
    );
    let db = open(&house.store);
    // With the deleted go raw bodies that may speak of them; what they told is in the journal.
    let missing = lost(&acknowledged, &db);
    let forgotten: usize = db.query_row(FORGOTTEN, [], |row| row.get(0)).unwrap();
    println!("{} bodies missing, {forgotten} forgotten", missing.len());
    assert!(missing.len() <= forgotten, "{missing:#?}");
    assert!(acknowledged.len() > forgotten);
    assert!(
        kills == 0 || (acknowledged.len() as u64) < sent,
        "no delivery met a dead daemon: the kills did not hit the load"
    );
    assert!(!story.became.is_empty(), "nobody merged");
    assert_eq!(doubled(&stage).await, [""; 0]);
    assert_eq!(undead(&gone, &acknowledged, &db), [0; 0]);
    assert_eq!(differences(&stage, &mut story).await, [""; 0]);
}
