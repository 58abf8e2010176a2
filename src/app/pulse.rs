//! The pulse: gauges, the state of the polls, and cleaning up, every few seconds.

use crate::clock::Clock;
use crate::health::Reporter;
use crate::intake::Decoder;
use crate::intake::poll::{Feed, FeedStatus, Poller};
use crate::lifecycle::TaskResult;
use crate::mautic::{Client, budget::LocalBudget};
use crate::metrics::Registered;
use crate::store::{Store, sqlite::SqliteStore};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::{path::PathBuf, sync::Arc, time::Duration, time::Instant};
use tokio_util::sync::CancellationToken;

const BEAT: Duration = Duration::from_secs(5);
/// Old bodies are looked for once in so many beats: hourly.
const CLEANING: u32 = 720;
/// Counting a large store takes its time: it is done for at most a fiftieth of the time.
const SELDOM: u32 = 50;
/// A feed that was not read to its end for so long is in trouble.
const LATE: SignedDuration = SignedDuration::from_mins(15);

/// Measures what nobody else sees as a whole.
pub(super) struct Pulse {
    pub store: Arc<dyn Store>,
    pub file: Arc<SqliteStore>,
    pub clock: Arc<dyn Clock>,
    pub poller: Arc<Poller<dyn Store, Client>>,
    pub decoder: Arc<Decoder<dyn Store>>,
    pub metrics: Arc<Registered>,
    pub budget: Arc<LocalBudget>,
    pub requests_per_second: f64,
    pub keep_bodies: Duration,
    pub store_path: PathBuf,
    pub polls: Reporter,
    pub journal: Reporter,
}

impl Pulse {
    pub(super) async fn run(self, stop: CancellationToken) -> TaskResult {
        let mut beat: u32 = 0;
        let mut count_at = Instant::now();
        let mut seen = BTreeMap::new();
        let mut decoded = 0;
        let mut told = (0, 0, 0);
        loop {
            let now = self.clock.now();
            if Instant::now() >= count_at {
                let began = Instant::now();
                self.count(now).await;
                count_at = Instant::now() + began.elapsed() * SELDOM;
            }
            self.gauges().await;
            let deliveries = self.decoder.decodings().deliveries;
            self.metrics.metrics.intake.decoded(deliveries - decoded);
            decoded = deliveries;
            told = self.count_told(told);
            self.report_polls(now, &mut seen);
            if beat.is_multiple_of(CLEANING) {
                self.clean(now).await;
            }
            beat = beat.wrapping_add(1);
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(BEAT) => {}
            }
        }
    }

    async fn count(&self, now: Timestamp) {
        let metrics = &self.metrics.metrics;
        match self.store.counts().await {
            Ok(counts) => {
                metrics.scorer.dirty(counts.dirty);
                metrics.journal.undecoded(counts.undecoded);
                metrics
                    .writeback
                    .intents(counts.pending_intents, counts.parked_intents);
                metrics.effects.waiting(
                    counts.pending_effects,
                    counts.failed_effects,
                    counts.unknown_effects,
                );
                let detail = format!(
                    "{} activities of {} contacts",
                    counts.activities, counts.contacts
                );
                self.journal.ok(detail, now);
            }
            Err(error) => self.journal.down(error.to_string(), now),
        }
    }

    /// Counts what was told to the journal since the last time.
    fn count_told(&self, (batches, new, known): (u64, u64, u64)) -> (u64, u64, u64) {
        let now = self.file.told();
        let journal = &self.metrics.metrics.journal;
        journal.told(now.0 - batches, now.1 - new, now.2 - known);
        now
    }

    async fn gauges(&self) {
        let metrics = &self.metrics.metrics;
        if let Ok(file) = tokio::fs::metadata(&self.store_path).await {
            metrics.store.bytes(file.len());
        }
        let (waiting, in_flight) = self.budget.load();
        metrics
            .writeback
            .queue(u64::from(in_flight), waiting as u64);
        metrics
            .writeback
            .allowed(self.requests_per_second * self.budget.share());
    }

    fn report_polls(&self, now: Timestamp, seen: &mut BTreeMap<Feed, FeedStatus>) {
        let status = self.poller.status();
        let metrics = &self.metrics.metrics.intake;
        let mut troubles = Vec::new();
        for (feed, status) in &status {
            if let Some(error) = &status.error {
                troubles.push(format!("{}: {error}", feed.name()));
            } else if status.lag(now).is_some_and(|lag| lag > LATE) {
                troubles.push(format!("{} is behind", feed.name()));
            }
            let before = seen.insert(*feed, status.clone()).unwrap_or_default();
            if let Some(last) = status.last_success {
                metrics.polled(feed.name(), status.rows - before.rows, last.as_second());
            }
            if status.failures > 0 && status.last_attempt != before.last_attempt {
                metrics.poll_failed(feed.name());
            }
        }
        if let Some(lag) = status.values().filter_map(|status| status.lag(now)).max() {
            metrics.poll_lag(Duration::try_from(lag).unwrap_or_default());
        }
        if troubles.is_empty() {
            self.polls.ok(format!("{} feeds", status.len()), now);
        } else {
            self.polls.degraded(troubles.join("; "), now);
        }
    }

    async fn clean(&self, now: Timestamp) {
        let Ok(keep) = SignedDuration::try_from(self.keep_bodies) else {
            return;
        };
        let Ok(before) = now.checked_sub(keep) else {
            return;
        };
        match self.store.prune_bodies(before).await {
            Ok(0) => {}
            Ok(bodies) => tracing::info!(bodies, "forgot old raw bodies"),
            Err(error) => tracing::warn!(%error, "old raw bodies could not be forgotten"),
        }
    }
}
