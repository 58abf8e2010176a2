//! Damaged files: told clearly, whoever comes upon them, and never taken for good.

use crate::support::House;
use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use topicscore::store::StoreError;
use topicscore::store::sqlite::{SqliteStore, examine};

/// The largest store of the tests, unpacked.
const LARGEST: usize = 64 << 20;
const PAGE: usize = 4096;

fn fixture(ending: &str) -> PathBuf {
    let stores = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stores");
    stores.join(format!("v1.{ending}"))
}

/// A store with something in it, of today's format, and all of it in one file.
fn store(file: &Path) -> Vec<u8> {
    let packed = fs::read(fixture("db.zst")).unwrap();
    fs::write(file, zstd::bulk::decompress(&packed, LARGEST).unwrap()).unwrap();
    drop(SqliteStore::open(file).unwrap());
    fs::read(file).unwrap()
}

fn overwrite(file: &Path, at: usize, bytes: &[u8]) {
    let mut file = File::options().write(true).open(file).unwrap();
    file.seek(SeekFrom::Start(at as u64)).unwrap();
    file.write_all(bytes).unwrap();
}

fn log_of(store: &Path) -> PathBuf {
    PathBuf::from(format!("{}-wal", store.display()))
}

/// Where a table begins, in bytes.
fn root_of(store: &Path, table: &str) -> usize {
    let db = rusqlite::Connection::open(store).unwrap();
    let query = "SELECT rootpage FROM sqlite_schema WHERE name = ?1";
    let page: usize = db.query_row(query, [table], |row| row.get(0)).unwrap();
    (page - 1) * PAGE
}

type Damage = fn(&Path, &[u8]);

const DAMAGES: [(&str, Damage); 7] = [
    ("the header is overwritten", |file, _| {
        overwrite(file, 0, &[0xa5; 100]);
    }),
    ("the file is cut in half", |file, whole| {
        fs::write(file, &whole[..whole.len() / 2]).unwrap();
    }),
    ("the last page is missing", |file, whole| {
        fs::write(file, &whole[..whole.len() - PAGE]).unwrap();
    }),
    ("the table of activities is overwritten", |file, _| {
        overwrite(file, root_of(file, "activity"), &[0xa5; PAGE]);
    }),
    ("an index of deliveries is zeroed", |file, _| {
        overwrite(file, root_of(file, "delivery_bodies"), &[0; PAGE]);
    }),
    ("a page of another table", |file, whole| {
        let from = root_of(file, "score");
        overwrite(file, root_of(file, "mention"), &whole[from..from + PAGE]);
    }),
    ("the log is garbage", |file, _| {
        fs::write(log_of(file), vec![0xa5; 40_000]).unwrap();
    }),
];

#[tokio::test]
async fn damage_is_told_and_stops_the_daemon() {
    for (what, damage) in DAMAGES {
        let folder = tempfile::tempdir().unwrap();
        let house = House::new(folder.path());
        let plan = fs::read_to_string(fixture("plan.toml")).unwrap();
        house.furnish_with("http://127.0.0.1:1", &plan, "");
        let whole = store(&house.store);
        damage(&house.store, &whole);
        let log = fs::read(log_of(&house.store)).ok();

        let checked = house.command(&["check"]).output().unwrap();
        let said = String::from_utf8(checked.stdout).unwrap();
        assert_eq!(checked.status.code(), Some(1), "{what}: {said}");
        must_tell(&house, what, "check", &said);

        let mut daemon = house.start();
        let status = daemon.ended().await;
        assert_eq!(status.code(), Some(1), "{what}");
        must_tell(&house, what, "run", &house.errors());
        let left = fs::read(log_of(&house.store)).ok();
        assert!(log.is_none() || left == log, "{what}: the log was touched");
    }
}

fn must_tell(house: &House, what: &str, who: &str, said: &str) {
    let file = house.store.to_string_lossy();
    for words in [&*file, "restore the latest backup"] {
        assert!(
            said.contains(words),
            "{who}, {what}: no `{words}` in: {said}"
        );
    }
}

/// Every page in turn: examined, or opened, it is never taken for good. Pages that hold nothing
/// are the exception.
#[test]
fn no_overwritten_page_is_taken_for_good() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("topicscore.db");
    let whole = store(&file);
    let empty: usize = rusqlite::Connection::open(&file)
        .unwrap()
        .query_row("PRAGMA freelist_count", [], |row| row.get(0))
        .unwrap();
    let pages = whole.len() / PAGE;
    let (mut missed, step) = (Vec::new(), (pages / 150).max(1));
    for page in (0..pages).step_by(step) {
        overwrite(&file, page * PAGE, &[0xa5; PAGE]);
        match examine(&file) {
            Err(StoreError::Damaged(_)) => {}
            Err(other) => panic!("page {page}: {other}"),
            Ok(()) => missed.push(page),
        }
        overwrite(&file, page * PAGE, &whole[page * PAGE..(page + 1) * PAGE]);
    }
    println!("{pages} pages, every {step}th overwritten, {empty} of all empty, missed {missed:?}");
    assert!(missed.len() <= empty, "missed {missed:?}");
    examine(&file).unwrap();
}
