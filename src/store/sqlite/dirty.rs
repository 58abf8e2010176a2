//! Contacts that wait to be scored, and the generations that tell old work from new.

use super::codec::{SEGMENT, limit, time, urgency, urgency_code};
use crate::domain::{ContactId, SegmentId};
use crate::store::{DirtyContact, Owner, Result, Urgency};
use rusqlite::{Connection, OptionalExtension, params};

/// The next generation; rises for the whole store, so that it rises for each contact and target
/// even when its row went and came again.
pub(super) fn next_generation(db: &Connection) -> Result<i64> {
    let mut statement = db.prepare_cached(
        "UPDATE counter SET value = value + 1 WHERE name = 'generation' RETURNING value",
    )?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

/// What becomes of the mark of a contact that is dirty already.
const AGAIN: &str = "ON CONFLICT (contact) DO UPDATE SET
     generation = excluded.generation,
     since = min(since, excluded.since),
     since_claimed = iif(claimed IS NULL, NULL,
         min(coalesce(since_claimed, excluded.since), excluded.since)),
     urgency = max(urgency, excluded.urgency)";

/// Makes a contact dirty. What comes while somebody scores it keeps its own `since`.
pub(super) fn mark(
    db: &Connection,
    contact: ContactId,
    generation: i64,
    since: i64,
    urgency: Urgency,
) -> Result<()> {
    let mut statement = db.prepare_cached(&format!(
        "INSERT INTO dirty (contact, generation, since, urgency) VALUES (?1, ?2, ?3, ?4) {AGAIN}"
    ))?;
    statement.execute(params![contact.0, generation, since, urgency_code(urgency)])?;
    Ok(())
}

/// Makes every known member of a segment dirty. One statement: they may be many, and whatever
/// made them dirty must not be kept without it.
pub(super) fn mark_members(
    db: &Connection,
    segment: SegmentId,
    generation: i64,
    since: i64,
    urgency: Urgency,
) -> Result<()> {
    let mut statement = db.prepare_cached(&format!(
        "INSERT INTO dirty (contact, generation, since, urgency)
         SELECT contact, ?2, ?3, ?4 FROM target
         WHERE kind = {SEGMENT} AND id = ?1 AND observed = 1
         {AGAIN}"
    ))?;
    statement.execute(params![segment.0, generation, since, urgency_code(urgency)])?;
    Ok(())
}

pub(super) fn is_dirty(db: &Connection, contact: ContactId) -> Result<bool> {
    let mut statement = db.prepare_cached("SELECT 1 FROM dirty WHERE contact = ?1")?;
    Ok(statement.exists([contact.0])?)
}

/// Takes a contact's mark away; returns since when and how urgent it was.
pub(super) fn take(db: &Connection, contact: ContactId) -> Result<Option<(i64, Urgency)>> {
    let mut statement =
        db.prepare_cached("DELETE FROM dirty WHERE contact = ?1 RETURNING since, urgency")?;
    let taken: Option<(i64, u8)> = statement
        .query_row([contact.0], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    taken
        .map(|(since, code)| Ok((since, urgency(code)?)))
        .transpose()
}

pub(super) fn claim(
    db: &Connection,
    owner: &Owner,
    most: usize,
    now: i64,
    lease_until: i64,
) -> Result<Vec<DirtyContact>> {
    let mut found = Vec::new();
    {
        let mut statement = db.prepare_cached(
            "SELECT contact, generation, since, urgency FROM dirty
             WHERE (lease_until IS NULL OR lease_until <= ?1)
                 AND NOT EXISTS (
                 SELECT 1 FROM gone WHERE gone.contact = dirty.contact AND lost = 1)
             ORDER BY urgency DESC, since, contact LIMIT ?2",
        )?;
        let mut rows = statement.query(params![now, limit(most)])?;
        while let Some(row) = rows.next()? {
            found.push(DirtyContact {
                contact: ContactId(row.get(0)?),
                generation: row.get(1)?,
                since: time(row.get(2)?)?,
                urgency: urgency(row.get(3)?)?,
            });
        }
    }
    let mut lease = db.prepare_cached(
        "UPDATE dirty SET claimed = generation, since_claimed = NULL, owner = ?2, lease_until = ?3
         WHERE contact = ?1",
    )?;
    for dirty in &found {
        lease.execute(params![dirty.contact.0, owner.0, lease_until])?;
    }
    Ok(found)
}

/// The contact was scored as of this generation: clean, unless it changed since; then it may be
/// claimed at once.
pub(super) fn scored(db: &Connection, contact: ContactId, generation: i64) -> Result<()> {
    db.prepare_cached("DELETE FROM dirty WHERE contact = ?1 AND generation = ?2")?
        .execute(params![contact.0, generation])?;
    db.prepare_cached(
        "UPDATE dirty SET since = coalesce(since_claimed, since), since_claimed = NULL,
             claimed = NULL, owner = NULL, lease_until = NULL
         WHERE contact = ?1 AND claimed = ?2",
    )?
    .execute(params![contact.0, generation])?;
    Ok(())
}
