//! How a score went up and down: what hysteresis needs to know.

use super::evaluate::Contribution;
use crate::plan::Scale;
use jiff::Timestamp;

/// One change of a topic's sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    pub topic: usize,
    pub at: Timestamp,
    pub change: i64,
}

/// The scores a topic went through, oldest first; the last one is today's. Points without a
/// beginning (profile rules: Mautic tells no history of a profile) count from the start.
pub(super) fn scores(scale: Scale, contributions: &[Contribution], past: &[Step]) -> Vec<i32> {
    let mut steps: Vec<(Timestamp, i64)> = contributions
        .iter()
        .filter_map(|part| part.from.map(|from| (from, part.points)))
        .chain(past.iter().map(|step| (step.at, step.change)))
        .collect();
    steps.sort_unstable();
    let mut sum: i64 = contributions
        .iter()
        .filter(|part| part.from.is_none())
        .map(|part| part.points)
        .sum();
    let mut scores = vec![clamp(scale, sum)];
    for same_time in steps.chunk_by(|a, b| a.0 == b.0) {
        sum += same_time.iter().map(|(_, change)| change).sum::<i64>();
        scores.push(clamp(scale, sum));
    }
    scores
}

/// The sum brought into the topic's range, and into what Mautic can store (FACTS 22).
pub(super) fn clamp(scale: Scale, sum: i64) -> i32 {
    let floor = scale.floor.unwrap_or(i32::MIN);
    let ceiling = scale.ceiling.unwrap_or(i32::MAX);
    let score = sum.min(i64::from(ceiling)).max(i64::from(floor));
    i32::try_from(score).unwrap_or(floor)
}

/// Whether hysteresis leaves a path inside: in at `enter` or above, out below `leave`.
pub(super) fn ends_inside(path: &[i32], enter: i32, leave: i32) -> bool {
    path.iter().fold(false, |inside, &score| {
        score >= enter || (inside && score >= leave)
    })
}
