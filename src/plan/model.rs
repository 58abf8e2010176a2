//! The plan as its author wrote it, validated but not yet bound to Mautic's ids.

use super::Places;
use crate::domain::{ActivityKind, GroupId, RuleKey, SegmentId, TopicKey};
use jiff::{Timestamp, civil, tz::TimeZone};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Something of Mautic's, by id or by name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Ref<Id> {
    /// By id.
    Id(Id),
    /// By name, exactly as Mautic shows it.
    Name(String),
}

/// One versioned plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Format version of the file; 1.
    pub format: u32,
    /// Fingerprint of the text: 12 hex digits of its SHA-256. Says which plan a score came from.
    pub version: String,
    /// When time moves scores.
    pub ticks: Ticks,
    /// Topics in file order.
    pub topics: Vec<Topic>,
    /// Rules on activities.
    pub point_actions: Vec<PointAction>,
    /// Rules on the profile.
    pub profile_rules: Vec<ProfileRule>,
    /// Rules on silence.
    pub inactivity_rules: Vec<InactivityRule>,
    /// What happens when a score rises to a value.
    pub triggers: Vec<Trigger>,
    /// Segments kept true by score.
    pub segments: Vec<SegmentRule>,
    /// Where things stand in the text; may be empty.
    pub places: Places,
}

/// When time moves scores: once a day, so that a score changes when somebody can expect it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticks {
    /// The plan's time zone.
    pub zone: TimeZone,
    /// Time of day; default 03:00.
    pub at: civil::Time,
}

/// A topic: what a score is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    /// Name inside the plan.
    pub key: TopicKey,
    /// Name for people; the key if none was given.
    pub label: String,
    /// The Mautic point group that the plan owns and writes; `None`: computed and shown only.
    pub group: Option<Ref<GroupId>>,
    /// Range of the score.
    pub scale: Scale,
    /// Named ranges, by rising `from`.
    pub bands: Vec<Band>,
}

/// Range of a score; `None` is unbounded. Mautic stores 32-bit integers (FACTS 22), so a
/// score is always kept inside those, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scale {
    /// Lowest score; default 0.
    pub floor: Option<i32>,
    /// Highest score; default 100.
    pub ceiling: Option<i32>,
}

/// A named range of a score: from its `from` up to the next band's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Band {
    /// Name: cold, warm, hot.
    pub name: String,
    /// Lowest score of the band.
    pub from: i32,
}

/// How often an action pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Repeat {
    /// Once per contact, for ever (Mautic: not repeatable).
    Once,
    /// At every matching activity (Mautic: repeatable).
    Always,
}

/// A rule on activities: Mautic's point action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PointAction {
    /// Name inside the plan.
    pub key: RuleKey,
    /// Name for people.
    pub name: String,
    /// What kind of activity. `url.hit` covers clicks, too (SEMANTICS 3, url.hit).
    pub kind: ActivityKind,
    /// Topic it pays into.
    pub topic: TopicKey,
    /// Points per matching activity; may be negative.
    pub points: i32,
    /// How often.
    pub repeat: Repeat,
    /// Only these pages, emails, forms, assets; empty: every one.
    pub objects: Vec<Ref<u32>>,
    /// Only URLs that match one of these patterns (PHP `fnmatch`, whole URL); empty: every URL.
    pub urls: Vec<String>,
    /// Only activities at or after this moment.
    pub since: Option<Timestamp>,
    /// Only activities before this moment.
    pub until: Option<Timestamp>,
}

/// A rule on the profile: its points are there while its condition holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileRule {
    /// Name inside the plan.
    pub key: RuleKey,
    /// Name for people.
    pub name: String,
    /// Topic it pays into.
    pub topic: TopicKey,
    /// Points; may be negative.
    pub points: i32,
    /// The condition.
    pub when: Condition,
}

/// A condition on the profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// The field has one of these values (case-insensitive, as Mautic compares).
    FieldIs {
        /// Field alias.
        field: String,
        /// Accepted values.
        values: BTreeSet<String>,
    },
    /// The field has some value.
    FieldFilled {
        /// Field alias.
        field: String,
    },
    /// The contact has the tag.
    HasTag(String),
    /// The contact is in the segment.
    InSegment(Ref<SegmentId>),
}

/// A rule on silence: its points are there while nothing of these kinds has happened for a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InactivityRule {
    /// Name inside the plan.
    pub key: RuleKey,
    /// Name for people.
    pub name: String,
    /// Topic it pays into.
    pub topic: TopicKey,
    /// Points, mostly negative.
    pub points: i32,
    /// Length of the silence in days (of 24 hours), 1 to 3650.
    pub after_days: u16,
    /// Kinds of activity that end the silence; all that a contact does himself by default.
    pub kinds: BTreeSet<ActivityKind>,
}

/// Fires when a topic's score rises to a value, once per contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trigger {
    /// Name inside the plan.
    pub key: RuleKey,
    /// Name for people.
    pub name: String,
    /// Topic it watches.
    pub topic: TopicKey,
    /// Fires when the score is at least this.
    pub at: i32,
    /// Segments the contact is added to (and stays in).
    pub add_to: Vec<Ref<SegmentId>>,
    /// Segments the contact is removed from.
    pub remove_from: Vec<Ref<SegmentId>>,
}

/// A segment that is true by score: in at `enter`, out below `leave`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentRule {
    /// The static segment that the plan owns.
    pub segment: Ref<SegmentId>,
    /// Topic it watches.
    pub topic: TopicKey,
    /// In at this score or above.
    pub enter: i32,
    /// Out below this score; at most `enter`.
    pub leave: i32,
}
