//! Reading Mautic anew, after it was restored from a backup.

use super::Result;
use crate::domain::{ContactId, WentBack};
use jiff::Timestamp;
use serde::Serialize;

/// What was forgotten: Mautic may know it otherwise by now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Forgotten {
    /// Contacts whose profiles are to be told anew; they are kept until then.
    pub contacts: u64,
    /// Activities.
    pub activities: u64,
    /// Rows of Mautic's points log.
    pub points_log: u64,
    /// Calls that add points: the log alone tells of them.
    pub calls: u64,
    /// Mails, emails and webhooks of triggers that were about to go out, and are an
    /// administrator's to decide now.
    pub effects: u64,
}

/// Reads Mautic anew.
///
/// A restored Mautic gives ids anew: an id may be another hit, or another person. So everything that
/// Mautic told is forgotten and read again from its first row on. Kept are points given by hand, what
/// triggers did, who was erased and what was written, each as long as its contact is the same person:
/// made at the same moment ([`Profile::added_at`](crate::domain::Profile::added_at)).
#[async_trait::async_trait]
pub trait Rereading: Send + Sync {
    /// Forgets what Mautic told, has every contact scored anew and everything wanted looked at before
    /// it is written, all in one transaction; and Mautic counts as restored no more. Nobody may be at
    /// work on the store.
    async fn forget_told(&self, now: Timestamp) -> Result<Forgotten>;

    /// Mautic was not restored after all: somebody took away the row by which it seemed so. Goes on
    /// from that row. If it seemed so by a contact, an import dated some anew: who was made by then, or
    /// by the time it was noticed, is no other person, and edited contacts are to be told again.
    async fn not_restored(&self, sign: &WentBack) -> Result<()>;

    /// Whether Mautic is being read anew: nothing is to be scored or written until that is done.
    async fn is_rereading(&self) -> Result<bool>;

    /// It was read to its end. Contacts that it did not tell of any more count as vanished, so that
    /// somebody asks what became of them, and are not claimed until that is known: their ids may be
    /// other people's. Returns how many. `newest`: the highest id that Mautic has;
    /// a higher one that somebody had who was erased before is another person's from now on.
    async fn end_rereading(&self, newest: ContactId, now: Timestamp) -> Result<u64>;
}
