//! Desired and observed values, and the way from one to the other.

use super::{Owner, Result};
use crate::domain::{CallFate, ContactId, ContactIntents, NewCall, Target, Urgency, Way};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A target's desired and observed value.
///
/// Pending (an intent) exactly while: desired is set, and observed is suspect, or known and
/// different, or never seen and desired is not 0 (a contact never seen in a group or segment has
/// score 0 and is out: FACTS 26).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetState {
    /// The target.
    pub target: Target,
    /// What Mautic should hold; `None`: nothing is wanted (yet).
    pub desired: Option<i32>,
    /// What we last saw it hold; `None`: never seen.
    pub observed: Option<i32>,
    /// When it was seen.
    pub observed_at: Option<Timestamp>,
    /// Somebody else may have changed it since: look before writing.
    pub suspect: bool,
    /// Whether an intent is pending.
    pub pending: bool,
    /// Why the desired value is what it is.
    pub reason: String,
    /// What the last failed attempt said.
    pub last_error: Option<String>,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WriteOutcome {
    /// Mautic holds this value now (written, or seen to be so already).
    Holds {
        /// The value seen.
        value: i32,
        /// Whether it had to be written.
        written: bool,
    },
    /// Failed, or its outcome is unknown; look and try again at this time.
    RetryAt {
        /// Not before this moment.
        not_before: Timestamp,
        /// What happened.
        error: String,
        /// Whether the write may have been applied.
        suspect: bool,
        /// Until then it may still take effect, so that nothing newer is written before; `None`
        /// if Mautic is known to be done with it.
        unsettled_until: Option<Timestamp>,
    },
    /// Can't be done (the segment is gone, the right is missing): parked until the desired
    /// value changes or [`Outbox::unpark_intents`].
    Parked {
        /// What happened and what to do.
        error: String,
    },
}

/// A call that wrote, or was to write, to Mautic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteRecord {
    /// When it was sent.
    pub at: Timestamp,
    /// Method and path, such as `POST /api/contacts/7/points/groups/3/set/62`.
    pub request: String,
    /// HTTP status; `None` if no answer came.
    pub status: Option<u16>,
    /// What Mautic said, shortened to 1 KiB.
    pub answer: String,
    /// How long it took, in milliseconds.
    pub took_ms: u32,
}

/// The result of one attempt at one intent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteResult {
    /// The contact.
    pub contact: ContactId,
    /// The target.
    pub target: Target,
    /// Generation of the intent that was tried.
    pub generation: i64,
    /// Value that was wanted.
    pub desired: i32,
    /// How it ended.
    pub outcome: WriteOutcome,
    /// The call, if one was made.
    pub record: Option<WriteRecord>,
    /// What became of calls that added points, by their markers.
    pub fates: Vec<(String, CallFate)>,
}

/// A value read in Mautic beside the desired one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// The contact.
    pub contact: ContactId,
    /// The target.
    pub target: Target,
    /// How it would be brought about.
    pub way: Way,
    /// What Mautic held.
    pub found: i32,
    /// What it should hold.
    pub wanted: i32,
    /// What we had last seen it hold; `None`: never seen.
    pub observed: Option<i32>,
    /// Whether it was to be written anyway.
    pub pending: bool,
    /// Being written at this moment, or of unknown outcome: whoever writes it looks by himself.
    pub busy: bool,
}

impl Reading {
    /// Whether Mautic holds something else than it should.
    #[must_use]
    pub const fn differs(&self) -> bool {
        self.found != self.wanted
    }

    /// Whether Mautic holds something else than we knew; never seen counts as 0 (FACTS 26).
    #[must_use]
    pub fn is_news(&self) -> bool {
        !self.busy && self.observed.unwrap_or(0) != self.found
    }

    /// Whether somebody changed it without our hearing of it, and not to what it should be.
    #[must_use]
    pub fn is_drift(&self) -> bool {
        self.differs() && self.is_news() && (!self.pending || self.observed.is_some())
    }
}

/// Keeps intents.
#[async_trait::async_trait]
pub trait Outbox: Send + Sync {
    /// Takes the pending intents of up to `limit` contacts whose time has come and that nobody
    /// holds: most urgent first, then oldest cause. Contacts none of whose due intents is at
    /// least as urgent as `least` are left, and so are parked intents. Points are not added while
    /// the contact waits to be scored: the difference is of what is known.
    async fn claim_intents(
        &self,
        owner: &Owner,
        limit: usize,
        least: Urgency,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Vec<ContactIntents>>;

    /// Writes a call down that is about to add points: from now on its outcome is unknown until
    /// [`WriteResult::fates`] tells it. `false` if it must not be made: the contact is not `owner`'s
    /// any more, is about to be scored anew, wants something else by now, or has another call whose
    /// outcome is unknown.
    async fn begin_call(&self, owner: &Owner, call: NewCall, now: Timestamp) -> Result<bool>;

    /// Stores results in one transaction with their records. An observed value is taken over even
    /// when the desired one has moved on meanwhile (then the intent stays pending); it stays
    /// doubtful if the contact is not `owner`'s any more, for somebody else may have written since.
    async fn finish_writes(
        &self,
        owner: &Owner,
        results: Vec<WriteResult>,
        now: Timestamp,
    ) -> Result<()>;

    /// Gives contacts back that were claimed.
    async fn release(&self, owner: &Owner, contacts: &[ContactId]) -> Result<()>;

    /// Takes over values seen in Mautic by whoever may write them.
    async fn observe(&self, values: Vec<(ContactId, Target, i32)>, at: Timestamp) -> Result<()>;

    /// Values read in Mautic beside what is desired; changes nothing. `at`: when they were asked
    /// for. Left out: what nobody desires, ids that are not the contact's own any more, what was
    /// seen or written since, and points of which only the logged ones are ours
    /// ([`Way::AddToLogged`]).
    async fn compare(
        &self,
        values: Vec<(ContactId, Target, i32)>,
        at: Timestamp,
    ) -> Result<Vec<Reading>>;

    /// Like [`Outbox::compare`], and takes the values over, but for busy ones: what differs
    /// becomes pending.
    async fn reconcile(
        &self,
        values: Vec<(ContactId, Target, i32)>,
        at: Timestamp,
    ) -> Result<Vec<Reading>>;

    /// The time at which the earliest waiting intent that is at least so urgent may be tried.
    async fn next_due(&self, least: Urgency, now: Timestamp) -> Result<Option<Timestamp>>;

    /// Tries parked intents again: somebody may have mended what kept them. Returns how many.
    async fn unpark_intents(&self) -> Result<u64>;

    /// As [`Outbox::unpark_intents`], of these contacts only.
    async fn unpark_intents_of(&self, contacts: &[ContactId]) -> Result<u64>;
}
