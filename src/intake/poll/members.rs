//! Members of the segments that the plan owns or asks about: a table without an id (FACTS 103), read whole.
//!
//! Who is taken out of a static segment leaves no row (FACTS 131): whom we know as a member and
//! the table does not hold is out.

use super::{
    super::{
        decode::{self, Decoded, Row, Table},
        reader::{Reader, Rows, Which},
    },
    Feed, Page, PollError, Polled, Poller, urgency,
};
use crate::{
    domain::{ContactId, Fact, SegmentId, Sighting, Source},
    store::{Adjustments, Journal, Settings, StoreError},
};
use jiff::Timestamp;
use std::{
    collections::BTreeSet,
    sync::{MutexGuard, PoisonError},
};

impl<S: Journal + Adjustments + Settings + ?Sized, M: Reader + ?Sized> Poller<S, M> {
    pub(super) async fn members(&self) -> Result<Polled, PollError> {
        let mut polled = Polled::default();
        let segments = self.watched().await?;
        for segment in &segments {
            // Before the table is read: who joins meanwhile is not missed in it.
            let known = self.store.members_of(*segment).await?;
            let now = self.clock.now();
            if let Some(found) = self.members_of(*segment, now, &mut polled).await? {
                self.compare(*segment, known, found, now).await?;
            }
        }
        *self.swept() = segments;
        Ok(polled)
    }

    /// Segments that the plan needs to know the members of, or that points hang on.
    async fn watched(&self) -> Result<BTreeSet<SegmentId>, StoreError> {
        let mut segments = self.options.segments.now();
        segments.extend(self.store.adjusted_segments(self.clock.now()).await?);
        Ok(segments)
    }

    /// Whether others are watched now than were read the last time.
    pub(super) async fn watches_others(&self) -> bool {
        match self.watched().await {
            Ok(watched) => !watched.is_subset(&self.swept()),
            Err(error) => {
                tracing::warn!(%error, "it can't be known which segments' members to read");
                false
            }
        }
    }

    fn swept(&self) -> MutexGuard<'_, BTreeSet<SegmentId>> {
        self.swept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The contacts that are members by their rows; `None` if the table may not have been read to its end.
    async fn members_of(
        &self,
        segment: SegmentId,
        now: Timestamp,
        polled: &mut Polled,
    ) -> Result<Option<BTreeSet<ContactId>>, PollError> {
        let (mut after, mut found, mut readable) = (0, BTreeSet::new(), true);
        loop {
            let (table, limit) = (Table::SegmentMembers, self.options.rows);
            let which = Which::Members { segment, after };
            let page = self
                .mautic
                .rows(&Rows {
                    table,
                    which,
                    limit,
                })
                .await?;
            let rows = page.rows;
            let whole = page.total <= rows.len() as u64;
            let Some(last) = rows.iter().filter_map(contact).max() else {
                return Ok((whole && readable && rows.is_empty()).then_some(found));
            };
            let decoded = decode::rows(table, &rows, self.mautic.there(now));
            found.extend(decoded.sightings.iter().filter_map(member));
            readable &= decoded.unreadable.is_empty();
            polled.add(rows.len(), &decoded);
            self.tell(decoded, now).await?;
            if rows.len() < limit as usize || last <= after {
                return Ok((whole && readable).then_some(found));
            }
            after = last;
        }
    }

    /// Tells of members that have no row any more, and of those who are none by what is known although
    /// their rows were told: those rows seem too old, because Mautic's clock was set back.
    async fn compare(
        &self,
        segment: SegmentId,
        known: Vec<ContactId>,
        mut found: BTreeSet<ContactId>,
        now: Timestamp,
    ) -> Result<(), PollError> {
        let known: BTreeSet<_> = known.into_iter().collect();
        for stranger in found.difference(&known).copied().collect::<Vec<_>>() {
            // A merged-away id stands for its winner.
            found.extend(self.store.resolve(stranger).await?);
        }
        let left = known.difference(&found).copied().collect();
        self.tell_members(segment, left, false, now).await?;
        let told: BTreeSet<_> = self.store.members_of(segment).await?.into_iter().collect();
        let mut unheard = Vec::new();
        for contact in found.difference(&told) {
            if self.store.resolve(*contact).await? == Some(*contact) {
                unheard.push(*contact);
            }
        }
        self.tell_members(segment, unheard, true, now).await
    }

    async fn tell_members(
        &self,
        segment: SegmentId,
        contacts: Vec<ContactId>,
        member: bool,
        now: Timestamp,
    ) -> Result<(), PollError> {
        for some in contacts.chunks(self.options.rows.max(1) as usize) {
            let told = some.iter().map(|contact| Sighting {
                source: Source::Poll,
                fact: Fact::Membership {
                    contact: *contact,
                    segment,
                    member,
                    // Mautic does not say since when; it was so before we asked.
                    at: self.mautic.there(now),
                },
            });
            let decoded = Decoded {
                sightings: told.collect(),
                ..Decoded::default()
            };
            self.tell(decoded, now).await?;
        }
        Ok(())
    }

    async fn tell(&self, decoded: Decoded, now: Timestamp) -> Result<(), PollError> {
        let page = Page {
            decoded,
            cursor: None,
            asked_at: now,
            urgency: urgency(true),
            asked: None,
        };
        Ok(self.keep(Feed::Members, page).await?)
    }
}

/// Who was taken out of a segment with a filter keeps a row that says so (FACTS 131).
fn member(told: &Sighting) -> Option<ContactId> {
    match told.fact {
        Fact::Membership {
            contact,
            member: true,
            ..
        } => Some(contact),
        _ => None,
    }
}

fn contact(row: &Row) -> Option<u32> {
    row.get("lead_id")?.parse().ok()
}
