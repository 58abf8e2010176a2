//! What triggers do.

use super::catalogue::{Catalogue, Counters, long};
use super::level;
use prometheus_client::metrics::{gauge::Gauge, histogram::Histogram};
use std::time::Duration;

/// What triggers do.
#[derive(Debug, Clone)]
pub struct EffectMetrics {
    attempts: Counters<2>,
    pending: Gauge,
    failed: Gauge,
    unknown: Gauge,
    delay: Histogram,
}

impl EffectMetrics {
    pub(super) fn register(catalogue: &mut Catalogue) -> Self {
        Self {
            attempts: catalogue.counter(
                "topicscore_effects",
                "Attempts at what triggers do, by action (such as add_to_segment, send_email, \
                 webhook) and outcome (done; retry: again later; look: it may have been done and \
                 is looked up; failed; unknown; expired)",
                &["action", "outcome"],
                Counters::default(),
            ),
            pending: catalogue.gauge(
                "topicscore_effects_pending",
                "Actions of triggers that are to be done; in observe they only pile up",
                &[],
                Gauge::default(),
            ),
            failed: catalogue.gauge(
                "topicscore_effects_failed",
                "Actions of triggers that were given up; each needs a person",
                &[],
                Gauge::default(),
            ),
            unknown: catalogue.gauge(
                "topicscore_effects_unknown",
                "Mails of triggers of which nobody can tell whether they went out; each needs a \
                 person",
                &[],
                Gauge::default(),
            ),
            delay: catalogue.seconds(
                "topicscore_effect_delay",
                "Time from a delivery or poll to what a trigger did because of it",
                &[],
                long(),
            ),
        }
    }

    /// An attempt at this kind of action ended so.
    pub fn ended(&self, action: &'static str, outcome: &'static str) {
        self.attempts
            .get_or_create(&[("action", action.into()), ("outcome", outcome.into())])
            .inc();
    }

    /// What came this long ago led to something that is done now.
    pub fn done(&self, delay: Duration) {
        self.delay.observe(delay.as_secs_f64());
    }

    /// So many are to be done, were given up, are unknown.
    pub fn waiting(&self, pending: u64, failed: u64, unknown: u64) {
        self.pending.set(level(pending));
        self.failed.set(level(failed));
        self.unknown.set(level(unknown));
    }
}
