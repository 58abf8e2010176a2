//! PHP's conversions between types, on JSON values.

use serde_json::Value;

/// `(int) $text`: leading blanks, a sign and digits; whatever follows is ignored, beyond 64 bits it saturates.
#[must_use]
pub fn intval(text: &str) -> i64 {
    let text = text.trim_start();
    let digits_from = usize::from(text.starts_with(['-', '+']));
    let length = text[digits_from..]
        .bytes()
        .take_while(u8::is_ascii_digit)
        .count();
    if length == 0 {
        return 0;
    }
    let negative = text.starts_with('-');
    text[digits_from..digits_from + length]
        .parse::<i64>()
        .map_or(if negative { i64::MIN } else { i64::MAX }, |number| {
            if negative { -number } else { number }
        })
}

/// `(int) $value`.
#[must_use]
pub fn int(value: &Value) -> i64 {
    match value {
        Value::Null => 0,
        Value::Bool(flag) => i64::from(*flag),
        #[allow(clippy::cast_possible_truncation)] // PHP truncates as well
        Value::Number(number) => number
            .as_i64()
            .unwrap_or_else(|| number.as_f64().unwrap_or(0.0) as i64),
        Value::String(text) => intval(text),
        Value::Array(items) => i64::from(!items.is_empty()),
        Value::Object(members) => i64::from(!members.is_empty()),
    }
}

/// `(float) $value`.
#[must_use]
pub fn float(value: &Value) -> f64 {
    match value {
        Value::Number(number) => number.as_f64().unwrap_or(0.0),
        Value::String(text) => {
            let text = text.trim_start();
            let plausible = |byte: &u8| {
                byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E')
            };
            let mut length = text.bytes().take_while(plausible).count();
            while length > 0 && text[..length].parse::<f64>().is_err() {
                length -= 1;
            }
            text[..length].parse().unwrap_or(0.0)
        }
        _ => f64::from(u8::from(truthy(value))),
    }
}

/// `(string) $value` of a scalar; arrays give `Array`.
#[must_use]
pub fn text(value: &Value) -> String {
    match value {
        Value::Null | Value::Bool(false) => String::new(),
        Value::Bool(true) => "1".to_owned(),
        Value::Number(_) => super::json_encode(value),
        Value::String(text) => text.clone(),
        Value::Array(_) | Value::Object(_) => "Array".to_owned(),
    }
}

/// `(bool) $value`.
#[must_use]
pub fn truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty() && text != "0",
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
    }
}

/// `is_numeric($text)`.
#[must_use]
pub fn is_numeric(text: &str) -> bool {
    let trimmed = text.trim_matches([' ', '\t', '\n', '\r']);
    !trimmed.is_empty()
        && trimmed
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E'))
        && trimmed.parse::<f64>().is_ok()
}
