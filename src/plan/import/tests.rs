//! Imported plans read again.
#![allow(clippy::unwrap_used, reason = "a test may end at once")]

use super::super::{Behaviour, Catalog, Named, Plan, Repeat, UrlOptions, Writes, compile};
use super::text::decode_entities;
use super::{
    ActionGroup, ImportOptions, Imported, MauticAction, MauticEvent, MauticPoints, MauticTrigger,
    import, infer,
};
use crate::domain::{ActivityKind, ContactId, GroupId, PointsLogRow, SegmentId};
use proptest::prelude::*;
use serde_json::{Value, json};

pub(super) const MAIN: ActionGroup = ActionGroup::Known { group: None };

pub(super) const fn known(id: u32) -> ActionGroup {
    ActionGroup::Known {
        group: Some(GroupId(id)),
    }
}

pub(super) fn action(id: u32, kind: &str, properties: Value) -> MauticAction {
    MauticAction {
        id,
        name: format!("Action {id}"),
        kind: kind.to_owned(),
        points: 5,
        repeatable: false,
        published: true,
        added_at: None,
        publish_up: None,
        publish_down: None,
        properties,
        group: known(1),
    }
}

pub(super) fn trigger(id: u32, events: &[(&str, Value)]) -> MauticTrigger {
    let event = |(kind, properties): &(&str, Value)| MauticEvent {
        kind: (*kind).to_owned(),
        properties: properties.clone(),
    };
    MauticTrigger {
        id,
        name: format!("Trigger {id}"),
        points: 10,
        published: true,
        group: known(1),
        events: events.iter().map(event).collect(),
    }
}

fn named(id: u32, name: &str) -> Named {
    Named {
        id,
        name: name.to_owned(),
    }
}

pub(super) fn catalog() -> Catalog {
    Catalog {
        groups: vec![named(1, "Öl & Gas"), named(2, "Points"), named(3, "öl-gas")],
        forms: vec![named(2, "Contact"), named(3, "De\nmo \"x\"")],
        segments: vec![named(1, "Hot"), named(2, "Cold"), named(3, "Filtered")],
        filtered_segments: vec![SegmentId(3)],
        campaigns: vec![named(4, "Nurture")],
        emails: vec![named(1, "Welcome")],
        ..Catalog::default()
    }
}

pub(super) fn options() -> ImportOptions {
    ImportOptions {
        time_zone: "UTC".to_owned(),
        behaviour: None,
        triggers: false,
        now: "2026-11-22T08:00:00Z".parse().unwrap(),
    }
}

fn of(actions: &[MauticAction]) -> Imported {
    let points = MauticPoints {
        actions: actions.to_vec(),
        ..MauticPoints::default()
    };
    import(&points, &catalog(), &options())
}

/// All six kinds, all options, every way in which a group is known, and triggers.
#[allow(clippy::too_many_lines, reason = "a list")]
fn rich() -> MauticPoints {
    let actions = vec![
        MauticAction {
            repeatable: true,
            ..action(2, "form.submit", json!({ "forms": ["2", 3, 9] }))
        },
        action(1, "page.hit", json!([])),
        MauticAction {
            group: MAIN,
            ..action(
                4,
                "url.hit",
                json!({ "page_url": " https://x.example/?a=1&amp;b=* " }),
            )
        },
        MauticAction {
            group: ActionGroup::Missing,
            ..action(
                5,
                "url.hit",
                json!({ "page_url": "*doc*", "page_hits": "3", "returns_within": 0,
                    "returns_after": 7200, "returns_after_unit": "H", "accumulative_time": "90",
                    "first_time": true }),
            )
        },
        MauticAction {
            published: false,
            publish_up: Some("2026-01-01T00:00:00Z".parse().unwrap()),
            ..action(6, "email.open", json!({}))
        },
        MauticAction {
            points: -3,
            group: ActionGroup::Inferred {
                group: Some(GroupId(3)),
                rows: 7,
                others: 2,
            },
            publish_up: Some("2026-01-01T00:00:00Z".parse().unwrap()),
            publish_down: Some("2026-12-31T23:59:59Z".parse().unwrap()),
            ..action(7, "email.send", json!({ "emails": [1] }))
        },
        MauticAction {
            group: known(99),
            ..action(8, "asset.download", json!({ "assets": { "0": 5 } }))
        },
    ];
    let lists = json!({ "addToLists": [1], "removeFromLists": ["2"] });
    let tags = json!({ "add_tags": ["hot", "hot"], "remove_tags": ["cold \"x\""] });
    let user = json!({ "useremail": { "email": 1 }, "user_id": [1], "to_owner": false,
        "to": "boss@example.test", "cc": "", "bcc": "" });
    let triggers = vec![
        trigger(
            1,
            &[
                ("lead.changelists", lists.clone()),
                ("lead.changetags", tags),
            ],
        ),
        trigger(
            2,
            &[
                ("email.send", json!({ "email": 1 })),
                ("email.send_to_user", user),
                (
                    "campaign.changecampaign",
                    json!({ "addTo": [4], "removeFrom": [] }),
                ),
            ],
        ),
        MauticTrigger {
            group: MAIN,
            ..trigger(3, &[])
        },
        MauticTrigger {
            published: false,
            ..trigger(4, &[("lead.changelists", json!({ "addToLists": [3] }))])
        },
        MauticTrigger {
            group: ActionGroup::Missing,
            ..trigger(5, &[("plugin.leadpush", json!({ "integration": null }))])
        },
    ];
    MauticPoints {
        actions,
        triggers,
        ..MauticPoints::default()
    }
}

#[test]
fn a_mautic_becomes_this_plan() {
    let options = ImportOptions {
        time_zone: "Europe/Berlin".to_owned(),
        ..options()
    };
    let imported = import(&rich(), &catalog(), &options);
    insta::assert_snapshot!("plan", imported.text);
    insta::assert_snapshot!("findings", imported.findings.to_string());
    insta::assert_json_snapshot!("seen", imported.seen);

    let (plan, _) = Plan::parse("plan.toml", &imported.text).unwrap();
    assert_eq!(plan.behaviour, Behaviour::Corrected);
    let machine = &plan.machine;
    assert_eq!(
        (machine.apple, machine.proxy, machine.scanner),
        (100, 100, 100)
    );
    let compiled = compile(&plan, &catalog()).unwrap();
    assert_eq!(compiled.owned_groups(), [GroupId(1), GroupId(3)].into());
    let rule = |id: u32| {
        let found = compiled.point_actions.iter();
        let mut found = found.filter(|rule| rule.mautic.is_some_and(|one| one.0 == id));
        found.next().unwrap()
    };
    let form = rule(2);
    assert_eq!(
        (form.kind, form.repeat),
        (ActivityKind::FormSubmit, Repeat::Always)
    );
    assert_eq!(form.objects, [2, 3, 9].into());
    assert_eq!(rule(4).urls, ["https://x.example/?a=1&b=*"]);
    let main = &compiled.topics[rule(4).pays[0].0];
    assert_eq!((main.writes, main.scale.floor), (Writes::MainPoints, None));
    assert_eq!(
        rule(5).url_options,
        UrlOptions {
            page_hits: 3,
            returns_within: 0,
            returns_after: 7200,
            accumulative_time: 90,
            first_time: true
        }
    );
    assert_eq!(rule(7).until, "2027-01-01T00:00:00Z".parse().ok());
    assert!(compiled.triggers.is_empty());
}

#[test]
fn triggers_are_written_as_such_only_when_asked_for() {
    let options = ImportOptions {
        triggers: true,
        behaviour: Some(Behaviour::Corrected),
        ..options()
    };
    let imported = import(&rich(), &catalog(), &options);
    let (plan, _) = Plan::parse("plan.toml", &imported.text).unwrap();
    assert_eq!(plan.behaviour, Behaviour::Corrected);
    let keys: Vec<_> = plan.triggers.iter().map(|one| one.key.0.as_str()).collect();
    assert_eq!(keys, ["mautic-trigger-1", "mautic-trigger-2"]);
    // What crossed before was Mautic's.
    assert!(
        plan.triggers
            .iter()
            .all(|one| one.since == Some(options.now))
    );
    let effects: Vec<_> = plan.triggers.iter().map(|one| one.effects.len()).collect();
    assert_eq!(effects, [3, 3]);
    compile(&plan, &catalog()).unwrap();
}

#[test]
fn what_a_trigger_cannot_do_here_keeps_it_a_comment() {
    let cases = [
        trigger(1, &[("lead.changelists", json!({ "addToLists": [3] }))]),
        trigger(1, &[("lead.changelists", json!({ "addToLists": [77] }))]),
        trigger(
            1,
            &[(
                "lead.changelists",
                json!({ "addToLists": [1], "removeFromLists": [1] }),
            )],
        ),
        trigger(1, &[("lead.changelists", json!({ "addToLists": "all" }))]),
        trigger(1, &[("lead.changetags", json!({ "add_tags": [1] }))]),
        trigger(1, &[("lead.changetags", json!({ "add_tags": [" "] }))]),
        trigger(1, &[("email.send", json!({ "email": "x" }))]),
        trigger(
            1,
            &[("email.send_to_user", json!({ "user_id": [1], "to": "" }))],
        ),
        trigger(
            1,
            &[("email.send_to_user", json!({ "to": "a@b.test, c@d.test" }))],
        ),
        trigger(1, &[("plugin.leadpush", json!({}))]),
        trigger(1, &[]),
        MauticTrigger {
            points: 1 << 40,
            ..trigger(1, &[("lead.changetags", json!({ "add_tags": ["x"] }))])
        },
    ];
    for one in cases {
        let points = MauticPoints {
            actions: vec![action(1, "page.hit", json!([]))],
            triggers: vec![one.clone()],
            ..MauticPoints::default()
        };
        let options = ImportOptions {
            triggers: true,
            ..options()
        };
        let imported = import(&points, &catalog(), &options);
        let (plan, _) = Plan::parse("p", &imported.text).unwrap();
        assert!(plan.triggers.is_empty(), "{one:?}");
        assert!(!imported.findings.is_empty(), "{one:?}");
    }
}

#[test]
fn groups_are_inferred_from_payments() {
    let row = |id: u64, event: &str, kind: &str, group: Option<u32>| {
        let (log_type, action_name) = kind.split_once('.').unwrap();
        PointsLogRow {
            id,
            contact: ContactId(1),
            group: group.map(GroupId),
            delta: 5,
            log_type: log_type.to_owned(),
            event_name: event.to_owned(),
            action_name: action_name.to_owned(),
            at: "2026-11-22T08:00:00Z".parse().unwrap(),
        }
    };
    let actions = [
        action(1, "url.hit", json!([])),
        action(2, "form.submit", json!([])),
    ];
    let group = |group: Option<u32>, rows, others| {
        Some(ActionGroup::Inferred {
            group: group.map(GroupId),
            rows,
            others,
        })
    };
    let cases = [
        ("no row", vec![], None),
        (
            "a group",
            vec![row(1, "1: hit", "url.hit", Some(3))],
            group(Some(3), 1, 0),
        ),
        (
            "main points",
            vec![row(1, "1: a: b", "url.hit", None)],
            group(None, 1, 0),
        ),
        (
            "the newest row wins, whatever the order",
            vec![
                row(9, "1: hit", "url.hit", Some(2)),
                row(7, "1: hit", "url.hit", None),
                row(8, "1: renamed", "url.hit", Some(2)),
            ],
            group(Some(2), 2, 1),
        ),
        (
            "a row read twice counts once",
            vec![
                row(1, "1: hit", "url.hit", None),
                row(1, "1: hit", "url.hit", None),
            ],
            group(None, 1, 0),
        ),
        (
            "of another kind",
            vec![row(1, "1: hit", "page.hit", Some(3))],
            None,
        ),
        (
            "a form's own action",
            vec![row(1, "1:hit", "url.hit", Some(3))],
            None,
        ),
        (
            "of an action that is gone",
            vec![row(1, "5: hit", "url.hit", Some(3))],
            None,
        ),
        ("by API", vec![row(1, "add (+)", "API.x", Some(3))], None),
    ];
    for (what, rows, expected) in cases {
        let found = infer(&actions, &rows);
        assert_eq!(found.get(&1).copied(), expected, "{what}");
        assert_eq!(found.get(&2), None, "{what}");
    }
}

#[test]
fn what_would_pay_otherwise_than_in_mautic_is_a_comment() {
    let window = |up: &str, down: &str| MauticAction {
        publish_up: Some(up.parse().unwrap()),
        publish_down: Some(down.parse().unwrap()),
        ..action(9, "page.hit", json!([]))
    };
    let comments = [
        action(
            1,
            "url.hit",
            json!({ "page_url": "*", "page_hits": "many" }),
        ),
        action(1, "url.hit", json!({ "page_url": "*", "page_hits": -1 })),
        action(
            1,
            "url.hit",
            json!({ "page_url": "*", "page_hits": 1_u64 << 40 }),
        ),
        action(
            1,
            "url.hit",
            json!({ "page_url": "*", "returns_after": 1.5 }),
        ),
        action(
            1,
            "url.hit",
            json!({ "page_url": "*", "returns_within": u64::MAX }),
        ),
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
        let imported = of(std::slice::from_ref(&one));
        let (plan, _) = Plan::parse("p", &imported.text).unwrap();
        assert!(
            plan.point_actions.is_empty() && plan.topics.is_empty(),
            "{one:?}"
        );
        assert!(!imported.findings.is_empty(), "{one:?}");
    }
    let imported = of(&[window("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z")]);
    let (plan, _) = Plan::parse("p", &imported.text).unwrap();
    let until = plan.point_actions[0].until.unwrap();
    assert_eq!(until.to_string(), "2026-01-01T00:00:01Z");
}

#[test]
fn an_action_read_twice_is_written_once() {
    let again = MauticAction {
        group: MAIN,
        ..action(1, "page.hit", json!([]))
    };
    let imported = of(&[action(1, "page.hit", json!([])), again]);
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
        options in any::<(u16, Option<u32>, bool)>(),
        group in prop_oneof![Just(MAIN), Just(ActionGroup::Missing), (0_u32..5).prop_map(known)],
    ) -> MauticAction {
        let moment = |second: i32| jiff::Timestamp::from_second(i64::from(second) * 100).ok();
        MauticAction {
            id, name, kind: kind.to_owned(), points,
            repeatable: flags.0, published: flags.1, added_at: None,
            publish_up: times.0.and_then(moment), publish_down: times.1.and_then(moment),
            properties: json!({ "page_url": pattern, "pages": limits.clone(), "forms": limits,
                "page_hits": options.0, "returns_within": options.1, "first_time": options.2 }),
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
        let points = MauticPoints { actions: actions.clone(), ..MauticPoints::default() };
        let zone = ImportOptions { time_zone: "Nowhere/Land".to_owned(), ..options() };
        let imported = import(&points, &catalog, &zone);
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
