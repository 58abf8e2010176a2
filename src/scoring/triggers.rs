//! Triggers: which crossings fire.
//!
//! A crossing is a moment in the course of the scores, so a peak between two looks fires, too. What
//! is kept of a trigger that fired is the crossing, and when it was armed again: a crossing fires
//! at most once, however the history is told anew.

use super::courses::Courses;
use super::profile;
use super::steps::{Steps, moments};
use crate::domain::{Fired, Firing, RuleKey, Scope, Snapshot};
use crate::plan::{BoundScoreTest, Compiled, CompiledTrigger, Edge, Rearm, ScoreTest, Tree};
use jiff::{SignedDuration, Timestamp};

/// What follows for one trigger.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// The crossing it fires for.
    pub(super) fires: Option<Timestamp>,
    /// When it was armed again, if that is news.
    pub(super) rearmed_at: Option<Timestamp>,
    /// When a wait will be over.
    pub(super) next_change: Option<Timestamp>,
}

/// Decides one trigger.
pub(super) fn decide(
    plan: &Compiled,
    history: &Snapshot,
    trigger: &CompiledTrigger,
    courses: &Courses<'_, '_>,
    now: Timestamp,
) -> Outcome {
    let fired = history.fired.get(&trigger.key);
    let truth = truth(plan, &trigger.when, courses);
    let holds = match trigger.edge {
        Edge::Rising => truth,
        Edge::Falling => truth.map(|holds| !holds),
    };
    let crossings = crossings(&holds, trigger, courses.begin(), now);
    let mut outcome = Outcome {
        next_change: crossings.next,
        ..Outcome::default()
    };
    match fired {
        None => outcome.fires = first_time(trigger, &crossings, now),
        Some(_) if trigger.rearm == Rearm::Never => outcome.next_change = None,
        Some(fired) => {
            let armed = match &trigger.rearm {
                Rearm::When(tree) => self::truth(plan, tree, courses),
                Rearm::Never | Rearm::AtOnce => holds.map(|holds| !holds),
            };
            let unseen = tells_no_history(plan, history, trigger);
            again(
                trigger,
                *fired,
                &holds,
                &armed,
                &crossings,
                now,
                &mut outcome,
            );
            // It was seen armed and holds again, but no moment tells since when.
            let back = unseen && fired.rearmed_at.is_some() && crossings.holds;
            let allowed = trigger.since.is_none_or(|since| now >= since);
            outcome.fires = outcome.fires.or((back && allowed).then_some(now));
        }
    }
    outcome
}

/// When a condition came to hold for long enough.
struct Crossings {
    /// Oldest first.
    at: Vec<Timestamp>,
    /// It holds now, and has done so for long enough.
    holds: bool,
    /// When it will have held for long enough.
    next: Option<Timestamp>,
    /// It has held ever since the contact is known: when that was for long enough.
    always_since: Option<Timestamp>,
}

fn crossings(
    holds: &Steps<bool>,
    trigger: &CompiledTrigger,
    begin: Option<Timestamp>,
    now: Timestamp,
) -> Crossings {
    let mut at = Vec::new();
    let mut next = None;
    let changes = holds.changes();
    for (index, (from, _)) in changes.iter().enumerate().filter(|(_, (_, holds))| *holds) {
        let Ok(long_enough) = from.checked_add(trigger.dwell) else {
            continue;
        };
        let ended = changes.get(index + 1).map(|(end, _)| *end);
        if ended.is_some_and(|end| end < long_enough) {
            continue;
        }
        if long_enough <= now {
            at.push(long_enough);
        } else {
            next = Some(long_enough);
        }
    }
    // What has held for as long as anything is known has come to hold; what has not held for as
    // long has not ceased to.
    let always = changes.is_empty() && holds.first() && trigger.edge == Edge::Rising;
    let long_enough = begin.and_then(|begin| begin.checked_add(trigger.dwell).ok());
    let always_since = long_enough.filter(|_| always);
    next = always_since.filter(|at| *at > now).or(next);
    let last_began = changes.last().is_some_and(|(_, holds)| *holds);
    Crossings {
        holds: (always || last_began) && next.is_none(),
        at,
        next,
        always_since,
    }
}

/// How old a crossing may be that fires though what it asks is not so any more: a peak between two
/// looks. Changed plans and late news tell older ones, which nobody should hear of.
const FRESH: SignedDuration = SignedDuration::from_hours(24);

fn is_fresh(crossing: Timestamp, now: Timestamp) -> bool {
    now.duration_since(crossing) <= FRESH
}

/// A trigger that never fired: for the newest crossing if what it asks is so, or for a fresh one
/// since it was made.
fn first_time(
    trigger: &CompiledTrigger,
    crossings: &Crossings,
    now: Timestamp,
) -> Option<Timestamp> {
    let last = crossings.at.last().copied();
    let old = |at: &Timestamp| trigger.since.is_some_and(|since| *at < since);
    let made = trigger.made_at.unwrap_or(Timestamp::MAX);
    let new = last.filter(|at| crossings.holds || (*at >= made && is_fresh(*at, now)));
    match new {
        Some(at) => Some(at).filter(|at| !old(at)),
        // It holds, and nobody knows since when; not for longer than the contact is known.
        None if crossings.holds && last.is_none() => {
            let new = crossings.always_since.is_some_and(|at| !old(&at));
            (new || trigger.since.is_none()).then_some(now)
        }
        None => None,
    }
}

/// A trigger that fired before: for a crossing after it was armed again.
fn again(
    trigger: &CompiledTrigger,
    fired: Fired,
    holds: &Steps<bool>,
    armed: &Steps<bool>,
    crossings: &Crossings,
    now: Timestamp,
    outcome: &mut Outcome,
) {
    // A wait that ended with its crossing is armed again at that very moment.
    let after = |at: Timestamp| at >= fired.crossed_at;
    let in_course = armed.changes().iter().find(|(at, is)| *is && after(*at));
    let in_course = in_course.map(|(at, _)| *at);
    // Told anew, the history may not have that crossing any more: then what is in it proves nothing.
    let a_moment_before = fired.crossed_at.checked_sub(SignedDuration::from_nanos(1));
    let held = holds.at(fired.crossed_at) || a_moment_before.is_ok_and(|before| holds.at(before));
    let in_course = in_course.filter(|_| held);
    // A condition of its own may hold all the time.
    let all_along = held && matches!(trigger.rearm, Rearm::When(_)) && armed.at(fired.crossed_at);
    let in_course = if all_along {
        Some(fired.crossed_at)
    } else {
        in_course
    };
    // A profile tells no history: that it is armed now may be all there is to see.
    let seen_now = armed.last().then_some(now);
    let rearmed = fired.rearmed_at.or(in_course).or(seen_now);
    if fired.rearmed_at.is_none() {
        outcome.rearmed_at = rearmed;
    }
    let Some(rearmed) = rearmed else {
        return;
    };
    let last = crossings
        .at
        .last()
        .copied()
        .filter(|at| *at > rearmed && trigger.since.is_none_or(|since| *at >= since));
    outcome.fires = last.filter(|at| crossings.holds || is_fresh(*at, now));
}

/// Whether something that has no history pays into what the trigger asks about: a profile, or
/// points for the members of a segment. Everything else has its moment, at which it fires once.
fn tells_no_history(plan: &Compiled, history: &Snapshot, trigger: &CompiledTrigger) -> bool {
    let by_hand = |topic: usize| {
        let key = &plan.topics[topic].key;
        let mut mine = history.adjustments.iter().filter(|one| one.topic == *key);
        mine.any(|one| matches!(one.scope, Scope::Segment(_)))
    };
    let mut asked: Vec<usize> = Vec::new();
    for leaf in trigger.when.leaves() {
        match leaf {
            ScoreTest::AtLeast(topic, _)
            | ScoreTest::Below(topic, _)
            | ScoreTest::Band(topic, _) => asked.push(*topic),
            ScoreTest::Grade(grade, _) => {
                asked.extend([plan.grades[*grade].fit, plan.grades[*grade].engagement]);
            }
        }
    }
    while let Some(topic) = asked.pop() {
        if profile::pays_into(plan, topic) || by_hand(topic) {
            return true;
        }
        asked.extend(plan.topics[topic].sum_of.iter().map(|(part, _)| *part));
    }
    false
}

/// Whether a condition held, over time.
pub(super) fn truth(
    plan: &Compiled,
    tree: &Tree<BoundScoreTest>,
    courses: &Courses<'_, '_>,
) -> Steps<bool> {
    let leaves = tree.leaves();
    let all = leaves.iter().flat_map(|leaf| changes(plan, leaf, courses));
    let mut steps = Steps::new(tree.holds(&mut |leaf| holds(plan, leaf, courses, None)));
    for moment in moments(all) {
        let now = tree.holds(&mut |leaf| holds(plan, leaf, courses, Some(moment)));
        steps.then(moment, now);
    }
    steps
}

fn changes(plan: &Compiled, test: &BoundScoreTest, courses: &Courses<'_, '_>) -> Vec<Timestamp> {
    let of = |topic: usize| courses.scores(topic).changes().iter().map(|(at, _)| *at);
    match test {
        ScoreTest::AtLeast(topic, _) | ScoreTest::Below(topic, _) => of(*topic).collect(),
        ScoreTest::Band(topic, _) => {
            let changes = courses.bands(*topic).changes().iter();
            changes.map(|(at, _)| *at).collect()
        }
        ScoreTest::Grade(grade, _) => {
            let grade = &plan.grades[*grade];
            of(grade.fit).chain(of(grade.engagement)).collect()
        }
    }
}

/// Whether a single condition holds at a moment; `None`: before anything happened.
fn holds(
    plan: &Compiled,
    test: &BoundScoreTest,
    courses: &Courses<'_, '_>,
    moment: Option<Timestamp>,
) -> bool {
    let score = |topic: usize| {
        let steps = courses.scores(topic);
        moment.map_or(steps.first(), |moment| steps.at(moment))
    };
    match test {
        ScoreTest::AtLeast(topic, least) => score(*topic) >= *least,
        ScoreTest::Below(topic, limit) => score(*topic) < *limit,
        ScoreTest::Band(topic, wanted) => {
            let steps = courses.bands(*topic);
            let band = moment.map_or(steps.first(), |moment| steps.at(moment));
            band.is_some_and(|band| wanted.contains(&band))
        }
        ScoreTest::Grade(grade, wanted) => {
            let grade = &plan.grades[*grade];
            wanted.contains(&grade.of(score(grade.fit), score(grade.engagement)))
        }
    }
}

/// A firing, with all that its effects may tell people.
pub(super) fn firing(
    plan: &Compiled,
    trigger: &CompiledTrigger,
    crossed_at: Timestamp,
    scores: &[i32],
) -> Firing {
    let named = plan.topics.iter().zip(scores);
    Firing {
        trigger: RuleKey(trigger.key.0.clone()),
        name: trigger.name.clone(),
        crossed_at,
        reason: words(plan, trigger, scores),
        scores: named
            .map(|(topic, score)| (topic.key.0.clone(), *score))
            .collect(),
        actions: trigger.actions.clone(),
    }
}

fn words(plan: &Compiled, trigger: &CompiledTrigger, scores: &[i32]) -> String {
    let score = |topic: usize| format!("{} {}", plan.topics[topic].key, scores[topic]);
    let leaf = |test: &BoundScoreTest| match test {
        ScoreTest::AtLeast(topic, least) => format!("{} (at least {least})", score(*topic)),
        ScoreTest::Below(topic, limit) => format!("{} (below {limit})", score(*topic)),
        ScoreTest::Band(topic, bands) => {
            let list = &plan.topics[*topic].bands.list;
            let names: Vec<&str> = bands.iter().map(|band| list[*band].name.as_str()).collect();
            format!("{} ({})", score(*topic), names.join(" or "))
        }
        ScoreTest::Grade(grade, wanted) => {
            let grade = &plan.grades[*grade];
            let now = grade.of(scores[grade.fit], scores[grade.engagement]);
            format!("{} {now} ({})", grade.key, wanted.join(" or "))
        }
    };
    let parts: Vec<String> = trigger.when.leaves().into_iter().map(leaf).collect();
    let over = match trigger.edge {
        Edge::Rising => "",
        Edge::Falling => "no more: ",
    };
    format!("{over}{}", parts.join(", "))
}
