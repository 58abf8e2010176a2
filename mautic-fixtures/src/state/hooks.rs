//! Webhooks: who wants which events, what is queued for them, and how their deliveries went.

use jiff::Timestamp;
use serde_json::Value;

use super::{Id, Stamp, Table};

/// A row of `webhooks`.
#[derive(Clone, Debug, Default)]
pub struct Hook {
    /// Its id; 0 until it is stored.
    pub id: Id,
    /// Author and times.
    pub stamp: Stamp,
    /// Name without markup.
    pub name: String,
    /// Description.
    pub description: Option<String>,
    /// Where deliveries go.
    pub webhook_url: String,
    /// Key of the signature.
    pub secret: String,
    /// `ASC` or `DESC`; none means the configuration's order.
    pub events_orderby_dir: Option<String>,
    /// Category.
    pub category: Option<Id>,
    /// The events it wants, in the order they were added.
    pub events: Vec<HookEvent>,
}

/// A row of `webhook_events`.
#[derive(Clone, Debug)]
pub struct HookEvent {
    /// Its id; hooks hear of an event in the order of these.
    pub id: Id,
    /// Event type; unknown ones are kept and never happen.
    pub event_type: String,
}

/// A row of `webhook_queue` (command mode).
#[derive(Clone, Debug)]
pub struct QueuedEvent {
    /// The hook it waits for.
    pub hook: Id,
    /// Event type.
    pub event_type: String,
    /// Payload as it was when the event happened.
    pub payload: Value,
    /// When that was.
    pub added: Timestamp,
}

/// A row of `webhook_logs`.
#[derive(Clone, Debug)]
pub struct HookLog {
    /// The hook.
    pub hook: Id,
    /// HTTP status, or `N/A`.
    pub status_code: String,
    /// When the delivery ended.
    pub added: Timestamp,
    /// The receiver's body or an error message, at most 190 bytes.
    pub note: Option<String>,
}

/// A delivery in the mailbox: Mautic was answered 204.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posted {
    /// The hook's URL.
    pub url: String,
    /// Header `webhook-signature`.
    pub signature: String,
    /// The raw body.
    pub body: String,
}

/// All there is of webhooks.
#[derive(Clone, Debug, Default)]
pub struct Hooks {
    /// `webhooks`.
    pub table: Table<Hook>,
    /// `webhook_queue`.
    pub queue: Table<QueuedEvent>,
    /// `webhook_logs`.
    pub logs: Table<HookLog>,
    /// Deliveries sent since the start, those without an answer included.
    pub deliveries_sent: u64,
    /// Bodies that were answered 2xx, oldest first, if the options ask for them.
    pub acknowledged: Vec<String>,
    /// Deliveries in the mailbox, oldest first, if the options ask for one.
    pub posted: Vec<Posted>,
    /// Whether the mailbox refuses connections.
    pub mailbox_closed: bool,
    last_event: Id,
}

impl Hooks {
    /// A new row of `webhook_events`.
    pub fn new_event(&mut self, event_type: &str) -> HookEvent {
        self.last_event += 1;
        HookEvent {
            id: self.last_event,
            event_type: event_type.to_owned(),
        }
    }

    /// The published hooks that want an event, in the order of their event rows.
    #[must_use]
    pub fn wanting(&self, event_type: &str) -> Vec<Id> {
        let mut wanting: Vec<(Id, Id)> = self
            .table
            .iter()
            .filter(|(_, hook)| hook.stamp.is_published)
            .flat_map(|(id, hook)| hook.events.iter().map(move |event| (event, id)))
            .filter(|(event, _)| event.event_type == event_type)
            .map(|(event, id)| (event.id, id))
            .collect();
        wanting.sort_unstable();
        wanting.into_iter().map(|(_, hook)| hook).collect()
    }

    /// Deletes a hook with its queue and its log.
    pub fn delete(&mut self, id: Id) {
        self.table.remove(id);
        self.queue.retain(|queued| queued.hook != id);
        self.logs.retain(|log| log.hook != id);
    }
}
