//! Grades, triggers and segments, bound.

use super::super::{
    CompiledSegment, CompiledTrigger, Effect, Grade, Rearm, Ref, SegmentRule, SegmentTest, Trigger,
};
use super::{Binder, each};
use crate::domain::{Action, SegmentId};

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
        let (mut added, mut removed) = (0, 0);
        let actions = each(effects, |_, effect| match effect {
            Effect::AddToSegment(segment) => {
                let path = format!("{path}.add_to.{added}");
                added += 1;
                let segment = self.changed(segment, path)?;
                Some(Action::AddToSegment { segment })
            }
            Effect::RemoveFromSegment(segment) => {
                let path = format!("{path}.remove_from.{removed}");
                removed += 1;
                let segment = self.changed(segment, path)?;
                Some(Action::RemoveFromSegment { segment })
            }
            other => self.action_of(other, path),
        })?;
        self.no_contradiction(&actions, path).then_some(actions)
    }

    fn changed(&mut self, segment: &Ref<SegmentId>, path: String) -> Option<SegmentId> {
        let id = self.static_segment(segment, &path)?;
        self.claims.changed.push((id.0, path));
        Some(id)
    }

    fn no_contradiction(&mut self, actions: &[Action], path: &str) -> bool {
        let removed = actions.iter().filter_map(|action| match action {
            Action::RemoveFromSegment { segment } => Some(*segment),
            _ => None,
        });
        let both = removed
            .into_iter()
            .any(|segment| actions.contains(&Action::AddToSegment { segment }));
        if both {
            let path = format!("{path}.remove_from.0");
            let message = "a segment stands in `add_to` and in `remove_from`";
            self.error(&path, message, "keep one of the two");
        }
        !both
    }

    fn action_of(&mut self, effect: &Effect, path: &str) -> Option<Action> {
        let at = |key: &str| format!("{path}.{key}");
        Some(match effect {
            Effect::AddToSegment(segment) => Action::AddToSegment {
                segment: self.static_segment(segment, path)?,
            },
            Effect::RemoveFromSegment(segment) => Action::RemoveFromSegment {
                segment: self.static_segment(segment, path)?,
            },
            Effect::Tag { add, remove } => Action::Tag {
                add: add.clone(),
                remove: remove.clone(),
            },
            Effect::AddToCampaign(campaign) => Action::AddToCampaign {
                campaign: self.campaign(campaign, &at("add_to_campaigns"))?,
            },
            Effect::RemoveFromCampaign(campaign) => Action::RemoveFromCampaign {
                campaign: self.campaign(campaign, &at("remove_from_campaigns"))?,
            },
            Effect::SetStage(stage) => Action::SetStage {
                stage: self.stage(stage, &at("stage"))?,
            },
            Effect::SetField { field, value } => Action::SetField {
                field: field.clone(),
                value: value.clone(),
            },
            Effect::SetOwner(owner) => Action::SetOwner {
                owner: self.user(owner, &at("owner"))?,
            },
            Effect::SendEmail(email) => Action::SendEmail {
                email: self.email(email, &at("send_email"))?,
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
