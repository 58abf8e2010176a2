//! Scores: from dirty contacts to stored scores and desired values.

use super::{
    SqliteStore,
    codec::{limit, micros},
    dirty, effects, journal, points_calls, snapshots, targets,
    targets::{Cause, TargetRow},
};
use crate::domain::{ContactId, DesiredValue, TopicKey, Way};
use crate::store::{
    DirtyContact, Histories, Keep, Owner, Result, ScoreCommit, Scores, Snapshot, StoredScore,
    Target, Urgency,
};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::HashMap;

/// Contacts made dirty per transaction, so that deliveries never wait long.
const CHUNK: usize = 5_000;

#[async_trait::async_trait]
impl Scores for SqliteStore {
    async fn claim_dirty(
        &self,
        owner: &Owner,
        limit: usize,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Vec<DirtyContact>> {
        let (owner, now, until) = (owner.clone(), micros(now), micros(lease_until));
        self.write(move |db| dirty::claim(db, &owner, limit, now, until))
            .await
    }

    async fn snapshots(&self, contacts: &[ContactId]) -> Result<Vec<Snapshot>> {
        let contacts = contacts.to_vec();
        self.read(move |db| snapshots::read(db, &contacts)).await
    }

    async fn histories(
        &self,
        contacts: &[ContactId],
        rows: usize,
        keep: Option<Keep>,
    ) -> Result<Histories> {
        let contacts = contacts.to_vec();
        self.read(move |db| snapshots::read_some(db, &contacts, rows, keep.as_deref()))
            .await
    }

    async fn commit_scores(&self, commits: Vec<ScoreCommit>) -> Result<()> {
        self.write(move |db| commits.iter().try_for_each(|commit| store(db, commit)))
            .await
    }

    async fn mark_due(&self, now: Timestamp) -> Result<u64> {
        let (now, mut marked) = (micros(now), 0);
        loop {
            let count = self.write(move |db| mark_due(db, now)).await?;
            marked += count as u64;
            if count < CHUNK {
                return Ok(marked);
            }
        }
    }

    async fn mark_outdated(&self, plan: &str, now: Timestamp) -> Result<u64> {
        let (now, mut marked, mut after) = (micros(now), 0, -1);
        loop {
            let plan = plan.to_owned();
            let ids = self
                .write(move |db| mark_outdated(db, &plan, after, now))
                .await?;
            marked += ids.len() as u64;
            match ids.last() {
                Some(last) if ids.len() == CHUNK => after = i64::from(last.0),
                _ => return Ok(marked),
            }
        }
    }

    async fn is_scored(&self, up_to: Timestamp, now: Timestamp) -> Result<bool> {
        let (up_to, now) = (micros(up_to), micros(now));
        self.read(move |db| {
            let unscored = db
                .prepare_cached(
                    "SELECT 1 FROM dirty WHERE (since <= ?1 OR since > ?2) AND NOT EXISTS (
                         SELECT 1 FROM gone WHERE gone.contact = dirty.contact AND lost = 1)",
                )?
                .exists([up_to, now])?;
            Ok(!unscored)
        })
        .await
    }

    async fn scores(&self, contact: ContactId) -> Result<Vec<StoredScore>> {
        self.read(move |db| match journal::resolve(db, contact)? {
            Some(contact) => read(db, contact),
            None => Ok(Vec::new()),
        })
        .await
    }
}

/// A contact's scores, by topic.
pub(super) fn read(db: &Connection, contact: ContactId) -> Result<Vec<StoredScore>> {
    let mut statement = db.prepare_cached(
        "SELECT topic, score, raw, band FROM score WHERE contact = ?1 ORDER BY topic",
    )?;
    let rows = statement.query_map([contact.0], |row| {
        Ok(StoredScore {
            topic: TopicKey(row.get(0)?),
            score: row.get(1)?,
            raw: row.get(2)?,
            band: row.get(3)?,
        })
    })?;
    Ok(rows.collect::<std::result::Result<_, _>>()?)
}

/// Stores one contact's commit, unless the contact is gone or a newer commit came first.
fn store(db: &Connection, commit: &ScoreCommit) -> Result<()> {
    let (contact, at) = (commit.dirty.contact, micros(commit.at));
    let last: Option<(i64, Option<i64>)> = db
        .prepare_cached("SELECT scored_generation, scored_at FROM contact WHERE id = ?1")?
        .query_row([contact.0], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let this = (commit.dirty.generation, Some(at));
    if last.is_none_or(|last| last > this) {
        return Ok(());
    }
    store_scores(db, contact, &commit.scores)?;
    effects::fire(db, commit)?;
    store_desired(db, commit)?;
    db.prepare_cached(
        "UPDATE contact SET plan = ?2, scored_at = ?3, scored_generation = ?4, next_change = ?5
         WHERE id = ?1",
    )?
    .execute(params![
        contact.0,
        commit.plan,
        at,
        commit.dirty.generation,
        commit.next_change.map(micros),
    ])?;
    dirty::scored(db, contact, commit.dirty.generation)
}

fn store_scores(db: &Connection, contact: ContactId, scores: &[StoredScore]) -> Result<()> {
    let mut sorted: Vec<&StoredScore> = scores.iter().collect();
    sorted.sort_by(|a, b| a.topic.cmp(&b.topic));
    if read(db, contact)?.iter().eq(sorted) {
        return Ok(());
    }
    db.prepare_cached("DELETE FROM score WHERE contact = ?1")?
        .execute([contact.0])?;
    let mut insert = db.prepare_cached(
        "INSERT OR REPLACE INTO score (contact, topic, score, raw, band)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for score in scores {
        insert.execute(params![
            contact.0,
            score.topic.0,
            score.score,
            score.raw,
            score.band
        ])?;
    }
    Ok(())
}

/// Targets that are not among the desired ones any more (the plan changed) are wanted no more.
fn store_desired(db: &Connection, commit: &ScoreCommit) -> Result<()> {
    let (contact, since) = (commit.dirty.contact, micros(commit.dirty.since));
    let generation = dirty::next_generation(db)?;
    let rows = targets::load_all(db, contact)?;
    let mut rows: HashMap<Target, TargetRow> = rows.into_iter().collect();
    for desired in &commit.desired {
        let urgency = desired.urgency.max(commit.dirty.urgency);
        let before = rows
            .remove(&desired.target)
            .unwrap_or_else(TargetRow::unseen);
        let mut after = before.clone();
        look_at(db, contact, &mut after, desired, since)?;
        after.want(Some(desired.value), &desired.reason, since, generation);
        if before.pending() {
            after.urgency = before.urgency.max(urgency);
        }
        let cause = Cause { at: since, urgency };
        targets::save(db, contact, desired.target, &before, after, cause)?;
    }
    let cause = Cause {
        at: since,
        urgency: Urgency::Bulk,
    };
    for (target, before) in rows {
        let mut after = before.clone();
        after.want(None, "", since, generation);
        targets::save(db, contact, target, &before, after, cause)?;
    }
    Ok(())
}

/// Takes over how the value is to be brought about. What was observed for another way tells
/// nothing; of main points, what was told of them serves until they are looked at.
fn look_at(
    db: &Connection,
    contact: ContactId,
    row: &mut TargetRow,
    desired: &DesiredValue,
    since: i64,
) -> Result<()> {
    if row.way == desired.way && (row.observed.is_some() || !desired.way.adds()) {
        return Ok(());
    }
    row.way = desired.way;
    row.observed = match (desired.target, desired.way) {
        (Target::Points, Way::Add) => told_points(db, contact)?,
        (Target::Points, Way::AddToLogged) => {
            points_calls::known(db, contact, Target::Points)?.logged
        }
        _ => None,
    }
    .and_then(|points| i32::try_from(points).ok());
    row.looked = false;
    if row.observed.is_none() {
        row.doubt(since);
    }
    Ok(())
}

fn told_points(db: &Connection, contact: ContactId) -> Result<Option<i64>> {
    let mut statement = db.prepare_cached("SELECT points FROM contact WHERE id = ?1")?;
    let told: Option<Option<i64>> = statement
        .query_row([contact.0], |row| row.get(0))
        .optional()?;
    Ok(told.flatten())
}

fn mark_due(db: &Connection, now: i64) -> Result<usize> {
    let mut statement = db.prepare_cached(
        "UPDATE contact SET next_change = NULL WHERE id IN (
             SELECT id FROM contact WHERE next_change <= ?1 ORDER BY next_change LIMIT ?2)
         RETURNING id",
    )?;
    let rows = statement.query_map(params![now, limit(CHUNK)], |row| row.get(0).map(ContactId))?;
    let due: Vec<ContactId> = rows.collect::<std::result::Result<_, _>>()?;
    mark_all(db, &due, now)?;
    Ok(due.len())
}

fn mark_outdated(db: &Connection, plan: &str, after: i64, now: i64) -> Result<Vec<ContactId>> {
    let mut statement = db.prepare_cached(
        "SELECT id FROM contact WHERE id > ?1 AND plan IS NOT ?2 ORDER BY id LIMIT ?3",
    )?;
    let rows = statement.query_map(params![after, plan, limit(CHUNK)], |row| {
        row.get(0).map(ContactId)
    })?;
    let outdated: Vec<ContactId> = rows.collect::<std::result::Result<_, _>>()?;
    mark_all(db, &outdated, now)?;
    Ok(outdated)
}

fn mark_all(db: &Connection, contacts: &[ContactId], now: i64) -> Result<()> {
    if contacts.is_empty() {
        return Ok(());
    }
    let generation = dirty::next_generation(db)?;
    contacts
        .iter()
        .try_for_each(|contact| dirty::mark(db, *contact, generation, now, Urgency::Bulk))
}
