//! Looking for raw bodies and parked items that speak of erased contacts.
//!
//! The store's readers look, a slice at a time; the writer only deletes what they found. What is to
//! be looked for stands in the table `erasure` until all of it is done, also over a crash.

use super::super::{codec::id_list, deliveries::unpack_body};
use crate::domain::{ContactId, speaks_of};
use crate::store::Result;
use rusqlite::{Connection, params};
use std::{collections::BTreeSet, sync::Arc};

/// Bodies or items looked at in one question, and deleted in one transaction.
pub(super) const SLICE: usize = 256;

/// What is to be looked for, and where, as of one moment.
#[derive(Debug, Clone)]
pub(super) struct Search {
    /// The newest note that it covers.
    last: i64,
    pub(super) ids: Arc<BTreeSet<ContactId>>,
    /// Whether somebody was erased, not only told of once more.
    pub(super) everywhere: bool,
    batches: Arc<Vec<i64>>,
    pub(super) deliveries: Vec<i64>,
    pub(super) parked: Vec<i64>,
}

/// What is to be done now; `None`: nothing.
pub(super) fn begin(db: &Connection) -> Result<Option<Search>> {
    let (mut last, mut everywhere, mut ids) = (0, false, BTreeSet::new());
    let mut statement = db.prepare_cached("SELECT no, contact, everywhere FROM erasure")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        last = last.max(row.get(0)?);
        ids.insert(ContactId(row.get(1)?));
        everywhere |= row.get::<_, bool>(2)?;
    }
    if ids.is_empty() {
        return Ok(None);
    }
    let told = id_list(ids.iter().map(|id| id.0));
    let numbers = |sql: &str, parameters: &[&dyn rusqlite::ToSql]| -> Result<Vec<i64>> {
        let mut statement = db.prepare_cached(sql)?;
        let rows = statement.query_map(parameters, |row| row.get(0))?;
        Ok(rows.collect::<std::result::Result<_, _>>()?)
    };
    let parked = if everywhere {
        numbers("SELECT id FROM parked", &[])?
    } else {
        Vec::new()
    };
    Ok(Some(Search {
        last,
        everywhere,
        batches: Arc::new(numbers(BATCHES, &[&told])?),
        deliveries: numbers(DELIVERIES, &[&told, &everywhere])?,
        ids: Arc::new(ids),
        parked,
    }))
}

const BATCHES: &str =
    "SELECT DISTINCT batch FROM mention WHERE contact IN (SELECT value FROM json_each(?1))";
/// Those that are known to speak of them; of new erasures also those of which nobody knows: not
/// decoded yet, or not understood.
const DELIVERIES: &str = "SELECT id FROM delivery WHERE body IS NOT NULL AND batch IN (
         SELECT batch FROM mention WHERE contact IN (SELECT value FROM json_each(?1)))
     UNION SELECT id FROM delivery WHERE decoded = 0 AND body IS NOT NULL AND ?2
     UNION SELECT delivery FROM parked WHERE delivery IS NOT NULL AND ?2";

/// Which of these deliveries speak of the contacts.
pub(super) fn speaking(
    db: &Connection,
    deliveries: &[i64],
    ids: &BTreeSet<ContactId>,
) -> Result<Vec<i64>> {
    let mut statement = db.prepare_cached(
        "SELECT size, body FROM delivery WHERE id = ?1 AND body IS NOT NULL AND forget = 0",
    )?;
    let mut found = Vec::new();
    for delivery in deliveries {
        let mut rows = statement.query([delivery])?;
        if let Some(row) = rows.next()? {
            let body: Vec<u8> = row.get(1)?;
            // One that can't be read any more is taken for one that speaks of them.
            let body = unpack_body(&body, row.get(0)?);
            if body.map_or(true, |body| speaks_of(&body, ids)) {
                found.push(*delivery);
            }
        }
    }
    Ok(found)
}

/// Which of these parked items speak of the contacts.
pub(super) fn speaking_items(
    db: &Connection,
    items: &[i64],
    ids: &BTreeSet<ContactId>,
) -> Result<Vec<i64>> {
    let mut statement = db.prepare_cached("SELECT reason, excerpt FROM parked WHERE id = ?1")?;
    let mut found = Vec::new();
    for item in items {
        let mut rows = statement.query([item])?;
        if let Some(row) = rows.next()? {
            let (reason, excerpt): (String, String) = (row.get(0)?, row.get(1)?);
            if speaks_of(reason.as_bytes(), ids) || speaks_of(excerpt.as_bytes(), ids) {
                found.push(*item);
            }
        }
    }
    Ok(found)
}

/// Forgets bodies: at once where they are decoded, else as soon as they are, for they tell of
/// others as well.
pub(super) fn forget(db: &Connection, deliveries: &[i64]) -> Result<()> {
    let mut statement = db.prepare_cached(
        "UPDATE delivery SET body = iif(decoded = 1, NULL, body), forget = 1 WHERE id = ?1",
    )?;
    for delivery in deliveries {
        statement.execute([delivery])?;
    }
    Ok(())
}

pub(super) fn forget_items(db: &Connection, items: &[i64]) -> Result<()> {
    let mut statement = db.prepare_cached("DELETE FROM parked WHERE id = ?1")?;
    for item in items {
        statement.execute([item])?;
    }
    Ok(())
}

/// Nothing is left where these batches speak of the contacts; what was told meanwhile is still to
/// be looked for.
pub(super) fn forget_mentions(db: &Connection, search: &Search) -> Result<()> {
    let batches: Vec<String> = search.batches.iter().map(ToString::to_string).collect();
    db.prepare_cached(
        "DELETE FROM mention WHERE contact IN (SELECT value FROM json_each(?1))
             AND batch IN (SELECT value FROM json_each(?2))
             AND contact NOT IN (SELECT contact FROM erasure WHERE no > ?3)",
    )?
    .execute(params![
        id_list(search.ids.iter().map(|id| id.0)),
        format!("[{}]", batches.join(",")),
        search.last,
    ])?;
    Ok(())
}

/// The search is over.
pub(super) fn end(db: &Connection, search: &Search) -> Result<()> {
    db.prepare_cached("DELETE FROM erasure WHERE no <= ?1")?
        .execute([search.last])?;
    Ok(())
}
