//! Composition: the only place that picks concrete parts.

mod behaviour;
mod catalog;
mod effects;
mod eraser;
mod gate;
mod hook;
pub mod import;
mod instance;
mod patient;
mod pulse;
mod standstill;
mod start;
mod sweep;
mod tokens;
mod triggers;
mod upgrade;

pub use behaviour::{Behaviours, RuleDifference, compare_behaviours};
pub use catalog::{keep_catalog, kept_catalog, read_catalog};
pub use effects::missing_receivers;
pub use instance::{Addresses, Instance, Listeners, PlanSource, passing_client};
pub use standstill::{WHAT_TO_DO, noticed_before};
pub use start::HOOK_NAME;
