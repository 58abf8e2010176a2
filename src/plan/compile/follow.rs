//! Grades, triggers and segments, bound.

use super::super::{
    CompiledSegment, CompiledTrigger, Effect, Grade, Rearm, Ref, SegmentRule, SegmentTest, Trigger,
};
use super::{Binder, each};
use crate::domain::{Action, SegmentId};
use std::collections::BTreeMap;

/// Where a trigger's effects stand: those of one key in the order of its list.
#[derive(Default)]
struct Listed(BTreeMap<&'static str, usize>);

impl Listed {
    fn path(&mut self, effect: &Effect, trigger: &str) -> String {
        let key = match effect {
            Effect::AddToSegment(_) => "add_to",
            Effect::RemoveFromSegment(_) => "remove_from",
            Effect::AddToCampaign(_) => "add_to_campaigns",
            Effect::RemoveFromCampaign(_) => "remove_from_campaigns",
            Effect::SendEmail(_) => "send_email",
            Effect::SetStage(_) => return format!("{trigger}.stage"),
            Effect::SetOwner(_) => return format!("{trigger}.owner"),
            Effect::Tag { .. }
            | Effect::SetField { .. }
            | Effect::Mail { .. }
            | Effect::Webhook(_) => return trigger.to_owned(),
        };
        let number = self.0.entry(key).or_default();
        let path = format!("{trigger}.{key}.{number}");
        *number += 1;
        path
    }
}

impl Binder<'_> {
    pub(super) fn grade(&mut self, index: usize, grade: &Grade) -> Option<Grade<usize>> {
        let path = format!("grade.{index}");
        let fit = self.position(&grade.fit, &path);
        let engagement = self.position(&grade.engagement, &path);
        Some(Grade {
            key: grade.key.clone(),
            label: grade.label.clone(),
            fit: fit?,
            fit_from: grade.fit_from.clone(),
            engagement: engagement?,
            engagement_from: grade.engagement_from.clone(),
        })
    }

    pub(super) fn trigger(&mut self, index: usize, trigger: &Trigger) -> Option<CompiledTrigger> {
        let path = format!("trigger.{index}");
        let when = self.score_tests(&trigger.when, &path);
        let rearm = match &trigger.rearm {
            Rearm::Never => Some(Rearm::Never),
            Rearm::AtOnce => Some(Rearm::AtOnce),
            Rearm::When(tree) => self.score_tests(tree, &path).map(Rearm::When),
        };
        let actions = self.actions(&trigger.effects, &path);
        Some(CompiledTrigger {
            key: trigger.key.clone(),
            name: trigger.name.clone(),
            when: when?,
            edge: trigger.edge,
            rearm: rearm?,
            dwell: trigger.dwell,
            since: trigger.since,
            made_at: None,
            actions: actions?,
        })
    }

    fn actions(&mut self, effects: &[Effect], path: &str) -> Option<Vec<Action>> {
        let mut listed = Listed::default();
        let placed = each(effects, |_, effect| {
            let path = listed.path(effect, path);
            Some((self.action_of(effect, &path)?, path))
        })?;
        let fits = |(number, (action, path)): (usize, &(Action, String))| {
            let before = placed[..number].iter().map(|(action, _)| action);
            self.no_contradiction(before, action, path)
        };
        // All are asked before it ends.
        let fit: Vec<bool> = placed.iter().enumerate().map(fits).collect();
        let actions = placed.into_iter().map(|(action, _)| action);
        (!fit.contains(&false)).then(|| actions.collect())
    }

    /// Only ids show that one thing is named twice, or both added and removed.
    fn no_contradiction<'a>(
        &mut self,
        mut before: impl Iterator<Item = &'a Action>,
        action: &Action,
        path: &str,
    ) -> bool {
        let (opposite, what, keys) = match action {
            Action::RemoveFromSegment { segment } => (
                Action::AddToSegment { segment: *segment },
                "a segment",
                ["add_to", "remove_from"],
            ),
            Action::RemoveFromCampaign { campaign } => (
                Action::AddToCampaign {
                    campaign: *campaign,
                },
                "a campaign",
                ["add_to_campaigns", "remove_from_campaigns"],
            ),
            other => (other.clone(), "", [""; 2]),
        };
        match before.find(|one| **one == *action || **one == opposite) {
            None => return true,
            Some(same) if same == action => {
                self.error(path, "this one is listed twice", "remove one of them");
            }
            Some(_) => {
                let message = format!("{what} stands in `{}` and in `{}`", keys[0], keys[1]);
                self.error(path, message, "keep one of the two");
            }
        }
        false
    }

    fn changed(&mut self, segment: &Ref<SegmentId>, path: &str) -> Option<SegmentId> {
        let id = self.static_segment(segment, path)?;
        self.claims.changed.push((id.0, path.to_owned()));
        Some(id)
    }

    fn action_of(&mut self, effect: &Effect, path: &str) -> Option<Action> {
        Some(match effect {
            Effect::AddToSegment(segment) => Action::AddToSegment {
                segment: self.changed(segment, path)?,
            },
            Effect::RemoveFromSegment(segment) => Action::RemoveFromSegment {
                segment: self.changed(segment, path)?,
            },
            Effect::Tag { add, remove } => Action::Tag {
                add: add.clone(),
                remove: remove.clone(),
            },
            Effect::AddToCampaign(campaign) => Action::AddToCampaign {
                campaign: self.campaign(campaign, path)?,
            },
            Effect::RemoveFromCampaign(campaign) => Action::RemoveFromCampaign {
                campaign: self.campaign(campaign, path)?,
            },
            Effect::SetStage(stage) => Action::SetStage {
                stage: self.stage(stage, path)?,
            },
            Effect::SetField { field, value } => Action::SetField {
                field: field.clone(),
                value: value.clone(),
            },
            Effect::SetOwner(owner) => Action::SetOwner {
                owner: self.user(owner, path)?,
            },
            Effect::SendEmail(email) => Action::SendEmail {
                email: self.email(email, path)?,
            },
            Effect::Mail { to, subject, text } => Action::Mail {
                to: to.clone(),
                subject: subject.clone(),
                text: text.clone(),
            },
            Effect::Webhook(webhook) => Action::Webhook {
                webhook: webhook.clone(),
            },
        })
    }

    pub(super) fn segment(&mut self, index: usize, rule: &SegmentRule) -> Option<CompiledSegment> {
        let path = format!("segment.{index}.segment");
        let test = match &rule.test {
            SegmentTest::Score {
                topic,
                enter,
                leave,
            } => self.position(topic, &path).map(|topic| SegmentTest::Score {
                topic,
                enter: *enter,
                leave: *leave,
            }),
            SegmentTest::When(tree) => self
                .score_tests(tree, &format!("segment.{index}"))
                .map(SegmentTest::When),
        };
        let segment = self.static_segment(&rule.segment, &path)?;
        self.claims.declared.push((segment.0, path));
        Some(CompiledSegment {
            segment,
            test: test?,
        })
    }
}
