//! Logs and other rows that hang on a contact.

use jiff::Timestamp;
use serde_json::Value;

use super::Id;

/// A row of `lead_points_change_log`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PointsLogRow {
    /// Its id; 0 until it is stored.
    pub id: Id,
    /// The contact.
    pub contact: Id,
    /// IP address the change came from.
    pub ip: Id,
    /// The group; `None` for main points.
    pub group: Option<Id>,
    /// `API`, `page`, `form`, …
    pub kind: String,
    /// Name of the event.
    pub event_name: String,
    /// Name of the action.
    pub action_name: String,
    /// Points; not always what the score really changed by (SEMANTICS 4).
    pub delta: i64,
    /// When.
    pub date_added: Timestamp,
}

/// A row of `lead_stages_change_log`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StagesLogRow {
    /// Its id; 0 until it is stored.
    pub id: Id,
    /// The contact.
    pub contact: Id,
    /// The stage; `None` after the stage was deleted.
    pub stage: Option<Id>,
    /// `ID:name` or `ID: name`.
    pub event_name: String,
    /// `Manually Added`, `Stage changed`, …
    pub action_name: String,
    /// When.
    pub date_added: Timestamp,
}

/// A row of `lead_donotcontact`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoNotContact {
    /// Its id.
    pub id: Id,
    /// The contact.
    pub contact: Id,
    /// When.
    pub date_added: Timestamp,
    /// 1 unsubscribed, 2 bounced, 3 manual.
    pub reason: i64,
    /// `email`, `sms`, …
    pub channel: String,
    /// Id of the email, …
    pub channel_id: Option<Id>,
    /// Why.
    pub comments: String,
}

/// A row of `audit_log`.
#[derive(Clone, Debug)]
pub struct AuditRow {
    /// Its id.
    pub id: Id,
    /// 0 for none.
    pub user_id: Id,
    /// `System` for visitors and commands.
    pub user_name: String,
    /// `lead`, `point`, …
    pub bundle: String,
    /// `lead`, `point`, …
    pub object: String,
    /// Its id.
    pub object_id: Id,
    /// `create`, `update`, `delete`, `identified`, `merge`, …
    pub action: String,
    /// The changes.
    pub details: Value,
    /// When.
    pub date_added: Timestamp,
    /// Where from.
    pub ip_address: String,
}

/// A row of `lead_event_log`.
#[derive(Clone, Debug)]
pub struct EventLogRow {
    /// Its id.
    pub id: Id,
    /// The contact.
    pub contact: Option<Id>,
    /// User who caused it.
    pub user_id: Option<Id>,
    /// Name of that user.
    pub user_name: Option<String>,
    /// `lead`, `page`, …
    pub bundle: String,
    /// `api-single`, `segment`, …
    pub object: String,
    /// `created_contact`, `identified_contact`, `added`, `removed`, …
    pub action: String,
    /// Id of the object.
    pub object_id: Option<Id>,
    /// When.
    pub date_added: Timestamp,
    /// More about it.
    pub properties: Value,
}

/// A row of `lead_tags`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Its id.
    pub id: Id,
    /// Its name.
    pub tag: String,
    /// Description.
    pub description: Option<String>,
}

/// A row of `stages`.
#[derive(Clone, Debug, Default)]
pub struct Stage {
    /// Its id; 0 until it is stored.
    pub id: Id,
    /// Author and times.
    pub stamp: super::Stamp,
    /// Name.
    pub name: String,
    /// Description.
    pub description: Option<String>,
    /// Order of stages.
    pub weight: i64,
    /// Published from.
    pub publish_up: Option<Timestamp>,
    /// Published until.
    pub publish_down: Option<Timestamp>,
}
