//! Facts: what is known of Mautic's contacts.

use super::{DeliveryId, Result, Urgency};
use crate::domain::{ContactId, SegmentId, Sighting};
use jiff::Timestamp;

/// Facts that came together, applied in one transaction.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Where they came from; moved on in the same transaction.
    pub origin: Origin,
    /// The facts, in the order told.
    pub sightings: Vec<Sighting>,
    /// Items that could not be understood.
    pub parked: Vec<NewParked>,
    /// When the oldest of it reached us: the start of the way from delivery to write-back.
    pub received_at: Timestamp,
    /// How soon the contacts should be scored.
    pub urgency: Urgency,
    /// If Mautic was asked for it: since when; else `None`.
    pub asked: Option<Moment>,
}

/// A moment between two batches: no clock, which may be set back, and orders what was known before a
/// question was put.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub i64);

/// Where facts came from.
#[derive(Debug, Clone)]
pub enum Origin {
    /// These deliveries, now decoded.
    Deliveries(Vec<DeliveryId>),
    /// A poll; its cursors move on.
    Poll(Vec<CursorMove>),
    /// Items parked before, by their number: they were understood now, and are parked no more.
    Parked(Vec<i64>),
    /// An answer to a question of ours (is this id merged or deleted?).
    Lookup,
}

/// A poll's new position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CursorMove {
    /// Name of the cursor, such as `page_hits`.
    pub name: String,
    /// Position, opaque to the store.
    pub position: String,
}

/// An item that could not be understood; kept with its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewParked {
    /// The delivery it was in; `None` for a polled row.
    pub delivery: Option<DeliveryId>,
    /// Event type or table.
    pub kind: String,
    /// Why it was not understood.
    pub reason: String,
    /// The item as JSON text (or the whole body where it is no JSON), cut to 64 KiB.
    pub excerpt: String,
}

/// What a batch changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Applied {
    /// Activities not known before.
    pub new_activities: u64,
    /// Activities known before (told again, or enriched).
    pub known_activities: u64,
    /// Contacts made dirty.
    pub dirty_contacts: u64,
    /// Facts of deleted contacts, dropped.
    pub dropped: u64,
    /// A contact's id is another person's: Mautic was restored from a backup. It is noted in
    /// [`WENT_BACK`](crate::domain::WENT_BACK); what was told of that person is not taken over.
    pub went_back: bool,
    /// Mautic's points log shows that this store wrote more than it knows: it was restored from a
    /// backup. What it wants is in doubt from then on, and what may have been done is not repeated.
    pub restored: bool,
}

/// Keeps facts.
///
/// How each fact applies (all idempotent, and independent of the order of arrival):
/// - ids that were merged away stand for their winner (chains are followed); facts of deleted
///   contacts are dropped;
/// - `Activity`: inserted by natural key, or absorbed (`Activity::absorb`) into the known one;
///   dirties its contact (and a former one) only if something changed;
/// - `Profile`: replaces an older one (`as_of`, then the greater serialisation), and any that was
///   known before Mautic was asked for it; dirties if anything but `as_of` changed; its points are
///   observed main points. One that is older and differs is to be looked up;
/// - `Membership`: the newest `at` wins; a changed membership is the observed value of the
///   segment target; dirties if it changed and differs from the desired value, or is none of ours;
/// - `PointsSeen`: the newest `at` wins; never dirties;
/// - `PointsLog`: kept by row id; one with a group whose `action_name` does not begin with
///   [`OUR_MARK`] makes the observed value of that group target suspect (invariant 4), and dirties
///   its contact: a topic may adopt it;
/// - `Gone`: kept until `Merged` or `Deleted` resolves it; where only we missed somebody
///   ([`Origin::Lookup`]), put off by ten minutes: a Mautic restored from a backup is noticed by then. Whom an answer shows was missed by
///   mistake; if Mautic had told of it, once that is an hour ago;
/// - `Merged`: activities, log rows, adjustments and memberships move to the winner, with who did
///   it; the loser's profile, scores and intents go, the winner's group targets become suspect, the
///   winner is dirty. A merge told more than once happened at the earliest time told;
/// - `Deleted`: everything of the contact goes, and of those merged into it; a tombstone of every id
///   stays. An answer to a question asked before a profile of that id was told counts as `Gone`: it
///   is to be asked again. Raw bodies that speak of it go soon after (see `Privacy::finish_erasures`);
/// - `Mentioned`: nothing, but erasing the contact finds the delivery.
///
/// A parked item that names an erased contact is dropped.
#[async_trait::async_trait]
pub trait Journal: Send + Sync {
    /// Now: to be taken before Mautic is asked for profiles.
    async fn moment(&self) -> Result<Moment>;

    /// Applies a batch.
    async fn apply(&self, batch: Batch) -> Result<Applied>;

    /// A cursor's position.
    async fn cursor(&self, name: &str) -> Result<Option<String>>;

    /// Ids that vanished and are neither known as merged nor as deleted; those never put off
    /// first, then the oldest first. Those put off beyond `now` are left out.
    async fn unresolved_gone(&self, limit: usize, now: Timestamp) -> Result<Vec<ContactId>>;

    /// Puts off vanished ids until then: they hold up no others. Resolved ids are passed over.
    async fn put_off_gone(&self, contacts: &[ContactId], until: Timestamp) -> Result<()>;

    /// Contacts that somebody told of as older than they are known, and otherwise: Mautic's clock may
    /// have been set back. Those told of first come first.
    async fn to_look_up(&self, limit: usize) -> Result<Vec<ContactId>>;

    /// Mautic answered about some of these; those it did not answer about come last from now on. Who
    /// was told of since Mautic was asked is to be asked about again.
    async fn looked_up(
        &self,
        answered: &[ContactId],
        failed: &[ContactId],
        asked: Moment,
    ) -> Result<()>;

    /// The contact that an id stands for: itself, or the winner it was merged into;
    /// `None` if deleted.
    async fn resolve(&self, contact: ContactId) -> Result<Option<ContactId>>;

    /// The contacts that are members of a segment as far as known, rising.
    async fn members_of(&self, segment: SegmentId) -> Result<Vec<ContactId>>;
}

/// Begins the `actionName` of every write of ours, so that our own rows in
/// `lead_points_change_log` are recognised. Only characters that Mautic stores unescaped (FACTS 33).
pub const OUR_MARK: &str = "topicscore:";
