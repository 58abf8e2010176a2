//! Why a contact has the points it has.

use super::evaluate::{Contribution, Reason, evaluate};
use crate::domain::Snapshot;
use crate::domain::{ActivityKey, ActivityKind, ContactId};
use crate::plan::{Compiled, RuleKey, TopicKey};
use jiff::Timestamp;
use serde::Serialize;

/// One topic's score of one contact, taken apart. `cut` and the contributions' points add up to
/// the score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The contact.
    pub contact: ContactId,
    /// The topic.
    pub topic: TopicKey,
    /// Its name for people.
    pub label: String,
    /// The moment explained.
    pub at: Timestamp,
    /// Plan version.
    pub plan: String,
    /// The score.
    pub score: i32,
    /// Sum of the contributions.
    pub raw: i64,
    /// What floor (positive) or ceiling (negative) changed: `score - raw`.
    pub cut: i64,
    /// Band.
    pub band: Option<String>,
    /// What it is made of, oldest first.
    pub contributions: Vec<ExplainedContribution>,
    /// When time alone will next change one of the contact's scores.
    pub next_change: Option<Timestamp>,
}

/// One part of a score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExplainedContribution {
    /// The rule.
    pub rule: RuleKey,
    /// Its name for people.
    pub name: String,
    /// Points.
    pub points: i64,
    /// Since when.
    pub since: Option<Timestamp>,
    /// Age in whole days of 24 hours.
    pub age_days: Option<i64>,
    /// Why, in words.
    pub because: String,
    /// The activity, if it was one.
    pub activity: Option<ActivityRef>,
}

/// The activity a contribution comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ActivityRef {
    /// Natural key.
    pub key: ActivityKey,
    /// Kind.
    pub kind: ActivityKind,
    /// Object id.
    pub object: Option<u32>,
    /// URL.
    pub url: Option<String>,
}

/// Explains every topic of one contact at `now`.
#[must_use]
pub fn explain(plan: &Compiled, history: &Snapshot, now: Timestamp) -> Vec<Explanation> {
    let evaluation = evaluate(plan, history, now);
    plan.topics
        .iter()
        .zip(evaluation.topics)
        .map(|(topic, evaluated)| Explanation {
            contact: history.contact,
            topic: topic.key.clone(),
            label: topic.label.clone(),
            at: now,
            plan: plan.version.clone(),
            score: evaluated.score,
            raw: evaluated.raw,
            cut: i64::from(evaluated.score) - evaluated.raw,
            band: evaluated
                .band
                .map(|band| topic.bands.list[band].name.clone()),
            contributions: evaluated
                .contributions
                .into_iter()
                .map(|part| explained(part, now))
                .collect(),
            next_change: evaluation.next_change,
        })
        .collect()
}

fn explained(part: Contribution, now: Timestamp) -> ExplainedContribution {
    let because = match &part.reason {
        Reason::Activity(activity) => match (&activity.url, activity.object) {
            (Some(url), _) => format!("{} {url}", activity.kind),
            (None, Some(object)) => format!("{} of {object}", activity.kind),
            (None, None) => activity.kind.to_string(),
        },
        Reason::Profile(condition) => condition.clone(),
        Reason::Silence { since, days } => format!("nothing for {days} days since {since}"),
    };
    let activity = match part.reason {
        Reason::Activity(activity) => Some(ActivityRef {
            key: activity.key,
            kind: activity.kind,
            object: activity.object,
            url: activity.url,
        }),
        Reason::Profile(_) | Reason::Silence { .. } => None,
    };
    ExplainedContribution {
        rule: part.rule,
        name: part.name,
        points: part.points,
        since: part.from,
        age_days: part
            .from
            .map(|from| now.duration_since(from).as_hours() / 24),
        because,
        activity,
    }
}
