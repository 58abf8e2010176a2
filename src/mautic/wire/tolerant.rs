//! Readers for values that come in several shapes.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::Value;
use std::collections::BTreeMap;

/// An id: a number, or a string of digits. `None` for null, 0, "" and anything else.
#[must_use]
pub fn id(value: &Value) -> Option<u32> {
    let id = match value {
        Value::Number(number) => u32::try_from(number.as_u64()?).ok()?,
        Value::String(text) => text.parse().ok()?,
        _ => return None,
    };
    (id != 0).then_some(id)
}

/// A whole number, also as a string or with a fraction of zero ("5", 5.0).
#[must_use]
pub fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| whole(number.as_f64()?)),
        Value::String(text) => text
            .parse()
            .ok()
            .or_else(|| whole(text.parse::<f64>().ok()?)),
        _ => None,
    }
}

fn whole(number: f64) -> Option<i64> {
    #[allow(
        clippy::cast_possible_truncation,
        reason = "the range is checked first"
    )]
    (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64)
}

/// A scalar as text; `None` for null. True is "1" and false "0", as Mautic stores them.
/// The values of a list are joined with `|`, as in Mautic's multiselect fields. NUL is dropped.
#[must_use]
pub fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null | Value::Object(_) => None,
        Value::Bool(flag) => Some(u8::from(*flag).to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(without_nul(text.clone())),
        Value::Array(values) => {
            let values: Vec<_> = values.iter().filter_map(text).collect();
            (!values.is_empty()).then(|| values.join("|"))
        }
    }
}

/// Texts without NUL, which stores refuse; nothing in Mautic holds one on purpose.
pub(super) fn without_nul(mut text: String) -> String {
    text.retain(|character| character != '\0');
    text
}

/// A yes or no: true, 1, "1".
#[must_use]
pub fn flag(value: &Value) -> bool {
    match value {
        Value::Bool(flag) => *flag,
        Value::String(text) => text == "1" || text == "true",
        other => integer(other) == Some(1),
    }
}

/// A moment: `2026-11-21T20:38:02+00:00`, or `2026-11-21 20:38:02` in UTC (FACTS 100, 121).
#[must_use]
pub fn date(value: &Value) -> Option<Timestamp> {
    naive_utc(value.as_str()?)
}

/// See [`date`].
#[must_use]
pub fn naive_utc(text: &str) -> Option<Timestamp> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment);
    }
    let civil: DateTime = text.parse().ok()?;
    Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// The beginning of a body, on one line, for error messages; at most 200 characters.
#[must_use]
pub fn excerpt(body: &[u8]) -> String {
    const MOST: usize = 200;
    let start = String::from_utf8_lossy(&body[..body.len().min(4 * MOST)]);
    let words: Vec<_> = start.split_whitespace().collect();
    let line = words.join(" ");
    let mut shown: String = line
        .chars()
        .filter(|character| !character.is_control())
        .take(MOST)
        .collect();
    if shown.len() < line.len() || start.len() < body.len() {
        shown.push('…');
    }
    shown
}

pub(super) fn de_flag<'de, D: Deserializer<'de>>(input: D) -> Result<bool, D::Error> {
    Ok(flag(&Value::deserialize(input)?))
}

pub(super) fn de_date<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Timestamp>, D::Error> {
    Ok(date(&Value::deserialize(input)?))
}

pub(super) fn de_text<'de, D: Deserializer<'de>>(input: D) -> Result<Option<String>, D::Error> {
    Ok(text(&Value::deserialize(input)?))
}

pub(super) fn de_name<'de, D: Deserializer<'de>>(input: D) -> Result<String, D::Error> {
    Ok(text(&Value::deserialize(input)?).unwrap_or_default())
}

pub(super) fn de_id<'de, D: Deserializer<'de>, T: From32>(input: D) -> Result<T, D::Error> {
    let value = Value::deserialize(input)?;
    let id = id(&value).ok_or_else(|| serde::de::Error::custom(format!("no id: {value}")))?;
    Ok(T::from_u32(id))
}

pub(super) fn de_integer<'de, D: Deserializer<'de>>(input: D) -> Result<i64, D::Error> {
    let value = Value::deserialize(input)?;
    integer(&value).ok_or_else(|| serde::de::Error::custom(format!("no whole number: {value}")))
}

/// Properties: an object, or `[]` when there are none.
pub(super) fn de_properties<'de, D: Deserializer<'de>>(
    input: D,
) -> Result<BTreeMap<String, Value>, D::Error> {
    Ok(match Value::deserialize(input)? {
        Value::Object(object) => object.into_iter().collect(),
        _ => BTreeMap::new(),
    })
}

/// A list, or an object whose keys do not matter.
pub(super) fn de_list<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    input: D,
) -> Result<Vec<T>, D::Error> {
    items(Value::deserialize(input)?).map_err(serde::de::Error::custom)
}

pub(super) fn items<T: DeserializeOwned>(list: Value) -> Result<Vec<T>, serde_json::Error> {
    let values: Vec<Value> = match list {
        Value::Array(values) => values,
        Value::Object(object) => object.into_iter().map(|(_, value)| value).collect(),
        Value::Null => Vec::new(),
        other => vec![other],
    };
    values.into_iter().map(serde_json::from_value).collect()
}

/// Ids of the domain, made from a number.
pub(super) trait From32 {
    fn from_u32(id: u32) -> Self;
}

macro_rules! from_u32 {
    ($($id:ident),+) => {$(
        impl From32 for crate::domain::$id {
            fn from_u32(id: u32) -> Self {
                Self(id)
            }
        }
    )+};
}
from_u32!(GroupId, SegmentId, PointActionId, TriggerId);

impl From32 for u32 {
    fn from_u32(id: u32) -> Self {
        id
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;
    use serde_json::json;

    #[test]
    fn ids() {
        for (value, expected) in [
            (json!(5), Some(5)),
            (json!("5"), Some(5)),
            (json!(null), None),
            (json!(0), None),
            (json!(""), None),
            (json!(-1), None),
            (json!(4_294_967_296_u64), None),
            (json!([]), None),
        ] {
            assert_eq!(id(&value), expected, "{value}");
        }
    }

    #[test]
    fn integers_and_flags() {
        for (value, expected) in [
            (json!(-7), Some(-7)),
            (json!("211"), Some(211)),
            (json!(5.0), Some(5)),
            (json!("5.00"), Some(5)),
            (json!(5.5), None),
            (json!("x"), None),
            (json!(null), None),
        ] {
            assert_eq!(integer(&value), expected, "{value}");
        }
        for yes in [json!(true), json!(1), json!("1")] {
            assert!(flag(&yes), "{yes}");
        }
        for no in [json!(false), json!(0), json!("0"), json!(null), json!("")] {
            assert!(!flag(&no), "{no}");
        }
    }

    #[test]
    fn texts() {
        assert_eq!(text(&json!("")).as_deref(), Some(""));
        assert_eq!(text(&json!(12)).as_deref(), Some("12"));
        assert_eq!(text(&json!(["a", "b"])).as_deref(), Some("a|b"));
        assert_eq!(text(&json!([])), None);
        assert_eq!(text(&json!(true)).as_deref(), Some("1"));
    }

    #[test]
    fn dates_in_both_shapes_are_the_same_moment() {
        let moment: Timestamp = "2026-11-21T20:38:02Z".parse().unwrap();
        for shape in [
            "2026-11-21T20:38:02+00:00",
            "2026-11-21 20:38:02",
            "2026-11-21T21:38:02+01:00",
        ] {
            assert_eq!(date(&json!(shape)), Some(moment), "{shape}");
        }
        for none in [
            json!(null),
            json!(""),
            json!("0000-00-00 00:00:00"),
            json!([]),
        ] {
            assert_eq!(date(&none), None, "{none}");
        }
    }

    #[test]
    fn excerpts_are_short_and_on_one_line() {
        assert_eq!(excerpt(b"<html>\n  <body>x"), "<html> <body>x");
        assert_eq!(excerpt(b"{}"), "{}");
        assert_eq!(excerpt("ü".repeat(5000).as_bytes()).chars().count(), 201);
    }
}
