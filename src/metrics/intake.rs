//! What comes in, and what the journal made of it.

use super::catalogue::{Catalogue, Counters, Gauges, short};
use super::{FloatGauge, level};
use prometheus_client::metrics::{counter::Counter, gauge::Gauge, histogram::Histogram};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Kinds of parked items told apart; a flood of invented event types counts as `other`.
const MAX_KINDS: usize = 64;

/// Why a delivery was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It had no signature.
    Unsigned,
    /// Its signature fits none of our secrets.
    WrongSignature,
    /// Its body is over the limit.
    TooLarge,
    /// Its body did not come in time.
    TooSlow,
    /// It could not be stored: the socket was closed without an answer.
    NotStored,
}

impl Refusal {
    /// All reasons.
    pub const ALL: [Self; 5] = [
        Self::Unsigned,
        Self::WrongSignature,
        Self::TooLarge,
        Self::TooSlow,
        Self::NotStored,
    ];

    /// The label's value.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unsigned => "unsigned",
            Self::WrongSignature => "wrong_signature",
            Self::TooLarge => "too_large",
            Self::TooSlow => "too_slow",
            Self::NotStored => "not_stored",
        }
    }
}

/// Webhooks and polls.
#[derive(Debug, Clone)]
pub struct IntakeMetrics {
    accepted: Counter,
    refused: Counters<1>,
    bytes: Counter,
    append: Histogram,
    decoded: Counter,
    parked: Counters<1>,
    kinds: Arc<Mutex<BTreeSet<String>>>,
    hook: Gauge,
    restored: Gauge,
    republished: Counter,
    polls: Polls,
}

#[derive(Debug, Clone)]
struct Polls {
    rows: Counters<1>,
    errors: Counters<1>,
    lag: FloatGauge,
    last: Gauges,
}

impl IntakeMetrics {
    pub(super) fn register(catalogue: &mut Catalogue) -> Self {
        let refused = Counters::default();
        for reason in Refusal::ALL {
            drop(refused.get_or_create(&[("reason", reason.name().into())]));
        }
        Self {
            accepted: catalogue.counter(
                "topicscore_deliveries_accepted",
                "Webhook deliveries stored and answered 204",
                &[],
                Counter::default(),
            ),
            refused: catalogue.counter(
                "topicscore_deliveries_refused",
                "Webhook deliveries not accepted, by reason (unsigned, wrong_signature, too_large, \
                 too_slow, not_stored); wrong_signature: compare the hook's secret",
                &["reason"],
                refused,
            ),
            bytes: catalogue.counter(
                "topicscore_deliveries_bytes",
                "Bytes of accepted webhook bodies",
                &[],
                Counter::default(),
            ),
            append: catalogue.seconds(
                "topicscore_delivery_append",
                "Time to make one delivery durable; a visitor's page can wait for it in Mautic",
                &[],
                short(),
            ),
            decoded: catalogue.counter(
                "topicscore_deliveries_decoded",
                "Deliveries decoded, parked items among them",
                &[],
                Counter::default(),
            ),
            parked: catalogue.counter(
                "topicscore_items_parked",
                "Items not understood and kept with their reason, by event type or table (after 64 \
                 of these: other); the admin page lists them",
                &["kind"],
                Counters::default(),
            ),
            kinds: Arc::default(),
            hook: catalogue.gauge(
                "topicscore_hook_published",
                "1 while our webhook is published in Mautic, 0 if Mautic has unpublished it or it \
                 is gone",
                &[],
                Gauge::default(),
            ),
            restored: catalogue.gauge(
                "topicscore_mautic_restored",
                "1 while everything stands still because Mautic was restored from a backup",
                &[],
                Gauge::default(),
            ),
            republished: catalogue.counter(
                "topicscore_hook_republished",
                "How often our webhook, unpublished by Mautic, was published again",
                &[],
                Counter::default(),
            ),
            polls: Polls::register(catalogue),
        }
    }

    /// A delivery of `bytes` bytes became durable.
    pub fn accepted(&self, bytes: usize, took: Duration) {
        self.accepted.inc();
        self.bytes.inc_by(bytes as u64);
        self.append.observe(took.as_secs_f64());
    }

    /// A delivery was not accepted.
    pub fn refused(&self, reason: Refusal) {
        self.refused
            .get_or_create(&[("reason", reason.name().into())])
            .inc();
    }

    /// Deliveries were decoded.
    pub fn decoded(&self, deliveries: u64) {
        self.decoded.inc_by(deliveries);
    }

    /// An item of this event type or table was parked.
    pub fn parked(&self, kind: &str) {
        let label = self.bounded(kind);
        self.parked.get_or_create(&[("kind", label)]).inc();
    }

    /// A poll of a table succeeded at `at` (seconds since 1970) and gave `rows` rows.
    pub fn polled(&self, table: &'static str, rows: u64, at: i64) {
        let labels = [("table", table.into())];
        self.polls.rows.get_or_create(&labels).inc_by(rows);
        self.polls.last.get_or_create(&labels).set(at);
    }

    /// A poll of a table failed.
    pub fn poll_failed(&self, table: &'static str) {
        self.polls
            .errors
            .get_or_create(&[("table", table.into())])
            .inc();
    }

    /// How old the newest polled row was when it was read.
    pub fn poll_lag(&self, lag: Duration) {
        self.polls.lag.set(lag.as_secs_f64());
    }

    /// Mautic had unpublished our hook, and it was published again.
    pub fn hook_republished(&self) {
        self.republished.inc();
    }

    /// Whether our hook is published.
    pub fn hook_published(&self, published: bool) {
        self.hook.set(i64::from(published));
    }

    /// Mautic was restored from a backup, and nothing is done any more.
    pub fn mautic_restored(&self) {
        self.restored.set(1);
    }

    fn bounded(&self, kind: &str) -> Cow<'static, str> {
        let mut kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        if kinds.contains(kind) {
            return Cow::Owned(kind.to_owned());
        }
        if kinds.len() >= MAX_KINDS {
            return Cow::Borrowed("other");
        }
        kinds.insert(kind.to_owned());
        Cow::Owned(kind.to_owned())
    }
}

impl Polls {
    fn register(catalogue: &mut Catalogue) -> Self {
        Self {
            rows: catalogue.counter(
                "topicscore_poll_rows",
                "Rows read by polling, by Mautic's table; overlaps are counted again",
                &["table"],
                Counters::default(),
            ),
            errors: catalogue.counter(
                "topicscore_poll_errors",
                "Polls that failed, by Mautic's table",
                &["table"],
                Counters::default(),
            ),
            lag: catalogue.gauge(
                "topicscore_poll_lag_seconds",
                "How old the newest polled row was when it was read; high while a gap is filled",
                &[],
                FloatGauge::default(),
            ),
            last: catalogue.gauge(
                "topicscore_poll_last_success_timestamp_seconds",
                "When a poll last succeeded, in seconds since 1970, by Mautic's table",
                &["table"],
                Gauges::default(),
            ),
        }
    }
}

/// The journal.
#[derive(Debug, Clone)]
pub struct JournalMetrics {
    activities: Counters<1>,
    commits: Counter,
    undecoded: Gauge,
}

impl JournalMetrics {
    pub(super) fn register(catalogue: &mut Catalogue) -> Self {
        let activities = Counters::default();
        for known in ["new", "known"] {
            drop(activities.get_or_create(&[("seen", known.into())]));
        }
        Self {
            activities: catalogue.counter(
                "topicscore_journal_activities",
                "Activities told to the journal: new, or known already (told by webhook and again \
                 by poll)",
                &["seen"],
                activities,
            ),
            commits: catalogue.counter(
                "topicscore_journal_commits",
                "Batches of facts kept, each whole or not at all",
                &[],
                Counter::default(),
            ),
            undecoded: catalogue.gauge(
                "topicscore_journal_undecoded_deliveries",
                "Deliveries stored but not decoded yet; should soon be 0 again",
                &[],
                Gauge::default(),
            ),
        }
    }

    /// So many batches of facts were kept, with so many activities.
    pub fn told(&self, batches: u64, new_activities: u64, known_activities: u64) {
        self.commits.inc_by(batches);
        for (seen, count) in [("new", new_activities), ("known", known_activities)] {
            self.activities
                .get_or_create(&[("seen", seen.into())])
                .inc_by(count);
        }
    }

    /// So many deliveries wait to be decoded.
    pub fn undecoded(&self, deliveries: u64) {
        self.undecoded.set(level(deliveries));
    }
}
