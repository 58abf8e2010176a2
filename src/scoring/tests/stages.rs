//! Topics that begin anew when a stage is entered.

use super::{check, course};

const TOLD: &str = "
    2026-01-01 08:00 form.submit 1
    2026-01-02 08:00 stage.enter 1
    2026-01-03 08:00 form.submit 1
    2026-01-04 08:00 stage.enter 2
    2026-01-04 08:00 form.submit 1";
const RULE: &str = "\n@pays a 20 form.submit";

#[test]
fn a_stage_begins_anew_and_may_carry() {
    for (stages, expected) in [
        ("", ["a 20", "a 20", "a 20", "a 20"]),
        (
            "stages = { reset = 'any' }",
            ["a 20", "a 0", "a 20", "a 20"],
        ),
        (
            "stages = { reset = ['Lead'] }",
            ["a 20", "a 0", "a 20", "a 20"],
        ),
        ("stages = { reset = [2] }", ["a 20", "a 20", "a 20", "a 20"]),
        (
            "stages = { reset = 'any', carry = 50 }",
            ["a 20", "a 10", "a 30", "a 35"],
        ),
        (
            "stages = { reset = [1], carry = 100 }",
            ["a 20", "a 20", "a 40", "a 40"],
        ),
        // A third of the score before, each time.
        (
            "stages = { reset = 'any', carry = 33 }",
            ["a 20", "a 7", "a 27", "a 29"],
        ),
    ] {
        let days = [
            "2026-01-02 07:59:59",
            "2026-01-02 08:00",
            "2026-01-03 08:00",
            "2026-01-04 08:00",
        ];
        let table: Vec<_> = days.into_iter().zip(expected).collect();
        course(&format!("@topic a\n{stages}{RULE}"), TOLD, &table);
    }
}

#[test]
fn what_is_carried_is_the_score_in_its_range_and_fades_with_the_topic() {
    let stages = "stages = { reset = [1], carry = 50 }";
    let text = format!("@topic a\nceiling = 15\n{stages}\ndecay = {{ linear = 10 }}{RULE}");
    course(
        &text,
        TOLD,
        &[
            ("2026-01-02 07:59:59", "a 15"),
            ("2026-01-02 08:00", "a 8"),
            ("2026-01-03 03:00", "a 8"),
            ("2026-01-03 08:00", "a 15"),
            // 7.5 nine days old, 20 eight days.
            ("2026-01-12 03:00", "a 5"),
            ("2026-01-20 03:00", "a 0"),
        ],
    );
}

#[test]
fn a_negative_score_is_carried_and_a_topics_expiry_does_not_forgive_it() {
    let text = "@open a\nstages = { reset = [1], carry = 50 }\ndecay = { expires = 5 }\n@pays a -20 form.submit";
    course(
        text,
        "2026-01-01 08:00 form.submit\n2026-01-02 08:00 stage.enter 1",
        &[("2026-02-01", "a -10")],
    );
}

#[test]
fn limits_and_silence_begin_anew_with_a_stage() {
    let told = "
        2026-01-01 08:00 form.submit 1
        2026-01-01 08:01 stage.enter 1
        2026-01-01 08:02 form.submit 1";
    let limit = "limit = { points = 15, per = 'ever' }";
    let stages = "stages = { reset = 'any' }";
    check(
        &format!("@topic a\n{stages}\n{limit}{RULE}"),
        told,
        "2026-01-02",
        "a 15",
    );
    check(
        &format!("@topic a\n{stages}{RULE}\n{limit}"),
        told,
        "2026-01-02",
        "a 15",
    );
    let silence = "[[inactivity_rule]]\nname = 'i'\ntopic = 'a'\nafter_days = 10\npoints = -7";
    let text = format!("@open a\n{stages}\n{silence}");
    let told = "2026-01-01 03:00 form.submit\n2026-01-08 03:00 stage.enter 1";
    course(
        &text,
        told,
        &[
            ("2026-01-11 03:00", "a 0"),
            ("2026-01-18 02:59:59", "a 0"),
            ("2026-01-18 03:00", "a -7"),
        ],
    );
    // One that began before ends with the stage.
    let told = "2026-01-01 03:00 form.submit\n2026-01-12 03:00 stage.enter 1";
    course(
        &text,
        told,
        &[
            ("2026-01-11 03:00", "a -7"),
            ("2026-01-12 03:00", "a 0"),
            ("2026-01-22 03:00", "a -7"),
        ],
    );
}

#[test]
fn one_rule_pays_topics_that_begin_anew_and_those_that_do_not() {
    let text = "@topic a\nstages = { reset = 'any' }\n@topic b\n[[point_action]]\nname = 'x'\nkind = 'form.submit'\npoints = 20\ntopics = ['a', 'b']";
    course(
        text,
        TOLD,
        &[
            ("2026-01-02 08:00", "a 0, b 20"),
            ("2026-01-04 08:00", "a 20, b 20"),
        ],
    );
}
