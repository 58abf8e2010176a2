//! `[[profile_rule]]` and `[[inactivity_rule]]`.

use super::super::{InactivityRule, ProfileRule, SilenceStep};
use super::action::read_points;
use super::condition::read_profile;
use super::context::Context;
use super::pays::read_pays;
use super::span::read_days;
use crate::diagnostics::{Table, Value};
use crate::domain::ActivityKind;
use std::collections::BTreeSet;

const WHEN_HINT: &str = "such as `when = { field = \"position\", is = \"Director\" }`";
const DAYS_HINT: &str = "write a number of days, from 1 to 3650";
const STEPS_HINT: &str =
    "write [{ after_days = 30, points = -10 }, { after_days = 60, points = -20 }]";

pub(super) fn profile(
    context: &Context<'_, '_>,
    index: usize,
    table: &Table<'_, '_>,
) -> Option<ProfileRule> {
    let names = context.names(table);
    let pays = read_pays(context, table);
    let points = read_points(table);
    let when = table.need("when", WHEN_HINT);
    let path = format!("profile_rule.{index}.when");
    let when = when.and_then(|value| read_profile(context, &path, &value));
    let (key, name) = names?;
    Some(ProfileRule {
        key,
        name,
        pays: pays?,
        points: points?,
        when: when?,
    })
}

pub(super) fn inactivity(
    context: &Context<'_, '_>,
    table: &Table<'_, '_>,
) -> Option<InactivityRule> {
    let names = context.names(table);
    let pays = read_pays(context, table);
    let steps = match table.get("steps") {
        Some(value) => read_steps(&value, table),
        None => read_step(table).map(|step| vec![step]),
    };
    let kinds = match table.get("kinds") {
        Some(value) => read_kinds(&value),
        None => Some(engagement()),
    };
    let (key, name) = names?;
    Some(InactivityRule {
        key,
        name,
        pays: pays?,
        steps: steps?,
        kinds: kinds?,
    })
}

/// Reads `after_days` and `points`.
fn read_step(table: &Table<'_, '_>) -> Option<SilenceStep> {
    let points = read_points(table);
    let days = table.need("after_days", DAYS_HINT);
    let days = days.and_then(|value| read_days(&value));
    Some(SilenceStep {
        after_days: days?,
        points: points?,
    })
}

fn read_steps(value: &Value<'_, '_>, rule: &Table<'_, '_>) -> Option<Vec<SilenceStep>> {
    let mut complete = true;
    for key in ["after_days", "points"] {
        if let Some(odd) = rule.get(key) {
            let message = format!("a rule has either `steps` or `{key}`");
            odd.error(message, "each step has days and points of its own");
            complete = false;
        }
    }
    let mut steps: Vec<SilenceStep> = Vec::new();
    for item in value.list(STEPS_HINT)? {
        let table = item.table_as("this step", STEPS_HINT);
        let step = table.and_then(|table| {
            let step = read_step(&table);
            table.finish();
            step
        });
        let Some(step) = step else {
            complete = false;
            continue;
        };
        if let Some(last) = steps
            .last()
            .filter(|last| last.after_days >= step.after_days)
        {
            let message = format!("this step is not after more than {} days", last.after_days);
            item.error(message, "sort the steps by rising `after_days`");
            complete = false;
        }
        steps.push(step);
    }
    complete.then_some(steps)
}

fn engagement() -> BTreeSet<ActivityKind> {
    let kinds = ActivityKind::ALL.into_iter();
    kinds.filter(|kind| kind.is_engagement()).collect()
}

fn read_kinds(value: &Value<'_, '_>) -> Option<BTreeSet<ActivityKind>> {
    let choices = ActivityKind::ALL.map(|kind| (kind.name(), kind));
    let items = value.list("leave `kinds` out to mean all that a contact does himself")?;
    let mut kinds = BTreeSet::new();
    let mut complete = true;
    for item in items {
        match item.choice(&choices) {
            Some(kind) if kinds.insert(kind) => {}
            Some(kind) => item.warn(format!("{kind} is listed twice"), "remove one of them"),
            None => complete = false,
        }
    }
    complete.then_some(kinds)
}
