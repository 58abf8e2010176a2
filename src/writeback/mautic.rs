//! What the dispatcher needs of Mautic.

use crate::domain::{ContactId, GroupId, SegmentId, Urgency};
use crate::mautic::LoggedPoints;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Whose an id is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// The contact's own.
    Own,
    /// Merged away: a write would silently change this winner (FACTS 25, 94).
    MergedInto(ContactId),
    /// Deleted.
    Deleted,
}

/// Why a call did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// Try again at this time; `applied` says whether it may have taken effect.
    #[error("{what}")]
    Again {
        /// What happened.
        what: String,
        /// HTTP status, if there was an answer.
        status: Option<u16>,
        /// Not before this moment.
        not_before: Timestamp,
        /// Whether the call may have taken effect.
        maybe_applied: bool,
        /// Until then it may still take effect; `None` if Mautic is known to be done with it.
        unsettled_until: Option<Timestamp>,
    },
    /// The contact does not exist (any more).
    #[error("{0}")]
    NoContact(String),
    /// It will fail again: the group or segment is gone, the rights are missing.
    #[error("{what}")]
    Refused {
        /// What happened and what to do.
        what: String,
        /// HTTP status.
        status: Option<u16>,
    },
}

impl CallError {
    /// Whether the call may have taken effect.
    #[must_use]
    pub const fn maybe_applied(&self) -> bool {
        matches!(
            self,
            Self::Again {
                maybe_applied: true,
                ..
            }
        )
    }
}

/// Mautic's side of the write-back. `attempt` is the number of failed attempts before this one.
#[async_trait::async_trait]
pub trait MauticWrites: Send + Sync + std::fmt::Debug {
    /// Whose these ids are now; one call for all that are still their own. Never
    /// [`CallError::Refused`]: a read that fails is tried again.
    async fn identities(
        &self,
        contacts: &[ContactId],
        attempt: u32,
        urgency: Urgency,
    ) -> Result<BTreeMap<ContactId, Identity>, CallError>;

    /// What Mautic's clock shows when ours shows `here`: merges are dated by it.
    fn there(&self, here: Timestamp) -> Timestamp;

    /// A contact's group scores; groups without a score are left out (FACTS 26). Never
    /// [`CallError::Refused`].
    async fn group_scores(
        &self,
        contact: ContactId,
        attempt: u32,
        urgency: Urgency,
    ) -> Result<BTreeMap<GroupId, i32>, CallError>;

    /// Sets a group score; idempotent. Returns the score Mautic answered.
    async fn set_group_score(&self, write: GroupWrite<'_>) -> Result<Answered<i32>, CallError>;

    /// A contact's main points. Never [`CallError::Refused`].
    async fn main_points(
        &self,
        contact: ContactId,
        attempt: u32,
        urgency: Urgency,
    ) -> Result<i64, CallError>;

    /// A contact's rows in the points log with an id above `after`, by id, at most `limit`. Never
    /// [`CallError::Refused`].
    async fn points_log(
        &self,
        contact: ContactId,
        after: u64,
        limit: u32,
        attempt: u32,
        urgency: Urgency,
    ) -> Result<Vec<LoggedPoints>, CallError>;

    /// Adds points; not idempotent. Returns the new score of a group; of main points Mautic does
    /// not tell it.
    async fn add_points(&self, write: PointsWrite<'_>) -> Result<Answered<Option<i64>>, CallError>;

    /// Adds contacts to a static segment; idempotent. Returns which were added or in already.
    async fn add_to_segment(
        &self,
        segment: SegmentId,
        contacts: &[ContactId],
        attempt: u32,
        urgency: Urgency,
    ) -> Result<Answered<Vec<ContactId>>, CallError>;

    /// Removes a contact from a segment; idempotent.
    async fn remove_from_segment(
        &self,
        segment: SegmentId,
        contact: ContactId,
        attempt: u32,
        urgency: Urgency,
    ) -> Result<Answered<()>, CallError>;
}

/// A group score to be set.
#[derive(Debug, Clone, Copy)]
pub struct GroupWrite<'a> {
    /// The contact.
    pub contact: ContactId,
    /// The group.
    pub group: GroupId,
    /// The score.
    pub score: i32,
    /// Shown in Mautic's points log; at most 191 characters (FACTS 32).
    pub event_name: &'a str,
    /// Recognised in the points log as ours.
    pub action_name: &'a str,
    /// Failed attempts before this one.
    pub attempt: u32,
    /// How soon.
    pub urgency: Urgency,
}

/// Points to be added.
#[derive(Debug, Clone, Copy)]
pub struct PointsWrite<'a> {
    /// The contact.
    pub contact: ContactId,
    /// The group; `None` for main points.
    pub group: Option<GroupId>,
    /// Points; negative ones are taken away. Not 0.
    pub points: i32,
    /// Shown in Mautic's points log; at most 191 characters (FACTS 32).
    pub event_name: &'a str,
    /// The call's own mark in the points log.
    pub action_name: &'a str,
    /// Failed attempts before this one.
    pub attempt: u32,
    /// How soon.
    pub urgency: Urgency,
}

/// An answer and how it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered<T> {
    /// What was answered.
    pub value: T,
    /// HTTP status.
    pub status: u16,
    /// The answer's text, shortened.
    pub text: String,
}
