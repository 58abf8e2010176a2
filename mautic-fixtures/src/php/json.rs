//! `json_encode` with PHP's default flags.

use serde_json::Value;
use std::fmt::Write;

/// Writes JSON as PHP does: `/` as `\/`, everything outside ASCII as `\uXXXX` (FACTS 4), no blanks.
#[must_use]
pub fn json_encode(value: &Value) -> String {
    let mut out = String::new();
    write_value(&mut out, value);
    out
}

fn write_value(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Number(number) => write_number(out, number),
        Value::String(text) => write_text(out, text),
        Value::Array(items) => write_list(out, '[', ']', items, |out, item| write_value(out, item)),
        Value::Object(members) => write_list(out, '{', '}', members, |out, (key, member)| {
            write_text(out, key);
            out.push(':');
            write_value(out, member);
        }),
    }
}

/// A whole float is written without its fraction: PHP's `serialize_precision` of -1 gives `5` for `5.0` only in
/// `json_encode` without `JSON_PRESERVE_ZERO_FRACTION`, which is the default.
fn write_number(out: &mut String, number: &serde_json::Number) {
    match number.as_f64() {
        Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 1e15 => {
            let _ = write!(out, "{float:.0}");
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
    use super::json_encode;
    use serde_json::json;

    #[test]
    fn slashes_and_non_ascii_are_escaped() {
        assert_eq!(
            json_encode(&json!({"a": ["ü/😀\u{7f}", 1, 1.5, null]})),
            r#"{"a":["\u00fc\/\ud83d\ude00\u007f",1,1.5,null]}"#
        );
    }
}
