//! The power goes. Everything the daemon does to its files is written down, and for many moments
//! the files are built anew as a disk may hold them then: all that was synced, and of what was
//! written later any part. Each time the store opens, is sound, and holds every delivery that was
//! acknowledged by then.
//!
//! `CRASHES` sets how many moments are tried (300), `CRASH_SEED` which.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests may fail loudly"
)]

mod disk;
mod log;
mod run;
#[path = "../support/mod.rs"]
mod support;

use disk::Disk;
use log::{Kind, Record};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;
use support::setting;
use topicscore::store::sqlite::SqliteStore;

/// Deliveries in the journal, by hit: whether they are decoded, and whether the activity is there.
type Found = std::collections::BTreeMap<u64, (bool, bool)>;

fn found_in(store: &Path) -> Found {
    let db = rusqlite::Connection::open(store).unwrap();
    let mut statement = db
        .prepare("SELECT size, body, decoded FROM delivery")
        .unwrap();
    let mut known = db
        .prepare("SELECT EXISTS (SELECT 1 FROM activity WHERE key = ?1)")
        .unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    let mut found = Found::new();
    for row in rows.unwrap() {
        let (size, packed, decoded): (usize, Vec<u8>, bool) = row.unwrap();
        let body = zstd::bulk::decompress(&packed, size).unwrap();
        let hit = run::hit_of(&body);
        let key = topicscore::domain::ActivityKey::hit(hit).0;
        let told = known.query_row([key], |row| row.get(0)).unwrap();
        found.insert(hit, (decoded, told));
    }
    found
}

fn soundness(store: &Path) -> String {
    let db = rusqlite::Connection::open(store).unwrap();
    db.query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap()
}

/// What is wrong after power was lost at a moment, if anything.
fn wrong(disk: &Disk, random: &mut StdRng, acknowledged: &BTreeSet<u64>) -> Option<String> {
    let folder = tempfile::tempdir_in(run::memory()).unwrap();
    disk.after_power_loss(folder.path(), random);
    let store = folder.path().join(run::STORE);
    if !store.exists() && acknowledged.is_empty() {
        return None;
    }
    match SqliteStore::open(&store) {
        Ok(store) => drop(store),
        Err(error) => return Some(format!("it does not open: {error}")),
    }
    let sound = soundness(&store);
    if sound != "ok" {
        return Some(format!("it is not sound: {sound}"));
    }
    let found = found_in(&store);
    let lost: Vec<_> = acknowledged
        .iter()
        .filter(|hit| !found.contains_key(hit))
        .collect();
    if !lost.is_empty() {
        return Some(format!("acknowledged and lost: {lost:?}"));
    }
    let torn: Vec<_> = found
        .iter()
        .filter(|(_, (decoded, told))| decoded != told)
        .collect();
    (!torn.is_empty()).then(|| format!("decoded without facts, or facts without it: {torn:?}"))
}

/// The moments that are tried: spread over the whole run, and right after acknowledgements, where
/// most is at stake.
fn moments(log: &[Record], wanted: usize, random: &mut StdRng) -> BTreeSet<usize> {
    let acknowledgements: Vec<usize> = log
        .iter()
        .enumerate()
        .filter(|(_, record)| record.kind == Kind::Acknowledged)
        .map(|(place, _)| place + 1)
        .collect();
    let mut moments = BTreeSet::from([log.len()]);
    while moments.len() < wanted.min(log.len()) {
        let place = if random.random_bool(0.5) {
            acknowledgements[random.random_range(0..acknowledgements.len())]
        } else {
            random.random_range(1..log.len())
        };
        moments.insert(place);
    }
    moments
}

#[tokio::test(flavor = "multi_thread")]
async fn no_loss_of_power_takes_what_was_acknowledged() {
    let (crashes, seed) = (setting("CRASHES", 300), setting("CRASH_SEED", 1));
    let began = Instant::now();
    let log = run::recorded().await;
    println!("{} records after {:?}", log.len(), began.elapsed());
    let mut random = StdRng::seed_from_u64(seed);
    let moments = moments(&log, usize::try_from(crashes).unwrap(), &mut random);
    let (mut disk, mut acknowledged, mut failures) = (Disk::default(), BTreeSet::new(), Vec::new());
    for (place, record) in log.iter().enumerate() {
        match record.kind {
            Kind::Acknowledged => drop(acknowledged.insert(record.offset)),
            _ => disk.take(place, record),
        }
        if moments.contains(&(place + 1))
            && let Some(what) = wrong(&disk, &mut random, &acknowledged)
        {
            failures.push(format!("after {} records: {what}", place + 1));
        }
    }
    let syncs = log.iter().filter(|record| record.kind == Kind::Synced);
    println!(
        "{} moments tried with {} syncs, {} deliveries acknowledged, {} failures, after {:?}",
        moments.len(),
        syncs.count(),
        acknowledged.len(),
        failures.len(),
        began.elapsed()
    );
    failures.truncate(5);
    assert_eq!(failures, [""; 0]);
}
