//! The fold: plan, history and clock to scores.

use super::decide::{Decision, decide};
use super::{actions, inactivity, path, profile_rules};
use crate::domain::Activity;
use crate::domain::Snapshot;
use crate::plan::{Compiled, RuleKey};
use jiff::Timestamp;

/// Points that one rule gives one contact in one topic for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contribution {
    /// The rule.
    pub rule: RuleKey,
    /// Its name for people.
    pub name: String,
    /// Index of the topic.
    pub topic: usize,
    /// Points.
    pub points: i64,
    /// Since when; `None`: as long as is known.
    pub from: Option<Timestamp>,
    /// Why.
    pub reason: Reason,
}

/// Why a contribution is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The contact did this.
    Activity(Activity),
    /// This holds of the profile, in words.
    Profile(String),
    /// Nothing happened since then for this many days.
    Silence {
        /// Last activity that counts, or the contact's first day.
        since: Timestamp,
        /// Days of the rule.
        days: u16,
    },
}

/// The score of one topic and all that it is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicEvaluation {
    /// Contributions in order of time, then rule.
    pub contributions: Vec<Contribution>,
    /// Their sum.
    pub raw: i64,
    /// The sum brought into the topic's range.
    pub score: i32,
    /// Index of the band the score is in.
    pub band: Option<usize>,
}

/// What a plan makes of one contact's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluation {
    /// By the plan's order of topics.
    pub topics: Vec<TopicEvaluation>,
    /// Segments and triggers.
    pub decision: Decision,
    /// When time alone will next change a score, if ever.
    pub next_change: Option<Timestamp>,
}

/// Scores one contact. Same input, same output, whatever the order of `history.activities`.
#[must_use]
pub fn evaluate(plan: &Compiled, history: &Snapshot, now: Timestamp) -> Evaluation {
    let mut activities: Vec<&Activity> = history.activities.iter().collect();
    activities.sort_by(|a, b| (a.at, &a.key).cmp(&(b.at, &b.key)));
    activities.dedup_by(|a, b| a.key == b.key);

    let mut contributions: Vec<Vec<Contribution>> = vec![Vec::new(); plan.topics.len()];
    for action in &plan.point_actions {
        contributions[action.pays[0].0].extend(actions::contributions(action, &activities));
    }
    for rule in &plan.profile_rules {
        let topic = rule.pays[0].0;
        contributions[topic].extend(profile_rules::contribution(topic, rule, history));
    }
    let mut past = Vec::new();
    let mut next_change: Option<Timestamp> = None;
    for rule in &plan.inactivity_rules {
        let topic = rule.pays[0].0;
        let silence = inactivity::silence(topic, rule, &plan.ticks, history, &activities, now);
        contributions[topic].extend(silence.lasting);
        past.extend(silence.past);
        next_change = next_change.into_iter().chain(silence.next).min();
    }

    let mut topics = Vec::with_capacity(plan.topics.len());
    let mut paths = Vec::with_capacity(plan.topics.len());
    for (index, mut parts) in contributions.into_iter().enumerate() {
        parts.sort_by(|a, b| (a.from, &a.rule).cmp(&(b.from, &b.rule)));
        let past: Vec<_> = past
            .iter()
            .filter(|step| step.topic == index)
            .copied()
            .collect();
        paths.push(path::scores(plan.topics[index].scale, &parts, &past));
        topics.push(topic_evaluation(plan, index, parts));
    }
    let decision = decide(plan, history, &topics, &paths);
    Evaluation {
        topics,
        decision,
        next_change,
    }
}

fn topic_evaluation(
    plan: &Compiled,
    index: usize,
    contributions: Vec<Contribution>,
) -> TopicEvaluation {
    let topic = &plan.topics[index];
    let raw = contributions.iter().map(|part| part.points).sum();
    let score = path::clamp(topic.scale, raw);
    let band = topic.bands.list.iter().rposition(|band| score >= band.from);
    TopicEvaluation {
        contributions,
        raw,
        score,
        band,
    }
}
