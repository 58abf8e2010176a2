//! The file belongs to one daemon: whoever holds a lease when it starts is dead.

use super::{SqliteStore, codec::micros};
use crate::store::{Leases, Result};
use jiff::Timestamp;
use rusqlite::Connection;

/// Running out, not deleting: what was held stays as doubtful as after any other expiry.
const ENDINGS: [&str; 3] = [
    "UPDATE delivery SET lease_until = ?1 WHERE decoded = 0 AND lease_until > ?1",
    "UPDATE dirty SET lease_until = ?1 WHERE lease_until > ?1",
    "UPDATE intent_lease SET until = ?1 WHERE until > ?1",
];

#[async_trait::async_trait]
impl Leases for SqliteStore {
    async fn end_leases_of_the_dead(&self, now: Timestamp) -> Result<u64> {
        let now = micros(now);
        self.write(move |db| end_all(db, now)).await
    }
}

fn end_all(db: &Connection, now: i64) -> Result<u64> {
    let mut ended = 0;
    for ending in ENDINGS {
        ended += db.execute(ending, [now])? as u64;
    }
    Ok(ended)
}
