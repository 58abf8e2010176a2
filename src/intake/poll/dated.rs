//! Rows by a date that is renewed, or of tables without an id: read upwards, the last minute again.

use super::{
    super::{
        decode::{self, Row, Table},
        reader::{Reader, Rows, Which},
    },
    Feed, Page, PollError, Polled, Poller, Start, ids, urgency,
};
use crate::{
    mautic::wire,
    store::{Adjustments, Journal, Settings},
};
use jiff::{SignedDuration, Timestamp};

/// Seconds read again at every poll, for rows that were committed late.
pub(super) const OVERLAP: SignedDuration = SignedDuration::from_secs(60);

/// Read again where a clock may have been set back unseen: rarely by more.
const SET_BACK: SignedDuration = SignedDuration::from_hours(1);

impl<S: Journal + Adjustments + Settings + ?Sized, M: Reader + ?Sized> Poller<S, M> {
    pub(super) async fn by_date(
        &self,
        feed: Feed,
        (table, column): (Table, &'static str),
        now: Timestamp,
    ) -> Result<Polled, PollError> {
        let start = match self.options.start {
            Start::Beginning => Timestamp::UNIX_EPOCH,
            Start::Now => now,
        };
        let mut known = match self.cursor(feed).await? {
            Some(cursor) => self.not_ahead(feed, cursor, now),
            None => start,
        };
        let overlap = if self.is_behind(feed) {
            SignedDuration::ZERO
        } else {
            OVERLAP
        };
        let mut since = known.saturating_sub(overlap).unwrap_or(known);
        let (mut skip, mut polled) = (0, Polled::default());
        for page in 1.. {
            let limit = self.options.rows;
            let which = Which::Since {
                column,
                since,
                skip,
            };
            let rows = self
                .mautic
                .rows(&Rows {
                    table,
                    which,
                    limit,
                })
                .await?
                .rows;
            let full = rows.len() >= limit as usize;
            let last = rows
                .iter()
                .filter_map(|row| date(row, column))
                .max()
                .unwrap_or(known);
            known = known.max(last);
            if !self.is_known(feed, &rows) {
                let decoded = decode::rows(table, &rows, self.mautic.there(now));
                polled.add(rows.len(), &decoded);
                let page = Page {
                    decoded,
                    // Rows may be dated later than Mautic's clock shows by now.
                    cursor: Some(ids::at(feed, &known.min(self.mautic.there(now)))),
                    asked_at: now,
                    urgency: urgency(full),
                    asked: None,
                };
                self.keep(feed, page).await?;
                if full {
                    self.note_more(feed);
                }
            }
            // Of rows dated later than Mautic's clock shows the next poll reads the same again.
            polled.more = full && last <= self.mautic.there(now);
            if !full {
                break;
            }
            // Many rows can share a second.
            (since, skip) = if last > since {
                (last, 0)
            } else {
                (since, skip + limit)
            };
            // Not within a second: the next poll would begin with it anew, for ever.
            if page >= self.options.pages && skip == 0 {
                break;
            }
        }
        Ok(polled)
    }

    /// Up to where nothing new can be dated: the cursor, if Mautic's clock was not set back since. As it
    /// goes now it showed less then, when the feed was last read; what came later may be dated so.
    pub(super) fn not_ahead(&self, feed: Feed, cursor: Timestamp, now: Timestamp) -> Timestamp {
        let there = self.mautic.there(now);
        let known = match self.last_read(feed, now) {
            // The cursor is where a poll was cut short; it may be later than when one was not.
            _ if self.is_behind(feed) && cursor.duration_since(there) <= OVERLAP => cursor,
            Some(read_at) => cursor.min(self.mautic.there(read_at)),
            // Nobody knows since when, and by how much.
            None => back(cursor.min(there)),
        };
        if known != cursor {
            // The cursor has to move, even if the rows are the same.
            self.forget(feed);
        }
        known
    }
}

fn back(known: Timestamp) -> Timestamp {
    known.saturating_sub(SET_BACK).unwrap_or(known)
}

fn date(row: &Row, column: &str) -> Option<Timestamp> {
    wire::naive_utc(row.get(column)?)
}
