//! `GET /api/contacts` (FACTS 110).

use serde_json::{Value, json};

use super::search::found_by;
use crate::api::Call;
use crate::api::clauses;
use crate::api::crud::object;
use crate::api::list::{Cell, Page};
use crate::contacts;
use crate::contacts::json::{View, view};
use crate::php::cast;
use crate::server::answer::{Answer, Exception, Handled};
use crate::state::{Contact, Id, State};

/// Lists contacts as an object keyed by id, in the order of the result; `total` is a text.
pub(super) fn list(state: &mut State, call: Call<'_>) -> Handled {
    let query = &call.request.query;
    for name in ["limit", "start"] {
        let given = query.get(name).map(cast::text).unwrap_or_default();
        if !given.is_empty() && !cast::is_numeric(&given) {
            return Err(Exception::new(format!("{name} is no number")).into());
        }
    }
    let page = Page::of(call);
    let conditions =
        clauses::read(&json!({"where": query.get("where").cloned().unwrap_or_default()}));
    if !state.contacts.is_empty() {
        check_columns(state, &page, &conditions)?;
    }
    let mut found: Vec<&Contact> = Vec::new();
    for contact in state.contacts.values() {
        let value = |column: &str| column_cell(state, contact, &snake(column));
        let holds = clauses::hold(&conditions, &value)
            .map_err(|column| Exception::new(format!("Unknown column '{}'", column.0)))?;
        if holds && (page.search.is_empty() || found_by(state, contact, &page.search)) {
            found.push(contact);
        }
    }
    page.sort(&mut found, &[("last_active", true)], |contact, column| {
        column_cell(state, contact, column)
    })?;
    let total = found.len();
    let ids: Vec<Id> = page
        .cut(found)
        .into_iter()
        .map(|contact| contact.id)
        .collect();
    for id in &ids {
        contacts::load_as_list(state, *id);
    }
    let shape = if query.get("minimal").is_some_and(cast::truthy) {
        View::Minimal
    } else {
        View::Api
    };
    let shown: Value = Value::Object(
        ids.iter()
            .map(|id| (id.to_string(), view(state, *id, shape)))
            .collect(),
    );
    Ok(Answer::api(
        200,
        &object([("total", json!(total.to_string())), ("contacts", shown)]),
    ))
}

/// Unknown columns fail even when no row gets as far as being compared.
fn check_columns(
    state: &State,
    page: &Page,
    conditions: &[clauses::Clause],
) -> Result<(), Exception> {
    let blank = contacts::constructed();
    let unknown = |column: &str| Exception::new(format!("Unknown column '{column}'"));
    for (column, _) in &page.order {
        column_cell(state, &blank, column).ok_or_else(|| unknown(column))?;
    }
    let cell = |column: &str| column_cell(state, &blank, &snake(column));
    clauses::hold(conditions, &cell)
        .map(|_| ())
        .map_err(|column| unknown(&column.0))
}

/// In `where`, names of properties are turned into names of columns; in `orderBy` they are not.
fn snake(column: &str) -> String {
    match column {
        "dateAdded" => "date_added".to_owned(),
        "dateModified" => "date_modified".to_owned(),
        "dateIdentified" => "date_identified".to_owned(),
        "lastActive" => "last_active".to_owned(),
        "isPublished" => "is_published".to_owned(),
        "createdBy" => "created_by".to_owned(),
        "createdByUser" => "created_by_user".to_owned(),
        "modifiedBy" => "modified_by".to_owned(),
        "modifiedByUser" => "modified_by_user".to_owned(),
        "preferredProfileImage" => "preferred_profile_image".to_owned(),
        other => other.to_owned(),
    }
}

/// A column of `leads`.
pub(super) fn column_cell(state: &State, contact: &Contact, column: &str) -> Option<Cell> {
    Some(match column {
        "id" => contact.id.into(),
        "points" => contact.points.into(),
        "last_active" => contact.last_active.into(),
        "date_identified" => contact.date_identified.into(),
        "owner_id" => contact.owner.into(),
        "stage_id" => contact.stage.into(),
        "preferred_profile_image" => contact.preferred_profile_image.clone().into(),
        "internal" | "social_cache" | "checked_out" | "checked_out_by" => Cell::Null,
        "is_published" | "date_added" | "date_modified" | "created_by" | "created_by_user"
        | "modified_by" | "modified_by_user" => return contact.stamp.column(column),
        _ => {
            state
                .contact_fields
                .values()
                .find(|field| field.alias == column)?;
            as_cell(&contact.column_value(column))
        }
    })
}

fn as_cell(value: &Value) -> Cell {
    match value {
        Value::Null => Cell::Null,
        Value::Bool(flag) => (*flag).into(),
        Value::Number(number) => number
            .as_i64()
            .map_or_else(|| Cell::Float(number.as_f64().unwrap_or(0.0)), Cell::Int),
        other => Cell::Text(cast::text(other)),
    }
}
