//! Outgoing webhooks.

mod event;

use serde_json::Value;

use crate::server::answer::Exception;
use crate::state::State;
pub use event::EventType;

/// Events on their way out.
#[derive(Debug, Default)]
pub struct Outbox {
    /// Events with their payloads in the order they happened.
    pub events: Vec<(EventType, Value)>,
}

/// See [`State::emit`].
pub(crate) fn emit(
    state: &mut State,
    event: EventType,
    payload: impl FnOnce(&State) -> Value,
) -> Result<(), Exception> {
    let payload = payload(state);
    state.outbox.events.push((event, payload));
    Ok(())
}
