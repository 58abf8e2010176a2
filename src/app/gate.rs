//! Nothing is written before the polls have caught up and what they told is scored: until then what is known may be old, most of
//! all after a backup of the store was restored.

use super::instance::StoredPoller;
use crate::clock::Clock;
use crate::health::Reporter;
use crate::store::SharedStore;
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// Then work begins all the same: a table that can't be read must not hold up everything for ever.
const PATIENCE: Duration = Duration::from_mins(10);

/// How often it looks whether all is scored.
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
    /// Everything there was is read and scored.
    async fn caught_up(&self) {
        self.poller.caught_up().await;
        while self
            .store
            .counts()
            .await
            .is_ok_and(|counts| counts.dirty > 0)
        {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Waits until the gate is open, or until told to stop.
    pub(super) async fn pass(&self, health: &Reporter, stop: &CancellationToken) {
        health.ok("waiting for the first round of polls", self.clock.now());
        // However long that takes.
        tokio::select! {
            () = stop.cancelled() => return,
            () = self.reread.cancelled() => {}
        }
        while self.store.is_rescored().await.is_ok_and(|done| !done) {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK) => {}
            }
        }
        tokio::select! {
            () = stop.cancelled() => {}
            caught_up = tokio::time::timeout(PATIENCE, self.caught_up()) => {
                if caught_up.is_err() {
                    tracing::warn!(
                        "polls and scores have not caught up for {} minutes; writing begins with what is known",
                        PATIENCE.as_secs() / 60
                    );
                }
            }
        }
    }
}
