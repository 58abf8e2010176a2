//! What is to be written.

use super::{ContactId, PointsCall, Target, Urgency, Way};
use jiff::Timestamp;

/// One target of one contact to be brought to its desired value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// The target.
    pub target: Target,
    /// How to bring it about.
    pub way: Way,
    /// What is known of points that are added, not set; `None` for [`Way::Set`].
    pub known: Option<KnownPoints>,
    /// Desired value.
    pub desired: i32,
    /// Last observed value.
    pub observed: Option<i32>,
    /// Look before writing.
    pub suspect: bool,
    /// Rises with every change of the desired value.
    pub generation: i64,
    /// Failed attempts so far.
    pub attempts: u32,
    /// Why.
    pub reason: String,
    /// When the delivery or poll came that led to this.
    pub caused_at: Timestamp,
    /// How soon.
    pub urgency: Urgency,
}

/// What the journal knows of points that are added, as of when they were claimed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownPoints {
    /// Newest known row of the contact in Mautic's points log; 0 if none is.
    pub newest_row: u64,
    /// Whether that is a group's, which goes with its group (FACTS 28).
    pub newest_of_group: bool,
    /// Sum of what the known rows of this target added; `None` when rows multiplied or divided,
    /// of which the log does not tell the difference (FACTS 56).
    pub logged: Option<i64>,
    /// Calls of which nobody knows yet what became of them, oldest first.
    pub open: Vec<PointsCall>,
    /// The newest call that took effect and whose row the journal does not know yet: an answer
    /// without that row is older than the call.
    pub awaited: Option<PointsCall>,
}

/// All pending intents of one contact, leased together: one writer per contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactIntents {
    /// The contact.
    pub contact: ContactId,
    /// Its intents, scores before segments (campaigns that start on a segment may read scores).
    pub intents: Vec<Intent>,
}
