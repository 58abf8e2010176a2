//! The contract, and what is SQLite's own: one fsync for many, crashes, formats, strangers.
#![allow(clippy::unwrap_used, reason = "tests may fail loudly")]

use super::SqliteStore;
use crate::store::{SharedStore, contract::store_contract};
use std::sync::Arc;
use tempfile::TempDir;

async fn open() -> (SharedStore, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path().join("store.db")).unwrap();
    (Arc::new(store), dir)
}

store_contract!(open);
