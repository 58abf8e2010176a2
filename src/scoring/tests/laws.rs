//! Laws that hold for every plan and every history.

use super::keep;
use super::random::{LAST, May, bound, histories, minute, plans};
use crate::domain::{Activity, Snapshot};
use crate::plan::{Compiled, CompiledTrigger, Edge, Limit, Rearm, ScoreTest, Window};
use crate::scoring::steps::moments;
use crate::scoring::{Contribution, Evaluation, Reason, evaluate, explain};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// A part of a score as something to compare: rule, reason, beginning, end, points, worth.
fn part(part: &Contribution<'_>) -> String {
    let Contribution {
        rule,
        from,
        until,
        points,
        worth,
        reason,
        ..
    } = part;
    let what = match reason {
        Reason::Activity { activity, .. } => activity.key.to_string(),
        other => format!("{other:?}"),
    };
    format!("{rule} {what} {from:?} {until:?} {points} {worth}")
}

/// All that an evaluation says, but for decisions.
fn topics(evaluation: &Evaluation<'_>) -> Vec<(i32, i64, Option<usize>, Vec<String>)> {
    let each = evaluation.topics.iter();
    each.map(|one| {
        let parts = one.contributions.iter().map(part).collect();
        (one.score, one.sum, one.band, parts)
    })
    .collect()
}

/// What a marketer sees: scores, bands, segments, who would fire.
fn seen(evaluation: &Evaluation<'_>) -> String {
    let scores: Vec<_> = evaluation
        .topics
        .iter()
        .map(|one| (one.score, one.band))
        .collect();
    let inside: Vec<_> = evaluation
        .decision
        .segments
        .values()
        .map(|one| one.0)
        .collect();
    let fires: Vec<_> = evaluation
        .decision
        .firings
        .iter()
        .map(|one| &one.trigger)
        .collect();
    format!("{scores:?} {inside:?} {fires:?}")
}

fn shuffled() -> impl Strategy<Value = (Snapshot, Vec<Activity>)> {
    histories().prop_flat_map(|history| {
        let order = Just(history.activities.clone()).prop_shuffle();
        (Just(history), order)
    })
}

/// Facts by the moment at which they arrive: most at once, some days late.
fn arrivals() -> impl Strategy<Value = Vec<(Timestamp, Activity)>> {
    let delays = prop::collection::vec(prop_oneof![Just(0), Just(0), 0..20_000_i64], 30);
    (histories(), delays).prop_map(|(history, delays)| {
        let each = history.activities.into_iter().zip(delays);
        let told = each.map(|(one, delay)| (one.at + SignedDuration::from_mins(delay), one));
        let mut told: Vec<_> = told.collect();
        told.sort_by_key(|(at, _)| *at);
        told
    })
}

/// Looks at every arrival and at the announced moments in between, keeping what a store keeps.
/// Gives the crossings that fired, by trigger; each must be one in the history known then.
fn live(plan: &Compiled, told: &[(Timestamp, Activity)], until: Timestamp) -> Fires {
    let mut known = Snapshot::of(crate::domain::ContactId(1));
    let mut fires = Fires::new();
    let mut look = |known: &mut Snapshot, now| {
        let seen = known.clone();
        let evaluation = evaluate(plan, &seen, now);
        for firing in &evaluation.decision.firings {
            let trigger = &firing.trigger.0;
            let crossed = crosses(plan, &seen, trigger, firing.crossed_at);
            assert!(
                crossed,
                "{trigger} fired at {} for nothing",
                firing.crossed_at
            );
            let list = fires.entry(trigger.clone()).or_default();
            list.push(firing.crossed_at);
        }
        keep(known, &evaluation);
        evaluation.next_change
    };
    let mut next: Option<Timestamp> = None;
    for (index, (at, activity)) in told.iter().enumerate() {
        while let Some(moment) = next.filter(|moment| moment < at) {
            next = look(&mut known, moment);
        }
        known.activities.push(activity.clone());
        if told.get(index + 1).is_none_or(|(later, _)| later > at) {
            next = look(&mut known, *at);
        }
    }
    while let Some(moment) = next.filter(|moment| *moment <= until) {
        next = look(&mut known, moment);
    }
    fires
}

/// Whether what a trigger asks for came to be so at a moment (or long enough before it).
fn crosses(plan: &Compiled, history: &Snapshot, key: &str, at: Timestamp) -> bool {
    let trigger = plan.triggers.iter().find(|one| one.key.0 == key).unwrap();
    let asked = |moment| {
        let scores = scores(&evaluate(plan, history, moment));
        holds(trigger, &scores) == (trigger.edge == Edge::Rising)
    };
    let began = at - trigger.dwell;
    asked(began) && !asked(began - SignedDuration::from_secs(1))
}

fn scores(evaluation: &Evaluation<'_>) -> Vec<i32> {
    evaluation.topics.iter().map(|one| one.score).collect()
}

fn holds(trigger: &CompiledTrigger, scores: &[i32]) -> bool {
    trigger.when.holds(&mut |test| match test {
        ScoreTest::AtLeast(topic, least) => scores[*topic] >= *least,
        ScoreTest::Below(topic, limit) => scores[*topic] < *limit,
        _ => unreachable!("random triggers ask about scores only"),
    })
}

type Fires = BTreeMap<String, Vec<Timestamp>>;

fn some(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

const END: i64 = LAST + 30 * 24 * 60;

proptest! {
    #![proptest_config(some(64))]

    #[test]
    fn order_and_duplicates_change_nothing(text in plans(May::ALL), (history, order) in shuffled()) {
        let plan = bound(&text);
        let twice = order.iter().chain(order.iter().rev()).cloned().collect();
        let again = Snapshot { activities: twice, ..history.clone() };
        let (one, other) = (evaluate(&plan, &history, minute(LAST)), evaluate(&plan, &again, minute(LAST)));
        prop_assert_eq!(topics(&one), topics(&other));
        prop_assert_eq!(&one.decision, &other.decision);
        prop_assert_eq!(one.next_change, other.next_change);
    }

    #[test]
    fn one_by_one_in_any_order_ends_as_all_at_once(text in plans(May::ALL), (history, order) in shuffled()) {
        let plan = bound(&text);
        let mut told = Snapshot { activities: Vec::new(), ..history.clone() };
        for activity in order {
            told.activities.push(activity);
            let evaluation = evaluate(&plan, &told, minute(LAST));
            let mut kept = told.clone();
            keep(&mut kept, &evaluation);
            told = kept;
        }
        let (one, other) = (evaluate(&plan, &history, minute(END)), evaluate(&plan, &told, minute(END)));
        prop_assert_eq!(topics(&one), topics(&other));
        prop_assert_eq!(&one.decision.segments, &other.decision.segments);
    }

    #[test]
    fn shifting_all_times_by_whole_days_shifts_nothing_else(
        text in plans(May { profile: false, ..May::ALL }), history in histories(), now in 0..END, days in 1..400_i64
    ) {
        let plan = bound(&text);
        let by = SignedDuration::from_hours(24 * days);
        let mut shifted = plan.clone();
        for action in &mut shifted.point_actions {
            action.since = action.since.map(|since| since + by);
        }
        let mut later = history.clone();
        later.activities.iter_mut().for_each(|activity| activity.at += by);
        if let Some(profile) = &mut later.profile {
            profile.added_at = profile.added_at.map(|added| added + by);
        }
        let (one, other) = (evaluate(&plan, &history, minute(now)), evaluate(&shifted, &later, minute(now) + by));
        prop_assert_eq!(seen(&one), seen(&other));
        let sums = |e: &Evaluation<'_>| e.topics.iter().map(|one| one.sum).collect::<Vec<_>>();
        prop_assert_eq!(sums(&one), sums(&other));
        prop_assert_eq!(one.next_change.map(|next| next + by), other.next_change);
        let crossed = |e: &Evaluation<'_>| e.decision.firings.iter().map(|one| one.crossed_at).collect::<Vec<_>>();
        prop_assert_eq!(crossed(&one).into_iter().map(|at| at + by).collect::<Vec<_>>(), crossed(&other));
    }

    #[test]
    fn scores_stay_in_range_and_explanations_add_up(text in plans(May::ALL), history in histories(), now in 0..END) {
        let plan = bound(&text);
        for (explained, topic) in explain(&plan, &history, minute(now)).iter().zip(&plan.topics) {
            prop_assert!(topic.scale.floor.is_none_or(|floor| explained.score >= floor));
            prop_assert!(topic.scale.ceiling.is_none_or(|ceiling| explained.score <= ceiling));
            let parts: i64 = explained.contributions.iter().map(|part| part.points.0).sum();
            let all = parts + explained.rounding.0 + explained.cut * 1000;
            prop_assert_eq!(all, i64::from(explained.score) * 1000);
            prop_assert!(explained.rounding.0.abs() <= 500);
        }
    }

    #[test]
    fn limits_are_never_exceeded(
        text in plans(May { expiry: false, stages: false, ..May::ALL }), history in histories()
    ) {
        let plan = bound(&text);
        let evaluation = evaluate(&plan, &history, minute(LAST));
        for (index, topic) in evaluation.topics.iter().enumerate() {
            let of_activities = |part: &&Contribution<'_>| matches!(part.reason, Reason::Activity { .. });
            let paid = |rule: Option<&str>| -> Vec<(Timestamp, i64)> {
                let mine = topic.contributions.iter().filter(of_activities);
                let mine = mine.filter(|part| part.points > 0 && rule.is_none_or(|rule| part.rule == rule));
                mine.map(|part| (part.from.unwrap(), part.points)).collect()
            };
            for limit in &plan.topics[index].limits {
                prop_assert!(keeps(&plan, limit, &paid(None)), "{limit:?} of the topic");
            }
            for action in &plan.point_actions {
                // Weights are at most 1, so what arrives is at most what the rule paid.
                for limit in &action.limits {
                    prop_assert!(keeps(&plan, limit, &paid(Some(&action.key.0))), "{limit:?} of {:?}", action.key);
                }
            }
        }
    }

    #[test]
    fn gradual_decay_only_lowers(
        text in plans(May { expiry: false, silence: false, profile: false, totals: false, stages: false, ..May::ALL }),
        history in histories()
    ) {
        let plan = bound(&text);
        let mut before: Option<Vec<i64>> = None;
        for day in 0..40 {
            let now = minute(LAST + day * 24 * 60 + 180);
            let sums: Vec<i64> = evaluate(&plan, &history, now).topics.iter().map(|one| one.sum).collect();
            if let Some(before) = before {
                prop_assert!(sums.iter().zip(&before).all(|(now, before)| now <= before), "{before:?} {sums:?}");
            }
            before = Some(sums);
        }
    }

    #[test]
    fn removing_a_rule_removes_exactly_what_it_gave(
        text in plans(May { topic_limits: false, totals: false, stages: false, ..May::ALL }),
        history in histories(), now in 0..END, which in any::<prop::sample::Index>()
    ) {
        let full = bound(&text);
        let mut less = full.clone();
        let removed = less.point_actions.remove(which.index(full.point_actions.len())).key.0;
        let (all, rest) = (evaluate(&full, &history, minute(now)), evaluate(&less, &history, minute(now)));
        for (all, rest) in all.topics.iter().zip(&rest.topics) {
            let kept = all.contributions.iter().filter(|one| one.rule != removed);
            prop_assert_eq!(kept.map(part).collect::<Vec<_>>(), rest.contributions.iter().map(part).collect::<Vec<_>>());
        }
    }

    #[test]
    fn nothing_changes_before_the_announced_moment(
        text in plans(May::ALL), history in histories(), now in 0..END, between in 0.0..1.0_f64
    ) {
        let plan = bound(&text);
        let evaluation = evaluate(&plan, &history, minute(now));
        let end = evaluation.next_change.unwrap_or(minute(now + 100 * 24 * 60));
        prop_assert!(end > minute(now));
        let length = end.duration_since(minute(now));
        for share in [between, between / 2.0, 1.0 - between / 10.0, 1.0] {
            let moment = minute(now) + length.mul_f64(share) - SignedDuration::from_secs(1);
            if moment > minute(now) {
                prop_assert_eq!(seen(&evaluation), seen(&evaluate(&plan, &history, moment)), "at {}", moment);
            }
        }
    }

    #[test]
    fn a_crossing_fires_at_most_once_in_whatever_order_facts_arrive(
        text in plans(May { profile: false, ..May::ALL }), told in arrivals()
    ) {
        let plan = bound(&text);
        for (trigger, crossings) in live(&plan, &told, minute(END)) {
            let rising = crossings.windows(2).all(|pair| pair[0] < pair[1]);
            prop_assert!(rising, "{trigger} fired for {crossings:?}");
            let compiled = plan.triggers.iter().find(|one| one.key.0 == trigger).unwrap();
            let once = compiled.rearm == Rearm::Never;
            prop_assert!(!once || crossings.len() == 1, "{trigger} fired for {crossings:?}");
        }
    }

    #[test]
    fn told_in_time_every_crossing_fires(
        text in plans(May { profile: false, ..May::ALL }), history in histories()
    ) {
        let mut plan = bound(&text);
        for trigger in &mut plan.triggers {
            trigger.rearm = Rearm::AtOnce;
            trigger.dwell = SignedDuration::ZERO;
            trigger.edge = Edge::Rising;
            trigger.made_at = Some(minute(-100_000));
        }
        let told: Vec<_> = history.activities.iter().map(|one| (one.at, one.clone())).collect();
        let fires = live(&plan, &told, minute(END));
        // The same by looking every time that something is done, and at every tick.
        let ticks = (0..END / (24 * 60)).map(|day| minute(day * 24 * 60 + 180));
        let looks = moments(history.activities.iter().map(|one| one.at).chain(ticks));
        let mut held = vec![false; plan.triggers.len()];
        let mut expected = vec![Vec::new(); plan.triggers.len()];
        let mut known = Snapshot { profile: None, ..history.clone() };
        for look in looks {
            known.activities = history.activities.iter().filter(|one| one.at <= look).cloned().collect();
            let scores = scores(&evaluate(&plan, &known, look));
            for (index, trigger) in plan.triggers.iter().enumerate() {
                let holds = holds(trigger, &scores);
                if holds && !held[index] {
                    expected[index].push(look);
                }
                held[index] = holds;
            }
        }
        for (trigger, expected) in plan.triggers.iter().zip(expected) {
            let fired = fires.get(&trigger.key.0).cloned().unwrap_or_default();
            prop_assert_eq!(fired, expected, "{:?}", trigger);
        }
    }
}

/// Whether no window of a limit holds more than it may.
fn keeps(plan: &Compiled, limit: &Limit, paid: &[(Timestamp, i64)]) -> bool {
    paid.iter().all(|(end, _)| {
        let inside = paid.iter().filter(|(at, _)| {
            at <= end
                && match limit.window {
                    Window::Ever => true,
                    Window::Calendar(window) => *at >= plan.ticks.begin(window, *end),
                    Window::Rolling(length) => end.duration_since(*at) < length,
                }
        });
        inside.map(|(_, points)| points).sum::<i64>() <= i64::from(limit.points) * 1000
    })
}
