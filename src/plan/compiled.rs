//! The plan bound to Mautic's ids: what the engine runs.

use super::model::{Band, Condition, InactivityRule, ProfileRule, Repeat, Scale, Ticks};
use crate::domain::{ActivityKind, GroupId, RuleKey, SegmentId, TopicKey};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// A plan with every name bound. Topics are named by their index in `topics`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compiled {
    /// Fingerprint of the plan's text.
    pub version: String,
    /// When time moves scores.
    pub ticks: Ticks,
    /// Topics in file order.
    pub topics: Vec<CompiledTopic>,
    /// Rules on activities, in file order.
    pub point_actions: Vec<CompiledAction>,
    /// Rules on the profile (their `InSegment` refs are ids).
    pub profile_rules: Vec<(usize, ProfileRule)>,
    /// Rules on silence.
    pub inactivity_rules: Vec<(usize, InactivityRule)>,
    /// Triggers.
    pub triggers: Vec<CompiledTrigger>,
    /// Declared segments.
    pub segments: Vec<CompiledSegment>,
}

/// A topic, bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompiledTopic {
    /// Name inside the plan.
    pub key: TopicKey,
    /// Name for people.
    pub label: String,
    /// The owned point group, if the score is written.
    pub group: Option<GroupId>,
    /// Range.
    pub scale: Scale,
    /// Bands by rising `from`.
    pub bands: Vec<Band>,
}

/// A point action, bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompiledAction {
    /// Name inside the plan.
    pub key: RuleKey,
    /// Name for people.
    pub name: String,
    /// Index of its topic.
    pub topic: usize,
    /// Points per matching activity.
    pub points: i32,
    /// How often.
    pub repeat: Repeat,
    /// Kind of activity (`url.hit` covers clicks, too).
    pub kind: ActivityKind,
    /// Accepted objects; empty: every one.
    pub objects: BTreeSet<u32>,
    /// Accepted URL patterns; empty: every URL.
    pub urls: Vec<String>,
    /// Only at or after.
    pub since: Option<Timestamp>,
    /// Only before.
    pub until: Option<Timestamp>,
}

/// A trigger, bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompiledTrigger {
    /// Name inside the plan.
    pub key: RuleKey,
    /// Name for people.
    pub name: String,
    /// Index of its topic.
    pub topic: usize,
    /// Fires when the score is at least this.
    pub at: i32,
    /// Segments to add to.
    pub add_to: Vec<SegmentId>,
    /// Segments to remove from.
    pub remove_from: Vec<SegmentId>,
}

/// A declared segment, bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompiledSegment {
    /// The owned segment.
    pub segment: SegmentId,
    /// Index of its topic.
    pub topic: usize,
    /// In at this score or above.
    pub enter: i32,
    /// Out below this score.
    pub leave: i32,
}

impl Compiled {
    /// Segments that the plan writes: declared ones and those its triggers change.
    #[must_use]
    pub fn owned_segments(&self) -> BTreeSet<SegmentId> {
        let declared = self.segments.iter().map(|rule| rule.segment);
        let triggered = self
            .triggers
            .iter()
            .flat_map(|trigger| trigger.add_to.iter().chain(&trigger.remove_from).copied());
        declared.chain(triggered).collect()
    }

    /// Point groups that the plan writes.
    #[must_use]
    pub fn owned_groups(&self) -> BTreeSet<GroupId> {
        self.topics.iter().filter_map(|topic| topic.group).collect()
    }

    /// Whether time alone can change a score.
    #[must_use]
    pub fn moves_with_time(&self) -> bool {
        !self.inactivity_rules.is_empty()
    }

    /// The conditions of the profile rules.
    pub fn conditions(&self) -> impl Iterator<Item = &Condition> {
        self.profile_rules.iter().map(|(_, rule)| &rule.when)
    }
}
