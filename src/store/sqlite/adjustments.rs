//! Points that people gave.

use super::{
    SqliteStore,
    codec::{SEGMENT, limit, micros, time},
    dirty, journal,
    targets::TargetRow,
};
use crate::domain::{Adjustment, ContactId, Scope, SegmentId, TopicKey, Urgency};
use crate::store::{Adjustments, NewAdjustment, Result};
use jiff::Timestamp;
use rusqlite::{Connection, Params, Row, params};
use std::collections::BTreeSet;

const COLUMNS: &str = "id, contact, segment, topic, points, author, reason, at, expires_at";

#[async_trait::async_trait]
impl Adjustments for SqliteStore {
    async fn add_adjustment(
        &self,
        adjustment: NewAdjustment,
        now: Timestamp,
    ) -> Result<Option<Adjustment>> {
        self.write(move |db| add(db, &adjustment, micros(now)))
            .await
    }

    async fn end_adjustment(&self, id: i64, at: Timestamp) -> Result<Option<Adjustment>> {
        self.write(move |db| end(db, id, micros(at))).await
    }

    async fn adjustments(
        &self,
        contact: Option<ContactId>,
        most: usize,
    ) -> Result<Vec<Adjustment>> {
        self.read(move |db| match contact {
            None => select(db, "ORDER BY id DESC LIMIT ?1", [limit(most)]),
            Some(contact) => match journal::resolve(db, contact)? {
                Some(contact) => of(db, contact, most),
                None => Ok(Vec::new()),
            },
        })
        .await
    }

    async fn adjusted_segments(&self, now: Timestamp) -> Result<BTreeSet<SegmentId>> {
        self.read(move |db| {
            let mut statement = db.prepare_cached(
                "SELECT DISTINCT segment FROM adjustment
                 WHERE segment IS NOT NULL AND (expires_at IS NULL OR expires_at > ?1)",
            )?;
            let rows = statement.query_map([micros(now)], |row| row.get(0).map(SegmentId))?;
            Ok(rows.collect::<std::result::Result<_, _>>()?)
        })
        .await
    }
}

fn add(db: &Connection, new: &NewAdjustment, now: i64) -> Result<Option<Adjustment>> {
    let (contact, segment) = match new.scope {
        Scope::Contact(contact) => match journal::resolve(db, contact)? {
            Some(contact) => (Some(contact), None),
            None => return Ok(None),
        },
        Scope::Segment(segment) => (None, Some(segment)),
    };
    if let Some(contact) = contact {
        db.prepare_cached("INSERT OR IGNORE INTO contact (id) VALUES (?1)")?
            .execute([contact.0])?;
    }
    db.prepare_cached(
        "INSERT INTO adjustment (contact, segment, topic, points, author, reason, at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        contact.map(|contact| contact.0),
        segment.map(|segment| segment.0),
        new.topic.0,
        new.points,
        new.author,
        new.reason,
        micros(new.at),
        new.expires_at.map(micros),
    ])?;
    let added = get(db, db.last_insert_rowid())?;
    added
        .iter()
        .try_for_each(|added| mark(db, added.scope, now))?;
    Ok(added)
}

fn end(db: &Connection, id: i64, at: i64) -> Result<Option<Adjustment>> {
    let ended = db
        .prepare_cached(
            "UPDATE adjustment SET expires_at = ?2
             WHERE id = ?1 AND (expires_at IS NULL OR expires_at > ?2)",
        )?
        .execute(params![id, at])?;
    let adjustment = get(db, id)?;
    if let (1, Some(adjustment)) = (ended, &adjustment) {
        mark(db, adjustment.scope, at)?;
    }
    Ok(adjustment)
}

/// Makes dirty whoever has the points: a contact at once, for a person waits; members of a segment
/// may be many.
fn mark(db: &Connection, scope: Scope, since: i64) -> Result<()> {
    let generation = dirty::next_generation(db)?;
    match scope {
        Scope::Contact(contact) => dirty::mark(db, contact, generation, since, Urgency::Fresh),
        Scope::Segment(segment) => {
            dirty::mark_members(db, segment, generation, since, Urgency::Bulk)
        }
    }
}

fn get(db: &Connection, id: i64) -> Result<Option<Adjustment>> {
    Ok(select(db, "WHERE id = ?1", [id])?.pop())
}

/// Those that concern one contact.
pub(super) fn of(db: &Connection, contact: ContactId, most: usize) -> Result<Vec<Adjustment>> {
    let which = "WHERE contact = ?1 OR segment IN (
                     SELECT id FROM target WHERE contact = ?1 AND kind = ?2 AND observed = 1)
                 ORDER BY id DESC LIMIT ?3";
    select(db, which, params![contact.0, SEGMENT, limit(most)])
}

/// Those of contacts (a list of ids as JSON) and those of all segments, by id.
pub(super) fn concerning(db: &Connection, contacts: &str) -> Result<Vec<Adjustment>> {
    let which = "WHERE contact IN (SELECT value FROM json_each(?1)) OR segment IS NOT NULL
                 ORDER BY id";
    select(db, which, [contacts])
}

/// Whether scores may follow from a change of membership: one against what we want, of a segment
/// that is none of ours, or of one that points hang on.
pub(super) fn membership_matters(
    db: &Connection,
    segment: SegmentId,
    before: &TargetRow,
    after: &TargetRow,
) -> Result<bool> {
    if after.membership_matters(before) {
        return Ok(true);
    }
    let mut hangs_on = db.prepare_cached("SELECT 1 FROM adjustment WHERE segment = ?1")?;
    Ok(after.membership_changed(before) && hangs_on.exists([segment.0])?)
}

fn select(db: &Connection, which: &str, parameters: impl Params) -> Result<Vec<Adjustment>> {
    let mut statement = db.prepare_cached(&format!("SELECT {COLUMNS} FROM adjustment {which}"))?;
    let mut rows = statement.query(parameters)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(adjustment(row)?);
    }
    Ok(found)
}

fn adjustment(row: &Row<'_>) -> Result<Adjustment> {
    let contact: Option<u32> = row.get(1)?;
    let scope = match contact {
        Some(contact) => Scope::Contact(ContactId(contact)),
        None => Scope::Segment(SegmentId(row.get(2)?)),
    };
    Ok(Adjustment {
        id: row.get(0)?,
        scope,
        topic: TopicKey(row.get(3)?),
        points: row.get(4)?,
        author: row.get(5)?,
        reason: row.get(6)?,
        at: time(row.get(7)?)?,
        expires_at: row.get::<_, Option<i64>>(8)?.map(time).transpose()?,
    })
}
