//! Rules on the profile: points that are there while a condition holds.

use super::evaluate::{Contribution, Reason};
use crate::domain::Snapshot;
use crate::plan::{Condition, ProfileRule, Ref};

/// What one profile rule pays now.
pub(super) fn contribution(
    topic: usize,
    rule: &ProfileRule,
    history: &Snapshot,
) -> Option<Contribution> {
    let because = holds(&rule.when, history)?;
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
fn holds(condition: &Condition, history: &Snapshot) -> Option<String> {
    let field = |alias: &str| {
        history
            .profile
            .as_ref()
            .and_then(|profile| profile.field(alias))
            .filter(|v| !v.is_empty())
    };
    match condition {
        Condition::FieldIs {
            field: alias,
            values,
        } => {
            let value = field(alias)?;
            let folded = value.to_lowercase();
            values
                .iter()
                .any(|accepted| accepted.to_lowercase() == folded)
                .then(|| format!("{alias} is {value}"))
        }
        Condition::FieldFilled { field: alias } => {
            field(alias).map(|_| format!("{alias} is filled"))
        }
        Condition::HasTag(tag) => history
            .profile
            .as_ref()
            .is_some_and(|profile| profile.tags.contains(tag))
            .then(|| format!("has the tag {tag}")),
        Condition::InSegment(Ref::Id(segment)) => history
            .segments
            .contains(segment)
            .then(|| format!("is in segment {segment}")),
        // Compiling binds every name; an unbound one can hold for nobody.
        Condition::InSegment(Ref::Name(_)) => None,
    }
}
