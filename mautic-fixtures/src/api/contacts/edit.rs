//! Making and editing a contact (`LeadApiController`, `CommonApiController::processForm`).
#![allow(clippy::similar_names)] // "state" and "stage" are both the right words

use serde_json::{Map, Value, json};

use super::answer;
use super::input::submit;
use crate::api::Call;
use crate::api::crud::object;
use crate::api::errors::{not_found, returned};
use crate::api::form::{Form, Invalid, Missing};
use crate::contacts;
use crate::contacts::json::{View, view};
use crate::php::cast;
use crate::server::answer::{Answer, Exception, Handled};
use crate::state::clock::parse_sql;
use crate::state::{Contact, Id, Manipulator, State, fields};

/// How a contact is being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    /// POST: what is missing is emptied in the form, but nothing empty is written.
    Post,
    /// PUT: what is missing is emptied.
    Put,
    /// PATCH: what is missing is kept.
    Patch,
}

/// How one item of a request is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    pub(super) method: Method,
    pub(super) in_batch: bool,
}

/// The outcome of writing one contact: its id, or what is wrong with the input.
pub(super) type Written = Result<Result<Id, Invalid>, Exception>;

/// `POST /api/contacts/new`; a known email edits that contact (FACTS 98).
pub(super) fn new(state: &mut State, call: Call<'_>) -> Handled {
    let manner = Manner {
        method: Method::Post,
        in_batch: false,
    };
    let input = without_id(call.input);
    if let Some(id) = duplicate(state, &input) {
        let written = write_existing(state, id, &input, manner);
        respond(state, written, 200)
    } else {
        let written = write_new(state, &input, manner);
        respond(state, written, 201)
    }
}

/// `PUT` and `PATCH /api/contacts/ID/edit`.
pub(super) fn edit(state: &mut State, call: Call<'_>, id: Id) -> Handled {
    let method = if call.method() == "PATCH" {
        Method::Patch
    } else {
        Method::Put
    };
    let manner = Manner {
        method,
        in_batch: false,
    };
    let input = without_id(call.input);
    match contacts::load(state, id) {
        Some(id) => {
            let written = write_existing(state, id, &input, manner);
            respond(state, written, 200)
        }
        None if method == Method::Patch => Err(not_found()),
        None => {
            let written = write_new(state, &input, manner);
            respond(state, written, 201)
        }
    }
}

fn respond(state: &State, written: Written, status: u16) -> Handled {
    match written? {
        Err(invalid) => Err(returned(invalid.code, &invalid.message, &invalid.details).into()),
        Ok(id) if status == 201 => {
            let body = object([("contact", view(state, id, View::Api))]);
            Ok(Answer::api(201, &body).with_header("location", &format!("/api/contacts/{id}")))
        }
        Ok(id) => Ok(answer(state, id)),
    }
}

/// The input of one item as an object without its id.
pub(super) fn without_id(input: &Value) -> Map<String, Value> {
    let mut input = input.as_object().cloned().unwrap_or_default();
    input.shift_remove("id");
    input
}

/// The contact with the same unique values, newest first (`checkForDuplicateContact`).
pub(super) fn duplicate(state: &mut State, input: &Map<String, Value>) -> Option<Id> {
    let unique = fields::in_order(&state.contact_fields)
        .into_iter()
        .filter(|field| field.is_unique);
    let wanted: Vec<(String, String)> = unique
        .filter_map(|field| {
            let given = cast::text(input.get(&field.alias)?);
            let given = if field.kind == "email" {
                crate::php::filter::sanitize_email(&given)
            } else {
                given
            };
            (!given.is_empty() && given != "0").then(|| (field.alias.clone(), given))
        })
        .collect();
    let found = wanted
        .iter()
        .flat_map(|(alias, value)| state.contacts_with(alias, value))
        .max_by_key(|contact| (contact.stamp.date_added, contact.id))?
        .id;
    contacts::load(state, found)
}

/// Stores a contact that is not there yet.
pub(super) fn write_new(state: &mut State, input: &Map<String, Value>, manner: Manner) -> Written {
    let mut contact = contacts::constructed();
    if manner.method == Method::Post {
        // Looking for a duplicate has already filled this very entity, and noted the stage once (FACTS N15).
        note_stage(state, &mut contact, input.get("stage"))?;
    }
    // A new entity's own values count as input; of the fields only points have one.
    let mut input = input.clone();
    input.entry("points").or_insert(json!(0));
    let input = &input;
    let data = match bind(state, &mut contact, input, manner) {
        Ok(data) => data,
        Err(invalid) => return Ok(Err(invalid)),
    };
    fill(state, &mut contact, input, data, manner)?;
    contacts::create(state, contact).map(Ok)
}

/// Edits a stored contact whose entity is loaded.
pub(super) fn write_existing(
    state: &mut State,
    id: Id,
    input: &Map<String, Value>,
    manner: Manner,
) -> Written {
    let Some(mut contact) = state.contacts.get(id).cloned() else {
        return Err(Exception::new("the contact is gone"));
    };
    let data = match bind(state, &mut contact, input, manner) {
        Ok(data) => data,
        Err(invalid) => return Ok(Err(invalid)),
    };
    fill(state, &mut contact, input, data, manner)?;
    state.contacts.put(id, contact);
    contacts::save(state, id)?;
    Ok(Ok(id))
}

/// Submits the form; owner and stage are properties the form writes itself.
pub(super) fn bind(
    state: &State,
    contact: &mut Contact,
    input: &Map<String, Value>,
    manner: Manner,
) -> Result<Map<String, Value>, Invalid> {
    let missing = if manner.method == Method::Patch {
        Missing::Keep
    } else {
        Missing::Clear
    };
    let mut form = Form::new(input, missing);
    let data = submit(state, contact, &mut form);
    if let Some(invalid) = form.failed() {
        return Err(invalid);
    }
    let id = |value: &Value| Id::try_from(cast::int(value)).ok().filter(|id| *id != 0);
    if let Some(owner) = input.get("owner") {
        contacts::set_owner(contact, id(owner));
    }
    if let Some(stage) = input.get("stage") {
        contacts::set_stage(contact, id(stage));
    }
    match input.get("preferred_profile_image") {
        None if missing == Missing::Keep => {}
        given => {
            let source = given.map(cast::text).filter(|source| !source.is_empty());
            contact.preferred_profile_image = source;
        }
    }
    Ok(data)
}

/// A zero byte breaks the request before anything is stored.
fn refuse_zero_bytes(input: &Map<String, Value>) -> Result<(), Exception> {
    let has_zero = |value: &Value| value.as_str().is_some_and(|text| text.contains('\0'));
    if input.values().any(has_zero) {
        return Err(Exception::new("a value contains a zero byte"));
    }
    Ok(())
}

/// `preSaveEntity`: everything between a valid form and the save.
pub(super) fn fill(
    state: &mut State,
    contact: &mut Contact,
    input: &Map<String, Value>,
    mut data: Map<String, Value>,
    manner: Manner,
) -> Result<(), Exception> {
    refuse_zero_bytes(input)?;
    let object = if manner.in_batch {
        "api-batch"
    } else {
        "api-single"
    };
    contact.memory.manipulator = Some(Manipulator {
        bundle: "lead",
        object,
        object_id: None,
        description: state.actor.name().map(str::to_owned),
    });
    if let Some(tags) = input.get("tags").filter(|tags| !tags.is_null()) {
        contacts::modify_tags_of(&mut state.tags, contact, tags, &Value::Null)?;
    }
    if let Some(address) = input.get("ipAddress").and_then(Value::as_str) {
        let ip = state.ip(address);
        contacts::add_ip_address(contact, ip, address);
    }
    if let Some(at) = input
        .get("lastActive")
        .and_then(Value::as_str)
        .and_then(parse_sql)
    {
        contacts::set_last_active(contact, at);
    }
    set_do_not_contact(state, contact, input);
    let stage = contact.stage.map(|stage| json!(stage));
    note_stage(state, contact, stage.as_ref())?;
    let writes_blank =
        manner.method == Method::Put || input.get("overwriteWithBlank").is_some_and(cast::truthy);
    if manner.method != Method::Put {
        // 0 was not meant to overwrite (FACTS 115).
        data.retain(|_, value| !is_zero(value));
    }
    contacts::set_field_values(contact, &state.contact_fields, &data, writes_blank);
    if contact.memory.points_set && i32::try_from(contact.memory.points).is_err() {
        return Err(Exception::new("Out of range value for column 'points'"));
    }
    Ok(())
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Number(_) => cast::int(value) == 0,
        Value::String(text) => cast::is_numeric(text) && cast::intval(text) == 0,
        _ => false,
    }
}

/// The stage part of `setFieldValues`: a line in the stage log when the stage is not the one of the newest line
/// (FACTS N14).
fn note_stage(
    state: &State,
    contact: &mut Contact,
    stage: Option<&Value>,
) -> Result<(), Exception> {
    let Some(wanted) = stage.filter(|stage| !stage.is_null() && **stage != "") else {
        return Ok(());
    };
    let id = Id::try_from(cast::int(wanted)).unwrap_or(0);
    let lines = state
        .stages_log
        .values()
        .filter(|line| line.contact == contact.id && contact.id != 0);
    let mut newest = None;
    for line in lines {
        if newest
            .is_none_or(|known: &crate::state::StagesLogRow| line.date_added > known.date_added)
        {
            newest = Some(line);
        }
    }
    if newest.is_some_and(|line| line.stage == Some(id)) {
        return Ok(());
    }
    let Some(found) = state.stages.get(id) else {
        return Err(Exception::new(format!(
            "Stage with ID {id} does not exist."
        )));
    };
    contact.log_stage(state, id, &format!("{id}:{}", found.name), "Stage changed");
    Ok(())
}

/// `doNotContact` of the input: a list of {channel, reason, comments}.
fn set_do_not_contact(state: &mut State, contact: &mut Contact, input: &Map<String, Value>) {
    let Some(entries) = input.get("doNotContact").and_then(Value::as_array) else {
        return;
    };
    for entry in entries {
        let text = |name: &str| {
            entry
                .get(name)
                .map(cast::text)
                .filter(|text| !text.is_empty())
        };
        let channel = text("channel").unwrap_or_else(|| "email".to_owned());
        let comments = text("comments").unwrap_or_default();
        let reason = entry.get("reason").map_or(3, cast::int);
        contacts::note_do_not_contact(state, contact, &channel, reason, &comments);
    }
}
