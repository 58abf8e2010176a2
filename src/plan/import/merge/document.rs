//! The plan that is there: where its rules and topics stand.

use super::super::super::Catalog;
use crate::diagnostics::{Finding, Findings, Severity, Source};
use std::collections::{BTreeMap, BTreeSet};
use toml_edit::{ArrayOfTables, Document, Item, Table};

/// A plan's text with its places.
pub(super) struct Plan(Document<String>);

/// The topics of a plan.
pub(super) struct Topics {
    /// Keys by group; `None`: main points.
    pub(super) keys: BTreeMap<Option<u32>, String>,
    /// All keys.
    pub(super) taken: BTreeSet<String>,
}

impl Plan {
    /// Reads a text.
    ///
    /// # Errors
    /// Where it is no TOML.
    pub(super) fn read(file: &str, text: &str) -> Result<Self, Findings> {
        Document::parse(text.to_owned()).map(Self).map_err(|error| {
            let place = error.span().map_or(0, |span| span.start);
            one(Source::new(file, text).finding(
                place,
                Severity::Error,
                error.message(),
                "the text is not TOML here, see https://toml.io",
            ))
        })
    }

    /// A key of the plan itself.
    pub(super) fn root(&self) -> &Table {
        self.0.as_table()
    }

    fn tables(&self, key: &str) -> impl Iterator<Item = &Table> {
        let tables = self.root().get(key).and_then(Item::as_array_of_tables);
        tables.into_iter().flat_map(ArrayOfTables::iter)
    }

    /// Keys that must be lists of tables and are written otherwise, so that nothing can be added.
    pub(super) fn written_otherwise(&self) -> Option<&'static str> {
        let is_value = |key: &&str| {
            self.root()
                .get(key)
                .is_some_and(|item| !item.is_array_of_tables())
        };
        ["topic", "point_action"].into_iter().find(is_value)
    }

    /// Rules by the point actions of Mautic's that they stand for.
    pub(super) fn rules(&self) -> BTreeMap<u32, Vec<&Table>> {
        let mut rules: BTreeMap<u32, Vec<&Table>> = BTreeMap::new();
        for table in self.tables("point_action") {
            if let Some(id) = table.get("mautic").and_then(id) {
                rules.entry(id).or_default().push(table);
            }
        }
        rules
    }

    /// Its topics.
    pub(super) fn topics(&self, catalog: &Catalog) -> Topics {
        let mut topics = Topics {
            keys: BTreeMap::new(),
            taken: BTreeSet::new(),
        };
        for table in self.tables("topic") {
            let Some(key) = table.get("key").and_then(Item::as_str) else {
                continue;
            };
            topics.taken.insert(key.to_owned());
            if let Some(group) = group(table, catalog) {
                topics.keys.entry(group).or_insert_with(|| key.to_owned());
            }
        }
        topics
    }

    /// Where the last topic ends; `None`: there is none.
    pub(super) fn last_topic(&self) -> Option<usize> {
        self.tables("topic").map(end).max()
    }

    /// Where the last rule ends that pays into this topic, or else the last of all.
    pub(super) fn last_rule(&self, topic: &str) -> Option<usize> {
        let pays = |table: &&Table| table.get("topic").and_then(Item::as_str) == Some(topic);
        let paying = self.tables("point_action").filter(pays).map(end).max();
        paying.or_else(|| self.tables("point_action").map(end).max())
    }
}

/// The group of a topic (`Some(None)`: main points); `None`: it has none, or one unknown to Mautic.
#[allow(
    clippy::option_option,
    reason = "no group known, or main points: two things"
)]
fn group(table: &Table, catalog: &Catalog) -> Option<Option<u32>> {
    if table.get("main_points").and_then(Item::as_bool) == Some(true) {
        return Some(None);
    }
    let group = table.get("group")?;
    if let Some(name) = group.as_str() {
        let found = catalog.groups.iter().find(|one| one.name == name);
        return found.map(|one| Some(one.id));
    }
    id(group).map(Some)
}

fn id(item: &Item) -> Option<u32> {
    item.as_integer().and_then(|id| u32::try_from(id).ok())
}

/// Where the last value of a table ends, those of its tables included.
fn end(table: &Table) -> usize {
    let inner = table.iter().map(|(_, item)| match item {
        Item::Table(table) => end(table),
        Item::ArrayOfTables(tables) => tables.iter().map(end).max().unwrap_or(0),
        Item::Value(_) | Item::None => item.span().map_or(0, |span| span.end),
    });
    let own = table.span().map_or(0, |span| span.end);
    inner.max().unwrap_or(0).max(own)
}

/// Where the last value ends that stands in the table itself.
pub(super) fn last_value(table: &Table) -> usize {
    let values = table.iter().filter(|(_, item)| item.is_value());
    let ends = values.filter_map(|(_, item)| Some(item.span()?.end));
    ends.max().unwrap_or(0)
}

/// A single finding.
pub(super) fn one(finding: Finding) -> Findings {
    let mut findings = Findings::new();
    findings.push(finding);
    findings
}
