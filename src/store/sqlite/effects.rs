//! Effects: made with the scores that fire them, claimed by contact, finished by number.

use super::{
    SqliteStore, begun,
    codec::{effect_state, effect_state_code, from_json, limit, micros, time, to_json},
    codec::{urgency, urgency_code},
    journal, leases, restored,
};
use crate::domain::{
    ContactEffects, ContactId, Effect, EffectId, EffectOutcome, EffectState, Firing, RuleKey,
    Started,
};
use crate::store::{EffectQuery, Effects, Owner, Result, ScoreCommit, StoreError, Urgency};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Params, Row, params};
use serde::{Deserialize, Serialize};
use std::{collections::HashSet, sync::Arc};

/// What is told of the trigger, as stored.
#[derive(Debug, Serialize, Deserialize)]
struct Context {
    name: String,
    reason: String,
    scores: Vec<(String, i32)>,
}

#[async_trait::async_trait]
impl Effects for SqliteStore {
    async fn claim_effects(
        &self,
        owner: &Owner,
        limit: usize,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Vec<ContactEffects>> {
        let (owner, now, until) = (owner.clone(), micros(now), micros(lease_until));
        self.write(move |db| {
            // The lease taken below may be one that a writer of intents let run out.
            leases::doubt_the_unfinished(db, now)?;
            let due = due_contacts(db, limit, now)?;
            due.into_iter()
                .map(|contact| claim(db, &owner, contact, now, until))
                .collect()
        })
        .await
    }

    async fn mark_started(
        &self,
        owner: &Owner,
        effect: EffectId,
        mark: Option<u64>,
        now: Timestamp,
    ) -> Result<bool> {
        let (owner, now) = (owner.clone(), micros(now));
        let started = self
            .write(move |db| start(db, &owner, effect, mark, now))
            .await?;
        let Some(number) = started else {
            return Ok(false);
        };
        let begun = Arc::clone(&self.begun);
        let kept = tokio::task::spawn_blocking(move || begun.keep(&number)).await;
        let kept = kept.map_err(|error| StoreError::Database(error.to_string()));
        if let Err(error) = kept.flatten() {
            // Nothing was done yet: it may be tried again.
            self.write(move |db| put_back(db, effect)).await?;
            return Err(error);
        }
        Ok(true)
    }

    async fn caught_up(&self, now: Timestamp) -> Result<()> {
        let now = micros(now);
        self.write(move |db| restored::caught_up(db, now)).await
    }

    async fn finish_effect(
        &self,
        effect: EffectId,
        outcome: EffectOutcome,
        now: Timestamp,
    ) -> Result<()> {
        let now = micros(now);
        self.write(move |db| finish(db, effect, &outcome, now))
            .await
    }

    async fn next_effect_due(&self, now: Timestamp) -> Result<Option<Timestamp>> {
        let now = micros(now);
        self.read(move |db| {
            let due: Option<i64> = db
                .prepare_cached(
                    "SELECT min(not_before) FROM effect WHERE state < 2 AND not_before > ?1",
                )?
                .query_row([now], |row| row.get(0))?;
            due.map(time).transpose()
        })
        .await
    }

    async fn expire_effects(
        &self,
        wanted_before: Timestamp,
        why: &str,
        now: Timestamp,
    ) -> Result<u64> {
        let (before, why, now) = (micros(wanted_before), why.to_owned(), micros(now));
        self.write(move |db| {
            let expired = db.execute(
                "UPDATE effect SET state = 5, last_error = ?2, finished_at = ?3
                 WHERE state = 0 AND attempts = 0 AND wanted_at < ?1
                     AND json_extract(action, '$.do') IN ('send_email', 'mail', 'webhook')",
                params![before, why, now],
            )?;
            Ok(expired as u64)
        })
        .await
    }

    async fn effects(&self, query: &EffectQuery, most: usize) -> Result<Vec<Effect>> {
        let query = query.clone();
        self.read(move |db| list(db, &query, most)).await
    }

    async fn retry_effect(&self, effect: EffectId, now: Timestamp) -> Result<bool> {
        let now = micros(now);
        self.write(move |db| {
            let retried = db
                .prepare_cached(
                    "UPDATE effect SET state = 0, attempts = 0, not_before = 0, wanted_at = ?2,
                         started_at = NULL, mark = NULL, finished_at = NULL
                     WHERE id = ?1 AND state > 2",
                )?
                .execute(params![effect.0, now])?;
            Ok(retried == 1)
        })
        .await
    }
}

/// Keeps that triggers fired, and what they do: once for each crossing, however often it is told.
pub(super) fn fire(db: &Connection, commit: &ScoreCommit) -> Result<()> {
    let contact = commit.dirty.contact;
    let mut rearmed = db.prepare_cached(
        "UPDATE fired SET rearmed_at = ?3 WHERE contact = ?1 AND rule = ?2 AND rearmed_at IS NULL",
    )?;
    for (rule, at) in &commit.rearmed {
        rearmed.execute(params![contact.0, rule.0, micros(*at)])?;
    }
    for firing in &commit.firings {
        let newer = db
            .prepare_cached(
                "INSERT INTO fired (contact, rule, crossed_at) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO UPDATE SET crossed_at = excluded.crossed_at, rearmed_at = NULL
                 WHERE excluded.crossed_at > crossed_at",
            )?
            .execute(params![
                contact.0,
                firing.trigger.0,
                micros(firing.crossed_at)
            ])?;
        if newer == 1 {
            make(db, commit, firing)?;
            let rule = &firing.trigger.0;
            restored::leave_old_effects(db, contact.0, rule, firing.crossed_at, commit.at)?;
        }
    }
    Ok(())
}

fn make(db: &Connection, commit: &ScoreCommit, firing: &Firing) -> Result<()> {
    let context = to_json(&Context {
        name: firing.name.clone(),
        reason: firing.reason.clone(),
        scores: firing.scores.clone(),
    })?;
    // Recomputing everything fires by the thousand; nobody waits for those.
    let urgency = match commit.dirty.urgency {
        Urgency::Bulk => Urgency::Bulk,
        Urgency::Fresh | Urgency::Crossing => Urgency::Crossing,
    };
    let mut insert = db.prepare_cached(
        "INSERT OR IGNORE INTO effect (contact, rule, crossed_at, ordinal, lane, action, context,
             fired_at, wanted_at, caused_at, urgency)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8, ?9, ?10)",
    )?;
    for (ordinal, action) in firing.actions.iter().enumerate() {
        insert.execute(params![
            commit.dirty.contact.0,
            firing.trigger.0,
            micros(firing.crossed_at),
            limit(ordinal),
            action.lane(),
            to_json(action)?,
            context,
            micros(commit.at),
            micros(commit.dirty.since),
            urgency_code(urgency),
        ])?;
    }
    Ok(())
}

/// Marks an effect as started; `None` if it must not be done.
fn start(
    db: &Connection,
    owner: &Owner,
    effect: EffectId,
    mark: Option<u64>,
    now: i64,
) -> Result<Option<begun::Begin>> {
    let started = db
        .prepare_cached(
            "UPDATE effect SET state = 1, started_at = ?3, mark = ?4
             WHERE id = ?1 AND state = 0 AND EXISTS (
                 SELECT 1 FROM intent_lease AS held
                 WHERE held.contact = effect.contact AND held.owner = ?2
                     AND held.until > ?3)",
        )?
        .execute(params![effect.0, owner.0, now, mark])?;
    (started == 1).then(|| begun::next(db, now)).transpose()
}

fn put_back(db: &Connection, effect: EffectId) -> Result<()> {
    db.prepare_cached(
        "UPDATE effect SET state = 0, started_at = NULL, mark = NULL WHERE id = ?1 AND state = 1",
    )?
    .execute([effect.0])?;
    Ok(())
}

/// Contacts of which the first effect of a lane is due.
fn due_contacts(db: &Connection, most: usize, now: i64) -> Result<Vec<ContactId>> {
    let mut statement = db.prepare_cached(
        "SELECT contact FROM effect
         WHERE state < 2 AND not_before <= ?1 AND NOT EXISTS (
             SELECT 1 FROM effect AS earlier
             WHERE earlier.contact = effect.contact AND earlier.lane = effect.lane
                 AND earlier.state < 2 AND earlier.id < effect.id AND earlier.not_before > ?1)
         AND NOT EXISTS (
             SELECT 1 FROM intent_lease AS held
             WHERE held.contact = effect.contact AND held.until > ?1)
         AND NOT EXISTS (
             SELECT 1 FROM target
             WHERE target.contact = effect.contact AND target.pending = 1 AND target.parked = 0)
         AND NOT EXISTS (SELECT 1 FROM gone WHERE gone.contact = effect.contact AND lost = 1)
         ORDER BY urgency DESC, id",
    )?;
    let mut rows = statement.query([now])?;
    let (mut due, mut seen) = (Vec::new(), HashSet::new());
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

fn claim(
    db: &Connection,
    owner: &Owner,
    contact: ContactId,
    now: i64,
    until: i64,
) -> Result<ContactEffects> {
    db.prepare_cached(
        "INSERT OR REPLACE INTO intent_lease (contact, owner, since, until)
         VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![contact.0, owner.0, now, until])?;
    let mut effects = select(
        db,
        "WHERE contact = ?1 AND state < 2 ORDER BY id",
        [contact.0],
    )?;
    let mut waiting = HashSet::new();
    effects.retain(|effect| {
        let lane = effect.action.lane();
        if micros(effect.not_before) > now {
            waiting.insert(lane.clone());
        }
        !waiting.contains(&lane)
    });
    let profile: Option<Option<String>> = db
        .prepare_cached("SELECT profile FROM contact WHERE id = ?1")?
        .query_row([contact.0], |row| row.get(0))
        .optional()?;
    Ok(ContactEffects {
        contact,
        profile: profile.flatten().as_deref().map(from_json).transpose()?,
        effects,
    })
}

fn finish(db: &Connection, effect: EffectId, outcome: &EffectOutcome, now: i64) -> Result<()> {
    let code = effect_state_code(outcome.state());
    match outcome {
        EffectOutcome::Done { answer } => {
            db.prepare_cached(
                "UPDATE effect SET state = ?2, answer = ?3, finished_at = ?4
                 WHERE id = ?1 AND state <> ?2",
            )?
            .execute(params![effect.0, code, answer, now])?;
        }
        EffectOutcome::RetryAt { not_before, error }
        | EffectOutcome::LookAt { not_before, error } => {
            let started = outcome.state() == EffectState::Started;
            db.prepare_cached(
                "UPDATE effect SET state = ?2, attempts = attempts + 1, not_before = ?3,
                     last_error = ?4, started_at = iif(?5, started_at, NULL),
                     mark = iif(?5, mark, NULL)
                 WHERE id = ?1 AND state < 2",
            )?
            .execute(params![effect.0, code, micros(*not_before), error, started])?;
        }
        EffectOutcome::Failed { error }
        | EffectOutcome::Unknown { error }
        | EffectOutcome::Expired { error } => {
            db.prepare_cached(
                "UPDATE effect SET state = ?2, last_error = ?3, finished_at = ?4
                 WHERE id = ?1 AND state < 2",
            )?
            .execute(params![effect.0, code, error, now])?;
        }
    }
    Ok(())
}

/// A loser's effects become the winner's; of two of the same crossing the one that was begun stays.
/// What can't be undone is done once for the one person that both turn out to be.
pub(super) fn merge(db: &Connection, loser: ContactId, winner: ContactId) -> Result<()> {
    db.prepare_cached(
        "DELETE FROM effect AS mine WHERE contact = ?2 AND state IN (0, 5) AND EXISTS (
             SELECT 1 FROM effect AS other
             WHERE other.contact = ?1 AND other.rule = mine.rule AND other.ordinal = mine.ordinal
                 AND (other.crossed_at = mine.crossed_at
                     OR json_extract(mine.action, '$.do') IN ('send_email', 'mail', 'webhook'))
                 AND other.state NOT IN (0, 5))",
    )?
    .execute([loser.0, winner.0])?;
    db.prepare_cached(
        "DELETE FROM effect AS lost WHERE contact = ?1 AND state = 0
             AND json_extract(action, '$.do') IN ('send_email', 'mail', 'webhook') AND EXISTS (
             SELECT 1 FROM effect AS kept
             WHERE kept.contact = ?2 AND kept.rule = lost.rule AND kept.ordinal = lost.ordinal
                 AND kept.state <> 5)",
    )?
    .execute([loser.0, winner.0])?;
    db.prepare_cached("UPDATE OR IGNORE effect SET contact = ?2 WHERE contact = ?1")?
        .execute([loser.0, winner.0])?;
    db.prepare_cached("DELETE FROM effect WHERE contact = ?1")?
        .execute([loser.0])?;
    Ok(())
}

pub(super) fn list(db: &Connection, query: &EffectQuery, most: usize) -> Result<Vec<Effect>> {
    let states: Vec<String> = query
        .states
        .iter()
        .map(|state| effect_state_code(*state).to_string())
        .collect();
    let mut which = vec!["1 = 1".to_owned()];
    if !states.is_empty() {
        which.push(format!("state IN ({})", states.join(", ")));
    }
    if let Some(contact) = query.contact {
        let Some(contact) = journal::resolve(db, contact)? else {
            return Ok(Vec::new());
        };
        which.push(format!("contact = {contact}"));
    }
    let which = format!("WHERE {} ORDER BY id DESC LIMIT ?1", which.join(" AND "));
    select(db, &which, [limit(most)])
}

fn select(db: &Connection, which: &str, parameters: impl Params) -> Result<Vec<Effect>> {
    let mut statement = db.prepare(&format!(
        "SELECT id, contact, rule, crossed_at, ordinal, action, context, state, attempts,
                not_before, fired_at, wanted_at, caused_at, urgency, started_at, mark, finished_at,
                last_error, answer
         FROM effect {which}"
    ))?;
    let mut rows = statement.query(parameters)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(effect(row)?);
    }
    Ok(found)
}

fn effect(row: &Row<'_>) -> Result<Effect> {
    let context: Context = from_json(&row.get::<_, String>(6)?)?;
    let maybe = |column| -> Result<Option<Timestamp>> {
        row.get::<_, Option<i64>>(column)?.map(time).transpose()
    };
    let mark = row.get(15)?;
    Ok(Effect {
        id: EffectId(row.get(0)?),
        contact: ContactId(row.get(1)?),
        trigger: RuleKey(row.get(2)?),
        name: context.name,
        reason: context.reason,
        scores: context.scores,
        crossed_at: time(row.get(3)?)?,
        ordinal: row.get(4)?,
        action: from_json(&row.get::<_, String>(5)?)?,
        state: effect_state(row.get(7)?)?,
        attempts: row.get(8)?,
        not_before: time(row.get(9)?)?,
        fired_at: time(row.get(10)?)?,
        wanted_at: time(row.get(11)?)?,
        caused_at: time(row.get(12)?)?,
        urgency: urgency(row.get(13)?)?,
        started: maybe(14)?.map(|at| Started { at, mark }),
        finished_at: maybe(16)?,
        last_error: row.get(17)?,
        answer: row.get(18)?,
    })
}
