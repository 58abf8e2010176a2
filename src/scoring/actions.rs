//! Rules on activities.

use super::evaluate::{Contribution, Reason};
use super::fnmatch::fnmatch;
use crate::domain::{Activity, ActivityKind};
use crate::plan::{CompiledAction, Repeat};

/// What one action pays for activities sorted by time.
pub(super) fn contributions(
    action: &CompiledAction,
    activities: &[&Activity],
) -> Vec<Contribution> {
    let mut matching = activities
        .iter()
        .filter(|activity| matches(action, activity));
    let paid: Vec<_> = match action.repeat {
        Repeat::Once => matching.next().into_iter().collect(),
        Repeat::Always | Repeat::PerItem => matching.collect(),
    };
    paid.into_iter()
        .map(|activity| Contribution {
            rule: action.key.clone(),
            name: action.name.clone(),
            topic: action.pays[0].0,
            points: i64::from(action.points),
            from: Some(activity.at),
            reason: Reason::Activity((*activity).clone()),
        })
        .collect()
}

fn matches(action: &CompiledAction, activity: &Activity) -> bool {
    kind_matches(action.kind, activity.kind)
        && action.since.is_none_or(|since| activity.at >= since)
        && action.until.is_none_or(|until| activity.at < until)
        && (action.objects.is_empty()
            || activity
                .object
                .is_some_and(|object| action.objects.contains(&object)))
        && (action.urls.is_empty() || url_matches(&action.urls, activity.url.as_deref()))
}

/// Mautic's `url.hit` is every hit without a landing page, redirects included (SEMANTICS 3).
fn kind_matches(rule: ActivityKind, activity: ActivityKind) -> bool {
    rule == activity || (rule == ActivityKind::UrlHit && activity == ActivityKind::EmailClick)
}

fn url_matches(patterns: &[String], url: Option<&str>) -> bool {
    url.is_some_and(|url| {
        patterns
            .iter()
            .any(|pattern| fnmatch(pattern.as_bytes(), url.as_bytes()))
    })
}
