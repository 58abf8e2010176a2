//! Registers metrics and remembers what they mean.

use prometheus_client::metrics::{
    counter::Counter, family::Family, gauge::Gauge, histogram::Histogram, info::Info,
};
use prometheus_client::registry::{Metric, Registry, Unit};
use std::borrow::Cow;

/// Values of `N` labels.
pub(super) type Labels<const N: usize> = [(&'static str, Cow<'static, str>); N];

/// Counters by labels.
pub(super) type Counters<const N: usize> = Family<Labels<N>, Counter>;

/// Gauges by one label.
pub(super) type Gauges = Family<Labels<1>, Gauge>;

/// Histograms by labels.
pub(super) type Histograms<const N: usize> = Family<Labels<N>, Histogram>;

/// What a metric is, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// Name as Prometheus shows it.
    pub name: String,
    /// `counter`, `gauge`, `histogram` or `info`.
    pub kind: &'static str,
    /// Names of its labels.
    pub labels: &'static [&'static str],
    /// What it says.
    pub help: &'static str,
}

/// A registry under construction.
#[derive(Debug, Default)]
pub struct Catalogue {
    registry: Registry,
    described: Vec<Described>,
}

impl Catalogue {
    /// Something that only rises. The text format appends `_total` to its name.
    pub(super) fn counter<M: Metric + Clone>(
        &mut self,
        name: &str,
        help: &'static str,
        labels: &'static [&'static str],
        metric: M,
    ) -> M {
        self.registry.register(name, help, metric.clone());
        self.describe(format!("{name}_total"), "counter", labels, help);
        metric
    }

    /// Something that rises and falls.
    pub(super) fn gauge<M: Metric + Clone>(
        &mut self,
        name: &str,
        help: &'static str,
        labels: &'static [&'static str],
        metric: M,
    ) -> M {
        self.registry.register(name, help, metric.clone());
        self.describe(name.to_owned(), "gauge", labels, help);
        metric
    }

    /// Times. `name` goes without its unit; `_seconds` is appended.
    pub(super) fn seconds<M: Metric + Clone>(
        &mut self,
        name: &str,
        help: &'static str,
        labels: &'static [&'static str],
        metric: M,
    ) -> M {
        self.registry
            .register_with_unit(name, help, Unit::Seconds, metric.clone());
        self.describe(format!("{name}_seconds"), "histogram", labels, help);
        metric
    }

    pub(super) fn info(
        &mut self,
        name: &str,
        help: &'static str,
        labels: &'static [&'static str],
        metric: Info<[(&'static str, String); 2]>,
    ) {
        self.registry.register(name, help, metric);
        self.describe(format!("{name}_info"), "info", labels, help);
    }

    fn describe(
        &mut self,
        name: String,
        kind: &'static str,
        labels: &'static [&'static str],
        help: &'static str,
    ) {
        self.described.push(Described {
            name,
            kind,
            labels,
            help,
        });
    }

    /// The registry and what is in it.
    #[must_use]
    pub fn finish(self) -> (Registry, Vec<Described>) {
        (self.registry, self.described)
    }
}

/// Buckets for what takes between half a millisecond and half a minute.
pub(super) fn short() -> Histogram {
    Histogram::new([
        0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0,
    ])
}

/// Buckets for what takes between a tenth of a second and some hours.
pub(super) fn long() -> Histogram {
    Histogram::new([
        0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0,
    ])
}
