//! What time does: decay, ticks, daylight saving, silence.

use super::{at, check_of, course, history, plan, profile};
use crate::scoring::evaluate;

#[test]
fn points_fade_at_ticks_only() {
    let told = "2026-01-01 09:00 form.submit";
    for (decay, expected) in [
        (
            "'none'",
            &[("2026-01-01 09:00", "a 100"), ("2030-01-01", "a 100")][..],
        ),
        (
            "{ half_life = 10 }",
            &[
                ("2026-01-02 02:59:59", "a 100"),
                // Not a day old yet at this tick.
                ("2026-01-02 03:00", "a 100"),
                ("2026-01-03 02:59:59", "a 100"),
                ("2026-01-03 03:00", "a 93"),
                ("2026-01-12 02:59:59", "a 54"),
                ("2026-01-12 03:00", "a 50"),
                ("2026-01-22 03:00", "a 25"),
                ("2026-04-01", "a 0"),
            ],
        ),
        (
            "{ linear = 10 }",
            &[
                ("2026-01-02 03:00", "a 100"),
                ("2026-01-03 03:00", "a 90"),
                ("2026-01-11 03:00", "a 10"),
                ("2026-01-12 02:59:59", "a 10"),
                ("2026-01-12 03:00", "a 0"),
            ],
        ),
        (
            "{ expires = 10 }",
            &[
                ("2026-01-11 09:00", "a 100"),
                ("2026-01-12 02:59:59", "a 100"),
                ("2026-01-12 03:00", "a 0"),
            ],
        ),
    ] {
        let of_topic = format!("@topic a\ndecay = {decay}\n@pays a 100 form.submit");
        course(&of_topic, told, expected);
        let of_rule =
            format!("@topic a\ndecay = {{ linear = 2 }}\n@pays a 100 form.submit\ndecay = {decay}");
        course(&of_rule, told, expected);
    }
}

#[test]
fn an_activity_at_the_tick_is_a_whole_day_old_at_the_next() {
    let plan = "@topic a\n@pays a 100 form.submit\ndecay = { linear = 2 }";
    let told = "2026-01-01 03:00 form.submit";
    let table = [
        ("2026-01-02 02:59:59", "a 100"),
        ("2026-01-02 03:00", "a 50"),
        ("2026-01-03 03:00", "a 0"),
    ];
    course(plan, told, &table);
}

#[test]
fn days_of_the_calendar_ignore_the_change_of_the_clock() {
    let head = "time_zone = 'Europe/Berlin'\n@topic a\n@pays a 100 form.submit\n";
    for (decay, told, expected) in [
        // 12:00 in winter, the clock goes forward on 29 March.
        (
            "{ expires = 30 }",
            "2026-03-01 11:00 form.submit",
            [
                ("2026-04-01 00:59:59", "a 100"),
                ("2026-04-01 01:00", "a 0"),
            ],
        ),
        (
            "{ linear = 2 }",
            "2026-03-28 02:00 form.submit",
            [
                ("2026-03-29 00:59:59", "a 100"),
                ("2026-03-29 01:00", "a 50"),
            ],
        ),
        // 03:00 in summer; a day of 25 hours follows.
        (
            "{ linear = 2 }",
            "2026-10-24 01:00 form.submit",
            [
                ("2026-10-25 01:59:59", "a 100"),
                ("2026-10-25 02:00", "a 50"),
            ],
        ),
        (
            "{ expires = 7 }",
            "2026-10-20 01:00:01 form.submit",
            [
                ("2026-10-28 01:59:59", "a 100"),
                ("2026-10-28 02:00", "a 0"),
            ],
        ),
    ] {
        course(&format!("{head}decay = {decay}"), told, &expected);
    }
}

#[test]
fn a_tick_that_the_clock_skips_comes_an_hour_later() {
    let plan = "time_zone = 'Europe/Berlin'\ntick = '02:30'\n@topic a\n@pays a 100 form.submit\n\
                decay = { linear = 2 }";
    let told = "2026-03-27 12:00 form.submit";
    let table = [
        ("2026-03-29 01:29:59", "a 100"),
        ("2026-03-29 01:30", "a 50"),
        ("2026-03-30 00:29:59", "a 50"),
        ("2026-03-30 00:30", "a 0"),
    ];
    course(plan, told, &table);
}

#[test]
fn negative_points_do_not_fade_and_expire_only_by_their_own_rule() {
    let told = "2026-01-01 03:00 form.submit";
    for (topic, rule, expected) in [
        ("{ half_life = 1 }", "", "a -20"),
        ("{ linear = 1 }", "", "a -20"),
        ("{ expires = 1 }", "", "a -20"),
        ("'none'", "decay = { expires = 1 }", "a 0"),
        ("{ expires = 1 }", "decay = 'none'", "a -20"),
        ("{ expires = 1 }", "decay = { half_life = 1 }", "a -20"),
    ] {
        let plan = format!("@open a\ndecay = {topic}\n@pays a -20 form.submit\n{rule}");
        course(&plan, told, &[("2027-01-01", expected)]);
    }
}

const SILENT: &str = "@open a\n[[inactivity_rule]]\nname = 'i'\ntopic = 'a'\n";

#[test]
fn silence_counts_in_steps_until_the_next_activity() {
    let text = format!(
        "{SILENT}steps = [{{ after_days = 10, points = -1 }}, {{ after_days = 20, points = -5 }}]"
    );
    let told = "
        2026-01-01 09:00 url.hit https://x
        2026-01-05 09:00 email.send 1
        2026-02-01 09:00 url.hit https://x";
    let table = [
        ("2026-01-12 02:59:59", "a 0"),
        ("2026-01-12 03:00", "a -1"),
        ("2026-01-22 02:59:59", "a -1"),
        ("2026-01-22 03:00", "a -5"),
        ("2026-02-01 08:59:59", "a -5"),
        ("2026-02-01 09:00", "a 0"),
        ("2026-02-12 03:00", "a -1"),
    ];
    course(&text, told, &table);
}

#[test]
fn silence_counts_from_the_first_day_and_only_some_kinds_end_it() {
    let text = format!("{SILENT}after_days = 10\npoints = -1\nkinds = ['form.submit', 'url.hit']");
    let plan = plan(&text);
    let mut known = history("");
    check_of(&plan, &known, "2027-01-01", "a 0");
    let mut shown = profile(&[]);
    shown.added_at = Some(at("2026-01-01 09:00"));
    known.profile = Some(shown);
    check_of(&plan, &known, "2026-01-12 02:59:59", "a 0");
    check_of(&plan, &known, "2026-01-12 03:00", "a -1");
    for (kind, expected) in [
        ("form.submit 1", "a 0"),
        ("url.hit https://x", "a 0"),
        ("email.open 1", "a -1"),
        // A click is a hit, too.
        ("email.click 1 https://x", "a 0"),
    ] {
        let mut told = history(&format!("2026-01-05 09:00 {kind}"));
        told.profile.clone_from(&known.profile);
        check_of(&plan, &told, "2026-01-12 03:00", expected);
    }
}

#[test]
fn machines_do_not_end_a_silence() {
    let text = format!("{SILENT}after_days = 10\npoints = -1");
    let told = "
        2026-01-01 09:00 url.hit https://x
        2026-01-09 09:00:00 email.send 1
        # A scanner's click, and the hit that it leads to.
        2026-01-09 09:00:01 email.click 1 https://x/p
        2026-01-09 09:00:02 url.hit https://x/p?ct=abc";
    course(&text, told, &[("2026-01-12 03:00", "a -1")]);
}

#[test]
fn a_total_with_points_of_its_own_announces_when_they_fade() {
    let plan = plan(
        "@topic t
        sum_of = { a = -1 }
        decay = { linear = 100 }
        @topic a
        @pays t 300 form.submit
        @pays a 100 form.submit",
    );
    let history = history("2026-01-01 03:00 form.submit");
    // 300 - 100 is cut at 100. Of its own, 300 fades to 200 on day 34.
    let now = at("2026-01-01 04:00");
    let evaluation = evaluate(&plan, &history, now);
    assert_eq!(evaluation.next_change, Some(at("2026-02-04 03:00")));
    check_of(&plan, &history, "2026-02-04 02:59:59", "t 100, a 100");
    check_of(&plan, &history, "2026-02-04 03:00", "t 98, a 100");
}
