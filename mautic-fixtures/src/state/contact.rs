//! Contacts: their rows, and what Mautic's entity remembers of them while a request runs.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{Id, Stamp};

/// A row of `leads` with its links.
#[derive(Clone, Debug, Default)]
pub struct Contact {
    /// Its id; 0 until it is stored.
    pub id: Id,
    /// Author and times.
    pub stamp: Stamp,
    /// The user who looks after it.
    pub owner: Option<Id>,
    /// Its stage.
    pub stage: Option<Id>,
    /// Main points in the database.
    pub points: i64,
    /// Values of its fields (without points and `last_active`) by alias; a missing one is NULL.
    pub values: BTreeMap<String, Value>,
    /// When it was last seen.
    pub last_active: Option<Timestamp>,
    /// When it stopped being anonymous.
    pub date_identified: Option<Timestamp>,
    /// Where its picture comes from.
    pub preferred_profile_image: Option<String>,
    /// Ids of its tags, in the order they are shown.
    pub tags: Vec<Id>,
    /// Ids of its IP addresses.
    pub ip_addresses: Vec<Id>,
    /// What the entity remembers while a request runs.
    pub memory: Memory,
}

impl Contact {
    /// A field's value as text; empty when NULL.
    #[must_use]
    pub fn text(&self, alias: &str) -> &str {
        self.values.get(alias).and_then(Value::as_str).unwrap_or("")
    }

    /// The value a column of `leads` holds, `Null` for NULL.
    #[must_use]
    pub fn column_value(&self, alias: &str) -> Value {
        match alias {
            "points" => self.points.into(),
            "last_active" => self
                .last_active
                .map_or(Value::Null, |at| super::clock::sql(at).into()),
            _ => self.values.get(alias).cloned().unwrap_or(Value::Null),
        }
    }

    /// Whether nothing identifies it (`Lead::isAnonymous`).
    #[must_use]
    pub fn is_anonymous(&self) -> bool {
        let named = ["firstname", "lastname", "company", "email"]
            .iter()
            .any(|alias| !matches!(self.text(alias), "" | "0"));
        let social = [
            "facebook",
            "foursquare",
            "instagram",
            "linkedin",
            "skype",
            "twitter",
        ];
        !named
            && social
                .iter()
                .all(|alias| matches!(self.text(alias), "" | "0"))
    }
}

/// How the `fields` of the entity were filled; it shows in their JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldShape {
    /// One contact read from the database: definitions as database rows, in the order of the fields.
    Row,
    /// Contacts read as a list: as `Row`, but in the order of the columns and with values as texts.
    List,
    /// Made for a contact that was not stored yet.
    Fresh,
}

/// The entity's `fields`: aliases and values at the time they were read, changed only by later edits.
#[derive(Clone, Debug)]
pub struct FieldValues {
    /// How they were read.
    pub shape: FieldShape,
    /// Alias and value in the order they are shown.
    pub values: Vec<(String, Value)>,
}

impl FieldValues {
    /// The value of a field, if there is such a field.
    #[must_use]
    pub fn get(&self, alias: &str) -> Option<&Value> {
        self.values
            .iter()
            .find(|(name, _)| name == alias)
            .map(|(_, value)| value)
    }

    /// Replaces a value.
    pub fn set(&mut self, alias: &str, to: Value) {
        if let Some((_, value)) = self.values.iter_mut().find(|(name, _)| name == alias) {
            *value = to;
        }
    }
}

/// Who changed a contact, for the lines "created by" and "identified by" of its timeline (`LeadManipulator`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manipulator {
    /// `lead`, `page`, `form`, …
    pub bundle: &'static str,
    /// `api-single`, `api-batch`, `submission`, …
    pub object: &'static str,
    /// Id of the page, form, …
    pub object_id: Option<Id>,
    /// Name of the user, the URL, …
    pub description: Option<String>,
}

/// The in-memory side of Doctrine's `Lead` entity. It lives from the first loading of the contact in a request to the
/// end of the request, and explains why answers and webhooks show old values after SQL has changed the row.
#[derive(Clone, Debug, Default)]
#[allow(clippy::struct_excessive_bools)] // independent marks of Doctrine's entity
pub struct Memory {
    /// Whether the entity is loaded.
    pub loaded: bool,
    /// `fields`; `None` until they were read.
    pub fields: Option<FieldValues>,
    /// `points` of the entity, not moved by points added in SQL.
    pub points: i64,
    /// `lastActive` of the entity: not moved when tracking writes the column by SQL, written back when it was set.
    pub last_active: Option<Timestamp>,
    /// `updatedPoints`: what the entity expects the points to be after its own additions.
    pub updated_points: Option<i64>,
    /// `actualPoints`: points read back after an addition in SQL.
    pub actual_points: Option<i64>,
    /// Additions to be made in SQL at the next save: operator and operand.
    pub point_changes: Vec<(char, i64)>,
    /// Whether `points` itself was set and is to be written at the next save.
    pub points_set: bool,
    /// `updatedFields`.
    pub updated: Map<String, Value>,
    /// `changes` since the last save.
    pub changes: Map<String, Value>,
    /// `pastChanges`: the changes of the last save.
    pub past_changes: Map<String, Value>,
    /// Who changes the contact; taken when its timeline line is written.
    pub manipulator: Option<Manipulator>,
    /// Whether the manipulator's line was written.
    pub manipulator_logged: bool,
    /// Made by tracking in this request.
    pub newly_created: bool,
    /// Whether the entity was made by `new Lead()` in this request (its `utmtags` are null then).
    pub constructed: bool,
    /// `fields.all`, if the entity was prepared for an answer before its webhooks.
    pub prepared: Option<Value>,
    /// The id deleted in this request; the entity's own id is empty then.
    pub deleted_id: Option<Id>,
    /// Rows for the points log, written by the next save.
    pub pending_points_log: Vec<super::PointsLogRow>,
    /// Do-not-contact entries, written by the next save; id 0 for new ones.
    pub pending_do_not_contact: Vec<super::DoNotContact>,
    /// Rows for the stage log, written by the next save.
    pub pending_stages_log: Vec<super::StagesLogRow>,
}
