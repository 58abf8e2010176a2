//! What follows from scores: segments entered and left, triggers that fire.

use super::evaluate::{Evaluation, TopicEvaluation};
use super::path::ends_inside;
use crate::domain::SegmentId;
use crate::domain::{DesiredValue, Snapshot, Target, Urgency};
use crate::plan::{Compiled, RuleKey};
use std::collections::BTreeMap;

/// Segments and triggers of one contact.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decision {
    /// Which owned segments the contact should be in (`true`) or out of, with the reason.
    pub segments: BTreeMap<SegmentId, (bool, String)>,
    /// Triggers that fire now: their score is reached and they never fired for the contact.
    pub fires: Vec<RuleKey>,
}

pub(super) fn decide(
    plan: &Compiled,
    history: &Snapshot,
    topics: &[TopicEvaluation],
    paths: &[Vec<i32>],
) -> Decision {
    let mut decision = Decision::default();
    for rule in &plan.segments {
        let inside = ends_inside(&paths[rule.topic], rule.enter, rule.leave);
        let (label, score) = (&plan.topics[rule.topic].key, topics[rule.topic].score);
        let reason = if inside {
            format!(
                "{label} {score}: in at {}, out below {}",
                rule.enter, rule.leave
            )
        } else {
            format!("{label} {score}: in only at {}", rule.enter)
        };
        decision.segments.insert(rule.segment, (inside, reason));
    }
    for trigger in &plan.triggers {
        let fired_before = history.fired.contains(&trigger.key);
        let fires = !fired_before && topics[trigger.topic].score >= trigger.at;
        if fires {
            decision.fires.push(trigger.key.clone());
        }
        if fires || fired_before {
            let reason = format!(
                "trigger {}: {} reached {}",
                trigger.name, plan.topics[trigger.topic].key, trigger.at
            );
            let added = trigger.add_to.iter().map(|segment| (*segment, true));
            let removed = trigger.remove_from.iter().map(|segment| (*segment, false));
            for (segment, inside) in added.chain(removed) {
                decision.segments.insert(segment, (inside, reason.clone()));
            }
        }
    }
    decision
}

/// What Mautic should hold for this contact. A contact that enters or leaves a segment goes
/// before others, its group scores included, since campaigns read them.
#[must_use]
pub fn desired_values(
    plan: &Compiled,
    history: &Snapshot,
    evaluation: &Evaluation,
) -> Vec<DesiredValue> {
    let crosses = evaluation
        .decision
        .segments
        .iter()
        .any(|(segment, (inside, _))| history.segments.contains(segment) != *inside);
    let urgency = if crosses {
        Urgency::Crossing
    } else {
        Urgency::Bulk
    };
    let groups = plan
        .topics
        .iter()
        .zip(&evaluation.topics)
        .filter_map(|(topic, evaluated)| {
            Some(DesiredValue {
                target: Target::Group(topic.group?),
                value: evaluated.score,
                reason: score_reason(&topic.key.0, evaluated),
                urgency,
            })
        });
    let segments = evaluation
        .decision
        .segments
        .iter()
        .map(|(segment, (inside, reason))| DesiredValue {
            target: Target::Segment(*segment),
            value: i32::from(*inside),
            reason: reason.clone(),
            urgency,
        });
    groups.chain(segments).collect()
}

fn score_reason(topic: &str, evaluated: &TopicEvaluation) -> String {
    let newest = evaluated.contributions.iter().max_by_key(|part| part.from);
    match newest {
        Some(part) => format!(
            "{topic} {}; newest: {:+} {}",
            evaluated.score, part.points, part.name
        ),
        None => format!("{topic} {}; nothing counts", evaluated.score),
    }
}
