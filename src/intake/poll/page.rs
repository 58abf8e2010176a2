//! A page of what was read, on its way into the journal.

use super::super::decode::Decoded;
use crate::{
    domain::{Fact, Sighting},
    store::{Applied, Batch, CursorMove, Journal, Moment, NewParked, Origin, Result, Urgency},
};
use jiff::Timestamp;

/// What one page told, with the cursor that moves on with it.
pub(in crate::intake) struct Page {
    pub(in crate::intake) decoded: Decoded,
    pub(in crate::intake) cursor: Option<CursorMove>,
    pub(in crate::intake) asked_at: Timestamp,
    pub(in crate::intake) urgency: Urgency,
    /// Before Mautic was asked for it, if it has profiles.
    pub(in crate::intake) asked: Option<Moment>,
}

impl Page {
    /// Whether Mautic has to be asked what became of somebody.
    pub(in crate::intake) fn tells_of_gone(&self) -> bool {
        let is_gone = |told: &Sighting| matches!(told.fact, Fact::Gone { .. });
        self.decoded.sightings.iter().any(is_gone)
    }

    /// Rows and cursor in one transaction.
    pub(in crate::intake) async fn apply<S: Journal + ?Sized>(self, store: &S) -> Result<Applied> {
        let sightings = without_merged(store, self.decoded.sightings).await?;
        let parked = self.decoded.unreadable.into_iter().map(|item| NewParked {
            delivery: None,
            kind: item.kind,
            reason: item.reason,
            excerpt: item.excerpt,
        });
        let batch = Batch {
            origin: Origin::Poll(self.cursor.into_iter().collect()),
            sightings,
            parked: parked.collect(),
            received_at: self.asked_at,
            urgency: self.urgency,
            asked: self.asked,
        };
        store.apply(batch).await
    }
}

/// The end of a merge looks like a deletion in the audit log; where the merge itself was told
/// before, the loser's id stands for the winner already, who must not be erased.
pub(in crate::intake) async fn without_merged<S: Journal + ?Sized>(
    store: &S,
    sightings: Vec<Sighting>,
) -> Result<Vec<Sighting>> {
    let mut kept = Vec::with_capacity(sightings.len());
    for told in sightings {
        if let Fact::Deleted { contact, .. } = told.fact
            && store
                .resolve(contact)
                .await?
                .is_some_and(|id| id != contact)
        {
            continue;
        }
        kept.push(told);
    }
    Ok(kept)
}
