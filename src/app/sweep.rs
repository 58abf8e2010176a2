//! The slow comparison with Mautic, as a worker.

use super::instance::Instance;
use super::standstill::unless;
use crate::health::Weight;
use crate::intake::Signals;
use crate::lifecycle::Lifecycle;
use crate::store::Owner;
use crate::wake::Bells;
use crate::writeback::sweep::{Looker, ScoreSource, Sweep};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

impl Instance {
    /// Looks at what Mautic holds.
    pub fn looker(&self, bells: &Bells) -> Looker {
        Looker {
            store: Arc::clone(&self.store),
            client: self.client.clone(),
            clock: Arc::clone(&self.clock),
            gone: bells.gone.clone(),
            intents: bells.intents.clone(),
            side_by_side: 1,
            tells: true,
        }
    }

    /// In observe, too: it writes nothing, and shows what differs.
    pub(super) fn start_sweep(
        &self,
        signals: &Signals,
        reread: CancellationToken,
        lifecycle: &mut Lifecycle,
    ) {
        let now = self.clock.now();
        let health = self
            .health
            .component("sweep", Weight::Informative, None, now);
        let Some(interval) = self.config.write.sweep else {
            health.ok("off (write.sweep)", now);
            return;
        };
        let owner = Owner(format!("{}-sweep", self.owner.0));
        let patient = self.patient("sweep", &owner, &health);
        let (looker, plan) = (self.looker(&signals.bells), self.plan());
        let metrics = self.metrics.metrics.sweep.clone();
        let requests_per_second = self.config.budget.requests_per_second;
        let sweep = move |stop| {
            let sweep = Sweep {
                looker: looker.clone(),
                plan: plan.clone(),
                interval,
                requests_per_second,
                metrics: metrics.clone(),
                health: health.clone(),
                reading: ScoreSource::default(),
            };
            sweep.run(stop)
        };
        let standstill = signals.standstill.clone();
        lifecycle.source("sweep", |stop| {
            unless(standstill, stop, |stop| async move {
                // Until then what is wanted is of before.
                tokio::select! {
                    () = stop.cancelled() => return Ok(()),
                    () = reread.cancelled() => {}
                }
                patient.run(stop, sweep).await
            })
        });
    }
}
