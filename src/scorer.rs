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
        let contacts: Vec<_> = dirty.iter().map(|dirty| dirty.contact).collect();
        let histories = self.store.snapshots(&contacts).await?;
        let taken = dirty.len();
        // Evaluation is CPU work; a contact with a long history must not hold up the receiver.
        let commits = tokio::task::spawn_blocking(move || score_all(&plan, dirty, histories, now))
            .await
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
        self.store.commit_scores(commits).await?;
        self.metrics.scored(taken as u64, began.elapsed());
        self.intents.ring();
        Ok(taken)
    }
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
