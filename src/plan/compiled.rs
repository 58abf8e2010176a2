//! The plan bound to Mautic's ids: what the engine runs.

use super::model::{
    ActivityTest, Bands, Behaviour, Edge, Foreign, Grade, Limit, MachineWorth, Pays, ProfileTest,
    Rearm, Repeat, Scale, ScoreTest, SegmentTest, SilenceStep, StageReset, Ticks, Tree, UrlOptions,
    Weight, Writes,
};
use super::{Catalog, Fade};
use crate::domain::{
    Action, ActivityKind, GroupId, PointActionId, RuleKey, SegmentId, StageId, Target, TopicKey,
    UserId, Way,
};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;

/// A condition on the profile, bound.
pub type BoundProfileTest = ProfileTest<SegmentId, StageId, UserId>;
/// A condition on an activity, bound.
pub type BoundActivityTest = ActivityTest<u32>;
/// A condition on scores, bound: topics, bands and grades by index.
pub type BoundScoreTest = ScoreTest<usize, usize, usize>;

/// A plan with every name bound. Topics are named by their index in `topics`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compiled {
    /// Fingerprint of the plan's text.
    pub version: String,
    /// How point actions count where Mautic's own way is a mistake.
    pub behaviour: Behaviour,
    /// When time moves scores.
    pub ticks: Ticks,
    /// What activities of machines are worth.
    pub machine: MachineWorth,
    /// Mautic's names, for people.
    pub names: Catalog,
    /// Topics in file order.
    pub topics: Vec<CompiledTopic>,
    /// Indexes of the topics so that a total comes after its parts.
    pub order: Vec<usize>,
    /// Rules on activities, in file order.
    pub point_actions: Vec<CompiledAction>,
    /// Rules on the profile.
    pub profile_rules: Vec<CompiledProfileRule>,
    /// Rules on silence.
    pub inactivity_rules: Vec<CompiledInactivity>,
    /// Grades.
    pub grades: Vec<Grade<usize>>,
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
    /// What of Mautic's the score belongs to.
    pub writes: Writes<GroupId>,
    /// Range.
    pub scale: Scale,
    /// Bands.
    pub bands: Bands,
    /// Parts of a total.
    pub sum_of: Vec<(usize, Weight)>,
    /// At most so many points in a time.
    pub limits: Vec<Limit>,
    /// How points fade.
    pub fade: Fade,
    /// Begins anew when a stage is entered.
    pub stages: Option<StageReset<StageId>>,
    /// What becomes of points that somebody else gives.
    pub foreign: Foreign,
    /// Mautic's point actions whose logged points count as they were given.
    pub adopt_actions: BTreeSet<PointActionId>,
}

impl CompiledTopic {
    /// The owned point group, if the score is written.
    #[must_use]
    pub const fn group(&self) -> Option<GroupId> {
        match self.writes {
            Writes::Group(group) => Some(group),
            Writes::Nothing | Writes::MainPoints | Writes::MainPointsWritten => None,
        }
    }

    /// What is kept true in Mautic, and how. A group that others may put points into, and the
    /// main points, are never set: what somebody added in between would be lost.
    #[must_use]
    pub const fn target(&self) -> Option<(Target, Way)> {
        match (self.writes, self.foreign) {
            (Writes::Nothing | Writes::MainPoints, _) => None,
            (Writes::Group(group), Foreign::Adopt) => Some((Target::Group(group), Way::Add)),
            (Writes::Group(group), _) => Some((Target::Group(group), Way::Set)),
            (Writes::MainPointsWritten, Foreign::Adopt) => Some((Target::Points, Way::AddToLogged)),
            (Writes::MainPointsWritten, _) => Some((Target::Points, Way::Add)),
        }
    }
}

/// A point action, bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompiledAction {
    /// Name inside the plan.
    pub key: RuleKey,
    /// Name for people.
    pub name: String,
    /// Mautic's own action that this one stands for.
    pub mautic: Option<PointActionId>,
    /// When that action was made: as Mautic counts, nothing before counts.
    pub made_at: Option<Timestamp>,
    /// Topics it pays into.
    pub pays: Pays<usize>,
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
    /// Only activities of which this holds.
    pub when: Option<Tree<BoundActivityTest>>,
    /// At most so many points in a time.
    pub limits: Vec<Limit>,
    /// Not again before this time is over.
    pub cooldown: Option<SignedDuration>,
    /// Percent for the first, second, … time; the last one stays. Empty: 100.
    pub diminishing: Vec<u16>,
    /// How its points fade, if not as the topic's.
    pub fade: Option<Fade>,
    /// Mautic's options of `url.hit`.
    pub url_options: UrlOptions,
}

impl CompiledAction {
    /// All objects that it names: those it is limited to, and those its condition asks for.
    fn named_objects(&self) -> BTreeSet<u32> {
        let tests = self.when.iter().flat_map(Tree::leaves);
        let asked = tests.filter_map(|test| match test {
            ActivityTest::Object(objects) => Some(objects),
            _ => None,
        });
        self.objects
            .iter()
            .chain(asked.flatten())
            .copied()
            .collect()
    }
}

/// A rule on the profile, bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompiledProfileRule {
    /// Name inside the plan.
    pub key: RuleKey,
    /// Name for people.
    pub name: String,
    /// Topics it pays into.
    pub pays: Pays<usize>,
    /// Points.
    pub points: i32,
    /// The condition.
    pub when: Tree<BoundProfileTest>,
}

/// A rule on silence, bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompiledInactivity {
    /// Name inside the plan.
    pub key: RuleKey,
    /// Name for people.
    pub name: String,
    /// Topics it pays into.
    pub pays: Pays<usize>,
    /// By rising days.
    pub steps: Vec<SilenceStep>,
    /// Kinds of activity that end the silence.
    pub kinds: BTreeSet<ActivityKind>,
}

/// A trigger, bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompiledTrigger {
    /// Name inside the plan.
    pub key: RuleKey,
    /// Name for people.
    pub name: String,
    /// The condition.
    pub when: Tree<BoundScoreTest>,
    /// Which change of it.
    pub edge: Edge,
    /// How often.
    pub rearm: Rearm<BoundScoreTest>,
    /// It must have been so for this long.
    pub dwell: SignedDuration,
    /// Crossings before this moment fire nothing.
    pub since: Option<Timestamp>,
    /// When the trigger first came into force; a crossing from before fires only if what the
    /// trigger asks is still so. `None`: not in force yet.
    pub made_at: Option<Timestamp>,
    /// What it does.
    pub actions: Vec<Action>,
}

/// A declared segment, bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompiledSegment {
    /// The owned segment.
    pub segment: SegmentId,
    /// Who is in it.
    pub test: SegmentTest<usize, BoundScoreTest>,
}

impl Compiled {
    /// Segments that the plan writes: declared ones and those its triggers change.
    #[must_use]
    pub fn owned_segments(&self) -> BTreeSet<SegmentId> {
        let declared = self.segments.iter().map(|rule| rule.segment);
        declared.chain(self.triggered_segments()).collect()
    }

    fn triggered_segments(&self) -> impl Iterator<Item = SegmentId> {
        let actions = self.triggers.iter().flat_map(|trigger| &trigger.actions);
        actions.filter_map(|action| match action {
            Action::AddToSegment { segment } | Action::RemoveFromSegment { segment } => {
                Some(*segment)
            }
            _ => None,
        })
    }

    /// Segments that rules ask about: conditions, and entries that pay.
    #[must_use]
    pub fn asked_segments(&self) -> BTreeSet<SegmentId> {
        let tests = self
            .profile_rules
            .iter()
            .flat_map(|rule| rule.when.leaves());
        let asked = tests.filter_map(|test| match test {
            ProfileTest::Segment(segment) => Some(*segment),
            _ => None,
        });
        let entries = self.point_actions.iter();
        let entries = entries.filter(|action| action.kind == ActivityKind::SegmentEnter);
        let entered = entries.flat_map(CompiledAction::named_objects);
        asked.chain(entered.map(SegmentId)).collect()
    }

    /// Point groups that the plan writes.
    #[must_use]
    pub fn owned_groups(&self) -> BTreeSet<GroupId> {
        self.topics
            .iter()
            .filter_map(CompiledTopic::group)
            .collect()
    }

    /// Index of a topic.
    #[must_use]
    pub fn topic(&self, key: &TopicKey) -> Option<usize> {
        self.topics.iter().position(|topic| topic.key == *key)
    }
}
