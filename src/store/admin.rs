//! Questions of the admin interface and the command line.

use super::{Result, StoredScore, TargetState, WriteRecord};
use crate::domain::{ContactId, Profile, SegmentId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How much there is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Contacts known.
    pub contacts: u64,
    /// Activities in the journal.
    pub activities: u64,
    /// Deliveries accepted.
    pub deliveries: u64,
    /// Deliveries not decoded yet.
    pub undecoded: u64,
    /// Items parked.
    pub parked: u64,
    /// Contacts waiting to be scored.
    pub dirty: u64,
    /// Scores held (contact and topic).
    pub scores: u64,
    /// Intents pending, parked ones included.
    pub pending_intents: u64,
    /// Intents parked.
    pub parked_intents: u64,
    /// Effects of triggers to be done, those included whose outcome is being looked up.
    pub pending_effects: u64,
    /// Effects given up.
    pub failed_effects: u64,
    /// Effects of which nobody can tell whether they were done.
    pub unknown_effects: u64,
    /// Calls recorded that wrote to Mautic.
    pub writes: u64,
    /// Ids merged away.
    pub merged: u64,
    /// Ids of erased contacts, those merged into them included.
    pub deleted: u64,
}

/// An item that could not be understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParkedItem {
    /// Number.
    pub id: i64,
    /// Event type or table.
    pub kind: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// A write, for lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteSummary {
    /// The contact.
    pub contact: ContactId,
    /// The target, such as `group:3`.
    pub target: String,
    /// The value wanted.
    pub desired: i32,
    /// Why.
    pub reason: String,
    /// How it ended: `holds`, `retry`, `parked`.
    pub outcome: String,
    /// When the delivery or poll came that led to it.
    pub caused_at: Timestamp,
    /// The call.
    pub record: WriteRecord,
}

/// Everything held of a contact but its activities.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactOverview {
    /// The contact (the winner, if a merged-away id was asked for).
    pub contact: ContactId,
    /// Its profile.
    pub profile: Option<Profile>,
    /// Mautic's main points as last seen.
    pub observed_points: Option<i64>,
    /// Stored scores.
    pub scores: Vec<StoredScore>,
    /// Segments it is in, as far as known.
    pub segments: Vec<SegmentId>,
    /// Desired and observed values.
    pub targets: Vec<TargetState>,
    /// Ids merged into it.
    pub merged_from: Vec<ContactId>,
    /// When it was last scored, and with which plan version.
    pub scored: Option<(Timestamp, String)>,
    /// When time alone will next change a score.
    pub next_change: Option<Timestamp>,
}

/// Answers questions; changes nothing.
#[async_trait::async_trait]
pub trait Admin: Send + Sync {
    /// How much there is.
    async fn counts(&self) -> Result<Counts>;

    /// A contact; `None` if unknown or deleted.
    async fn contact_overview(&self, contact: ContactId) -> Result<Option<ContactOverview>>;

    /// Ids of contacts, rising, after `after`.
    async fn contact_ids(&self, after: Option<ContactId>, limit: usize) -> Result<Vec<ContactId>>;

    /// The newest writes, newest first.
    async fn recent_writes(&self, limit: usize) -> Result<Vec<WriteSummary>>;

    /// A contact's writes, newest first.
    async fn contact_writes(&self, contact: ContactId, limit: usize) -> Result<Vec<WriteSummary>>;

    /// The newest parked items, newest first.
    async fn parked_items(&self, limit: usize) -> Result<Vec<ParkedItem>>;

    /// Milliseconds from delivery to successful write-back of writes caused since `since`,
    /// ascending; at most the newest `limit`.
    async fn write_delays(&self, since: Timestamp, limit: usize) -> Result<Vec<u64>>;

    /// Writes a little and takes it back: proves that the store can write. For `/readyz`.
    async fn probe(&self) -> Result<()>;
}
