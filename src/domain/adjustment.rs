//! Points that a person gave, outside of all rules.

use super::{ContactId, SegmentId, TopicKey};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Points that a person gave a contact, or all members of a segment, in one topic. Adjustments
/// survive every recompute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adjustment {
    /// Number.
    pub id: i64,
    /// Whose points.
    pub scope: Scope,
    /// The topic.
    pub topic: TopicKey,
    /// Points; may be negative.
    pub points: i32,
    /// Who gave them.
    pub author: String,
    /// Why.
    pub reason: String,
    /// From when on they count.
    pub at: Timestamp,
    /// They count until then; `None`: for ever. Taking an adjustment back sets this to now.
    pub expires_at: Option<Timestamp>,
}

/// Whose points an adjustment changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// One contact's.
    Contact(ContactId),
    /// Everybody's who is in the segment, while he is in it.
    Segment(SegmentId),
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Contact(id) => write!(f, "contact:{id}"),
            Self::Segment(id) => write!(f, "segment:{id}"),
        }
    }
}

impl FromStr for Scope {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let unknown = || format!("`{text}` is no scope: expected contact:ID or segment:ID");
        match text.split_once(':').ok_or_else(unknown)? {
            ("contact", id) => id.parse().map(Self::Contact).map_err(|_| unknown()),
            ("segment", id) => id.parse().map(Self::Segment).map_err(|_| unknown()),
            _ => Err(unknown()),
        }
    }
}

impl Serialize for Scope {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}
