//! What follows from scores: segments entered and left, triggers that fire.

use super::evaluate::{Evaluation, TopicEvaluation};
use super::path::ends_inside;
use crate::domain::Firing;
use crate::domain::SegmentId;
use crate::domain::{DesiredValue, Snapshot, Target, Urgency};
use crate::plan::{Compiled, SegmentTest};
use std::collections::BTreeMap;

/// Segments and triggers of one contact.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decision {
    /// Which owned segments the contact should be in (`true`) or out of, with the reason.
    pub segments: BTreeMap<SegmentId, (bool, String)>,
    /// Triggers that fire now.
    pub firings: Vec<Firing>,
}

pub(super) fn decide(
    plan: &Compiled,
    history: &Snapshot,
    topics: &[TopicEvaluation],
    paths: &[Vec<i32>],
) -> Decision {
    let mut decision = Decision::default();
    for rule in &plan.segments {
        if let SegmentTest::Score {
            topic,
            enter,
            leave,
        } = &rule.test
        {
            let inside = ends_inside(&paths[*topic], *enter, *leave);
            let (label, score) = (&plan.topics[*topic].key, topics[*topic].score);
            let reason = format!("{label} {score}: in at {enter}, out below {leave}");
            decision.segments.insert(rule.segment, (inside, reason));
        }
    }
    let _ = history;
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
                target: Target::Group(topic.group()?),
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
