//! The plan reader at its edges.
#![allow(clippy::unwrap_used, reason = "a test may end at once")]

use crate::diagnostics::{Findings, Severity};
use crate::plan::{Effect, Plan, Ref, Repeat, SegmentTest, Writes};
use proptest::prelude::*;

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
    assert_eq!(plan.inactivity_rules[0].kinds.len(), 6);
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
#[allow(clippy::too_many_lines, reason = "a table of mistakes")]
fn each_mistake_alone() {
    let head = "format = 1\n[[topic]]\nkey = 'a'\n";
    let action = "[[point_action]]\nname = 'n'\ntopic = 'a'\nkind = 'url.hit'\npoints = 1\n";
    let profile = "[[profile_rule]]\nname = 'n'\ntopic = 'a'\npoints = 1\n";
    let trigger = "[[trigger]]\nname = 't'\ntopic = 'a'\nat = 5\n";
    let cases = [
        format!("{head}key = 'b'\n{action}"),
        format!("{head}bands = []\n{action}"),
        format!("{head}bands = [{{ name = 'x', from = 1 }}, {{ name = 'x', from = 2 }}]\n{action}"),
        format!("{head}bands = [{{ name = 'x', from = 101 }}]\n{action}"),
        format!("{head}ceiling = 'nune'\n{action}"),
        format!("{head}[[topic]]\nkey = 'a'\n{action}"),
        format!("{head}[[topic]]\nkey = 'b c'\n{action}"),
        format!("{head}{action}pages = [1]\n"),
        format!("{head}{action}url = []\n"),
        format!("{head}{action}url = ['']\n"),
        format!("{head}{action}url = '/pricing*'\n"),
        format!("{head}{action}repeat = 'twice'\n"),
        format!("{head}{action}since = 'soon'\n"),
        format!("{head}{action}{action}"),
        format!("{head}{profile}when = {{ tag = 't', segment = 3 }}\n"),
        format!("{head}{profile}when = {{ field = 'x' }}\n"),
        format!("{head}{profile}when = {{ field = 'x', filled = false }}\n"),
        format!("{head}{profile}when = {{ tag = 't', is = 'x' }}\n"),
        format!("{head}{profile}when = {{ segment = 4 }}\n{trigger}add_to = [4]\n"),
        format!("{head}{action}{trigger}add_to = [4, 4]\n"),
        format!("{head}{action}{trigger}add_to = [4]\nremove_from = [4]\n"),
        format!("{head}{action}{trigger}add_to = [0]\n"),
        format!(
            "{head}{action}[[segment]]\nsegment = 4\ntopic = 'a'\nenter = 101\n[[segment]]\nsegment = 4\ntopic = 'a'\nenter = 0\n"
        ),
        format!("{head}{action}[point_action.deep]\n"),
        "format = 1\ntopic = 3\n".to_owned(),
        "format = 1\n".to_owned(),
        String::new(),
        "format = 1\n[[topic]]\nkey = 'a\nflor = 3\n[[point_action]]\nnmae = 'x'\n".to_owned(),
    ];
    let told: String = cases
        .iter()
        .map(|text| short(&mistakes(text)) + "--\n")
        .collect();
    insta::assert_snapshot!(told, @r##"
    4:1 error: this key was given before
    --
    4:9 error: the list `bands` is empty
    --
    4:36 error: two bands are named "x"
    --
    4:10 warning: the band "x" starts above the ceiling 100
    --
    4:11 error: `ceiling` must be a whole number or "none", but is a text
    --
    5:7 error: another topic has this key
    --
    5:7 error: "b c" is no key
    --
    9:9 error: `pages` does not fit url.hit
    --
    9:7 error: the list `url` is empty
    --
    9:8 error: `url` is empty
    --
    9:7 warning: the pattern "/pricing*" must match a whole URL and so never does
    --
    9:10 error: "twice" is no `repeat`
    --
    9:9 error: "soon" is no date or time
    --
    10:8 error: another rule has this key (it follows from the name if none is given)
    --
    8:8 error: `when` must ask exactly one thing
    --
    8:8 error: `field` needs either `is` or `filled`
    --
    8:32 error: only `filled = true` can be asked
    --
    8:8 error: `is` and `filled` ask about one `field`
    --
    8:20 error: this plan writes this segment, so a score would depend on itself
    --
    13:14 error: this one is listed twice
    --
    14:15 error: a segment stands in `add_to` and in `remove_from`
    --
    13:11 error: `add_to` is 0, but must be from 1 to 4294967295
    --
    12:9 warning: `enter` is above the topic's ceiling 100 and never reached
    14:11 error: this segment is declared twice
    16:9 warning: every contact has at least the topic's floor 0
    --
    9:15 error: point_action has no key "deep"
    --
    1:1 warning: the plan has no topic
    2:9 error: `topic` must be a list, but is a whole number
    --
    1:1 warning: the plan has no topic
    --
    1:1 error: this file has no `format`
    1:1 warning: the plan has no topic
    --
    3:9 error: invalid literal string, expected `'`
    4:1 error: topic has no key "flor"
    6:1 error: point_action has no key "nmae"
    --
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
