//! Triggers: which crossings fire, and how often.

use super::{at, history, keep, plan, profile};
use crate::domain::Snapshot;
use crate::plan::Compiled;
use crate::scoring::evaluate;
use jiff::Timestamp;

const PLAN: &str = "
    @open a
    @pays a 10 form.submit
    repeat = 'always'
    @pays a -10 url.hit
    repeat = 'always'
    [[trigger]]
    name = 't'
    add_tags = ['x']\n";

/// A plan with one trigger on topic `a`, in force since the beginning of 2020.
fn with(keys: &str) -> Compiled {
    let mut plan = plan(&format!("{PLAN}{keys}"));
    plan.triggers[0].made_at = Some(at("2020-01-01"));
    plan
}

/// Looks once: the crossing that fires, or `-`.
fn look(plan: &Compiled, history: &mut Snapshot, now: Timestamp) -> String {
    let seen = history.clone();
    let evaluation = evaluate(plan, &seen, now);
    keep(history, &evaluation);
    let firing = evaluation.decision.firings.first();
    firing.map_or_else(
        || "-".into(),
        |one| one.crossed_at.strftime("%d %H:%M").to_string(),
    )
}

/// Looks with what was done by then, at several moments: what fires each time.
#[track_caller]
fn check(keys: &str, told: &str, looks: &[(&str, &str)]) {
    let plan = with(keys);
    let all = history(told);
    let mut known = history("");
    for (now, expected) in looks {
        let by_now = all.activities.iter().filter(|one| one.at <= at(now));
        known.activities = by_now.cloned().collect();
        let fires = look(&plan, &mut known, at(now));
        assert_eq!(fires, *expected, "{keys} at {now}: {:?}", known.fired);
    }
}

/// Up over 20 on day 2, down on day 3, up on day 4, down on day 5.
const WAVES: &str = "
    2026-01-01 08:00 form.submit
    2026-01-02 08:00 form.submit
    2026-01-03 08:00 url.hit https://x
    2026-01-04 08:00 form.submit
    2026-01-05 08:00 url.hit https://x";

#[test]
fn rising_and_falling_once_and_always() {
    let at20 = "topic = 'a'\nat = 20\n";
    let every: [&str; 5] = [
        "2026-01-01 09:00",
        "2026-01-02 09:00",
        "2026-01-03 09:00",
        "2026-01-04 09:00",
        "2026-01-05 09:00",
    ];
    for (keys, expected) in [
        ("", ["-", "02 08:00", "-", "-", "-"]),
        ("repeat = 'always'", ["-", "02 08:00", "-", "04 08:00", "-"]),
        ("on = 'falling'", ["-", "-", "03 08:00", "-", "-"]),
        (
            "on = 'falling'\nrepeat = 'always'",
            ["-", "-", "03 08:00", "-", "05 08:00"],
        ),
        (
            "rearm = { topic = 'a', below = 20 }",
            ["-", "02 08:00", "-", "04 08:00", "-"],
        ),
        (
            "rearm = { topic = 'a', below = 10 }",
            ["-", "02 08:00", "-", "-", "-"],
        ),
        // Armed all along: every crossing fires.
        (
            "rearm = { topic = 'a', below = 100 }",
            ["-", "02 08:00", "-", "04 08:00", "-"],
        ),
        (
            "since = 2026-01-02T08:00:01Z",
            ["-", "-", "-", "04 08:00", "-"],
        ),
        (
            "since = 2026-01-04T08:00:00Z",
            ["-", "-", "-", "04 08:00", "-"],
        ),
        ("since = 2026-01-04T08:00:01Z", ["-", "-", "-", "-", "-"]),
        ("dwell = '1 day'", ["-", "-", "03 08:00", "-", "-"]),
        (
            "dwell = '1 day'\nrepeat = 'always'",
            ["-", "-", "03 08:00", "-", "05 08:00"],
        ),
        ("dwell = '25 hours'", ["-", "-", "-", "-", "-"]),
    ] {
        let looks: Vec<_> = every.into_iter().zip(expected).collect();
        check(&format!("{at20}{keys}"), WAVES, &looks);
    }
}

#[test]
fn a_peak_between_two_looks_fires_once() {
    let keys = "topic = 'a'\nat = 20\n";
    let last = ("2026-01-06", "-");
    check(
        keys,
        WAVES,
        &[
            ("2026-01-01 09:00", "-"),
            ("2026-01-03 08:00", "02 08:00"),
            last,
        ],
    );
    // Of one that is over for more than a day nobody hears any more.
    check(keys, WAVES, &[("2026-01-03 08:01", "-"), last]);
    // Of several the newest fires.
    let always = format!("{keys}repeat = 'always'");
    check(&always, WAVES, &[("2026-01-05 08:00", "04 08:00"), last]);
    check(
        &always,
        WAVES,
        &[
            ("2026-01-02 09:00", "02 08:00"),
            ("2026-01-05 08:00", "04 08:00"),
            last,
        ],
    );
    let overlapping = format!("{keys}rearm = {{ topic = 'a', at_least = 10 }}");
    check(
        &overlapping,
        WAVES,
        &[
            ("2026-01-02 09:00", "02 08:00"),
            ("2026-01-05 08:00", "04 08:00"),
            last,
        ],
    );
    let dwell = format!("{always}\ndwell = '1 day'");
    check(
        &dwell,
        WAVES,
        &[
            ("2026-01-03 08:00", "03 08:00"),
            ("2026-01-05 08:00", "05 08:00"),
            last,
        ],
    );
}

#[test]
fn crossings_from_before_the_trigger_fire_only_while_it_holds() {
    for (made, now, expected) in [
        ("2026-01-02 08:00", "2026-01-03 08:00", "02 08:00"),
        ("2026-01-02 08:01", "2026-01-03 08:00", "-"),
        ("2026-01-02 08:01", "2026-01-02 09:00", "02 08:00"),
        ("2026-01-02 08:01", "2026-01-05 08:00", "04 08:00"),
        ("2026-01-06", "2026-01-07", "-"),
    ] {
        let mut plan = with("topic = 'a'\nat = 20\n");
        plan.triggers[0].made_at = Some(at(made));
        let mut known = history(WAVES);
        known.activities.retain(|one| one.at <= at(now));
        assert_eq!(
            look(&plan, &mut known, at(now)),
            expected,
            "made {made}, at {now}"
        );
    }
}

#[test]
fn a_crossing_of_before_since_does_not_fire_again_either() {
    let plan = |since: &str| with(&format!("topic = 'a'\nat = 20\nrepeat = 'always'\n{since}"));
    let mut known = history(WAVES);
    known.activities.truncate(2);
    assert_eq!(
        look(&plan(""), &mut known, at("2026-01-02 09:00")),
        "02 08:00"
    );
    known.activities = history(WAVES).activities;
    let later = plan("since = 2026-01-04T08:00:01Z");
    assert_eq!(look(&later, &mut known, at("2026-01-06")), "-");
}

/// It fired, was seen below, and a fact told late shows that it never was below.
#[test]
fn what_is_told_late_does_not_fire_a_crossing_twice() {
    let plan = with("topic = 'a'\nat = 20\nrepeat = 'always'\n");
    let mut known = history(&WAVES.lines().take(4).collect::<Vec<_>>().join("\n"));
    assert_eq!(look(&plan, &mut known, at("2026-01-02 09:00")), "02 08:00");
    assert_eq!(look(&plan, &mut known, at("2026-01-03 09:00")), "-");
    let late = history("2026-01-02 10:00 form.submit key=late:1");
    known.activities.extend(late.activities);
    assert_eq!(look(&plan, &mut known, at("2026-01-03 10:00")), "-");
    assert_eq!(look(&plan, &mut known, at("2026-01-04 10:00")), "-");
    // A real crossing after that does.
    let more = history(
        "2026-01-05 08:00 url.hit https://x key=late:2\n2026-01-06 08:00 form.submit key=late:3",
    );
    known.activities.extend(more.activities);
    assert_eq!(look(&plan, &mut known, at("2026-01-06 10:00")), "06 08:00");
    // Nor does a fact that tells of a crossing before the last one that fired.
    let early = history("2026-01-01 07:00 form.submit key=late:4");
    known.activities.extend(early.activities);
    assert_eq!(look(&plan, &mut known, at("2026-01-06 11:00")), "-");
}

#[test]
fn crossings_that_a_profile_makes_fire_when_they_are_seen() {
    let text = "
        @open a
        [[profile_rule]]
        name = 'p'
        topic = 'a'
        points = 30
        when = { field = 'city', is = 'Berlin' }
        [[trigger]]
        name = 't'
        add_tags = ['x']
        topic = 'a'
        at = 20
        repeat = 'always'";
    let (berlin, bern) = (profile(&[("city", "Berlin")]), profile(&[("city", "Bern")]));
    let mut plan = plan(text);
    plan.triggers[0].made_at = Some(at("2025-01-01"));
    let mut known = history("");
    for (now, shown, expected) in [
        ("2026-01-01 01:00", &bern, "-"),
        ("2026-01-02 01:00", &berlin, "02 01:00"),
        ("2026-01-03 01:00", &berlin, "-"),
        ("2026-01-04 01:00", &bern, "-"),
        ("2026-01-05 01:00", &berlin, "05 01:00"),
        ("2026-01-06 01:00", &berlin, "-"),
    ] {
        known.profile = Some(shown.clone());
        assert_eq!(
            look(&plan, &mut known, at(now)),
            expected,
            "{now} {:?}",
            known.fired
        );
    }
}

#[test]
fn the_end_of_a_wait_is_announced() {
    let plan = with("topic = 'a'\nat = 20\ndwell = '1 day'\n");
    let known = history("2026-01-01 08:00 form.submit\n2026-01-02 08:00 form.submit");
    let evaluation = evaluate(&plan, &known, at("2026-01-02 09:00"));
    assert_eq!(evaluation.next_change, Some(at("2026-01-03 08:00")));
    assert!(evaluation.decision.firings.is_empty());
}

#[test]
fn a_firing_tells_why() {
    let plan =
        with("when = { all = [{ topic = 'a', at_least = 20 }, { topic = 'a', below = 90 }] }\n");
    let known = history("2026-01-01 08:00 form.submit\n2026-01-02 08:00 form.submit");
    let evaluation = evaluate(&plan, &known, at("2026-01-02 09:00"));
    let firing = &evaluation.decision.firings[0];
    assert_eq!(firing.reason, "a 20 (at least 20), a 20 (below 90)");
    assert_eq!(firing.scores, [("a".to_owned(), 20)]);
    assert_eq!(firing.actions, plan.triggers[0].actions);
}
