//! What the instance counts and times, for Prometheus.
//!
//! Everything is registered in one [`Registry`] that the instance owns. Handles are cheap to
//! clone; the other rooms only call methods such as `metrics.intake.accepted(bytes, took)`.
//! `docs/metrics.md` explains each metric and is held to this code by a test.

mod catalogue;
mod effects;
mod intake;
mod scorer;
mod sweep;
mod writeback;

pub use catalogue::{Catalogue, Described};
pub use effects::EffectMetrics;
pub use intake::{IntakeMetrics, JournalMetrics, Refusal};
pub use scorer::{ScorerMetrics, StoreMetrics};
pub use sweep::SweepMetrics;
pub use writeback::{BudgetNow, CallOutcome, Endpoint, Throttle, WritebackMetrics};

use prometheus_client::metrics::{gauge::Gauge, info::Info};
use prometheus_client::registry::Registry;
use std::sync::Arc;

/// The content type of [`render`]'s text.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All metrics of one instance, by room.
#[derive(Debug, Clone)]
pub struct Metrics {
    /// Webhooks and polls.
    pub intake: IntakeMetrics,
    /// The journal.
    pub journal: JournalMetrics,
    /// The scorer.
    pub scorer: ScorerMetrics,
    /// Writing to Mautic.
    pub writeback: WritebackMetrics,
    /// What triggers do.
    pub effects: EffectMetrics,
    /// The slow comparison with Mautic.
    pub sweep: SweepMetrics,
    /// The store.
    pub store: StoreMetrics,
}

/// Metrics with the registry they are in.
#[derive(Debug)]
pub struct Registered {
    /// The handles.
    pub metrics: Metrics,
    /// What `/metrics` shows.
    pub registry: Arc<Registry>,
    /// Name, kind and meaning of each metric.
    pub described: Vec<Described>,
}

/// Makes the metrics of one instance; `version` is the program's, `instance` the Mautic's name.
#[must_use]
pub fn register(version: &str, instance: &str) -> Registered {
    let mut catalogue = Catalogue::default();
    let build = Info::new([
        ("version", version.to_owned()),
        ("instance", instance.to_owned()),
    ]);
    catalogue.info(
        "topicscore_build",
        "Always 1; the labels say which topicscore runs and for which instance",
        &["version", "instance"],
        build,
    );
    let metrics = Metrics {
        intake: IntakeMetrics::register(&mut catalogue),
        journal: JournalMetrics::register(&mut catalogue),
        scorer: ScorerMetrics::register(&mut catalogue),
        writeback: WritebackMetrics::register(&mut catalogue),
        effects: EffectMetrics::register(&mut catalogue),
        sweep: SweepMetrics::register(&mut catalogue),
        store: StoreMetrics::register(&mut catalogue),
    };
    let (registry, described) = catalogue.finish();
    Registered {
        metrics,
        registry: Arc::new(registry),
        described,
    }
}

/// The registry as text, in the `OpenMetrics` format that Prometheus reads.
///
/// # Errors
/// Only if a metric can't be formatted.
pub fn render(registry: &Registry) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, registry)?;
    Ok(text)
}

/// A gauge of a number that need not be whole.
type FloatGauge = Gauge<f64, std::sync::atomic::AtomicU64>;

/// A count as a gauge's value.
fn level(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
