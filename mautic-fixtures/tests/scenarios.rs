//! Native scoring held against the recorded scenarios of the real Mautic.

#![allow(clippy::unwrap_used)]

use mautic_fixtures::held_against::scenarios::reenact;
use mautic_fixtures::recordings;

#[tokio::test]
async fn scenarios_done_again_give_the_same_points_scores_tags_and_segments() {
    let mut done = 0;
    let mut differing = Vec::new();
    for scenario in recordings::scenarios().unwrap() {
        let verdict = reenact(&scenario).await.unwrap();
        // What was changed by SQL cannot be changed from outside.
        if !verdict.impossible.is_empty() {
            continue;
        }
        done += 1;
        if let Some(first) = verdict.differences.first() {
            differing.push(format!(
                "{}: {} differences, first {first}",
                scenario.name,
                verdict.differences.len()
            ));
        }
    }
    assert!(done >= 40, "only {done} scenarios could be done again");
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

#[tokio::test]
async fn a_wrong_expectation_is_noticed() {
    let mut scenario = recordings::scenario("01-six-action-types").unwrap();
    let expected = scenario.files.get_mut("expected.json").unwrap();
    *expected = expected
        .replacen("\"points\": 21", "\"points\": 22", 1)
        .replacen("\"points\":21", "\"points\":22", 1);
    let verdict = reenact(&scenario).await.unwrap();
    assert_eq!(verdict.differences.len(), 1, "{:?}", verdict.differences);
    assert!(verdict.checks >= 3);
}
