//! What Mautic tells, by webhook or by poll, as the facts the journal keeps. PURE.
//!
//! The same activity is the same [`Activity`](crate::domain::Activity) whoever told it; what only
//! one source can tell is listed in `docs/sources.md`. Nothing here panics, whatever the input.

mod about;
mod build;
mod contact;
mod enter;
mod event;
mod fault;
mod item;
mod json;
mod mails;
mod php;
mod row;
mod table;
mod text;
mod webhook;

#[cfg(test)]
mod tests;

pub use about::{Item, items_about};
pub use contact::profile;
pub use event::EventType;
pub use fault::Fault;
pub use mails::opened_stats;
pub use row::Row;
pub use table::{Table, rows};
pub use webhook::{body, error_item};

use crate::domain::{ContactId, Fact, Sighting, Source};
use std::collections::BTreeSet;

/// What a delivery or a page of rows told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decoded {
    /// The facts, in the order told.
    pub sightings: Vec<Sighting>,
    /// Items that could not be understood.
    pub unreadable: Vec<Unreadable>,
    /// Activities of contacts that are deleted by now: Mautic names nobody.
    pub unattributed: u64,
    /// Items of known types that tell nothing worth keeping, and test deliveries.
    pub ignored: u64,
    /// Contacts that were shown without the id of their stage, or without what their UTM tags are:
    /// ask Mautic for the whole.
    pub incomplete: BTreeSet<ContactId>,
}

/// An item that could not be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Event type or table; `?` for a body that is no delivery at all.
    pub kind: String,
    /// Why.
    pub reason: String,
    /// The item as JSON text, or the whole body; cut to 64 KiB.
    pub excerpt: String,
}

/// How much of an item is kept beside the reason.
const MAX_EXCERPT: usize = 64 * 1024;
/// Event types and tables are short; what comes in their place may not be.
const MAX_KIND: usize = 200;

impl Unreadable {
    pub(crate) fn new(kind: &str, reason: &impl ToString, item: &str) -> Self {
        Self {
            kind: cut(kind, MAX_KIND).to_owned(),
            reason: reason.to_string(),
            excerpt: cut(item, MAX_EXCERPT).to_owned(),
        }
    }
}

fn cut(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

impl Decoded {
    fn tell(&mut self, source: Source, fact: Fact) {
        self.sightings.push(Sighting { source, fact });
    }

    /// Takes over what another part told.
    pub fn append(&mut self, mut other: Self) {
        self.sightings.append(&mut other.sightings);
        self.unreadable.append(&mut other.unreadable);
        self.incomplete.append(&mut other.incomplete);
        self.unattributed += other.unattributed;
        self.ignored += other.ignored;
    }
}
