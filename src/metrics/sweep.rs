//! The slow comparison of what Mautic holds with what it should.

use super::catalogue::{Catalogue, Counters};
use prometheus_client::metrics::{counter::Counter, gauge::Gauge};

/// The sweep.
#[derive(Debug, Clone)]
pub struct SweepMetrics {
    contacts: Counter,
    drift: Counters<1>,
    last: Gauge,
}

impl SweepMetrics {
    pub(super) fn register(catalogue: &mut Catalogue) -> Self {
        let drift = Counters::default();
        for kind in ["group", "points"] {
            drop(drift.get_or_create(&[("target", kind.into())]));
        }
        Self {
            contacts: catalogue.counter(
                "topicscore_sweep_contacts",
                "Contacts that the sweep looked at in Mautic",
                &[],
                Counter::default(),
            ),
            drift: catalogue.counter(
                "topicscore_sweep_drift",
                "Values that somebody had changed in Mautic without our hearing of it, found by the \
                 sweep, by target (group, points)",
                &["target"],
                drift,
            ),
            last: catalogue.gauge(
                "topicscore_sweep_last_pass_timestamp_seconds",
                "When the sweep last was through with all contacts, in seconds since 1970; 0: not yet",
                &[],
                Gauge::default(),
            ),
        }
    }

    /// So many contacts were looked at, and these kinds of targets had drifted.
    pub fn looked(&self, contacts: u64, drifted: impl IntoIterator<Item = &'static str>) {
        self.contacts.inc_by(contacts);
        for kind in drifted {
            self.drift.get_or_create(&[("target", kind.into())]).inc();
        }
    }

    /// A pass over all contacts ended then.
    pub fn passed(&self, unix_second: i64) {
        self.last.set(unix_second);
    }
}
