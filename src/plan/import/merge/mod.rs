//! An import into a plan that is there: what changed in Mautic comes in, what people edited stays.
//!
//! Three texts meet for each value: what Mautic said at the last import ([`Seen`]), what it says
//! now, and what the plan says. Where the plan still says what Mautic said, it follows Mautic;
//! where it does not, somebody edited it, and the plan's value stays.

mod change;
mod document;
mod edit;
mod ids;
mod keys;
#[cfg(test)]
mod tests;

pub use change::{Change, Thing, What};

use super::super::Catalog;
use super::rule::Rule;
use super::topics::TopicKeys;
use super::trigger::{self, Written};
use super::{Import, ImportOptions, MauticPoints, Seen, behaviour_name};
use crate::diagnostics::{Finding, Findings, Severity};
use crate::plan::Plan as ReadPlan;
use document::Plan;
use edit::Edits;
use std::collections::BTreeSet;
use toml_edit::{Item, Table};

/// A plan with an import merged into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// The plan's text; [`ReadPlan::parse`] reads it without errors.
    pub text: String,
    /// What was done and left, by thing and id.
    pub changes: Vec<Change>,
    /// What could not be carried over unchanged.
    pub findings: Findings,
    /// What Mautic showed, to be kept for the next time.
    pub seen: Seen,
}

impl Merged {
    /// The changes as text: `+` and `-` as in a diff, `!` for conflicts, `=` for what stays.
    #[must_use]
    pub fn report(&self) -> String {
        change::text(&self.changes)
    }

    /// Changes in Mautic that met edits in the plan.
    pub fn conflicts(&self) -> impl Iterator<Item = &Change> {
        let conflicts = [What::Conflict, What::Untouched];
        self.changes
            .iter()
            .filter(move |change| conflicts.contains(&change.what))
    }
}

/// Merges what Mautic shows now into a plan. `file` is only told in findings; `base` is what it
/// showed at the last import of this file; without it every difference counts as an edit.
///
/// Comments, order and formatting of the plan stay. Rules are never removed.
///
/// # Errors
/// What is wrong with the plan's text, or would be afterwards.
pub fn merge(
    (file, text): (&str, &str),
    base: Option<&Seen>,
    mautic: &MauticPoints,
    catalog: &Catalog,
    options: &ImportOptions,
) -> Result<Merged, Findings> {
    let plan = Plan::read(file, text)?;
    if let Some(key) = plan.written_otherwise() {
        let message = format!("`{key}` is a list in one value, into which nothing can be merged");
        let hint = format!("write [[{key}]] before each one");
        let finding = Finding::about(file, Severity::Error, message, hint);
        return Err(document::one(finding));
    }
    let topics = plan.topics(catalog);
    let keys = TopicKeys::beside(topics.keys.clone(), &topics.taken, catalog);
    let mut merge = Merger {
        text,
        plan: &plan,
        base,
        import: Import::read(mautic, catalog, options, &keys),
        known_topics: topics.keys.into_keys().collect(),
        topics: keys,
        catalog,
        mautic,
        edits: Edits::of(text),
        changes: Vec::new(),
    };
    merge.behaviour(options);
    merge.rules();
    merge.gone();
    merge.triggers();
    let result = merge.finish();
    ReadPlan::parse(file, &result.text)?;
    Ok(result)
}

struct Merger<'m> {
    text: &'m str,
    plan: &'m Plan,
    base: Option<&'m Seen>,
    import: Import,
    /// Groups that have a topic.
    known_topics: BTreeSet<Option<u32>>,
    topics: TopicKeys,
    catalog: &'m Catalog,
    mautic: &'m MauticPoints,
    edits: Edits<'m>,
    changes: Vec<Change>,
}

impl Merger<'_> {
    fn behaviour(&mut self, options: &ImportOptions) {
        let Some(behaviour) = options.behaviour else {
            return;
        };
        let root = self.plan.root();
        let wanted = format!("\"{}\"", behaviour_name(behaviour));
        let item = root.get("behaviour");
        let old = item.map(|item| super::value::compared("behaviour", item, &self.topics));
        if old.as_ref() == Some(&wanted) {
            return;
        }
        match (
            item.and_then(Item::span),
            root.get("format").and_then(Item::span),
        ) {
            (Some(place), _) => self.edits.replace(place, wanted.clone()),
            (None, Some(format)) => {
                let line = format!("behaviour = {wanted}\n");
                self.edits.insert_below(format.end, &line);
            }
            (None, None) => return,
        }
        self.changes.push(Change {
            key: Some("behaviour".to_owned()),
            plan: old,
            ..Change::of(Thing::Plan, None, "", What::Changed).mautic(wanted)
        });
    }

    fn rules(&mut self) {
        let there = self.plan.rules();
        for rule in std::mem::take(&mut self.import.rules) {
            match there.get(&rule.id).map(Vec::as_slice) {
                None | Some([]) => self.absent(&rule),
                Some([table]) if rule.expressible => self.present(&rule, table),
                Some([_]) => {
                    let reason = rule.doubts.first().map_or("", |(doubt, _)| doubt.as_str());
                    self.tell(&rule, What::Untouched, Some(reason.to_owned()));
                }
                Some(several) => {
                    let reason = format!("{} rules of the plan stand for it", several.len());
                    self.tell(&rule, What::Untouched, Some(reason));
                }
            }
            self.import.rules.push(rule);
        }
    }

    fn tell(&mut self, rule: &Rule, what: What, mautic: Option<String>) {
        self.changes.push(Change {
            mautic,
            ..Change::of(Thing::PointAction, Some(rule.id), &rule.name, what)
        });
    }

    /// The plan has no rule of it.
    fn absent(&mut self, rule: &Rule) {
        let before = self.base.and_then(|base| base.actions.get(&rule.id));
        let noted = self.text.contains(&format!("\"mautic-{}\"", rule.id));
        let what = match (before.map(|seen| seen.active), rule.active) {
            (Some(true), _) => return self.tell(rule, What::LeftOut, None),
            (Some(false), true) => What::SwitchedOn,
            (Some(false), false) => return,
            (None, _) if noted => return self.tell(rule, What::LeftOut, None),
            (None, true) => What::Added,
            (None, false) => What::Noted,
        };
        if rule.active {
            self.need_topic(rule.group);
        }
        self.append(rule);
        let pays = keys::summary(rule, &self.topics);
        self.tell(rule, what, Some(pays));
    }

    fn append(&mut self, rule: &Rule) {
        let topic = self.topics.key(rule.group);
        let after = self.plan.last_rule(topic);
        let after = after.unwrap_or(self.text.len());
        self.edits.insert_block(after, &rule.text(&self.topics));
    }

    /// Adds the topic of a group, if the plan has none.
    fn need_topic(&mut self, group: Option<u32>) {
        if !self.known_topics.insert(group) {
            return;
        }
        let text = self.topics.topic(group, self.catalog, &self.mautic.paid);
        let after = self.plan.last_topic().unwrap_or(self.text.len());
        self.edits.insert_block(after, &text);
        let key = self.topics.key(group).to_owned();
        let name = group.and_then(|id| self.catalog.groups.iter().find(|one| one.id == id));
        let name = name.map_or("Points", |group| group.name.as_str());
        let added = Change::of(Thing::Topic, group, name, What::Added);
        self.changes.push(added.mautic(format!("key = \"{key}\"")));
    }

    /// The plan has one rule of it.
    fn present(&mut self, rule: &Rule, table: &Table) {
        let before = self.base.and_then(|base| base.actions.get(&rule.id));
        for key in keys::compare(rule, table, before, &self.topics) {
            if key.what == What::Changed {
                if key.key == "topic" {
                    self.need_topic(rule.group);
                }
                keys::write(&mut self.edits, rule, table, key.key, &self.topics);
            }
            self.changes.push(Change {
                key: Some(key.key.to_owned()),
                plan: key.plan,
                before: key.before,
                mautic: key.mautic,
                ..Change::of(Thing::PointAction, Some(rule.id), &rule.name, key.what)
            });
        }
        if before.is_some_and(|seen| seen.published) && !rule.published {
            self.tell(rule, What::SwitchedOff, None);
        }
    }

    /// Rules of actions that Mautic does not have any more.
    fn gone(&mut self) {
        let there: BTreeSet<u32> = self.import.rules.iter().map(|rule| rule.id).collect();
        for (id, tables) in self.plan.rules() {
            if !there.contains(&id) {
                let name = tables.first().and_then(|table| table.get("name")?.as_str());
                let name = name.unwrap_or_default();
                let gone = Change::of(Thing::PointAction, Some(id), name, What::Gone);
                self.changes.push(gone);
            }
        }
    }

    fn triggers(&mut self) {
        let mut new: Vec<Written> = Vec::new();
        for trigger in std::mem::take(&mut self.import.triggers) {
            let before = self.base.and_then(|base| base.triggers.get(&trigger.id));
            let about = |what| Change::of(Thing::Trigger, Some(trigger.id), &trigger.name, what);
            let key = format!("\"mautic-trigger-{}\"", trigger.id);
            match before {
                Some(before) if before.facts != trigger.facts => self.changes.push(Change {
                    before: Some(before.facts.clone()),
                    ..about(What::Told).mautic(&trigger.facts)
                }),
                None if !self.text.contains(&key) => {
                    let what = if trigger.active {
                        What::Added
                    } else {
                        What::Noted
                    };
                    self.changes.push(about(what).mautic(&trigger.facts));
                    if trigger.active {
                        self.need_topic(trigger.group);
                    }
                    new.push(trigger);
                    continue;
                }
                _ => {}
            }
            self.import.triggers.push(trigger);
        }
        if !new.is_empty() {
            let section = trigger::section(&new);
            self.edits.insert_block(self.text.len(), &section);
        }
        self.import.triggers.append(&mut new);
        let there: BTreeSet<u32> = self.import.triggers.iter().map(|one| one.id).collect();
        let known = self.base.into_iter().flat_map(|base| &base.triggers);
        for (id, seen) in known.filter(|(id, _)| !there.contains(id)) {
            let gone = Change::of(Thing::Trigger, Some(*id), &seen.name, What::Gone);
            self.changes.push(gone);
        }
    }

    fn finish(self) -> Merged {
        let mut seen = self.import.seen();
        for rule in self.import.rules.iter().filter(|rule| !rule.knows_group()) {
            // A group that could not be found out this time is still the one found out before.
            let before = self.base.and_then(|base| base.actions.get(&rule.id));
            let topic = before.and_then(|seen| seen.keys.get("topic"));
            if let (Some(topic), Some(action)) = (topic, seen.actions.get_mut(&rule.id)) {
                action.keys.insert("topic".to_owned(), topic.clone());
            }
        }
        let mut changes = self.changes;
        changes.sort_by_key(|change| (change.thing, change.id));
        Merged {
            text: self.edits.apply(),
            changes,
            findings: self.import.findings,
            seen,
        }
    }
}
