//! Point groups and the contacts' scores in them.

use std::collections::BTreeMap;

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
