//! `parse_str`: query strings and urlencoded bodies as PHP's nested arrays.

use serde_json::{Map, Value};

/// Decodes `%XX` and `+`; bytes that are no UTF-8 are replaced.
#[must_use]
pub fn decode(text: &str) -> String {
    decode_percent(&text.replace('+', " "))
}

/// Decodes `%XX` of a path segment, where `+` means itself.
#[must_use]
pub fn decode_path(text: &str) -> String {
    decode_percent(text)
}

fn decode_percent(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let code = (bytes[at] == b'%')
            .then(|| text.get(at + 1..at + 3))
            .flatten();
        if let Some(byte) = code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            out.push(byte);
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// `a=1&b[x][]=2` as `{"a": "1", "b": {"x": ["2"]}}`. PHP arrays with the keys 0..n-1 become JSON arrays.
#[must_use]
pub fn parse(text: &str) -> Value {
    let mut root = Map::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        insert(&mut root, &decode(name), decode(value));
    }
    // The top stays an object, also when its names look like a list's.
    Value::Object(
        root.into_iter()
            .map(|(name, value)| (name, as_php_array(value)))
            .collect(),
    )
}

fn insert(root: &mut Map<String, Value>, name: &str, value: String) {
    let (first, brackets) = match name.find('[') {
        Some(at) if at > 0 && name[at..].contains(']') => name.split_at(at),
        _ => (name, ""),
    };
    // PHP turns blanks and dots of the outer name into underscores.
    let first = first.trim_start().replace([' ', '.'], "_");
    if first.is_empty() {
        return;
    }
    let mut keys = vec![first];
    let mut rest = brackets;
    while let Some((key, after)) = rest
        .strip_prefix('[')
        .and_then(|inside| inside.split_once(']'))
    {
        keys.push(key.to_owned());
        rest = after;
    }
    insert_at(root, &keys, value);
}

fn insert_at(map: &mut Map<String, Value>, keys: &[String], value: String) {
    let [key, deeper @ ..] = keys else { return };
    let key = if key.is_empty() {
        next_index(map)
    } else {
        key.clone()
    };
    if deeper.is_empty() {
        map.insert(key, Value::String(value));
        return;
    }
    let slot = map.entry(key).or_insert_with(|| Value::Object(Map::new()));
    if !slot.is_object() {
        *slot = Value::Object(Map::new());
    }
    if let Value::Object(inner) = slot {
        insert_at(inner, deeper, value);
    }
}

fn next_index(map: &Map<String, Value>) -> String {
    map.keys()
        .filter_map(|key| key.parse::<u64>().ok())
        .max()
        .map_or(0, |last| last + 1)
        .to_string()
}

fn as_php_array(value: Value) -> Value {
    let Value::Object(map) = value else {
        return value;
    };
    let map: Map<String, Value> = map
        .into_iter()
        .map(|(key, inner)| (key, as_php_array(inner)))
        .collect();
    if map
        .keys()
        .enumerate()
        .all(|(position, key)| *key == position.to_string())
    {
        Value::Array(map.into_iter().map(|(_, inner)| inner).collect())
    } else {
        Value::Object(map)
    }
}

#[cfg(test)]
mod tests {
    use super::parse;
    use serde_json::json;

    #[test]
    fn brackets_nest_and_lists_are_lists() {
        assert_eq!(
            parse("where[0][col]=id&where%5B0%5D[val]=a+b&x[]=1&x[]=2&y[k]=3&z"),
            json!({"where": [{"col": "id", "val": "a b"}], "x": ["1", "2"], "y": {"k": "3"}, "z": ""})
        );
    }
}
