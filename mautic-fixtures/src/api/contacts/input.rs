//! The contact form: input of the request as Symfony's form types give it on (`LeadType`, `EntityFieldsBuildFormTrait`).
#![allow(clippy::similar_names)] // "state" and "stage" are both the right words

use serde_json::{Map, Value, json};

use crate::api::form::{Form, Missing};
use crate::php::filter::sanitize_email;
use crate::php::{cast, html};
use crate::state::clock::{parse_sql, sql};
use crate::state::{Contact, ContactField, State, fields};

/// What the form gave: values of all fields, or errors noted in the form.
pub(super) fn submit(state: &State, contact: &Contact, form: &mut Form<'_>) -> Map<String, Value> {
    let mut data = Map::new();
    for field in fields::in_order(&state.contact_fields) {
        let value = match (form.input.get(&field.alias), form.missing) {
            (Some(given), _) => transformed(field, given, form),
            (None, Missing::Clear) => Value::Null,
            (None, Missing::Keep) => kept(contact, field),
        };
        data.insert(field.alias.clone(), value);
    }
    check_unique(state, contact, &data, form);
    check_choices(state, form);
    data
}

/// A field that is not submitted keeps its current value in the form's own type.
fn kept(contact: &Contact, field: &ContactField) -> Value {
    let current = contact
        .memory
        .fields
        .as_ref()
        .and_then(|known| known.get(&field.alias));
    match (field.kind.as_str(), current) {
        (_, None | Some(Value::Null)) => {
            field
                .default_value
                .as_ref()
                .map_or(Value::Null, |default| match field.kind.as_str() {
                    "number" => json!(default.parse::<f64>().unwrap_or(0.0)),
                    _ => json!(default),
                })
        }
        ("number", Some(Value::String(text))) => text
            .parse::<f64>()
            .map_or(Value::Null, |number| json!(number)),
        ("boolean", Some(value)) => json!(cast::int(value)),
        (_, Some(value)) => value.clone(),
    }
}

fn transformed(field: &ContactField, given: &Value, form: &mut Form<'_>) -> Value {
    let blank = given.is_null() || *given == "";
    if blank {
        return Value::Null;
    }
    match field.kind.as_str() {
        "number" => number(field, given, form),
        "email" => email(field, given, form),
        "datetime" | "date" | "time" => moment(field, given),
        "boolean" => json!(i32::from(
            cast::truthy(given) && given != "false" && given != "no" && given != "off"
        )),
        "select" => choice(field, given, form),
        "multiselect" => choices(field, given, form),
        _ => text(field, given, form),
    }
}

fn text(field: &ContactField, given: &Value, form: &mut Form<'_>) -> Value {
    if given.is_array() || given.is_object() {
        form.error(&field.alias, "This value is not valid.");
        return Value::Null;
    }
    let text = html::strip_tags(&cast::text(given)).trim().to_owned();
    if field.length_limit > 0 && text.chars().count() > field.length_limit {
        let limit = field.length_limit;
        form.error(
            &field.alias,
            &format!("This value is too long. It should have {limit} characters or less."),
        );
    }
    if text.is_empty() {
        Value::Null
    } else {
        json!(text)
    }
}

fn email(field: &ContactField, given: &Value, form: &mut Form<'_>) -> Value {
    let address = sanitize_email(&cast::text(given));
    let plausible = address.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty()
            && host.contains('.')
            && !host.starts_with('.')
            && !host.ends_with('.')
            && !host.contains('@')
    });
    if !address.is_empty() && !plausible {
        form.error(&field.alias, &format!("{address} is invalid."));
    }
    if address.is_empty() {
        Value::Null
    } else {
        json!(address)
    }
}

/// Numbers become floats, cut to the field's scale by its rounding mode.
fn number(field: &ContactField, given: &Value, form: &mut Form<'_>) -> Value {
    let text = cast::text(given);
    let text = text.trim();
    let Some(number) = cast::is_numeric(text)
        .then(|| text.parse::<f64>().ok())
        .flatten()
    else {
        form.error(&field.alias, "This value is not valid.");
        return Value::Null;
    };
    // Points and every field without a scale are not rounded; scale 0 of a number field means none is given.
    let scale = field.properties.get("scale").map_or(0, cast::int);
    let mode = field.properties.get("roundmode").map_or(0, cast::int);
    let factor = 10_f64.powi(i32::try_from(scale).unwrap_or(0));
    let scaled = number * factor;
    let rounded = match mode {
        0 | 2 => scaled.ceil(),
        1 | 4 => scaled.trunc(),
        3 => scaled.floor(),
        _ => scaled.round(),
    };
    if scale > 0 {
        json!(rounded / factor)
    } else {
        json!(number)
    }
}

/// A time is written as the database does; what is no time is dropped.
fn moment(field: &ContactField, given: &Value) -> Value {
    let Some(at) = parse_sql(&cast::text(given)) else {
        return Value::Null;
    };
    let text = sql(at);
    match field.kind.as_str() {
        "date" => json!(text[..10]),
        "time" => json!(text[11..]),
        _ => json!(text),
    }
}

fn allowed(field: &ContactField) -> Vec<String> {
    let list = field.properties.get("list");
    let items = list.and_then(Value::as_array).cloned().unwrap_or_default();
    items
        .iter()
        .map(|item| cast::text(item.get("value").unwrap_or(item)))
        .collect()
}

fn choice(field: &ContactField, given: &Value, form: &mut Form<'_>) -> Value {
    let chosen = cast::text(given);
    if !allowed(field).contains(&chosen) {
        form.error(&field.alias, "This value is not valid.");
    }
    json!(chosen)
}

fn choices(field: &ContactField, given: &Value, form: &mut Form<'_>) -> Value {
    let chosen: Vec<String> = match given {
        Value::Array(items) => items.iter().map(cast::text).collect(),
        other => cast::text(other).split('|').map(str::to_owned).collect(),
    };
    let allowed = allowed(field);
    if chosen.iter().any(|one| !allowed.contains(one)) {
        form.error(&field.alias, "This value is not valid.");
    }
    json!(chosen)
}

/// `UniqueCustomField`: another contact must not have the value (FACTS N9).
fn check_unique(state: &State, contact: &Contact, data: &Map<String, Value>, form: &mut Form<'_>) {
    for field in fields::in_order(&state.contact_fields)
        .into_iter()
        .filter(|field| field.is_unique)
    {
        let Some(value) = data.get(&field.alias).and_then(Value::as_str) else {
            continue;
        };
        let others = state.contacts_with(&field.alias, value);
        if others.iter().any(|other| other.id != contact.id) {
            form.error_with_code(&field.alias, "This field must be unique.", 422);
        }
    }
}

fn check_choices(state: &State, form: &mut Form<'_>) {
    let unknown_owner = form
        .input
        .get("owner")
        .is_some_and(|owner| !owner.is_null() && cast::int(owner) != 1);
    if unknown_owner {
        form.error("owner", "This value is not valid.");
    }
    let stage = form
        .input
        .get("stage")
        .filter(|stage| !stage.is_null() && **stage != "")
        .map(cast::int);
    if stage.is_some_and(|id| !u64::try_from(id).is_ok_and(|id| state.stages.contains(id))) {
        form.error("stage", "This value is not valid.");
    }
}
