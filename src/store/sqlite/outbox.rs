//! Intents: claimed per contact, finished with what Mautic said.

use super::{
    SqliteStore, adjustments,
    codec::{micros, target_code, time, urgency_code},
    dirty, journal, leases, points_calls, reconcile, targets,
    targets::{Cause, TargetRow},
};
use crate::domain::{ContactId, NewCall};
use crate::store::{
    ContactIntents, Intent, Outbox, Owner, Reading, Result, Target, Urgency, WriteOutcome,
    WriteResult,
};
use jiff::Timestamp;
use rusqlite::{Connection, params};

#[async_trait::async_trait]
impl Outbox for SqliteStore {
    async fn claim_intents(
        &self,
        owner: &Owner,
        limit: usize,
        least: Urgency,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Vec<ContactIntents>> {
        let (owner, now, until) = (owner.clone(), micros(now), micros(lease_until));
        self.write(move |db| {
            leases::doubt_the_unfinished(db, now)?;
            let due = due_contacts(db, limit, least, now)?;
            claim(db, &owner, due, now, until)
        })
        .await
    }

    async fn begin_call(&self, owner: &Owner, call: NewCall, now: Timestamp) -> Result<bool> {
        let (owner, now) = (owner.clone(), micros(now));
        self.write(move |db| begin_call(db, &owner, &call, now))
            .await
    }

    async fn finish_writes(
        &self,
        owner: &Owner,
        results: Vec<WriteResult>,
        now: Timestamp,
    ) -> Result<()> {
        let (owner, now) = (owner.clone(), micros(now));
        self.write(move |db| {
            results
                .iter()
                .try_for_each(|result| finish(db, &owner, result, now))
        })
        .await
    }

    async fn release(&self, owner: &Owner, contacts: &[ContactId]) -> Result<()> {
        let (owner, contacts) = (owner.clone(), contacts.to_vec());
        self.write(move |db| {
            let mut statement =
                db.prepare_cached("DELETE FROM intent_lease WHERE contact = ?1 AND owner = ?2")?;
            for contact in contacts {
                statement.execute(params![contact.0, owner.0])?;
            }
            Ok(())
        })
        .await
    }

    async fn observe(&self, values: Vec<(ContactId, Target, i32)>, at: Timestamp) -> Result<()> {
        let at = micros(at);
        self.write(move |db| {
            values
                .iter()
                .try_for_each(|(contact, target, value)| observe(db, *contact, *target, *value, at))
        })
        .await
    }

    async fn compare(
        &self,
        values: Vec<(ContactId, Target, i32)>,
        at: Timestamp,
    ) -> Result<Vec<Reading>> {
        let at = micros(at);
        self.read(move |db| {
            let mut readings = Vec::new();
            for (contact, target, value) in values {
                readings.extend(reconcile::compare(db, contact, target, value, at)?);
            }
            Ok(readings)
        })
        .await
    }

    async fn reconcile(
        &self,
        values: Vec<(ContactId, Target, i32)>,
        at: Timestamp,
    ) -> Result<Vec<Reading>> {
        let at = micros(at);
        self.write(move |db| {
            let mut readings = Vec::new();
            for (contact, target, value) in &values {
                readings.extend(reconcile::take_over(db, *contact, *target, *value, at)?);
            }
            Ok(readings)
        })
        .await
    }

    async fn unpark_intents_of(&self, contacts: &[ContactId]) -> Result<u64> {
        let contacts = contacts.to_vec();
        self.write(move |db| {
            let mut statement = db.prepare_cached(
                "UPDATE target SET parked = 0, not_before = unsettled_until
                 WHERE parked = 1 AND contact = ?1",
            )?;
            let mut unparked = 0;
            for contact in &contacts {
                unparked += statement.execute([contact.0])? as u64;
            }
            Ok(unparked)
        })
        .await
    }

    async fn unpark_intents(&self) -> Result<u64> {
        self.write(|db| {
            let unparked = db.execute(
                "UPDATE target SET parked = 0, not_before = unsettled_until WHERE parked = 1",
                [],
            )?;
            Ok(unparked as u64)
        })
        .await
    }

    async fn next_due(&self, least: Urgency, now: Timestamp) -> Result<Option<Timestamp>> {
        let now = micros(now);
        self.read(move |db| next_due(db, least, now)?.map(time).transpose())
            .await
    }
}

fn claim(
    db: &Connection,
    owner: &Owner,
    due: Vec<ContactId>,
    now: i64,
    until: i64,
) -> Result<Vec<ContactIntents>> {
    let mut lease = db.prepare_cached(
        "INSERT OR REPLACE INTO intent_lease (contact, owner, since, until)
         VALUES (?1, ?2, ?3, ?4)",
    )?;
    let mut claimed = Vec::new();
    for contact in due {
        lease.execute(params![contact.0, owner.0, now, until])?;
        let mut intents = Vec::new();
        for (target, row) in targets::load_all(db, contact)? {
            if row.pending() && !row.parked && row.not_before <= now {
                intents.extend(intent(db, contact, target, row)?);
            }
        }
        claimed.push(ContactIntents { contact, intents });
    }
    Ok(claimed)
}

/// The intent of a row that is due; `None` for points to be added while the contact waits to be
/// scored: the difference is of what is known.
fn intent(
    db: &Connection,
    contact: ContactId,
    target: Target,
    row: TargetRow,
) -> Result<Option<Intent>> {
    if !row.way.adds() {
        return row.intent(target);
    }
    if dirty::is_dirty(db, contact)? {
        return Ok(None);
    }
    let known = points_calls::known(db, contact, target)?;
    let intent = row.intent(target)?;
    Ok(intent.map(|intent| Intent {
        known: Some(known),
        ..intent
    }))
}

fn begin_call(db: &Connection, owner: &Owner, new: &NewCall, now: i64) -> Result<bool> {
    let held = leases::held_by(db, new.contact, owner, now)?;
    let wanted = targets::load(db, new.contact, new.target)?.generation == new.generation;
    let begins = held && wanted && !dirty::is_dirty(db, new.contact)?;
    Ok(begins && points_calls::begin(db, new)?)
}

fn due_contacts(db: &Connection, most: usize, least: Urgency, now: i64) -> Result<Vec<ContactId>> {
    let mut statement = db.prepare_cached(
        "SELECT contact FROM target
         WHERE pending = 1 AND parked = 0 AND not_before <= ?1 AND urgency >= ?2
             AND (way = 0 OR NOT EXISTS (SELECT 1 FROM dirty WHERE dirty.contact = target.contact))
             AND NOT EXISTS (
             SELECT 1 FROM intent_lease AS held
             WHERE held.contact = target.contact AND held.until > ?1)
             AND NOT EXISTS (SELECT 1 FROM gone WHERE gone.contact = target.contact AND lost = 1)
         ORDER BY urgency DESC, caused_at, contact",
    )?;
    let mut rows = statement.query(params![now, urgency_code(least)])?;
    let (mut due, mut seen) = (Vec::new(), std::collections::HashSet::new());
    while due.len() < most {
        let Some(row) = rows.next()? else {
            break;
        };
        let contact = ContactId(row.get(0)?);
        if seen.insert(contact) {
            due.push(contact);
        }
    }
    Ok(due)
}

/// When the lease that covers a write began: what was seen under it is not older.
fn seen_from(db: &Connection, contact: ContactId, now: i64) -> Result<i64> {
    Ok(leases::held_since(db, contact)?.map_or(now, |since| since.min(now)))
}

fn finish(db: &Connection, owner: &Owner, result: &WriteResult, now: i64) -> Result<()> {
    for (marker, fate) in &result.fates {
        points_calls::end(db, marker, *fate, now)?;
    }
    let Some(contact) = journal::resolve(db, result.contact)? else {
        return Ok(());
    };
    let before = targets::load(db, contact, result.target)?;
    log(db, contact, result, &before)?;
    let mut after = before.clone();
    if contact == result.contact && leases::holds(db, contact, owner)? {
        after.attempted(result, seen_from(db, contact, now)?, now);
    } else {
        // Merged away meanwhile: the write was lost with the loser, or changed the winner. Or held
        // for so long that somebody else may have written since.
        after.doubt(leases::doubt_from(db, contact, now)?);
        if let WriteOutcome::RetryAt {
            unsettled_until: Some(until),
            ..
        } = result.outcome
        {
            after.unsettled(micros(until));
        }
    }
    keep(db, contact, result.target, &before, after, now)
}

/// Stores a row that a look of ours changed; a membership that nobody expected is a changed fact.
pub(super) fn keep(
    db: &Connection,
    contact: ContactId,
    target: Target,
    before: &TargetRow,
    after: TargetRow,
    now: i64,
) -> Result<()> {
    let cause = Cause {
        at: now,
        urgency: Urgency::Bulk,
    };
    if let Target::Segment(segment) = target
        && adjustments::membership_matters(db, segment, before, &after)?
    {
        let known = db
            .prepare_cached("SELECT 1 FROM contact WHERE id = ?1")?
            .exists([contact.0])?;
        if known {
            let generation = dirty::next_generation(db)?;
            dirty::mark(db, contact, generation, cause.at, cause.urgency)?;
        }
    }
    targets::save(db, contact, target, before, after, cause)
}

impl TargetRow {
    fn attempted(&mut self, result: &WriteResult, from: i64, now: i64) {
        let current = self.generation == result.generation;
        match &result.outcome {
            WriteOutcome::Holds { value, .. } => {
                self.look(*value, from, now);
                self.last_error = None;
                if !current {
                    self.caused_at = self.desired_since;
                }
            }
            WriteOutcome::RetryAt {
                not_before,
                error,
                suspect,
                unsettled_until,
            } => {
                if *suspect {
                    self.doubt(now);
                }
                if current {
                    self.attempts = self.attempts.saturating_add(1);
                    self.not_before = micros(*not_before);
                    self.last_error = Some(error.clone());
                }
                self.unsettled(unsettled_until.map_or(0, micros));
            }
            WriteOutcome::Parked { error } => {
                if current {
                    self.parked = true;
                    self.last_error = Some(error.clone());
                }
            }
        }
    }
}

fn log(db: &Connection, contact: ContactId, result: &WriteResult, row: &TargetRow) -> Result<()> {
    let Some(record) = &result.record else {
        return Ok(());
    };
    let (outcome, written) = match result.outcome {
        WriteOutcome::Holds { written, .. } => ("holds", written),
        WriteOutcome::RetryAt { .. } => ("retry", false),
        WriteOutcome::Parked { .. } => ("parked", false),
    };
    let reason = if row.generation == result.generation {
        row.reason.clone()
    } else {
        format!("superseded meanwhile by: {}", row.reason)
    };
    let at = micros(record.at);
    let delay = (at - row.caused_at) / 1_000 + i64::from(record.took_ms);
    let (kind, id) = target_code(result.target);
    db.prepare_cached(
        "INSERT INTO write_log (contact, kind, target, desired, reason, outcome, caused_at, at,
             request, status, answer, took_ms, delay_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    )?
    .execute(params![
        contact.0,
        kind,
        id,
        result.desired,
        reason,
        outcome,
        row.caused_at,
        at,
        record.request,
        record.status,
        record.answer,
        record.took_ms,
        written.then_some(delay.max(0)),
    ])?;
    Ok(())
}

fn observe(db: &Connection, told: ContactId, target: Target, value: i32, at: i64) -> Result<()> {
    let Some(contact) = journal::resolve(db, told)? else {
        return Ok(());
    };
    let before = targets::load(db, contact, target)?;
    let mut after = before.clone();
    if contact != told {
        after.doubt(at);
    } else if before.observed_at.is_none_or(|seen| seen <= at) {
        after.look(value, at, at);
    }
    keep(db, contact, target, &before, after, at)
}

/// Waiting intents by the time they may be tried; of held contacts when the lease ends.
fn next_due(db: &Connection, least: Urgency, now: i64) -> Result<Option<i64>> {
    let mut statement = db.prepare_cached(
        "SELECT target.not_before, held.until FROM target
         LEFT JOIN intent_lease AS held ON held.contact = target.contact AND held.until > ?1
         WHERE pending = 1 AND parked = 0 AND urgency >= ?2
             AND (way = 0 OR NOT EXISTS (SELECT 1 FROM dirty WHERE dirty.contact = target.contact))
             AND NOT EXISTS (SELECT 1 FROM gone WHERE gone.contact = target.contact AND lost = 1)
         ORDER BY not_before",
    )?;
    let mut rows = statement.query(params![now, urgency_code(least)])?;
    let mut earliest: Option<i64> = None;
    while let Some(row) = rows.next()? {
        let not_before = row.get::<_, i64>(0)?.max(now);
        if earliest.is_some_and(|earliest| earliest <= not_before) {
            break;
        }
        let until: Option<i64> = row.get(1)?;
        let due = until.map_or(not_before, |until| until.max(not_before));
        earliest = Some(earliest.map_or(due, |earliest| earliest.min(due)));
    }
    Ok(earliest)
}
