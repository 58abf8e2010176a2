//! Point groups and the contacts' scores in them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::{Id, Stamp};

/// A row of `point_groups`.
#[derive(Clone, Debug, Default)]
pub struct PointGroup {
    /// Its id; 0 until it is stored.
    pub id: Id,
    /// Author and times.
    pub stamp: Stamp,
    /// Name without markup.
    pub name: String,
    /// Description.
    pub description: Option<String>,
}

/// The rows of `point_group_contact_score`: there is none until the first write (FACTS 26).
#[derive(Clone, Debug, Default)]
pub struct GroupScores {
    rows: BTreeMap<(Id, Id), i64>,
}

impl GroupScores {
    /// The scores of a contact by group.
    #[must_use]
    pub fn of_contact(&self, contact: Id) -> BTreeMap<Id, i64> {
        self.rows
            .range((contact, 0)..=(contact, Id::MAX))
            .map(|((_, group), score)| (*group, *score))
            .collect()
    }

    /// One score, if there is a row.
    #[must_use]
    pub fn get(&self, contact: Id, group: Id) -> Option<i64> {
        self.rows.get(&(contact, group)).copied()
    }

    /// Writes a score, making the row if needed.
    pub fn set(&mut self, contact: Id, group: Id, score: i64) {
        self.rows.insert((contact, group), score);
    }

    /// All rows as (contact, group, score), by contact and group.
    pub fn iter(&self) -> impl Iterator<Item = (Id, Id, i64)> {
        self.rows
            .iter()
            .map(|((contact, group), score)| (*contact, *group, *score))
    }

    /// Forgets a contact's scores, as deleting the contact does.
    pub fn forget_contact(&mut self, contact: Id) {
        self.rows.retain(|(of, _), _| *of != contact);
    }

    /// Forgets a group's scores, as deleting the group does (FACTS 28).
    pub fn forget_group(&mut self, group: Id) {
        self.rows.retain(|(_, of), _| *of != group);
    }
}

/// A row of `points`: a point action.
#[derive(Clone, Debug, Default)]
pub struct PointAction {
    /// Its id; 0 until it is stored.
    pub id: Id,
    /// Author and times.
    pub stamp: Stamp,
    /// Name.
    pub name: String,
    /// Description.
    pub description: Option<String>,
    /// `page.hit`, `url.hit`, `form.submit`, `asset.download`, `email.open`, `email.send`, or anything (FACTS 49).
    pub kind: String,
    /// Whether it pays more than once per contact.
    pub repeatable: bool,
    /// In use from.
    pub publish_up: Option<Timestamp>,
    /// In use until.
    pub publish_down: Option<Timestamp>,
    /// Points, also negative.
    pub delta: i64,
    /// What it is limited to.
    pub properties: Value,
    /// The group it pays into; `None` for main points.
    pub group: Option<Id>,
    /// Set while a PUT without `repeatable` is under way, which the database refuses.
    pub repeatable_missing: bool,
}

/// A row of `point_triggers` with its events.
#[derive(Clone, Debug, Default)]
pub struct PointTrigger {
    /// Its id; 0 until it is stored.
    pub id: Id,
    /// Author and times.
    pub stamp: Stamp,
    /// Name.
    pub name: String,
    /// Description.
    pub description: Option<String>,
    /// In use from.
    pub publish_up: Option<Timestamp>,
    /// In use until.
    pub publish_down: Option<Timestamp>,
    /// Score from which it fires.
    pub points: i64,
    /// Colour of contacts above it.
    pub color: String,
    /// Whether contacts above it get its events when it is made.
    pub trigger_existing_leads: bool,
    /// The group it looks at; `None` for main points.
    pub group: Option<Id>,
    /// Its events.
    pub events: Vec<TriggerEvent>,
    /// Set while a PUT is under way, which takes away the events it does not name.
    pub replaces_events: bool,
}

/// A row of `point_trigger_events`.
#[derive(Clone, Debug, Default)]
pub struct TriggerEvent {
    /// Its id.
    pub id: Id,
    /// Name.
    pub name: Option<String>,
    /// Description.
    pub description: Option<String>,
    /// `lead.changetags`, `lead.changelists`, `email.send`, …, or anything.
    pub kind: String,
    /// Position in the trigger.
    pub order: i64,
    /// What it does.
    pub properties: Value,
}
