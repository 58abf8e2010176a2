//! Rules on silence.

use super::contribution::{Contribution, Reason};
use super::doings::Doing;
use super::era::Era;
use crate::domain::{ActivityKind, Snapshot};
use crate::plan::{CompiledInactivity, THOUSANDTHS, Ticks, Weight};
use jiff::Timestamp;

/// What a rule gives for the silences of an era, past, present and to come. Silence is counted from
/// the contact's first day in Mautic (or the first thing known of it), or from the beginning of the
/// era, and takes effect at the first tick after its days are over.
pub(super) fn contributions<'a>(
    rule: &'a CompiledInactivity,
    weight: Weight,
    ticks: &Ticks,
    history: &Snapshot,
    doings: &[Doing<'a>],
    era: Era,
) -> Vec<Contribution<'a>> {
    let Some(first) = first_seen(history, doings) else {
        return Vec::new();
    };
    let first = era.from.map_or(first, |from| from.max(first));
    let ends = doings.iter().filter(|doing| {
        // The hit that a click leads to tells nothing that the click did not.
        doing.machine.is_none()
            && !doing.landing
            && counts(rule, doing.activity.kind)
            && era.contains(doing.activity.at)
    });
    let mut since = first;
    let mut found = Vec::new();
    let mut silences = Vec::new();
    for end in ends.map(|doing| doing.activity.at) {
        if end > since {
            silences.push((since, Some(end)));
            since = end;
        }
    }
    silences.push((since, era.until));
    for (since, end) in silences {
        steps(rule, weight, ticks, since, end, &mut found);
    }
    found
}

/// A click is a `url.hit` as well, as in rules on activities.
pub(super) fn counts(rule: &CompiledInactivity, kind: ActivityKind) -> bool {
    let hit = kind == ActivityKind::EmailClick && rule.kinds.contains(&ActivityKind::UrlHit);
    hit || rule.kinds.contains(&kind)
}

/// Each step's points stand in place of the step before, until the silence ends.
fn steps<'a>(
    rule: &'a CompiledInactivity,
    weight: Weight,
    ticks: &Ticks,
    since: Timestamp,
    end: Option<Timestamp>,
    found: &mut Vec<Contribution<'a>>,
) {
    for (index, step) in rule.steps.iter().enumerate() {
        let Some(from) = ticks.after_days(since, step.after_days) else {
            return;
        };
        if end.is_some_and(|end| from >= end) {
            return;
        }
        let next = rule.steps.get(index + 1);
        let next = next.and_then(|next| ticks.after_days(since, next.after_days));
        let reason = Reason::Silence {
            since,
            days: step.after_days,
        };
        let points = weight.of(i64::from(step.points) * THOUSANDTHS);
        let part = Contribution::new(&rule.key.0, &rule.name, points, Some(from), reason);
        found.push(part.ending(end).ending(next));
    }
}

/// The first moment known of a contact.
pub(super) fn first_seen(history: &Snapshot, doings: &[Doing<'_>]) -> Option<Timestamp> {
    let added = history
        .profile
        .as_ref()
        .and_then(|profile| profile.added_at);
    let first = doings.first().map(|doing| doing.activity.at);
    added.into_iter().chain(first).min()
}
