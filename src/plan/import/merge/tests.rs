//! Imports into plans that people have edited.
#![allow(clippy::unwrap_used, reason = "a test may end at once")]

use super::super::tests::{MAIN, action, catalog, known, options, trigger};
use super::super::{ActionGroup, ImportOptions, MauticAction, MauticPoints, Seen, import};
use super::{Merged, What, merge};
use crate::plan::{Behaviour, Plan, PointAction};
use proptest::prelude::*;
use serde_json::json;
use std::collections::BTreeSet;

fn mautic(actions: Vec<MauticAction>) -> MauticPoints {
    MauticPoints {
        actions,
        ..MauticPoints::default()
    }
}

/// What an import of these saw.
fn seen(points: &MauticPoints) -> Seen {
    import(points, &catalog(), &options()).seen
}

fn merged(text: &str, base: Option<&Seen>, points: &MauticPoints) -> Merged {
    let merged = merge(("plan.toml", text), base, points, &catalog(), &options());
    merged.unwrap_or_else(|findings| panic!("{findings}"))
}

/// A plan that somebody has edited since it was imported from [`then`].
const EDITED: &str = r#"# Our plan. Ask Ada before you change it.
format   = 1
time_zone = "Europe/Berlin"

[[topic]]   # renamed from öl-gas
key = "oil"
group = "Öl & Gas"
floor = "none"
ceiling = 200   # we like it so

[[point_action]]
key = "mautic-1"
mautic = 1
name = "Any page"  # was Action 1
topic = "oil"
kind = "page.hit"
points = 5 # the usual
repeat = "once"
limit = { points = 50, per = "day" }

# Forms matter most.
[[point_action]]
key = "mautic-2"
mautic = 2
name = "Action 2"
topic = "oil"
kind = "form.submit"
points = 12 # Ada: more
repeat = "always"
forms = [
  2, # "Contact", our best
  3, # the demo
]
until = 2026-06-01T00:00:00Z # see the calendar
# the end of the forms

[[point_action]]
key = "ours"
name = "Ours"
topic = "oil"
kind = "email.click"
points = 1
"#;

fn then() -> MauticPoints {
    mautic(vec![
        action(1, "page.hit", json!([])),
        MauticAction {
            repeatable: true,
            publish_down: Some("2026-05-31T23:59:59Z".parse().unwrap()),
            ..action(2, "form.submit", json!({ "forms": [2, 3] }))
        },
        action(3, "email.open", json!([])),
        MauticAction {
            published: false,
            ..action(4, "email.open", json!([]))
        },
        MauticAction {
            group: MAIN,
            ..action(6, "email.send", json!([]))
        },
    ])
}

#[test]
fn mautics_changes_come_in_and_edits_stay() {
    let now = mautic(vec![
        MauticAction {
            name: "Page hit".to_owned(),
            points: 7,
            ..action(1, "page.hit", json!({ "pages": [8] }))
        },
        MauticAction {
            points: 6,
            ..action(2, "form.submit", json!({ "forms": [9, 2] }))
        },
        // 3 was taken out of the plan; 6 is gone from both.
        action(3, "email.open", json!([])),
        MauticAction {
            group: MAIN,
            ..action(4, "email.open", json!([]))
        },
        action(5, "asset.download", json!([])),
        MauticAction {
            published: false,
            ..action(9, "asset.download", json!([]))
        },
    ]);
    let merged = merged(EDITED, Some(&seen(&then())), &now);
    insta::assert_snapshot!("edited", merged.text);
    insta::assert_snapshot!("edited-report", merged.report());
    let again = self::merged(&merged.text, Some(&merged.seen), &now);
    assert_eq!(
        again.text, merged.text,
        "once merged, nothing is left to do"
    );
    assert_eq!(again.conflicts().count(), 0, "a conflict is told once");
}

#[test]
fn without_a_base_every_difference_is_an_edit() {
    let now = mautic(vec![MauticAction {
        points: 7,
        ..action(1, "page.hit", json!([]))
    }]);
    let merged = merged(EDITED, None, &now);
    assert_eq!(merged.text, EDITED);
    insta::assert_snapshot!(merged.report(), @r##"
    point action 1 "Action 1"
      ! name: yours stays: "Any page"; Mautic's "Action 1"
      ! points: yours stays: 5; Mautic's 7
    point action 2 "Action 2"
      = gone from Mautic; the rule stays, so that what it paid still counts (set `until` to end it)
    "##);
}

#[test]
fn nothing_new_changes_nothing() {
    let imported = import(&then(), &catalog(), &options());
    for base in [Some(&imported.seen), None] {
        let merged = merged(&imported.text, base, &then());
        assert_eq!(merged.text, imported.text);
        let told: Vec<_> = merged
            .changes
            .iter()
            .filter(|change| change.what != What::LeftOut)
            .collect();
        assert!(told.is_empty(), "{told:?}");
        assert_eq!(merged.seen, imported.seen);
    }
}

#[test]
fn a_rule_outlives_its_action() {
    let imported = import(&then(), &catalog(), &options());
    let mut now = then();
    now.actions.remove(0);
    now.actions[0].published = false;
    let merged = merged(&imported.text, Some(&imported.seen), &now);
    assert_eq!(merged.text, imported.text);
    insta::assert_snapshot!(merged.report(), @r##"
    point action 1 "Action 1"
      = gone from Mautic; the rule stays, so that what it paid still counts (set `until` to end it)
    point action 2 "Action 2"
      = switched off in Mautic; the rule stays
    "##);
}

#[test]
fn what_cannot_be_merged_is_left_and_told() {
    let twice = format!(
        "{EDITED}\n[[point_action]]\nkey = \"again\"\nmautic = 1\nname = \"Again\"\ntopic = \"oil\"\nkind = \"page.hit\"\npoints = 2\n"
    );
    let now = mautic(vec![
        MauticAction {
            points: 9,
            ..action(1, "page.hit", json!([]))
        },
        MauticAction {
            points: 0,
            ..action(2, "form.submit", json!([]))
        },
    ]);
    let merged = merged(&twice, Some(&seen(&then())), &now);
    assert_eq!(merged.text, twice);
    insta::assert_snapshot!(merged.report(), @r##"
    point action 1 "Action 1"
      ! not merged: 2 rules of the plan stand for it
    point action 2 "Action 2"
      ! not merged: it gives no points, so it is only a comment in the plan
    "##);
}

#[test]
fn a_group_that_is_not_found_this_time_changes_nothing() {
    let imported = import(&then(), &catalog(), &options());
    let mut now = then();
    for action in &mut now.actions {
        action.group = ActionGroup::Missing;
    }
    let merged = merged(&imported.text, Some(&imported.seen), &now);
    assert_eq!(merged.text, imported.text);
    let topic = |id: u32| merged.seen.actions[&id].keys.get("topic").cloned();
    assert_eq!(topic(1), Some("group 1".to_owned()));
    assert_eq!(topic(6), Some("main points".to_owned()));
}

#[test]
fn an_action_that_moved_takes_its_topic_along() {
    let imported = import(&then(), &catalog(), &options());
    let mut now = then();
    now.actions[0].group = known(3);
    let merged = merged(&imported.text, Some(&imported.seen), &now);
    insta::assert_snapshot!(merged.report(), @r##"
    topic 3 "öl-gas"
      + key = "öl-gas_3"
    point action 1 "Action 1"
      - topic = "öl-gas"
      + topic = "öl-gas_3"
    "##);
    let (plan, _) = Plan::parse("p", &merged.text).unwrap();
    let moved = plan.point_actions.iter();
    let mut moved = moved.filter(|rule| rule.mautic.is_some_and(|id| id.0 == 1));
    assert_eq!(moved.next().unwrap().pays[0].0.0, "öl-gas_3");
}

#[test]
fn triggers_are_noted_once() {
    let tags = |tag: &str| trigger(1, &[("lead.changetags", json!({ "add_tags": [tag] }))]);
    let with = |triggers| MauticPoints {
        actions: then().actions,
        triggers,
        ..MauticPoints::default()
    };
    let imported = import(&with(vec![]), &catalog(), &options());
    let first = merged(&imported.text, Some(&imported.seen), &with(vec![tags("a")]));
    insta::assert_snapshot!(first.report(), @r##"
    trigger 1 "Trigger 1"
      # "Trigger 1" at 10: lead.changetags {"add_tags":["a"]} (a comment)
    "##);
    assert!(
        first.text.contains("# add_tags = [\"a\"]"),
        "{}",
        first.text
    );
    for base in [Some(&first.seen), None] {
        let again = merged(&first.text, base, &with(vec![tags("a")]));
        assert_eq!(again.text, first.text);
    }
    let changed = merged(&first.text, Some(&first.seen), &with(vec![tags("b")]));
    assert_eq!(changed.text, first.text);
    insta::assert_snapshot!(changed.report(), @r##"
    trigger 1 "Trigger 1"
        changed in Mautic from "Trigger 1" at 10: lead.changetags {"add_tags":["a"]} to "Trigger 1" at 10: lead.changetags {"add_tags":["b"]}
    "##);
    let gone = merged(&first.text, Some(&first.seen), &with(vec![]));
    assert_eq!(gone.text, first.text);
    insta::assert_snapshot!(gone.report(), @r##"
    trigger 1 "Trigger 1"
        gone from Mautic
    "##);
}

#[test]
fn the_behaviour_changes_only_when_asked_for() {
    let corrected = ImportOptions {
        behaviour: Some(Behaviour::Corrected),
        ..options()
    };
    for (text, expected) in [
        (
            EDITED.to_owned(),
            "format   = 1\nbehaviour = \"corrected\"\n",
        ),
        (
            EDITED.replace("time_zone", "behaviour = \"mautic\" # as ever\ntime_zone"),
            "behaviour = \"corrected\" # as ever\n",
        ),
    ] {
        let points = then();
        let base = seen(&points);
        let merged = merge(("p", &text), Some(&base), &points, &catalog(), &corrected).unwrap();
        assert!(merged.text.contains(expected), "{}", merged.text);
        let again = merge(
            ("p", &merged.text),
            Some(&base),
            &points,
            &catalog(),
            &corrected,
        );
        assert_eq!(again.unwrap().text, merged.text);
    }
}

#[test]
fn files_keep_their_kind_of_line_ends_and_their_last_line() {
    let now = mautic(vec![
        MauticAction {
            repeatable: true,
            ..action(1, "page.hit", json!({ "pages": [8] }))
        },
        action(5, "asset.download", json!([])),
    ]);
    let base = seen(&then());
    let windows = EDITED.replace('\n', "\r\n");
    let merged_windows = merged(&windows, Some(&base), &now).text;
    let plain = merged(EDITED, Some(&base), &now).text;
    assert_eq!(merged_windows, plain.replace('\n', "\r\n"));
    let cut = merged(EDITED.trim_end(), Some(&base), &now).text;
    assert_eq!(cut.trim_end(), plain.trim_end());
}

#[test]
fn a_plan_with_mistakes_is_not_merged_into() {
    for (text, said) in [
        ("format = \n", "TOML"),
        (
            "format = 1\npoint_action = [{ name = \"x\" }]\n",
            "[[point_action]]",
        ),
        ("format = 1\ncolour = \"red\"\n", "colour"),
    ] {
        let refused = merge(("p", text), None, &then(), &catalog(), &options()).unwrap_err();
        assert!(refused.to_string().contains(said), "{refused}");
    }
}

prop_compose! {
    fn any_action()(
        id in 1_u32..6,
        name in prop::sample::select(vec!["a", "b \"q\"", "# c"]),
        points in -3_i64..4,
        flags in any::<(bool, bool, bool)>(),
        forms in prop::collection::vec(1_u32..5, 0..4),
        group in prop_oneof![Just(MAIN), Just(ActionGroup::Missing), (1_u32..4).prop_map(known)],
    ) -> MauticAction {
        MauticAction {
            name: name.to_owned(), points, repeatable: flags.0, published: flags.1, added_at: None, group,
            publish_up: flags.2.then_some(jiff::Timestamp::UNIX_EPOCH),
            ..action(id, "form.submit", json!({ "forms": forms }))
        }
    }
}

fn any_mautic() -> impl Strategy<Value = MauticPoints> {
    prop::collection::btree_map(1_u32..6, any_action(), 0..5).prop_map(|actions| {
        let with_id = |(id, action)| MauticAction { id, ..action };
        mautic(actions.into_iter().map(with_id).collect())
    })
}

proptest! {
    /// A plan that nobody edits follows Mautic: merged, its rules are those of a new import.
    #[test]
    fn an_unedited_plan_follows_mautic(then in any_mautic(), now in any_mautic()) {
        let imported = import(&then, &catalog(), &options());
        let merged = merge(("p", &imported.text), Some(&imported.seen), &now, &catalog(), &options());
        let merged = merged.unwrap();
        prop_assert_eq!(merged.conflicts().filter(|one| one.what == What::Conflict).count(), 0);
        let (plan, _) = Plan::parse("p", &merged.text).unwrap();
        let fresh = import(&now, &catalog(), &options());
        let (fresh, _) = Plan::parse("p", &fresh.text).unwrap();
        for rule in &fresh.point_actions {
            let there = plan.point_actions.iter().find(|one| one.key == rule.key);
            let there = there.unwrap_or_else(|| panic!("{:?} in\n{}", rule.key, merged.text));
            prop_assert_eq!((there.points, &there.name, there.repeat), (rule.points, &rule.name, rule.repeat));
            let objects = |rule: &PointAction| rule.objects.iter().cloned().collect::<BTreeSet<_>>();
            prop_assert_eq!((there.since, objects(there)), (rule.since, objects(rule)));
        }
        let again = merge(("p", &merged.text), Some(&merged.seen), &now, &catalog(), &options());
        prop_assert_eq!(&again.unwrap().text, &merged.text);
    }
}
