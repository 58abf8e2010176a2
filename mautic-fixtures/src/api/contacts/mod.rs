//! `/api/contacts`.

mod activity;
mod batch;
mod edit;
mod group_scores;
mod input;
mod list;
mod points;
mod related;
mod search;
mod timeline;

use serde_json::{Value, json};

use super::Call;
use super::crud::{object, parse_id};
use super::errors::not_found;
use crate::contacts;
use crate::contacts::json::{View, view};
use crate::server::answer::{Answer, Failure, Handled};
use crate::state::{Id, State};

/// Routes under `/api/contacts`.
pub(super) fn handle(state: &mut State, call: Call<'_>, path: &[&str]) -> Handled {
    match (call.method(), path) {
        ("GET", []) => list::list(state, call),
        ("POST", ["new"]) => edit::new(state, call),
        ("POST", ["batch", "new"]) => batch::new(state, call),
        ("PUT" | "PATCH", ["batch", "edit"]) => batch::edit(state, call),
        ("DELETE", ["batch", "delete"]) => batch::delete(state, call),
        ("GET", ["list", "fields"]) => Ok(super::fields::list_for_contacts(state)),
        ("GET", ["activity"]) => Ok(activity::of_all(state, call)),
        ("GET", [id, "activity"]) => activity::of_contact(state, call, parse_id(id)?),
        ("GET", [id]) => get(state, parse_id(id)?),
        ("PUT" | "PATCH", [id, "edit"]) => edit::edit(state, call, parse_id(id)?),
        ("DELETE", [id, "delete"]) => delete(state, parse_id(id)?),
        (_, [id, "points", rest @ ..]) => points_routes(state, call, parse_id(id)?, rest),
        (_, [id, rest @ ..]) => related::handle(state, call, parse_id(id)?, rest),
        _ => Err(Failure::NoRoute),
    }
}

fn points_routes(state: &mut State, call: Call<'_>, id: Id, path: &[&str]) -> Handled {
    match (call.method(), path) {
        (_, ["groups", rest @ ..]) => group_scores::handle(state, call, id, rest),
        ("POST", [operator, delta]) if !delta.is_empty() => {
            points::adjust(state, call, id, operator, delta)
        }
        _ => Err(Failure::NoRoute),
    }
}

fn get(state: &mut State, id: Id) -> Handled {
    let id = contacts::load(state, id).ok_or_else(not_found)?;
    Ok(answer(state, id))
}

/// An answer with one contact as its entity is now.
fn answer(state: &State, id: Id) -> Answer {
    Answer::api(200, &object([("contact", view(state, id, View::Api))]))
}

/// A merged-away id deletes the contact it was merged into (FACTS 94).
fn delete(state: &mut State, id: Id) -> Handled {
    let asked = id;
    let id = contacts::load(state, asked).ok_or_else(not_found)?;
    if let Some(contact) = state.contacts.get_mut(id).filter(|_| id != asked) {
        // Found by way of the merge, the entity reads its addresses and tags when they are gone already.
        contact.ip_addresses.clear();
        contact.tags.clear();
    }
    let deleted = contacts::delete(state, id)?;
    Ok(Answer::api(200, &object([("contact", deleted)])))
}

/// An empty PHP array, as answers show it.
fn empty() -> Value {
    json!([])
}
