//! Erasing contacts, their raw bodies included.

use super::{super::codec::id_list, super::deliveries::unpack_body, Applier, merges};
use crate::domain::ContactId;
use crate::store::Result;
use rusqlite::{Connection, params};
use std::collections::BTreeSet;

/// What is kept per contact and goes with it.
const TABLES: [&str; 12] = [
    "DELETE FROM points_call WHERE contact = ?1",
    "DELETE FROM activity WHERE contact = ?1",
    "DELETE FROM points_log WHERE contact = ?1",
    "DELETE FROM adjustment WHERE contact = ?1",
    "DELETE FROM write_log WHERE contact = ?1",
    "DELETE FROM fired WHERE contact = ?1",
    "DELETE FROM effect WHERE contact = ?1",
    "DELETE FROM target WHERE contact = ?1",
    "DELETE FROM score WHERE contact = ?1",
    "DELETE FROM dirty WHERE contact = ?1",
    "DELETE FROM intent_lease WHERE contact = ?1",
    "DELETE FROM contact WHERE id = ?1",
];

impl Applier<'_> {
    /// Whatever id it was told by, the contact it stands for is erased.
    pub(super) fn deleted(&mut self, contact: ContactId, at: i64) -> Result<()> {
        self.mentioned.insert(contact);
        self.erased.insert(contact);
        let root = super::identity::root(self.db, contact)?;
        self.erase(root, at)
    }

    pub(super) fn erase(&mut self, contact: ContactId, at: i64) -> Result<()> {
        self.forget(contact)?;
        merges::forget(self.db, contact)?;
        self.db
            .prepare_cached("INSERT OR IGNORE INTO tombstone (contact, at) VALUES (?1, ?2)")?
            .execute(params![contact.0, at])?;
        self.db
            .prepare_cached("DELETE FROM gone WHERE contact = ?1")?
            .execute([contact.0])?;
        self.erased.insert(contact);
        self.identities.clear();
        Ok(())
    }

    /// Removes every row of a contact.
    pub(super) fn forget(&mut self, contact: ContactId) -> Result<()> {
        for sql in TABLES {
            self.db.prepare_cached(sql)?.execute([contact.0])?;
        }
        self.dirty.remove(&contact);
        self.known.remove(&contact);
        Ok(())
    }
}

/// Forgets the raw bodies, and the parked items, of decoded deliveries that speak of erased
/// contacts (by whatever id they had).
pub(super) fn bodies(db: &Connection, erased: &BTreeSet<ContactId>) -> Result<()> {
    if erased.is_empty() {
        return Ok(());
    }
    let ids = all_ids(db, erased)?;
    for (delivery, size, body) in candidates(db, &ids)? {
        if speaks_of(&unpack_body(&body, size)?, &ids) {
            db.prepare_cached("UPDATE delivery SET body = NULL WHERE id = ?1")?
                .execute([delivery])?;
            db.prepare_cached("UPDATE parked SET excerpt = '' WHERE delivery = ?1")?
                .execute([delivery])?;
        }
    }
    db.prepare_cached("DELETE FROM mention WHERE contact IN (SELECT value FROM json_each(?1))")?
        .execute([id_list(ids.iter().copied())])?;
    Ok(())
}

/// The contacts' ids, and all ids that were merged into them.
fn all_ids(db: &Connection, erased: &BTreeSet<ContactId>) -> Result<BTreeSet<u32>> {
    let mut statement = db.prepare_cached(
        "WITH root AS (
             SELECT coalesce((SELECT winner FROM alias WHERE loser = value), value) AS id
             FROM json_each(?1))
         SELECT id FROM root
         UNION SELECT loser FROM alias WHERE winner IN (SELECT id FROM root)",
    )?;
    let told = id_list(erased.iter().map(|contact| contact.0));
    let rows = statement.query_map([told], |row| row.get(0))?;
    Ok(rows.collect::<std::result::Result<_, _>>()?)
}

fn candidates(db: &Connection, ids: &BTreeSet<u32>) -> Result<Vec<(i64, usize, Vec<u8>)>> {
    let mut statement = db.prepare_cached(
        "SELECT id, size, body FROM delivery
         WHERE body IS NOT NULL AND decoded = 1 AND batch IN (
             SELECT batch FROM mention WHERE contact IN (SELECT value FROM json_each(?1)))",
    )?;
    let rows = statement.query_map([id_list(ids.iter().copied())], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
    })?;
    Ok(rows.collect::<std::result::Result<_, _>>()?)
}

/// Whether one of the ids stands in the text as a whole number. Another number of the same value
/// counts as well: rather a body too many than one too few.
fn speaks_of(body: &[u8], ids: &BTreeSet<u32>) -> bool {
    body.split(|byte| !byte.is_ascii_digit())
        .filter(|digits| !digits.is_empty() && digits.len() <= 10)
        .filter_map(|digits| std::str::from_utf8(digits).ok()?.parse().ok())
        .any(|number: u32| ids.contains(&number))
}
