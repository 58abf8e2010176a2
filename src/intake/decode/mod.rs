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
mod poison_tests;
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
/// Of a delivery so many items are set aside one by one. A body of the largest size may hold
/// millions, each of which would take a hundred times the space it has there.
const MAX_UNREADABLE: usize = 1000;

impl Unreadable {
    pub(crate) fn new(kind: &str, reason: &impl ToString, item: &str) -> Self {
        // Each NUL, which stores refuse, is shown as a character that takes three bytes.
        let text =
            |text: &str, most| cut(&cut(text, most).replace('\0', "\u{fffd}"), most).to_owned();
        Self {
            kind: text(kind, MAX_KIND),
            reason: reason.to_string().replace('\0', "\u{fffd}"),
            excerpt: text(item, MAX_EXCERPT),
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

    /// Sets an item of a delivery aside.
    fn set_aside(&mut self, kind: &str, reason: &impl ToString, item: &str) {
        if self.unreadable.len() < MAX_UNREADABLE {
            self.unreadable.push(Unreadable::new(kind, reason, item));
        } else if self.unreadable.len() == MAX_UNREADABLE {
            let reason = "more of this delivery could not be understood than is shown here; \
                          its raw body is kept, and decoded again as a whole after an upgrade";
            self.unreadable.push(Unreadable::new("?", &reason, ""));
        }
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
