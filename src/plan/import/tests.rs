//! Imported plans read again.
#![allow(clippy::unwrap_used, reason = "a test may end at once")]

use super::super::{Catalog, Named, Plan, Repeat, compile};
use super::text::decode_entities;
use super::{ActionGroup, MauticAction, import};
use crate::domain::{ActivityKind, GroupId};
use proptest::prelude::*;
use serde_json::{Value, json};

fn action(id: u32, kind: &str, properties: Value) -> MauticAction {
    MauticAction {
        id,
        name: format!("Action {id}"),
        kind: kind.to_owned(),
        points: 5,
        repeatable: false,
        published: true,
        publish_up: None,
        publish_down: None,
        properties,
        group: ActionGroup::Known(GroupId(1)),
    }
}

fn named(id: u32, name: &str) -> Named {
    Named {
        id,
        name: name.to_owned(),
    }
}

fn catalog() -> Catalog {
    Catalog {
        groups: vec![named(1, "Öl & Gas"), named(2, "Points"), named(3, "öl-gas")],
        forms: vec![named(2, "Contact"), named(3, "De\nmo \"x\"")],
        ..Catalog::default()
    }
}

#[test]
#[allow(clippy::too_many_lines, reason = "one snapshot, read as a whole")]
fn a_small_mautic_becomes_this_plan() {
    let actions = [
        MauticAction {
            repeatable: true,
            ..action(2, "form.submit", json!({ "forms": ["2", 3, 9] }))
        },
        action(1, "page.hit", json!([])),
        MauticAction {
            group: ActionGroup::None,
            ..action(
                4,
                "url.hit",
                json!({ "page_url": " https://x.example/?a=1&amp;b=* " }),
            )
        },
        MauticAction {
            group: ActionGroup::Unknown,
            ..action(
                5,
                "url.hit",
                json!({ "page_url": "*doc*", "page_hits": 3, "returns_within": 0 }),
            )
        },
        MauticAction {
            published: false,
            publish_up: Some("2026-01-01T00:00:00Z".parse().unwrap()),
            ..action(6, "email.open", json!({}))
        },
    ];
    let imported = import(&actions, &catalog(), "Europe/Berlin");
    insta::assert_snapshot!(imported.text, @r##"
    # Made from Mautic's point actions. Every key is explained in docs/plan.md.
    # topicscore becomes the only writer of the point groups named here: switch off
    # Mautic's actions that pay into them before you say `live`.

    format = 1
    time_zone = "Europe/Berlin"
    tick = "03:00"

    [[topic]]
    key = "points"
    label = "Points"
    # computed and shown, not written
    floor = "none"
    ceiling = "none"

    [[topic]]
    key = "öl-gas"
    label = "Öl & Gas"
    group = 1
    floor = "none"
    ceiling = "none"

    # No action pays into this one.
    # [[topic]]
    # key = "points_2"
    # label = "Points"
    # group = 2
    # floor = "none"
    # ceiling = "none"

    # No action pays into this one.
    # [[topic]]
    # key = "öl-gas_3"
    # label = "öl-gas"
    # group = 3
    # floor = "none"
    # ceiling = "none"

    [[point_action]]
    key = "mautic-4"
    name = "Action 4"
    topic = "points"
    kind = "url.hit"
    points = 5
    repeat = "once"
    url = "https://x.example/?a=1&b=*"

    # its option page_hits = 3 cannot be expressed, so it is only a comment in the plan.
    # its point group could not be found out, so it pays into the topic `points`.
    # [[point_action]]
    # key = "mautic-5"
    # name = "Action 5"
    # topic = "points"
    # kind = "url.hit"
    # points = 5
    # repeat = "once"
    # url = "*doc*"

    [[point_action]]
    key = "mautic-1"
    name = "Action 1"
    topic = "öl-gas"
    kind = "page.hit"
    points = 5
    repeat = "once"

    [[point_action]]
    key = "mautic-2"
    name = "Action 2"
    topic = "öl-gas"
    kind = "form.submit"
    points = 5
    repeat = "always"
    forms = [
      2, # "Contact"
      3, # "De\u000Amo \"x\""
      9, # not in Mautic any more
    ]

    # its publish window became `since` and `until`, which look at the time of the activity.
    # it is not published, so it is only a comment in the plan.
    # [[point_action]]
    # key = "mautic-6"
    # name = "Action 6"
    # topic = "öl-gas"
    # kind = "email.open"
    # points = 5
    # repeat = "once"
    # since = 2026-01-01T00:00:00Z

    # Bands name ranges of a score; add them to a topic:
    # bands = [{ name = "cold", from = 0 }, { name = "warm", from = 20 }, { name = "hot", from = 50 }]

    # A segment that a score keeps: in at 50, out below 40. Campaigns can start on it.
    # [[segment]]
    # segment = "Name of a segment without filters"
    # topic = "points"
    # enter = 50
    # leave = 40
    "##);
    insta::assert_snapshot!(imported.findings.to_string(), @r##"
    warning: point action 5 "Action 5": its option page_hits = 3 cannot be expressed, so it is only a comment in the plan
      --> Mautic
      help: without the option it would pay more often than in Mautic

    warning: point action 5 "Action 5": its point group could not be found out, so it pays into the topic `points`
      --> Mautic
      help: look the group up in Mautic and name its topic in the rule

    warning: point action 6 "Action 6": it is not published, so it is only a comment in the plan
      --> Mautic
      help: take the comment signs away to use it

    warning: point action 6 "Action 6": its publish window became `since` and `until`, which look at the time of the activity
      --> Mautic
      help: nothing, unless activities reach Mautic late

    0 errors, 4 warnings
    "##);
    let (plan, findings) = Plan::parse("plan.toml", &imported.text).unwrap();
    assert!(findings.is_empty(), "{findings}");
    let compiled = compile(&plan, &catalog()).unwrap();
    assert_eq!(compiled.owned_groups(), [GroupId(1)].into());
    let form = &compiled.point_actions[2];
    assert_eq!(
        (form.kind, form.repeat),
        (ActivityKind::FormSubmit, Repeat::Always)
    );
    assert_eq!(form.objects, [2, 3, 9].into());
    assert_eq!(
        compiled.point_actions[0].urls,
        ["https://x.example/?a=1&b=*"]
    );
    assert_eq!(compiled.topics[0].scale.floor, None);
}

#[test]
fn what_would_pay_otherwise_than_in_mautic_is_a_comment() {
    let window = |up: &str, down: &str| MauticAction {
        publish_up: Some(up.parse().unwrap()),
        publish_down: Some(down.parse().unwrap()),
        ..action(9, "page.hit", json!([]))
    };
    let comments = [
        action(1, "url.hit", json!({ "page_url": "*", "first_time": true })),
        action(
            1,
            "url.hit",
            json!({ "page_url": "*", "accumulative_time": "30" }),
        ),
        action(1, "url.hit", json!({ "page_url": "*", "returns_after": 1 })),
        action(1, "url.hit", json!([])),
        action(1, "url.hit", json!({ "page_url": "0" })),
        action(1, "plugin.thing", json!([])),
        action(1, "sms.send", json!([])),
        action(1, "page.hit", json!({ "pages": "all" })),
        action(1, "page.hit", json!({ "pages": [0] })),
        window("2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z"),
        MauticAction {
            points: 0,
            ..action(1, "page.hit", json!([]))
        },
        MauticAction {
            points: 1 << 40,
            ..action(1, "page.hit", json!([]))
        },
    ];
    for one in comments {
        let imported = import(std::slice::from_ref(&one), &catalog(), "UTC");
        let (plan, _) = Plan::parse("p", &imported.text).unwrap();
        assert!(
            plan.point_actions.is_empty() && plan.topics.is_empty(),
            "{one:?}"
        );
        assert!(!imported.findings.is_empty(), "{one:?}");
    }
    let imported = import(
        &[window("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z")],
        &catalog(),
        "UTC",
    );
    let (plan, _) = Plan::parse("p", &imported.text).unwrap();
    let until = plan.point_actions[0].until.unwrap();
    assert_eq!(until.to_string(), "2026-01-01T00:00:01Z");
}

#[test]
fn an_action_read_twice_is_written_once() {
    let again = MauticAction {
        group: ActionGroup::None,
        ..action(1, "page.hit", json!([]))
    };
    let imported = import(
        &[action(1, "page.hit", json!([])), again],
        &catalog(),
        "UTC",
    );
    let (plan, _) = Plan::parse("p", &imported.text).unwrap();
    assert_eq!(plan.point_actions.len(), 1);
}

#[test]
fn entities_are_decoded_once() {
    let cases = [
        ("a&amp;b", "a&b"),
        ("&amp;lt;", "&lt;"),
        ("&#39;&#x41;", "'A"),
        ("a&b=1;&", "a&b=1;&"),
        ("&nbsp;&#xD800;", "&nbsp;&#xD800;"),
        ("ä&ü;", "ä&ü;"),
    ];
    for (written, meant) in cases {
        assert_eq!(decode_entities(written), meant);
    }
}

prop_compose! {
    fn any_action()(
        id in 1_u32..9,
        name in any::<String>(),
        kind in prop::sample::select(vec!["page.hit", "url.hit", "email.open", "form.submit", "x\"y"]),
        points in prop_oneof![-50_i64..50, any::<i64>()],
        flags in any::<(bool, bool)>(),
        times in any::<(Option<i32>, Option<i32>)>(),
        pattern in any::<String>(),
        limits in prop::collection::vec(0_u32..5, 0..4),
        group in prop_oneof![Just(ActionGroup::None), Just(ActionGroup::Unknown), (0_u32..5).prop_map(|id| ActionGroup::Known(GroupId(id)))],
    ) -> MauticAction {
        let moment = |second: i32| jiff::Timestamp::from_second(i64::from(second) * 100).ok();
        MauticAction {
            id, name, kind: kind.to_owned(), points,
            repeatable: flags.0, published: flags.1,
            publish_up: times.0.and_then(moment), publish_down: times.1.and_then(moment),
            properties: json!({ "page_url": pattern, "pages": limits.clone(), "forms": limits }),
            group,
        }
    }
}

proptest! {
    /// Whatever Mautic holds, the imported plan reads and binds.
    #[test]
    fn every_import_reads_and_binds(
        actions in prop::collection::vec(any_action(), 0..8),
        names in prop::collection::vec(any::<String>(), 0..4),
    ) {
        let groups = (1..).zip(&names).map(|(id, name)| named(id, name)).collect();
        let catalog = Catalog { groups, ..Catalog::default() };
        let imported = import(&actions, &catalog, "Nowhere/Land");
        let read = Plan::parse("plan.toml", &imported.text);
        prop_assert!(read.is_ok(), "{}\n{}", imported.text, read.unwrap_err());
        let (plan, _) = read.unwrap();
        prop_assert!(compile(&plan, &catalog).is_ok());
        for rule in &plan.point_actions {
            let id: u32 = rule.key.0.strip_prefix("mautic-").unwrap().parse().unwrap();
            let kept = actions.iter().any(|action| action.id == id
                && i64::from(rule.points) == action.points
                && action.kind == rule.kind.name()
                && (rule.repeat == Repeat::Always) == action.repeatable
                && (action.name.trim().is_empty() || rule.name == action.name));
            prop_assert!(kept);
        }
    }
}
