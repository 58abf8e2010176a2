//! The plan: topics, rules, triggers and segments, from one versioned TOML file. PURE.
//!
//! text ─▶ [`Plan`] (names as written) ─▶ with a [`Catalog`] of Mautic's names ─▶ [`Compiled`]

mod catalog;
mod compiled;
mod model;

pub use crate::domain::{RuleKey, TopicKey};
pub use catalog::{Catalog, Named};
pub use compiled::{Compiled, CompiledAction, CompiledSegment, CompiledTopic, CompiledTrigger};
pub use model::{
    Band, Condition, InactivityRule, Plan, PointAction, ProfileRule, Ref, Repeat, Scale,
    SegmentRule, Ticks, Topic, Trigger,
};
