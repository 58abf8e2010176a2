//! Days of the calendar in the plan's time zone: when time moves scores.
//!
//! A day here is a number: days since 1970 of the local calendar. A length of days is counted on
//! the local clock, so that daylight saving neither shortens nor lengthens it.

use crate::plan::{Calendar, Ticks};
use jiff::{Timestamp, Zoned, civil};

const DAY: i64 = 86_400;

/// Seconds since 1970 as the local clock shows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LocalSecond(pub i64);

impl LocalSecond {
    fn of(local: civil::DateTime) -> Self {
        let midnight = day_of(local.date()) * DAY;
        let time = local.time();
        let hours = i64::from(time.hour()) * 3600;
        Self(midnight + hours + i64::from(time.minute()) * 60 + i64::from(time.second()))
    }
}

fn day_of(date: civil::Date) -> i64 {
    let epoch = civil::date(1970, 1, 1);
    i64::from((date - epoch).get_days())
}

fn date_of(day: i64) -> Option<civil::Date> {
    let days = i32::try_from(day).ok()?;
    civil::date(1970, 1, 1)
        .checked_add(jiff::Span::new().try_days(days).ok()?)
        .ok()
}

impl Ticks {
    /// The first tick at or after `moment`. Where daylight saving skips the hour of the tick,
    /// the tick comes as much later as the clock jumped; where an hour comes twice, at the first.
    /// `None` beyond the range of dates.
    pub(super) fn at_or_after(&self, moment: Timestamp) -> Option<Timestamp> {
        let local = self.local(moment);
        let today = self.on_date(local.date())?;
        if today >= moment {
            return Some(today);
        }
        self.on_date(local.date().tomorrow().ok()?)
    }

    /// The day of the last tick at or before `moment`.
    pub(super) fn last_day(&self, moment: Timestamp) -> i64 {
        let date = self.local(moment).date();
        let day = day_of(date);
        match self.on_date(date) {
            Some(today) if today > moment => day - 1,
            _ => day,
        }
    }

    /// The moment of a day's tick; `None` beyond the range of dates.
    pub(super) fn tick(&self, day: i64) -> Option<Timestamp> {
        self.on_date(date_of(day)?)
    }

    /// The date that counts as today at `moment`: that of the last tick.
    pub(super) fn today(&self, moment: Timestamp) -> civil::Date {
        date_of(self.last_day(moment)).unwrap_or_default()
    }

    /// What the local clock shows.
    pub(super) fn second(&self, moment: Timestamp) -> LocalSecond {
        LocalSecond::of(self.local(moment).datetime())
    }

    /// Whole days that something is old at a day's tick; 0 if it came after it.
    pub(super) fn age(&self, from: LocalSecond, day: i64) -> i64 {
        let tick = day * DAY + LocalSecond::of(self.at.on(1970, 1, 1)).0;
        (tick - from.0).max(0) / DAY
    }

    /// When so many days are over: the first tick at or after the same time of day, then.
    pub(super) fn after_days(&self, moment: Timestamp, days: u16) -> Option<Timestamp> {
        let local = self.local(moment).datetime();
        let end = local
            .checked_add(jiff::Span::new().days(i64::from(days)))
            .ok()?;
        self.at_or_after(end.to_zoned(self.zone.clone()).ok()?.timestamp())
    }

    /// The first moment of the calendar's day, week, month or year that `moment` is in.
    pub(super) fn begin(&self, window: Calendar, moment: Timestamp) -> Timestamp {
        let date = self.local(moment).date();
        let first = match window {
            Calendar::Day => Some(date),
            Calendar::Week => {
                let back = i64::from(date.weekday().to_monday_zero_offset());
                date.checked_sub(jiff::Span::new().days(back)).ok()
            }
            Calendar::Month => Some(date.first_of_month()),
            Calendar::Year => Some(date.first_of_year()),
        };
        let begin = first.and_then(|date| date.to_zoned(self.zone.clone()).ok());
        begin.map_or(moment, |begin| begin.timestamp())
    }

    fn local(&self, moment: Timestamp) -> Zoned {
        moment.to_zoned(self.zone.clone())
    }

    fn on_date(&self, date: civil::Date) -> Option<Timestamp> {
        let tick = date.to_datetime(self.at).to_zoned(self.zone.clone()).ok()?;
        Some(tick.timestamp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::{civil::time, tz::TimeZone};

    fn berlin(hour: i8, minute: i8) -> Ticks {
        Ticks {
            zone: TimeZone::get("Europe/Berlin").unwrap(),
            at: time(hour, minute, 0, 0),
        }
    }

    #[test]
    fn ticks_follow_the_plans_zone_through_daylight_saving() {
        let ticks = berlin(2, 30);
        let table = [
            ("2026-11-21T01:00:00Z", "2026-11-21T01:30:00Z"),
            ("2026-11-21T01:30:00Z", "2026-11-21T01:30:00Z"),
            ("2026-11-21T01:30:01Z", "2026-11-22T01:30:00Z"),
            // 02:30 does not exist on this day: 03:30 summer time.
            ("2026-03-28T23:30:00Z", "2026-03-29T01:30:00Z"),
            // 02:30 comes twice: the first.
            ("2026-10-24T23:00:00Z", "2026-10-25T00:30:00Z"),
        ];
        for (moment, expected) in table {
            let moment = moment.parse().unwrap();
            let tick = ticks.at_or_after(moment).unwrap();
            assert_eq!(tick.to_string(), expected, "after {moment}");
            assert_eq!(ticks.tick(ticks.last_day(tick)), Some(tick));
            if tick > moment {
                assert_eq!(ticks.last_day(moment) + 1, ticks.last_day(tick), "{moment}");
            }
        }
    }

    #[test]
    fn days_are_those_of_the_local_clock() {
        let ticks = berlin(3, 0);
        // (from, days, end): over both changes of the clock, to the first 03:00 after the same time.
        let table = [
            ("2026-03-01T09:00:00Z", 30, "2026-04-01T01:00:00Z"),
            ("2026-03-01T02:00:00Z", 30, "2026-03-31T01:00:00Z"),
            ("2026-10-20T01:00:00Z", 7, "2026-10-27T02:00:00Z"),
            ("2026-10-20T01:00:01Z", 7, "2026-10-28T02:00:00Z"),
        ];
        for (from, days, end) in table {
            let from: Timestamp = from.parse().unwrap();
            let over = ticks.after_days(from, days).unwrap();
            assert_eq!(over.to_string(), end, "{from}");
            // The tick before it is the last at which the age is below.
            let (second, day) = (ticks.second(from), ticks.last_day(over));
            assert_eq!(ticks.age(second, day), i64::from(days), "{from}");
            assert_eq!(ticks.age(second, day - 1), i64::from(days) - 1, "{from}");
        }
    }

    #[test]
    fn windows_begin_at_local_midnight() {
        let ticks = berlin(3, 0);
        let moment = "2026-10-25T12:00:00Z".parse().unwrap(); // a Sunday, the clock went back
        let table = [
            (Calendar::Day, "2026-10-24T22:00:00Z"),
            (Calendar::Week, "2026-10-18T22:00:00Z"),
            (Calendar::Month, "2026-09-30T22:00:00Z"),
            (Calendar::Year, "2025-12-31T23:00:00Z"),
        ];
        for (window, expected) in table {
            assert_eq!(
                ticks.begin(window, moment).to_string(),
                expected,
                "{window:?}"
            );
        }
    }
}
