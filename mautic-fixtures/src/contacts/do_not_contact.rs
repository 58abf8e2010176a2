//! Do-not-contact entries (`LeadBundle/Model/DoNotContact.php`).

use serde_json::{Value, json};

use super::{load, save};
use crate::server::answer::Exception;
use crate::state::{Contact, DoNotContact, Id, State};

/// Adds an entry or changes the reason of the one there is; the same reason again changes nothing.
///
/// # Errors
/// When something that listens to the save throws.
pub fn add_do_not_contact(
    state: &mut State,
    contact: Id,
    channel: &str,
    channel_id: Option<Id>,
    reason: i64,
    comments: &str,
) -> Result<bool, Exception> {
    let Some(contact) = load(state, contact) else {
        return Ok(false);
    };
    let known = entry(state, contact, channel);
    if known.as_ref().is_some_and(|known| known.reason == reason) {
        return Ok(false);
    }
    let now = state.now();
    let id = known.map_or_else(|| state.do_not_contact.take_id(), |known| known.id);
    let row = DoNotContact {
        id,
        contact,
        date_added: now,
        reason,
        channel: channel.to_owned(),
        channel_id,
        comments: comments.to_owned(),
    };
    state.do_not_contact.put(id, row);
    // The former reason is not told, as if the contact had been contactable.
    let status = json!({"reason": reason, "comments": comments});
    note(state, contact, channel, status);
    save(state, contact)?;
    Ok(true)
}

/// Removes the entry; whether there was one.
///
/// # Errors
/// When something that listens to the save throws.
pub fn remove_do_not_contact(
    state: &mut State,
    contact: Id,
    channel: &str,
) -> Result<bool, Exception> {
    let Some(contact) = load(state, contact) else {
        return Ok(false);
    };
    let Some(known) = entry(state, contact, channel) else {
        return Ok(false);
    };
    state.do_not_contact.remove(known.id);
    let status = json!({"reason": 0, "old_reason": known.reason, "comments": known.comments});
    note(state, contact, channel, status);
    save(state, contact)?;
    Ok(true)
}

fn entry(state: &State, contact: Id, channel: &str) -> Option<DoNotContact> {
    state
        .do_not_contact
        .values()
        .find(|row| row.contact == contact && row.channel == channel)
        .cloned()
}

fn note(state: &mut State, contact: Id, channel: &str, status: Value) {
    if let Some(contact) = state.contacts.get_mut(contact) {
        note_change(contact, channel, status);
    }
}

fn note_change(contact: &mut Contact, channel: &str, status: Value) {
    let changes = contact
        .memory
        .changes
        .entry("dnc_channel_status")
        .or_insert_with(|| json!({}));
    if let Value::Object(changes) = changes {
        changes.insert(channel.to_owned(), status);
    }
}

/// Entries given with a contact's own input: written at once, told with the contact's save.
pub fn note_do_not_contact(
    state: &mut State,
    contact: &mut Contact,
    channel: &str,
    reason: i64,
    comments: &str,
) {
    let known = entry(state, contact.id, channel).filter(|_| contact.id != 0);
    let status = match (known, reason) {
        (Some(known), 0) => {
            state.do_not_contact.remove(known.id);
            json!({"reason": 0, "old_reason": known.reason, "comments": known.comments})
        }
        (None, 0) => return,
        (Some(known), _) if known.reason == reason => return,
        (known, _) => {
            contact.memory.pending_do_not_contact.push(DoNotContact {
                id: known.as_ref().map_or(0, |known| known.id),
                contact: contact.id,
                date_added: state.now(),
                reason,
                channel: channel.to_owned(),
                channel_id: None,
                comments: comments.to_owned(),
            });
            json!({"reason": reason, "comments": comments})
        }
    };
    note_change(contact, channel, status);
}
