//! The shape of JSON: keys and types without values, for recordings whose ids and values cannot be reproduced.

use serde_json::{Map, Value};

/// Where and how the shapes of two values disagree; empty when they agree.
///
/// `null` fits everything, an empty list fits a list or an object keyed by id (PHP writes both as `[]`), lists are
/// compared by what their items have in common, and texts are never numbers.
#[must_use]
pub fn disagreements(pointer: &str, expected: &Value, got: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare(pointer, expected, got, &mut found);
    found.truncate(8);
    found
}

fn compare(pointer: &str, expected: &Value, got: &Value, found: &mut Vec<String>) {
    match (expected, got) {
        (Value::Null, _) | (_, Value::Null) => {}
        // The normalized form of a field without a value.
        (Value::String(text), _) | (_, Value::String(text))
            if text.is_empty() && pointer.ends_with("/normalizedValue") => {}
        (Value::Array(left), Value::Array(right)) => lists(pointer, left, right, found),
        (Value::Object(left), Value::Object(right))
            if is_dictionary(left) && (right.is_empty() || is_dictionary(right))
                || left.is_empty() && is_dictionary(right) =>
        {
            dictionaries(pointer, left, right, found);
        }
        (Value::Object(left), Value::Object(right)) => objects(pointer, left, right, found),
        // An empty PHP array is a list even where a filled one is an object keyed by id or alias.
        (Value::Array(empty), Value::Object(filled))
        | (Value::Object(filled), Value::Array(empty))
            if empty.is_empty()
                && !filled.is_empty()
                && (is_dictionary(filled) || is_open(pointer)) => {}
        (left, right) if kind(left) == kind(right) => {}
        (left, right) => found.push(format!(
            "{pointer}: expected {}, got {}",
            kind(left),
            kind(right)
        )),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a bool",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(list) if list.is_empty() => "[]",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// Members whose keys depend on the data: settings and the values of all fields.
fn is_open(pointer: &str) -> bool {
    [
        "/properties",
        "/tableColumns",
        "/all",
        "/details",
        "/query",
        "/results",
        "/changes",
    ]
    .iter()
    .any(|end| pointer.ends_with(end))
}

/// Whether the keys are ids or aliases: all numbers, or all members of one make with an id or alias of their own.
fn is_dictionary(map: &Map<String, Value>) -> bool {
    let numeric = |key: &String| !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit());
    let named = |value: &Value| value.get("alias").is_some() && value.get("type").is_some();
    !map.is_empty() && (map.keys().all(numeric) || map.values().all(named))
}

/// Members of the same key if there are any, else the first of each.
fn dictionaries(
    pointer: &str,
    left: &Map<String, Value>,
    right: &Map<String, Value>,
    found: &mut Vec<String>,
) {
    let same = |(key, value)| right.get(key).map(|other| (value, other));
    let mut pairs: Vec<(&Value, &Value)> = left.iter().filter_map(same).collect();
    if pairs.is_empty() {
        pairs.extend(left.values().next().zip(right.values().next()));
    }
    for (a, b) in pairs {
        compare(&format!("{pointer}/*"), a, b, found);
    }
}

fn lists(pointer: &str, left: &[Value], right: &[Value], found: &mut Vec<String>) {
    let (Some(a), Some(b)) = (left.first(), right.first()) else {
        return;
    };
    match (a, b) {
        // Rows leave out what is NULL: only what both have can be compared.
        (Value::Object(a), Value::Object(b))
            if pointer.ends_with("/stats") || pointer.ends_with("/data") =>
        {
            for (key, value) in a
                .iter()
                .filter_map(|(key, value)| b.get(key).map(|other| (key, (value, other))))
            {
                compare(&format!("{pointer}/*/{key}"), value.0, value.1, found);
            }
        }
        _ => compare(&format!("{pointer}/*"), a, b, found),
    }
}

fn objects(
    pointer: &str,
    left: &Map<String, Value>,
    right: &Map<String, Value>,
    found: &mut Vec<String>,
) {
    for (key, value) in left {
        match right.get(key) {
            Some(other) => compare(&format!("{pointer}/{key}"), value, other, found),
            None if is_open(pointer) => {}
            None => found.push(format!("{pointer}/{key}: missing")),
        }
    }
    if !is_open(pointer) {
        let more = right.keys().filter(|key| !left.contains_key(*key));
        found.extend(more.map(|key| format!("{pointer}/{key}: not expected")));
    }
}

#[cfg(test)]
mod tests {
    use super::disagreements;
    use serde_json::json;

    #[test]
    fn values_do_not_count_but_types_do() {
        let expected = json!({"total": "8", "lists": {"5": {"id": 5}}, "tags": []});
        assert!(
            disagreements(
                "",
                &expected,
                &json!({"total": "1", "lists": [], "tags": ["x"]})
            )
            .is_empty()
        );
        let found = disagreements("", &expected, &json!({"total": 8, "lists": {}, "tags": {}}));
        assert_eq!(found.len(), 2, "{found:?}");
    }

    #[test]
    fn missing_and_surplus_keys() {
        let found = disagreements("/x", &json!({"a": 1}), &json!({"b": 1}));
        assert_eq!(found, ["/x/a: missing", "/x/b: not expected"]);
    }
}
