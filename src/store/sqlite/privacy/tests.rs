//! What is SQLite's own: nothing is left in the bytes of the files, backups, earlier formats.
#![allow(clippy::unwrap_used, reason = "tests may fail loudly")]

use super::super::SqliteStore;
use crate::domain::{ContactId, Fact, Profile, Sighting, Source, TopicKey};
use crate::store::contract::give::{
    at, batch, deleted, deliver, did, group, id, member, merged, parked, profile, tell, want,
    write_all,
};
use crate::store::{Batch, Journal, NewAdjustment, Origin, Privacy, SharedStore};
use rusqlite::Connection;
use std::{collections::BTreeSet, path::Path, sync::Arc};
use tempfile::TempDir;

fn open(folder: &TempDir) -> Arc<SqliteStore> {
    Arc::new(SqliteStore::open(folder.path().join("store.db")).unwrap())
}

fn shared(store: &Arc<SqliteStore>) -> SharedStore {
    Arc::clone(store) as SharedStore
}

/// Places where a text stands in the files of the store.
fn found(folder: &TempDir, text: &str) -> Vec<String> {
    let mut places = Vec::new();
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let hits = bytes
            .windows(text.len())
            .enumerate()
            .filter(|(_, window)| window.eq_ignore_ascii_case(text.as_bytes()));
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        places.extend(hits.map(|(at, _)| format!("{name} at {at}")));
    }
    places
}

/// A person whose name stands in everything that can hold it.
fn person(contact: u32, name: &str) -> Vec<Sighting> {
    let mut shown = Profile::unknown(id(contact), at(9));
    shown
        .fields
        .insert("email".into(), format!("{name}@example.test"));
    // Longer than a page: parts of it stand in pages of their own.
    shown
        .fields
        .insert("notes".into(), format!("{name} ").repeat(2_000));
    shown.tags.insert(name.to_owned());
    let mut facts = vec![Fact::Profile(Box::new(shown)), member(contact, 4, true, 9)];
    for n in 0..40_i64 {
        let key = u64::from(contact) * 1_000 + n.unsigned_abs();
        let mut hit = crate::store::contract::give::hit(key, contact, n * 7_919 % 100);
        hit.url = Some(format!("https://shop.example.test/{name}/{n}"));
        hit.attributes
            .insert("referer".into(), format!("{name} ").repeat(20));
        facts.push(Fact::Activity(hit));
        let mut row =
            crate::store::contract::give::logged_row(key, contact, 3, &format!("{name} {n}"), n);
        row.event_name = name.to_owned();
        facts.push(Fact::PointsLog(row));
    }
    let sighting = |fact| Sighting {
        source: Source::Webhook,
        fact,
    };
    facts.into_iter().map(sighting).collect()
}

/// Bodies that zstd can't make unrecognisable, small and large.
fn bodies(contact: u32, name: &str) -> [String; 2] {
    let noise: String = (0..4_000_u32)
        .map(|n| char::from(b'a' + ((n.wrapping_mul(2_654_435_761) ^ contact) >> 28) as u8))
        .collect();
    [
        format!(r#"{{"id":{contact},"name":"{name}"}}"#),
        format!(r#"{{"id":{contact},"name":"{name}","noise":"{noise}"}}"#),
    ]
}

/// The person's facts, deliveries, an item not understood, points given by hand, a score, writes.
async fn live(store: &SharedStore, contact: u32, name: &str) {
    let mut deliveries = Vec::new();
    for body in bodies(contact, name) {
        deliveries.push(deliver(store, 7, &body).await);
    }
    let item = parked(
        Some(deliveries[0]),
        &format!(r#"{{"id":{contact},"of":"{name}"}}"#),
    );
    let told = Batch {
        sightings: person(contact, name),
        parked: vec![item],
        ..batch(Origin::Deliveries(deliveries), vec![])
    };
    store.apply(told).await.unwrap();
    let mut row = parked(None, &format!(r#"{{"lead_id":"{contact}","of":"{name}"}}"#));
    row.reason = format!("date should be a date, but is {name}");
    let mut polled = batch(Origin::Poll(vec![]), vec![]);
    polled.parked = vec![row];
    store.apply(polled).await.unwrap();
    let given = NewAdjustment {
        scope: crate::domain::Scope::Contact(id(contact)),
        topic: TopicKey("ovens".into()),
        points: 5,
        author: "Rosa".into(),
        reason: format!("{name} called"),
        at: at(5),
        expires_at: None,
    };
    store.add_adjustment(given, at(5)).await.unwrap();
    want(store, contact, &[(group(3), 5)]).await;
    write_all(store).await;
    // Told again with other values: what stood there before is overwritten, too.
    tell(store, [profile(contact, 30, name, 3)]).await;
}

#[tokio::test]
async fn nothing_of_the_erased_is_left_in_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let all = shared(&store);
    for contact in 1..=30 {
        live(&all, contact, &format!("Person{contact:02}Marker")).await;
    }
    live(&all, 40, "Person40Loser").await;
    tell(&all, [merged(40, 7, 50)]).await;
    // Of one nobody knows more than an undecoded delivery.
    deliver(&all, 8, &bodies(7, "Person07Marker")[0]).await;
    for name in ["Person07Marker", "Person40Loser", "Person08Marker"] {
        assert!(found(&folder, name).len() > 50, "the test sees {name}");
    }
    tell(&all, [deleted(40, 60)]).await;
    let undecoded = all
        .claim_deliveries(&crate::store::Owner("a".into()), 9, 99_999, at(10), at(70))
        .await
        .unwrap();
    assert_eq!(undecoded.len(), 1);
    assert!(store.finish_erasures().await.unwrap().complete);
    let told = batch(
        Origin::Deliveries(vec![undecoded[0].id]),
        vec![did(1, 7, 9)],
    );
    store.apply(told).await.unwrap();
    assert!(store.finish_erasures().await.unwrap().complete);
    for name in ["Person07Marker", "Person40Loser"] {
        assert_eq!(found(&folder, name), [""; 0], "{name}");
    }
    for neighbour in [6, 8] {
        let held = store.held(id(neighbour)).await.unwrap().unwrap();
        assert_eq!((held.deliveries.len(), held.parked.len()), (2, 2));
        assert_eq!(held.points_log.len(), 40);
    }
    let db = Connection::open(store.path()).unwrap();
    let left: i64 = db
        .query_row("SELECT count(*) FROM erasure", [], |row| row.get(0))
        .unwrap();
    assert_eq!(left, 0);
}

/// Every table that knows contacts is known to erasing.
#[tokio::test]
async fn no_table_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let db = Connection::open(store.path()).unwrap();
    let mut statement = db
        .prepare(
            "SELECT m.name || '.' || c.name FROM sqlite_schema AS m, pragma_table_info(m.name) AS c
             WHERE m.type = 'table' AND c.name IN
                 ('contact', 'contact_id', 'lead', 'loser', 'winner', 'done_by') ORDER BY 1",
        )
        .unwrap();
    let columns = statement.query_map([], |row| row.get(0)).unwrap();
    let columns: Vec<String> = columns.map(Result::unwrap).collect();
    let erased: Vec<&str> = super::super::journal::ERASED_COLUMNS.to_vec();
    let missing: Vec<&String> = columns
        .iter()
        .filter(|column| !erased.contains(&column.as_str()))
        .collect();
    assert!(missing.is_empty(), "not erased with a contact: {missing:?}");
    assert!(
        columns.len() >= 15,
        "the question still finds them: {columns:?}"
    );
}

fn copy(from: &Path, to: &Path) {
    let db = Connection::open(from).unwrap();
    db.execute("VACUUM INTO ?1", [to.to_str().unwrap()])
        .unwrap();
}

async fn tombstones(store: &SharedStore) -> u64 {
    store.counts().await.unwrap().deleted
}

#[tokio::test]
async fn a_restored_backup_brings_nobody_back() {
    let folder = tempfile::tempdir().unwrap();
    let (path, backup) = (folder.path().join("store.db"), folder.path().join("backup"));
    let store = open(&folder);
    let all = shared(&store);
    tell(
        &all,
        [
            did(1, 1, 5),
            did(2, 2, 5),
            merged(3, 2, 9),
            did(3, 4, 5),
            deleted(5, 9),
        ],
    )
    .await;
    deliver(&all, 7, r#"{"id":2,"name":"Undecoded"}"#).await;
    copy(&path, &backup);
    assert!(store.allow_again(id(5), at(30)).await.unwrap());
    tell(&all, [deleted(3, 20), deleted(1, 21), deleted(4, 21)]).await;
    assert!(store.allow_again(id(4), at(30)).await.unwrap());
    store.finish_erasures().await.unwrap();
    store.close().await;

    std::fs::rename(&backup, &path).unwrap();
    for opened in 1..=2 {
        let store = open(&folder);
        let all = shared(&store);
        for gone in 1..=3 {
            assert_eq!(
                store.resolve(id(gone)).await.unwrap(),
                None,
                "{gone}, opened {opened}"
            );
        }
        // Allowed again after the backup was made.
        for back in 4..=5 {
            assert_eq!(store.resolve(id(back)).await.unwrap(), Some(id(back)));
        }
        assert_eq!(all.counts().await.unwrap().activities, 1);
        assert_eq!(tombstones(&all).await, 3);
        let bodies = store.finish_erasures().await.unwrap().bodies;
        assert_eq!(bodies, u64::from(opened == 1), "raw bodies of the backup");
        store.close().await;
    }
}

#[tokio::test]
async fn a_lost_store_starts_with_the_erased_of_before() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    tell(&shared(&store), [did(1, 1, 5), deleted(1, 20)]).await;
    store.close().await;
    std::fs::remove_file(store.path()).unwrap();
    let store = open(&folder);
    assert_eq!(store.resolve(id(1)).await.unwrap(), None);
    assert_eq!(store.resolve(id(2)).await.unwrap(), Some(id(2)));
}

#[tokio::test]
async fn the_register_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let register = folder.path().join("store.db.erased");
    let store = open(&folder);
    let all = shared(&store);
    assert!(!register.exists(), "nobody was erased");
    tell(&all, [deleted(1, 20)]).await;
    assert!(register.exists());
    std::fs::remove_file(&register).unwrap();
    tell(&all, [deleted(2, 20)]).await;
    let both = std::fs::read_to_string(&register).unwrap();
    assert_eq!(
        both.lines().count(),
        2,
        "the key, and both of one moment: {both}"
    );
    store.close().await;
    std::fs::remove_file(&register).unwrap();
    let store = open(&folder);
    assert_eq!(std::fs::read_to_string(&register).unwrap(), both);
    drop(store);
}

#[tokio::test]
async fn nobody_is_erased_without_the_register() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let all = shared(&store);
    tell(&all, [did(1, 1, 5)]).await;
    // A folder in its place: it can't be written.
    std::fs::create_dir(folder.path().join("store.db.erased")).unwrap();
    let refused = all.apply(batch(Origin::Lookup, vec![deleted(1, 20)])).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("store.db.erased"), "{refused}");
    assert_eq!(
        store.resolve(id(1)).await.unwrap(),
        Some(id(1)),
        "to be told again"
    );
    std::fs::remove_dir(folder.path().join("store.db.erased")).unwrap();
    tell(&all, [deleted(1, 20)]).await;
    assert_eq!(store.resolve(id(1)).await.unwrap(), None);
}

#[tokio::test]
async fn a_damaged_or_strange_register_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let register = folder.path().join("store.db.erased");
    let store = open(&folder);
    let all = shared(&store);
    for contact in 1..=3 {
        tell(&all, [deleted(contact, 20)]).await;
    }
    store.close().await;
    let good = std::fs::read_to_string(&register).unwrap();
    let lines: Vec<&str> = good.lines().collect();
    assert_eq!(lines.len(), 4);

    let damaged = good.replacen(&lines[2][60..70], "0000000000", 1);
    std::fs::write(&register, damaged).unwrap();
    let told = SqliteStore::open(&path).unwrap_err().to_string();
    assert!(
        told.contains("store.db.erased") && told.contains("line 3"),
        "{told}"
    );

    // A last line that is cut off, and a lost one, are made whole from the store.
    for kept in [
        good.len() - 1,
        good.len() - 40,
        lines[0].len() + lines[1].len() + 2,
    ] {
        std::fs::write(&register, &good[..kept]).unwrap();
        let store = open(&folder);
        assert_eq!(tombstones(&shared(&store)).await, 3);
        store.close().await;
        let whole = std::fs::read_to_string(&register).unwrap();
        let long = whole.split_whitespace().filter(|word| word.len() == 64);
        assert_eq!(long.count(), 4, "the key and three marks");
    }

    let other = tempfile::tempdir().unwrap();
    let strange = open(&other);
    tell(&shared(&strange), [deleted(1, 20)]).await;
    std::fs::copy(other.path().join("store.db.erased"), &register).unwrap();
    let told = SqliteStore::open(&path).unwrap_err().to_string();
    assert!(told.contains("another store"), "{told}");
}

/// A store of format 1: bare ids, remains in free pages.
#[tokio::test]
async fn earlier_formats_are_hashed_and_cleaned() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    {
        let db = Connection::open(&path).unwrap();
        db.execute_batch(include_str!("../../migrations/sqlite/V1__first.sql"))
            .unwrap();
        db.execute_batch(
            "CREATE TABLE refinery_schema_history (
                 version int4 PRIMARY KEY, name VARCHAR(255), applied_on VARCHAR(255),
                 checksum VARCHAR(255));
             PRAGMA application_id = 0x74707363;
             PRAGMA secure_delete = FAST;
             INSERT INTO tombstone VALUES (9, 5), (20, 5);
             INSERT INTO alias VALUES (8, 9, 4), (1, 2, 4);
             INSERT INTO merge VALUES (1, 2, 4);
             INSERT INTO contact (id) VALUES (2);",
        )
        .unwrap();
        let first = crate::store::sqlite::open::migration(1);
        db.execute(
            "INSERT INTO refinery_schema_history VALUES (1, ?1, ?2, ?3)",
            [first.0, "2026-01-01T00:00:00Z".to_owned(), first.1],
        )
        .unwrap();
        let secret = "RemainsOfSomebody".repeat(9_000);
        db.execute(
            "INSERT INTO delivery (received_at, size, body) VALUES (1, 1, ?1)",
            [secret.as_bytes()],
        )
        .unwrap();
        db.execute_batch("UPDATE delivery SET body = NULL, decoded = 1")
            .unwrap();
    }
    assert!(found(&folder, "RemainsOfSomebody").len() > 1_000);
    let store = open(&folder);
    for (told, stands_for) in [(9, None), (8, None), (20, None), (1, Some(id(2)))] {
        assert_eq!(
            store.resolve(ContactId(told)).await.unwrap(),
            stands_for,
            "{told}"
        );
    }
    store.close().await;
    assert_eq!(found(&folder, "RemainsOfSomebody"), [""; 0]);
    let db = Connection::open(&path).unwrap();
    let bare = "SELECT count(*) FROM sqlite_schema WHERE name IN ('bare_tombstone', 'scrub')";
    assert_eq!(
        db.query_row(bare, [], |row| row.get::<_, i64>(0)).unwrap(),
        0
    );
}

/// The search is noted in the store: a crash between erasing and searching loses nothing.
#[tokio::test]
async fn what_a_crash_interrupts_is_done_later() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let all = shared(&store);
    live(&all, 1, "Person01Marker").await;
    tell(&all, [deleted(1, 60)]).await;
    drop(all);
    store.close().await;
    assert!(!found(&folder, "Person01Marker").is_empty());
    let store = open(&folder);
    let done = store.finish_erasures().await.unwrap();
    assert_eq!((done.bodies, done.items, done.complete), (2, 2, true));
    assert_eq!(found(&folder, "Person01Marker"), [""; 0]);
}

/// Somebody who reads for long keeps the log from being emptied; then it is done later.
#[tokio::test]
async fn a_long_question_only_delays() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let all = shared(&store);
    live(&all, 1, "Person01Marker").await;
    let mut other = Connection::open(store.path()).unwrap();
    let question = other.transaction().unwrap();
    let _: i64 = question
        .query_row("SELECT count(*) FROM activity", [], |row| row.get(0))
        .unwrap();
    tell(&all, [deleted(1, 60)]).await;
    let done = store.finish_erasures().await.unwrap();
    assert!(!done.complete);
    question.finish().unwrap();
    assert!(store.finish_erasures().await.unwrap().complete);
    assert_eq!(found(&folder, "Person01Marker"), [""; 0]);
}

/// SQLite rearranges pages as rows come in any order; copies of rows are left behind in them.
#[tokio::test]
async fn nothing_is_left_between_the_rows() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let all = shared(&store);
    let mut seed = 12_345_u64;
    let mut next = move |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 33) % below
    };
    let name = |contact: u32| format!("Person{contact:03}Marker");
    for part in 0..100_u64 {
        let mut facts = Vec::new();
        for n in 0..200 {
            let contact = u32::try_from(next(200)).unwrap() + 1;
            let second = i64::try_from(next(100_000)).unwrap();
            let mut hit = crate::store::contract::give::hit(part * 1_000 + n, contact, second);
            let more = "x".repeat(usize::try_from(next(300)).unwrap());
            hit.url = Some(format!(
                "https://shop.example.test/{}/{more}",
                name(contact)
            ));
            facts.push(Fact::Activity(hit));
        }
        tell(&all, facts).await;
    }
    let (erased, kept): (Vec<u32>, Vec<u32>) = (1..=200).partition(|contact| contact % 4 == 0);
    let ids: Vec<ContactId> = kept.iter().copied().map(ContactId).collect();
    let before = all.snapshots(&ids).await.unwrap();
    tell(
        &all,
        erased.iter().map(|contact| deleted(*contact, 200_000)),
    )
    .await;
    assert!(store.finish_erasures().await.unwrap().complete);
    let bytes = std::fs::read(store.path()).unwrap();
    let left = regex::bytes::Regex::new("Person([0-9]{3})Marker").unwrap();
    let left: BTreeSet<u32> = left
        .captures_iter(&bytes)
        .map(|found| std::str::from_utf8(&found[1]).unwrap().parse().unwrap())
        .collect();
    assert_eq!(left, kept.into_iter().collect());
    assert_eq!(
        all.snapshots(&ids).await.unwrap(),
        before,
        "nobody else lost anything"
    );
    let db = Connection::open(store.path()).unwrap();
    let sound = db.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0));
    assert_eq!(sound.unwrap(), "ok");
}
