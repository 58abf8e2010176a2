//! `LeadModel::saveEntity`: marks, rows, and then everything that listens to a saved contact.

use serde_json::{Value, json};

use super::dispatch::after_save;
use super::edit::note_change;
use super::points::applied;
use crate::server::answer::Exception;
use crate::state::clock::iso;
use crate::state::{Contact, EventLogRow, Id, State};

/// Stores a contact that has no id yet.
///
/// # Errors
/// When something that listens throws; the contact is stored nevertheless.
pub fn create(state: &mut State, contact: Contact) -> Result<Id, Exception> {
    let id = insert(state, contact);
    after_save(state, id, true)?;
    Ok(id)
}

/// [`create`] as tracking does it: the entity reads its fields back before anything listens.
///
/// # Errors
/// As [`create`].
pub fn create_tracked(state: &mut State, contact: Contact) -> Result<Id, Exception> {
    let id = insert(state, contact);
    super::ensure_fields(state, id);
    after_save(state, id, true)?;
    Ok(id)
}

fn insert(state: &mut State, mut contact: Contact) -> Id {
    apply_defaults(state, &mut contact);
    contact.id = state.contacts.take_id();
    let id = contact.id;
    if contact.stamp.date_added.is_none() {
        contact.stamp.created(state);
    }
    contact.memory.loaded = true;
    state.loaded_contacts.push(id);
    write(state, &mut contact);
    state.contacts.put(id, contact);
    id
}

/// Stores the changes of a loaded contact.
///
/// # Errors
/// When something that listens throws; the changes are stored nevertheless.
pub fn save(state: &mut State, id: Id) -> Result<(), Exception> {
    let Some(mut contact) = state.contacts.get(id).cloned() else {
        return Ok(());
    };
    mark_modified(state, &mut contact);
    link_address(state, &mut contact);
    write(state, &mut contact);
    state.contacts.put(id, contact);
    after_save(state, id, false)
}

/// Fields with a default value get it unless they have one.
fn apply_defaults(state: &State, contact: &mut Contact) {
    let fields = &state.contact_fields;
    for field in crate::state::fields::in_order(fields) {
        let Some(default) = field
            .default_value
            .as_deref()
            .filter(|default| !default.is_empty())
        else {
            continue;
        };
        if field.alias != "points" && contact.column_value(&field.alias).is_null() {
            super::edit::add_updated_field(
                contact,
                fields,
                &field.alias,
                json!(default),
                &Value::Null,
            );
        }
    }
}

/// `dateModified` moves only with a change other than of the last activity; the author always changes.
fn mark_modified(state: &State, contact: &mut Contact) {
    let changes = &contact.memory.changes;
    let only_activity = changes.len() == 1 && changes.contains_key("dateLastActive");
    let before = contact.stamp.date_modified;
    contact.stamp.modified(state);
    if contact.stamp.modified_by_user.is_none() {
        // The anonymous user's name is first and last name, both empty.
        contact.stamp.modified_by_user = Some(" ".to_owned());
    }
    if changes.is_empty() || only_activity {
        contact.stamp.date_modified = before;
    } else {
        let after = contact.stamp.date_modified;
        note_change(
            contact,
            "dateModified",
            &json!(before.map(iso)),
            &json!(after.map(iso)),
        );
    }
}

/// `IpAddressModel::saveIpAddressesReferencesForContact`: the link of a new address is inserted by SQL and the address
/// entity let go, so that saving the contact stores the address once more and links that row as well.
fn link_address(state: &mut State, contact: &mut Contact) {
    if contact.memory.changes.contains_key("ipAddressList") {
        state.detach_ip();
        let again = state.current_ip();
        if !contact.ip_addresses.contains(&again) {
            contact.ip_addresses.push(again);
        }
    }
}

fn write(state: &mut State, contact: &mut Contact) {
    state.store_addresses_again(contact);
    state.emails.note(contact);
    let was_anonymous = contact.date_identified.is_none() && !contact.is_anonymous();
    if was_anonymous || contact.memory.newly_created {
        log_manipulator(state, contact);
    }
    if was_anonymous {
        let now = state.now();
        contact.date_identified = Some(now);
        contact
            .memory
            .changes
            .insert("dateIdentified".to_owned(), json!(["", iso(now)]));
    }
    if std::mem::take(&mut contact.memory.points_set) {
        contact.points = contact.memory.points;
    }
    // Saving a contact stores a detached address entity again that it or its log refers to.
    let pending = std::mem::take(&mut contact.memory.pending_points_log);
    let ip = (!pending.is_empty() || !contact.ip_addresses.is_empty()).then(|| state.current_ip());
    for mut row in pending {
        row.contact = contact.id;
        row.ip = ip.unwrap_or(row.ip);
        state
            .points_log
            .insert_with(|id| crate::state::PointsLogRow { id, ..row });
    }
    for mut row in std::mem::take(&mut contact.memory.pending_stages_log) {
        row.contact = contact.id;
        state
            .stages_log
            .insert_with(|id| crate::state::StagesLogRow { id, ..row });
    }
    for mut row in std::mem::take(&mut contact.memory.pending_do_not_contact) {
        row.contact = contact.id;
        if row.id == 0 {
            row.id = state.do_not_contact.take_id();
        }
        state.do_not_contact.put(row.id, row);
    }
    if !contact.memory.point_changes.is_empty() {
        let changes = std::mem::take(&mut contact.memory.point_changes);
        let points = applied(contact.points, &changes);
        // The statement's refusal of a sum beyond the column is swallowed.
        if i32::try_from(points).is_ok() {
            contact.points = points;
            contact.memory.actual_points = Some(points);
            if let Some(Value::Array(change)) = contact.memory.changes.get_mut("points") {
                change[1] = json!(points);
            }
        }
    }
}

fn log_manipulator(state: &mut State, contact: &mut Contact) {
    let Some(manipulator) = contact.memory.manipulator.clone() else {
        return;
    };
    if std::mem::replace(&mut contact.memory.manipulator_logged, true) {
        return;
    }
    let action = if contact.is_anonymous() {
        "created_contact"
    } else {
        "identified_contact"
    };
    let row = EventLogRow {
        id: 0,
        contact: Some(contact.id),
        user_id: None,
        user_name: None,
        bundle: manipulator.bundle.to_owned(),
        object: manipulator.object.to_owned(),
        action: action.to_owned(),
        object_id: manipulator.object_id,
        date_added: state.now(),
        properties: json!({"object_description": manipulator.description}),
    };
    state.event_log.insert_with(|id| EventLogRow { id, ..row });
}
