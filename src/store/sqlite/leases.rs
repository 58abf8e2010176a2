//! The file belongs to one daemon: whoever holds a lease when it starts is dead.

use super::{SqliteStore, codec::micros, rereading, restored, targets, targets::Cause};
use crate::domain::{ContactId, Urgency};
use crate::store::{Leases, Owner, Result};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use std::sync::Arc;

/// Running out, not deleting: what was held stays as doubtful as after any other expiry.
const ENDINGS: [&str; 3] = [
    "UPDATE delivery SET lease_until = ?1 WHERE decoded = 0 AND lease_until > ?1",
    "UPDATE dirty SET lease_until = ?1 WHERE lease_until > ?1",
    "UPDATE intent_lease SET until = ?1 WHERE until > ?1",
];

/// Of one worker. Deliveries are none of these: their decoder never gives up.
const ENDINGS_OF: [&str; 2] = [
    "UPDATE dirty SET lease_until = ?1 WHERE lease_until > ?1 AND owner = ?2",
    "UPDATE intent_lease SET until = ?1 WHERE until > ?1 AND owner = ?2",
];

#[async_trait::async_trait]
impl Leases for SqliteStore {
    async fn end_leases_of_the_dead(&self, now: Timestamp, settled_at: Timestamp) -> Result<u64> {
        let (now, settled_at) = (micros(now), micros(settled_at));
        let begun = Arc::clone(&self.begun);
        self.write(move |db| {
            let ended = end_all(db, now, settled_at)?;
            rereading::put_off_the_missed(db, now)?;
            if begun.compare(db, now)? {
                tracing::warn!(
                    "triggers did more than this store knows of: it was restored from a backup. Everything is \
                     looked at before it is written; mails and webhooks of triggers that may have been done \
                     are left to you: `topicscore effects`"
                );
            }
            Ok(ended)
        })
        .await
    }

    async fn end_leases_of(
        &self,
        owner: &Owner,
        now: Timestamp,
        settled_at: Timestamp,
    ) -> Result<u64> {
        let (owner, now, settled_at) = (owner.0.clone(), micros(now), micros(settled_at));
        self.write(move |db| end_of(db, &owner, now, settled_at))
            .await
    }
}

/// How long a call whose answer nobody waited for may go on, in microseconds.
const SETTLES: &str = "settles";

/// A number kept beside the generations; 0 if there is none.
pub(super) fn counter(db: &Connection, name: &str) -> Result<i64> {
    let mut statement = db.prepare_cached("SELECT value FROM counter WHERE name = ?1")?;
    Ok(statement
        .query_row([name], |row| row.get(0))
        .optional()?
        .unwrap_or(0))
}

pub(super) fn set_counter(db: &Connection, name: &str, value: i64) -> Result<()> {
    db.prepare_cached("INSERT OR REPLACE INTO counter (name, value) VALUES (?1, ?2)")?
        .execute(params![name, value])?;
    Ok(())
}

/// When the write under way at a contact was begun, if one is.
pub(super) fn held_since(db: &Connection, contact: ContactId) -> Result<Option<i64>> {
    let since = db
        .prepare_cached("SELECT since FROM intent_lease WHERE contact = ?1")?
        .query_row([contact.0], |row| row.get(0))
        .optional()?;
    Ok(since)
}

/// The moment of a doubt that reached us `at`: after the beginning of a write under way, whose
/// answer may be older than what raised the doubt and must not clear it.
pub(super) fn doubt_from(db: &Connection, contact: ContactId, at: i64) -> Result<i64> {
    Ok(held_since(db, contact)?.map_or(at, |since| at.max(since.saturating_add(1))))
}

/// Whoever let a lease run out may have written without saying so: everything that is wanted of
/// its contact has to be looked at, also where desired and observed seem to agree.
pub(super) fn doubt_the_unfinished(db: &Connection, now: i64) -> Result<()> {
    doubt_unfinished(db, now, now.saturating_add(counter(db, SETTLES)?))
}

/// Nothing is written before `settled_at`: until then a call of the dead may still take effect.
fn doubt_unfinished(db: &Connection, now: i64, settled_at: i64) -> Result<()> {
    let mut unfinished = db.prepare_cached("SELECT contact FROM intent_lease WHERE until <= ?1")?;
    let contacts = unfinished.query_map([now], |row| row.get(0).map(ContactId))?;
    let contacts: Vec<_> = contacts.collect::<std::result::Result<_, _>>()?;
    let cause = Cause {
        at: now,
        urgency: Urgency::Fresh,
    };
    for contact in contacts {
        for (target, before) in targets::load_all(db, contact)? {
            if before.desired.is_some() {
                let mut after = before.clone();
                after.doubt(now);
                after.unsettled(settled_at);
                targets::save(db, contact, target, &before, after, cause)?;
            }
        }
        db.prepare_cached("DELETE FROM intent_lease WHERE contact = ?1")?
            .execute([contact.0])?;
    }
    Ok(())
}

fn end_of(db: &Connection, owner: &str, now: i64, settled_at: i64) -> Result<u64> {
    let mut ended = 0;
    for ending in ENDINGS_OF {
        ended += db.execute(ending, (now, owner))? as u64;
    }
    doubt_unfinished(db, now, settled_at)?;
    Ok(ended)
}

/// Whether this owner holds the contact, and not beyond his time.
pub(super) fn held_by(
    db: &Connection,
    contact: ContactId,
    owner: &Owner,
    now: i64,
) -> Result<bool> {
    let mut statement = db.prepare_cached(
        "SELECT 1 FROM intent_lease WHERE contact = ?1 AND owner = ?2 AND until > ?3",
    )?;
    Ok(statement.exists(params![contact.0, owner.0, now])?)
}

/// Whether the contact was claimed by this owner and by nobody since.
pub(super) fn holds(db: &Connection, contact: ContactId, owner: &Owner) -> Result<bool> {
    let mut statement =
        db.prepare_cached("SELECT 1 FROM intent_lease WHERE contact = ?1 AND owner = ?2")?;
    Ok(statement.exists(params![contact.0, owner.0])?)
}

fn end_all(db: &Connection, now: i64, settled_at: i64) -> Result<u64> {
    set_counter(db, SETTLES, settled_at.saturating_sub(now).max(0))?;
    restored::begin(db)?;
    let mut ended = 0;
    for ending in ENDINGS {
        ended += db.execute(ending, [now])? as u64;
    }
    doubt_unfinished(db, now, settled_at)?;
    Ok(ended)
}
