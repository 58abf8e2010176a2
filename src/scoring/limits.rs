//! At most so many points in a time.

use crate::plan::{Limit, THOUSANDTHS, Ticks, Window};
use jiff::{Timestamp, tz::TimeZone};

/// What was paid, and how much more may be.
#[derive(Debug)]
pub(super) struct Limiter<'a> {
    limits: &'a [Limit],
    ticks: &'a Ticks,
    /// Positive payments by time, in thousandths.
    paid: Vec<(Timestamp, i64)>,
}

/// What a limit left of some points.
#[derive(Debug, Clone, Copy)]
pub(super) struct Allowed<'a> {
    /// Points, in thousandths.
    pub(super) points: i64,
    /// The limit that cut something off.
    pub(super) cut_by: Option<&'a Limit>,
}

impl<'a> Limiter<'a> {
    pub(super) const fn new(limits: &'a [Limit], ticks: &'a Ticks) -> Self {
        Self {
            limits,
            ticks,
            paid: Vec::new(),
        }
    }

    /// Pays what is allowed of `points` (thousandths). To be asked in order of time.
    pub(super) fn pay(&mut self, at: Timestamp, points: i64) -> Allowed<'a> {
        let mut allowed = Allowed {
            points,
            cut_by: None,
        };
        if points <= 0 || self.limits.is_empty() {
            return allowed;
        }
        for limit in self.limits {
            let left =
                (i64::from(limit.points) * THOUSANDTHS - self.paid_in(limit.window, at)).max(0);
            if left < allowed.points {
                allowed = Allowed {
                    points: left,
                    cut_by: Some(limit),
                };
            }
        }
        if allowed.points > 0 {
            self.paid.push((at, allowed.points));
        }
        allowed
    }

    fn paid_in(&self, window: Window, at: Timestamp) -> i64 {
        let from = match window {
            Window::Ever => Timestamp::MIN,
            Window::Calendar(calendar) => self.ticks.begin(calendar, at),
            // A payment exactly that long ago is out of the window.
            Window::Rolling(length) => at
                .checked_sub(length)
                .and_then(|from| from.checked_add(jiff::SignedDuration::from_nanos(1)))
                .unwrap_or(Timestamp::MIN),
        };
        let recent = self.paid.iter().rev().take_while(|(paid, _)| *paid >= from);
        recent.map(|(_, points)| points).sum()
    }
}

/// A limit in words: `at most 10 a day`.
pub(super) fn words(limit: &Limit) -> String {
    use crate::plan::Calendar;
    let points = limit.points;
    match limit.window {
        Window::Ever => format!("at most {points} ever"),
        Window::Calendar(Calendar::Day) => format!("at most {points} a day"),
        Window::Calendar(Calendar::Week) => format!("at most {points} a week"),
        Window::Calendar(Calendar::Month) => format!("at most {points} a month"),
        Window::Calendar(Calendar::Year) => format!("at most {points} a year"),
        Window::Rolling(length) => format!("at most {points} within {}", length_words(length)),
    }
}

/// A length in its largest whole unit: `36 hours`.
pub(super) fn length_words(length: jiff::SignedDuration) -> String {
    let seconds = length.as_secs();
    let units = [
        (86_400, "day"),
        (3600, "hour"),
        (60, "minute"),
        (1, "second"),
    ];
    let fits = |(unit, _): &&(i64, &str)| seconds % unit == 0;
    let (unit, word) = units.iter().find(fits).unwrap_or(&(1, "second"));
    let number = seconds / unit;
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {word}{plural}")
}

/// A local date and time of a zone, short: `2026-11-21 08:15`.
pub(super) fn short(moment: Timestamp, zone: &TimeZone) -> String {
    moment
        .to_zoned(zone.clone())
        .strftime("%Y-%m-%d %H:%M")
        .to_string()
}
