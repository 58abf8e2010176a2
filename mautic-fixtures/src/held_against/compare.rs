//! Compares two JSON values in full, the order of keys included, and says where they differ.

use serde_json::Value;

/// At most this many differences of one value are listed.
pub const MAX_DIFFERENCES: usize = 12;
/// Longest text of one side of a difference, in characters.
const MAX_TEXT: usize = 300;

/// One place where two values differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// JSON pointer.
    pub pointer: String,
    /// What was recorded, shortened.
    pub expected: String,
    /// What came, shortened.
    pub got: String,
}

/// The differences between two values, at most [`MAX_DIFFERENCES`].
#[must_use]
pub fn mismatches(pointer: &str, expected: &Value, got: &Value) -> Vec<Mismatch> {
    let mut found = Vec::new();
    walk(pointer, expected, got, &mut found);
    found
}

/// A value as text, shortened to what a report can carry.
#[must_use]
pub fn shortened(value: &Value) -> String {
    shortened_text(&value.to_string())
}

/// A text, shortened to what a report can carry.
#[must_use]
pub fn shortened_text(text: &str) -> String {
    match text.char_indices().nth(MAX_TEXT) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
        None => text.to_owned(),
    }
}

fn walk(pointer: &str, expected: &Value, got: &Value, found: &mut Vec<Mismatch>) {
    if found.len() >= MAX_DIFFERENCES {
        return;
    }
    match (expected, got) {
        (Value::Object(left), Value::Object(right)) => objects(pointer, left, right, found),
        (Value::Array(left), Value::Array(right)) => {
            for (index, (left, right)) in left.iter().zip(right).enumerate() {
                walk(&format!("{pointer}/{index}"), left, right, found);
            }
            if left.len() != right.len() {
                let describe = |list: &Vec<Value>| format!("{} items", list.len());
                push(pointer, describe(left), describe(right), found);
            }
        }
        (left, right) if same(left, right) => {}
        (left, right) => push(pointer, shortened(left), shortened(right), found),
    }
}

type Map = serde_json::Map<String, Value>;

fn objects(pointer: &str, left: &Map, right: &Map, found: &mut Vec<Mismatch>) {
    for (key, value) in left {
        let inside = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
        match right.get(key) {
            Some(other) => walk(&inside, value, other, found),
            None => push(&inside, shortened(value), "(missing)".to_owned(), found),
        }
    }
    for (key, value) in right.iter().filter(|(key, _)| !left.contains_key(*key)) {
        let inside = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
        push(&inside, "(missing)".to_owned(), shortened(value), found);
    }
    let same_keys = left.len() == right.len() && left.keys().all(|key| right.contains_key(key));
    if same_keys && !left.keys().eq(right.keys()) {
        let order = |map: &Map| {
            let keys: Vec<&str> = map.keys().map(String::as_str).collect();
            shortened_text(&format!("key order {}", keys.join(",")))
        };
        push(pointer, order(left), order(right), found);
    }
}

fn push(pointer: &str, expected: String, got: String, found: &mut Vec<Mismatch>) {
    if found.len() < MAX_DIFFERENCES {
        found.push(Mismatch {
            pointer: pointer.to_owned(),
            expected,
            got,
        });
    }
}

fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        _ => left == right,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn order_of_keys_counts() {
        assert!(mismatches("", &json!({"a": 1, "b": 2}), &json!({"a": 1.0, "b": 2})).is_empty());
        let found = mismatches("/body", &json!({"a": 1, "b": 2}), &json!({"b": 2, "a": 1}));
        assert_eq!(found[0].expected, "key order a,b");
    }

    #[test]
    fn names_the_place() {
        let found = mismatches(
            "",
            &json!({"x": [1, {"a/b": "5"}]}),
            &json!({"x": [1, {"a/b": 5}], "y": null}),
        );
        let places: Vec<&str> = found
            .iter()
            .map(|mismatch| mismatch.pointer.as_str())
            .collect();
        assert_eq!(places, ["/x/1/a~1b", "/y"]);
    }
}
