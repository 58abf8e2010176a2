//! Deleting a contact with everything that hangs on it.

use serde_json::json;

use super::json::{View, view};
use crate::server::answer::Exception;
use crate::state::{Id, State};
use crate::webhooks::EventType;

/// Deletes a contact (SEMANTICS 7): its scores, logs, devices and memberships go, its activities stay without it.
/// Gives back its JSON as the answer shows it, made after the deletion.
///
/// # Errors
/// When something that listens throws; the contact is gone nevertheless.
pub fn delete(state: &mut State, id: Id) -> Result<serde_json::Value, Exception> {
    let Some(contact) = state.contacts.get_mut(id) else {
        return Ok(serde_json::Value::Null);
    };
    contact.memory.deleted_id = Some(id);
    let name = primary_identifier(contact);
    let answer = view(state, id, View::Api);
    let told = view(state, id, View::DeletedWebhook);
    state.audit("lead", "lead", id, "delete", json!({"name": name}));
    forget(state, id);
    state.emit(
        EventType::LeadPostDelete,
        |_| json!({"id": id, "contact": told}),
    )?;
    Ok(answer)
}

fn forget(state: &mut State, id: Id) {
    state.contacts.remove(id);
    state.group_scores.forget_contact(id);
    state.segments.forget_contact(id);
    state.campaigns.forget_contact(id);
    state.points_log.retain(|row| row.contact != id);
    state.stages_log.retain(|row| row.contact != id);
    state.do_not_contact.retain(|row| row.contact != id);
    state.merged_into.retain(|_, winner| *winner != id);
    for row in state
        .event_log
        .values_mut()
        .filter(|row| row.contact == Some(id))
    {
        row.contact = None;
    }
    state.web.forget_contact(id);
    state.trigger_log.retain(|(_, contact), _| *contact != id);
}

fn primary_identifier(contact: &crate::state::Contact) -> String {
    let name = format!("{} {}", contact.text("firstname"), contact.text("lastname"));
    [name.trim(), contact.text("company"), contact.text("email")]
        .into_iter()
        .find(|text| !text.is_empty())
        .unwrap_or("mautic.lead.lead.anonymous")
        .to_owned()
}
