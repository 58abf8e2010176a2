//! Points that people gave.

use super::Result;
use crate::domain::{Adjustment, ContactId, Scope, SegmentId, TopicKey};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// An adjustment to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAdjustment {
    /// Whose points.
    pub scope: Scope,
    /// The topic.
    pub topic: TopicKey,
    /// Points; may be negative.
    pub points: i32,
    /// Who gives them.
    pub author: String,
    /// Why.
    pub reason: String,
    /// From when on they count.
    pub at: Timestamp,
    /// Until when they count; `None`: for ever.
    pub expires_at: Option<Timestamp>,
}

/// Keeps adjustments. Those of a contact move with it in a merge and go when it is erased.
#[async_trait::async_trait]
pub trait Adjustments: Send + Sync {
    /// Keeps an adjustment and makes the contact, or every known member of the segment, dirty as
    /// of `now`. A merged-away id stands for its winner. `None` if the contact is deleted; one
    /// that was never heard of is known from then on.
    async fn add_adjustment(
        &self,
        adjustment: NewAdjustment,
        now: Timestamp,
    ) -> Result<Option<Adjustment>>;

    /// Takes an adjustment back: it counts no longer than until `at`, and who had it is dirty.
    /// `None` if there is none of that number; one that ended before is left as it is.
    async fn end_adjustment(&self, id: i64, at: Timestamp) -> Result<Option<Adjustment>>;

    /// Adjustments, ended ones included, newest first: all, or those that concern a contact, by
    /// itself or by a segment it is in.
    async fn adjustments(
        &self,
        contact: Option<ContactId>,
        limit: usize,
    ) -> Result<Vec<Adjustment>>;

    /// Segments with adjustments that are not over at `now`: their members have to be known.
    async fn adjusted_segments(&self, now: Timestamp) -> Result<BTreeSet<SegmentId>>;
}
