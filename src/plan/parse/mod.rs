//! Plan file ─▶ [`Plan`], or everything that is wrong with it.

mod action;
mod bands;
mod condition;
mod context;
mod effects;
mod grade;
mod limits;
mod machine;
mod mail;
mod objects;
mod pays;
mod refs;
mod rules;
mod segment;
mod span;
#[cfg(test)]
mod tests;
mod time;
mod together;
mod topic;
mod trigger;

use super::{Behaviour, Places, Plan};
use crate::diagnostics::{Findings, Severity, Sheet, Source, Table};
use context::Context;
pub(super) use context::slug;
pub(super) use objects::objects_key;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

const FORMAT: u32 = 1;

impl Plan {
    /// Reads a plan. `file_name` is only told in findings.
    ///
    /// # Errors
    /// Everything that is wrong with the text, warnings included, sorted by place.
    pub fn parse(file_name: &str, text: &str) -> Result<(Self, Findings), Findings> {
        let source = Source::new(file_name, text);
        let (plan, findings) = Sheet::read(&source, |root| read(&root));
        findings.judge(plan)
    }
}

fn read(root: &Table<'_, '_>) -> Option<Plan> {
    let format = read_format(root);
    let behaviour = read_behaviour(root);
    let machine = machine::read(root);
    let ticks = time::read_ticks(root);
    let zone = ticks.as_ref().map(|ticks| ticks.zone.clone());
    let context = Context::new(root.sheet, zone.unwrap_or(jiff::tz::TimeZone::UTC));
    // Topics first, wherever they stand: the others name them.
    let topics = root.each("topic", |index, table| topic::read(&context, index, table));
    let point_actions = root.each("point_action", |i, table| action::read(&context, i, table));
    let profile_rules = root.each("profile_rule", |i, table| {
        rules::profile(&context, i, table)
    });
    let inactivity_rules = root.each("inactivity_rule", |_, table| {
        rules::inactivity(&context, table)
    });
    // Grades before those that ask for them.
    let grades = root.each("grade", |_, table| grade::read(&context, table));
    let triggers = root.each("trigger", |i, table| trigger::read(&context, i, table));
    let segments = root.each("segment", |i, table| segment::read(&context, i, table));
    root.finish();
    context.check_together();
    if topics.is_empty() {
        let hint = "add a [[topic]] with a `key`";
        root.sheet
            .together(&root.span, Severity::Warning, "the plan has no topic", hint);
    }
    Some(Plan {
        format: format?,
        version: fingerprint(root.sheet.source().text()),
        behaviour: behaviour?,
        ticks: ticks?,
        machine: machine?,
        topics: all(topics)?,
        point_actions: all(point_actions)?,
        profile_rules: all(profile_rules)?,
        inactivity_rules: all(inactivity_rules)?,
        grades: all(grades)?,
        triggers: all(triggers)?,
        segments: all(segments)?,
        places: context.into_places(),
    })
}

fn all<T>(read: Vec<Option<T>>) -> Option<Vec<T>> {
    read.into_iter().collect()
}

fn read_format(root: &Table<'_, '_>) -> Option<u32> {
    let hint = "write `format = 1`, the only format so far";
    let value = root.need("format", hint)?;
    value.integer(i64::from(FORMAT)..=i64::from(FORMAT), hint)
}

fn read_behaviour(root: &Table<'_, '_>) -> Option<Behaviour> {
    match root.get("behaviour") {
        Some(value) => value.choice(&[
            ("corrected", Behaviour::Corrected),
            ("mautic", Behaviour::Mautic),
        ]),
        None => Some(Behaviour::default()),
    }
}

/// 12 hex digits of the text's SHA-256.
fn fingerprint(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(6).fold(String::new(), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// An empty map of places over a text.
fn places_over(sheet: &Sheet<'_>) -> Places {
    Places::new(sheet.source().clone())
}
