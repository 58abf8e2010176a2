//! The contract, and what is SQLite's own: one fsync for many, crashes, formats, strangers.
#![allow(clippy::unwrap_used, reason = "tests may fail loudly")]

use super::SqliteStore;
use crate::domain::{
    Activity, ActivityKey, ActivityKind, ContactId, DesiredValue, Fact, GroupId, Sighting, Source,
    Target, Urgency,
};
use crate::store::{
    Batch, Deliveries, NewDelivery, Origin, Owner, RawDelivery, Result, ScoreCommit, Settings,
    SharedStore, StoreError,
    contract::{cases, store_contract},
};
use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use std::{
    collections::{BTreeSet, HashSet},
    sync::Arc,
    time::Instant,
};
use tempfile::TempDir;

async fn open() -> (SharedStore, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path().join("store.db")).unwrap();
    (Arc::new(store), dir)
}

store_contract!(open);
cases! { open; outbox: leases_of_the_dead_end }

fn open_in(dir: &TempDir) -> SqliteStore {
    SqliteStore::open(dir.path().join("store.db")).unwrap()
}

fn delivery(body: &str) -> NewDelivery {
    NewDelivery {
        received_at: Timestamp::UNIX_EPOCH,
        body: body.into(),
    }
}

async fn bodies(store: &SqliteStore) -> BTreeSet<String> {
    let (owner, now) = (Owner("a".into()), Timestamp::UNIX_EPOCH);
    let claimed = store
        .claim_deliveries(&owner, 10_000, usize::MAX, now, now)
        .await
        .unwrap();
    let body = |raw: RawDelivery| String::from_utf8(raw.body).unwrap();
    claimed.into_iter().map(body).collect()
}

#[tokio::test]
async fn many_deliveries_share_one_fsync() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_in(&dir);
    let before = store.commits();
    let appends = (0..500).map(|n| {
        let store = &store;
        async move {
            store
                .append_delivery(delivery(&n.to_string()))
                .await
                .unwrap()
        }
    });
    let ids = futures::future::join_all(appends).await;
    assert_eq!(ids.into_iter().collect::<HashSet<_>>().len(), 500);
    assert_eq!(bodies(&store).await.len(), 500);
    let commits = store.commits() - before;
    assert!(commits <= 50, "{commits} commits for 500 deliveries");
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_crash() {
    let (dir, later) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = open_in(&dir);
    for n in 0..20 {
        store
            .append_delivery(delivery(&n.to_string()))
            .await
            .unwrap();
    }
    // The files as they lie there while the store is open: what a killed process leaves behind.
    for file in std::fs::read_dir(dir.path()).unwrap() {
        let file = file.unwrap();
        if file.file_name() != "store.db-shm" {
            std::fs::copy(file.path(), later.path().join(file.file_name())).unwrap();
        }
    }
    let reopened = open_in(&later);
    assert_eq!(bodies(&reopened).await, bodies(&store).await);
    assert_eq!(bodies(&reopened).await.len(), 20);
}

#[tokio::test]
async fn one_failing_piece_of_work_takes_nothing_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_in(&dir);
    let failing = store.write(|db| -> Result<()> {
        db.execute("INSERT INTO setting VALUES ('half', 'done')", [])?;
        Err(StoreError::Corrupt("on purpose".into()))
    });
    let panicking = store.write(|db| -> Result<()> {
        db.execute("INSERT INTO setting VALUES ('half', 'done')", [])?;
        panic!("on purpose")
    });
    let (failed, good, panicked) =
        futures::join!(failing, store.put_setting("whole", "done"), panicking);
    let failed = failed.unwrap_err().to_string();
    assert!(failed.contains("store.db: on purpose"), "{failed}");
    good.unwrap();
    let panicked = panicked.unwrap_err().to_string();
    assert!(panicked.contains("taken back"), "{panicked}");
    assert_eq!(store.setting("half").await.unwrap(), None);
    assert_eq!(store.setting("whole").await.unwrap().unwrap(), "done");
}

#[tokio::test]
async fn a_panicking_question_costs_no_connection() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_in(&dir);
    for _ in 0..10 {
        let answer = store.read(|_| -> Result<()> { panic!("on purpose") }).await;
        assert!(matches!(answer, Err(StoreError::Database(_))));
    }
    assert_eq!(store.setting("x").await.unwrap(), None);
}

#[tokio::test]
async fn questions_can_not_write() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_in(&dir);
    let answer = store
        .read(|db| Ok(db.execute("DELETE FROM setting", [])?))
        .await;
    assert!(answer.unwrap_err().to_string().contains("readonly"));
}

#[tokio::test]
async fn a_closed_store_says_so_and_keeps_everything() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_in(&dir);
    let late = store.append_delivery(delivery("late"));
    late.await.unwrap();
    store.close().await;
    let append = store.append_delivery(delivery("too late")).await;
    assert!(matches!(append, Err(StoreError::Closed)));
    assert!(matches!(store.setting("x").await, Err(StoreError::Closed)));
    assert!(
        !dir.path().join("store.db-wal").exists(),
        "folded into the file"
    );
    assert_eq!(bodies(&open_in(&dir)).await.len(), 1);
}

#[tokio::test]
async fn a_newer_format_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let newer = "INSERT INTO refinery_schema_history
        SELECT 99, 'newer', applied_on, checksum FROM refinery_schema_history LIMIT 1";
    let store = open_in(&dir);
    store
        .write(move |db| Ok(db.execute(newer, [])?))
        .await
        .unwrap();
    store.close().await;
    let refused = SqliteStore::open(store.path()).unwrap_err();
    assert!(
        matches!(refused, StoreError::TooNew { found: 99, .. }),
        "{refused}"
    );
}

#[test]
fn other_files_are_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let other = dir.path().join("other.db");
    let connection = rusqlite::Connection::open(&other).unwrap();
    connection.execute_batch("CREATE TABLE theirs (a)").unwrap();
    let refused = SqliteStore::open(&other).unwrap_err().to_string();
    assert!(
        refused.contains("other.db: ") && refused.contains("another program"),
        "{refused}"
    );

    let text = dir.path().join("plan.toml");
    std::fs::write(&text, "no database ".repeat(999)).unwrap();
    let refused = SqliteStore::open(&text).unwrap_err();
    assert!(matches!(refused, StoreError::Damaged(_)), "{refused}");

    let nowhere = SqliteStore::open(dir.path().join("no/such/store.db")).unwrap_err();
    assert!(
        matches!(&nowhere, StoreError::Database(text) if text.contains("no/such")),
        "{nowhere}"
    );
}

#[tokio::test]
async fn damage_is_told_as_such() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_in(&dir);
    store.append_delivery(delivery("body")).await.unwrap();
    store
        .write(|db| Ok(db.execute("UPDATE delivery SET body = x'00'", [])?))
        .await
        .unwrap();
    let (owner, now) = (Owner("a".into()), Timestamp::UNIX_EPOCH);
    let claimed = store
        .claim_deliveries(&owner, 9, usize::MAX, now, now)
        .await
        .unwrap_err();
    assert!(matches!(claimed, StoreError::Corrupt(_)), "{claimed}");
}

#[tokio::test]
#[ignore = "prints times for people; run it with --ignored --nocapture"]
async fn how_long_things_take() {
    let dir = tempfile::tempdir().unwrap();
    let store: SharedStore = Arc::new(open_in(&dir));
    let facts = |from: u64| {
        let sighting = move |n: u64| Sighting {
            source: Source::Webhook,
            fact: Fact::Activity(Activity {
                key: ActivityKey::hit(n),
                contact: ContactId(u32::try_from(n % 500).unwrap() + 1),
                at: Timestamp::from_second(
                    1_700_000_000 + i64::try_from(n * 7919 % 100_000).unwrap(),
                )
                .unwrap(),
                kind: ActivityKind::PageHit,
                object: Some(5),
                url: Some(format!("https://shop.example.test/ofen/{n}")),
                attributes: [("code".to_owned(), "200".to_owned())].into(),
            }),
        };
        Batch {
            origin: Origin::Lookup,
            sightings: (from..from + 5_000).map(sighting).collect(),
            parked: Vec::new(),
            received_at: Timestamp::UNIX_EPOCH,
            urgency: Urgency::Bulk,
            asked: None,
        }
    };
    for from in [0, 5_000, 5_000, 10_000] {
        let begun = Instant::now();
        let applied = store.apply(facts(from)).await.unwrap();
        println!(
            "apply of 5000 activities: {:?}, {applied:?}",
            begun.elapsed()
        );
    }
    let ids: Vec<ContactId> = (1..=500).map(ContactId).collect();
    let begun = Instant::now();
    let snapshots = store.snapshots(&ids).await.unwrap();
    println!(
        "snapshots of {} contacts with 30 activities each: {:?}",
        snapshots.len(),
        begun.elapsed()
    );

    let (owner, now) = (Owner("a".into()), Timestamp::UNIX_EPOCH);
    let dirty = store.claim_dirty(&owner, 500, now, now).await.unwrap();
    let commits = dirty.into_iter().map(|dirty| ScoreCommit {
        dirty,
        plan: "p".into(),
        at: now,
        scores: Vec::new(),
        desired: (1..=8)
            .map(|group| DesiredValue {
                way: crate::domain::Way::Set,
                target: Target::Group(GroupId(group)),
                value: 7,
                reason: "dishwashers 7 (was 0)".into(),
                urgency: Urgency::Fresh,
            })
            .collect(),
        firings: Vec::new(),
        rearmed: Vec::new(),
        next_change: None,
    });
    let commits = commits.collect();
    let begun = Instant::now();
    store.commit_scores(commits).await.unwrap();
    println!(
        "commit of 500 contacts with 8 targets each: {:?}",
        begun.elapsed()
    );

    let body = "{\"mautic.page_on_hit\":[{}]}".repeat(200);
    for together in [1, 64, 512] {
        let begun = Instant::now();
        let appends = (0..2_048).map(|_| store.append_delivery(delivery(&body)));
        stream::iter(appends)
            .buffer_unordered(together)
            .try_collect::<Vec<_>>()
            .await
            .unwrap();
        println!(
            "2048 deliveries, {together} at a time: {:?}",
            begun.elapsed()
        );
    }
}
