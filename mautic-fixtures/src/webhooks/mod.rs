//! Outgoing webhooks: immediate and queued delivery with Mautic's habits when a receiver fails (FACTS 1-13, N1, N2).

mod event;
mod process;
mod send;

use serde_json::{Map, Value};

use crate::server::answer::Exception;
use crate::server::options::QueueMode;
use crate::state::State;
use crate::state::clock::iso;
use crate::state::hooks::QueuedEvent;
pub use event::EventType;
pub use process::run_queue;

/// See [`State::emit`].
pub(crate) fn emit(
    state: &mut State,
    event: EventType,
    payload: impl FnOnce(&State) -> Value,
) -> Result<(), Exception> {
    let wanting = state.hooks.wanting(event.name());
    if wanting.is_empty() {
        return Ok(());
    }
    let payload = decoded_by_php(payload(state));
    for hook in wanting {
        let queued = QueuedEvent {
            hook,
            event_type: event.name().to_owned(),
            payload: payload.clone(),
            added: state.now(),
        };
        match state.options.queue_mode {
            QueueMode::Command => {
                state.hooks.queue.insert_with(|_| queued);
            }
            QueueMode::Immediate => {
                process::deliver(state, hook, &body([&queued]), &[])?;
            }
        }
    }
    Ok(())
}

/// A delivery's body: the events by type, each with the second it happened.
fn body<'a>(queued: impl IntoIterator<Item = &'a QueuedEvent>) -> Value {
    let mut body = Map::new();
    for event in queued {
        let mut payload = match &event.payload {
            Value::Object(members) => members.clone(),
            _ => Map::new(),
        };
        payload.insert("timestamp".to_owned(), Value::String(iso(event.added)));
        let list = body
            .entry(event.event_type.clone())
            .or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(list) = list {
            list.push(Value::Object(payload));
        }
    }
    Value::Object(body)
}

/// Payloads go through `json_decode` into PHP arrays and back: an empty object comes out as an empty list, and so
/// does an object whose keys happen to be 0, 1, 2… (`WebhookModel::getWebhookPayload`).
fn decoded_by_php(value: Value) -> Value {
    match value {
        Value::Object(members)
            if members
                .iter()
                .enumerate()
                .all(|(index, (key, _))| *key == index.to_string()) =>
        {
            Value::Array(
                members
                    .into_iter()
                    .map(|(_, member)| decoded_by_php(member))
                    .collect(),
            )
        }
        Value::Object(members) => Value::Object(
            members
                .into_iter()
                .map(|(key, member)| (key, decoded_by_php(member)))
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.into_iter().map(decoded_by_php).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::decoded_by_php;
    use serde_json::json;

    #[test]
    fn empty_objects_become_lists() {
        let value = json!({"a": {}, "b": {"0": 1, "1": {"x": {}}}, "c": {"1": 1}});
        assert_eq!(
            decoded_by_php(value),
            json!({"a": [], "b": [1, {"x": []}], "c": {"1": 1}})
        );
    }
}
