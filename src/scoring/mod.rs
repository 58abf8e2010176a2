//! The engine: plan and history to scores, bands, decisions and their explanation. PURE.
//!
//! A deterministic fold over a *set* of activities: [`evaluate`] sorts what it is given, so the
//! order of arrival, duplicates and splits change nothing, and one contact after an event runs
//! the same function as all contacts after a plan change.
//!
//! Time moves scores only at ticks ([`Ticks`](crate::plan::Ticks)); activities count at once.

mod actions;
mod decide;
mod evaluate;
mod explain;
mod fnmatch;
mod inactivity;
mod path;
mod profile_rules;
mod ticks;

pub use decide::{Decision, desired_values};
pub use evaluate::{Contribution, Evaluation, Reason, TopicEvaluation, evaluate};
pub use explain::{ActivityRef, ExplainedContribution, Explanation, explain};
pub use fnmatch::fnmatch;
