//! Contacts: the new ones by id, the changed ones by the date of their last edit.

use super::{
    super::{
        decode::{self, Decoded, Unreadable},
        reader::Reader,
    },
    Feed, Page, PollError, Polled, Poller, Start,
    dated::OVERLAP,
    ids, urgency,
};
use crate::{
    domain::{ContactId, Fact, Sighting, Source},
    mautic::{ContactsQuery, wire::Contact},
    store::{Adjustments, Journal, Moment, Settings},
};
use jiff::{SignedDuration, Timestamp};
use std::{fmt, str::FromStr};

/// Contact ids read again at every poll.
const OVERLAP_IDS: u32 = 20;
/// Mautic's clock may be behind ours by so much.
const SKEW: SignedDuration = SignedDuration::from_secs(60);

impl<S: Journal + Adjustments + Settings + ?Sized, M: Reader + ?Sized> Poller<S, M> {
    /// Goes on from the newest contact that is there. Were newer ones deleted, nobody gets their ids any
    /// more; were they lost when Mautic was restored from a backup, others do, and are to be read.
    pub(super) async fn new_contacts(&self) -> Result<Polled, PollError> {
        let feed = Feed::NewContacts;
        // Whom we have to know of does not depend on when we began: profile rules are for all.
        let known: u32 = self.cursor(feed).await?.unwrap_or(0);
        let mut overlap = if self.is_behind(feed) { 0 } else { OVERLAP_IDS };
        let mut after = known.saturating_sub(overlap);
        let (mut pages, mut polled) = (0, Polled::default());
        while pages < self.options.pages {
            let query = self.query(after, None);
            let asked = (self.store.moment().await?, self.clock.now());
            let contacts = self.mautic.contacts(&query).await?.items;
            let full = contacts.len() >= query.limit as usize;
            polled.more = full;
            let Some(last) = last(&contacts) else {
                if pages > 0 || overlap == 0 || after == 0 {
                    break;
                }
                overlap = overlap.saturating_mul(2);
                after = known.saturating_sub(overlap);
                continue;
            };
            (after, pages) = (last.0, pages + 1);
            let cursor = ids::at(feed, &after);
            self.contacts_page(feed, &contacts, cursor, (full, asked), &mut polled)
                .await?;
            if !full {
                break;
            }
        }
        Ok(polled)
    }

    /// Read by id, so that none is missed while others change; the date moves on at the end.
    pub(super) async fn changed_contacts(&self, now: Timestamp) -> Result<Polled, PollError> {
        let feed = Feed::ChangedContacts;
        let start = match self.options.start {
            Start::Beginning => Timestamp::UNIX_EPOCH,
            Start::Now => now,
        };
        let begin = Sweep::from(start);
        let mut sweep: Sweep = self.cursor(feed).await?.unwrap_or(begin);
        if sweep.after == 0 && sweep != begin {
            sweep = Sweep::from(self.not_ahead(feed, sweep.since, now));
        }
        let mut polled = Polled::default();
        for _ in 0..self.options.pages {
            let since = sweep.since.saturating_sub(OVERLAP).unwrap_or(sweep.since);
            let query = self.query(sweep.after, Some(since));
            let asked = (self.store.moment().await?, self.clock.now());
            let contacts = self.mautic.contacts(&query).await?.items;
            sweep.begun = sweep.begun.min(self.mautic.there(asked.1));
            let full = contacts.len() >= query.limit as usize;
            sweep = sweep.after_page(&contacts, full);
            if sweep.after == 0 {
                sweep = Sweep::from(sweep.since.min(self.mautic.there(asked.1)));
            }
            self.contacts_page(
                feed,
                &contacts,
                ids::at(feed, &sweep),
                (full, asked),
                &mut polled,
            )
            .await?;
            polled.more = full;
            if !full {
                break;
            }
        }
        Ok(polled)
    }

    fn query(&self, after: u32, modified_since: Option<Timestamp>) -> ContactsQuery {
        ContactsQuery {
            after: (after > 0).then_some(ContactId(after)),
            limit: self.options.contacts,
            full: true,
            modified_since,
            added_since: None,
        }
    }

    async fn contacts_page(
        &self,
        feed: Feed,
        contacts: &[Contact],
        cursor: crate::store::CursorMove,
        (full, asked): (bool, (Moment, Timestamp)),
        polled: &mut Polled,
    ) -> Result<(), PollError> {
        // Not the round's beginning: webhooks tell of edits made between that and the question.
        let told = profiles(contacts, self.mautic.there(asked.1));
        if self.is_known(feed, &(&cursor.position, format!("{contacts:?}"))) {
            return Ok(());
        }
        polled.add(contacts.len(), &told);
        let page = Page {
            decoded: told,
            cursor: Some(cursor),
            asked_at: asked.1,
            urgency: urgency(full),
            asked: Some(asked.0),
        };
        Ok(self.keep(feed, page).await?)
    }
}

/// Contacts as REST shows them.
pub(in crate::intake) fn profiles(contacts: &[Contact], now: Timestamp) -> Decoded {
    let mut told = Decoded::default();
    for contact in contacts {
        match decode::profile(contact, now) {
            Ok(profile) => told.sightings.push(Sighting {
                source: Source::Poll,
                fact: Fact::Profile(Box::new(profile)),
            }),
            Err(fault) => {
                let id = contact.id.map(|id| id.to_string()).unwrap_or_default();
                told.unreadable
                    .push(Unreadable::new("contacts", &fault, &id));
            }
        }
    }
    told
}

fn last(contacts: &[Contact]) -> Option<ContactId> {
    contacts.iter().filter_map(|contact| contact.id).max()
}

/// A way through the contacts edited since a moment, by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sweep {
    since: Timestamp,
    after: u32,
    newest: Timestamp,
    begun: Timestamp,
}

impl From<Timestamp> for Sweep {
    fn from(since: Timestamp) -> Self {
        Self {
            since,
            after: 0,
            newest: since,
            begun: Timestamp::MAX,
        }
    }
}

impl Sweep {
    fn after_page(self, contacts: &[Contact], full: bool) -> Self {
        let edits = contacts.iter().filter_map(|contact| contact.modified_at);
        let newest = edits.max().unwrap_or(self.newest).max(self.newest);
        match last(contacts) {
            Some(last) if full => Self {
                after: last.0,
                newest,
                ..self
            },
            // It was one page, read in one moment.
            _ if self.after == 0 => Self::from(newest),
            // Who was read early may have been edited since, before the newest edit of the others.
            _ => Self::from(newest.min(self.begun.saturating_sub(SKEW).unwrap_or(newest))),
        }
    }
}

impl fmt::Display for Sweep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.after == 0 {
            return write!(f, "{}", self.since);
        }
        let Self {
            since,
            after,
            newest,
            begun,
        } = self;
        write!(f, "{since} {after} {newest} {begun}")
    }
}

impl FromStr for Sweep {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let parts: Vec<_> = text.split(' ').collect();
        let time = |text: &str| text.parse::<Timestamp>().map_err(drop);
        match parts.as_slice() {
            [since] => Ok(Self::from(time(since)?)),
            [since, after, newest, begun] => Ok(Self {
                since: time(since)?,
                after: after.parse().map_err(drop)?,
                newest: time(newest)?,
                begun: time(begun)?,
            }),
            _ => Err(()),
        }
    }
}
