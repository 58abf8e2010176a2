//! What of Mautic's is imported, as its API tells it.

use crate::domain::{GroupId, PointActionId};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Point actions and point triggers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MauticPoints {
    /// Point actions.
    pub actions: Vec<MauticAction>,
    /// Point triggers.
    pub triggers: Vec<MauticTrigger>,
    /// Groups (`None`: main points) that Mautic's points log knows, each with the point actions
    /// that paid into it and run no more: unpublished since, or deleted.
    pub paid: BTreeMap<Option<GroupId>, BTreeSet<PointActionId>>,
}

/// A point action as Mautic's API gives it.
#[derive(Debug, Clone, PartialEq)]
pub struct MauticAction {
    /// Mautic's id.
    pub id: u32,
    /// Name.
    pub name: String,
    /// `type`: `page.hit`, `form.submit`, …
    pub kind: String,
    /// `delta`: points per activity.
    pub points: i64,
    /// Whether it pays more than once per contact.
    pub repeatable: bool,
    /// Whether it is switched on.
    pub published: bool,
    /// When it was made: nothing before pays.
    pub added_at: Option<Timestamp>,
    /// Pays from this moment on.
    pub publish_up: Option<Timestamp>,
    /// Pays up to and including this moment.
    pub publish_down: Option<Timestamp>,
    /// Limits as in the JSON; `[]` or `{}` if there are none.
    pub properties: Value,
    /// Its point group, which the JSON does not tell (FACTS 46).
    pub group: ActionGroup,
}

/// A point trigger as Mautic's API gives it.
#[derive(Debug, Clone, PartialEq)]
pub struct MauticTrigger {
    /// Mautic's id.
    pub id: u32,
    /// Name.
    pub name: String,
    /// Fires at this score.
    pub points: i64,
    /// Whether it is switched on.
    pub published: bool,
    /// Whose score, which the JSON does not tell (FACTS 46).
    pub group: ActionGroup,
    /// What it does. Mautic 5.1 deletes these after they ran (FACTS 41).
    pub events: Vec<MauticEvent>,
}

/// One thing a point trigger does.
#[derive(Debug, Clone, PartialEq)]
pub struct MauticEvent {
    /// `lead.changelists`, `lead.changetags`, `email.send`, …
    pub kind: String,
    /// What it needs, as Mautic stores it.
    pub properties: Value,
}

/// The point group of an action or trigger (`None`: the contact's main points), and how that is
/// known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "how")]
pub enum ActionGroup {
    /// Mautic told it: its lists can be asked by group.
    Known {
        /// The group.
        group: Option<GroupId>,
    },
    /// Rows of Mautic's points log show it.
    Inferred {
        /// The group of the newest row.
        group: Option<GroupId>,
        /// Rows that show it.
        rows: u32,
        /// Older rows that show another one.
        others: u32,
    },
    /// It could not be found out.
    Missing,
}

impl ActionGroup {
    /// The group; `None`: main points, or not known.
    #[must_use]
    pub const fn group(self) -> Option<GroupId> {
        match self {
            Self::Known { group } | Self::Inferred { group, .. } => group,
            Self::Missing => None,
        }
    }
}

impl fmt::Display for ActionGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known { .. } => f.write_str("known: told by Mautic"),
            Self::Inferred {
                rows, others: 0, ..
            } => {
                write!(f, "inferred: rows of the points log: {rows}")
            }
            Self::Inferred { rows, others, .. } => write!(
                f,
                "inferred: rows of the points log: {rows}; {others} older ones say otherwise"
            ),
            Self::Missing => f.write_str("missing"),
        }
    }
}
