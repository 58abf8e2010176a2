//! Whether a JSON value fits a schema of an OpenAPI 3.1 document; the parts that ours use.
//! Stricter than JSON Schema: a property that the schema does not name does not fit.

use serde_json::Value;

/// What does not fit; empty: it fits.
pub(super) fn misfits(document: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    if let Some(path) = schema["$ref"].as_str() {
        let found = document.pointer(path.trim_start_matches('#'));
        return found.map_or_else(
            || vec![format!("{at}: no schema {path}")],
            |schema| misfits(document, schema, value, at),
        );
    }
    if let Some(options) = schema["oneOf"].as_array() {
        let fits = |option: &&Value| misfits(document, option, value, at).is_empty();
        return match options.iter().filter(fits).count() {
            1 => Vec::new(),
            fitting => vec![format!("{at}: {fitting} of the schemas fit")],
        };
    }
    if let Some(allowed) = schema["enum"].as_array() {
        let fits = allowed.contains(value);
        return if fits {
            Vec::new()
        } else {
            vec![format!("{at}: {value} not allowed")]
        };
    }
    if !of_type(&schema["type"], value) {
        return vec![format!("{at}: {value} is no {}", schema["type"])];
    }
    match value {
        Value::Object(object) => object
            .iter()
            .flat_map(|(name, part)| match schema["properties"].get(name) {
                Some(schema) => misfits(document, schema, part, &format!("{at}.{name}")),
                None if schema.get("properties").is_none() => Vec::new(),
                None => vec![format!("{at}.{name} is not documented")],
            })
            .chain(missing(schema, value, at))
            .collect(),
        Value::Array(items) => items
            .iter()
            .flat_map(|item| misfits(document, &schema["items"], item, &format!("{at}[]")))
            .collect(),
        Value::String(text) if schema["format"] == "date-time" => {
            let parsed = text.parse::<jiff::Timestamp>();
            parsed
                .err()
                .map(|error| format!("{at}: {error}"))
                .into_iter()
                .collect()
        }
        _ => Vec::new(),
    }
}

fn missing(schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let required = schema["required"].as_array().into_iter().flatten();
    required
        .filter_map(Value::as_str)
        .filter(|name| value.get(name).is_none())
        .map(|name| format!("{at}.{name} is missing"))
        .collect()
}

fn of_type(wanted: &Value, value: &Value) -> bool {
    let one = |name: &str| match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    };
    match wanted {
        Value::Null => true,
        Value::String(name) => one(name),
        Value::Array(names) => names.iter().filter_map(Value::as_str).any(one),
        _ => false,
    }
}

#[test]
fn the_check_itself_finds_misfits() {
    use serde_json::json;
    let document = json!({"components": {"schemas": {"Point": {
        "type": "object",
        "required": ["x"],
        "properties": {
            "x": {"type": "integer"},
            "at": {"type": ["string", "null"], "format": "date-time"},
            "tags": {"type": "array", "items": {"enum": ["a", "b"]}}
        }
    }}}});
    let schema = json!({"$ref": "#/components/schemas/Point"});
    for (value, wanted) in [
        (json!({"x": 1}), 0),
        (json!({"x": 1, "at": null, "tags": ["a"]}), 0),
        (json!({"x": 1, "at": "2026-11-21T12:00:00Z"}), 0),
        (json!({"x": "1"}), 1),
        (json!({}), 1),
        (json!({"x": 1, "y": 2}), 1),
        (json!({"x": 1, "at": "noon"}), 1),
        (json!({"x": 1.5, "tags": ["c", "a"]}), 2),
        (json!([]), 1),
    ] {
        let found = misfits(&document, &schema, &value, "$");
        assert_eq!(found.len(), wanted, "{value}: {found:?}");
    }
}
