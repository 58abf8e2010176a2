//! Lengths of time: `"30 minutes"`, `"3 days"`.

use crate::diagnostics::{Value, one_of, quote};
use jiff::SignedDuration;
use toml::de::DeValue;

/// Units with their seconds; the long names are those that hints tell.
const UNITS: [(&[&str], i64); 5] = [
    (&["seconds", "second", "sec", "s"], 1),
    (&["minutes", "minute", "min"], 60),
    (&["hours", "hour", "h"], 3600),
    (&["days", "day", "d"], DAY),
    (&["weeks", "week"], 7 * DAY),
];
const DAY: i64 = 86_400;
/// Ten years.
const LONGEST_DAYS: i64 = 3650;
const HINT: &str = "write a number and a unit such as \"30 minutes\", \"2 hours\", \"3 days\"";
const DAYS_HINT: &str = "write a number of days from 1 to 3650, or a text such as \"30 days\"";

/// Reads a length of time from one second to ten years; a day is 24 hours.
pub(super) fn read_span(value: &Value<'_, '_>) -> Option<SignedDuration> {
    let DeValue::String(_) = value.node() else {
        return value.mistyped("a length of time", HINT);
    };
    let text = value.text(HINT)?;
    let seconds = seconds(text)
        .map_err(|odd| odd.tell(value, text, HINT))
        .ok()?;
    if !(1..=LONGEST_DAYS * DAY).contains(&seconds) {
        let message = format!("{} is not from 1 second to 3650 days", quote(text));
        value.error(message, HINT);
        return None;
    }
    Some(SignedDuration::from_secs(seconds))
}

/// Reads a length of time, or a number of seconds; however long, as Mautic takes any.
pub(super) fn read_seconds(value: &Value<'_, '_>) -> Option<u64> {
    const HINT: &str = "write a number of seconds, or a text such as \"1 hour\"";
    let DeValue::String(_) = value.node() else {
        return value.integer(1..=i64::MAX, HINT);
    };
    let text = value.text(HINT)?;
    let seconds = seconds(text)
        .map_err(|odd| odd.tell(value, text, HINT))
        .ok()?;
    if seconds == 0 {
        value.error(format!("{} is no time", quote(text)), HINT);
        return None;
    }
    u64::try_from(seconds).ok()
}

/// Reads days of the calendar, 1 to 3650: a number, or a text.
pub(super) fn read_days(value: &Value<'_, '_>) -> Option<u16> {
    let DeValue::String(_) = value.node() else {
        return value.integer(1..=LONGEST_DAYS, DAYS_HINT);
    };
    let text = value.text(DAYS_HINT)?;
    let seconds = seconds(text)
        .map_err(|odd| odd.tell(value, text, DAYS_HINT))
        .ok()?;
    let days = seconds / DAY;
    if seconds % DAY != 0 || !(1..=LONGEST_DAYS).contains(&days) {
        let message = format!("{} is not from 1 to 3650 whole days", quote(text));
        value.error(message, DAYS_HINT);
        return None;
    }
    u16::try_from(days).ok()
}

/// Why a text is no length of time.
enum Odd<'t> {
    Shape,
    Unit(&'t str),
}

impl Odd<'_> {
    fn tell(&self, value: &Value<'_, '_>, text: &str, hint: &str) {
        let units = UNITS.map(|(names, _)| names[0]);
        match self {
            Self::Shape => value.error(format!("{} is no length of time", quote(text)), hint),
            Self::Unit(unit) => {
                let message = format!("{} is no unit of time", quote(unit));
                value.error(message, one_of(unit, &units));
            }
        }
    }
}

fn seconds(text: &str) -> Result<i64, Odd<'_>> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit());
    let (number, unit) = text.split_at(end.ok_or(Odd::Shape)?);
    let number: i64 = number.parse().map_err(|_| Odd::Shape)?;
    let unit = unit.trim();
    let found = UNITS.iter().find(|(names, _)| names.contains(&unit));
    let (_, seconds) = found.ok_or(Odd::Unit(unit))?;
    number.checked_mul(*seconds).ok_or(Odd::Shape)
}
