//! Points that no rule gives: by hand, and by others in Mautic.

use super::{at, check_of, history, plan};
use crate::domain::{
    Adjustment, ContactId, GroupId, LedgerRow, PointsLogRow, Scope, SegmentId, Snapshot,
};
use crate::plan::TopicKey;
use crate::scoring::{desired_values, evaluate};

fn adjustment(scope: Scope, points: i32, from: &str, until: Option<&str>) -> Adjustment {
    Adjustment {
        id: 1,
        scope,
        topic: TopicKey("a".into()),
        points,
        author: "ann".into(),
        reason: "met at the fair".into(),
        at: at(from),
        expires_at: until.map(at),
    }
}

#[test]
fn points_by_hand_count_for_their_time_and_do_not_fade() {
    let plan = plan(
        "@open a\ndecay = { linear = 2 }\nlimit = { points = 1, per = 'ever' }\n@open b\n@pays a 1 form.submit",
    );
    let contact = Scope::Contact(ContactId(1));
    let segment = Scope::Segment(SegmentId(3));
    for (scope, until, member, now, expected) in [
        (contact, None, false, "2026-01-01 07:59:59", "a 0, b 0"),
        (contact, None, false, "2026-01-01 08:00", "a 7, b 0"),
        (contact, None, false, "2030-01-01", "a 7, b 0"),
        (contact, Some("2026-02-01"), false, "2026-01-31", "a 7, b 0"),
        (contact, Some("2026-02-01"), false, "2026-02-01", "a 0, b 0"),
        // Taken back before it began.
        (contact, Some("2025-12-31"), false, "2026-02-01", "a 0, b 0"),
        (segment, None, false, "2026-02-01", "a 0, b 0"),
        (segment, None, true, "2026-02-01", "a 7, b 0"),
    ] {
        let mut known = history("");
        known
            .adjustments
            .push(adjustment(scope, 7, "2026-01-01 08:00", until));
        if member {
            known.segments.insert(SegmentId(3));
        }
        check_of(&plan, &known, now, expected);
    }
}

#[test]
fn the_end_of_an_adjustment_is_announced() {
    let plan = plan("@open a");
    let mut known = history("");
    let contact = Scope::Contact(ContactId(1));
    known
        .adjustments
        .push(adjustment(contact, 7, "2026-01-01", Some("2026-02-01")));
    let evaluation = evaluate(&plan, &known, at("2026-01-02"));
    assert_eq!(evaluation.next_change, Some(at("2026-02-01")));
}

/// A row of Mautic's log: day, group, points, type, event name, action name.
type Row<'t> = (u8, Option<u32>, i64, &'t str, &'t str, &'t str);

fn ledger(rows: &[Row<'_>]) -> Snapshot {
    let mut known = history("");
    for (index, (day, group, delta, log_type, event, action)) in rows.iter().enumerate() {
        known.ledger.push(LedgerRow {
            row: PointsLogRow {
                id: index as u64 + 1,
                contact: ContactId(1),
                group: group.map(GroupId),
                delta: *delta,
                log_type: (*log_type).into(),
                event_name: (*event).into(),
                action_name: (*action).into(),
                at: at(&format!("2026-01-{day:02} 08:00")),
            },
            done_by: ContactId(1),
        });
    }
    known
}

#[test]
fn points_of_others_are_adopted_set_back_or_reported() {
    let known = ledger(&[
        (1, Some(1), 5, "API", "by hand", "plus"),
        (2, Some(1), 10, "page", "3: Old action", "hit"),
        (3, Some(1), 100, "page", "4: Running action", "hit"),
        (4, Some(2), 1000, "API", "other group", "plus"),
    ]);
    for (keys, expected, withheld) in [
        ("", 0, false),
        ("foreign = 'override'", 0, false),
        ("foreign = 'override'\nadopt_actions = [3]", 10, false),
        ("foreign = 'adopt'", 5, false),
        ("foreign = 'adopt'\nadopt_actions = [3]", 15, false),
        ("foreign = 'report'", 0, true),
        ("foreign = 'report'\nadopt_actions = [3]", 10, true),
    ] {
        let plan = plan(&format!("@open a\ngroup = 'One'\n{keys}"));
        let evaluation = evaluate(&plan, &known, at("2026-02-01"));
        assert_eq!(evaluation.topics[0].score, expected, "{keys}");
        assert_eq!(evaluation.topics[0].withheld.is_some(), withheld, "{keys}");
        let written = desired_values(&plan, &known, &evaluation).len();
        assert_eq!(written, usize::from(!withheld), "{keys}");
    }
}

#[test]
fn main_points_changed_by_api_are_worked_out() {
    for (rows, expected) in [
        (&[(1, 10, "plus (+)")][..], 10),
        // Logged without a sign.
        (&[(1, 10, "plus (+)"), (2, 3, "subtract (-)")], 7),
        (&[(1, 10, "plus (+)"), (2, 3, "multiply (x)")], 30),
        (&[(1, 10, "plus (+)"), (2, 3, "divide (/)")], 3),
        (&[(1, 10, "plus (+)"), (2, 4, "divide (/)")], 3),
        (&[(1, 10, "plus (+)"), (2, 0, "divide (/)")], 10),
        (
            &[
                (1, 10, "plus (+)"),
                (2, 2, "multiply (x)"),
                (3, 2, "subtract (-)"),
                (4, 2, "divide (/)"),
            ],
            9,
        ),
    ] {
        let rows: Vec<_> = rows
            .iter()
            .map(|(day, delta, event)| (*day, None, *delta, "API", *event, "points"))
            .collect();
        let plan = plan("@open a\nmain_points = true\nforeign = 'adopt'");
        check_of(
            &plan,
            &ledger(&rows),
            "2026-02-01",
            &format!("a {expected}"),
        );
    }
}

#[test]
fn what_is_carried_over_a_stage_knows_products() {
    let plan = plan(
        "@open a\nmain_points = true\nforeign = 'adopt'\nstages = { reset = 'any', carry = 100 }",
    );
    let mut known = ledger(&[
        (1, None, 10, "API", "plus (+)", "points"),
        (2, None, 3, "API", "multiply (x)", "points"),
    ]);
    known.activities = history("2026-01-05 08:00 stage.enter 1").activities;
    check_of(&plan, &known, "2026-02-01", "a 30");
}

#[test]
fn payments_that_mautic_logged_and_nothing_explains_are_adopted() {
    // One more than was done: on another day, or at the same moment.
    let logged = [[1, 2, 3], [1, 1, 2], [1, 2, 2]].map(|days| {
        let mut known = ledger(&days.map(|day| (day, Some(1), 10, "url", "7: Visited", "hit")));
        known.activities =
            history("2026-01-01 08:00 url.hit https://x\n2026-01-02 08:00:01 url.hit https://x")
                .activities;
        known
    });
    for (behaviour, foreign, limit, expected) in [
        ("mautic", "adopt", "", 30),
        ("mautic", "override", "", 20),
        ("corrected", "adopt", "", 20),
        // What a limit of the plan's cuts off is no riddle.
        (
            "mautic",
            "adopt",
            "limit = { points = 10, per = 'ever' }",
            20,
        ),
        ("mautic", "adopt", "cooldown = '3 days'", 20),
    ] {
        let text = format!(
            "behaviour = '{behaviour}'\n@open a\ngroup = 'One'\nforeign = '{foreign}'\n@pays a 10 url.hit\nrepeat = 'always'\nmautic = 7\n{limit}"
        );
        for known in &logged {
            check_of(&plan(&text), known, "2026-02-01", &format!("a {expected}"));
        }
    }
}
