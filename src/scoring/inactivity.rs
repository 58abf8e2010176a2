//! Rules on silence.

use super::evaluate::{Contribution, Reason};
use super::path::Step;
use super::ticks::days_after;
use crate::domain::Activity;
use crate::domain::Snapshot;
use crate::plan::{CompiledInactivity, Ticks};
use jiff::Timestamp;

/// What silence did and does to a topic.
#[derive(Debug, Default)]
pub(super) struct Silence {
    /// The points of a silence that lasts.
    pub lasting: Option<Contribution>,
    /// Ups and downs of silences that ended.
    pub past: Vec<Step>,
    /// When a silence that runs will count.
    pub next: Option<Timestamp>,
}

/// Evaluates one rule. Silence is counted from the contact's first day in Mautic (or the first
/// thing known of it) and takes effect at the first tick after its days are over.
pub(super) fn silence(
    topic: usize,
    rule: &CompiledInactivity,
    ticks: &Ticks,
    history: &Snapshot,
    activities: &[&Activity],
    now: Timestamp,
) -> Silence {
    let Some(first) = first_seen(history, activities) else {
        return Silence::default();
    };
    let ends = activities
        .iter()
        .filter(|activity| rule.kinds.contains(&activity.kind));
    let mut silence = Silence::default();
    let mut since = first;
    for activity in ends {
        if let Some(begins) =
            takes_effect(rule, ticks, since).filter(|begins| *begins < activity.at)
        {
            let points = i64::from(rule.steps[0].points);
            silence.past.push(Step {
                topic,
                at: begins,
                change: points,
            });
            silence.past.push(Step {
                topic,
                at: activity.at,
                change: -points,
            });
        }
        since = since.max(activity.at);
    }
    match takes_effect(rule, ticks, since) {
        Some(begins) if begins <= now => {
            silence.lasting = Some(Contribution {
                rule: rule.key.clone(),
                name: rule.name.clone(),
                topic,
                points: i64::from(rule.steps[0].points),
                from: Some(begins),
                reason: Reason::Silence {
                    since,
                    days: rule.steps[0].after_days,
                },
            });
        }
        begins => silence.next = begins,
    }
    silence
}

fn first_seen(history: &Snapshot, activities: &[&Activity]) -> Option<Timestamp> {
    let added = history
        .profile
        .as_ref()
        .and_then(|profile| profile.added_at);
    let first = activities.first().map(|activity| activity.at);
    added.into_iter().chain(first).min()
}

fn takes_effect(rule: &CompiledInactivity, ticks: &Ticks, since: Timestamp) -> Option<Timestamp> {
    ticks.at_or_after(days_after(since, rule.steps[0].after_days)?)
}
