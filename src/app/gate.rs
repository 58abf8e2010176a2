//! Nothing is written before the polls have caught up and what they told is scored: until then what is known may be old, most of
//! all after a backup of the store was restored.

use super::instance::StoredPoller;
use crate::clock::Clock;
use crate::health::Reporter;
use crate::store::SharedStore;
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// So long a table may fail to be read, alone, before work begins all the same: it must not hold up
/// everything for ever.
const PATIENCE: Duration = Duration::from_mins(10);

/// How often it looks.
const LOOK: Duration = Duration::from_millis(200);

/// Opens when the polls have caught up.
#[derive(Debug, Clone)]
pub(super) struct Gate {
    pub(super) poller: Arc<StoredPoller>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) store: SharedStore,
    /// Cancelled when Mautic is not being read anew, or not any more.
    pub(super) reread: CancellationToken,
}

impl Gate {
    /// Waits until the gate is open, or until told to stop.
    pub(super) async fn pass(&self, health: &Reporter, stop: &CancellationToken) {
        health.ok("waiting for the first round of polls", self.clock.now());
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.opens() => {}
        }
    }

    /// However long that takes: what is written before is of yesterday.
    async fn opens(&self) {
        self.reread.cancelled().await;
        self.polled().await;
        let polled = self.clock.now();
        while !matches!(
            self.store.is_scored(polled, self.clock.now()).await,
            Ok(true)
        ) {
            tokio::time::sleep(LOOK).await;
        }
        while self.store.caught_up(self.clock.now()).await.is_err() {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Everything there was is read, or what is not read fails for long.
    async fn polled(&self) {
        let mut failing: Option<Instant> = None;
        loop {
            tokio::select! {
                () = self.poller.caught_up() => return,
                () = tokio::time::sleep(LOOK) => {}
            }
            failing = self
                .poller
                .only_fails()
                .then(|| failing.unwrap_or_else(Instant::now));
            if failing.is_some_and(|since| since.elapsed() > PATIENCE) {
                tracing::warn!(
                    "a table can't be read for {} minutes, all others were; writing begins with what is known",
                    PATIENCE.as_secs() / 60
                );
                return;
            }
        }
    }
}
