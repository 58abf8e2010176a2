//! What follows from scores besides triggers: bands, grades, segments.

use super::{at, history, inside, plan};
use crate::scoring::{desired_values, evaluate};

const UP_AND_DOWN: &str = "
    2026-01-01 08:00 form.submit
    2026-01-02 08:00 url.hit https://x
    2026-01-03 08:00 url.hit https://x
    2026-01-04 08:00 url.hit https://x
    2026-01-05 08:00 form.submit";
const RULES: &str = "
    @pays a 60 form.submit
    repeat = 'always'
    @pays a -12 url.hit
    repeat = 'always'\n";

/// By day at 09:00: the scores are 60, 48, 36, 24, 84.
const DAYS: [&str; 5] = [
    "2026-01-01 09:00",
    "2026-01-02 09:00",
    "2026-01-03 09:00",
    "2026-01-04 09:00",
    "2026-01-05 09:00",
];

#[test]
fn bands_follow_hysteresis_and_dwell() {
    let bands =
        "bands = [{ name = 'c', from = 0 }, { name = 'w', from = 30 }, { name = 'h', from = 50 }]";
    for (keys, expected) in [
        ("", "hwwch"),
        ("band_hysteresis = 5", "hhwch"),
        ("band_hysteresis = 10", "hhwwh"),
        ("band_dwell = '1 day'", "chwwc"),
        ("band_dwell = '2 days'", "cccww"),
        ("band_dwell = '3 days'", "ccccc"),
    ] {
        let plan = plan(&format!("@topic a\n{bands}\n{keys}\n{RULES}"));
        let history = history(UP_AND_DOWN);
        let found: String = DAYS
            .iter()
            .map(|day| {
                let band = evaluate(&plan, &history, at(day)).topics[0].band;
                band.map_or("-", |band| &plan.topics[0].bands.list[band].name)
            })
            .collect();
        assert_eq!(found, expected, "{keys}");
    }
}

#[test]
fn segments_follow_scores_with_hysteresis_or_conditions() {
    for (keys, expected) in [
        ("topic = 'a'\nenter = 50", "10001"),
        ("topic = 'a'\nenter = 50\nleave = 48", "11001"),
        ("topic = 'a'\nenter = 50\nleave = 30", "11101"),
        ("topic = 'a'\nenter = 85\nleave = 10", "00000"),
        ("when = { topic = 'a', at_least = 30, below = 60 }", "01100"),
        ("when = { not = { topic = 'a', band = 'h' } }", "00010"),
        ("when = { grade = 'g', is = ['A1', 'B2'] }", "11001"),
    ] {
        let text = format!(
            "@topic a\nbands = [{{ name = 'c', from = 0 }}, {{ name = 'h', from = 30 }}]\n{RULES}
            [[grade]]\nkey = 'g'\nfit = 'a'\nfit_from = [60]\nengagement = 'a'\nengagement_from = [50, 40]
            [[segment]]\nsegment = 'In'\n{keys}"
        );
        let plan = plan(&text);
        let history = history(UP_AND_DOWN);
        let found: String = DAYS
            .iter()
            .map(|day| {
                if inside(&evaluate(&plan, &history, at(day)), 1) {
                    '1'
                } else {
                    '0'
                }
            })
            .collect();
        assert_eq!(found, expected, "{keys}");
    }
}

#[test]
fn grades_name_fit_and_engagement() {
    let text = format!(
        "@topic a\n{RULES}[[grade]]\nkey = 'g'\nfit = 'a'\nfit_from = [60, 30]\nengagement = 'a'\nengagement_from = [84, 36]"
    );
    let plan = plan(&text);
    let history = history(UP_AND_DOWN);
    let found: Vec<String> = DAYS
        .iter()
        .map(|day| evaluate(&plan, &history, at(day)).grades[0].clone())
        .collect();
    assert_eq!(found, ["A2", "B2", "B2", "C3", "A1"]);
}

#[test]
fn groups_and_segments_are_what_mautic_should_hold() {
    let text = format!(
        "@topic a\ngroup = 'One'\n{RULES}@topic b\n[[segment]]\nsegment = 'In'\ntopic = 'a'\nenter = 50"
    );
    let plan = plan(&text);
    let history = history(UP_AND_DOWN);
    let evaluation = evaluate(&plan, &history, at(DAYS[0]));
    let wanted = desired_values(&plan, &history, &evaluation);
    let wanted: Vec<_> = wanted
        .iter()
        .map(|one| {
            format!(
                "{} {} {:?}: {}",
                one.target, one.value, one.urgency, one.reason
            )
        })
        .collect();
    assert_eq!(
        wanted,
        [
            "group:1 60 Crossing: a 60; newest: +60 r1",
            "segment:1 1 Crossing: a 60: in at 50, out below 50"
        ]
    );
}
