//! Segments and who is in them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::{Id, Stamp, Table};

/// A row of `lead_lists`.
#[derive(Clone, Debug, Default)]
pub struct Segment {
    /// Its id; 0 until it is stored.
    pub id: Id,
    /// Author and times.
    pub stamp: Stamp,
    /// Name without markup.
    pub name: String,
    /// Name shown to contacts; the name when not given.
    pub public_name: Option<String>,
    /// Unique among the segments; made from the name when not given.
    pub alias: String,
    /// Description.
    pub description: Option<String>,
    /// Category.
    pub category: Option<Id>,
    /// Filters as stored; none means a static segment.
    pub filters: Vec<Value>,
    /// Visible to other users.
    pub is_global: bool,
    /// Shown in the preference center.
    pub is_preference_center: bool,
}

/// A row of `lead_lists_leads`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Membership {
    /// When the contact came in.
    pub added: Timestamp,
    /// Put in by a person or by the API: the update leaves it in.
    pub manually_added: bool,
    /// Taken out by a person or by the API: not a member, and the update leaves it out.
    pub manually_removed: bool,
}

/// Segments and memberships.
#[derive(Clone, Debug, Default)]
pub struct Segments {
    /// `lead_lists`.
    pub table: Table<Segment>,
    /// `lead_lists_leads` by (segment, contact).
    pub members: BTreeMap<(Id, Id), Membership>,
}

impl Segments {
    /// The rows of one segment by contact, those taken out by hand included.
    pub fn rows_of(&self, segment: Id) -> impl Iterator<Item = (Id, Membership)> {
        self.members
            .range((segment, 0)..=(segment, Id::MAX))
            .map(|((_, contact), row)| (*contact, *row))
    }

    /// The contacts that are in a segment.
    pub fn members_of(&self, segment: Id) -> impl Iterator<Item = Id> {
        self.rows_of(segment)
            .filter(|(_, row)| !row.manually_removed)
            .map(|(contact, _)| contact)
    }

    /// Whether a contact is in a segment.
    #[must_use]
    pub fn is_member(&self, segment: Id, contact: Id) -> bool {
        self.members
            .get(&(segment, contact))
            .is_some_and(|row| !row.manually_removed)
    }

    /// The rows of one contact by segment, those taken out by hand included.
    pub fn rows_of_contact(&self, contact: Id) -> impl Iterator<Item = (Id, Membership)> {
        self.members
            .iter()
            .filter(move |((_, of), _)| *of == contact)
            .map(|((segment, _), row)| (*segment, *row))
    }

    /// Gives a contact's rows to another; where that one has a row already, its own stays.
    pub fn move_contact(&mut self, from: Id, to: Id) {
        let rows: Vec<(Id, Membership)> = self.rows_of_contact(from).collect();
        for (segment, row) in rows {
            self.members.remove(&(segment, from));
            self.members.entry((segment, to)).or_insert(row);
        }
    }

    /// Forgets a contact, as deleting it does.
    pub fn forget_contact(&mut self, contact: Id) {
        self.members.retain(|(_, of), _| *of != contact);
    }

    /// Deletes a segment with its rows.
    pub fn delete(&mut self, segment: Id) {
        self.table.remove(segment);
        self.members.retain(|(of, _), _| *of != segment);
    }
}
