//! Reads the whole history, by the same ways as the polls, with cursors of its own: it can be cut
//! off at any time and goes on where it was.

use super::{
    decode::{self, Row, Table},
    decoder::Signals,
    poll::{Page, PollError, last_id, profiles},
    reader::{Reader, Rows, Which},
};
use crate::{
    domain::ContactId,
    mautic::{
        ContactsQuery,
        wire::{StatsPage, naive_utc},
    },
    store::{CursorMove, Journal, Moment, StoreError, Urgency},
};
use jiff::Timestamp;
use std::{fmt, str::FromStr, sync::Arc};
use tokio_util::sync::CancellationToken;

/// What is read, in this order: who is gone before who did what.
const PARTS: [Part; 11] = [
    Part::Table(Table::AuditLog),
    Part::Contacts,
    Part::Table(Table::PageHits),
    Part::Table(Table::FormSubmissions),
    Part::Table(Table::EmailStats),
    Part::Table(Table::AssetDownloads),
    Part::Table(Table::PointsLog),
    Part::Table(Table::StagesLog),
    Part::Dated(Table::CampaignMembers),
    Part::Table(Table::VideoHits),
    Part::Table(Table::Messages),
];

#[derive(Debug, Clone, Copy)]
enum Part {
    Contacts,
    /// By id.
    Table(Table),
    /// By its date: a table without an id.
    Dated(Table),
}

impl Part {
    fn name(self) -> &'static str {
        match self {
            Self::Contacts => "contacts",
            Self::Table(table) | Self::Dated(table) => table.name(),
        }
    }
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The table, or `contacts`.
    pub part: &'static str,
    /// Rows read of it, those of an earlier run included.
    pub done: u64,
    /// Rows it has, as Mautic counts them now; it may grow.
    pub total: u64,
}

/// Reads the whole history of one Mautic.
#[derive(Debug)]
pub struct Backfill<S: ?Sized, M: ?Sized> {
    store: Arc<S>,
    mautic: Arc<M>,
    signals: Signals,
    since: Option<Timestamp>,
    rows: u32,
    contacts: u32,
}

/// Pages as large as Mautic answers well within a timeout (LATENCY.md).
const ROWS: u32 = 2000;
const CONTACTS: u32 = 200;

impl<S: Journal + ?Sized, M: Reader + ?Sized> Backfill<S, M> {
    /// Reads what happened at or after `since`, or all of it; contacts are always read all,
    /// because profile rules look at every one. Another `since` than before begins anew.
    #[must_use]
    pub fn new(store: Arc<S>, mautic: Arc<M>, signals: Signals, since: Option<Timestamp>) -> Self {
        Self {
            store,
            mautic,
            signals,
            since,
            rows: ROWS,
            contacts: CONTACTS,
        }
    }

    /// Reads on until everything is read or `stop`; `progress` hears of every page. Returns
    /// whether everything is read.
    ///
    /// # Errors
    /// [`PollError`] of the page that could not be read or kept; call it again to go on.
    pub async fn run(
        &self,
        now: impl Fn() -> Timestamp + Send,
        stop: &CancellationToken,
        mut progress: impl FnMut(Progress) + Send,
    ) -> Result<bool, PollError> {
        for part in PARTS {
            loop {
                if stop.is_cancelled() {
                    return Ok(false);
                }
                let (reached, more) = self.page(part, now()).await?;
                progress(reached);
                if !more {
                    break;
                }
            }
        }
        Ok(true)
    }

    async fn page(&self, part: Part, now: Timestamp) -> Result<(Progress, bool), PollError> {
        let place = self.place(part).await?;
        let asked = self.store.moment().await?;
        let (decoded, read, left, last) = match part {
            Part::Table(table) => {
                let page = self.rows(table, Which::After(place.after)).await?;
                let decoded = decode::rows(table, &page.rows, self.mautic.there(now));
                let last = last_id(&page.rows)?.map(|id| (id, 0));
                (decoded, page.rows.len(), page.total, last)
            }
            Part::Dated(table) => {
                let page = self.rows(table, place.since(table.date_column())).await?;
                let decoded = decode::rows(table, &page.rows, self.mautic.there(now));
                let left = page.total.saturating_sub(u64::from(place.skip));
                let last = place.after_dated(table.date_column(), &page.rows);
                (decoded, page.rows.len(), left, last)
            }
            Part::Contacts => {
                let query = self.query(place.after);
                let page = self.mautic.contacts(&query).await?;
                let ids = page.items.iter().filter_map(|contact| contact.id);
                let last = ids.max().map(|id| (u64::from(id.0), 0));
                let decoded = profiles(&page.items, self.mautic.there(now));
                (decoded, page.items.len(), page.total, last)
            }
        };
        let (after, skip) = last.unwrap_or((place.after, place.skip));
        let next = Place {
            after,
            skip,
            done: place.done + read as u64,
            ..place
        };
        if last.is_some() {
            self.keep(part, next, decoded, (asked, now)).await?;
        }
        let progress = Progress {
            part: part.name(),
            done: next.done,
            total: place.done + left.max(read as u64),
        };
        Ok((
            progress,
            (next.after, next.skip) > (place.after, place.skip),
        ))
    }

    async fn rows(&self, table: Table, which: Which) -> Result<StatsPage, PollError> {
        let limit = self.rows;
        let rows = Rows {
            table,
            which,
            limit,
        };
        Ok(self.mautic.rows(&rows).await?)
    }

    async fn keep(
        &self,
        part: Part,
        place: Place,
        decoded: decode::Decoded,
        (asked, now): (Moment, Timestamp),
    ) -> Result<(), PollError> {
        let page = Page {
            decoded,
            cursor: Some(CursorMove {
                name: cursor(part),
                position: place.to_string(),
            }),
            asked_at: now,
            urgency: Urgency::Bulk,
            asked: Some(asked),
        };
        if page.apply(&*self.store).await?.dirty_contacts > 0 {
            self.signals.bells.dirty.ring();
        }
        Ok(())
    }

    fn query(&self, after: u64) -> ContactsQuery {
        let after = u32::try_from(after).unwrap_or(u32::MAX);
        ContactsQuery {
            after: (after > 0).then_some(ContactId(after)),
            limit: self.contacts,
            full: true,
            modified_since: None,
            added_since: None,
        }
    }

    /// Where to go on.
    async fn place(&self, part: Part) -> Result<Place, PollError> {
        let name = cursor(part);
        if let Some(position) = self.store.cursor(&name).await? {
            let place: Place = position.parse().map_err(|()| {
                StoreError::Corrupt(format!("the cursor {name} is at \"{position}\""))
            })?;
            if place.since == self.since {
                return Ok(place);
            }
        }
        Ok(Place {
            since: self.since,
            after: self.first(part).await?,
            skip: 0,
            done: 0,
        })
    }

    /// The id before the first row to be read, or its second. Merges and deletions are needed all: what is left
    /// of a contact may be older than what is asked for.
    async fn first(&self, part: Part) -> Result<u64, PollError> {
        let (table, since) = match (part, self.since) {
            (Part::Table(table), Some(since)) => (table, since),
            (Part::Dated(_), Some(since)) => {
                return Ok(u64::try_from(since.as_second()).unwrap_or(0));
            }
            _ => return Ok(0),
        };
        if table == Table::AuditLog {
            return Ok(0);
        }
        let limit = 1;
        let which = Which::FirstSince(since);
        let first = self
            .mautic
            .rows(&Rows {
                table,
                which,
                limit,
            })
            .await?;
        if let Some(id) = last_id(&first.rows)? {
            return Ok(id - 1);
        }
        let which = Which::Newest;
        let newest = self
            .mautic
            .rows(&Rows {
                table,
                which,
                limit,
            })
            .await?;
        Ok(last_id(&newest.rows)?.unwrap_or(0))
    }
}

fn cursor(part: Part) -> String {
    format!("backfill.{}", part.name())
}

/// How far a part is, for the cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    since: Option<Timestamp>,
    /// The last id read; of a table without ids, the last second read of.
    after: u64,
    /// Rows of that second that are read.
    skip: u32,
    done: u64,
}

impl Place {
    /// What comes next of a table without ids.
    fn since(&self, column: &'static str) -> Which {
        let second = i64::try_from(self.after).ok();
        let since = second.and_then(|second| Timestamp::from_second(second).ok());
        Which::Since {
            column,
            since: since.unwrap_or(Timestamp::MAX),
            skip: self.skip,
        }
    }

    /// Second and rows of it that are read after these rows; `None` if there are none.
    fn after_dated(&self, column: &str, rows: &[Row]) -> Option<(u64, u32)> {
        let second = |row: &Row| {
            let at = naive_utc(row.get(column)?)?;
            u64::try_from(at.as_second()).ok()
        };
        let last = rows.iter().filter_map(second).max()?;
        let of_it = rows.iter().filter(|row| second(row) == Some(last)).count();
        let before = if last == self.after { self.skip } else { 0 };
        Some((last, before + u32::try_from(of_it).unwrap_or(u32::MAX)))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.after)?;
        if self.skip > 0 {
            write!(f, "+{}", self.skip)?;
        }
        write!(f, " {}", self.done)?;
        self.since.map_or(Ok(()), |since| write!(f, " {since}"))
    }
}

impl FromStr for Place {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.split(' ');
        let place = parts.next().ok_or(())?;
        let (after, skip) = place.split_once('+').unwrap_or((place, "0"));
        let done = parts.next().ok_or(())?;
        let since = parts.next().map(str::parse).transpose().map_err(drop)?;
        Ok(Self {
            since,
            after: after.parse().map_err(drop)?,
            skip: skip.parse().map_err(drop)?,
            done: done.parse().map_err(drop)?,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        reason = "a failing test may panic"
    )]

    use super::*;
    use crate::intake::{
        fake::{FakeMautic, row},
        testing::{MemoryStore, at},
    };

    const NOW: &str = "2026-11-21T22:00:00Z";

    fn hit(id: u64, date: &str) -> Row {
        let id = id.to_string();
        row(&[("id", &id), ("lead_id", "5"), ("date_hit", date)])
    }

    fn mautic() -> Arc<FakeMautic> {
        let mautic = FakeMautic::default();
        mautic.add(
            Table::PageHits,
            (1..=15).map(|id| hit(id, "2026-01-01 00:00:00")),
        );
        mautic.add(
            Table::PageHits,
            (16..=25).map(|id| hit(id, "2026-06-01 00:00:00")),
        );
        for id in 1..=12 {
            mautic.add_contact(id, None);
        }
        Arc::new(mautic)
    }

    fn backfill(
        store: &Arc<MemoryStore>,
        mautic: &Arc<FakeMautic>,
        since: Option<&str>,
    ) -> Backfill<MemoryStore, FakeMautic> {
        let (store, mautic) = (Arc::clone(store), Arc::clone(mautic));
        let mut backfill = Backfill::new(store, mautic, Signals::default(), since.map(at));
        (backfill.rows, backfill.contacts) = (10, 10);
        backfill
    }

    async fn run(backfill: &Backfill<MemoryStore, FakeMautic>) -> Vec<Progress> {
        let (mut steps, stop) = (Vec::new(), CancellationToken::new());
        let whole = backfill
            .run(|| at(NOW), &stop, |step| steps.push(step))
            .await;
        assert!(whole.unwrap());
        steps
    }

    #[tokio::test]
    async fn everything_with_progress() {
        let (store, mautic) = (Arc::default(), mautic());
        let steps = run(&backfill(&store, &mautic, None)).await;
        let of = |part: &str| -> Vec<_> {
            let of = steps.iter().filter(|step| step.part == part);
            of.map(|step| (step.done, step.total)).collect()
        };
        assert_eq!(of("page_hits"), [(10, 25), (20, 25), (25, 25), (25, 25)]);
        assert_eq!(of("contacts"), [(10, 12), (12, 12), (12, 12)]);
        assert_eq!(of("form_submissions"), [(0, 0)]);
        assert_eq!(store.keys().len(), 25);
        assert!(
            store
                .batches()
                .iter()
                .all(|batch| batch.urgency == Urgency::Bulk)
        );
        // Once more reads only what came since.
        store.forget_facts();
        mautic.add(Table::PageHits, [hit(26, "2026-06-02 00:00:00")]);
        run(&backfill(&store, &mautic, None)).await;
        assert_eq!(store.keys(), ["hit:26".to_owned()].into());
    }

    #[tokio::test]
    async fn goes_on_where_it_was_cut_off() {
        let (store, mautic) = (Arc::default(), mautic());
        let first = backfill(&store, &mautic, None);
        let stop = CancellationToken::new();
        let cut = |step: Progress| {
            if step.part == "page_hits" {
                stop.cancel();
            }
        };
        assert!(!first.run(|| at(NOW), &stop, cut).await.unwrap());
        assert_eq!(store.keys().len(), 10);
        store.forget_facts();
        let steps = run(&backfill(&store, &mautic, None)).await;
        assert!(!store.keys().contains("hit:10") && store.keys().contains("hit:11"));
        assert!(steps.iter().any(|step| (step.done, step.total) == (20, 25)));
    }

    #[tokio::test]
    async fn since_a_moment() {
        let (store, mautic) = (Arc::default(), mautic());
        run(&backfill(&store, &mautic, Some("2026-05-01T00:00:00Z"))).await;
        assert_eq!(store.keys().len(), 10);
        // Nothing since then; and an earlier moment begins anew.
        run(&backfill(&store, &mautic, Some("2026-07-01T00:00:00Z"))).await;
        assert_eq!(store.keys().len(), 10);
        run(&backfill(&store, &mautic, None)).await;
        assert_eq!(store.keys().len(), 25);
    }

    #[tokio::test]
    async fn tables_without_ids_are_read_by_date() {
        let (store, mautic): (Arc<MemoryStore>, _) = (Arc::default(), mautic());
        let entered = |id: u32, date: &str| {
            let id = id.to_string();
            row(&[("campaign_id", "3"), ("lead_id", &id), ("date_added", date)])
        };
        // More than two pages within one second.
        let many = (1..=25).map(|id| entered(id, "2026-01-01 00:00:00"));
        mautic.add(Table::CampaignMembers, many);
        let late = (26..=30).map(|id| entered(id, "2026-06-01 00:00:00"));
        mautic.add(Table::CampaignMembers, late);
        let of = |steps: Vec<Progress>| -> Vec<_> {
            let of = steps.iter().filter(|step| step.part == "campaign_leads");
            of.map(|step| (step.done, step.total)).collect()
        };
        let entries = |store: &MemoryStore| {
            let is_entry = |key: &&String| key.starts_with("campaign:");
            store.keys().iter().filter(is_entry).count()
        };
        let steps = of(run(&backfill(&store, &mautic, None)).await);
        assert_eq!(steps, [(10, 30), (20, 30), (30, 30), (30, 30)]);
        assert_eq!(entries(&store), 30);
        // Once more reads only what came since, and a moment leaves out what was before.
        store.forget_facts();
        mautic.add(Table::CampaignMembers, [entered(31, "2026-06-01 00:00:00")]);
        run(&backfill(&store, &mautic, None)).await;
        assert_eq!(entries(&store), 1);
        store.forget_facts();
        run(&backfill(&store, &mautic, Some("2026-05-01T00:00:00Z"))).await;
        assert_eq!(entries(&store), 6);
    }

    #[tokio::test]
    async fn an_error_ends_it_and_it_goes_on_later() {
        let (store, mautic) = (Arc::default(), mautic());
        mautic.break_down(Some("email_stats"));
        let backfill = backfill(&store, &mautic, None);
        let stop = CancellationToken::new();
        assert!(backfill.run(|| at(NOW), &stop, |_| {}).await.is_err());
        assert_eq!(store.keys().len(), 25);
        mautic.break_down(None);
        run(&backfill).await;
        assert_eq!(store.keys().len(), 25);
    }
}
