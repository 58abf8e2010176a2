//! What listens to a saved contact: the audit log, the events for points, identification and do-not-contact, the
//! webhooks, and triggers for new contacts (`LeadSubscriber`, `LeadChangeEventDispatcher`, `WebhookSubscriber`).

use serde_json::{Map, Value, json};

use super::json::{View, view};
use crate::php::{cast, json_encode};
use crate::scoring::triggers;
use crate::server::answer::Exception;
use crate::state::{Id, State};
use crate::webhooks::EventType;

/// Runs the listeners in Mautic's order.
pub(super) fn after_save(state: &mut State, id: Id, is_new: bool) -> Result<(), Exception> {
    let Some(contact) = state.contacts.get_mut(id) else {
        return Ok(());
    };
    // The first listener that asks for the changes resets them.
    let changes = std::mem::take(&mut contact.memory.changes);
    contact.memory.past_changes.clone_from(&changes);
    if !changes.is_empty() {
        audit_and_dispatch(state, id, changes, is_new)?;
    }
    let Some(contact) = state.contacts.get(id) else {
        return Ok(());
    };
    let memory = &contact.memory;
    let changes = if memory.changes.is_empty() {
        &memory.past_changes
    } else {
        &memory.changes
    };
    if !contact.is_anonymous() && !changes.is_empty() {
        let identified = changes.get("dateIdentified").is_some_and(cast::truthy);
        let event = if identified {
            EventType::LeadPostSaveNew
        } else {
            EventType::LeadPostSaveUpdate
        };
        state.emit(
            event,
            |state| json!({"contact": view(state, id, View::Webhook)}),
        )?;
    }
    if is_new {
        triggers::trigger_events(state, id)?;
    }
    Ok(())
}

fn audit_and_dispatch(
    state: &mut State,
    id: Id,
    changes: Map<String, Value>,
    is_new: bool,
) -> Result<(), Exception> {
    let mut details = changes;
    for unimportant in [
        "dateLastActive",
        "dateModified",
        "ipAddressList",
        "manipulator",
    ] {
        details.shift_remove(unimportant);
    }
    if details.is_empty() {
        return Ok(());
    }
    if let Some(manipulator) = state
        .contacts
        .get(id)
        .and_then(|contact| contact.memory.manipulator.clone())
    {
        details.insert("manipulated_by".to_owned(), json!(manipulator.description));
        let key = format!("{}:{}", manipulator.bundle, manipulator.object);
        details.insert("manipulator_key".to_owned(), json!(key));
    }
    // Another contact in between makes Mautic forget what it has seen.
    if state
        .audited
        .last()
        .is_some_and(|(contact, _)| *contact != id)
    {
        state.audited.clear();
    }
    let seen = (id, json_encode(&Value::Object(details.clone())));
    if state.audited.contains(&seen) {
        return Ok(());
    }
    state.audited.push(seen);
    let action = if is_new { "create" } else { "update" };
    state.audit("lead", "lead", id, action, Value::Object(details.clone()));
    if details.contains_key("dateIdentified") {
        state.audit("lead", "lead", id, "identified", json!([]));
    }
    if let Some(change) = details.get("ipAddresses") {
        state.audit("lead", "lead", id, "ipadded", change.clone());
    }
    if let (Some(change), false) = (details.get("points"), is_new) {
        points_changed(state, id, change)?;
    }
    if let Some(Value::Object(channels)) = details.get("dnc_channel_status") {
        for (channel, status) in channels {
            subscription_changed(state, id, channel, status)?;
        }
    }
    Ok(())
}

/// Told unless both values are 0 or less (SEMANTICS 6).
fn points_changed(state: &mut State, id: Id, change: &Value) -> Result<(), Exception> {
    let (old, new) = (&change[0], &change[1]);
    if cast::int(old) <= 0 && cast::int(new) <= 0 {
        return Ok(());
    }
    let (old, new) = (cast::int(old), cast::int(new));
    state.emit(EventType::LeadPointsChange, |state| {
        json!({"contact": view(state, id, View::Webhook), "points": {"old_points": old, "new_points": new}})
    })?;
    triggers::trigger_events(state, id)
}

fn subscription_changed(
    state: &mut State,
    id: Id,
    channel: &str,
    status: &Value,
) -> Result<(), Exception> {
    let old = status.get("old_reason").map_or(0, cast::int);
    let new = status.get("reason").map_or(0, cast::int);
    state.emit(EventType::LeadChannelSubscriptionChanged, |state| {
        json!({
            "contact": view(state, id, View::Webhook),
            "channel": channel,
            "old_status": verb(old),
            "new_status": verb(new),
        })
    })
}

fn verb(reason: i64) -> &'static str {
    match reason {
        0 => "contactable",
        1 => "unsubscribed",
        2 => "bounced",
        3 => "manual",
        _ => "",
    }
}
