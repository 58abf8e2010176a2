//! The plan: topics, rules, triggers and segments, from one versioned TOML file. PURE.
//!
//! Mautic's own point actions ─▶ [`import`] ─▶ text
//! text ─▶ [`Plan`] (names as written) ─▶ with a [`Catalog`] of Mautic's names ─▶ [`Compiled`]

mod catalog;
mod compile;
mod compiled;
mod fade;
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
pub use compiled::{
    BoundActivityTest, BoundProfileTest, BoundScoreTest, Compiled, CompiledAction,
    CompiledInactivity, CompiledProfileRule, CompiledSegment, CompiledTopic, CompiledTrigger,
};
pub use fade::{Fade, THOUSANDTHS};
pub use import::{
    ActionGroup, Change, ImportOptions, Imported, MauticAction, MauticEvent, MauticPoints,
    MauticTrigger, Merged, Seen, SeenAction, SeenTrigger, Thing, What, import, infer, merge,
};
pub use model::{
    ActivityTest, Band, Bands, Behaviour, Calendar, Decay, Edge, Effect, Foreign, Grade,
    InactivityRule, Limit, MachineWorth, Number, Operand, Pattern, Pays, Plan, PointAction,
    ProfileRule, ProfileTest, Rearm, Ref, Relative, Repeat, Scale, ScoreTest, SegmentRule,
    SegmentTest, SilenceStep, StageReset, Test, Ticks, Topic, Tree, Trigger, UrlOptions, UtmPart,
    Weight, Window, Writes,
};
pub use places::Places;
