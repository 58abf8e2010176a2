//! What Mautic has, by id and name: needed to bind a plan's names.

use crate::domain::{GroupId, SegmentId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// One named thing of Mautic's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// Mautic's id.
    pub id: u32,
    /// Mautic's name (titles of pages and assets).
    pub name: String,
}

/// Mautic's names as last read. Kept in the store, so that a restart needs no Mautic.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Catalog {
    /// Point groups.
    pub groups: Vec<Named>,
    /// Segments.
    pub segments: Vec<Named>,
    /// Segments that have filters: Mautic keeps them, a plan must not write them.
    pub filtered_segments: Vec<SegmentId>,
    /// Emails.
    pub emails: Vec<Named>,
    /// Landing pages.
    pub pages: Vec<Named>,
    /// Forms.
    pub forms: Vec<Named>,
    /// Assets.
    pub assets: Vec<Named>,
    /// Text messages.
    #[serde(default)]
    pub messages: Vec<Named>,
    /// Stages.
    #[serde(default)]
    pub stages: Vec<Named>,
    /// Campaigns.
    #[serde(default)]
    pub campaigns: Vec<Named>,
    /// Mautic's users, by their user names: owners.
    #[serde(default)]
    pub users: Vec<Named>,
    /// Variants of landing pages, each with its parent: a limit to the parent covers them
    /// (SEMANTICS 3, page.hit).
    #[serde(default)]
    pub page_variants: BTreeMap<u32, u32>,
    /// Number fields of which Mautic shows whole numbers only, by alias (FACTS 116). Read where a plan
    /// is checked, and not kept.
    #[serde(skip)]
    pub whole_numbers: BTreeSet<String>,
}

impl Catalog {
    /// Name of a point group.
    #[must_use]
    pub fn group_name(&self, id: GroupId) -> Option<&str> {
        find(&self.groups, id.0)
    }

    /// Name of a segment.
    #[must_use]
    pub fn segment_name(&self, id: SegmentId) -> Option<&str> {
        find(&self.segments, id.0)
    }
}

fn find(things: &[Named], id: u32) -> Option<&str> {
    things
        .iter()
        .find(|thing| thing.id == id)
        .map(|thing| thing.name.as_str())
}
