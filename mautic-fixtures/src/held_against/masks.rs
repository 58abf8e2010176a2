//! Replaces what differs between two runs of the same session: times, tokens, random ids.
//!
//! A mask replaces a value, never a presence: `null`, missing keys, list lengths and key order stay.

use jiff::{SignedDuration, Timestamp, civil, tz::TimeZone};
use regex::{Captures, Regex};
use serde_json::Value;

/// Times further from the run's start than this are constants of the session and stay.
const NEAR: SignedDuration = SignedDuration::from_hours(26);

/// Values replaced by the name of their key alone.
const KEYS: &[(&str, &str)] = &[
    ("cachedHtml", "[markup left out]"),
    ("access_token", "<token>"),
    ("runtime", "<runtime>"),
    ("tracking_hash", "<hash>"),
    ("trackingHash", "<hash>"),
    ("idHash", "<hash>"),
    ("tracking_id", "<tid>"),
    ("trackingId", "<tid>"),
    ("sid", "<tid>"),
];

/// The same, but a plain number stays.
const KEYS_UNLESS_NUMERIC: &[(&str, &str)] = &[("redirect_id", "<rid>"), ("device_id", "<tid>")];

/// The masks of one run.
#[derive(Debug)]
pub struct Masks {
    start: Timestamp,
    time: Regex,
    plain: Vec<(Regex, &'static str)>,
    tracking_id: Regex,
    note_end: Regex,
}

impl Masks {
    /// Masks for a run that started at `start`.
    ///
    /// # Errors
    /// Never in practice: when one of the fixed patterns does not compile.
    pub fn new(start: Timestamp) -> Result<Self, regex::Error> {
        let plain = [
            (r"ct=[A-Za-z0-9%+/=_-]{40,}", "ct=<ct>"),
            (r"\b[0-9a-f]{64}\b", "<hex64>"),
            (r"\b[0-9a-f]{32}\.(txt|pdf)\b", "<file>.$1"),
            (r"\b[0-9a-f]{25}\b", "<rid>"),
            (r"\b[0-9a-f]{22,23}\b", "<hash>"),
        ];
        Ok(Self {
            start,
            time: Regex::new(r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(\.\d+)?(\+00:00|Z)?")?,
            plain: plain
                .iter()
                .map(|(pattern, by)| Ok((Regex::new(pattern)?, *by)))
                .collect::<Result<_, _>>()?,
            tracking_id: Regex::new(r"\b[a-z0-9]{23}\b")?,
            note_end: Regex::new(r"\d{4}-\d\d-\d\d(T[0-9:+]*)?$")?,
        })
    }

    /// A value with everything inside it masked.
    #[must_use]
    pub fn value(&self, value: &Value) -> Value {
        self.under(None, value)
    }

    /// A text with its times and random ids masked.
    #[must_use]
    pub fn text(&self, text: &str) -> String {
        let mut masked = self
            .time
            .replace_all(text, |found: &Captures<'_>| self.time_mask(found))
            .into_owned();
        for (pattern, by) in &self.plain {
            if pattern.is_match(&masked) {
                masked = pattern.replace_all(&masked, *by).into_owned();
            }
        }
        let mixed = |word: &str| {
            word.bytes().any(|byte| byte.is_ascii_digit())
                && word.bytes().any(|byte| byte.is_ascii_lowercase())
        };
        self.tracking_id
            .replace_all(&masked, |found: &Captures<'_>| {
                if mixed(&found[0]) {
                    "<tid>".to_owned()
                } else {
                    found[0].to_owned()
                }
            })
            .into_owned()
    }

    fn under(&self, key: Option<&str>, value: &Value) -> Value {
        match value {
            Value::Object(map) => Value::Object(
                map.iter()
                    .map(|(key, value)| (key.clone(), self.under(Some(key), value)))
                    .collect(),
            ),
            Value::Array(list) => {
                Value::Array(list.iter().map(|value| self.under(None, value)).collect())
            }
            Value::String(_) | Value::Number(_)
                if key.and_then(|key| key_mask(key, value)).is_some() =>
            {
                Value::String(
                    key.and_then(|key| key_mask(key, value))
                        .unwrap_or_default()
                        .to_owned(),
                )
            }
            Value::String(text) => {
                let masked = self.text(text);
                let cut = if key == Some("note") {
                    self.note_end.replace(&masked, "<time>").into_owned()
                } else {
                    masked
                };
                Value::String(cut)
            }
            other => other.clone(),
        }
    }

    fn time_mask(&self, found: &Captures<'_>) -> String {
        let part = |index: usize| found[index].parse::<i16>().unwrap_or(-1);
        let small = |index: usize| i8::try_from(part(index)).unwrap_or(-1);
        let near =
            civil::DateTime::new(part(1), small(2), small(3), small(4), small(5), small(6), 0)
                .and_then(|time| time.to_zoned(TimeZone::UTC))
                .is_ok_and(|time| time.timestamp().duration_since(self.start).abs() <= NEAR);
        if near {
            "<time>".to_owned()
        } else {
            found[0].to_owned()
        }
    }
}

fn key_mask(key: &str, value: &Value) -> Option<&'static str> {
    if let Some((_, by)) = KEYS.iter().find(|(name, _)| *name == key) {
        return Some(by);
    }
    let numeric = match value {
        Value::String(text) => !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()),
        _ => true,
    };
    KEYS_UNLESS_NUMERIC
        .iter()
        .find(|(name, _)| *name == key && !numeric)
        .map(|(_, by)| *by)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn masks() -> Masks {
        Masks::new("2026-11-21T21:38:05Z".parse().unwrap()).unwrap()
    }

    #[test]
    fn near_times_only() {
        let masked = masks()
            .text("2026-11-21 21:00:00 and 2026-11-22T20:00:00.5+00:00 but 2026-01-10 10:00:00");
        assert_eq!(masked, "<time> and <time> but 2026-01-10 10:00:00");
    }

    #[test]
    fn by_key_and_presence() {
        let value = json!({"runtime": 0.2, "sid": null, "device_id": "12", "redirect_id": "abc", "note": "x 2026-11-2"});
        let expected = json!({"runtime": "<runtime>", "sid": null, "device_id": "12", "redirect_id": "<rid>", "note": "x 2026-11-2"});
        assert_eq!(masks().value(&value), expected);
        assert_eq!(
            masks().value(&json!({"note": "a 2026-11-21T2"})),
            json!({"note": "a <time>"})
        );
    }

    #[test]
    fn random_ids() {
        let masks = masks();
        assert_eq!(masks.text("x/1234567890abcdef12345a.gif"), "x/<hash>.gif");
        assert_eq!(
            masks.text("abcdefghijklmnopqrstuvw"),
            "abcdefghijklmnopqrstuvw"
        );
        assert_eq!(masks.text("zbcdefghijk1mnopqrstuvw"), "<tid>");
    }
}
