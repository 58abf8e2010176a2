//! Mautic's own point actions ─▶ the text of a plan that gives Mautic's own numbers.

mod rule;
#[cfg(test)]
mod tests;
mod text;

use super::{Catalog, parse::slug};
use crate::diagnostics::{Finding, Findings, Severity, quote};
use crate::domain::GroupId;
use jiff::{Timestamp, tz::TimeZoneDatabase};
use std::collections::{BTreeMap, BTreeSet};
use text::{commented, string};

/// The topic of actions without a point group: Mautic's main points.
const MAIN_TOPIC: &str = "points";

/// A point action as Mautic's API gives it.
#[derive(Debug, Clone, PartialEq)]
pub struct MauticAction {
    /// Mautic's id.
    pub id: u32,
    /// Name.
    pub name: String,
    /// `type`: `page.hit`, `form.submit`, …
    pub kind: String,
    /// `delta`: points per activity.
    pub points: i64,
    /// Whether it pays more than once per contact.
    pub repeatable: bool,
    /// Whether it is switched on.
    pub published: bool,
    /// Pays from this moment on.
    pub publish_up: Option<Timestamp>,
    /// Pays up to and including this moment.
    pub publish_down: Option<Timestamp>,
    /// Limits as in the JSON; `[]` or `{}` if there are none.
    pub properties: serde_json::Value,
    /// Its point group, which the JSON does not tell (FACTS 46).
    pub group: ActionGroup,
}

/// Where an action pays to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActionGroup {
    /// The contact's main points.
    None,
    /// This point group.
    Known(GroupId),
    /// It could not be found out.
    Unknown,
}

/// A plan made from Mautic's actions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The plan's text; [`super::Plan::parse`] reads it without errors.
    pub text: String,
    /// What could not be carried over unchanged.
    pub findings: Findings,
}

/// Writes a plan from Mautic's point actions.
///
/// Topics have neither floor nor ceiling, so that the numbers stay Mautic's own. Actions
/// that cannot be expressed are there as comments. An unknown `time_zone` becomes UTC.
#[must_use]
pub fn import(actions: &[MauticAction], catalog: &Catalog, time_zone: &str) -> Imported {
    let mut importer = Importer {
        catalog,
        topics: topic_keys(catalog),
        active: BTreeSet::new(),
        findings: Findings::new(),
    };
    // An action is written once, even if it was read on two pages of a list.
    let by_id: BTreeMap<u32, &MauticAction> = actions.iter().map(|one| (one.id, one)).collect();
    let mut sorted: Vec<&MauticAction> = by_id.into_values().collect();
    sorted.sort_by_key(|action| (importer.group(action).map(|id| id.0), action.id));
    let rules: String = sorted.iter().map(|action| importer.rule(action)).collect();
    let text = [
        header(time_zone),
        importer.topics_text(),
        rules,
        EXAMPLES.to_owned(),
    ]
    .concat();
    Imported {
        text,
        findings: importer.findings,
    }
}

struct Importer<'c> {
    catalog: &'c Catalog,
    topics: BTreeMap<u32, String>,
    /// Groups (`None`: main points) that at least one rule pays into.
    active: BTreeSet<Option<u32>>,
    findings: Findings,
}

impl Importer<'_> {
    /// The action's group, if Mautic has it.
    fn group(&self, action: &MauticAction) -> Option<GroupId> {
        match action.group {
            ActionGroup::Known(id) => self.catalog.group_name(id).map(|_| id),
            ActionGroup::None | ActionGroup::Unknown => None,
        }
    }

    fn topic_key(&self, group: Option<GroupId>) -> &str {
        let key = group.and_then(|id| self.topics.get(&id.0));
        key.map_or(MAIN_TOPIC, String::as_str)
    }

    fn rule(&mut self, action: &MauticAction) -> String {
        let group = self.group(action);
        let mut rule = rule::write(action, self.topic_key(group), self.catalog);
        if group.is_none() && action.group != ActionGroup::None {
            rule.doubt(
                "its point group could not be found out, so it pays into the topic `points`",
                "look the group up in Mautic and name its topic in the rule",
            );
        }
        if rule.active {
            self.active.insert(group.map(|id| id.0));
        }
        let who = format!("point action {} {}", action.id, quote(&action.name));
        for (message, hint) in &rule.doubts {
            let message = format!("{who}: {message}");
            let finding = Finding::about("Mautic", Severity::Warning, message, *hint);
            self.findings.push(finding);
        }
        rule.text()
    }

    fn topics_text(&self) -> String {
        let main = topic_text(MAIN_TOPIC, "Points", None);
        let mut text = self.shown(main, None);
        for group in &self.catalog.groups {
            let key = self.topic_key(Some(GroupId(group.id)));
            let topic = topic_text(key, &group.name, Some(group.id));
            text.push_str(&self.shown(topic, Some(group.id)));
        }
        text
    }

    /// A topic without a rule would bring the group's scores to 0: it stays a comment.
    fn shown(&self, topic: String, group: Option<u32>) -> String {
        if self.active.contains(&group) {
            topic
        } else {
            format!("# No action pays into this one.\n{}", commented(&topic))
        }
    }
}

fn topic_keys(catalog: &Catalog) -> BTreeMap<u32, String> {
    let mut taken = BTreeSet::from([MAIN_TOPIC.to_owned()]);
    let mut keys = BTreeMap::new();
    for group in &catalog.groups {
        let mut key = slug(&group.name);
        if !taken.insert(key.clone()) {
            // The id tells two groups of one name apart; `_` is in no slug.
            let start: String = key.chars().take(50).collect();
            key = format!("{start}_{}", group.id);
            taken.insert(key.clone());
        }
        keys.insert(group.id, key);
    }
    keys
}

fn topic_text(key: &str, label: &str, group: Option<u32>) -> String {
    let label = if label.trim().is_empty() { key } else { label };
    let group = group.map_or("# computed and shown, not written\n".to_owned(), |id| {
        format!("group = {id}\n")
    });
    format!(
        "[[topic]]\nkey = {}\nlabel = {}\n{group}floor = \"none\"\nceiling = \"none\"\n\n",
        string(key),
        string(label)
    )
}

fn header(time_zone: &str) -> String {
    let known = TimeZoneDatabase::bundled().get(time_zone).is_ok();
    let zone = if known { time_zone } else { "UTC" };
    format!(
        "# Made from Mautic's point actions. Every key is explained in docs/plan.md.\n\
         # topicscore becomes the only writer of the point groups named here: switch off\n\
         # Mautic's actions that pay into them before you say `live`.\n\n\
         format = 1\ntime_zone = {}\ntick = \"03:00\"\n\n",
        string(zone)
    )
}

const EXAMPLES: &str = "\
# Bands name ranges of a score; add them to a topic:
# bands = [{ name = \"cold\", from = 0 }, { name = \"warm\", from = 20 }, { name = \"hot\", from = 50 }]

# A segment that a score keeps: in at 50, out below 40. Campaigns can start on it.
# [[segment]]
# segment = \"Name of a segment without filters\"
# topic = \"points\"
# enter = 50
# leave = 40
";
