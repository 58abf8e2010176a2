//! A store that can't be written.

use crate::support::{House, open};
use crate::with_mounts;
use std::fs;
use topicscore::store::sqlite::SqliteStore;

const FOLDER: &str = "mount --bind \"$1\" \"$1\" && mount -o remount,ro,bind \"$1\"";
const FILE: &str = "mount --bind \"$1/topicscore.db\" \"$1/topicscore.db\" &&
    mount -o remount,ro,bind \"$1/topicscore.db\"";

#[test]
fn a_read_only_store_is_told_and_left_as_it_is() {
    for (what, mounts, exists, words) in [
        (
            "folder",
            FOLDER,
            false,
            "may the user that runs topicscore write in it?",
        ),
        (
            "folder with a store",
            FOLDER,
            true,
            "may the user that runs topicscore write in it?",
        ),
        (
            "file",
            FILE,
            true,
            "let the user that runs topicscore write",
        ),
    ] {
        let (folder, disk) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let house = House {
            store: disk.path().join("topicscore.db"),
            ..House::new(folder.path())
        };
        house.furnish_with("http://127.0.0.1:1", "format = 1\n", "");
        if exists {
            drop(SqliteStore::open(&house.store).unwrap());
        }
        let before = fs::read(&house.store).ok();
        let Some(mut command) = with_mounts(&house, mounts) else {
            return;
        };
        let output = command.env_clear().output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{what}: {said}");
        for words in [&*house.store.to_string_lossy(), words] {
            assert!(said.contains(words), "{what}: no `{words}` in: {said}");
        }
        assert!(fs::read(&house.store).ok() == before, "{what}: changed");
        if exists {
            open(&house.store);
        }
    }
}
