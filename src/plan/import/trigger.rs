//! One point trigger ─▶ one `[[trigger]]`, mostly as a comment.

use super::super::Catalog;
use super::rule::{Doubt, ids, named};
use super::text::{commented, string};
use super::topics::TopicKeys;
use super::{ActionGroup, ImportOptions, MauticEvent, MauticTrigger, SeenTrigger};
use crate::domain::SegmentId;
use serde_json::Value as Json;
use std::{collections::BTreeSet, fmt::Write as _};

/// A trigger, written.
#[derive(Debug)]
pub(super) struct Written {
    /// Mautic's id.
    pub(super) id: u32,
    /// Name.
    pub(super) name: String,
    /// Whose score; `None`: main points.
    pub(super) group: Option<u32>,
    /// Whether it is a trigger or a comment.
    pub(super) active: bool,
    /// What is not as in Mautic.
    pub(super) doubts: Vec<Doubt>,
    /// All that matters of it, in one text: changes when it is changed.
    pub(super) facts: String,
    lines: String,
}

impl Written {
    /// The text, with the doubts above it and an empty line below.
    pub(super) fn text(&self) -> String {
        let doubts = self.doubts.iter().map(|(doubt, _)| ["# ", doubt, ".\n"]);
        let doubts: String = doubts.flatten().collect();
        let trigger = if self.active {
            self.lines.clone()
        } else {
            commented(&self.lines)
        };
        format!("{doubts}{trigger}\n")
    }

    /// What a later import compares with.
    pub(super) fn seen(&self) -> SeenTrigger {
        SeenTrigger {
            name: self.name.clone(),
            facts: self.facts.clone(),
        }
    }

    fn doubt(&mut self, message: impl Into<String>, hint: &'static str) {
        self.doubts.push((message.into(), hint));
    }

    fn refuse(&mut self, message: impl Into<String>, hint: &'static str) {
        self.active = false;
        self.doubt(message, hint);
    }

    fn set(&mut self, key: &str, value: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.lines, "{key} = {value}");
    }
}

/// All triggers, with what is to be known of them.
pub(super) fn section(triggers: &[Written]) -> String {
    if triggers.is_empty() {
        return String::new();
    }
    let triggers: String = triggers.iter().map(Written::text).collect();
    format!("{ABOUT}{triggers}")
}

const ABOUT: &str = "\
# Mautic's own point triggers. As comments they do nothing; to have topicscore do their work, take
# the comment signs away and unpublish the trigger in Mautic: otherwise both do it.
# Mautic 5.1 deletes events of its triggers once they ran (its issue 13817): compare with what
# the trigger was meant to do.

";

/// Writes a trigger.
pub(super) fn write(
    trigger: &MauticTrigger,
    catalog: &Catalog,
    topics: &TopicKeys,
    options: &ImportOptions,
) -> Written {
    let mut written = new(trigger, catalog, options);
    if trigger.group == ActionGroup::Missing {
        written.refuse(
            "group not known: Mautic's lists do not tell it, so it looks at the main points here",
            "look the group up in Mautic and name its topic",
        );
    }
    if !trigger.published {
        written.refuse("it is not published", "use it as you like");
    }
    if i32::try_from(trigger.points).is_err() {
        written.refuse("its points are beyond 32 bits", "give it fewer points");
    }
    written.set("key", &string(&format!("mautic-trigger-{}", trigger.id)));
    written.set("name", &string(&written.name.clone()));
    written.set("topic", &string(topics.key(written.group)));
    written.set("at", &trigger.points.to_string());
    // Crossings from before were Mautic's own.
    written.set("since", &options.now.to_string());
    write_events(&mut written, &trigger.events, catalog);
    written
}

fn new(trigger: &MauticTrigger, catalog: &Catalog, options: &ImportOptions) -> Written {
    let group = trigger.group.group();
    let group = group.filter(|id| catalog.group_name(*id).is_some());
    let unnamed = trigger.name.trim().is_empty();
    let events: Vec<_> = trigger
        .events
        .iter()
        .map(|event| format!("{} {}", event.kind, event.properties))
        .collect();
    Written {
        id: trigger.id,
        name: if unnamed {
            format!("Point trigger {}", trigger.id)
        } else {
            trigger.name.clone()
        },
        group: group.map(|id| id.0),
        active: options.triggers,
        doubts: Vec::new(),
        facts: format!(
            "{} at {}{}: {}",
            string(&trigger.name),
            trigger.points,
            if trigger.published { "" } else { ", off" },
            events.join("; ")
        ),
        lines: "[[trigger]]\n".to_owned(),
    }
}

/// Effects of all events, collected by their keys.
#[derive(Default)]
struct Effects {
    add_to: Vec<u32>,
    remove_from: Vec<u32>,
    add_tags: Vec<String>,
    remove_tags: Vec<String>,
    add_to_campaigns: Vec<u32>,
    remove_from_campaigns: Vec<u32>,
    send_email: Vec<u32>,
    mail_to: Option<String>,
}

impl Effects {
    /// Each thing once, also if several events name it.
    fn tidy(&mut self) {
        let ids = [
            &mut self.add_to,
            &mut self.remove_from,
            &mut self.add_to_campaigns,
            &mut self.remove_from_campaigns,
            &mut self.send_email,
        ];
        for list in ids {
            let mut seen = BTreeSet::new();
            list.retain(|id| seen.insert(*id));
        }
        for list in [&mut self.add_tags, &mut self.remove_tags] {
            let mut seen = BTreeSet::new();
            list.retain(|tag| !tag.trim().is_empty() && seen.insert(tag.clone()));
        }
    }

    fn are_none(&self) -> bool {
        let ids = [
            &self.add_to,
            &self.remove_from,
            &self.add_to_campaigns,
            &self.remove_from_campaigns,
            &self.send_email,
        ];
        ids.into_iter().all(Vec::is_empty)
            && self.add_tags.is_empty()
            && self.remove_tags.is_empty()
            && self.mail_to.is_none()
    }

    /// Whether the same thing is to be added and removed.
    fn contradict(&self) -> bool {
        let both = |add: &[u32], remove: &[u32]| add.iter().any(|id| remove.contains(id));
        both(&self.add_to, &self.remove_from)
            || both(&self.add_to_campaigns, &self.remove_from_campaigns)
            || self
                .add_tags
                .iter()
                .any(|tag| self.remove_tags.contains(tag))
    }
}

fn check_segments(written: &mut Written, effects: &Effects, catalog: &Catalog) {
    let has_filters = |id: &u32| catalog.filtered_segments.contains(&SegmentId(*id));
    if effects
        .add_to
        .iter()
        .chain(&effects.remove_from)
        .any(has_filters)
    {
        written.refuse(
            "it changes a segment that has filters, which only Mautic may write",
            "make a segment without filters in Mautic and name that one",
        );
    }
    if effects.contradict() {
        written.refuse("it adds and removes the same thing", "keep one of the two");
    }
}

fn write_events(written: &mut Written, events: &[MauticEvent], catalog: &Catalog) {
    let mut effects = Effects::default();
    for event in events {
        if read_event(written, &mut effects, event).is_none() {
            written.refuse(
                format!("what its event {} does cannot be read", event.kind),
                "open and save the trigger in Mautic, then import again",
            );
        }
    }
    effects.tidy();
    check_segments(written, &effects, catalog);
    for (key, ids, known) in [
        ("add_to", &effects.add_to, &catalog.segments),
        ("remove_from", &effects.remove_from, &catalog.segments),
        (
            "add_to_campaigns",
            &effects.add_to_campaigns,
            &catalog.campaigns,
        ),
        (
            "remove_from_campaigns",
            &effects.remove_from_campaigns,
            &catalog.campaigns,
        ),
        ("send_email", &effects.send_email, &catalog.emails),
    ] {
        if !ids.is_empty() {
            written.set(key, &named(ids, known).text(&TopicKeys::default()));
            if ids
                .iter()
                .any(|id| !known.iter().any(|thing| thing.id == *id))
            {
                written.refuse(
                    format!("`{key}` names something that Mautic does not have any more"),
                    "take it out",
                );
            }
        }
    }
    write_texts(written, &effects);
    if effects.are_none() {
        written.refuse(
            "nothing that it does can be carried over (Mautic deletes events that ran)",
            "say what it should do, or remove it",
        );
    }
}

fn write_texts(written: &mut Written, effects: &Effects) {
    for (key, tags) in [
        ("add_tags", &effects.add_tags),
        ("remove_tags", &effects.remove_tags),
    ] {
        if !tags.is_empty() {
            let tags: Vec<_> = tags.iter().map(|tag| string(tag)).collect();
            written.set(key, &format!("[{}]", tags.join(", ")));
        }
    }
    if let Some(to) = &effects.mail_to {
        let subject = string(&format!("{}: {{name}}", written.name));
        let text = string("{name} ({email}): {reason}");
        written.set(
            "mail",
            &format!(
                "{{ to = {}, subject = {subject}, text = {text} }}",
                string(to)
            ),
        );
    }
}

/// Notes what an event does; `None`: it cannot be read.
fn read_event(written: &mut Written, effects: &mut Effects, event: &MauticEvent) -> Option<()> {
    let properties = &event.properties;
    match event.kind.as_str() {
        "lead.changelists" => {
            effects.add_to.extend(ids(&properties["addToLists"])?);
            effects
                .remove_from
                .extend(ids(&properties["removeFromLists"])?);
        }
        "lead.changetags" => {
            effects.add_tags.extend(texts(&properties["add_tags"])?);
            effects
                .remove_tags
                .extend(texts(&properties["remove_tags"])?);
        }
        "campaign.changecampaign" => {
            effects.add_to_campaigns.extend(ids(&properties["addTo"])?);
            effects
                .remove_from_campaigns
                .extend(ids(&properties["removeFrom"])?);
            written.doubt(
                "in Mautic 5.1.1 its change of campaigns does nothing; here it would",
                "take it out if nobody missed it",
            );
        }
        "email.send" => effects
            .send_email
            .extend(one_or_more(&properties["email"])?),
        "email.send_to_user" => send_to_user(written, effects, properties),
        kind => written.refuse(
            format!("its event {kind} cannot be expressed"),
            "leave the trigger to Mautic, or let a campaign do it",
        ),
    }
    Some(())
}

/// Mautic sends an email of its own to users; here a person is mailed a text.
fn send_to_user(written: &mut Written, effects: &mut Effects, properties: &Json) {
    let to = properties["to"].as_str().unwrap_or_default();
    let mut addresses = to
        .split([',', ';'])
        .map(str::trim)
        .filter(|one| one.contains('@'));
    match (effects.mail_to.is_some(), addresses.next()) {
        (false, Some(first)) => {
            effects.mail_to = Some(first.to_owned());
            written.doubt(
                "Mautic mails an email of its own there; here it is a text",
                "write subject and text as you like",
            );
        }
        _ => written.refuse(
            "it mails users of Mautic, whose addresses are not known here",
            "write `mail = { to = …, subject = …, text = … }`",
        ),
    }
    if addresses.next().is_some() {
        written.refuse("it mails several addresses", "write one trigger for each");
    }
}

fn one_or_more(value: &Json) -> Option<Vec<u32>> {
    match value {
        Json::Number(_) | Json::String(_) => ids(&Json::Array(vec![value.clone()])),
        _ => ids(value),
    }
}

fn texts(value: &Json) -> Option<Vec<String>> {
    let text = |item: &Json| item.as_str().map(str::to_owned);
    match value {
        Json::Null => Some(Vec::new()),
        Json::Array(items) => items.iter().map(text).collect(),
        Json::Object(items) => items.values().map(text).collect(),
        _ => None,
    }
}
