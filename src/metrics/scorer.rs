//! Scoring, and the store's size.

use super::catalogue::{Catalogue, short};
use super::level;
use prometheus_client::metrics::{counter::Counter, gauge::Gauge, histogram::Histogram};
use std::time::Duration;

/// The scorer.
#[derive(Debug, Clone)]
pub struct ScorerMetrics {
    contacts: Counter,
    batch: Histogram,
    dirty: Gauge,
}

impl ScorerMetrics {
    pub(super) fn register(catalogue: &mut Catalogue) -> Self {
        Self {
            contacts: catalogue.counter(
                "topicscore_scorer_contacts",
                "Contacts scored; a contact scored twice counts twice",
                &[],
                Counter::default(),
            ),
            batch: catalogue.seconds(
                "topicscore_scorer_batch",
                "Time to read, score and commit one batch of contacts",
                &[],
                short(),
            ),
            dirty: catalogue.gauge(
                "topicscore_scorer_dirty_contacts",
                "Contacts that changed and wait to be scored; rises after a plan change, then \
                 falls to 0",
                &[],
                Gauge::default(),
            ),
        }
    }

    /// A batch was scored and committed.
    pub fn scored(&self, contacts: u64, took: Duration) {
        self.contacts.inc_by(contacts);
        self.batch.observe(took.as_secs_f64());
    }

    /// So many contacts wait.
    pub fn dirty(&self, contacts: u64) {
        self.dirty.set(level(contacts));
    }
}

/// The store.
#[derive(Debug, Clone)]
pub struct StoreMetrics {
    bytes: Gauge,
}

impl StoreMetrics {
    pub(super) fn register(catalogue: &mut Catalogue) -> Self {
        Self {
            bytes: catalogue.gauge(
                "topicscore_store_bytes",
                "Size of the store on disk in bytes, write-ahead log included",
                &[],
                Gauge::default(),
            ),
        }
    }

    /// Size on disk.
    pub fn bytes(&self, bytes: u64) {
        self.bytes.set(level(bytes));
    }
}
