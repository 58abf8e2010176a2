//! What topicscore keeps true in Mautic.

use super::{GroupId, SegmentId};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// One thing of a contact that topicscore keeps true in Mautic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Target {
    /// The score in a point group.
    Group(GroupId),
    /// Membership in a segment: 1 in, 0 out.
    Segment(SegmentId),
    /// The main points.
    Points,
}

/// How a value is brought about.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// By setting it: nobody else writes the target.
    #[default]
    Set,
    /// By adding the difference to what Mautic shows: others add to it, too, or Mautic can't set
    /// it (main points: FACTS 54).
    Add,
    /// By adding the difference to what Mautic logged: what was changed without a row in the log,
    /// by an import or by hand, stays (FACTS 54).
    AddToLogged,
}

impl Way {
    /// Whether doing it twice would count twice.
    #[must_use]
    pub const fn adds(self) -> bool {
        !matches!(self, Self::Set)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Group(id) => write!(f, "group:{id}"),
            Self::Segment(id) => write!(f, "segment:{id}"),
            Self::Points => f.write_str("points"),
        }
    }
}

impl FromStr for Target {
    type Err = String;
    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let unknown = || format!("`{text}` is no target: expected group:ID, segment:ID or points");
        if text == "points" {
            return Ok(Self::Points);
        }
        let (kind, id) = text.split_once(':').ok_or_else(unknown)?;
        match kind {
            "group" => id.parse().map(Self::Group).map_err(|_| unknown()),
            "segment" => id.parse().map(Self::Segment).map_err(|_| unknown()),
            _ => Err(unknown()),
        }
    }
}

impl Serialize for Target {
    fn serialize<S: serde::Serializer>(
        &self,
        serializer: S,
    ) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Target {
    fn deserialize<D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> std::result::Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// How soon something should be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    /// Backfill, recompute after a plan change, ticks.
    Bulk,
    /// The contact just did something.
    Fresh,
    /// The contact crosses a threshold.
    Crossing,
}

/// What a target of a contact should hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredValue {
    /// The target.
    pub target: Target,
    /// How to bring it about.
    pub way: Way,
    /// Score of a group, or the main points; 1 (in) or 0 (out) of a segment.
    pub value: i32,
    /// Why, for people: `dishwashers 62 (was 57)`, `dishwashers 62 >= 50`.
    pub reason: String,
    /// How soon.
    pub urgency: Urgency,
}
