//! The scoring worker: dirty contacts to scores and intents, one transaction per batch.

use crate::clock::Clock;
use crate::domain::{Snapshot, Urgency};
use crate::plan::Compiled;
use crate::scoring::{Evaluation, desired_values, evaluate};
use crate::store::{DirtyContact, Owner, Result, ScoreCommit, SharedStore, StoredScore};
use crate::wake::Wake;
use jiff::{SignedDuration, Timestamp};
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Contacts scored in one transaction.
const BATCH: usize = 256;
/// Contacts whose histories are first read together.
const SLICE: usize = 32;
/// Activities that are to be in memory at once, as far as can be foreseen from those before: they
/// take some kilobytes each while they are scored.
const ACTIVITIES: usize = 10_000;
/// A worker that vanished gives its contacts back after this time.
const LEASE: SignedDuration = SignedDuration::from_mins(2);
/// How long to sleep when nothing rings: ticks and other processes ring no bell.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// The plan in force; `None` until it is loaded.
pub type PlanInForce = watch::Receiver<Option<Arc<Compiled>>>;

/// Scores contacts whose facts changed.
#[derive(Debug, Clone)]
pub struct Scorer {
    /// Where facts and scores are kept.
    pub store: SharedStore,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// The plan in force.
    pub plan: PlanInForce,
    /// Who leases.
    pub owner: Owner,
    /// Rings when contacts became dirty.
    pub dirty: Wake,
    /// Rung when intents may have become pending.
    pub intents: Wake,
    /// Told how many contacts were scored.
    pub metrics: crate::metrics::ScorerMetrics,
    /// Told that it lives.
    pub health: crate::health::Reporter,
}

impl Scorer {
    /// Scores until told to stop.
    ///
    /// # Errors
    /// The store's, when it fails for good.
    pub async fn run(self, stop: CancellationToken) -> Result<()> {
        while !stop.is_cancelled() {
            let bell = self.dirty.armed();
            let marked = self.store.mark_due(self.clock.now()).await?;
            if marked > 0 {
                tracing::info!(contacts = marked, "time changes scores");
            }
            let scored = self.step().await?;
            self.health.ok(
                format!("scored {scored} contacts just now"),
                self.clock.now(),
            );
            if scored == 0 {
                tokio::select! {
                    () = stop.cancelled() => break,
                    () = bell.wait(LOOK_AGAIN) => {}
                }
            }
        }
        Ok(())
    }

    /// Scores one batch; returns how many contacts it took.
    ///
    /// # Errors
    /// The store's.
    pub async fn step(&self) -> Result<usize> {
        let now = self.clock.now();
        let until = now.saturating_add(LEASE).unwrap_or(Timestamp::MAX);
        let dirty = self
            .store
            .claim_dirty(&self.owner, BATCH, now, until)
            .await?;
        if dirty.is_empty() {
            return Ok(0);
        }
        // Read after claiming: a contact made dirty by a new plan is scored by it.
        let Some(plan) = self.plan.borrow().clone() else {
            return Ok(0);
        };
        let began = std::time::Instant::now();
        let taken = dirty.len();
        let commits = self.score(&plan, dirty, now).await?;
        self.store.commit_scores(commits).await?;
        self.metrics.scored(taken as u64, began.elapsed());
        self.intents.ring();
        Ok(taken)
    }

    /// Scores contacts in slices, so that memory does not depend on how much all of them did.
    async fn score(
        &self,
        plan: &Arc<Compiled>,
        mut dirty: Vec<DirtyContact>,
        now: Timestamp,
    ) -> Result<Vec<ScoreCommit>> {
        let (mut commits, mut size) = (Vec::with_capacity(dirty.len()), SLICE);
        while !dirty.is_empty() {
            let rest = dirty.split_off(size.min(dirty.len()));
            let slice = std::mem::replace(&mut dirty, rest);
            let contacts: Vec<_> = slice.iter().map(|dirty| dirty.contact).collect();
            let histories = self.store.snapshots(&contacts).await?;
            let activities = histories.iter().map(|history| history.activities.len());
            size = next_slice(contacts.len(), activities.sum());
            let plan = Arc::clone(plan);
            // Evaluation is CPU work; a contact with a long history must not hold up the receiver.
            let scored =
                tokio::task::spawn_blocking(move || score_all(&plan, slice, histories, now)).await;
            commits.extend(
                scored.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic())),
            );
        }
        Ok(commits)
    }
}

/// Contacts to be read next, going by how many activities those before had. PURE.
fn next_slice(contacts: usize, activities: usize) -> usize {
    let each = (activities / contacts.max(1)).max(1);
    (ACTIVITIES / each).clamp(1, BATCH)
}

fn score_all(
    plan: &Compiled,
    dirty: Vec<DirtyContact>,
    histories: Vec<Snapshot>,
    now: Timestamp,
) -> Vec<ScoreCommit> {
    let mut by_contact: HashMap<_, _> = histories
        .into_iter()
        .map(|history| (history.contact, history))
        .collect();
    dirty
        .into_iter()
        .filter_map(|dirty| {
            let history = by_contact.remove(&dirty.contact)?;
            Some(commit(plan, &history, dirty, now))
        })
        .collect()
}

/// What scoring one contact leads to.
fn commit(plan: &Compiled, history: &Snapshot, dirty: DirtyContact, now: Timestamp) -> ScoreCommit {
    let evaluation = evaluate(plan, history, now);
    let mut desired = desired_values(plan, history, &evaluation);
    // Recomputing everything crosses thresholds by the thousand; nobody waits for those.
    if dirty.urgency == Urgency::Bulk {
        for value in &mut desired {
            value.urgency = Urgency::Bulk;
        }
    }
    ScoreCommit {
        dirty,
        plan: plan.version.clone(),
        at: now,
        scores: stored_scores(plan, &evaluation),
        desired,
        firings: evaluation.decision.firings,
        rearmed: evaluation.decision.rearmed,
        next_change: evaluation.next_change,
    }
}

fn stored_scores(plan: &Compiled, evaluation: &Evaluation<'_>) -> Vec<StoredScore> {
    plan.topics
        .iter()
        .zip(&evaluation.topics)
        .map(|(topic, evaluated)| StoredScore {
            topic: topic.key.clone(),
            score: evaluated.score,
            raw: evaluated.raw,
            band: evaluated
                .band
                .map(|band| topic.bands.list[band].name.clone()),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_histories_are_read_in_small_slices() {
        let cases = [
            (32, 0, BATCH),
            (32, 32 * 12, BATCH),
            (32, 32 * 100, 100),
            (10, 16_000, 6),
            (1, 1_000_000, 1),
            (0, 0, BATCH),
        ];
        for (contacts, activities, expected) in cases {
            let next = next_slice(contacts, activities);
            assert_eq!(next, expected, "{contacts} with {activities}");
        }
    }
}
