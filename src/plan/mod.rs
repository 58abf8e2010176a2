//! The plan: topics, rules, triggers and segments, from one versioned TOML file. PURE.
//!
//! Mautic's own point actions ─▶ [`import`] ─▶ text
//! text ─▶ [`Plan`] (names as written) ─▶ with a [`Catalog`] of Mautic's names ─▶ [`Compiled`]

mod catalog;
mod compile;
#[cfg(test)]
mod compile_tests;
mod compiled;
mod import;
#[cfg(test)]
mod manual_tests;
mod model;
mod ownership;
mod parse;
mod places;

pub use crate::domain::{RuleKey, TopicKey};
pub use catalog::{Catalog, Named};
pub use compile::{compile, doubts};
pub use compiled::{Compiled, CompiledAction, CompiledSegment, CompiledTopic, CompiledTrigger};
pub use import::{ActionGroup, Imported, MauticAction, import};
pub use model::{
    Band, Condition, InactivityRule, Plan, PointAction, ProfileRule, Ref, Repeat, Scale,
    SegmentRule, Ticks, Topic, Trigger,
};
pub use places::Places;
