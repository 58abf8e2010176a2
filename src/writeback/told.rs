//! What writers learn of ids, for the journal.

use super::mautic::Identity;
use crate::domain::{ContactId, Fact, Sighting, Source, Urgency};
use crate::store::{Batch, Origin, Result, SharedStore};
use crate::wake::Wake;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// After so long the journal knows what became of a contact that only we missed; asking Mautic
/// before would be in vain.
pub(super) const MISSED: SignedDuration = SignedDuration::from_mins(11);

/// Some time after a moment.
pub(super) fn later(now: Timestamp, by: SignedDuration) -> Timestamp {
    now.saturating_add(by).unwrap_or(Timestamp::MAX)
}

/// Tells the journal, and rings for the scorer.
pub(super) async fn tell(
    store: &SharedStore,
    dirty: &Wake,
    facts: Vec<Fact>,
    now: Timestamp,
) -> Result<()> {
    if facts.is_empty() {
        return Ok(());
    }
    let sightings = facts
        .into_iter()
        .map(|fact| Sighting {
            source: Source::Poll,
            fact,
        })
        .collect();
    let batch = Batch {
        origin: Origin::Lookup,
        sightings,
        parked: Vec::new(),
        received_at: now,
        urgency: Urgency::Fresh,
        asked: None,
    };
    store.apply(batch).await?;
    dirty.ring();
    Ok(())
}

/// What the journal should know of ids that are not their own any more. Who is not there is not taken
/// for deleted at once: a Mautic that was restored from a backup does not know him either.
pub(super) fn vanished(identities: &BTreeMap<ContactId, Identity>, at: Timestamp) -> Vec<Fact> {
    let fact = |(&contact, identity): (&ContactId, &Identity)| match *identity {
        Identity::Own => None,
        Identity::MergedInto(winner) => Some(Fact::Merged {
            loser: contact,
            winner,
            at,
        }),
        Identity::Deleted => Some(Fact::Gone { contact, at }),
    };
    identities.iter().filter_map(fact).collect()
}
