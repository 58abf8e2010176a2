//! Everything a score follows from.

use super::{
    Activity, ActivityKey, Adjustment, ContactId, PointsLogRow, Profile, RuleKey, SegmentId,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Everything the score of a contact follows from, read in one transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The contact.
    pub contact: ContactId,
    /// Its activities by (`at`, key); those of merged contacts included.
    pub activities: Vec<Activity>,
    /// Who did it then, where that was a contact since merged into this one. Mautic drops what
    /// such a contact had in point groups (SEMANTICS 7).
    pub done_by: BTreeMap<ActivityKey, ContactId>,
    /// Contacts merged into this one or into one of those, by time.
    pub merges: Vec<Merge>,
    /// Its profile, if Mautic showed one.
    pub profile: Option<Profile>,
    /// Segments it is in, as far as known.
    pub segments: BTreeSet<SegmentId>,
    /// Rows of Mautic's points log that are not ours, by id, each with who it was of when read.
    pub ledger: Vec<LedgerRow>,
    /// Adjustments of this contact, and those of segments (whether it is in them or not), by id.
    pub adjustments: Vec<Adjustment>,
    /// Triggers that fired for it before.
    pub fired: BTreeMap<RuleKey, Fired>,
}

impl Snapshot {
    /// A contact of whom nothing is known.
    #[must_use]
    pub const fn of(contact: ContactId) -> Self {
        Self {
            contact,
            activities: Vec::new(),
            done_by: BTreeMap::new(),
            merges: Vec::new(),
            profile: None,
            segments: BTreeSet::new(),
            ledger: Vec::new(),
            adjustments: Vec::new(),
            fired: BTreeMap::new(),
        }
    }
}

/// What is kept of a trigger that fired for a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fired {
    /// The crossing it fired for last.
    pub crossed_at: Timestamp,
    /// When it was first seen armed again since; `None`: not yet.
    pub rearmed_at: Option<Timestamp>,
}

/// One contact became another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Merge {
    /// When.
    pub at: Timestamp,
    /// The id that vanished.
    pub loser: ContactId,
    /// The contact that lived on (it may have been merged itself since).
    pub winner: ContactId,
}

/// A row of Mautic's points log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerRow {
    /// The row; its `contact` is the one it belongs to now.
    pub row: PointsLogRow,
    /// Whose it was when it was first read.
    pub done_by: ContactId,
}
