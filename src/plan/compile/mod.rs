//! Plan + Mautic's names ─▶ [`Compiled`], or everything that cannot be bound.

mod bind;
mod conditions;
mod follow;
mod rules;
#[cfg(test)]
mod tests;
mod totals;

use super::{
    Catalog, Compiled, CompiledTopic, Fade, Pays, Plan, Ref, StageReset, Topic, TopicKey, Writes,
    ownership::Claims,
};
use crate::diagnostics::{Findings, Severity, quote};
use crate::domain::StageId;

/// Binds the plan's names to Mautic's ids.
///
/// # Errors
/// Every name that is unknown or ambiguous, every segment that the plan must not write, each
/// with its place in the plan's file.
pub fn compile(plan: &Plan, catalog: &Catalog) -> Result<Compiled, Findings> {
    let (compiled, findings) = bind(plan, catalog);
    findings.judge(compiled).map(|(compiled, _)| compiled)
}

/// What binds, but most likely not as meant: limits to ids that Mautic does not have (any more).
#[must_use]
pub fn doubts(plan: &Plan, catalog: &Catalog) -> Findings {
    let warnings = bind(plan, catalog).1.into_iter();
    let mut doubts = Findings::new();
    doubts.extend(warnings.filter(|one| one.severity == Severity::Warning));
    doubts
}

fn bind(plan: &Plan, catalog: &Catalog) -> (Option<Compiled>, Findings) {
    let mut binder = Binder {
        plan,
        catalog,
        findings: Findings::new(),
        claims: Claims::default(),
    };
    let compiled = binder.bind();
    for (path, message, hint) in binder.claims.conflicts() {
        let finding = plan.places.finding(path, Severity::Error, message, hint);
        binder.findings.push(finding);
    }
    (compiled, binder.findings)
}

struct Binder<'p> {
    plan: &'p Plan,
    catalog: &'p Catalog,
    findings: Findings,
    claims: Claims<u32, String>,
}

impl Binder<'_> {
    fn bind(&mut self) -> Option<Compiled> {
        let plan = self.plan;
        let topics = each(&plan.topics, |index, topic| self.topic(index, topic));
        let order = self.totals_last();
        let point_actions = each(&plan.point_actions, |index, action| {
            self.action(index, action)
        });
        let profile_rules = each(&plan.profile_rules, |index, rule| self.profile(index, rule));
        let inactivity_rules = each(&plan.inactivity_rules, |index, rule| {
            self.inactivity(index, rule)
        });
        let grades = each(&plan.grades, |index, grade| self.grade(index, grade));
        let triggers = each(&plan.triggers, |index, trigger| {
            self.trigger(index, trigger)
        });
        let segments = each(&plan.segments, |index, rule| self.segment(index, rule));
        Some(Compiled {
            version: plan.version.clone(),
            behaviour: plan.behaviour,
            ticks: plan.ticks.clone(),
            machine: plan.machine.clone(),
            names: self.catalog.clone(),
            topics: topics?,
            order: order?,
            point_actions: point_actions?,
            profile_rules: profile_rules?,
            inactivity_rules: inactivity_rules?,
            grades: grades?,
            triggers: triggers?,
            segments: segments?,
        })
    }

    fn topic(&mut self, index: usize, topic: &Topic) -> Option<CompiledTopic> {
        let writes = match &topic.writes {
            Writes::Nothing => Some(Writes::Nothing),
            Writes::MainPoints => Some(Writes::MainPoints),
            Writes::MainPointsWritten => Some(Writes::MainPointsWritten),
            Writes::Group(group) => {
                let path = format!("topic.{index}.group");
                let id = self.group(group, &path);
                let claim = id.map(|id| (id.0, path));
                self.claims.groups.extend(claim);
                id.map(Writes::Group)
            }
        };
        let stages = match &topic.stages {
            None => Some(None),
            Some(reset) => self.stage_reset(index, reset).map(Some),
        };
        let parts = each(&topic.sum_of, |_, (part, weight)| {
            let part = self.position(part, &format!("topic.{index}.sum_of"))?;
            Some((part, *weight))
        });
        Some(CompiledTopic {
            key: topic.key.clone(),
            label: topic.label.clone(),
            writes: writes?,
            scale: topic.scale,
            bands: topic.bands.clone(),
            sum_of: parts?,
            limits: topic.limits.clone(),
            fade: Fade::new(topic.decay),
            stages: stages?,
            foreign: topic.foreign,
            adopt_actions: topic.adopt_actions.iter().copied().collect(),
        })
    }

    fn stage_reset(
        &mut self,
        index: usize,
        reset: &StageReset<Ref<StageId>>,
    ) -> Option<StageReset<StageId>> {
        let stages = each(&reset.stages, |number, stage| {
            self.stage(stage, &format!("topic.{index}.stages.{number}"))
        });
        Some(StageReset {
            stages: stages?,
            carry: reset.carry,
        })
    }

    /// The topics that a rule pays into.
    fn pays(&mut self, pays: &Pays<TopicKey>, path: &str) -> Option<Pays<usize>> {
        each(pays, |_, (topic, weight)| {
            Some((self.position(topic, path)?, *weight))
        })
    }

    fn position(&mut self, key: &TopicKey, path: &str) -> Option<usize> {
        let position = self.plan.topics.iter().position(|topic| topic.key == *key);
        if position.is_none() {
            let message = format!("there is no topic {}", quote(&key.0));
            self.error(path, message, "name the `key` of a [[topic]]");
        }
        position
    }

    fn error(&mut self, path: &str, message: impl Into<String>, hint: impl Into<String>) {
        let finding = self
            .plan
            .places
            .finding(path, Severity::Error, message, hint);
        self.findings.push(finding);
    }
}

/// Binds all items, so that all mistakes are found, before it gives up.
fn each<T, U>(items: &[T], mut bind: impl FnMut(usize, &T) -> Option<U>) -> Option<Vec<U>> {
    let bound: Vec<Option<U>> = items
        .iter()
        .enumerate()
        .map(|(index, item)| bind(index, item))
        .collect();
    bound.into_iter().collect()
}
