//! Reads values of a webhook item by their path, such as `hit.email.id`.

use super::{Fault, text::plain};
use crate::mautic::wire;
use jiff::{Timestamp, Unit};
use serde_json::Value;

/// The value at a path; null where there is none. PHP writes `[]` for an empty object.
pub(super) fn at<'a>(item: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(item, |value, key| &value[key])
}

/// A positive id, or none where it is null or absent.
pub(super) fn maybe_id(item: &Value, path: &str) -> Option<u32> {
    wire::id(at(item, path))
}

pub(super) fn id(item: &Value, path: &str) -> Result<u32, Fault> {
    maybe_id(item, path).ok_or_else(|| fault(item, path, "an id"))
}

/// A positive row id; tables outgrow 32 bits.
pub(super) fn row_id(item: &Value, path: &str) -> Result<u64, Fault> {
    wire::integer(at(item, path))
        .and_then(|id| u64::try_from(id).ok())
        .filter(|id| *id > 0)
        .ok_or_else(|| fault(item, path, "an id"))
}

pub(super) fn integer(item: &Value, path: &str) -> Result<i64, Fault> {
    wire::integer(at(item, path)).ok_or_else(|| fault(item, path, "a whole number"))
}

/// A moment, to the second.
pub(super) fn moment(item: &Value, path: &str) -> Result<Timestamp, Fault> {
    wire::date(at(item, path))
        .and_then(whole_second)
        .ok_or_else(|| fault(item, path, "a date"))
}

/// A scalar as text; none where it is null or empty. NUL is dropped: stores refuse it.
pub(super) fn text(item: &Value, path: &str) -> Option<String> {
    wire::text(at(item, path))
        .map(|text| text.replace('\0', ""))
        .filter(|text| !text.is_empty())
}

/// Like [`text`], with Mautic's escapes undone.
pub(super) fn plain_text(item: &Value, path: &str) -> Option<String> {
    text(item, path).map(|text| plain(&text))
}

pub(super) fn whole_second(moment: Timestamp) -> Option<Timestamp> {
    let down = jiff::TimestampRound::new()
        .smallest(Unit::Second)
        .mode(jiff::RoundMode::Floor);
    moment.round(down).ok()
}

pub(super) fn fault(item: &Value, path: &str, expected: &'static str) -> Fault {
    match at(item, path) {
        Value::Null => Fault::Missing(path.to_owned()),
        found => Fault::wrong(path, expected, &found.to_string()),
    }
}
