//! The scores, bands and grades that a contact went through. Made only where something asks.

use super::bands;
use super::contribution::Contribution;
use super::steps::{Steps, moments};
use super::topic::{course, score};
use crate::plan::{Compiled, THOUSANDTHS};
use jiff::Timestamp;
use std::cell::OnceCell;

/// Courses of all topics of one contact up to now.
pub(super) struct Courses<'e, 'a> {
    plan: &'a Compiled,
    parts: &'e [Vec<Contribution<'a>>],
    begin: Option<Timestamp>,
    now: Timestamp,
    scores: Vec<OnceCell<Steps<i32>>>,
    bands: Vec<OnceCell<Steps<Option<usize>>>>,
}

impl<'e, 'a> Courses<'e, 'a> {
    /// Courses of a contact that is known since `begin`.
    pub(super) fn new(
        plan: &'a Compiled,
        parts: &'e [Vec<Contribution<'a>>],
        begin: Option<Timestamp>,
        now: Timestamp,
    ) -> Self {
        let topics = plan.topics.len();
        Self {
            plan,
            parts,
            begin,
            now,
            scores: vec![OnceCell::new(); topics],
            bands: vec![OnceCell::new(); topics],
        }
    }

    /// The first moment known of the contact: nothing held before it.
    pub(super) const fn begin(&self) -> Option<Timestamp> {
        self.begin
    }

    /// A topic's scores.
    pub(super) fn scores(&self, topic: usize) -> &Steps<i32> {
        self.scores[topic].get_or_init(|| self.made_of(topic))
    }

    /// The bands that a topic was in.
    pub(super) fn bands(&self, topic: usize) -> &Steps<Option<usize>> {
        let scores = || bands::course(&self.plan.topics[topic].bands, self.scores(topic), self.now);
        self.bands[topic].get_or_init(scores)
    }

    /// Own contributions, and the scores of the parts of a total.
    fn made_of(&self, topic: usize) -> Steps<i32> {
        let compiled = &self.plan.topics[topic];
        let own = course(&self.parts[topic], &self.plan.ticks, self.now);
        if compiled.sum_of.is_empty() {
            return own.map(|sum| score(compiled.scale, sum));
        }
        let of_parts = |value: &dyn Fn(&Steps<i32>) -> i32, own: i64| {
            let parts = compiled.sum_of.iter();
            let sum: i64 = parts
                .map(|(part, weight)| weight.of(i64::from(value(self.scores(*part))) * THOUSANDTHS))
                .sum();
            score(compiled.scale, own + sum)
        };
        let mut steps = Steps::new(of_parts(&|part| part.first(), own.first()));
        let parts = compiled.sum_of.iter().map(|(part, _)| self.scores(*part));
        let all = parts.flat_map(|part| part.changes().iter().map(|(at, _)| *at));
        let all = all.chain(own.changes().iter().map(|(at, _)| *at));
        for moment in moments(all) {
            steps.then(moment, of_parts(&|part| part.at(moment), own.at(moment)));
        }
        steps
    }
}
