//! Explanations: what was passed over, and what comes next.

use super::{at, history, plan};
use crate::scoring::explain;

/// Of each topic, rule and reason of what was passed over, newest first.
fn passed_over(text: &str, told: &str) -> Vec<String> {
    let (plan, known) = (plan(text), history(told));
    let explained = explain(&plan, &known, at("2026-02-01"));
    let each = explained.iter().flat_map(|topic| {
        let ignored = topic.ignored.iter();
        ignored.map(|one| {
            format!(
                "{} {} {}: {}",
                topic.topic,
                one.at.strftime("%d %H:%M"),
                one.rule,
                one.why
            )
        })
    });
    each.collect()
}

#[test]
fn why_an_activity_pays_nothing() {
    let told = "2026-01-01 08:00 url.hit https://x\n2026-01-01 09:00 url.hit https://x";
    for (keys, why) in [
        ("", "it pays once per contact"),
        ("repeat = 'per-item'", "it pays once per item"),
        (
            "repeat = 'always'\ncooldown = '90 minutes'",
            "it pays again only after 90 minutes",
        ),
        (
            "repeat = 'always'\ndiminishing = [100, 0]",
            "repeats pay nothing any more",
        ),
        (
            "repeat = 'always'\nlimit = { points = 10, per = 'day' }",
            "at most 10 a day",
        ),
        (
            "repeat = 'always'\nlimit = { points = 15, within = '2 hours' }",
            "5 of it, at most 15 within 2 hours",
        ),
    ] {
        let found = passed_over(&format!("@open a\n@pays a 10 url.hit\n{keys}"), told);
        assert_eq!(found, [format!("a 01 09:00 r1: {why}")], "{keys}");
    }
    let of_topic =
        "@open a\nlimit = { points = 15, per = 'week' }\n@pays a 10 url.hit\nrepeat = 'always'";
    assert_eq!(
        passed_over(of_topic, told),
        ["a 01 09:00 r1: 5 of it, the topic gets at most 15 a week"]
    );
    let machine = "2026-01-01 08:00 url.hit https://x user_agent=curl/8";
    assert_eq!(
        passed_over("@open a\n@pays a 10 url.hit", machine),
        ["a 01 08:00 r1: a known program did it"]
    );
}

/// A rule may pay in a topic that began anew and not in one that did not.
#[test]
fn each_topic_tells_what_it_passed_over_itself() {
    let text = "@topic a\nstages = { reset = 'any' }\n@topic b\n[[point_action]]\nname = 'x'\nkind = 'form.submit'\npoints = 20\ntopics = ['a', 'b']";
    let told = "2026-01-01 08:00 form.submit\n2026-01-02 08:00 stage.enter 1\n2026-01-03 08:00 form.submit";
    assert_eq!(
        passed_over(text, told),
        ["b 03 08:00 x: it pays once per contact"]
    );
}

#[test]
fn the_next_change_is_told_with_its_reason() {
    let plan = plan(
        "@topic a\ndecay = { expires = 10 }\n@pays a 100 form.submit\n@topic b\ndecay = { linear = 10 }\n@pays b 100 form.submit",
    );
    let known = history("2026-01-01 03:00 form.submit");
    let explained = explain(&plan, &known, at("2026-01-05 12:00"));
    let next: Vec<_> = explained
        .iter()
        .map(|one| one.next.clone().unwrap())
        .collect();
    assert_eq!((next[0].at, next[0].score), (at("2026-01-11 03:00"), 0));
    assert_eq!(next[0].because, ["r1 ends (-100)"]);
    assert_eq!((next[1].at, next[1].score), (at("2026-01-06 03:00"), 50));
    assert_eq!(next[1].because, ["r2 fades from 60 to 50"]);
    assert_eq!(explained[0].next_change, Some(at("2026-01-06 03:00")));
}
