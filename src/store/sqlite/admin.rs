//! Questions of the admin interface.

use super::{
    SqliteStore,
    codec::{from_json, limit, micros, target, time},
    journal, scores, targets,
};
use crate::domain::{ContactId, Profile, SegmentId};
use crate::store::{
    Admin, ContactOverview, Counts, ParkedItem, Result, Target, WriteRecord, WriteSummary,
};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Params, Row, params};

#[async_trait::async_trait]
impl Admin for SqliteStore {
    async fn counts(&self) -> Result<Counts> {
        self.read(counts).await
    }

    async fn contact_overview(&self, contact: ContactId) -> Result<Option<ContactOverview>> {
        self.read(move |db| match journal::resolve(db, contact)? {
            Some(contact) => overview(db, contact),
            None => Ok(None),
        })
        .await
    }

    async fn contact_ids(&self, after: Option<ContactId>, most: usize) -> Result<Vec<ContactId>> {
        let after = after.map_or(-1, |contact| i64::from(contact.0));
        self.read(move |db| {
            let mut statement =
                db.prepare_cached("SELECT id FROM contact WHERE id > ?1 ORDER BY id LIMIT ?2")?;
            let rows = statement
                .query_map(params![after, limit(most)], |row| row.get(0).map(ContactId))?;
            Ok(rows.collect::<std::result::Result<_, _>>()?)
        })
        .await
    }

    async fn recent_writes(&self, most: usize) -> Result<Vec<WriteSummary>> {
        self.read(move |db| writes(db, "ORDER BY id DESC LIMIT ?1", [limit(most)]))
            .await
    }

    async fn contact_writes(&self, contact: ContactId, most: usize) -> Result<Vec<WriteSummary>> {
        self.read(move |db| {
            let Some(contact) = journal::resolve(db, contact)? else {
                return Ok(Vec::new());
            };
            writes_of(db, contact, most)
        })
        .await
    }

    async fn parked_items(&self, most: usize) -> Result<Vec<ParkedItem>> {
        self.read(move |db| parked_items(db, most)).await
    }

    async fn write_delays(&self, since: Timestamp, most: usize) -> Result<Vec<u64>> {
        let since = micros(since);
        self.read(move |db| {
            let mut statement = db.prepare_cached(
                "SELECT delay_ms FROM write_log WHERE delay_ms IS NOT NULL AND caused_at >= ?1
                 ORDER BY id DESC LIMIT ?2",
            )?;
            let rows = statement.query_map(params![since, limit(most)], |row| row.get(0))?;
            let mut delays: Vec<u64> = rows.collect::<std::result::Result<_, _>>()?;
            delays.sort_unstable();
            Ok(delays)
        })
        .await
    }

    async fn probe(&self) -> Result<()> {
        self.write(|db| {
            // Both are committed: a full disk or a broken one is noticed.
            db.prepare_cached("INSERT INTO probe DEFAULT VALUES")?
                .execute([])?;
            db.prepare_cached("DELETE FROM probe")?.execute([])?;
            Ok(())
        })
        .await
    }
}

fn counts(db: &Connection) -> Result<Counts> {
    let count =
        |sql: &str| -> Result<u64> { Ok(db.prepare_cached(sql)?.query_row([], |row| row.get(0))?) };
    Ok(Counts {
        contacts: count("SELECT count(*) FROM contact")?,
        activities: count("SELECT count(*) FROM activity")?,
        // Rows of deliveries are numbered without gaps; counting them would be a scan.
        deliveries: count("SELECT coalesce(max(id), 0) FROM delivery")?,
        undecoded: count("SELECT count(*) FROM delivery WHERE decoded = 0")?,
        parked: count("SELECT count(*) FROM parked")?,
        dirty: count("SELECT count(*) FROM dirty")?,
        scores: count("SELECT count(*) FROM score")?,
        pending_intents: count("SELECT count(*) FROM target WHERE pending = 1 AND parked = 0")?
            + count("SELECT count(*) FROM target WHERE pending = 1 AND parked = 1")?,
        parked_intents: count("SELECT count(*) FROM target WHERE pending = 1 AND parked = 1")?,
        pending_effects: count("SELECT count(*) FROM effect WHERE state < 2")?,
        failed_effects: count("SELECT count(*) FROM effect WHERE state = 3 AND state > 2")?,
        unknown_effects: count("SELECT count(*) FROM effect WHERE state = 4 AND state > 2")?,
        writes: count("SELECT count(*) FROM write_log")?,
        merged: count("SELECT count(*) FROM alias")?,
        deleted: count("SELECT count(*) FROM tombstone")?,
    })
}

pub(super) fn overview(db: &Connection, contact: ContactId) -> Result<Option<ContactOverview>> {
    type Known = (
        Option<String>,
        Option<i64>,
        Option<String>,
        Option<i64>,
        Option<i64>,
    );
    let known: Option<Known> = db
        .prepare_cached(
            "SELECT profile, points, plan, scored_at, next_change FROM contact WHERE id = ?1",
        )?
        .query_row([contact.0], |row| row.try_into())
        .optional()?;
    let Some((profile, observed_points, plan, scored_at, next_change)) = known else {
        return Ok(None);
    };
    let profile: Option<Profile> = profile.as_deref().map(from_json).transpose()?;
    let rows = targets::load_all(db, contact)?;
    let segments = rows.iter().filter_map(|(target, row)| match target {
        Target::Segment(segment) if row.observed == Some(1) => Some(*segment),
        _ => None,
    });
    let segments: Vec<SegmentId> = segments.collect();
    let targets: Result<Vec<_>> = rows
        .into_iter()
        .map(|(target, row)| row.state(target))
        .collect();
    let scored = match (scored_at, plan) {
        (Some(at), Some(plan)) => Some((time(at)?, plan)),
        _ => None,
    };
    Ok(Some(ContactOverview {
        contact,
        profile,
        observed_points,
        scores: scores::read(db, contact)?,
        segments,
        targets: targets?,
        merged_from: merged_from(db, contact)?,
        scored,
        next_change: next_change.map(time).transpose()?,
    }))
}

pub(super) fn merged_from(db: &Connection, contact: ContactId) -> Result<Vec<ContactId>> {
    let mut statement =
        db.prepare_cached("SELECT loser FROM alias WHERE winner = ?1 ORDER BY loser")?;
    let rows = statement.query_map([contact.0], |row| row.get(0).map(ContactId))?;
    Ok(rows.collect::<std::result::Result<_, _>>()?)
}

fn parked_items(db: &Connection, most: usize) -> Result<Vec<ParkedItem>> {
    let mut statement =
        db.prepare_cached("SELECT id, kind, reason, at FROM parked ORDER BY id DESC LIMIT ?1")?;
    let mut rows = statement.query([limit(most)])?;
    let mut items = Vec::new();
    while let Some(row) = rows.next()? {
        items.push(ParkedItem {
            id: row.get(0)?,
            kind: row.get(1)?,
            reason: row.get(2)?,
            at: time(row.get(3)?)?,
        });
    }
    Ok(items)
}

/// A contact's writes, newest first.
pub(super) fn writes_of(
    db: &Connection,
    contact: ContactId,
    most: usize,
) -> Result<Vec<WriteSummary>> {
    let which = "WHERE contact = ?1 ORDER BY id DESC LIMIT ?2";
    writes(db, which, params![contact.0, limit(most)])
}

fn writes(db: &Connection, which: &str, parameters: impl Params) -> Result<Vec<WriteSummary>> {
    let mut statement = db.prepare_cached(&format!(
        "SELECT contact, kind, target, desired, reason, outcome, caused_at, at, request, status,
                answer, took_ms
         FROM write_log {which}"
    ))?;
    let mut rows = statement.query(parameters)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(summary(row)?);
    }
    Ok(found)
}

fn summary(row: &Row<'_>) -> Result<WriteSummary> {
    Ok(WriteSummary {
        contact: ContactId(row.get(0)?),
        target: target(row.get(1)?, row.get(2)?)?.to_string(),
        desired: row.get(3)?,
        reason: row.get(4)?,
        outcome: row.get(5)?,
        caused_at: time(row.get(6)?)?,
        record: WriteRecord {
            at: time(row.get(7)?)?,
            request: row.get(8)?,
            status: row.get(9)?,
            answer: row.get(10)?,
            took_ms: row.get(11)?,
        },
    })
}
