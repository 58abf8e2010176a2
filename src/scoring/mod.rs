//! The engine: plan and history to scores, bands, decisions and their explanation. PURE.
//!
//! A deterministic fold over a *set* of activities: [`evaluate`] sorts what it is given, so the
//! order of arrival, duplicates and splits change nothing, and one contact after an event runs
//! the same function as all contacts after a plan change.
//!
//! ```text
//! snapshot ─▶ doings ─▶ assemble ─▶ contributions ─▶ topic (sum, score, course)
//!              machine   payments, letter, silence,    │
//!                        profile, given, era, limits   ▼
//!                                   bands, triggers, segments (decide) ─▶ explain
//! ```
//!
//! Every contribution has a beginning and an end. What ended and what is to come are contributions,
//! too: the course of a score over time, and when it will change next, follow from the same list.
//! Time moves scores only at ticks ([`Ticks`](crate::plan::Ticks)); activities count at once.

mod assemble;
mod bands;
mod contribution;
mod courses;
mod days;
mod decide;
mod difference;
mod doings;
mod era;
mod evaluate;
mod explain;
mod fnmatch;
mod gist;
mod given;
mod hits;
mod letter;
mod limits;
mod machine;
mod matching;
mod options;
mod payments;
mod profile;
mod silence;
mod steps;
#[cfg(test)]
mod tests;
mod topic;
mod triggers;
mod values;
mod words;

pub use contribution::{Contribution, Ignored, Reason};
pub use decide::{Decision, desired_values};
pub use difference::{Difference, OfAction, by_action, difference, logged};
pub use evaluate::{Evaluation, TopicEvaluation, evaluate};
pub use explain::{
    ActivityRef, Change, ExplainedContribution, Explanation, IgnoredActivity, explain,
};
pub use fnmatch::{Letters, fnmatch};
pub use gist::Gist;
pub use machine::Machine;
pub use words::Points;
