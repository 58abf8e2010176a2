//! `json_encode` with PHP's default flags.

use serde_json::Value;
use std::fmt::Write;

/// Writes JSON as PHP does: `/` as `\/`, everything outside ASCII as `\uXXXX` (FACTS 4), no blanks.
#[must_use]
pub fn json_encode(value: &Value) -> String {
    let mut out = String::new();
    write_value(&mut out, value, Fractions::Cut);
    out
}

/// As [`json_encode`] with `JSON_PRESERVE_ZERO_FRACTION`, as the serializer of REST answers writes: `5.0` stays `5.0`.
#[must_use]
pub fn json_encode_exact(value: &Value) -> String {
    let mut out = String::new();
    write_value(&mut out, value, Fractions::Kept);
    out
}

/// What happens to the fraction of a whole float.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fractions {
    Cut,
    Kept,
}

fn write_value(out: &mut String, value: &Value, fractions: Fractions) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Number(number) => write_number(out, number, fractions),
        Value::String(text) => write_text(out, text),
        Value::Array(items) => write_list(out, '[', ']', items, |out, item| {
            write_value(out, item, fractions);
        }),
        Value::Object(members) => write_list(out, '{', '}', members, |out, (key, member)| {
            write_text(out, key);
            out.push(':');
            write_value(out, member, fractions);
        }),
    }
}

fn write_number(out: &mut String, number: &serde_json::Number, fractions: Fractions) {
    match number.as_f64() {
        Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 1e15 => {
            let decimals = usize::from(fractions == Fractions::Kept);
            let _ = write!(out, "{float:.decimals$}");
        }
        _ => {
            let _ = write!(out, "{number}");
        }
    }
}

fn write_list<T>(
    out: &mut String,
    open: char,
    close: char,
    items: impl IntoIterator<Item = T>,
    mut write_item: impl FnMut(&mut String, T),
) {
    out.push(open);
    for (position, item) in items.into_iter().enumerate() {
        if position > 0 {
            out.push(',');
        }
        write_item(out, item);
    }
    out.push(close);
}

fn write_text(out: &mut String, text: &str) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '/' => out.push_str("\\/"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            ' '..='~' => out.push(letter),
            _ => {
                for unit in letter.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::{json_encode, json_encode_exact};
    use serde_json::json;

    #[test]
    fn slashes_and_non_ascii_are_escaped() {
        assert_eq!(
            json_encode(&json!({"a": ["ü/😀\u{7f}", 1, 1.5, null]})),
            r#"{"a":["\u00fc\/\ud83d\ude00\u007f",1,1.5,null]}"#
        );
    }

    #[test]
    fn fractions_of_whole_floats_are_kept_only_when_asked() {
        assert_eq!(json_encode(&json!([2.0, -1.0])), "[2,-1]");
        assert_eq!(json_encode_exact(&json!([2.0, -1.0])), "[2.0,-1.0]");
    }
}
