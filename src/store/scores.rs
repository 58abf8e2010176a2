//! From dirty contacts to scores and desired values.

use super::{Owner, Result};
use crate::domain::{
    Activity, ContactId, DesiredValue, Firing, RuleKey, Snapshot, TopicKey, Urgency,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A contact to be scored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirtyContact {
    /// The contact.
    pub contact: ContactId,
    /// Rises with every change; a commit of an older generation leaves the contact dirty.
    pub generation: i64,
    /// When the oldest unscored change reached us.
    pub since: Timestamp,
    /// How soon.
    pub urgency: Urgency,
}

/// The score of one topic, as stored and shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredScore {
    /// The topic.
    pub topic: TopicKey,
    /// The score.
    pub score: i32,
    /// Sum of the contributions before floor and ceiling.
    pub raw: i64,
    /// Name of the band, if the topic has bands and the score is in one.
    pub band: Option<String>,
}

/// The result of scoring one contact.
#[derive(Debug, Clone)]
pub struct ScoreCommit {
    /// The contact and generation that was scored.
    pub dirty: DirtyContact,
    /// Plan version.
    pub plan: String,
    /// When it was scored.
    pub at: Timestamp,
    /// Scores of all topics.
    pub scores: Vec<StoredScore>,
    /// Desired values of all owned targets that may concern this contact.
    pub desired: Vec<DesiredValue>,
    /// Triggers that fire now.
    pub firings: Vec<Firing>,
    /// Triggers that fired before and are armed again since that moment.
    pub rearmed: Vec<(RuleKey, Timestamp)>,
    /// When time alone will next change a score, if ever.
    pub next_change: Option<Timestamp>,
}

/// What the scores of some contacts follow from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Histories {
    /// In the order asked; contacts unknown to the journal (erased meanwhile) are left out.
    pub snapshots: Vec<Snapshot>,
    /// So many of the contacts asked for were looked at, from the first on.
    pub looked_at: usize,
}

/// Adds an activity to those of its contact that were read before it, in order of time and key. What
/// scores do not follow from may be left out.
pub type Keep = Arc<dyn Fn(&mut Vec<Activity>, Activity) + Send + Sync>;

/// Keeps scores.
#[async_trait::async_trait]
pub trait Scores: Send + Sync {
    /// Takes up to `limit` dirty contacts, most urgent and oldest first, until `lease_until`.
    async fn claim_dirty(
        &self,
        owner: &Owner,
        limit: usize,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Vec<DirtyContact>>;

    /// Reads what contacts' scores follow from, in the order asked. Contacts unknown to the
    /// journal (erased meanwhile) are left out.
    async fn snapshots(&self, contacts: &[ContactId]) -> Result<Vec<Snapshot>>;

    /// The same for many: begins with no further contact once so many activities and rows of the
    /// points log are read, but looks at one at least. Of activities `keep` says what is kept.
    async fn histories(
        &self,
        contacts: &[ContactId],
        rows: usize,
        keep: Option<Keep>,
    ) -> Result<Histories>;

    /// Stores scores, desired values, fired triggers and the time of the next change in one
    /// transaction, and makes the contacts clean whose generation has not moved on. Commits of
    /// contacts that were merged away or erased meanwhile are dropped.
    async fn commit_scores(&self, commits: Vec<ScoreCommit>) -> Result<()>;

    /// Makes contacts dirty whose next change has come. Returns how many.
    async fn mark_due(&self, now: Timestamp) -> Result<u64>;

    /// Makes every contact dirty that was not scored with this plan version. Returns how many.
    async fn mark_outdated(&self, plan: &str, now: Timestamp) -> Result<u64>;

    /// Whether everything that made contacts dirty up to this moment is scored. What is dirty since a
    /// time after `now` is of before our clock was set back.
    async fn is_scored(&self, up_to: Timestamp, now: Timestamp) -> Result<bool>;

    /// A contact's stored scores, by topic key.
    async fn scores(&self, contact: ContactId) -> Result<Vec<StoredScore>>;
}
