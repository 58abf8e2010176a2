//! Asks Mautic about single contacts: what became of ids that vanished (FACTS 93), and contacts
//! that a webhook showed only in part.

use super::{decode, decoder::Signals, reader::Reader};
use crate::{
    clock::Clock,
    domain::{ContactId, Fact, Sighting, Source},
    mautic::{ContactAnswer, wire::Contact},
    store::{Batch, Journal, Moment, Origin, Urgency},
};
use jiff::{SignedDuration, Timestamp};
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

use super::poll::PollError;

/// Contacts asked about at a time.
const BATCH: usize = 50;
/// Questions in a row that have to fail until the fault is not the contacts'.
const FAILURES: usize = 3;
/// A contact that could not be asked about is put off by so much.
const RETRY: SignedDuration = SignedDuration::from_mins(1);
/// A contact that is said to be gone and is there after all is put off by so much.
const SETTLES: SignedDuration = SignedDuration::from_mins(5);
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
            match self.resolve_once().await {
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

    /// Asks about some of the contacts that wait; returns how many. One that can't be asked about
    /// holds up no others; who waits on is asked again a while later.
    ///
    /// # Errors
    /// [`PollError`] after some questions in a row failed, for then Mautic or the store does not
    /// work; what was learnt before is kept, and who was asked goes behind the others.
    pub async fn resolve_once(&self) -> Result<usize, PollError> {
        let gone = self.store.unresolved_gone(BATCH, self.clock.now()).await?;
        let asked = self.ask(&gone, told).await;
        self.put_off(&asked.answered, SETTLES).await?;
        self.put_off(&asked.failed, RETRY).await?;
        if let Some(error) = asked.broken {
            return Err(error);
        }
        let shown_in_part = self.signals.refresh.take(BATCH);
        let asked = self.ask(&shown_in_part, whole).await;
        if let Some(error) = asked.broken {
            let done = asked.answered.len() + asked.failed.len();
            let rest = shown_in_part.iter().skip(done);
            self.signals.refresh.ask(rest.copied());
            return Err(error);
        }
        let told_late = self.look_up_told_late().await?;
        Ok(gone.len().max(shown_in_part.len()).max(told_late))
    }

    async fn look_up_told_late(&self) -> Result<usize, PollError> {
        let told_late = self.store.to_look_up(BATCH).await?;
        if told_late.is_empty() {
            return Ok(0);
        }
        let since = self.store.moment().await?;
        let asked = self.ask(&told_late, whole).await;
        self.store
            .looked_up(&asked.answered, &asked.failed, since)
            .await?;
        asked.broken.map_or(Ok(told_late.len()), Err)
    }

    async fn ask(&self, contacts: &[ContactId], tells: Tells) -> Asked {
        let (mut asked, mut in_a_row) = (Asked::default(), 0);
        for contact in contacts {
            let Err(error) = self.look_up(*contact, tells).await else {
                asked.answered.push(*contact);
                in_a_row = 0;
                continue;
            };
            asked.failed.push(*contact);
            in_a_row += 1;
            if in_a_row == FAILURES {
                asked.broken = Some(error);
                break;
            }
            let contact = contact.0;
            tracing::warn!(%error, contact, "a contact could not be looked up; trying again later");
        }
        asked
    }

    async fn look_up(&self, contact: ContactId, tells: Tells) -> Result<(), PollError> {
        // Before the question: what happens meanwhile is newer than the answer.
        let asked = self.store.moment().await?;
        let now = self.clock.now();
        let answer = self.mautic.contact(contact).await?;
        let facts = tells(contact, &answer, self.mautic.there(now));
        self.keep(facts, asked, now).await
    }

    async fn put_off(&self, contacts: &[ContactId], by: SignedDuration) -> Result<(), PollError> {
        if contacts.is_empty() {
            return Ok(());
        }
        let until = self.clock.now().saturating_add(by);
        let until = until.unwrap_or(Timestamp::MAX);
        Ok(self.store.put_off_gone(contacts, until).await?)
    }

    async fn keep(&self, facts: Vec<Fact>, asked: Moment, now: Timestamp) -> Result<(), PollError> {
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
            asked: Some(asked),
        };
        let applied = self.store.apply(batch).await?;
        if applied.went_back {
            self.signals.standstill.cancel();
        }
        if applied.dirty_contacts > 0 {
            self.signals.bells.dirty.ring();
        }
        Ok(())
    }
}

/// What an answer, asked for at a moment, tells.
type Tells = fn(ContactId, &ContactAnswer, Timestamp) -> Vec<Fact>;

/// What became of questions.
#[derive(Default)]
struct Asked {
    answered: Vec<ContactId>,
    failed: Vec<ContactId>,
    /// Why the rest was not asked.
    broken: Option<PollError>,
}

/// What the answer tells about a contact that was shown in part.
fn whole(_: ContactId, answer: &ContactAnswer, at: Timestamp) -> Vec<Fact> {
    match answer {
        ContactAnswer::Found(whole) => profile(whole, at),
        ContactAnswer::Gone | ContactAnswer::Merged(_) => Vec::new(),
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
            // The winner first: an erased contact's id may be another person's by now.
            profile(winner, at).into_iter().chain(merged).collect()
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
        resolver_at(&ManualClock::new(at(NOW)))
    }

    fn resolver_at(clock: &ManualClock) -> Resolver<MemoryStore, FakeMautic> {
        let clock = Arc::new(clock.clone());
        Resolver::new(Arc::default(), Arc::default(), clock, Signals::default())
    }

    async fn vanish(resolver: &Resolver<MemoryStore, FakeMautic>, ids: &[u32]) {
        let gone = ids.iter().map(|id| Fact::Gone {
            contact: ContactId(*id),
            at: at(NOW),
        });
        resolver
            .keep(gone.collect(), Moment(0), at(NOW))
            .await
            .unwrap();
        resolver.store.forget_facts();
    }

    #[tokio::test]
    async fn merged_deleted_or_still_there() {
        let resolver = resolver();
        vanish(&resolver, &[1, 2, 3]).await;
        resolver.mautic.add_contact(3, None);
        resolver.mautic.add_contact(9, None);
        resolver.mautic.merged.lock().unwrap().insert(1, 9);
        assert_eq!(resolver.resolve_once().await.unwrap(), 3);
        let facts = resolver.store.facts();
        let (now, contact) = (at(NOW), ContactId(2));
        let (loser, winner) = (ContactId(1), ContactId(9));
        assert!(matches!(&facts[0], Fact::Profile(it) if it.contact == winner));
        let at = now;
        assert_eq!(facts[1], Fact::Merged { loser, winner, at });
        assert_eq!(facts[2], Fact::Deleted { contact, at });
        assert!(matches!(&facts[3], Fact::Profile(it) if it.contact == ContactId(3)));
    }

    #[tokio::test]
    async fn when_mautic_does_not_answer_nobody_is_declared_dead() {
        let clock = ManualClock::new(at(NOW));
        let resolver = resolver_at(&clock);
        vanish(&resolver, &[1, 2, 3, 4]).await;
        resolver.mautic.break_down(Some("contact"));
        assert!(resolver.resolve_once().await.is_err());
        assert_eq!(resolver.mautic.asked().len(), FAILURES);
        assert_eq!(resolver.store.facts(), vec![]);
        resolver.mautic.break_down(None);
        assert_eq!(resolver.resolve_once().await.unwrap(), 1);
        clock.advance(RETRY);
        assert_eq!(resolver.resolve_once().await.unwrap(), 3);
        assert_eq!(resolver.resolve_once().await.unwrap(), 0);
    }

    #[tokio::test]
    async fn contacts_that_cannot_be_read_hold_up_no_others() {
        let resolver = resolver();
        vanish(&resolver, &[1, 2, 3]).await;
        resolver.signals.refresh.ask([4, 5].map(ContactId));
        resolver.mautic.add_contact(5, None);
        resolver.mautic.unreadable.lock().unwrap().extend([1, 4]);
        assert_eq!(resolver.resolve_once().await.unwrap(), 3);
        let facts = resolver.store.facts();
        let deleted = |fact: &Fact| matches!(fact, Fact::Deleted { .. });
        assert_eq!(facts.iter().filter(|fact| deleted(fact)).count(), 2);
        assert!(matches!(&facts[2], Fact::Profile(it) if it.contact == ContactId(5)));
    }

    #[tokio::test]
    async fn contacts_that_are_there_after_all_hold_up_no_others() {
        let clock = ManualClock::new(at(NOW));
        let resolver = resolver_at(&clock);
        let ids: Vec<u32> = (1..=60).collect();
        vanish(&resolver, &ids).await;
        (1..=50).for_each(|id| resolver.mautic.add_contact(id, None));
        assert_eq!(resolver.resolve_once().await.unwrap(), BATCH);
        assert_eq!(resolver.resolve_once().await.unwrap(), 10);
        assert_eq!(
            resolver.resolve_once().await.unwrap(),
            0,
            "no loop without pause"
        );
        clock.advance(SETTLES);
        assert_eq!(resolver.resolve_once().await.unwrap(), BATCH, "asked again");
    }

    #[tokio::test]
    async fn contacts_shown_in_part_are_read_whole() {
        let resolver = resolver();
        resolver.mautic.add_contact(5, None);
        resolver.signals.refresh.ask([ContactId(5), ContactId(6)]);
        resolver.resolve_once().await.unwrap();
        let facts = resolver.store.facts();
        assert_eq!(facts.len(), 1);
        assert!(matches!(&facts[0], Fact::Profile(it) if it.contact == ContactId(5)));
    }
}
