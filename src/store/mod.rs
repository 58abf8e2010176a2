//! What is durable, behind one trait per concern.
//!
//! Invariants every implementation keeps:
//! 1. A method that writes returns only after its transaction is durable (fsync or its equivalent).
//! 2. Facts and the mark of where they came from (delivery decoded, cursor moved) are one transaction:
//!    a crash repeats work, it never loses or doubles it.
//! 3. A contact whose facts changed is dirty in the same transaction, with a new generation.
//! 4. An intent is pending exactly while desired and observed differ (see [`TargetState`]).
//! 5. What a trigger does is kept in the transaction of the scores that fired it.
//! 6. Nothing assumes a single process: work is taken by lease; an expired lease may be taken by anybody.
//! 7. No transaction stays open while somebody outside is asked.

mod adjustments;
mod admin;
mod deliveries;
mod effects;
mod journal;
mod leases;
mod outbox;
mod privacy;
mod rereading;
mod scores;
mod settings;
pub mod sqlite;

pub use crate::domain::{ContactIntents, DesiredValue, Intent, Snapshot, Target, Urgency};
pub use adjustments::{Adjustments, NewAdjustment};
pub use admin::{Admin, ContactOverview, Counts, ParkedItem, WriteSummary};
pub use deliveries::{Deliveries, DeliveryId, NewDelivery, RawDelivery};
pub use effects::{EffectQuery, Effects};
pub use journal::{Applied, Batch, CursorMove, Journal, Moment, NewParked, OUR_MARK, Origin};
pub use leases::Leases;
pub use outbox::{Outbox, Reading, TargetState, WriteOutcome, WriteRecord, WriteResult};
pub use privacy::{Amounts, Erasures, Held, HeldCall, HeldDelivery, HeldItem, Privacy};
pub use rereading::{Forgotten, Rereading};
pub use scores::{DirtyContact, Histories, Keep, ScoreCommit, Scores, StoredScore};
pub use settings::{PlanRecord, RUN, Settings};

use std::sync::Arc;

/// Why a store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database refused or failed; the text names file and cause.
    #[error("the store failed: {0}")]
    Database(String),
    /// What is stored can't be read: damaged, or written by a newer version.
    #[error("the store holds something unreadable: {0}")]
    Corrupt(String),
    /// The store's file is damaged, or none of ours: whatever is done with it, nobody can rely on it.
    #[error("the store's file can't be used: {0}")]
    Damaged(String),
    /// The store's format is newer than this program.
    #[error(
        "the store has format {found}, this topicscore knows up to {known}: use a newer topicscore"
    )]
    TooNew {
        /// Format found.
        found: u32,
        /// Newest format known.
        known: u32,
    },
    /// The store was shut down.
    #[error("the store is closed")]
    Closed,
}

/// A store's answer.
pub type Result<T> = std::result::Result<T, StoreError>;

/// Everything one instance (one Mautic) keeps.
pub trait Store:
    Deliveries
    + Journal
    + Scores
    + Adjustments
    + Outbox
    + Effects
    + Leases
    + Settings
    + Admin
    + Privacy
    + Rereading
    + std::fmt::Debug
{
}

impl<T> Store for T where
    T: Deliveries
        + Journal
        + Scores
        + Adjustments
        + Outbox
        + Effects
        + Leases
        + Settings
        + Admin
        + Privacy
        + Rereading
        + std::fmt::Debug
{
}

/// A store shared by the workers of one instance.
pub type SharedStore = Arc<dyn Store>;

/// Who holds a lease: unique per process and start.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Owner(pub String);

#[cfg(test)]
pub(crate) mod contract;
