//! The slow sweep: goes over all known contacts by id and compares what Mautic holds with what it
//! should hold. It finds what no log and no webhook shows (a form action with a group: FACTS 70).
//!
//! Invariants:
//! 1. It writes nothing: what differs becomes pending, and the dispatcher looks again.
//! 2. What somebody is writing, or wrote since Mautic was asked, is left alone.
//! 3. A restart goes on with the pass where it was.

mod listed;
mod look;
mod source;
mod state;

pub use look::{Kept, LookError, Looked, Looker};
pub use source::{Source, sources};
pub use state::{By, Pass, SWEEP, SweepState, pause, until_due};

use crate::domain::Target;
use crate::health::Reporter;
use crate::mautic::Priority;
use crate::metrics::SweepMetrics;
use crate::plan::Compiled;
use crate::store::{Reading, Result, SharedStore, StoreError};
use listed::Listed;
use std::{sync::Arc, time::Duration};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Contacts looked at together.
const PAGE: usize = 50;
/// Pause after Mautic could not be read, and while there is no plan.
const AGAIN: Duration = Duration::from_mins(1);
/// A pass that is due far from now is waited for in steps of so long.
const LONGEST: Duration = Duration::from_mins(5);

/// Sweeps.
#[derive(Debug)]
pub struct Sweep {
    /// Looks and tells.
    pub looker: Looker,
    /// The plan in force.
    pub plan: watch::Receiver<Option<Arc<Compiled>>>,
    /// A whole pass takes about so long.
    pub interval: Duration,
    /// The budget, of which it takes a fifth at most.
    pub requests_per_second: f64,
    /// Told what was found.
    pub metrics: SweepMetrics,
    /// Told how it goes.
    pub health: Reporter,
    /// How group scores are read in this pass.
    pub reading: ScoreSource,
}

/// How group scores are read in a pass.
#[derive(Debug, Default)]
pub struct ScoreSource {
    chosen: bool,
    listed: Option<Listed>,
}

impl ScoreSource {
    /// Looks for reports that tell the scores of all kept groups. Without any, or where they can't
    /// be listed, contacts are read one by one.
    pub async fn choose(looker: &Looker, kept: &Kept) -> Self {
        let listed = match looker.client.reports(Priority::Bulk).await {
            Ok(reports) => sources(&reports, &kept.groups).map(Listed::new),
            Err(error) => {
                tracing::info!(%error, "reports can't be listed: group scores are read one by one");
                None
            }
        };
        Self {
            chosen: true,
            listed,
        }
    }

    /// Contact by contact.
    #[must_use]
    pub const fn contacts() -> Self {
        Self {
            chosen: true,
            listed: None,
        }
    }

    /// How.
    #[must_use]
    pub const fn by(&self) -> By {
        match self.listed {
            Some(_) => By::Report,
            None => By::Contact,
        }
    }

    /// Where reports were used: rows that they counted and did not show.
    #[must_use]
    pub fn missing(&self) -> u64 {
        self.listed.as_ref().map_or(0, Listed::missing)
    }

    /// Looks at these contacts, known to the store, by rising id. Group scores are taken from
    /// reports where there are some; what is not as expected there is read once more.
    ///
    /// # Errors
    /// The store's; Mautic's when none of the contacts can be read.
    pub async fn look(
        &mut self,
        looker: &Looker,
        ids: &[crate::domain::ContactId],
        kept: &Kept,
    ) -> std::result::Result<Looked, LookError> {
        looker.look(ids, kept, &mut self.listed).await
    }
}

impl Sweep {
    /// Sweeps until told to stop.
    ///
    /// # Errors
    /// The store's.
    pub async fn run(mut self, stop: CancellationToken) -> Result<()> {
        loop {
            let pause = self.step().await?;
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Looks at the next contacts; returns how long to wait before the next step.
    ///
    /// # Errors
    /// The store's.
    pub async fn step(&mut self) -> Result<Duration> {
        let now = self.looker.clock.now();
        let store = Arc::clone(&self.looker.store);
        let mut state = kept_state(&store).await?;
        if let Some(ended) = state.last.as_ref().and_then(|pass| pass.ended) {
            self.metrics.passed(ended.as_second());
        }
        let Some(kept) = self.plan.borrow().as_deref().map(Kept::of) else {
            self.health.ok("waiting for a plan", now);
            return Ok(AGAIN);
        };
        let Some(mut pass) = state.now.take() else {
            let due = until_due(state.last.as_ref(), self.interval, now);
            self.health.ok(state.words(now), now);
            if due.is_zero() {
                let total = store.counts().await?.contacts;
                state.now = Some(self.begin(&kept, &state, total).await);
                keep_state(&store, &state).await?;
            }
            return Ok(due.min(LONGEST));
        };
        if !self.reading.chosen {
            self.choose(&kept, &state).await;
        }
        let ids = store.contact_ids(pass.after, PAGE).await?;
        if ids.is_empty() {
            self.end(&pass, &mut state);
            keep_state(&store, &state).await?;
            return Ok(Duration::ZERO);
        }
        let looked = match self.reading.look(&self.looker, &ids, &kept).await {
            Ok(looked) => looked,
            Err(LookError::Store(error)) => return Err(error),
            Err(LookError::Mautic(error)) => {
                tracing::info!(%error, "the sweep waits until Mautic can be read");
                self.health.degraded(error.to_string(), now);
                return Ok(AGAIN);
            }
        };
        tell_drift(&looked.readings);
        let drifted = looked.readings.iter().filter(|one| one.is_drift());
        let drifted = drifted.map(|one| kind(one.target));
        self.metrics.looked(ids.len() as u64, drifted);
        pass.take(&looked, ids.len() as u64);
        pass.by = self.reading.by();
        pass.after = ids.last().copied();
        let total = pass.total;
        state.now = Some(pass);
        keep_state(&store, &state).await?;
        self.health.ok(state.words(now), now);
        let (looked_at, rate) = (ids.len() as u64, self.requests_per_second);
        Ok(pause(self.interval, looked_at, total, looked.calls, rate))
    }

    async fn begin(&mut self, kept: &Kept, state: &SweepState, total: u64) -> Pass {
        self.choose(kept, state).await;
        Pass {
            began: self.looker.clock.now(),
            total,
            by: self.reading.by(),
            ..Pass::default()
        }
    }

    async fn choose(&mut self, kept: &Kept, state: &SweepState) {
        self.reading = if state.distrust_reports || kept.groups.is_empty() {
            ScoreSource::contacts()
        } else {
            ScoreSource::choose(&self.looker, kept).await
        };
    }

    fn end(&mut self, pass: &Pass, state: &mut SweepState) {
        let now = self.looker.clock.now();
        let missing = self.reading.missing();
        if missing > 0 {
            tracing::warn!(
                missing,
                "a report did not show all of its rows; the next pass reads contact by contact"
            );
        }
        tracing::info!(
            contacts = pass.contacts,
            drift = pass.drift,
            gone = pass.gone,
            unread = pass.unread,
            "looked at all contacts"
        );
        self.metrics.passed(now.as_second());
        self.reading = ScoreSource::default();
        state.distrust_reports = missing > 0;
        state.last = Some(Pass {
            ended: Some(now),
            ..pass.clone()
        });
        self.health.ok(state.words(now), now);
    }
}

impl Pass {
    /// Counts what was found at so many contacts.
    pub fn take(&mut self, looked: &Looked, contacts: u64) {
        let drift = looked.readings.iter().filter(|one| one.is_drift());
        self.contacts += contacts;
        self.drift += drift.count() as u64;
        self.gone += looked.gone.len() as u64;
        self.unread += looked.unread.len() as u64;
    }
}

/// A line for each value that somebody changed.
fn tell_drift(readings: &[Reading]) {
    for one in readings.iter().filter(|one| one.is_drift()) {
        tracing::warn!(
            contact = %one.contact,
            target = %one.target,
            found = one.found,
            wanted = one.wanted,
            "Mautic holds something else than it should: somebody changed it"
        );
    }
}

/// The kind of a target, for metrics.
#[must_use]
pub const fn kind(target: Target) -> &'static str {
    match target {
        Target::Group(_) => "group",
        Target::Segment(_) => "segment",
        Target::Points => "points",
    }
}

/// How far the sweep is.
///
/// # Errors
/// The store's; [`StoreError::Corrupt`] when what it kept can't be read.
pub async fn kept_state(store: &SharedStore) -> Result<SweepState> {
    let corrupt = |error| StoreError::Corrupt(format!("the sweep's state: {error}"));
    match store.setting(SWEEP).await? {
        Some(text) => serde_json::from_str(&text).map_err(corrupt),
        None => Ok(SweepState::default()),
    }
}

/// Keeps how far the sweep is.
///
/// # Errors
/// The store's.
pub async fn keep_state(store: &SharedStore, state: &SweepState) -> Result<()> {
    let text = serde_json::to_string(state)
        .map_err(|error| StoreError::Corrupt(format!("the sweep's state: {error}")))?;
    store.put_setting(SWEEP, &text).await
}
