//! The plan reader at its edges.
#![allow(clippy::unwrap_used, reason = "a test may end at once")]
#![allow(clippy::too_many_lines, reason = "tables of texts")]

use crate::diagnostics::{Findings, Severity};
use crate::plan::{Effect, Plan, Ref, Repeat, SegmentTest, Writes};
use proptest::prelude::*;

mod language;
mod mistakes;

/// A plan that says everything the language has.
const RICH: &str = include_str!("rich.toml");
const EXAMPLE: &str = include_str!("../../../../deploy/plan.example.toml");

/// Findings in short: place and message.
fn short(findings: &Findings) -> String {
    let line = |one: &crate::diagnostics::Finding| {
        let place = (one.line.unwrap_or(0), one.column.unwrap_or(0));
        format!(
            "{}:{} {}: {}\n",
            place.0, place.1, one.severity, one.message
        )
    };
    findings.iter().map(line).collect()
}

fn mistakes(text: &str) -> Findings {
    Plan::parse("plan.toml", text).map_or_else(|errors| errors, |(_, warnings)| warnings)
}

#[test]
fn the_example_has_no_mistake_and_no_doubt() {
    let (plan, findings) = Plan::parse("plan.example.toml", EXAMPLE).unwrap();
    assert_eq!(short(&findings), "");
    assert_eq!(plan.topics.len(), 2);
    assert_eq!(plan.profile_rules.len(), 4);
    assert_eq!(plan.inactivity_rules[0].steps[0].points, -10);
    assert_eq!(
        plan.triggers[0].effects,
        [Effect::AddToSegment(Ref::Name("Tell sales".to_owned()))]
    );
    assert!(matches!(
        plan.segments[0].test,
        SegmentTest::Score { leave: 40, .. }
    ));
    // Berlin is two hours ahead of UTC in September, one in December.
    let click = plan.point_actions.last().unwrap();
    assert_eq!(click.since.unwrap().to_string(), "2026-08-31T22:00:00Z");
    assert_eq!(click.until.unwrap().to_string(), "2026-11-30T23:00:00Z");
}

#[test]
fn the_rich_plan_has_no_mistake_and_no_doubt() {
    let (_, findings) = Plan::parse("rich.toml", RICH).unwrap();
    assert_eq!(short(&findings), "");
}

#[test]
fn defaults_are_those_of_the_manual() {
    let text = "format = 1\n[[topic]]\nkey = 'a'\n\
        [[point_action]]\nname = 'Öl & Gas'\ntopic = 'a'\nkind = 'sms.send'\npoints = 1\n\
        [[inactivity_rule]]\nname = 'Silent'\ntopic = 'a'\npoints = -1\nafter_days = 1\n\
        [[segment]]\nsegment = 3\ntopic = 'a'\nenter = 7\n";
    let (plan, findings) = Plan::parse("p", text).unwrap();
    assert!(findings.is_empty(), "{findings}");
    let topic = &plan.topics[0];
    assert_eq!(
        (topic.scale.floor, topic.scale.ceiling),
        (Some(0), Some(100))
    );
    assert_eq!(
        (topic.label.as_str(), &topic.writes),
        ("a", &Writes::Nothing)
    );
    assert_eq!(plan.point_actions[0].key.0, "öl-gas");
    assert_eq!(plan.point_actions[0].repeat, Repeat::Once);
    assert_eq!(plan.inactivity_rules[0].kinds.len(), 7);
    assert!(matches!(
        plan.segments[0].test,
        SegmentTest::Score { leave: 7, .. }
    ));
    assert_eq!(plan.ticks.at, jiff::civil::time(3, 0, 0, 0));
    assert_eq!(plan.ticks.zone, jiff::tz::TimeZone::UTC);
    assert_eq!(plan.version.len(), 12);
}

#[test]
fn a_finding_shows_its_line() {
    let findings = mistakes("format = 1\n[[topic]]\nkey = \"a\"\nflor = 3\n");
    insta::assert_snapshot!(findings.to_string(), @r##"
    warning: nothing uses the topic "a"
      --> plan.toml:3:7
       |
     3 | key = "a"
       |       ^
      help: add a rule for it, or remove the topic

    error: topic has no key "flor"
      --> plan.toml:4:1
       |
     4 | flor = 3
       | ^
      help: did you mean "floor"?

    1 error, 1 warning
    "##);
    insta::assert_json_snapshot!(findings, @r##"
    [
      {
        "file": "plan.toml",
        "line": 3,
        "column": 7,
        "severity": "warning",
        "message": "nothing uses the topic \"a\"",
        "hint": "add a rule for it, or remove the topic",
        "excerpt": "key = \"a\""
      },
      {
        "file": "plan.toml",
        "line": 4,
        "column": 1,
        "severity": "error",
        "message": "topic has no key \"flor\"",
        "hint": "did you mean \"floor\"?",
        "excerpt": "flor = 3"
      }
    ]
    "##);
}

#[test]
fn columns_count_characters_and_controls_are_not_echoed() {
    let findings = mistakes("\u{feff}format = 1\r\n\"ä\u{1b}[2J\" = 1\n'ö' = 1 # \u{1b}[2J\nß = 1");
    assert!(!findings.to_string().contains('\u{1b}'));
    let lines: Vec<Option<u32>> = findings.iter().map(|one| one.line).collect();
    assert!(
        lines.contains(&Some(2)) && lines.contains(&Some(3)),
        "{findings}"
    );
    let wide = mistakes(
        "format = 1\n[[topic]]\nkey = 'a'\nlabel = 'ÄÖÜ'\nbands = [{ name = 'Ü', from = true }]\n",
    );
    assert_eq!(
        wide.iter()
            .find(|one| one.severity == Severity::Error)
            .unwrap()
            .column,
        Some(31)
    );
}

/// A reader that gives no plan has always said why: without any one or two neighbouring lines.
#[test]
fn a_plan_with_lines_missing_is_read_or_told() {
    let lines: Vec<&str> = RICH.lines().collect();
    for (start, length) in (0..lines.len()).flat_map(|start| [(start, 1), (start, 2)]) {
        let rest = lines.iter().skip(start + length);
        let kept: Vec<&str> = lines[..start].iter().chain(rest).copied().collect();
        if let Err(findings) = Plan::parse("plan.toml", &kept.join("\n")) {
            assert!(findings.has_errors(), "without {:?}", lines[start]);
        }
    }
}

proptest! {
    /// Whatever is done to a plan, reading it ends with a plan or with findings in its lines.
    #[test]
    fn mutated_plans_never_panic(
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..12, ".{0,6}"), 1..6)
    ) {
        let mut text: Vec<char> = RICH.chars().collect();
        for (at, length, instead) in cuts {
            let start = at.index(text.len() + 1);
            let end = (start + length).min(text.len());
            text.splice(start..end, instead.chars());
        }
        let text: String = text.into_iter().collect();
        let findings = match Plan::parse("plan.toml", &text) {
            Ok((_, warnings)) => {
                prop_assert!(!warnings.has_errors());
                warnings
            }
            Err(findings) => {
                prop_assert!(findings.has_errors());
                findings
            }
        };
        let lines = u32::try_from(text.matches('\n').count()).unwrap() + 1;
        prop_assert!(findings.iter().all(|one| one.line.is_some_and(|line| line <= lines)));
        prop_assert!(findings.to_string().lines().count() >= findings.len());
    }
}
