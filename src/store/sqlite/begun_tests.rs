//! An old backup of the store where triggers did something since.
#![allow(clippy::unwrap_used, reason = "tests may fail loudly")]

use super::SqliteStore;
use crate::domain::{ContactId, EffectOutcome, EffectState};
use crate::store::contract::{
    effects::{claim, email, fire, firing},
    give::{at, owner},
};
use crate::store::{EffectQuery, SharedStore};
use std::{fs, path::PathBuf, sync::Arc};
use tempfile::TempDir;

struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A daemon begins, at that second.
    async fn begin(&self, second: i64) -> SharedStore {
        let store: SharedStore = Arc::new(SqliteStore::open(self.file("store.db")).unwrap());
        let now = at(second);
        store.end_leases_of_the_dead(now, now).await.unwrap();
        store
    }

    /// Nobody has the store open: what its file holds.
    fn copy(&self) -> Vec<u8> {
        fs::read(self.file("store.db")).unwrap()
    }

    fn put_back(&self, backup: Vec<u8>) {
        fs::write(self.file("store.db"), backup).unwrap();
        for log in ["store.db-wal", "store.db-shm"] {
            let _ = fs::remove_file(self.file(log));
        }
    }
}

/// A trigger of the contact fires and its email is sent.
async fn mail(store: &SharedStore, contact: u32, second: i64) {
    fire(store, contact, &[firing("call", second, &[email()])]).await;
    let claimed = claim(store, second + 1).await;
    let [claimed] = claimed.as_slice() else {
        panic!("{claimed:?}")
    };
    let effect = claimed.effects[0].id;
    let now = at(second + 2);
    let begun = store.mark_started(&owner("w"), effect, None, now).await;
    assert!(begun.unwrap());
    let answer = String::new();
    let done = EffectOutcome::Done { answer };
    store.finish_effect(effect, done, now).await.unwrap();
    let contacts = [ContactId(contact)];
    store.release(&owner("w"), &contacts).await.unwrap();
}

async fn states(store: &SharedStore) -> Vec<EffectState> {
    let effects = store.effects(&EffectQuery::default(), 9).await.unwrap();
    effects.iter().rev().map(|effect| effect.state).collect()
}

#[tokio::test]
async fn a_mail_sent_since_the_backup_is_not_sent_again() {
    let place = Place::new();
    let store = place.begin(100).await;
    mail(&store, 1, 200).await;
    drop(store);
    let backup = place.copy();

    let store = place.begin(300).await;
    mail(&store, 2, 400).await;
    drop(store);
    place.put_back(backup);

    let store = place.begin(500).await;
    // Read and scored anew: the one of the mail that the backup does not know, and one that
    // crossed after the start.
    fire(&store, 2, &[firing("call", 400, &[email()])]).await;
    fire(&store, 3, &[firing("call", 600, &[email()])]).await;
    let (done, unknown, pending) = (
        EffectState::Done,
        EffectState::Unknown,
        EffectState::Pending,
    );
    assert_eq!(states(&store).await, [done, unknown, pending]);
    drop(store);

    // Known from now on.
    let store = place.begin(700).await;
    fire(&store, 4, &[firing("call", 800, &[email()])]).await;
    assert_eq!(states(&store).await, [done, unknown, pending, pending]);
}

#[tokio::test]
async fn our_clock_may_be_set_back_while_the_backup_is_put_back() {
    let place = Place::new();
    drop(place.begin(100).await);
    let backup = place.copy();
    let store = place.begin(300).await;
    mail(&store, 1, 900).await;
    drop(store);
    place.put_back(backup);
    let store = place.begin(500).await;
    fire(&store, 1, &[firing("call", 900, &[email()])]).await;
    assert_eq!(states(&store).await, [EffectState::Unknown]);
}

#[tokio::test]
async fn a_store_that_crashed_is_not_taken_for_a_restored_one() {
    let place = Place::new();
    let store = place.begin(100).await;
    mail(&store, 1, 200).await;
    let before = fs::read(place.file("store.db.begun")).unwrap();
    mail(&store, 2, 300).await;
    drop(store);
    // It crashed between the store's transaction and the file.
    fs::write(place.file("store.db.begun"), before).unwrap();
    let store = place.begin(400).await;
    fire(&store, 3, &[firing("call", 350, &[email()])]).await;
    let done = EffectState::Done;
    assert_eq!(states(&store).await, [done, done, EffectState::Pending]);
}

#[tokio::test]
async fn a_new_store_in_the_place_of_another_is_its_own() {
    let place = Place::new();
    let store = place.begin(100).await;
    mail(&store, 1, 200).await;
    drop(store);
    place.put_back(Vec::new());
    let store = place.begin(300).await;
    fire(&store, 1, &[firing("call", 200, &[email()])]).await;
    assert_eq!(states(&store).await, [EffectState::Pending]);
    drop(store);
    let store = place.begin(400).await;
    assert_eq!(states(&store).await, [EffectState::Pending]);
}

#[tokio::test]
async fn what_can_not_be_numbered_is_not_done_and_tried_again() {
    let place = Place::new();
    let store = place.begin(100).await;
    fire(&store, 1, &[firing("call", 200, &[email()])]).await;
    let effect = claim(&store, 201).await[0].effects[0].id;
    // A folder in the file's place.
    fs::create_dir(place.file("store.db.begun")).unwrap();
    let refused = store.mark_started(&owner("w"), effect, None, at(202)).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("store.db.begun"), "{refused}");
    assert_eq!(states(&store).await, [EffectState::Pending]);
    fs::remove_dir(place.file("store.db.begun")).unwrap();
    let begun = store.mark_started(&owner("w"), effect, None, at(203)).await;
    assert!(begun.unwrap());
}
