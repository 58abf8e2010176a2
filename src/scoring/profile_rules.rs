//! Rules on the profile: points that are there while a condition holds.

use super::evaluate::{Contribution, Reason};
use crate::domain::Snapshot;
use crate::plan::{BoundProfileTest, CompiledProfileRule, ProfileTest, Tree};

/// What one profile rule pays now.
pub(super) fn contribution(
    topic: usize,
    rule: &CompiledProfileRule,
    history: &Snapshot,
) -> Option<Contribution> {
    let Tree::Leaf(test) = &rule.when else {
        return None;
    };
    let because = holds(test, history)?;
    Some(Contribution {
        rule: rule.key.clone(),
        name: rule.name.clone(),
        topic,
        points: i64::from(rule.points),
        from: None,
        reason: Reason::Profile(because),
    })
}

/// Why the condition holds, in words; `None` if it does not.
fn holds(condition: &BoundProfileTest, history: &Snapshot) -> Option<String> {
    match condition {
        ProfileTest::Tag(tag) => history
            .profile
            .as_ref()
            .is_some_and(|profile| profile.tags.contains(tag))
            .then(|| format!("has the tag {tag}")),
        ProfileTest::Segment(segment) => history
            .segments
            .contains(segment)
            .then(|| format!("is in segment {segment}")),
        _ => None,
    }
}
