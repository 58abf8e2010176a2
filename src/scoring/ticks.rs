//! When time moves scores.

use crate::plan::Ticks;
use jiff::{SignedDuration, Timestamp, Zoned};

impl Ticks {
    /// The first tick at or after `moment`. Where daylight saving skips the hour of the tick,
    /// the tick comes as much later as the clock jumped; where an hour comes twice, at the first.
    /// `None` beyond the range of dates.
    pub(crate) fn at_or_after(&self, moment: Timestamp) -> Option<Timestamp> {
        let local = moment.to_zoned(self.zone.clone());
        let today = self.on_day_of(&local)?;
        if today >= moment {
            return Some(today);
        }
        self.on_day_of(&local.tomorrow().ok()?)
    }

    fn on_day_of(&self, local: &Zoned) -> Option<Timestamp> {
        let tick = local
            .date()
            .to_datetime(self.at)
            .to_zoned(self.zone.clone())
            .ok()?;
        Some(tick.timestamp())
    }
}

/// `days` days of 24 hours after `moment`; `None` beyond the range of dates.
pub(crate) fn days_after(moment: Timestamp, days: u16) -> Option<Timestamp> {
    moment
        .checked_add(SignedDuration::from_hours(24 * i64::from(days)))
        .ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests may fail loudly")]
mod tests {
    use super::*;
    use jiff::{civil::time, tz::TimeZone};

    #[test]
    fn ticks_follow_the_plans_zone_through_daylight_saving() {
        let ticks = Ticks {
            zone: TimeZone::get("Europe/Berlin").unwrap(),
            at: time(2, 30, 0, 0),
        };
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
            let tick = ticks.at_or_after(moment.parse().unwrap()).unwrap();
            assert_eq!(tick.to_string(), expected, "after {moment}");
        }
    }
}
