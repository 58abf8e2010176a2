//! Who was erased: a keyed hash of every id, from which no id can be read without the key.

use super::super::hex;
use super::super::{codec::time, settings};
use crate::domain::ContactId;
use crate::store::{Result, StoreError};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use rusqlite::{Connection, params};
use sha2::Sha256;

/// The setting that holds the key, as hex digits.
const KEY: &str = "erased.key";
/// Length of key and marks, in bytes.
pub(super) const LENGTH: usize = 32;
/// Goes before the id: the key makes no hashes of anything else.
const PURPOSE: &[u8] = b"topicscore erased contact ";

/// A key of marks.
pub(super) type Key = [u8; LENGTH];

/// What is kept of an erased id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in super::super) struct Mark(pub(super) [u8; LENGTH]);

/// Makes marks, and knows which are in the store.
#[derive(Clone)]
pub(in super::super) struct Tombstones(Hmac<Sha256>);

impl std::fmt::Debug for Tombstones {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tombstones")
    }
}

impl Tombstones {
    pub(super) fn keyed(key: &Key) -> Self {
        // A shorter key counts as filled up with zeros (RFC 2104).
        let mut block = [0; 64];
        block[..LENGTH].copy_from_slice(key);
        Self(Hmac::new(&block.into()))
    }

    /// With the store's key.
    pub(in super::super) fn of(db: &Connection) -> Result<Self> {
        Ok(Self::keyed(&needed_key(db)?))
    }

    pub(in super::super) fn mark(&self, contact: ContactId) -> Mark {
        let mac = self.0.clone().chain_update(PURPOSE);
        let code = mac.chain_update(contact.0.to_be_bytes()).finalize();
        Mark(code.into_bytes().into())
    }

    /// Whether the contact, by this id, was erased.
    pub(in super::super) fn has(&self, db: &Connection, contact: ContactId) -> Result<bool> {
        let mut statement = db.prepare_cached("SELECT 1 FROM tombstone WHERE mark = ?1")?;
        Ok(statement.exists([self.mark(contact).0])?)
    }
}

/// The store's key; `None` before it was opened for the first time.
pub(super) fn key(db: &Connection) -> Result<Option<Key>> {
    let Some(text) = settings::get(db, KEY)? else {
        return Ok(None);
    };
    let key = hex::read(&text).ok_or_else(|| {
        StoreError::Corrupt(format!(
            "the setting {KEY} is no key; restore the latest backup"
        ))
    })?;
    Ok(Some(key))
}

pub(super) fn needed_key(db: &Connection) -> Result<Key> {
    key(db)?.ok_or_else(|| {
        StoreError::Corrupt(format!(
            "the setting {KEY} is missing, without which erased contacts are not recognised; \
             restore the latest backup"
        ))
    })
}

pub(super) fn keep_key(db: &Connection, key: &Key) -> Result<()> {
    settings::put(db, KEY, &hex::write(key))
}

/// Whether that is new.
pub(in super::super) fn add(db: &Connection, mark: Mark, at: i64) -> Result<bool> {
    let mut statement =
        db.prepare_cached("INSERT OR IGNORE INTO tombstone (mark, at) VALUES (?1, ?2)")?;
    Ok(statement.execute(params![mark.0, at])? == 1)
}

/// Whether it was there.
pub(in super::super) fn remove(db: &Connection, mark: Mark) -> Result<bool> {
    let mut statement = db.prepare_cached("DELETE FROM tombstone WHERE mark = ?1")?;
    Ok(statement.execute([mark.0])? == 1)
}

/// All of them, each with when, by mark.
pub(super) fn all(db: &Connection) -> Result<Vec<(Mark, i64)>> {
    let mut statement = db.prepare_cached("SELECT mark, at FROM tombstone ORDER BY mark")?;
    let rows = statement.query_map([], |row| Ok((Mark(row.get(0)?), row.get(1)?)))?;
    Ok(rows.collect::<std::result::Result<_, _>>()?)
}

/// As [`all`], as moments.
pub(super) fn dated(db: &Connection) -> Result<Vec<(Mark, Timestamp)>> {
    let all = all(db)?.into_iter();
    all.map(|(mark, at)| Ok((mark, time(at)?))).collect()
}

/// When that happened.
pub(in super::super) fn erased_at(db: &Connection, mark: Mark) -> Result<i64> {
    let mut statement = db.prepare_cached("SELECT at FROM tombstone WHERE mark = ?1")?;
    Ok(statement.query_row([mark.0], |row| row.get(0))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_differ_by_contact_and_by_key() {
        let (one, two) = (Tombstones::keyed(&[1; 32]), Tombstones::keyed(&[2; 32]));
        assert_eq!(one.mark(ContactId(7)), one.mark(ContactId(7)));
        assert_ne!(one.mark(ContactId(7)), one.mark(ContactId(8)));
        assert_ne!(one.mark(ContactId(7)), two.mark(ContactId(7)));
    }
}
