//! Minds the hook: looks at it now and then, and says how it is.

use crate::clock::Clock;
use crate::health::Reporter;
use crate::intake::hook::{HookKeeper, HookState};
use crate::intake::poll::Poller;
use crate::lifecycle::TaskResult;
use crate::mautic::Client;
use crate::metrics::IntakeMetrics;
use crate::store::Store;
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// Keeps Mautic's hook for as long as the instance runs.
pub(super) struct Minder {
    pub keeper: HookKeeper<dyn Store, Client>,
    pub poller: Arc<Poller<dyn Store, Client>>,
    pub clock: Arc<dyn Clock>,
    pub interval: Duration,
    pub health: Reporter,
    pub metrics: IntakeMetrics,
}

impl Minder {
    pub(super) async fn run(self, stop: CancellationToken) -> TaskResult {
        loop {
            self.check().await;
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(self.interval) => {}
            }
        }
    }

    async fn check(&self) {
        let now = self.clock.now();
        match self.keeper.check_once(now).await {
            Ok(state) => {
                let published = state != HookState::Unpublished;
                self.metrics.hook_published(published);
                if state == HookState::Republished {
                    self.metrics.hook_republished();
                }
                if published {
                    self.health.ok(words(state), now);
                } else {
                    self.health.degraded(words(state), now);
                }
                if state.has_gap() {
                    self.poller.wake();
                }
            }
            Err(error) => {
                tracing::warn!(%error, "the hook could not be looked at");
                self.health
                    .degraded(format!("could not be looked at: {error}"), now);
            }
        }
    }
}

fn words(state: HookState) -> &'static str {
    match state {
        HookState::Registered => "registered just now",
        HookState::Fine => "published",
        HookState::Edited => "published, and edited so that Mautic forgives failures",
        HookState::Republished => "Mautic had unpublished it; published again, polling the gap",
        HookState::Unpublished => {
            "Mautic has unpublished it: publish it in Mautic, or set webhook.republish = true"
        }
    }
}
