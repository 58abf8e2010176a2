//! What is to be written.

use super::{ContactId, Target, Urgency};
use jiff::Timestamp;

/// One target of one contact to be brought to its desired value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// The target.
    pub target: Target,
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

/// All pending intents of one contact, leased together: one writer per contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactIntents {
    /// The contact.
    pub contact: ContactId,
    /// Its intents, groups before segments (campaigns that start on a segment may read scores).
    pub intents: Vec<Intent>,
}
