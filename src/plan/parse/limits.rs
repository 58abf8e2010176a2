//! `limit` and `decay`: of topics and of point actions.

use super::super::{Calendar, Decay, Limit, Window};
use super::span::{read_days, read_span};
use crate::diagnostics::{Table, Told, Value};
use toml::de::DeValue;

const LIMIT_HINT: &str =
    "write { points = 50, per = \"day\" } or { points = 50, within = \"7 days\" }";
const DECAY_HINT: &str = "write one of { half_life = 30 }, { linear = 90 }, { expires = 365 } \
    (days), or \"none\"";

/// Reads `limit`: one, or a list.
pub(super) fn read_limits(table: &Table<'_, '_>) -> Option<Vec<Limit>> {
    let Some(value) = table.get("limit") else {
        return Some(Vec::new());
    };
    let mut limits: Vec<Limit> = Vec::new();
    let mut complete = true;
    for item in value.one_or_more(LIMIT_HINT)? {
        let Some(limit) = read_limit(&item) else {
            complete = false;
            continue;
        };
        if limits.iter().any(|other| other.window == limit.window) {
            item.error(
                "another limit has the same time",
                "keep one of the two, the lower one counts",
            );
        }
        limits.push(limit);
    }
    complete.then_some(limits)
}

fn read_limit(value: &Value<'_, '_>) -> Option<Limit> {
    let table = value.table_as("this limit", LIMIT_HINT)?;
    let points = table.need("points", LIMIT_HINT);
    let points = points.and_then(|value| value.integer(1..=i64::from(i32::MAX), LIMIT_HINT));
    let window = read_window(value, &table);
    table.finish();
    Some(Limit {
        points: points?,
        window: window?,
    })
}

fn read_window(value: &Value<'_, '_>, table: &Table<'_, '_>) -> Option<Window> {
    match (table.get("per"), table.get("within")) {
        (Some(per), None) => per.choice(&[
            ("day", Window::Calendar(Calendar::Day)),
            ("week", Window::Calendar(Calendar::Week)),
            ("month", Window::Calendar(Calendar::Month)),
            ("year", Window::Calendar(Calendar::Year)),
            ("ever", Window::Ever),
        ]),
        (None, Some(within)) => read_span(&within).map(Window::Rolling),
        (Some(_), Some(within)) => {
            let message = "a limit has either `per` or `within`";
            within.error(message, "keep one of the two, or write two limits");
            None
        }
        (None, None) => {
            if !table.has_unknown() {
                value.error("this limit has no time", LIMIT_HINT);
            }
            None
        }
    }
}

/// Reads `decay`; `Ok(None)` if it is not there.
pub(super) fn read_decay(table: &Table<'_, '_>) -> Result<Option<Decay>, Told> {
    let Some(value) = table.get("decay") else {
        return Ok(None);
    };
    decay(&value).map(Some).ok_or(Told)
}

fn decay(value: &Value<'_, '_>) -> Option<Decay> {
    if value.node().as_str() == Some("none") {
        return Some(Decay::None);
    }
    let DeValue::Table(_) = value.node() else {
        return value.mistyped("a table or \"none\"", DECAY_HINT);
    };
    let table = value.table(DECAY_HINT)?;
    let days = |key| table.get(key).map(|value| read_days(&value));
    let half_life = days("half_life").map(|days| days.map(Decay::HalfLife));
    let linear = days("linear").map(|days| days.map(Decay::Linear));
    let expires = days("expires").map(|days| days.map(Decay::Expiry));
    let read: Vec<Option<Decay>> = [half_life, linear, expires].into_iter().flatten().collect();
    if read.len() > 1 || (read.is_empty() && !table.has_unknown()) {
        value.error("`decay` must say exactly one thing", DECAY_HINT);
    }
    table.finish();
    match read.as_slice() {
        [one] => *one,
        _ => None,
    }
}
