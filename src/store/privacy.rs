//! Data protection: everything held of a contact, and making sure that nothing is.

use super::{ContactOverview, DeliveryId, Result, WriteSummary};
use crate::domain::{Adjustment, ContactId, Effect, LedgerRow, Snapshot, Target};
use jiff::Timestamp;
use serde::Serialize;

/// Everything held of a contact, read at one moment.
#[derive(Debug, Clone)]
pub struct Held {
    /// The contact (the winner, if a merged-away id was asked for).
    pub contact: ContactId,
    /// All ids it has or had, rising.
    pub ids: Vec<ContactId>,
    /// Profile, scores, targets; `None` if only raw deliveries speak of it.
    pub overview: Option<ContactOverview>,
    /// What its scores follow from; `None` as above.
    pub snapshot: Option<Snapshot>,
    /// Its rows of Mautic's points log, ours included, by id.
    pub points_log: Vec<LedgerRow>,
    /// Points given to it by hand, or to a segment it is in, oldest first.
    pub adjustments: Vec<Adjustment>,
    /// What triggers did for it, oldest first.
    pub effects: Vec<Effect>,
    /// What was written to Mautic, oldest first.
    pub writes: Vec<WriteSummary>,
    /// Calls that add points of which nobody knows yet whether they took effect, or that left no
    /// row in the log, oldest first.
    pub calls: Vec<HeldCall>,
    /// Raw deliveries that speak of it, and of others as well, by number.
    pub deliveries: Vec<HeldDelivery>,
    /// Items not understood that speak of it, by number.
    pub parked: Vec<HeldItem>,
}

/// How much is held of a contact.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Amounts {
    /// All ids it has or had, rising.
    #[serde(skip)]
    pub ids: Vec<ContactId>,
    /// Whether its profile is held.
    pub profile: bool,
    /// Activities.
    pub activities: u64,
    /// Scores, one a topic.
    pub scores: u64,
    /// Rows of Mautic's points log, ours included.
    pub points_log: u64,
    /// Points given to it by hand, or to a segment it is in.
    pub adjustments: u64,
    /// What triggers did for it.
    pub effects: u64,
    /// What was written to Mautic.
    pub writes: u64,
    /// Raw deliveries that speak of it.
    pub deliveries: u64,
    /// Items not understood that speak of it.
    pub parked: u64,
}

/// A call that adds points.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HeldCall {
    /// What is added to.
    pub target: Target,
    /// Its mark in Mautic's points log.
    pub marker: String,
    /// Points added.
    pub delta: i32,
    /// Points before.
    pub before: i64,
    /// When it was made.
    pub sent_at: Timestamp,
    /// Whether it took effect; `None`: nobody knows yet.
    pub applied: Option<bool>,
}

/// A raw delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldDelivery {
    /// Its number.
    pub id: DeliveryId,
    /// When it came.
    pub received_at: Timestamp,
    /// Its raw body.
    pub body: Vec<u8>,
}

/// An item that was not understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HeldItem {
    /// Its number.
    pub id: i64,
    /// Event type or table.
    pub kind: String,
    /// Why it was not understood.
    pub reason: String,
    /// The item, cut to 64 KiB.
    pub excerpt: String,
    /// When it was parked.
    pub at: Timestamp,
}

/// What became of the raw bodies of erased contacts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Erasures {
    /// Ids that were looked for.
    pub ids: u64,
    /// Bodies forgotten; those that are not decoded yet go as soon as they are.
    pub bodies: u64,
    /// Parked items forgotten.
    pub items: u64,
    /// Whether nothing is left to be done. Else somebody else used the store: try again soon.
    pub complete: bool,
}

/// Erases for good, and tells what is held.
///
/// `Fact::Deleted` erases a contact's rows at once and leaves a tombstone for every id it had: a
/// hash, keyed with a key of this store. Tombstones outlive a restored backup of the store, as far
/// as the implementation can see to that. What is left to do then is looking for raw bodies, which
/// may take long: that is [`Privacy::finish_erasures`].
#[async_trait::async_trait]
pub trait Privacy: Send + Sync {
    /// Forgets what raw deliveries and parked items tell of erased contacts, and sees to it that
    /// nothing of that is left in the store's files. What other contacts did in the same deliveries
    /// is kept: it is decoded by then, or will be. Works off what was erased before the call; what a
    /// crash interrupts is done by the next call.
    async fn finish_erasures(&self) -> Result<Erasures>;

    /// Everything held of a contact; `None` if nothing is, or it was erased.
    async fn held(&self, contact: ContactId) -> Result<Option<Held>>;

    /// How much that is, without reading all of it into memory.
    async fn amounts(&self, contact: ContactId) -> Result<Option<Amounts>>;

    /// Lets an erased id be known again, from what is told from now on. Whether it was erased.
    async fn allow_again(&self, contact: ContactId, now: Timestamp) -> Result<bool>;
}
