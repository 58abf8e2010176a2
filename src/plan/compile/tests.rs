//! Binding a plan to Mautic's names.
#![allow(clippy::unwrap_used, reason = "a test may end at once")]

use super::{Catalog, Plan, compile, doubts};
use crate::domain::{GroupId, SegmentId};
use crate::plan::{Named, ProfileTest, SegmentTest, Tree};

fn named(things: &[(u32, &str)]) -> Vec<Named> {
    let named = |(id, name): &(u32, &str)| Named {
        id: *id,
        name: (*name).to_owned(),
    };
    things.iter().map(named).collect()
}

fn catalog() -> Catalog {
    Catalog {
        groups: named(&[(1, "Sales"), (2, "Dishwashers")]),
        segments: named(&[
            (1, "Tell sales"),
            (2, "Interested in dishwashers"),
            (3, "Filtered"),
            (4, "Twin"),
            (5, "Twin"),
        ]),
        filtered_segments: vec![SegmentId(3)],
        emails: named(&[(1, "Autumn offers")]),
        pages: Vec::new(),
        forms: named(&[(7, "Contact us"), (8, "Ask for an offer")]),
        assets: named(&[(9, "Dishwasher guide")]),
        stages: named(&[(1, "Lead"), (2, "Customer")]),
        campaigns: named(&[(1, "Hot"), (2, "Cold")]),
        users: named(&[(1, "ann")]),
        ..Catalog::default()
    }
}

fn plan(text: &str) -> Plan {
    let head = "format = 1\n[[topic]]\nkey = 'a'\n";
    Plan::parse("plan.toml", &format!("{head}{text}"))
        .unwrap()
        .0
}

#[test]
fn the_example_binds() {
    let text = include_str!("../../../deploy/plan.example.toml");
    let (plan, _) = Plan::parse("plan.example.toml", text).unwrap();
    let compiled = compile(&plan, &catalog()).unwrap();
    assert!(doubts(&plan, &catalog()).is_empty());
    assert_eq!(compiled.version, plan.version);
    assert_eq!(compiled.owned_groups(), [GroupId(1), GroupId(2)].into());
    assert_eq!(
        compiled.owned_segments(),
        [SegmentId(1), SegmentId(2)].into()
    );
    let objects: Vec<Vec<u32>> = compiled
        .point_actions
        .iter()
        .map(|action| action.objects.iter().copied().collect())
        .collect();
    assert_eq!(objects, [vec![7], vec![8], vec![], vec![9], vec![1]]);
    assert!(matches!(
        compiled.segments[0].test,
        SegmentTest::Score { topic: 1, .. }
    ));
}

#[test]
fn everything_unbound_is_told_at_its_place() {
    let text = "group = 'Dishwasher'\n\
        [[topic]]\nkey = 'b'\ngroup = 1\n\
        [[topic]]\nkey = 'c'\ngroup = 'Sales'\n\
        [[point_action]]\nname = '1'\ntopic = 'a'\npoints = 1\nkind = 'form.submit'\nforms = [7, 'Contact', 99]\n\
        [[profile_rule]]\nname = '2'\ntopic = 'b'\npoints = 1\nwhen = { segment = 'Tell sales' }\n\
        [[trigger]]\nname = '3'\ntopic = 'c'\nat = 3\nadd_to = ['Twin', 'Filtered']\n[[trigger]]\nname = '4'\ntopic = 'c'\nat = 3\nadd_to = [1]\n\
        [[segment]]\nsegment = 2\ntopic = 'c'\nenter = 3\n\
        [[segment]]\nsegment = 'Interested in dishwashers'\ntopic = 'c'\nenter = 3\n\
        [[segment]]\nsegment = 77\ntopic = 'c'\nenter = 3\n";
    let findings = compile(&plan(text), &catalog()).unwrap_err();
    insta::assert_snapshot!(findings.to_string(), @r##"
    error: Mautic has no point group named "Dishwasher"
      --> plan.toml:4:9
       |
     4 | group = 'Dishwasher'
       |         ^
      help: did you mean "Dishwashers"?

    error: two topics write this point group
      --> plan.toml:10:9
        |
     10 | group = 'Sales'
        |         ^
      help: give each topic a group of its own

    error: Mautic has no form named "Contact"
      --> plan.toml:16:13
        |
     16 | forms = [7, 'Contact', 99]
        |             ^
      help: one of: Contact us, Ask for an offer

    warning: Mautic has no form with the id 99
      --> plan.toml:16:24
        |
     16 | forms = [7, 'Contact', 99]
        |                        ^
      help: look up the form in Mautic, or write its name

    error: this plan writes this segment, so a score would depend on itself
      --> plan.toml:21:20
        |
     21 | when = { segment = 'Tell sales' }
        |                    ^
      help: ask about a segment that this plan does not write

    error: Mautic has several segments named "Twin"
      --> plan.toml:26:11
        |
     26 | add_to = ['Twin', 'Filtered']
        |           ^
      help: write the id instead: 4 or 5

    error: the segment "Filtered" has filters: Mautic keeps it, a plan must not
      --> plan.toml:26:19
        |
     26 | add_to = ['Twin', 'Filtered']
        |                   ^
      help: make a segment without filters in Mautic and name that one

    error: this segment is declared twice
      --> plan.toml:37:11
        |
     37 | segment = 'Interested in dishwashers'
        |           ^
      help: keep one [[segment]] for each segment

    error: Mautic has no segment with the id 77
      --> plan.toml:41:11
        |
     41 | segment = 77
        |           ^
      help: look up the segment in Mautic, or write its name

    8 errors, 1 warning
    "##);
}

#[test]
fn an_object_that_is_gone_is_a_doubt_and_binds() {
    let text = "[[point_action]]\nname = '1'\ntopic = 'a'\npoints = 1\nkind = 'form.submit'\nforms = [99]\n";
    let plan = plan(text);
    let compiled = compile(&plan, &catalog()).unwrap();
    assert_eq!(compiled.point_actions[0].objects, [99].into());
    assert_eq!(doubts(&plan, &catalog()).len(), 1);
}

#[test]
fn a_fraction_of_a_field_that_has_none_is_a_doubt() {
    let text = |test: &str| {
        format!(
            "[[profile_rule]]\nname = '1'\ntopic = 'a'\npoints = 1\nwhen = {{ not = {{ {test} }} }}\n"
        )
    };
    let catalog = Catalog {
        whole_numbers: ["size".to_owned()].into(),
        ..catalog()
    };
    for (test, doubted) in [
        ("field = 'size', at_least = 0.5", true),
        ("field = 'size', not_between = [1, 2.5]", true),
        ("field = 'size', is = [1, 2.0]", false),
        ("field = 'size', is = '0.5'", false),
        ("field = 'weight', at_least = 0.5", false),
    ] {
        let found = doubts(&plan(&text(test)), &catalog);
        assert_eq!(found.len(), usize::from(doubted), "{test}");
        assert!(found.iter().all(|one| one.line.is_some()), "{test}");
    }
}

#[test]
fn conditions_on_segments_become_ids() {
    let text =
        "[[profile_rule]]\nname = '1'\ntopic = 'a'\npoints = 1\nwhen = { segment = 'Filtered' }\n";
    let compiled = compile(&plan(text), &catalog()).unwrap();
    let bound = Tree::Leaf(ProfileTest::Segment(SegmentId(3)));
    assert_eq!(compiled.profile_rules[0].when, bound);
}

#[test]
fn a_segment_both_declared_by_id_and_triggered_by_name_is_refused() {
    let text = "[[trigger]]\nname = '3'\ntopic = 'a'\nat = 3\nadd_to = ['Tell sales']\n\
        [[segment]]\nsegment = 1\ntopic = 'a'\nenter = 3\n";
    let findings = compile(&plan(text), &catalog()).unwrap_err();
    assert_eq!(findings.len(), 1);
    assert_eq!(findings.iter().next().unwrap().line, Some(8));
}

#[test]
fn a_segment_added_by_id_and_removed_by_name_is_refused() {
    let text = "[[trigger]]\nname = '3'\ntopic = 'a'\nat = 3\nadd_to = [1]\nremove_from = ['Tell sales']\n";
    let findings = compile(&plan(text), &catalog()).unwrap_err();
    assert_eq!(findings.len(), 1);
    assert_eq!(findings.iter().next().unwrap().line, Some(9));
}

/// Findings in short: place and message.
fn short(text: &str) -> String {
    let mut all = doubts(&plan(text), &catalog());
    all.extend(compile(&plan(text), &catalog()).err().unwrap_or_default());
    let line = |one: &crate::diagnostics::Finding| {
        let place = (one.line.unwrap_or(0), one.column.unwrap_or(0));
        format!("{}:{} {}\n", place.0, place.1, one.message)
    };
    all.iter().map(line).collect::<Vec<_>>().concat()
}

#[test]
fn every_name_in_a_condition_has_a_place_of_its_own() {
    let text = "stages = { reset = ['Lead', 'Leed'] }\n\
        [[profile_rule]]\nname = '1'\ntopic = 'a'\npoints = 1\n\
        when = { any = [{ tag = 'x' }, { not = { segment = 'Nobody' } }, { stage = ['Lead', 9] }, { owner = [1, 'bob'] }] }\n\
        [[point_action]]\nname = '2'\ntopic = 'a'\npoints = 1\nkind = 'form.submit'\n\
        when = { all = [{ object = 7 }, { object = ['Contact us', 'Contact'] }, { not = { object = 99 } }] }\n";
    insta::assert_snapshot!(short(text), @r##"
    4:29 Mautic has no stage named "Leed"
    9:52 Mautic has no segment named "Nobody"
    9:85 Mautic has no stage with the id 9
    9:105 Mautic has no user named "bob"
    15:59 Mautic has no form named "Contact"
    15:92 Mautic has no form with the id 99
    "##);
}

#[test]
fn every_name_in_an_effect_has_a_place_of_its_own() {
    let text = "[[trigger]]\nname = '3'\ntopic = 'a'\nat = 3\nowner = 'bob'\nstage = 9\n\
        add_to_campaigns = ['Hot', 'Hott']\nremove_from_campaigns = [9, 2]\nsend_email = [1, 'Spring offers']\n";
    insta::assert_snapshot!(short(text), @r##"
    8:9 Mautic has no user named "bob"
    9:9 Mautic has no stage with the id 9
    10:28 Mautic has no campaign named "Hott"
    11:26 Mautic has no campaign with the id 9
    12:18 Mautic has no email named "Spring offers"
    "##);
}

#[test]
fn only_ids_show_that_names_mean_the_same() {
    let text = "[[trigger]]\nname = '3'\ntopic = 'a'\nat = 3\nadd_to = ['Tell sales', 1]\n\
        add_to_campaigns = ['Hot']\nremove_from_campaigns = [1]\nsend_email = [1, 'Autumn offers']\n";
    insta::assert_snapshot!(short(text), @r##"
    8:25 this one is listed twice
    10:26 a campaign stands in `add_to_campaigns` and in `remove_from_campaigns`
    11:18 this one is listed twice
    "##);
}

#[test]
fn segments_of_entries_are_asked_wherever_they_are_named() {
    let entry = "[[point_action]]\nname = 'e'\ntopic = 'a'\npoints = 1\nkind = 'segment.enter'\n";
    let by_list = format!("{entry}segments = ['Filtered']\n");
    let by_condition = format!("{entry}when = {{ not = {{ object = 'Filtered' }} }}\n");
    for text in [by_list, by_condition] {
        let compiled = compile(&plan(&text), &catalog()).unwrap();
        assert_eq!(compiled.asked_segments(), [SegmentId(3)].into(), "{text}");
        let text = format!("{text}[[trigger]]\nname = 't'\ntopic = 'a'\nat = 3\nadd_to = [3]\n");
        let mut catalog = catalog();
        catalog.filtered_segments.clear();
        // Written by id and asked by name: only ids show it.
        let findings = compile(&plan(&text), &catalog).unwrap_err();
        assert_eq!(findings.len(), 1, "{findings}");
    }
}
