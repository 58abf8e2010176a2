//! Merging two contacts (`LeadBundle/Deduplicate/ContactMerger.php`; FACTS 92 to 97).

use serde_json::{Map, Value, json};

use crate::contacts::{self, Operator};
use crate::php::cast;
use crate::server::answer::Exception;
use crate::state::clock::iso;
use crate::state::{Contact, Id, State};

/// Merges the loser into the winner and deletes it. Both must be loaded. Group scores, do-not-contact and stages of
/// the loser are lost; activities, logs, devices, segments and tags go to the winner.
///
/// # Errors
/// When something that listens throws.
pub fn merge(state: &mut State, winner: Id, loser: Id) -> Result<(), Exception> {
    if winner == loser || !state.contacts.contains(winner) {
        return Ok(());
    }
    let Some(lost) = state.contacts.get(loser).cloned() else {
        return Ok(());
    };
    for row in state
        .event_log
        .values_mut()
        .filter(|row| row.contact == Some(loser))
    {
        row.contact = Some(winner);
    }
    for kept in state
        .merged_into
        .values_mut()
        .filter(|kept| **kept == loser)
    {
        *kept = winner;
    }
    state.merged_into.insert(loser, winner);
    merge_rows(state, winner, &lost)?;
    let tags = names_of_tags(state, &lost);
    contacts::modify_tags(state, winner, &tags, &Value::Null)?;
    contacts::save(state, winner)?;
    move_rows(state, winner, loser);
    state.audit(
        "lead",
        "lead",
        loser,
        "merge",
        json!({"merged_into": winner}),
    );
    contacts::delete(state, loser)?;
    Ok(())
}

fn merge_rows(state: &mut State, winner: Id, lost: &Contact) -> Result<(), Exception> {
    let Some(mut contact) = state.contacts.get(winner).cloned() else {
        return Ok(());
    };
    merge_times(&mut contact, lost);
    if contact.ip_addresses.is_empty() {
        contact.ip_addresses.clone_from(&lost.ip_addresses);
    }
    merge_fields(state, &mut contact, lost);
    if contact.owner.is_none() && lost.owner.is_some() {
        contacts::set_owner(&mut contact, lost.owner);
    }
    contacts::adjust_points(&mut contact, points_of(lost), Operator::Plus)?;
    state.contacts.put(winner, contact);
    Ok(())
}

/// The points the entity believes to have.
fn points_of(contact: &Contact) -> i64 {
    let memory = &contact.memory;
    memory
        .actual_points
        .or(memory.updated_points)
        .unwrap_or(memory.points)
}

/// The winner keeps the latest activity and the earliest identification.
fn merge_times(contact: &mut Contact, lost: &Contact) {
    if lost.memory.last_active > contact.memory.last_active {
        let (before, after) = (contact.memory.last_active, lost.memory.last_active);
        contact.memory.changes.insert(
            "dateLastActive".to_owned(),
            json!([before.map(iso), after.map(iso)]),
        );
        contact.memory.last_active = after;
        contact.last_active = after;
    }
    let earlier = lost.date_identified.is_some() && lost.date_identified < contact.date_identified;
    if contact.date_identified.is_none() || earlier {
        if contact.date_identified != lost.date_identified {
            let change = json!([
                contact.date_identified.map(iso),
                lost.date_identified.map(iso)
            ]);
            contact
                .memory
                .changes
                .insert("dateIdentified".to_owned(), change);
        }
        contact.date_identified = lost.date_identified;
    }
}

/// The values of the contact changed last win, empty ones are filled from the other.
fn merge_fields(state: &State, contact: &mut Contact, lost: &Contact) {
    let changed = |contact: &Contact| contact.stamp.date_modified.or(contact.stamp.date_added);
    let loser_is_newest = changed(lost) > changed(contact);
    let (winner_values, loser_values) = (profile(contact), profile(lost));
    let (newest, oldest) = if loser_is_newest {
        (&loser_values, &winner_values)
    } else {
        (&winner_values, &loser_values)
    };
    let newest_is_anonymous = if loser_is_newest {
        lost.is_anonymous()
    } else {
        contact.is_anonymous()
    };
    for (alias, newer) in newest {
        if alias == "points" {
            continue;
        }
        let older = oldest.get(alias).unwrap_or(&Value::Null);
        let default = state
            .contact_fields
            .values()
            .find(|field| field.alias == *alias)
            .and_then(|field| field.default_value.clone());
        let current = winner_values.get(alias).unwrap_or(&Value::Null);
        let is_default =
            default.is_some_and(|default| cast::text(newer) == default && !newer.is_null());
        if newer == older || !current.is_null() && newer == current {
            continue;
        }
        let filled = |value: &Value| !value.is_null() && *value != "";
        let value = if filled(newer) && !(newest_is_anonymous && is_default) {
            newer
        } else {
            older
        };
        if filled(value) {
            contacts::add_updated_field(
                contact,
                &state.contact_fields,
                alias,
                value.clone(),
                &Value::Null,
            );
        }
    }
}

/// Field values as the entity knows them: read from the database, then changed.
pub(super) fn profile(contact: &Contact) -> Map<String, Value> {
    let mut values = Map::new();
    if let Some(fields) = &contact.memory.fields {
        values.extend(fields.values.iter().cloned());
    }
    values.extend(contact.memory.updated.clone());
    values
}

fn names_of_tags(state: &State, contact: &Contact) -> Value {
    contact
        .tags
        .iter()
        .filter_map(|tag| state.tags.get(*tag))
        .map(|tag| json!(tag.tag))
        .collect()
}

/// What listeners of a merge move (FACTS 97).
fn move_rows(state: &mut State, winner: Id, loser: Id) {
    for row in state
        .points_log
        .values_mut()
        .filter(|row| row.contact == loser)
    {
        row.contact = winner;
    }
    state.segments.move_contact(loser, winner);
    state.campaigns.move_contact(loser, winner);
    let done: Vec<_> = state
        .trigger_log
        .iter()
        .filter(|((_, of), _)| *of == loser)
        .map(|(key, once)| (*key, *once))
        .collect();
    for ((event, _), once) in done {
        state.trigger_log.remove(&(event, loser));
        state.trigger_log.entry((event, winner)).or_insert(once);
    }
    state.web.merge_contact(loser, winner);
}
