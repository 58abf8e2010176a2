//! Segment filters: which contacts match, as the SQL of `ContactSegmentQueryBuilder` would say.

use std::cmp::Ordering;

use serde_json::Value;

use crate::api::list::Cell;
use crate::php::{cast, like};
use crate::state::{Id, State};

/// Operators of numbers.
const NUMBER_OPERATORS: &[&str] = &[
    "=", "!=", "gt", "gte", "lt", "lte", "empty", "!empty", "between", "!between",
];
/// Operators of texts.
const TEXT_OPERATORS: &[&str] = &[
    "=",
    "!=",
    "empty",
    "!empty",
    "like",
    "!like",
    "regexp",
    "!regexp",
    "startsWith",
    "endsWith",
    "contains",
];
/// Operators of dates.
const DATE_OPERATORS: &[&str] = &[
    "=",
    "!=",
    "gt",
    "gte",
    "lt",
    "lte",
    "empty",
    "!empty",
    "like",
    "!like",
    "regexp",
    "!regexp",
    "between",
    "!between",
    "startsWith",
    "endsWith",
    "contains",
];
/// Operators of choices.
const CHOICE_OPERATORS: &[&str] = &[
    "=", "!=", "empty", "!empty", "in", "!in", "regexp", "!regexp",
];
/// Operators of lists of things.
const LIST_OPERATORS: &[&str] = &["in", "!in", "empty", "!empty"];

/// A field a filter may name, with the operators it knows.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// Names of its operators.
    pub operators: &'static [&'static str],
}

/// The field of a filter; `None` when there is no such field (of that object).
#[must_use]
pub fn known(state: &State, object: &str, field: &str) -> Option<Known> {
    let operators = match (object, field) {
        ("groups", _) => {
            let group = field
                .strip_prefix("group_points_")
                .and_then(|id| id.parse().ok())?;
            state
                .point_groups
                .contains(group)
                .then_some(NUMBER_OPERATORS)?
        }
        ("lead" | "behaviors", "tags" | "leadlist" | "globalcategory") => LIST_OPERATORS,
        ("lead", "owner_id" | "stage") => CHOICE_OPERATORS,
        ("lead", "date_added" | "date_identified" | "date_modified") => DATE_OPERATORS,
        ("lead", _) => {
            let fields = &state.contact_fields;
            let field = fields
                .values()
                .find(|known| known.alias == field && known.stamp.is_published)?;
            operators_of(&field.kind)
        }
        _ => return None,
    };
    Some(Known { operators })
}

fn operators_of(kind: &str) -> &'static [&'static str] {
    match kind {
        "number" => NUMBER_OPERATORS,
        "date" | "datetime" | "time" => DATE_OPERATORS,
        "select" | "country" | "region" | "timezone" | "locale" => CHOICE_OPERATORS,
        "multiselect" => LIST_OPERATORS,
        "boolean" => &["=", "!="],
        _ => TEXT_OPERATORS,
    }
}

/// Whether a contact matches: filters joined by `and` form groups, `or` starts a new group, one group suffices.
#[must_use]
pub(super) fn matches(state: &State, contact: Id, filters: &[Value]) -> bool {
    let mut any = false;
    let mut group = true;
    for (index, filter) in filters.iter().enumerate() {
        if index > 0 && text(filter, "glue") == "or" {
            any |= group;
            group = true;
        }
        group = group && matches_one(state, contact, filter);
    }
    any || group
}

fn text<'a>(filter: &'a Value, key: &str) -> &'a str {
    filter.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn matches_one(state: &State, contact: Id, filter: &Value) -> bool {
    let (field, operator) = (text(filter, "field"), text(filter, "operator"));
    let wanted = filter
        .pointer("/properties/filter")
        .or_else(|| filter.get("filter"))
        .unwrap_or(&Value::Null);
    match field {
        "tags" => contains_any(
            state.contacts.get(contact).map_or(&[], |row| &row.tags),
            operator,
            wanted,
        ),
        "leadlist" => {
            let segments: Vec<Id> = state
                .segments
                .rows_of_contact(contact)
                .filter(|(_, row)| !row.manually_removed)
                .map(|(segment, _)| segment)
                .collect();
            contains_any(&segments, operator, wanted)
        }
        _ => match field
            .strip_prefix("group_points_")
            .and_then(|id| id.parse::<Id>().ok())
        {
            // The score's table is joined: a contact without a row matches nothing, not even "lower than".
            Some(group) => state
                .group_scores
                .get(contact, group)
                .is_some_and(|score| holds(&Cell::Int(score), operator, wanted)),
            None => {
                column(state, contact, field).is_some_and(|cell| holds(&cell, operator, wanted))
            }
        },
    }
}

fn column(state: &State, contact: Id, field: &str) -> Option<Cell> {
    let row = state.contacts.get(contact)?;
    Some(match field {
        "owner_id" => row.owner.into(),
        "stage" => row.stage.into(),
        "date_identified" => row.date_identified.into(),
        "date_added" | "date_modified" => row.stamp.column(field)?,
        _ => match row.column_value(field) {
            Value::Null => Cell::Null,
            Value::Number(number) => number
                .as_i64()
                .map_or_else(|| Cell::Float(number.as_f64().unwrap_or(0.0)), Cell::Int),
            other => Cell::Text(cast::text(&other)),
        },
    })
}

fn contains_any(have: &[Id], operator: &str, wanted: &Value) -> bool {
    let wanted: Vec<i64> = match wanted {
        Value::Array(items) => items.iter().map(cast::int).collect(),
        other => vec![cast::int(other)],
    };
    let any = have
        .iter()
        .any(|id| i64::try_from(*id).is_ok_and(|id| wanted.contains(&id)));
    match operator {
        "empty" => have.is_empty(),
        "!empty" => !have.is_empty(),
        "!in" => !any,
        _ => any,
    }
}

/// The negative operators also hold for NULL.
fn holds(cell: &Cell, operator: &str, wanted: &Value) -> bool {
    let is_null = *cell == Cell::Null;
    let plain = cast::text(wanted);
    let order = |to: &str| (!is_null).then(|| compared(cell, to));
    let like = |pattern: &str| cell.text().is_some_and(|text| like::like(pattern, &text));
    match operator {
        "=" => order(&plain) == Some(Ordering::Equal),
        "!=" => order(&plain) != Some(Ordering::Equal),
        "gt" => order(&plain) == Some(Ordering::Greater),
        "gte" => order(&plain).is_some_and(Ordering::is_ge),
        "lt" => order(&plain) == Some(Ordering::Less),
        "lte" => order(&plain).is_some_and(Ordering::is_le),
        "empty" => is_null || cell.text().is_some_and(|text| text.is_empty()),
        "!empty" => !is_null && cell.text().is_some_and(|text| !text.is_empty()),
        "like" => like(&if plain.contains('%') {
            plain
        } else {
            format!("%{plain}%")
        }),
        "!like" => {
            is_null
                || !like(&if plain.contains('%') {
                    plain
                } else {
                    format!("%{plain}%")
                })
        }
        "startsWith" => like(&format!("{plain}%")),
        "endsWith" => like(&format!("%{plain}")),
        "contains" => like(&format!("%{plain}%")),
        "in" => listed(cell, wanted),
        "!in" => is_null || !listed(cell, wanted),
        "between" | "!between" => between(cell, wanted) == (operator == "between") && !is_null,
        "regexp" => matches_regexp(cell, &plain),
        "!regexp" => is_null || !matches_regexp(cell, &plain),
        _ => false,
    }
}

fn compared(cell: &Cell, to: &str) -> Ordering {
    cell.order(&Cell::Text(to.to_owned()))
}

fn listed(cell: &Cell, wanted: &Value) -> bool {
    let items = wanted
        .as_array()
        .map_or_else(|| std::slice::from_ref(wanted), Vec::as_slice);
    items
        .iter()
        .any(|item| *cell != Cell::Null && compared(cell, &cast::text(item)).is_eq())
}

fn between(cell: &Cell, wanted: &Value) -> bool {
    let bound = |key: &str| wanted.get(key).map(cast::text).unwrap_or_default();
    compared(cell, &bound("from")).is_ge() && compared(cell, &bound("to")).is_le()
}

fn matches_regexp(cell: &Cell, pattern: &str) -> bool {
    let pattern = regex::RegexBuilder::new(pattern)
        .case_insensitive(true)
        .build();
    pattern.is_ok_and(|pattern| cell.text().is_some_and(|text| pattern.is_match(&text)))
}
