//! What a value is compared with: texts, numbers, dates, and days told from today.

use super::super::super::{Number, Operand, Relative};
use crate::diagnostics::{Value, quote};
use jiff::{Timestamp, civil, tz::TimeZone};
use toml::{de::DeValue, value::Datetime};

const LIST_HINT: &str = "write a value, or a list of values: is = [\"Berlin\", \"Bern\"]";
const HINT: &str = "write a number, a date such as 2026-01-31, or a text in quotes";
const TODAY_HINT: &str =
    "write \"today\", \"today - 30 days\", \"today + 2 weeks\", \"today - 3 months\"";
const PAIR_HINT: &str = "write the lowest and the highest value: between = [10, 20]";
/// A thousand years.
const MOST_MONTHS: i32 = 12_000;
const MOST_DAYS: i32 = 366_000;

/// Reads a value, or a list of values.
pub(super) fn read_operands(value: &Value<'_, '_>) -> Option<Vec<Operand>> {
    let mut operands = Vec::new();
    let mut complete = true;
    for item in value.one_or_more(LIST_HINT)? {
        let Some(operand) = read_operand(&item) else {
            complete = false;
            continue;
        };
        if operands.iter().any(|other| same(other, &operand)) {
            item.warn(
                "this value is listed twice (case does not matter)",
                "remove one of them",
            );
        }
        operands.push(operand);
    }
    complete.then_some(operands)
}

fn same(one: &Operand, other: &Operand) -> bool {
    match (one, other) {
        (Operand::Text(one), Operand::Text(other)) => one.to_lowercase() == other.to_lowercase(),
        (one, other) => one == other,
    }
}

/// Reads the two ends of a range.
pub(super) fn read_pair(value: &Value<'_, '_>) -> Option<(Operand, Operand)> {
    let items = value.list(PAIR_HINT)?;
    let [low, high] = items.as_slice() else {
        let message = format!("`{}` has {} values, not two", value.key(), items.len());
        value.error(message, PAIR_HINT);
        return None;
    };
    let (low, high) = (read_operand(low), read_operand(high));
    let (low, high) = (low?, high?);
    let falls = match (&low, &high) {
        (Operand::Number(low), Operand::Number(high)) => low.0 > high.0,
        (Operand::Date(low), Operand::Date(high)) => low > high,
        (Operand::Text(low), Operand::Text(high)) => low.to_lowercase() > high.to_lowercase(),
        (Operand::Date(_) | Operand::Today(_), Operand::Date(_) | Operand::Today(_)) => false,
        _ => {
            value.error("the two values are of different sorts", PAIR_HINT);
            return None;
        }
    };
    if falls {
        value.error(
            "nothing is between them: the first is the higher",
            PAIR_HINT,
        );
        return None;
    }
    Some((low, high))
}

/// Reads one value.
pub(super) fn read_operand(value: &Value<'_, '_>) -> Option<Operand> {
    match value.node() {
        DeValue::Integer(_) | DeValue::Float(_) => {
            let number = value.number(HINT)?;
            Some(Operand::Number(Number(number)))
        }
        DeValue::Datetime(written) => {
            let date = date(written);
            if date.is_none() {
                value.error("a time of day is no date", HINT);
            }
            date.map(Operand::Date)
        }
        DeValue::String(_) => read_text(value),
        DeValue::Boolean(_) => {
            value.mistyped("a text or a number", "Mautic keeps yes as 1 and no as 0")
        }
        _ => value.mistyped("a single value", HINT),
    }
}

/// A date is its first moment; a moment with an offset is told in UTC, as Mautic keeps it
/// (FACTS 121). `None` for a time of day.
fn date(written: &Datetime) -> Option<civil::DateTime> {
    let text = written.to_string();
    written.date?;
    match text.parse::<Timestamp>() {
        Ok(moment) => Some(moment.to_zoned(TimeZone::UTC).datetime()),
        Err(_) => text.parse().ok(),
    }
}

fn read_text(value: &Value<'_, '_>) -> Option<Operand> {
    let text = value.text(HINT)?;
    let away = text.trim().strip_prefix("today").map(str::trim_start);
    let Some(away) = away.filter(|away| away.is_empty() || away.starts_with(['+', '-'])) else {
        return Some(Operand::Text(text.to_owned()));
    };
    let relative = relative(away);
    if relative.is_none() {
        value.error(format!("{} is no day", quote(text)), TODAY_HINT);
    }
    relative.map(Operand::Today)
}

/// Reads `- 3 months + 1 day`.
fn relative(mut rest: &str) -> Option<Relative> {
    let mut sum = Relative::default();
    while !rest.is_empty() {
        let sign = if rest.starts_with('-') { -1 } else { 1 };
        let term = rest.strip_prefix(['+', '-'])?.trim_start();
        let (number, unit) = term.split_at(term.find(|c: char| !c.is_ascii_digit())?);
        let unit = unit.trim_start();
        let end = unit.find(|c: char| !c.is_alphabetic());
        let (unit, after) = unit.split_at(end.unwrap_or(unit.len()));
        let number = number.parse::<i32>().ok()?.checked_mul(sign)?;
        let (months, days) = match unit {
            "day" | "days" => (0, number),
            "week" | "weeks" => (0, number.checked_mul(7)?),
            "month" | "months" => (number, 0),
            "year" | "years" => (number.checked_mul(12)?, 0),
            _ => return None,
        };
        sum.months = sum.months.checked_add(months)?;
        sum.days = sum.days.checked_add(days)?;
        rest = after.trim_start();
    }
    let near = sum.months.abs() <= MOST_MONTHS && sum.days.abs() <= MOST_DAYS;
    near.then_some(sum)
}
