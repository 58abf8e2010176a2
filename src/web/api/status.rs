//! The instance as a whole.

use crate::health::Component;
use crate::store::Counts;
use crate::web::ops;
use crate::web::problem::{Guarded, Problem, Reading};
use crate::web::state::{Admin, Mode};
use axum::Json;
use axum::extract::State;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// Delays are reckoned over this time.
const DELAY_WINDOW: SignedDuration = SignedDuration::from_hours(24);
/// And over at most so many writes.
const DELAY_SAMPLES: usize = 10_000;

/// The instance as a whole.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(in crate::web) struct StatusBody {
    /// Name of the instance.
    pub(in crate::web) instance: String,
    /// topicscore's version.
    pub(in crate::web) version: String,
    /// `observe`: nothing is written to Mautic; `live`: it is.
    pub(in crate::web) mode: Mode,
    /// Now, for whoever compares.
    pub(in crate::web) now: Timestamp,
    /// When the process started.
    pub(in crate::web) started_at: Timestamp,
    /// Version of the plan in force, if one is loaded.
    pub(in crate::web) plan: Option<String>,
    /// Whether it does its work; `/readyz` says why not.
    pub(in crate::web) ready: bool,
    /// Why not, in words.
    pub(in crate::web) reasons: Vec<String>,
    /// How much there is.
    pub(in crate::web) counts: CountsBody,
    /// The components.
    pub(in crate::web) components: Vec<Component>,
    /// Time from delivery or poll to write-back, in the last 24 hours.
    pub(in crate::web) delays: Delays,
    /// The request budget.
    pub(in crate::web) budget: BudgetBody,
}

/// How much there is.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(in crate::web) struct CountsBody {
    /// Contacts known.
    pub(in crate::web) contacts: u64,
    /// Activities in the journal.
    pub(in crate::web) activities: u64,
    /// Deliveries accepted.
    pub(in crate::web) deliveries: u64,
    /// Deliveries not decoded yet.
    pub(in crate::web) undecoded: u64,
    /// Items that could not be understood.
    pub(in crate::web) parked: u64,
    /// Contacts waiting to be scored.
    pub(in crate::web) dirty: u64,
    /// Scores held (contact and topic).
    pub(in crate::web) scores: u64,
    /// Values that Mautic should hold and does not hold yet; parked ones included.
    pub(in crate::web) pending_intents: u64,
    /// Those among them that need a person.
    pub(in crate::web) parked_intents: u64,
    /// Actions of triggers that are to be done.
    pub(in crate::web) pending_effects: u64,
    /// Actions of triggers that were given up.
    pub(in crate::web) failed_effects: u64,
    /// Mails of triggers of which nobody can tell whether they went out.
    pub(in crate::web) unknown_effects: u64,
    /// Calls recorded that wrote to Mautic.
    pub(in crate::web) writes: u64,
    /// Contacts merged away.
    pub(in crate::web) merged: u64,
    /// Contacts erased.
    pub(in crate::web) deleted: u64,
}

/// Delays in milliseconds.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
pub(in crate::web) struct Delays {
    /// Writes that were measured.
    pub(in crate::web) writes: u64,
    /// Half of them took at most so long.
    pub(in crate::web) median_ms: Option<u64>,
    /// 99 of 100 took at most so long.
    pub(in crate::web) p99_ms: Option<u64>,
}

/// The request budget as it stands.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(in crate::web) struct BudgetBody {
    /// Requests per second allowed now.
    pub(in crate::web) allowed_per_second: f64,
    /// Requests without an answer yet.
    pub(in crate::web) in_flight: u64,
    /// Requests that wait for their turn.
    pub(in crate::web) waiting: u64,
    /// How often Mautic's 429 slowed it down since the start.
    pub(in crate::web) throttled_429: u64,
    /// How often Mautic's 5xx slowed it down since the start.
    pub(in crate::web) throttled_5xx: u64,
}

/// Tells how the instance is: version, mode, plan, counts, components, delays, budget.
#[utoipa::path(get, path = "/api/v1/status", tag = "status",
    responses((status = 200, description = "The instance", body = StatusBody), Guarded, Reading))]
pub(super) async fn get_status(
    State(admin): State<Arc<Admin>>,
) -> Result<Json<StatusBody>, Problem> {
    load_status(&admin).await.map(Json)
}

pub(in crate::web) async fn load_status(admin: &Admin) -> Result<StatusBody, Problem> {
    let now = admin.now();
    let since = now.saturating_sub(DELAY_WINDOW).unwrap_or(Timestamp::MIN);
    let counts = admin.store.counts().await?;
    let delays = admin.store.write_delays(since, DELAY_SAMPLES).await?;
    let ready = ops::readiness(admin).await;
    let budget = admin.metrics.writeback.budget();
    Ok(StatusBody {
        instance: admin.instance.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        mode: admin.mode,
        now,
        started_at: admin.started_at,
        plan: ready.plan,
        ready: ready.ready,
        reasons: ready.reasons.iter().map(ToString::to_string).collect(),
        counts: counts.into(),
        components: ready.components,
        delays: Delays::of(&delays),
        budget: BudgetBody {
            allowed_per_second: budget.allowed_per_second,
            in_flight: budget.in_flight,
            waiting: budget.waiting,
            throttled_429: budget.throttled_429,
            throttled_5xx: budget.throttled_5xx,
        },
    })
}

impl Delays {
    /// Nearest-rank percentiles of ascending delays.
    fn of(ascending: &[u64]) -> Self {
        let rank = |percent: usize| {
            let index = (ascending.len() * percent).div_ceil(100).saturating_sub(1);
            ascending.get(index).copied()
        };
        Self {
            writes: ascending.len() as u64,
            median_ms: rank(50),
            p99_ms: rank(99),
        }
    }
}

impl From<Counts> for CountsBody {
    fn from(counts: Counts) -> Self {
        Self {
            contacts: counts.contacts,
            activities: counts.activities,
            deliveries: counts.deliveries,
            undecoded: counts.undecoded,
            parked: counts.parked,
            dirty: counts.dirty,
            scores: counts.scores,
            pending_intents: counts.pending_intents,
            parked_intents: counts.parked_intents,
            pending_effects: counts.pending_effects,
            failed_effects: counts.failed_effects,
            unknown_effects: counts.unknown_effects,
            writes: counts.writes,
            merged: counts.merged,
            deleted: counts.deleted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_are_nearest_rank() {
        let cases: [(Vec<u64>, Option<u64>, Option<u64>); 4] = [
            (vec![], None, None),
            (vec![7], Some(7), Some(7)),
            (vec![1, 2, 3, 4], Some(2), Some(4)),
            ((1..=200).collect(), Some(100), Some(198)),
        ];
        for (delays, median, p99) in cases {
            let found = Delays::of(&delays);
            assert_eq!((found.median_ms, found.p99_ms), (median, p99), "{delays:?}");
        }
    }
}
