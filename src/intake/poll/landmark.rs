//! Where a table was read to, and by which row to see that Mautic was restored from a backup. PURE.
//!
//! A table's rows are made once and keep id and date. After a restore the newest ones are gone, and
//! their ids are given to other rows. That a row is gone proves little: rows go with what they belong
//! to, failed sends go by themselves (`StatRepository::deleteStat`), and a replica may lag. Page hits
//! (`Hit.php`: all its keys are set to null) and the audit log stay, but for Mautic's clean-up of old
//! ones; and so do main points logged of a contact that is still there (`PointsChangeLog.php`: rows go
//! with their contact, and with their group).

use super::super::decode::{Row, Table};
use super::Feed;
use crate::domain::ContactId;
use crate::mautic::wire::naive_utc;
use jiff::{SignedDuration, Timestamp};
use std::{fmt, str::FromStr};

/// Older rows may be gone by `mautic:maintenance:cleanup`, which takes the hits of contacts that were not
/// active for so many days as it is told (365).
const CLEANED: SignedDuration = SignedDuration::from_hours(24 * 7);

/// The newest row that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Landmark {
    /// When it was made, by Mautic's clock, to the second.
    pub made_at: Timestamp,
    /// Whose it was when it was read, of main points.
    pub contact: Option<ContactId>,
}

/// How far a table was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Place {
    /// The highest id.
    pub id: u64,
    /// That row, where it can tell something.
    pub landmark: Option<Landmark>,
}

/// What rows read again say of the landmark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// It stands, or can't tell.
    None,
    /// It has to be on a later page.
    Later,
    /// Its id is another row's: sure.
    Replaced(Timestamp),
    /// It is gone, and there is no newer row: sure once it has been so for a while.
    Missing,
    /// The same, where it goes with its contact: sure if that is still there.
    MissingOf(ContactId),
}

impl Place {
    /// After a page: `rows` of the table, whose highest id is `last`.
    pub(super) fn after(self, feed: Feed, rows: &[Row], last: u64) -> Self {
        if last < self.id {
            return self;
        }
        let newest = rows.iter().find(|row| id(row) == Some(last));
        Self {
            id: last,
            landmark: newest.and_then(|row| landmark(feed, row)),
        }
    }

    /// What the first page of a table says, read from below this place. `full`: there may be more.
    pub(super) fn sign(self, feed: Feed, rows: &[Row], full: bool, now: Timestamp) -> Sign {
        let Some(known) = self.landmark else {
            return Sign::None;
        };
        if let Some(row) = rows.iter().find(|row| id(row) == Some(self.id)) {
            let is = landmark(feed, row).map(|is| is.made_at);
            return match is {
                // An id is given anew later; a row dated back was edited by somebody.
                Some(is) if is > known.made_at => Sign::Replaced(is),
                _ => Sign::None,
            };
        }
        if rows.iter().filter_map(id).any(|id| id > self.id) {
            return Sign::None;
        }
        if full {
            return Sign::Later;
        }
        let young = now.duration_since(known.made_at) < CLEANED;
        match feed {
            Feed::Hits | Feed::AuditLog if young => Sign::Missing,
            Feed::PointsLog => known.contact.map_or(Sign::None, Sign::MissingOf),
            _ => Sign::None,
        }
    }
}

fn id(row: &Row) -> Option<u64> {
    row.get("id")?.parse().ok()
}

/// Sends are left out: Mautic may date and delete them anew.
fn landmark(feed: Feed, row: &Row) -> Option<Landmark> {
    let table = match feed {
        Feed::Hits
        | Feed::Submissions
        | Feed::Downloads
        | Feed::PointsLog
        | Feed::Stages
        | Feed::AuditLog => feed.table()?,
        _ => return None,
    };
    let made_at = naive_utc(row.get(table.date_column())?)?;
    let of_main_points = table == Table::PointsLog && !row.contains_key("group_id");
    let contact = of_main_points.then(|| row.get("lead_id")?.parse().ok());
    Some(Landmark {
        made_at,
        contact: contact.flatten().map(ContactId),
    })
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.id)?;
        if let Some(Landmark { made_at, contact }) = self.landmark {
            write!(f, " {made_at}")?;
            if let Some(contact) = contact {
                write!(f, " {}", contact.0)?;
            }
        }
        Ok(())
    }
}

impl FromStr for Place {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut words = text.split(' ');
        let id = words.next().ok_or(())?.parse().map_err(drop)?;
        let made_at: Option<Timestamp> = words.next().map(str::parse).transpose().map_err(drop)?;
        let contact: Option<u32> = words.next().map(str::parse).transpose().map_err(drop)?;
        let landmark = made_at.map(|made_at| Landmark {
            made_at,
            contact: contact.map(ContactId),
        });
        Ok(Self { id, landmark })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    const NOW: &str = "2026-11-21T12:00:00Z";

    fn rows(rows: &[(u64, &str)], date: &str) -> Vec<Row> {
        let row = |&(id, at): &(u64, &str)| {
            let pairs = [("id", id.to_string()), (date, at.to_owned())];
            let pairs = pairs.into_iter().chain([("lead_id", "7".to_owned())]);
            pairs
                .map(|(name, value)| (name.to_owned(), value))
                .collect()
        };
        rows.iter().map(row).collect()
    }

    fn place(text: &str) -> Place {
        text.parse().unwrap()
    }

    fn check(feed: Feed, known: &str, found: &[(u64, &str)], full: bool, expected: Sign) {
        let date = feed.table().unwrap().date_column();
        let sign = place(known).sign(feed, &rows(found, date), full, NOW.parse().unwrap());
        assert_eq!(sign, expected, "{feed:?} {known} {found:?}");
    }

    #[test]
    fn signs() {
        let known = "9 2026-11-21T11:00:00Z 7";
        let (at, other) = ("2026-11-21 11:00:00", "2026-11-21 11:00:01");
        let is = "2026-11-21T11:00:01Z".parse().unwrap();
        for feed in [Feed::Hits, Feed::AuditLog, Feed::PointsLog, Feed::Stages] {
            check(feed, known, &[(8, at), (9, at)], false, Sign::None);
            check(
                feed,
                known,
                &[(8, at), (9, at), (10, other)],
                false,
                Sign::None,
            );
            check(
                feed,
                known,
                &[(8, at), (9, other), (10, at)],
                false,
                Sign::Replaced(is),
            );
            let edited = "2026-11-18 11:00:00";
            check(feed, known, &[(8, at), (9, edited)], false, Sign::None);
            check(feed, known, &[(8, at), (10, other)], false, Sign::None);
            check(feed, known, &[(3, at), (8, at)], true, Sign::Later);
            check(feed, "9", &[(9, other)], false, Sign::None);
            check(feed, "9", &[], false, Sign::None);
        }
        for found in [&[(8, at)][..], &[]] {
            check(Feed::Hits, known, found, false, Sign::Missing);
            check(Feed::AuditLog, known, found, false, Sign::Missing);
            let of = Sign::MissingOf(ContactId(7));
            check(Feed::PointsLog, known, found, false, of);
            check(Feed::Stages, known, found, false, Sign::None);
            let old = "9 2026-11-14T11:00:00Z";
            check(Feed::Hits, old, found, false, Sign::None);
        }
        // Sends may be dated anew, and go.
        check(Feed::Sends, known, &[(9, other)], false, Sign::None);
        check(Feed::Sends, known, &[], false, Sign::None);
    }

    #[test]
    fn places_move_on() {
        let start = place("0");
        let found = rows(
            &[(3, "2026-11-21 11:00:00"), (4, "2026-11-21 11:00:05")],
            "date_hit",
        );
        let next = start.after(Feed::Hits, &found, 4);
        assert_eq!(next.to_string(), "4 2026-11-21T11:00:05Z");
        assert_eq!(place("9").after(Feed::Hits, &found, 4), place("9"));
        assert_eq!(start.after(Feed::Sends, &found, 4), place("4"));
        let logged = rows(&[(4, "2026-11-21 11:00:05")], "date_added");
        let next = start.after(Feed::PointsLog, &logged, 4);
        assert_eq!(next.to_string(), "4 2026-11-21T11:00:05Z 7");
        // A row goes with its group, too.
        let mut grouped = rows(&[(4, "2026-11-21 11:00:05")], "date_added");
        grouped[0].insert("group_id".to_owned(), "3".to_owned());
        let next = start.after(Feed::PointsLog, &grouped, 4);
        assert_eq!(next.to_string(), "4 2026-11-21T11:00:05Z");
        for text in ["12", "12 2026-11-21T11:00:05Z", "12 2026-11-21T11:00:05Z 7"] {
            assert_eq!(place(text).to_string(), text);
        }
        for text in ["", "x", "12 x", "12 2026-11-21T11:00:05Z x"] {
            assert_eq!(text.parse::<Place>(), Err(()), "{text}");
        }
    }
}
