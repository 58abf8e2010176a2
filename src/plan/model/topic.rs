//! Topics: what scores are about.

use super::{Ref, Weight};
use crate::domain::{GroupId, PointActionId, StageId, TopicKey};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// A topic: what a score is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    /// Name inside the plan.
    pub key: TopicKey,
    /// Name for people; the key if none was given.
    pub label: String,
    /// What of Mautic's the score belongs to.
    pub writes: Writes<Ref<GroupId>>,
    /// Range of the score.
    pub scale: Scale,
    /// Named ranges.
    pub bands: Bands,
    /// A total: the score is made of these topics' scores, too.
    pub sum_of: Vec<(TopicKey, Weight)>,
    /// At most so many points in a time, over all rules on activities that pay into the topic.
    pub limits: Vec<Limit>,
    /// How points fade, unless the rule says otherwise.
    pub decay: Decay,
    /// Begins anew when a stage is entered.
    pub stages: Option<StageReset<Ref<StageId>>>,
    /// What becomes of points that somebody else puts into the group.
    pub foreign: Foreign,
    /// Mautic's point actions that run no more and whose logged points count as they were given.
    pub adopt_actions: Vec<PointActionId>,
}

/// What of Mautic's a topic's score belongs to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Writes<Group> {
    /// Nothing: computed and shown only.
    #[default]
    Nothing,
    /// A point group that the plan owns and writes.
    Group(Group),
    /// The contact's main points: computed and shown beside Mautic's own, not written.
    MainPoints,
    /// The contact's main points, written.
    MainPointsWritten,
}

impl<Group: Copy> Writes<Group> {
    /// Whose rows of Mautic's points log speak of it: `Some(None)` for the main points.
    #[must_use]
    #[allow(
        clippy::option_option,
        reason = "nothing, or the main points: two things"
    )]
    pub const fn logged(&self) -> Option<Option<Group>> {
        match *self {
            Self::Nothing => None,
            Self::Group(group) => Some(Some(group)),
            Self::MainPoints | Self::MainPointsWritten => Some(None),
        }
    }
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

/// Named ranges of a score.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bands {
    /// By rising `from`.
    pub list: Vec<Band>,
    /// A band is left downwards only when the score is this much below its `from`.
    pub hysteresis: u32,
    /// The band changes only after the score has been in the new one for this long.
    pub dwell: SignedDuration,
}

/// A named range of a score: from its `from` up to the next band's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Band {
    /// Name: cold, warm, hot.
    pub name: String,
    /// Lowest score of the band.
    pub from: i32,
}

/// At most so many points in a time. What goes beyond is cut off; negative points are not limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// Points, before decay; more than 0.
    pub points: u32,
    /// In which time.
    pub window: Window,
}

/// A time in which points are limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// For ever.
    Ever,
    /// A day, week, month or year of the calendar in the plan's time zone.
    Calendar(Calendar),
    /// Any stretch of this length that ends with the activity.
    Rolling(SignedDuration),
}

/// Windows of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Calendar {
    /// From midnight to midnight.
    Day,
    /// From Monday to Sunday.
    Week,
    /// A month.
    Month,
    /// A year.
    Year,
}

/// How points fade with age. Days are days of the calendar in the plan's time zone, counted at
/// ticks. Linear and half-life fade positive points only; expiry ends negative ones, too, if it
/// stands in the rule itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Decay {
    /// Not at all.
    #[default]
    None,
    /// Gone after so many days.
    Expiry(u16),
    /// Evenly to nothing in so many days.
    Linear(u16),
    /// Half as much after every so many days.
    HalfLife(u16),
}

/// A score that begins anew when a stage is entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageReset<Stage> {
    /// These stages; empty: any.
    pub stages: Vec<Stage>,
    /// How much of the score is carried over, in percent; 0 by default.
    pub carry: u8,
}

/// What becomes of points that somebody else puts into an owned group.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Foreign {
    /// They are set back with the next write.
    #[default]
    Override,
    /// They count, as a manual adjustment would.
    Adopt,
    /// They are shown, and the contact's group is not written until somebody decides.
    Report,
}
