//! Mautic's own point actions and triggers ─▶ the text of a plan that gives Mautic's own numbers;
//! and later, what changed there ─▶ a plan that people have edited since.

mod infer;
mod mautic;
mod merge;
mod rule;
mod seen;
#[cfg(test)]
mod tests;
mod text;
mod topics;
mod trigger;
mod value;

pub use infer::infer;
pub use mautic::{ActionGroup, MauticAction, MauticEvent, MauticPoints, MauticTrigger};
pub use merge::{Change, Merged, Thing, What, merge};
pub use seen::{Seen, SeenAction, SeenTrigger};

use super::{Behaviour, Catalog};
use crate::diagnostics::{Finding, Findings, Severity, quote};
use jiff::{Timestamp, tz::TimeZoneDatabase};
use rule::Rule;
use std::collections::{BTreeMap, BTreeSet};
use text::string;
use topics::TopicKeys;

/// How a plan is to be written.
#[derive(Debug, Clone)]
pub struct ImportOptions {
    /// Name of the plan's time zone; an unknown one becomes UTC.
    pub time_zone: String,
    /// How point actions count. `None`: corrected in a new plan, unchanged in one that is there.
    pub behaviour: Option<Behaviour>,
    /// Writes published triggers as triggers; else they are comments.
    pub triggers: bool,
    /// When Mautic was read: a trigger fires for crossings from then on.
    pub now: Timestamp,
}

/// A plan made from Mautic's actions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The plan's text; [`super::Plan::parse`] reads it without errors.
    pub text: String,
    /// What could not be carried over unchanged.
    pub findings: Findings,
    /// What Mautic showed: to be kept, so that a later import knows what changed since.
    pub seen: Seen,
}

/// Writes a plan from Mautic's point actions.
///
/// Topics have neither floor nor ceiling and machines count like people, so that the numbers stay
/// Mautic's own. Actions that cannot be expressed are there as comments.
#[must_use]
pub fn import(mautic: &MauticPoints, catalog: &Catalog, options: &ImportOptions) -> Imported {
    let topics = TopicKeys::new(catalog);
    let import = Import::read(mautic, catalog, options, &topics);
    let rules: String = import.rules.iter().map(|rule| rule.text(&topics)).collect();
    let text = [
        header(options),
        topics.text(catalog, &import.active_groups(mautic), &mautic.paid),
        rules,
        trigger::section(&import.triggers),
        EXAMPLES.to_owned(),
    ]
    .concat();
    Imported {
        text,
        seen: import.seen(),
        findings: import.findings,
    }
}

/// Everything of Mautic's as it would stand in a plan.
struct Import {
    /// By group, main points first, then by id.
    rules: Vec<Rule>,
    triggers: Vec<trigger::Written>,
    findings: Findings,
}

impl Import {
    fn read(
        mautic: &MauticPoints,
        catalog: &Catalog,
        options: &ImportOptions,
        topics: &TopicKeys,
    ) -> Self {
        // An action is written once, even if it was read on two pages of a list.
        let actions: BTreeMap<u32, _> = mautic.actions.iter().map(|one| (one.id, one)).collect();
        let mut rules: Vec<Rule> = actions
            .into_values()
            .map(|action| rule::write(action, catalog))
            .collect();
        rules.sort_by_key(|rule| (rule.group, rule.id));
        let triggers: BTreeMap<u32, _> = mautic.triggers.iter().map(|one| (one.id, one)).collect();
        let triggers: Vec<_> = triggers
            .into_values()
            .map(|one| trigger::write(one, catalog, topics, options))
            .collect();
        let told = rules
            .iter()
            .map(|rule| ("point action", rule.id, &rule.name, &rule.doubts));
        let findings = told.chain(
            triggers
                .iter()
                .map(|one| ("trigger", one.id, &one.name, &one.doubts)),
        );
        Self {
            findings: findings
                .flat_map(|(what, id, name, doubts)| doubts_of(what, id, name, doubts))
                .fold(Findings::new(), |mut all, one| {
                    all.push(one);
                    all
                }),
            rules,
            triggers,
        }
    }

    /// Groups (`None`: main points) that rules or others pay into, or triggers look at.
    fn active_groups(&self, mautic: &MauticPoints) -> BTreeSet<Option<u32>> {
        let paid = self.rules.iter().filter(|rule| rule.active);
        let watched = self.triggers.iter().filter(|trigger| trigger.active);
        paid.map(|rule| rule.group)
            .chain(watched.map(|trigger| trigger.group))
            .chain(mautic.paid.keys().map(|group| group.map(|id| id.0)))
            .collect()
    }

    fn seen(&self) -> Seen {
        Seen {
            actions: self
                .rules
                .iter()
                .map(|rule| (rule.id, rule.seen()))
                .collect(),
            triggers: self
                .triggers
                .iter()
                .map(|trigger| (trigger.id, trigger.seen()))
                .collect(),
        }
    }
}

fn doubts_of(what: &str, id: u32, name: &str, doubts: &[rule::Doubt]) -> Vec<Finding> {
    let who = format!("{what} {id} {}", quote(name));
    let finding = |(message, hint): &rule::Doubt| {
        Finding::about(
            "Mautic",
            Severity::Warning,
            format!("{who}: {message}"),
            *hint,
        )
    };
    doubts.iter().map(finding).collect()
}

fn header(options: &ImportOptions) -> String {
    let zone = &options.time_zone;
    let known = TimeZoneDatabase::bundled().get(zone).is_ok();
    let zone = if known { zone } else { "UTC" };
    let behaviour = behaviour_name(options.behaviour.unwrap_or_default());
    format!(
        "# Made from Mautic's own point actions. Every key is explained in docs/plan.md.\n\
         # topicscore becomes the only writer of the point groups named here: switch off\n\
         # Mautic's actions that pay into them before you say `live`.\n\n\
         format = 1\ntime_zone = {}\ntick = \"03:00\"\n\n\
         # \"mautic\": rules count as Mautic 5.1.1 counts them, to the letter, mistakes included.\n\
         # \"corrected\": they count as they were meant. `topicscore plan import --dry-run` says\n\
         # where that makes a difference for your contacts.\n\
         behaviour = {}\n\n\
         # What opens and clicks of machines are worth, in percent of a person's. Mautic counts\n\
         # them in full; 0 takes their points away: of Apple Mail Privacy Protection, of image\n\
         # proxies, and of link scanners.\n\
         [machine]\napple = 100\nproxy = 100\nscanner = 100\n\n",
        string(zone),
        string(behaviour)
    )
}

const fn behaviour_name(behaviour: Behaviour) -> &'static str {
    match behaviour {
        Behaviour::Corrected => "corrected",
        Behaviour::Mautic => "mautic",
    }
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
