//! Putting contacts into segments and taking them out (`ListModel::addLead`, `removeLead`).

use serde_json::{Value, json};

use crate::contacts::json::{View, view};
use crate::server::answer::Exception;
use crate::state::segments::{Membership, Segment};
use crate::state::{EventLogRow, Id, State};
use crate::webhooks::EventType;

/// Who changes a membership.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A person, the API, a trigger, a form or a campaign: survives the update.
    Manual,
    /// The segment's filters.
    Filter,
}

/// Puts a contact into a segment; nothing happens to a member, nor when the filters meet one who was taken out by hand.
///
/// # Errors
/// When the webhook breaks the request (FACTS N1); the contact is in nevertheless.
pub fn add(state: &mut State, contact: Id, segment: Id, origin: Origin) -> Result<(), Exception> {
    if put(state, contact, segment, origin) {
        tell(state, contact, segment, true)
    } else {
        Ok(())
    }
}

/// Takes a contact out of a segment. By hand, one the filters put in is only marked; one put in by hand is deleted.
///
/// # Errors
/// When the webhook breaks the request (FACTS N1); the contact is out nevertheless.
pub fn remove(
    state: &mut State,
    contact: Id,
    segment: Id,
    origin: Origin,
) -> Result<(), Exception> {
    if take(state, contact, segment, origin) {
        tell(state, contact, segment, false)
    } else {
        Ok(())
    }
}

/// The row's part of [`add`]: whether anything changed.
pub(super) fn put(state: &mut State, contact: Id, segment: Id, origin: Origin) -> bool {
    if !state.segments.table.contains(segment) {
        return false;
    }
    let manually_added = origin == Origin::Manual;
    let added = state.now();
    match state.segments.members.get_mut(&(segment, contact)) {
        Some(row) if manually_added && row.manually_removed => {
            row.manually_removed = false;
            row.manually_added = true;
            true
        }
        Some(_) => false,
        None => {
            let row = Membership {
                added,
                manually_added,
                manually_removed: false,
            };
            state.segments.members.insert((segment, contact), row);
            true
        }
    }
}

/// The row's part of [`remove`]: whether anything is told.
pub(super) fn take(state: &mut State, contact: Id, segment: Id, origin: Origin) -> bool {
    let key = (segment, contact);
    let Some(row) = state.segments.members.get_mut(&key) else {
        return false;
    };
    match (origin, row.manually_added) {
        (Origin::Manual, true) | (Origin::Filter, false) => {
            state.segments.members.remove(&key).is_some()
        }
        (Origin::Manual, false) => {
            row.manually_removed = true;
            true
        }
        (Origin::Filter, true) => false,
    }
}

fn tell(state: &mut State, contact: Id, segment: Id, added: bool) -> Result<(), Exception> {
    log(state, contact, segment, added);
    emit(state, contact, segment, added)
}

/// The line in the contact's timeline.
pub(super) fn log(state: &mut State, contact: Id, segment: Id, added: bool) {
    let name = state
        .segments
        .table
        .get(segment)
        .map_or_else(String::new, |segment| segment.name.clone());
    let row = EventLogRow {
        id: 0,
        contact: Some(contact),
        user_id: Some(state.actor.user_id().unwrap_or(0)),
        user_name: Some(state.actor.name().unwrap_or("System").to_owned()),
        bundle: "lead".to_owned(),
        object: "segment".to_owned(),
        action: if added { "added" } else { "removed" }.to_owned(),
        object_id: Some(segment),
        date_added: state.now(),
        properties: json!({"object_description": name}),
    };
    state.event_log.insert_with(|id| EventLogRow { id, ..row });
}

/// The webhook.
pub(super) fn emit(
    state: &mut State,
    contact: Id,
    segment: Id,
    added: bool,
) -> Result<(), Exception> {
    let action = if added { "added" } else { "removed" };
    crate::contacts::load(state, contact);
    state.emit(EventType::LeadListChange, |state| {
        let segment = state.segments.table.get(segment).map_or(Value::Null, json);
        json!({"contact": view(state, contact, View::Everything), "segment": segment, "action": action})
    })
}

/// A segment in webhooks and in the API.
#[must_use]
pub fn json(segment: &Segment) -> Value {
    let mut json = segment.stamp.json();
    let members = [
        ("id", json!(segment.id)),
        ("name", json!(segment.name)),
        ("publicName", json!(segment.public_name)),
        ("alias", json!(segment.alias)),
        ("description", json!(segment.description)),
        ("category", Value::Null),
        ("filters", json!(segment.filters)),
        ("isGlobal", json!(segment.is_global)),
        ("isPreferenceCenter", json!(segment.is_preference_center)),
    ];
    json.extend(members.map(|(key, value)| (key.to_owned(), value)));
    Value::Object(json)
}
