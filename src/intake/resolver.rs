//! Asks Mautic about single contacts: what became of ids that vanished (FACTS 93), and contacts
//! that a webhook showed only in part.

use super::{decode, decoder::Signals, reader::Reader};
use crate::{
    clock::Clock,
    domain::{ContactId, Fact, Sighting, Source},
    mautic::{ContactAnswer, wire::Contact},
    store::{Batch, Journal, Origin, Urgency},
};
use jiff::Timestamp;
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

use super::poll::PollError;

/// Contacts asked about at a time.
const BATCH: usize = 50;
/// How often it looks without having been told.
const LOOK: Duration = Duration::from_secs(30);

/// Asks Mautic about single contacts.
#[derive(Debug)]
pub struct Resolver<S: ?Sized, M: ?Sized> {
    store: Arc<S>,
    mautic: Arc<M>,
    clock: Arc<dyn Clock>,
    signals: Signals,
}

impl<S: Journal + ?Sized, M: Reader + ?Sized> Resolver<S, M> {
    /// A resolver.
    #[must_use]
    pub fn new(store: Arc<S>, mautic: Arc<M>, clock: Arc<dyn Clock>, signals: Signals) -> Self {
        Self {
            store,
            mautic,
            clock,
            signals,
        }
    }

    /// Resolves until `stop`.
    pub async fn run(&self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let gone = self.signals.bells.gone.armed();
            match self.resolve_once(self.clock.now()).await {
                Ok(asked) if asked >= BATCH => continue,
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%error, "contacts could not be looked up; trying again");
                }
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = gone.wait(LOOK) => {}
            }
        }
    }

    /// Asks about some of the contacts that wait; returns how many.
    ///
    /// # Errors
    /// [`PollError`] of the first question that failed; what was learnt before is kept.
    pub async fn resolve_once(&self, now: Timestamp) -> Result<usize, PollError> {
        let gone = self.store.unresolved_gone(BATCH).await?;
        for contact in &gone {
            let answer = self.mautic.contact(*contact).await?;
            self.keep(told(*contact, &answer, now), now).await?;
        }
        let shown_in_part = self.signals.refresh.take(BATCH);
        for contact in &shown_in_part {
            let answer = self.mautic.contact(*contact).await?;
            if let ContactAnswer::Found(whole) = answer {
                self.keep(profile(&whole, now), now).await?;
            }
        }
        Ok(gone.len().max(shown_in_part.len()))
    }

    async fn keep(&self, facts: Vec<Fact>, now: Timestamp) -> Result<(), PollError> {
        let tell = |fact| Sighting {
            source: Source::Poll,
            fact,
        };
        let batch = Batch {
            origin: Origin::Lookup,
            sightings: facts.into_iter().map(tell).collect(),
            parked: Vec::new(),
            received_at: now,
            urgency: Urgency::Fresh,
        };
        if self.store.apply(batch).await?.dirty_contacts > 0 {
            self.signals.bells.dirty.ring();
        }
        Ok(())
    }
}

/// What the answer tells about an id that had vanished.
fn told(contact: ContactId, answer: &ContactAnswer, at: Timestamp) -> Vec<Fact> {
    match answer {
        ContactAnswer::Gone => vec![Fact::Deleted { contact, at }],
        ContactAnswer::Merged(winner) => {
            let merged = winner.id.map(|winner| Fact::Merged {
                loser: contact,
                winner,
                at,
            });
            merged.into_iter().chain(profile(winner, at)).collect()
        }
        // It is there after all: a deletion that Mautic rolled back. Asked again later.
        ContactAnswer::Found(contact) => profile(contact, at),
    }
}

fn profile(contact: &Contact, at: Timestamp) -> Vec<Fact> {
    let profile = decode::profile(contact, at);
    profile
        .into_iter()
        .map(|profile| Fact::Profile(Box::new(profile)))
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        reason = "a failing test may panic"
    )]

    use super::*;
    use crate::{
        clock::ManualClock,
        intake::{
            fake::FakeMautic,
            testing::{MemoryStore, at},
        },
    };

    const NOW: &str = "2026-11-21T22:00:00Z";

    fn resolver() -> Resolver<MemoryStore, FakeMautic> {
        let clock = Arc::new(ManualClock::new(at(NOW)));
        Resolver::new(Arc::default(), Arc::default(), clock, Signals::default())
    }

    async fn vanish(resolver: &Resolver<MemoryStore, FakeMautic>, ids: &[u32]) {
        let gone = ids.iter().map(|id| Fact::Gone {
            contact: ContactId(*id),
            at: at(NOW),
        });
        resolver.keep(gone.collect(), at(NOW)).await.unwrap();
        resolver.store.forget_facts();
    }

    #[tokio::test]
    async fn merged_deleted_or_still_there() {
        let resolver = resolver();
        vanish(&resolver, &[1, 2, 3]).await;
        resolver.mautic.add_contact(3, None);
        resolver.mautic.add_contact(9, None);
        resolver.mautic.merged.lock().unwrap().insert(1, 9);
        assert_eq!(resolver.resolve_once(at(NOW)).await.unwrap(), 3);
        let facts = resolver.store.facts();
        let (now, contact) = (at(NOW), ContactId(2));
        let (loser, winner) = (ContactId(1), ContactId(9));
        assert_eq!(
            facts[0],
            Fact::Merged {
                loser,
                winner,
                at: now
            }
        );
        assert!(matches!(&facts[1], Fact::Profile(it) if it.contact == winner));
        assert_eq!(facts[2], Fact::Deleted { contact, at: now });
        assert!(matches!(&facts[3], Fact::Profile(it) if it.contact == ContactId(3)));
    }

    #[tokio::test]
    async fn when_mautic_does_not_answer_nobody_is_declared_dead() {
        let resolver = resolver();
        vanish(&resolver, &[1]).await;
        resolver.mautic.break_down(Some("contact"));
        assert!(resolver.resolve_once(at(NOW)).await.is_err());
        assert_eq!(resolver.store.facts(), vec![]);
        resolver.mautic.break_down(None);
        assert_eq!(resolver.resolve_once(at(NOW)).await.unwrap(), 1);
        assert_eq!(resolver.resolve_once(at(NOW)).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn contacts_shown_in_part_are_read_whole() {
        let resolver = resolver();
        resolver.mautic.add_contact(5, None);
        resolver.signals.refresh.ask([ContactId(5), ContactId(6)]);
        resolver.resolve_once(at(NOW)).await.unwrap();
        let facts = resolver.store.facts();
        assert_eq!(facts.len(), 1);
        assert!(matches!(&facts[0], Fact::Profile(it) if it.contact == ContactId(5)));
    }
}
