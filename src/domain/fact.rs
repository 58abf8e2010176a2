//! What a delivery or a poll tells, in the shape the journal keeps.

use super::{Activity, ContactId, GroupId, PointActionId, Profile, SegmentId, Source};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One thing learnt of Mautic. Applying the same fact twice changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
pub enum Fact {
    /// A contact did something.
    Activity(Activity),
    /// A contact as Mautic showed it.
    Profile(Box<Profile>),
    /// A contact was added to or removed from a segment.
    Membership {
        /// The contact.
        contact: ContactId,
        /// The segment.
        segment: SegmentId,
        /// Whether the contact is a member from then on.
        member: bool,
        /// When.
        at: Timestamp,
    },
    /// Main points as Mautic reported them after a change (`lead_points_change.new_points`).
    PointsSeen {
        /// The contact.
        contact: ContactId,
        /// Main points after the change.
        points: i64,
        /// When.
        at: Timestamp,
    },
    /// A row of `lead_points_change_log`.
    PointsLog(PointsLogRow),
    /// A contact's id answers no more: deleted, or merged away (FACTS 93). To be resolved.
    Gone {
        /// The id that vanished.
        contact: ContactId,
        /// When.
        at: Timestamp,
    },
    /// The loser became the winner.
    Merged {
        /// The id that vanished.
        loser: ContactId,
        /// The contact that lives on.
        winner: ContactId,
        /// When.
        at: Timestamp,
    },
    /// A delivery speaks of a contact and tells nothing of it that is kept: its raw body does.
    Mentioned {
        /// The contact.
        contact: ContactId,
    },
    /// A contact was really deleted: everything of it is erased.
    Deleted {
        /// The contact.
        contact: ContactId,
        /// When.
        at: Timestamp,
    },
}

impl Fact {
    /// The contact it is told of; of a merge the one that vanished.
    #[must_use]
    pub const fn contact(&self) -> ContactId {
        match self {
            Self::Activity(activity) => activity.contact,
            Self::Profile(profile) => profile.contact,
            Self::PointsLog(row) => row.contact,
            Self::Merged { loser, .. } => *loser,
            Self::Membership { contact, .. }
            | Self::PointsSeen { contact, .. }
            | Self::Gone { contact, .. }
            | Self::Mentioned { contact }
            | Self::Deleted { contact, .. } => *contact,
        }
    }
}

/// A row of Mautic's `lead_points_change_log`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointsLogRow {
    /// Row id.
    pub id: u64,
    /// Contact as of when the row was read.
    pub contact: ContactId,
    /// Point group; `None` for main points.
    pub group: Option<GroupId>,
    /// As logged. Unsigned for main points changed by API (FACTS 56).
    pub delta: i64,
    /// `url`, `page`, `email`, `form`, `asset`, `API`, `campaign`.
    pub log_type: String,
    /// `ID: name` of a point action; free text for API calls.
    pub event_name: String,
    /// Second half of the action's type; free text for API calls.
    pub action_name: String,
    /// When.
    pub at: Timestamp,
}

impl PointsLogRow {
    /// The point action that wrote the row: it names `ID: name`, and the two halves of the action's
    /// type (SEMANTICS 1). `None`: the API, a campaign or a form's own action.
    #[must_use]
    pub fn point_action(&self) -> Option<PointActionId> {
        let kind = (self.log_type.as_str(), self.action_name.as_str());
        let kinds = [
            ("page", "hit"),
            ("url", "hit"),
            ("email", "open"),
            ("email", "send"),
            ("form", "submit"),
            ("asset", "download"),
        ];
        let (id, _) = self.event_name.split_once(": ")?;
        id.parse().ok().filter(|_| kinds.contains(&kind))
    }
}

/// A fact and who told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// Who told it.
    pub source: Source,
    /// What was told.
    pub fact: Fact,
}
