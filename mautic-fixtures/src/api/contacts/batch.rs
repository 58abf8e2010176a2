//! Batches of contacts (FACTS 112 to 117).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::edit::{Manner, Method, bind, duplicate, fill, without_id, write_existing, write_new};
use crate::api::Call;
use crate::api::crud::{Batch, batch_ids, batch_items, object};
use crate::api::list::php_array;
use crate::contacts;
use crate::contacts::json::{View, contact_view, ip_addresses, prepare, prepare_entity, view};
use crate::php::cast;
use crate::server::answer::{Answer, Exception, Handled};
use crate::state::{Contact, Id, Memory, State};

/// `POST /api/contacts/batch/new`.
pub(super) fn new(state: &mut State, call: Call<'_>) -> Handled {
    let mut batch = Batch::default();
    for (key, item) in batch_items(call.input)? {
        let input = without_id(item);
        let known = duplicate(state, &input);
        let written = match known {
            Some(id) => write_existing(
                state,
                id,
                &input,
                Manner {
                    method: Method::Post,
                    in_batch: true,
                },
            ),
            None => write_new(
                state,
                &input,
                Manner {
                    method: Method::Post,
                    in_batch: true,
                },
            ),
        };
        match written? {
            Ok(id) => {
                let code = if known.is_some() { 200 } else { 201 };
                batch.saved(&key, code, view(state, id, View::Api));
                detach(state, id);
            }
            Err(invalid) => batch.refused(&key, &invalid),
        }
    }
    Ok(Answer::api(201, &batch.body("contacts")))
}

/// The entity is not managed any more: the next reading makes a new one.
fn detach(state: &mut State, id: Id) {
    if let Some(contact) = state.contacts.get_mut(id) {
        contact.memory = Memory::default();
    }
}

/// `PUT` and `PATCH /api/contacts/batch/edit`: entities are read as a list; merged-away ids are not found.
pub(super) fn edit(state: &mut State, call: Call<'_>) -> Handled {
    let method = if call.method() == "PATCH" {
        Method::Patch
    } else {
        Method::Put
    };
    let manner = Manner {
        method,
        in_batch: true,
    };
    let items = batch_items(call.input)?;
    let mut batch = Batch::default();
    for (key, item) in &items {
        if item.get("id").is_none() {
            batch.id_missing(key);
        }
    }
    let ids: Vec<Id> = items.iter().map(|(_, item)| item_id(item)).collect();
    for id in &ids {
        contacts::load_as_list(state, *id);
    }
    let mut done: BTreeMap<Id, Done> = BTreeMap::new();
    for ((key, item), id) in items.into_iter().zip(ids) {
        let input = without_id(item);
        if let Some(object) = done.remove(&id) {
            let copy = write_copy(state, object, &input, manner, &mut batch, &key)?;
            let shape = if copy.is_saved {
                View::Api
            } else {
                View::Unprepared
            };
            let shown = contact_view(state, &copy.contact, shape);
            replace_views(&mut batch, id, &shown);
            done.insert(id, copy);
        } else if state.contacts.contains(id) {
            let written = write_existing(state, id, &input, manner)?;
            let is_saved = written.is_ok();
            match written {
                Ok(_) => batch.saved(&key, 200, tagged(view(state, id, View::Api), id)),
                Err(invalid) => {
                    batch.refused(&key, &invalid);
                    let shown = view(state, id, View::Unprepared);
                    batch.entities.push((key, tagged(shown, id)));
                }
            }
            if let Some(contact) = state.contacts.get(id) {
                let contact = contact.clone();
                done.insert(id, Done { contact, is_saved });
            }
            state.let_addresses_go(id);
            detach(state, id);
        } else if method == Method::Patch {
            batch.not_found(&key);
        } else {
            let code = batch.code_of_saved(&key, 201);
            match write_new(state, &input, manner)? {
                Ok(id) => batch.saved(&key, code, view(state, id, View::Api)),
                Err(invalid) => batch.refused(&key, &invalid),
            }
        }
    }
    for (_, shown) in &mut batch.entities {
        renumber_addresses(state, shown);
        untag(shown);
    }
    Ok(Answer::api(200, &batch.body("contacts")))
}

fn item_id(item: &Value) -> Id {
    item.get("id")
        .map(cast::int)
        .and_then(|id| Id::try_from(id).ok())
        .unwrap_or(0)
}

/// Marks which entity a JSON shows, because one object can stand under several keys.
fn tagged(mut shown: Value, id: Id) -> Value {
    shown["#"] = json!(id);
    shown
}

fn untag(shown: &mut Value) {
    if let Value::Object(members) = shown {
        members.shift_remove("#");
    }
}

/// The contacts share their address entities, so all show the ids these have in the end.
fn renumber_addresses(state: &State, shown: &mut Value) {
    let id = shown
        .get("#")
        .map(cast::int)
        .and_then(|id| Id::try_from(id).ok());
    if let Some(contact) = id.and_then(|id| state.contacts.get(id)) {
        shown["ipAddresses"] = ip_addresses(state, contact);
    }
}

fn replace_views(batch: &mut Batch, id: Id, shown: &Value) {
    for (_, known) in &mut batch.entities {
        if known["#"] == json!(id) {
            *known = tagged(shown.clone(), id);
        }
    }
}

/// An entity a batch has been through with.
struct Done {
    contact: Contact,
    /// Whether its input was taken the last time.
    is_saved: bool,
}

/// The same id a second time: the entity is no longer managed, so saving it inserts a copy (FACTS 114).
fn write_copy(
    state: &mut State,
    done: Done,
    input: &serde_json::Map<String, Value>,
    manner: Manner,
    batch: &mut Batch,
    key: &str,
) -> Result<Done, Exception> {
    let mut object = done.contact;
    let original = object.id;
    if done.is_saved {
        prepare_entity(state, &mut object);
    }
    match bind(state, &mut object, input, manner) {
        Err(invalid) => {
            batch.refused(key, &invalid);
            batch
                .entities
                .push((key.to_owned(), tagged(Value::Null, original)));
            return Ok(Done {
                contact: object,
                is_saved: false,
            });
        }
        Ok(data) => fill(state, &mut object, input, data, manner)?,
    }
    object.id = state.contacts.take_id();
    let id = object.id;
    state.contacts.put(id, object);
    contacts::save(state, id)?;
    batch.saved(key, 200, tagged(Value::Null, original));
    let copy = state.contacts.get(id).cloned().unwrap_or_default();
    detach(state, id);
    Ok(Done {
        contact: copy,
        is_saved: true,
    })
}

/// `DELETE /api/contacts/batch/delete?ids=1,2`: ids that are not there are left out silently.
pub(super) fn delete(state: &mut State, call: Call<'_>) -> Handled {
    let mut entities = Vec::new();
    let mut found = Vec::new();
    for (_, id) in batch_ids(&call.request.query) {
        if contacts::load_as_list(state, id).is_some() {
            entities.push((entities.len().to_string(), view(state, id, View::Api)));
            prepare(state, id);
            found.push(id);
        }
    }
    for id in found {
        contacts::delete(state, id)?;
    }
    Ok(Answer::api(
        200,
        &object([("contacts", php_array(entities))]),
    ))
}
