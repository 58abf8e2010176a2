//! Tables with an id: read upwards, the last few again.

use super::{
    super::{
        decode::{self, Decoded, Row, Table},
        reader::{Reader, Rows, Which},
    },
    Feed, Page, PollError, Polled, Poller, Start,
    landmark::Place,
    urgency,
};
use crate::store::{Adjustments, CursorMove, Journal, Settings, StoreError};
use jiff::{SignedDuration, Timestamp};

/// Ids read again at every poll, for rows that were committed late.
pub(super) const OVERLAP: u64 = 50;
/// After so long a row is read once more.
const SETTLED: SignedDuration = SignedDuration::from_hours(1);
/// Rows of `email_stats` asked for by id at once: more would make the address too long.
const IDS: usize = 200;

impl<S: Journal + Adjustments + Settings + ?Sized, M: Reader + ?Sized> Poller<S, M> {
    pub(super) async fn by_id(&self, feed: Feed, now: Timestamp) -> Result<Polled, PollError> {
        let Some(table) = feed.table() else {
            return Ok(Polled::default());
        };
        let mut place = match self.cursor::<Place>(feed).await? {
            Some(place) => place,
            None => self.first(feed, table, now).await?,
        };
        let no_overlap = feed.is_settled() || self.is_behind(feed);
        let overlap = if no_overlap { 0 } else { OVERLAP };
        let mut after = place.id.saturating_sub(overlap);
        let mut polled = Polled::default();
        for _ in 0..self.options.pages {
            let limit = self.options.rows;
            let which = Which::After(after);
            let page = self
                .mautic
                .rows(&Rows {
                    table,
                    which,
                    limit,
                })
                .await?;
            let mut full = page.rows.len() >= limit as usize;
            let mut rows = page.rows;
            if feed.is_settled() {
                full &= !cut_young(&mut rows, table, self.mautic.there(now));
            }
            // Up to the page that has to have the newest row.
            if after < place.id {
                self.look_back(feed, place, (&rows, full), now).await?;
            }
            let Some(last) = last_id(&rows)? else {
                polled.more = false;
                break;
            };
            place = place.after(feed, &rows, last);
            self.page(feed, table, rows, (place, full, now), &mut polled)
                .await?;
            after = last;
            polled.more = full;
            if !full {
                break;
            }
        }
        Ok(polled)
    }

    async fn page(
        &self,
        feed: Feed,
        table: Table,
        rows: Vec<Row>,
        (position, full, now): (Place, bool, Timestamp),
        polled: &mut Polled,
    ) -> Result<(), PollError> {
        let (known, decoded) = if table == Table::EmailStatsDevices {
            let mails = self.opened(&rows).await?;
            let decoded = decode::rows(Table::EmailStats, &mails, self.mautic.there(now));
            (self.is_known(feed, &(&rows, &mails)), decoded)
        } else {
            let decoded = decode::rows(table, &rows, self.mautic.there(now));
            (self.is_known(feed, &rows), decoded)
        };
        if known {
            return Ok(());
        }
        polled.add(rows.len(), &decoded);
        let page = Page {
            decoded,
            cursor: Some(at(feed, &position)),
            asked_at: now,
            urgency: urgency(full),
            asked: None,
        };
        Ok(self.keep(feed, page).await?)
    }

    /// The rows of `email_stats` that were opened on these devices.
    async fn opened(&self, devices: &[Row]) -> Result<Vec<Row>, PollError> {
        let ids: Vec<_> = decode::opened_stats(devices).into_iter().collect();
        let mut mails = Vec::with_capacity(ids.len());
        for some in ids.chunks(IDS) {
            let rows = Rows {
                table: Table::EmailStats,
                which: Which::Ids(some.to_vec()),
                limit: u32::try_from(IDS).unwrap_or(u32::MAX),
            };
            mails.extend(self.mautic.rows(&rows).await?.rows);
        }
        Ok(mails)
    }

    /// Where a feed begins that was never read; kept at once, so that nothing that comes before
    /// the first page is missed.
    async fn first(&self, feed: Feed, table: Table, now: Timestamp) -> Result<Place, PollError> {
        let begins = self.options.start == Start::Beginning;
        if begins && feed != Feed::SettledPoints {
            return Ok(Place::default());
        }
        let newest = self.one(table, Which::Newest).await?;
        let last = last_id(&newest)?.unwrap_or(0);
        let mut position = Place::default().after(feed, &newest, last);
        if begins {
            // What is settled already its own feed reads from the beginning.
            let there = self.mautic.there(now);
            let young = Which::FirstSince(there.saturating_sub(SETTLED).unwrap_or(there));
            let young = last_id(&self.one(table, young).await?)?;
            position.id = young.map_or(last, |young| last.min(young.saturating_sub(1)));
        }
        let page = Page {
            decoded: Decoded::default(),
            cursor: Some(at(feed, &position)),
            asked_at: self.clock.now(),
            urgency: urgency(true),
            asked: None,
        };
        self.keep(feed, page).await?;
        Ok(position)
    }

    async fn one(&self, table: Table, which: Which) -> Result<Vec<Row>, PollError> {
        let limit = 1;
        let rows = Rows {
            table,
            which,
            limit,
        };
        Ok(self.mautic.rows(&rows).await?.rows)
    }
}

pub(super) fn at(feed: Feed, position: &impl ToString) -> CursorMove {
    CursorMove {
        name: feed.name().to_owned(),
        position: position.to_string(),
    }
}

/// A page whose rows have no ids would be read for ever. What no table counts to is no id: a cursor
/// there would be behind all rows to come.
pub(in crate::intake) fn last_id(rows: &[Row]) -> Result<Option<u64>, StoreError> {
    let id = |row: &Row| row.get("id")?.parse::<i64>().ok();
    let ids = rows
        .iter()
        .filter_map(id)
        .filter_map(|id| u64::try_from(id).ok());
    match ids.max() {
        None if !rows.is_empty() => Err(StoreError::Corrupt(
            "Mautic's rows have no ids; is a plugin changing its answers?".to_owned(),
        )),
        last => Ok(last),
    }
}

/// Takes away the rows from the first that is too young; returns whether there was one.
fn cut_young(rows: &mut Vec<Row>, table: Table, there: Timestamp) -> bool {
    let made_at = |row: &Row| crate::mautic::wire::naive_utc(row.get(table.date_column())?);
    let young = |row: &Row| made_at(row).is_some_and(|made| there.duration_since(made) < SETTLED);
    let first = rows.iter().position(young);
    rows.truncate(first.unwrap_or(rows.len()));
    first.is_some()
}
