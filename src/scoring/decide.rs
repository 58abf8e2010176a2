//! What follows from scores: segments entered and left, triggers that fire.

use super::courses::Courses;
use super::evaluate::{Evaluation, TopicEvaluation};
use super::triggers;
use crate::domain::{DesiredValue, Firing, RuleKey, SegmentId, Snapshot, Target, Urgency, Way};
use crate::plan::{BoundScoreTest, Compiled, CompiledSegment, SegmentTest, Tree};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Segments and triggers of one contact.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decision {
    /// Which declared segments the contact should be in (`true`) or out of, with the reason.
    pub segments: BTreeMap<SegmentId, (bool, String)>,
    /// Triggers that fire now.
    pub firings: Vec<Firing>,
    /// Triggers that fired before and are armed again since that moment.
    pub rearmed: Vec<(RuleKey, Timestamp)>,
    /// When waiting alone will next change something.
    pub next_change: Option<Timestamp>,
}

pub(super) fn decide(
    plan: &Compiled,
    history: &Snapshot,
    scores: &[i32],
    courses: &Courses<'_, '_>,
    now: Timestamp,
) -> Decision {
    let mut decision = Decision::default();
    for rule in &plan.segments {
        let membership = membership(plan, rule, scores, courses);
        decision.segments.insert(rule.segment, membership);
    }
    for trigger in &plan.triggers {
        let outcome = triggers::decide(plan, history, trigger, courses, now);
        let firing = outcome
            .fires
            .map(|at| triggers::firing(plan, trigger, at, scores));
        if firing.is_none() {
            let rearmed = outcome.rearmed_at.map(|at| (trigger.key.clone(), at));
            decision.rearmed.extend(rearmed);
        }
        decision.firings.extend(firing);
        let next = decision.next_change.into_iter().chain(outcome.next_change);
        decision.next_change = next.min();
    }
    decision
}

fn membership(
    plan: &Compiled,
    rule: &CompiledSegment,
    scores: &[i32],
    courses: &Courses<'_, '_>,
) -> (bool, String) {
    match &rule.test {
        SegmentTest::Score {
            topic,
            enter,
            leave,
        } => {
            let (label, score) = (&plan.topics[*topic].key, scores[*topic]);
            let between = score < *enter && score >= *leave;
            let inside = score >= *enter
                || (between && stays_inside(courses.scores(*topic), *enter, *leave));
            let reason = if inside {
                format!("{label} {score}: in at {enter}, out below {leave}")
            } else {
                format!("{label} {score}: in only at {enter}")
            };
            (inside, reason)
        }
        SegmentTest::When(tree) => {
            let inside = triggers::truth(plan, tree, courses).last();
            let word = if inside { "holds" } else { "does not hold" };
            (inside, format!("{}: {word}", topics(plan, tree, scores)))
        }
    }
}

fn topics(plan: &Compiled, tree: &Tree<BoundScoreTest>, scores: &[i32]) -> String {
    use crate::plan::ScoreTest::{AtLeast, Band, Below, Grade};
    let mut indexes: Vec<usize> = Vec::new();
    for leaf in tree.leaves() {
        match leaf {
            AtLeast(topic, _) | Below(topic, _) | Band(topic, _) => indexes.push(*topic),
            Grade(grade, _) => {
                let grade = &plan.grades[*grade];
                indexes.extend([grade.fit, grade.engagement]);
            }
        }
    }
    indexes.sort_unstable();
    indexes.dedup();
    let each = indexes.into_iter();
    let each = each.map(|index| format!("{} {}", plan.topics[index].key, scores[index]));
    each.collect::<Vec<_>>().join(", ")
}

/// Whether hysteresis leaves a course inside: in at `enter` or above, out below `leave`.
fn stays_inside(scores: &super::steps::Steps<i32>, enter: i32, leave: i32) -> bool {
    let first = scores.first() >= enter;
    let changes = scores.changes().iter();
    changes.fold(first, |inside, (_, score)| {
        *score >= enter || (inside && *score >= leave)
    })
}

/// What Mautic should hold for this contact. A contact that enters or leaves a segment goes
/// before others, its group scores included, since campaigns read them. A group in which somebody
/// else's points are to be reported first is not written.
#[must_use]
pub fn desired_values(
    plan: &Compiled,
    history: &Snapshot,
    evaluation: &Evaluation<'_>,
) -> Vec<DesiredValue> {
    let crosses = evaluation
        .decision
        .segments
        .iter()
        .any(|(segment, (inside, _))| history.segments.contains(segment) != *inside);
    let urgency = if crosses || !evaluation.decision.firings.is_empty() {
        Urgency::Crossing
    } else {
        Urgency::Bulk
    };
    let groups = plan
        .topics
        .iter()
        .zip(&evaluation.topics)
        .filter(|(_, evaluated)| evaluated.withheld.is_none())
        .filter_map(|(topic, evaluated)| {
            let (target, way) = topic.target()?;
            Some(DesiredValue {
                target,
                way,
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
            way: Way::Set,
            value: i32::from(*inside),
            reason: reason.clone(),
            urgency,
        });
    groups.chain(segments).collect()
}

fn score_reason(topic: &str, evaluated: &TopicEvaluation<'_>) -> String {
    let newest = evaluated.contributions.iter().max_by_key(|part| part.from);
    match newest {
        Some(part) => {
            let worth = super::words::points(part.worth);
            let sign = if part.worth < 0 { "" } else { "+" };
            format!(
                "{topic} {}; newest: {sign}{worth} {}",
                evaluated.score, part.name
            )
        }
        None => format!("{topic} {}; nothing counts", evaluated.score),
    }
}
