//! Why a contact has the points it has, what was passed over, and what comes next.

use super::contribution::{Contribution, Ignored, Reason};
use super::evaluate::{Evaluation, TopicEvaluation, evaluate, evaluate_with};
use super::limits::short;
use super::words::{self, Points};
use crate::domain::{ActivityKey, ActivityKind, ContactId, Snapshot, TopicKey};
use crate::plan::{Compiled, Decay, THOUSANDTHS};
use jiff::Timestamp;
use serde::Serialize;

/// One topic's score of one contact, taken apart. What the contributions are worth, `rounding` and
/// `cut` add up to the score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The contact.
    #[serde(skip)]
    pub contact: ContactId,
    /// The topic.
    pub topic: TopicKey,
    /// Its name for people.
    pub label: String,
    /// The moment explained.
    #[serde(skip)]
    pub at: Timestamp,
    /// Plan version.
    #[serde(skip)]
    pub plan: String,
    /// The score.
    pub score: i32,
    /// Sum of the contributions, in whole points.
    pub raw: i64,
    /// What rounding to whole points changed.
    pub rounding: Points,
    /// What floor (positive) or ceiling (negative) changed: `score - raw`.
    pub cut: i64,
    /// Band.
    pub band: Option<String>,
    /// Why the score is not written to Mautic, if it is not.
    pub withheld: Option<String>,
    /// What it is made of, oldest first.
    pub contributions: Vec<ExplainedContribution>,
    /// What rules ask for, and what was passed over or cut all the same; the newest, newest first.
    pub ignored: Vec<IgnoredActivity>,
    /// How many more were passed over.
    pub ignored_more: usize,
    /// What will change next if nothing happens.
    pub next: Option<Change>,
    /// When time alone will next change one of the contact's scores.
    #[serde(skip)]
    pub next_change: Option<Timestamp>,
}

/// One part of a score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExplainedContribution {
    /// The rule, or `adjustment`, `mautic`, `carried`, `total`.
    pub rule: String,
    /// Its name for people.
    pub name: String,
    /// What it is worth now.
    pub points: Points,
    /// What it was worth when it was earned.
    pub earned: Points,
    /// Since when.
    pub since: Option<Timestamp>,
    /// Until when, if that is known.
    pub until: Option<Timestamp>,
    /// Age in whole days of 24 hours.
    pub age_days: Option<i64>,
    /// How it fades: `half after every 30 days`.
    pub fades: Option<String>,
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

/// An activity that a rule asks for and that pays nothing, or not all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IgnoredActivity {
    /// The rule.
    pub rule: String,
    /// Its name for people.
    pub name: String,
    /// When.
    pub at: Timestamp,
    /// The activity, in words.
    pub activity: String,
    /// Why it was passed over.
    pub why: String,
}

/// What will change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// When.
    pub at: Timestamp,
    /// The score then.
    pub score: i32,
    /// Why, in words.
    pub because: Vec<String>,
}

/// At most so many passed-over activities are listed for a topic.
const LISTED: usize = 50;

/// Explains every topic of one contact at a moment, past or to come. Of the past it knows what
/// was done then; profile and segments are always as last seen.
#[must_use]
pub fn explain(plan: &Compiled, history: &Snapshot, at: Timestamp) -> Vec<Explanation> {
    let (evaluation, ignored) = evaluate_with(plan, history, at, Some(Vec::new()));
    let ignored = ignored.unwrap_or_default();
    let topics = plan.topics.iter().enumerate();
    topics
        .map(|(index, topic)| {
            let evaluated = &evaluation.topics[index];
            let band = evaluated.band;
            let mut ignored = passed_over(plan, index, &ignored, at);
            let ignored_more = ignored.len().saturating_sub(LISTED);
            ignored.truncate(LISTED);
            Explanation {
                contact: history.contact,
                topic: topic.key.clone(),
                label: topic.label.clone(),
                at,
                plan: plan.version.clone(),
                score: evaluated.score,
                raw: evaluated.raw,
                rounding: Points(evaluated.raw * THOUSANDTHS - evaluated.sum),
                cut: i64::from(evaluated.score) - evaluated.raw,
                band: band.map(|band| topic.bands.list[band].name.clone()),
                withheld: evaluated.withheld.clone(),
                contributions: explained_parts(plan, evaluated, at),
                ignored,
                ignored_more,
                next: change(plan, history, index, &evaluation),
                next_change: evaluation.next_change,
            }
        })
        .collect()
}

fn explained_parts(
    plan: &Compiled,
    evaluated: &TopicEvaluation<'_>,
    at: Timestamp,
) -> Vec<ExplainedContribution> {
    let parts = evaluated.contributions.iter();
    parts.map(|part| explained(plan, part, at)).collect()
}

fn explained(plan: &Compiled, part: &Contribution<'_>, at: Timestamp) -> ExplainedContribution {
    let activity = match &part.reason {
        Reason::Activity { activity, .. } => Some(ActivityRef {
            key: activity.key.clone(),
            kind: activity.kind,
            object: activity.object,
            url: activity.url.clone(),
        }),
        _ => None,
    };
    ExplainedContribution {
        rule: part.rule.to_owned(),
        name: part.name.to_owned(),
        points: Points(part.worth),
        earned: Points(part.points),
        since: part.from,
        until: part.until,
        age_days: part
            .from
            .map(|from| at.duration_since(from).as_hours() / 24),
        fades: part.fade.and_then(|fade| fading(fade.decay())),
        because: because(plan, &part.reason),
        activity,
    }
}

fn fading(decay: Decay) -> Option<String> {
    match decay {
        Decay::None | Decay::Expiry(_) => None,
        Decay::Linear(days) => Some(format!("evenly to nothing in {days} days")),
        Decay::HalfLife(days) => Some(format!("half after every {days} days")),
    }
}

fn because(plan: &Compiled, reason: &Reason<'_>) -> String {
    let zone = &plan.ticks.zone;
    match reason {
        Reason::Activity { activity, machine } => {
            let what = words::activity(plan, activity);
            match machine {
                Some(machine) => format!("{what} ({})", machine.words()),
                None => what,
            }
        }
        Reason::Profile(condition) => condition.clone(),
        Reason::Silence { since, days } => {
            format!("nothing for {days} days since {}", short(*since, zone))
        }
        Reason::Adjustment(one) => format!("{} says: {}", one.author, one.reason),
        Reason::Adopted(row) => {
            let row = &row.row;
            format!(
                "given in Mautic by {}: {} ({})",
                row.log_type, row.event_name, row.action_name
            )
        }
        Reason::Carried { score, percent } => format!("{percent} % of {score}"),
        Reason::Part { topic, score } => format!("{} is {score}", plan.topics[*topic].key),
    }
}

fn passed_over(
    plan: &Compiled,
    topic: usize,
    ignored: &[Ignored<'_>],
    at: Timestamp,
) -> Vec<IgnoredActivity> {
    let pays = |key: &str| {
        let action = plan.point_actions.iter().find(|action| action.key.0 == key);
        action.is_some_and(|action| action.pays.iter().any(|(into, _)| *into == topic))
    };
    let mut mine: Vec<_> = ignored
        .iter()
        .filter(|one| one.topic.is_none_or(|of| of == topic) && pays(one.rule))
        .filter(|one| one.activity.at <= at)
        .map(|one| IgnoredActivity {
            rule: one.rule.to_owned(),
            name: one.name.to_owned(),
            at: one.activity.at,
            activity: words::activity(plan, one.activity),
            why: one.why.clone(),
        })
        .collect();
    mine.sort_by(|a, b| (b.at, &a.rule).cmp(&(a.at, &b.rule)));
    mine
}

/// So many moments that may change a topic are looked at for one that does.
const LOOKED_AT: usize = 32;

/// The topic's next change: what its parts are then that they are not now. A condition that speaks
/// of today names days on which it may turn, and most of them pass.
fn change(
    plan: &Compiled,
    history: &Snapshot,
    topic: usize,
    now: &Evaluation<'_>,
) -> Option<Change> {
    let mut at = now.topics[topic].next_change?;
    for _ in 0..LOOKED_AT {
        let then = evaluate(plan, history, at);
        let after = &then.topics[topic];
        let because = differences(&now.topics[topic], after);
        if !because.is_empty() {
            return Some(Change {
                at,
                score: after.score,
                because,
            });
        }
        at = after.next_change?;
    }
    None
}

fn differences(before: &TopicEvaluation<'_>, after: &TopicEvaluation<'_>) -> Vec<String> {
    let mut because = Vec::new();
    for part in &before.contributions {
        match same(&after.contributions, part) {
            None => because.push(format!(
                "{} ends ({})",
                part.name,
                words::points(-part.worth)
            )),
            Some(later) if later.worth != part.worth => {
                let (from, to) = (words::points(part.worth), words::points(later.worth));
                because.push(format!("{} fades from {from} to {to}", part.name));
            }
            Some(_) => {}
        }
    }
    for part in &after.contributions {
        if same(&before.contributions, part).is_none() {
            because.push(format!(
                "{} begins ({})",
                part.name,
                words::points(part.worth)
            ));
        }
    }
    because
}

fn same<'p, 'a>(
    parts: &'p [Contribution<'a>],
    wanted: &Contribution<'_>,
) -> Option<&'p Contribution<'a>> {
    let key = |part: &Contribution<'_>| match &part.reason {
        Reason::Activity { activity, .. } => Some(activity.key.0.clone()),
        Reason::Adopted(row) => Some(row.row.id.to_string()),
        Reason::Adjustment(one) => Some(one.id.to_string()),
        Reason::Part { topic, .. } => Some(topic.to_string()),
        _ => None,
    };
    let is_it = |part: &&Contribution<'_>| {
        (part.rule, part.from) == (wanted.rule, wanted.from) && key(part) == key(wanted)
    };
    parts.iter().find(is_it)
}
