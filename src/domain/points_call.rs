//! Calls that add points: what is written down before they are made, and what became of them.

use super::{ContactId, Target};
use jiff::Timestamp;

/// A call that adds points, as it was written down before it was made: what tells afterwards
/// whether it took effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PointsCall {
    /// Its mark in Mautic's points log, of no other call ever.
    pub marker: String,
    /// Points added; negative if taken away. Not 0.
    pub delta: i32,
    /// Points before the call.
    pub before: i64,
    /// Newest row of the contact in the points log before the call; 0 if there was none.
    pub newest_row: u64,
    /// When it was made.
    pub sent_at: Timestamp,
    /// How often nobody could tell what became of it.
    pub looks: u32,
    /// The contact it was made to has been merged into this one: the score before tells nothing.
    pub moved: bool,
}

/// What became of a call that adds points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallFate {
    /// It took effect; the log has its row, or Mautic answered so.
    Applied,
    /// It took effect, but Mautic did not write its row in the log (groups: FACTS 32, 45).
    AppliedUnlogged,
    /// Its row is in the log, but the points were not added: of main points Mautic writes the row
    /// first, then adds, and passes over errors of the database (`LeadRepository.php`).
    LoggedOnly,
    /// It did not take effect.
    NotApplied,
    /// Nobody can tell yet.
    Unknown,
}

/// A call about to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCall {
    /// The contact.
    pub contact: ContactId,
    /// Main points, or a group.
    pub target: Target,
    /// Generation of the intent.
    pub generation: i64,
    /// The call.
    pub call: PointsCall,
}
