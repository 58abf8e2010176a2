//! Writing to Mautic, and the budget it happens in.

use super::catalogue::{Catalogue, Counters, Histograms, long, short};
use super::{FloatGauge, level};
use prometheus_client::metrics::{gauge::Gauge, histogram::Histogram};
use std::time::Duration;

/// What was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// Setting a group score.
    GroupSet,
    /// Reading a contact's group scores.
    GroupRead,
    /// Adding points to main points or to a shared group.
    PointsAdd,
    /// Adding contacts to a segment.
    SegmentAdd,
    /// Removing a contact from a segment.
    SegmentRemove,
    /// Reading a contact's segments.
    SegmentRead,
    /// Reading a contact: is its id still its own?
    ContactRead,
}

impl Endpoint {
    /// All endpoints.
    pub const ALL: [Self; 7] = [
        Self::GroupSet,
        Self::GroupRead,
        Self::PointsAdd,
        Self::SegmentAdd,
        Self::SegmentRemove,
        Self::SegmentRead,
        Self::ContactRead,
    ];

    /// The label's value.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::GroupSet => "group_set",
            Self::GroupRead => "group_read",
            Self::PointsAdd => "points_add",
            Self::SegmentAdd => "segment_add",
            Self::SegmentRemove => "segment_remove",
            Self::SegmentRead => "segment_read",
            Self::ContactRead => "contact_read",
        }
    }
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallOutcome {
    /// 2xx.
    Done,
    /// 4xx, but not 429.
    Refused,
    /// 429.
    Throttled,
    /// 5xx.
    Failed,
    /// No answer, or one that could not be read: the write may have been applied.
    Unanswered,
}

impl CallOutcome {
    /// The outcome of an HTTP status; `None`: no answer.
    #[must_use]
    pub const fn of_status(status: Option<u16>) -> Self {
        match status {
            Some(429) => Self::Throttled,
            Some(200..=399) => Self::Done,
            Some(400..=499) => Self::Refused,
            Some(500..) => Self::Failed,
            Some(_) | None => Self::Unanswered,
        }
    }

    /// The label's value.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Throttled => "throttled",
            Self::Failed => "failed",
            Self::Unanswered => "unanswered",
        }
    }
}

/// Why the budget slowed down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Throttle {
    /// Mautic answered 429.
    TooManyRequests,
    /// Mautic answered 5xx.
    ServerError,
}

impl Throttle {
    /// The label's value.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TooManyRequests => "429",
            Self::ServerError => "5xx",
        }
    }
}

/// The request budget as it stands.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct BudgetNow {
    /// Requests per second allowed now.
    pub allowed_per_second: f64,
    /// Requests without an answer yet.
    pub in_flight: u64,
    /// Requests that wait for their turn.
    pub waiting: u64,
    /// How often 429 slowed it down since the start.
    pub throttled_429: u64,
    /// How often 5xx slowed it down since the start.
    pub throttled_5xx: u64,
}

/// Writing to Mautic.
#[derive(Debug, Clone)]
pub struct WritebackMetrics {
    calls: Counters<2>,
    latency: Histograms<1>,
    pending: Gauge,
    parked: Gauge,
    delay: Histogram,
    budget: Budget,
}

#[derive(Debug, Clone)]
struct Budget {
    allowed: FloatGauge,
    in_flight: Gauge,
    waiting: Gauge,
    throttled: Counters<1>,
}

impl WritebackMetrics {
    pub(super) fn register(catalogue: &mut Catalogue) -> Self {
        Self {
            calls: catalogue.counter(
                "topicscore_writeback_calls",
                "Calls to Mautic for writing back, by endpoint (group_set, group_read, \
                 segment_add, segment_remove, segment_read, contact_read) and outcome (done, \
                 refused, throttled, failed, unanswered)",
                &["endpoint", "outcome"],
                Counters::default(),
            ),
            latency: catalogue.seconds(
                "topicscore_writeback_call",
                "Time until such a call was answered, by endpoint; with the wait for its turn in the \
                 request budget",
                &["endpoint"],
                Histograms::new_with_constructor(short),
            ),
            pending: catalogue.gauge(
                "topicscore_writeback_pending_intents",
                "Values that Mautic should hold and does not hold yet; in observe they only pile \
                 up",
                &[],
                Gauge::default(),
            ),
            parked: catalogue.gauge(
                "topicscore_writeback_parked_intents",
                "Values that Mautic refuses; each needs a person, its page says why",
                &[],
                Gauge::default(),
            ),
            delay: catalogue.seconds(
                "topicscore_writeback_delay",
                "Time from a delivery or poll to the write-back it led to",
                &[],
                long(),
            ),
            budget: Budget::register(catalogue),
        }
    }

    /// A call was answered, or given up.
    pub fn call(&self, endpoint: Endpoint, outcome: CallOutcome, took: Duration) {
        let name = endpoint.name();
        self.calls
            .get_or_create(&[
                ("endpoint", name.into()),
                ("outcome", outcome.name().into()),
            ])
            .inc();
        self.latency
            .get_or_create(&[("endpoint", name.into())])
            .observe(took.as_secs_f64());
    }

    /// So many intents are pending, and so many of them parked.
    pub fn intents(&self, pending: u64, parked: u64) {
        self.pending.set(level(pending));
        self.parked.set(level(parked));
    }

    /// What came this long ago has been written back.
    pub fn written_back(&self, delay: Duration) {
        self.delay.observe(delay.as_secs_f64());
    }

    /// The budget allows so many requests per second now.
    pub fn allowed(&self, requests_per_second: f64) {
        self.budget.allowed.set(requests_per_second);
    }

    /// So many requests are without an answer, and so many wait for their turn.
    pub fn queue(&self, in_flight: u64, waiting: u64) {
        self.budget.in_flight.set(level(in_flight));
        self.budget.waiting.set(level(waiting));
    }

    /// Mautic slowed us down.
    pub fn throttled(&self, cause: Throttle) {
        self.budget
            .throttled
            .get_or_create(&[("status", cause.name().into())])
            .inc();
    }

    /// The budget as last told.
    #[must_use]
    pub fn budget(&self) -> BudgetNow {
        let throttled = |cause: Throttle| {
            self.budget
                .throttled
                .get_or_create(&[("status", cause.name().into())])
                .get()
        };
        BudgetNow {
            allowed_per_second: self.budget.allowed.get(),
            in_flight: self.budget.in_flight.get().try_into().unwrap_or(0),
            waiting: self.budget.waiting.get().try_into().unwrap_or(0),
            throttled_429: throttled(Throttle::TooManyRequests),
            throttled_5xx: throttled(Throttle::ServerError),
        }
    }
}

impl Budget {
    fn register(catalogue: &mut Catalogue) -> Self {
        let throttled = Counters::default();
        for cause in [Throttle::TooManyRequests, Throttle::ServerError] {
            drop(throttled.get_or_create(&[("status", cause.name().into())]));
        }
        Self {
            allowed: catalogue.gauge(
                "topicscore_budget_allowed_requests_per_second",
                "Requests per second that the budget allows Mautic to be asked now",
                &[],
                FloatGauge::default(),
            ),
            in_flight: catalogue.gauge(
                "topicscore_budget_in_flight_requests",
                "Requests sent to Mautic and not answered yet",
                &[],
                Gauge::default(),
            ),
            waiting: catalogue.gauge(
                "topicscore_budget_waiting_requests",
                "Requests that wait for their turn in the budget",
                &[],
                Gauge::default(),
            ),
            throttled: catalogue.counter(
                "topicscore_budget_throttled",
                "How often the budget slowed down because Mautic answered 429 or 5xx",
                &["status"],
                throttled,
            ),
        }
    }
}
