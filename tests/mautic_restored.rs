//! Mautic is restored from a backup: what people did since is lost there, and its ids are given to
//! others. The daemon notices, does nothing any more, and reads everything anew when told to.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests may fail loudly"
)]

mod support;

use mautic_fixtures::Options;
use mautic_fixtures::simulator::{Pace, play};
use rusqlite::Connection;
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Duration;
use support::{House, REST, come_to_rest, hooked, open};
use tokio::time::{Instant, sleep};
use topicscore::demo::{Crowd, Stage, Story, crowd_of};

async fn visit(stage: &Stage, story: &mut Story, seed: u64, visitors: usize, merges: bool) {
    let script = crowd_of(Crowd {
        seed,
        visitors,
        activities: 12,
        merges,
    });
    let base_url = stage.mautic.0.base_url();
    let visits = play(&script, &base_url, &stage.catalog, Pace::Full, |_, _| {});
    let played = visits.await.unwrap();
    story.played.push((script, played));
}

async fn contacts(stage: &Stage) -> BTreeSet<u64> {
    let ids =
        |state: &mautic_fixtures::state::State| state.contacts.values().map(|it| it.id).collect();
    stage.mautic.0.with_state(ids).await
}

/// Runs a command of the program; what it printed.
fn command(house: &House, words: &[&str]) -> Value {
    let done = house.command(words).arg("--json").output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{words:?}: {said}");
    serde_json::from_slice(&done.stdout).unwrap()
}

fn give_points(house: &House, contact: u64, topic: &str) {
    let contact = contact.to_string();
    let points = ["--topic", topic, "--points", "50"];
    let why = ["--reason", "met at the fair", "--author", "ann"];
    let words = [&["adjust", &contact][..], &points, &why].concat();
    command(house, &words);
}

fn count(db: &Connection, what: &str) -> u64 {
    db.query_row(&format!("SELECT count(*) FROM {what}"), [], |row| {
        row.get(0)
    })
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_mautic_is_noticed_and_read_anew() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::new(folder.path());
    let stage = Stage::set(Options::default()).await.unwrap();
    house.furnish(&stage, &stage.plan());
    let mut daemon = house.start();
    hooked(&stage, &house).await;
    let mut story = Story::default();
    visit(&stage, &mut story, 1, 4, true).await;
    come_to_rest(&stage, &mut story, &house).await;
    let (backup, mut remembered) = (stage.mautic.0.with_state(Clone::clone).await, story.clone());
    let before = contacts(&stage).await;

    visit(&stage, &mut story, 2, 4, true).await;
    come_to_rest(&stage, &mut story, &house).await;
    let lost: BTreeSet<u64> = &contacts(&stage).await - &before;
    for contact in &lost {
        give_points(&house, *contact, &stage.catalog.topics[0].slug);
    }

    stage.mautic.0.put_back(backup).await;
    // More than what was lost, so that ids are given anew. No merges: those told before it is noticed hand
    // on what was kept of the lost, which is not promised.
    visit(&stage, &mut remembered, 3, 8, false).await;
    let others = !lost.is_disjoint(&contacts(&stage).await);
    assert!(others, "nobody got an id that was lost");
    let said = house.wait_until_ready_says(503).await.to_string();
    assert!(said.contains("Mautic was restored from a backup"), "{said}");
    assert!(said.contains("topicscore reread"), "{said}");
    assert!(command(&house, &["status"])["went_back"].is_object());
    // Not by starting it again.
    daemon.kill();
    daemon = house.start();
    let said = house.wait_until_ready_says(503).await.to_string();
    assert!(said.contains("Mautic was restored from a backup"), "{said}");
    let refused = house.command(&["reread", "--yes"]).output().unwrap();
    assert!(!refused.status.success(), "while a daemon is at work");
    daemon.kill();

    let done = command(&house, &["reread", "--yes"]);
    assert!(done["forgotten"]["activities"].as_u64() > Some(0), "{done}");
    let db = open(&house.store);
    assert_eq!(count(&db, "activity"), 0);
    println!("{} points by hand of lost people", count(&db, "adjustment"));
    let mut daemon = house.start();
    come_to_rest(&stage, &mut remembered, &house).await;
    house.wait_until_ready_says(200).await;
    let until = Instant::now() + REST;
    while count(&db, "adjustment") > 0 {
        assert!(Instant::now() < until, "points of people who are lost");
        sleep(Duration::from_millis(100)).await;
    }
    daemon.kill();
}
