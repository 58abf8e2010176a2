//! The fold: plan, history and clock to scores.

use super::assemble::Assembly;
use super::contribution::{Contribution, Ignored, Reason};
use super::courses::Courses;
use super::decide::{Decision, decide};
use super::doings::doings;
use super::topic::{next_change, score, whole};
use super::{bands, given, profile, silence, words};
use crate::domain::Snapshot;
use crate::plan::{Compiled, CompiledTopic, Foreign, THOUSANDTHS};
use jiff::Timestamp;

/// The score of one topic and all that it is made of.
#[derive(Debug, Clone)]
pub struct TopicEvaluation<'a> {
    /// Contributions that count now, in order of time, then rule.
    pub contributions: Vec<Contribution<'a>>,
    /// Their sum, in thousandths.
    pub sum: i64,
    /// The sum in whole points, rounded half away from zero.
    pub raw: i64,
    /// That, brought into the topic's range.
    pub score: i32,
    /// Index of the band the score is in.
    pub band: Option<usize>,
    /// Why the score is not to be written, if it is not.
    pub withheld: Option<String>,
    /// When time alone will next change the score.
    pub next_change: Option<Timestamp>,
}

/// What a plan makes of one contact's history.
#[derive(Debug, Clone)]
pub struct Evaluation<'a> {
    /// By the plan's order of topics.
    pub topics: Vec<TopicEvaluation<'a>>,
    /// By the plan's order of grades.
    pub grades: Vec<String>,
    /// Segments and triggers.
    pub decision: Decision,
    /// When time alone will next change something, if ever.
    pub next_change: Option<Timestamp>,
}

/// Scores one contact. Same input, same output, whatever the order of `history.activities`.
#[must_use]
pub fn evaluate<'a>(plan: &'a Compiled, history: &'a Snapshot, now: Timestamp) -> Evaluation<'a> {
    evaluate_with(plan, history, now, None).0
}

/// The same, with what was passed over if `ignored` is given.
pub(super) fn evaluate_with<'a>(
    plan: &'a Compiled,
    history: &'a Snapshot,
    now: Timestamp,
    ignored: Option<Vec<Ignored<'a>>>,
) -> (Evaluation<'a>, Option<Vec<Ignored<'a>>>) {
    let doings = doings(plan, history);
    let mut assembly = Assembly {
        plan,
        history,
        doings: &doings,
        now,
        letter: Vec::new(),
        ignored,
    };
    let parts = assembly.contributions();
    let ignored = assembly.ignored;
    let scores = scores(plan, &parts, now);
    let begin = silence::first_seen(history, &doings);
    let courses = Courses::new(plan, &parts, begin, now);
    let decision = decide(plan, history, &scores, &courses, now);
    let turn = profile::next_turn(plan, history, now);
    let mut next = decision.next_change;
    let mut topics = Vec::with_capacity(plan.topics.len());
    for (index, topic) in plan.topics.iter().enumerate() {
        let more = of_parts(topic, &scores);
        let own = next_change(&parts[index], more, topic.scale, &plan.ticks, now);
        let turns = turn.filter(|_| profile::pays_into(plan, index));
        let change = own.into_iter().chain(turns).min();
        let waits = !topic.bands.dwell.is_zero();
        let band = waits.then(|| bands::next_change(&topic.bands, courses.scores(index), now));
        next = next.into_iter().chain(change).chain(band.flatten()).min();
        let mut evaluated =
            topic_evaluation(plan, history, index, &parts[index], &scores, &courses, now);
        evaluated.next_change = change;
        topics.push(evaluated);
    }
    totals_change_with_parts(plan, &mut topics);
    let grades = plan.grades.iter();
    let grades = grades.map(|grade| grade.of(scores[grade.fit], scores[grade.engagement]));
    let evaluation = Evaluation {
        topics,
        grades: grades.collect(),
        decision,
        next_change: next,
    };
    (evaluation, ignored)
}

/// The scores now, parts before their totals.
fn scores(plan: &Compiled, parts: &[Vec<Contribution<'_>>], now: Timestamp) -> Vec<i32> {
    let mut scores = vec![0; plan.topics.len()];
    for index in &plan.order {
        let topic = &plan.topics[*index];
        let own = super::topic::sum_at(&parts[*index], &plan.ticks, now);
        scores[*index] = score(topic.scale, own + of_parts(topic, &scores));
    }
    scores
}

/// What a total gets of its parts, in thousandths.
fn of_parts(topic: &CompiledTopic, scores: &[i32]) -> i64 {
    let parts = topic.sum_of.iter();
    parts
        .map(|(part, weight)| weight.of(i64::from(scores[*part]) * THOUSANDTHS))
        .sum()
}

fn topic_evaluation<'a>(
    plan: &'a Compiled,
    history: &'a Snapshot,
    index: usize,
    parts: &[Contribution<'a>],
    scores: &[i32],
    courses: &Courses<'_, '_>,
    now: Timestamp,
) -> TopicEvaluation<'a> {
    let topic = &plan.topics[index];
    let day = plan.ticks.last_day(now);
    let counting = parts.iter().filter(|part| part.counts_at(now)).cloned();
    let mut contributions: Vec<Contribution<'a>> = counting
        .map(|mut part| {
            part.worth = part.worth_on(&plan.ticks, day);
            part
        })
        // What has faded to nothing is of no interest any more.
        .filter(|part| part.fade.is_none() || part.worth != 0)
        .collect();
    contributions.extend(topic.sum_of.iter().map(|(part, weight)| {
        let (score, label) = (scores[*part], &plan.topics[*part].label);
        let points = weight.of(i64::from(score) * THOUSANDTHS);
        let reason = Reason::Part {
            topic: *part,
            score,
        };
        Contribution::new("total", label, points, None, reason)
    }));
    let sum = contributions.iter().map(|part| part.worth).sum();
    let simple = topic.bands.hysteresis == 0 && topic.bands.dwell.is_zero();
    let band = if simple {
        let list = &topic.bands.list;
        list.iter().rposition(|band| scores[index] >= band.from)
    } else {
        courses.bands(index).last()
    };
    TopicEvaluation {
        contributions,
        sum,
        raw: whole(sum),
        score: scores[index],
        band,
        withheld: withheld(plan, history, index),
        next_change: None,
    }
}

fn totals_change_with_parts(plan: &Compiled, topics: &mut [TopicEvaluation<'_>]) {
    for index in &plan.order {
        let parts = plan.topics[*index].sum_of.iter();
        let parts = parts
            .filter_map(|(part, _)| topics[*part].next_change)
            .min();
        let own = topics[*index].next_change;
        topics[*index].next_change = own.into_iter().chain(parts).min();
    }
}

/// Somebody else's points that are to be reported before the group is written.
fn withheld(plan: &Compiled, history: &Snapshot, index: usize) -> Option<String> {
    let topic = &plan.topics[index];
    if topic.foreign != Foreign::Report || topic.target().is_none() {
        return None;
    }
    let foreign = given::foreign(plan, topic, history);
    let foreign = foreign.iter().filter(|part| match &part.reason {
        Reason::Adopted(row) => row.row.point_action().is_none(),
        _ => false,
    });
    let (mut count, mut sum, mut last) = (0_u32, 0, "");
    for part in foreign {
        count += 1;
        sum += part.points;
        last = part.name;
    }
    let points = words::points(sum);
    (count > 0).then(|| {
        format!(
            "somebody else gave {points} points ({count} changes, the last: {last}): \
             the plan says to report, so the score is not written"
        )
    })
}
