//! A store that a newer topicscore wrote.

use crate::{nobody, write_config};
use std::path::Path;
use std::process::Command;
use topicscore::store::sqlite::SqliteStore;

/// Makes a store that says it is of a format to come.
fn from_the_future(file: &Path) {
    drop(SqliteStore::open(file).unwrap());
    let db = rusqlite::Connection::open(file).unwrap();
    let change = "INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
        VALUES (9999, 'to_come', '2030-01-01T00:00:00Z', '1')";
    db.execute(change, []).unwrap();
}

#[test]
fn a_store_of_a_newer_format_is_refused_with_words() {
    let folder = tempfile::tempdir().unwrap();
    let config = write_config(folder.path(), &nobody());
    std::fs::write(folder.path().join("plan.toml"), "format = 1\n").unwrap();
    let store = folder.path().join("topicscore.db");
    from_the_future(&store);
    let before = std::fs::read(&store).unwrap();
    for command in ["status", "run", "explain 1"] {
        let output = Command::new(env!("CARGO_BIN_EXE_topicscore"))
            .args(command.split(' '))
            .arg("--config")
            .arg(&config)
            .env_clear()
            .output()
            .unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{command}: {told}");
        let known = "this topicscore knows up to ";
        for words in [
            &*store.to_string_lossy(),
            "has format 9999",
            known,
            "use a newer topicscore",
        ] {
            assert!(told.contains(words), "{command}: no `{words}` in: {told}");
        }
    }
    let after = std::fs::read(&store).unwrap();
    assert!(after == before, "the file was changed");
}
