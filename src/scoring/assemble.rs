//! All contributions of all topics: those that count, those that ended, and those to come.

use super::contribution::{Contribution, Ignored, Reason};
use super::doings::Doing;
use super::era::{Era, eras};
use super::letter::{self, Claim};
use super::limits::{Limiter, words};
use super::payments::{ByEra, Listener, Paid, Payment, claims, pay};
use super::topic::{score, sum_at};
use super::{given, profile, silence};
use crate::domain::Snapshot;
use crate::plan::{Behaviour, Compiled, CompiledAction, Foreign, THOUSANDTHS, Weight};
use jiff::Timestamp;

/// What everything is made from.
pub(super) struct Assembly<'a, 'l> {
    pub(super) plan: &'a Compiled,
    pub(super) history: &'a Snapshot,
    pub(super) doings: &'l [Doing<'a>],
    pub(super) now: Timestamp,
    /// What Mautic itself would pay for, by index of the action; filled where the plan counts so.
    pub(super) letter: Vec<Vec<Claim>>,
    /// Filled with what was passed over, if anybody asks.
    pub(super) ignored: Option<Vec<Ignored<'a>>>,
}

impl<'a> Assembly<'a, '_> {
    /// The contributions of every topic but totals' parts, sorted by beginning.
    pub(super) fn contributions(&mut self) -> Vec<Vec<Contribution<'a>>> {
        let plan = self.plan;
        let eras: Vec<Vec<Era>> = plan
            .topics
            .iter()
            .map(|one| eras(one, self.doings))
            .collect();
        if plan.behaviour == Behaviour::Mautic {
            self.letter = letter::claims(plan, self.history, self.doings);
        }
        let mut topics = self.of_actions(&eras);
        for (index, parts) in topics.iter_mut().enumerate() {
            parts.sort_by_key(|part| part.from);
            self.limit(index, &eras[index], parts);
        }
        for (index, parts) in topics.iter_mut().enumerate() {
            self.of_silence(index, &eras[index], parts);
            self.given(index, &eras[index], parts);
            // What is carried over and what a profile gives is no part of Mautic's main points.
            parts.sort_by(|a, b| (a.from, a.rule).cmp(&(b.from, b.rule)));
            given::operate(parts);
            self.carried(index, &eras[index], parts);
            self.of_profile(index, parts);
            parts.sort_by(|a, b| (a.from, a.rule).cmp(&(b.from, b.rule)));
        }
        topics
    }

    fn of_actions(&mut self, eras: &[Vec<Era>]) -> Vec<Vec<Contribution<'a>>> {
        let plan = self.plan;
        let mut topics = vec![Vec::new(); plan.topics.len()];
        for (number, action) in plan.point_actions.iter().enumerate() {
            let mut by_era = ByEra::new();
            for (topic, weight) in &action.pays {
                for era in &eras[*topic] {
                    let literal = self.letter.get(number).map(Vec::as_slice);
                    let paid = by_era
                        .entry(*era)
                        .or_insert_with(|| self.payments(action, literal, *era));
                    let parts = paid
                        .payments
                        .iter()
                        .map(|payment| self.contribution(action, *topic, *weight, *era, payment));
                    topics[*topic].extend(parts);
                    let passed_over = paid.ignored.iter().cloned().map(|one| Ignored {
                        topic: Some(*topic),
                        ..one
                    });
                    if let Some(list) = self.ignored.as_mut() {
                        list.extend(passed_over);
                    }
                }
            }
        }
        topics
    }

    fn payments(
        &self,
        action: &'a CompiledAction,
        literal: Option<&[Claim]>,
        era: Era,
    ) -> Paid<'a> {
        let (plan, doings) = (self.plan, self.doings);
        // What was passed over before the present era is of no interest any more.
        let asked = self.ignored.is_some() && era.until.is_none();
        let mut ignored = Vec::new();
        let listener: Listener<'_, 'a> = asked.then_some(&mut ignored);
        let mine = match literal {
            Some(literal) => in_era(literal, doings, era),
            None => claims(plan, action, doings, era),
        };
        let payments = pay(plan, action, doings, mine, listener);
        Paid { payments, ignored }
    }

    fn contribution(
        &self,
        action: &'a CompiledAction,
        topic: usize,
        weight: Weight,
        era: Era,
        payment: &Payment,
    ) -> Contribution<'a> {
        let plan = self.plan;
        let doing = &self.doings[payment.doing];
        let reason = Reason::Activity {
            activity: doing.activity,
            machine: doing.machine,
        };
        let (key, name) = (&action.key.0, &action.name);
        let (points, at) = (weight.of(payment.points), Some(doing.activity.at));
        let lost_at = payment
            .lost_at
            .filter(|_| plan.topics[topic].group().is_some());
        let part = Contribution::new(key, name, points, at, reason);
        let part = match &action.fade {
            Some(fade) => part.fading_as_its_rule_says(fade, &plan.ticks),
            None => part.fading(&plan.topics[topic].fade, &plan.ticks),
        };
        part.ending(era.until).ending(lost_at)
    }

    /// The topic's own limits, over all rules on activities; they begin anew with each era.
    fn limit(&mut self, topic: usize, eras: &[Era], parts: &mut Vec<Contribution<'a>>) {
        let plan = self.plan;
        let limits = &plan.topics[topic].limits;
        if limits.is_empty() {
            return;
        }
        for era in eras {
            let mut limiter = Limiter::new(limits, &plan.ticks);
            for part in parts.iter_mut() {
                let Some(from) = part.from.filter(|from| era.contains(*from)) else {
                    continue;
                };
                let allowed = limiter.pay(from, part.points);
                let listener = self.ignored.as_mut().filter(|_| era.until.is_none());
                if let (Some(limit), Some(list)) = (allowed.cut_by, listener)
                    && let Reason::Activity { activity, .. } = &part.reason
                {
                    let lost = super::words::points(part.points - allowed.points);
                    let why = format!("{lost} of it, the topic gets {}", words(limit));
                    let (rule, name) = (part.rule, part.name);
                    list.push(Ignored {
                        rule,
                        name,
                        topic: Some(topic),
                        activity,
                        why,
                    });
                }
                part.points = allowed.points;
                part.worth = allowed.points;
            }
        }
        parts.retain(|part| part.points != 0);
    }

    fn of_silence(&self, topic: usize, eras: &[Era], parts: &mut Vec<Contribution<'a>>) {
        for rule in &self.plan.inactivity_rules {
            for (_, weight) in rule.pays.iter().filter(|(into, _)| *into == topic) {
                for era in eras {
                    let (ticks, history) = (&self.plan.ticks, self.history);
                    let found =
                        silence::contributions(rule, *weight, ticks, history, self.doings, *era);
                    parts.extend(found);
                }
            }
        }
    }

    fn given(&self, index: usize, eras: &[Era], parts: &mut Vec<Contribution<'a>>) {
        let (plan, history) = (self.plan, self.history);
        let topic = &plan.topics[index];
        let adjusted = given::adjustments(topic, history);
        let mut given: Vec<_> = adjusted.collect();
        let mut adopted = given::foreign(plan, topic, history);
        adopted.extend(given::unexplained(plan, index, history, &self.paid_for()));
        // Those to be reported count for nobody.
        let counts = |part: &Contribution<'_>| match &part.reason {
            Reason::Adopted(row) if topic.foreign == Foreign::Report => {
                row.row.point_action().is_some()
            }
            _ => true,
        };
        given.extend(adopted.into_iter().filter(counts));
        parts.extend(given.into_iter().map(|part| {
            let from = part.from.unwrap_or(Timestamp::MIN);
            let era = eras.iter().find(|era| era.contains(from));
            part.ending(era.and_then(|era| era.until))
        }));
    }

    /// When each action had something to pay for, as Mautic counts.
    fn paid_for(&self) -> Vec<Vec<Timestamp>> {
        let at = |claim: &Claim| self.doings[claim.doing].activity.at;
        let actions = self.letter.iter();
        actions
            .map(|claims| claims.iter().map(at).collect())
            .collect()
    }

    /// What each era leaves to the next one.
    fn carried(&self, topic: usize, eras: &[Era], parts: &mut Vec<Contribution<'a>>) {
        let plan = self.plan;
        let compiled = &plan.topics[topic];
        let percent = compiled.stages.as_ref().map_or(0, |reset| reset.carry);
        if percent == 0 {
            return;
        }
        for pair in eras.windows(2) {
            let (Some(end), next) = (pair[0].until, pair[1]) else {
                continue;
            };
            let before = end.checked_sub(jiff::SignedDuration::from_nanos(1));
            let sum = sum_at(parts, &plan.ticks, before.unwrap_or(end));
            let score = score(compiled.scale, sum);
            let points = i64::from(score) * THOUSANDTHS * i64::from(percent) / 100;
            if points != 0 {
                let reason = Reason::Carried { score, percent };
                let name = "Carried over from before the stage";
                let part = Contribution::new("carried", name, points, Some(end), reason);
                parts.push(part.fading(&compiled.fade, &plan.ticks).ending(next.until));
            }
        }
    }

    fn of_profile(&self, topic: usize, parts: &mut Vec<Contribution<'a>>) {
        for rule in &self.plan.profile_rules {
            for (_, weight) in rule.pays.iter().filter(|(into, _)| *into == topic) {
                let (plan, history) = (self.plan, self.history);
                let part = profile::contribution(plan, rule, *weight, history, self.now);
                parts.extend(part);
            }
        }
    }
}

fn in_era(literal: &[Claim], doings: &[Doing<'_>], era: Era) -> Vec<Claim> {
    let claims = literal.iter().copied();
    claims
        .filter(|claim| era.contains(doings[claim.doing].activity.at))
        .collect()
}
