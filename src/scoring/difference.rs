//! Where Mautic's own number and the computed one part: action by action, from Mautic's log.

use super::contribution::{Contribution, Reason};
use super::topic::whole;
use crate::domain::{GroupId, LedgerRow, Snapshot};
use crate::plan::Compiled;
use serde::Serialize;
use std::collections::BTreeMap;

/// What one action gave: by Mautic's log, and by the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OfAction {
    /// `ID: name` of a point action, or what the log names.
    pub action: String,
    /// Points that Mautic logged for it.
    pub logged: i64,
    /// Whole points that the plan makes of it.
    pub computed: i64,
}

/// How a topic's number in Mautic differs from the computed one, and why as far as Mautic's log
/// tells: `computed - observed` is what the actions differ by, less `unlogged`, plus `limited`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Mautic's number as last seen.
    pub observed: i64,
    /// The computed score.
    pub computed: i64,
    /// Actions of which logged and computed points differ, by name.
    pub actions: Vec<OfAction>,
    /// What Mautic holds and never logged: `observed` without all that was logged.
    pub unlogged: i64,
    /// What rounding, floor and ceiling change in the computed score.
    pub limited: i64,
}

/// Compares a topic that belongs to main points or a group with what Mautic showed of it. `None`
/// where nothing of Mautic's belongs to it. `parts` and `score` are of the same moment.
#[must_use]
pub fn difference(
    plan: &Compiled,
    history: &Snapshot,
    topic: usize,
    parts: &[Contribution<'_>],
    score: i32,
    observed: i64,
) -> Option<Difference> {
    let group = plan.topics[topic].writes.logged()?;
    let all = sums(plan, history, parts, group);
    let computed = i64::from(score);
    let (mut logged, mut given) = (0_i64, 0_i64);
    for of in &all {
        logged = logged.saturating_add(of.logged);
        given = given.saturating_add(of.computed);
    }
    Some(Difference {
        observed,
        computed,
        actions: differing(all),
        unlogged: observed.saturating_sub(logged),
        limited: computed.saturating_sub(given),
    })
}

/// Actions of which logged and computed points differ, by name; `group` is `None` for main points.
#[must_use]
pub fn by_action(
    plan: &Compiled,
    history: &Snapshot,
    parts: &[Contribution<'_>],
    group: Option<GroupId>,
) -> Vec<OfAction> {
    differing(sums(plan, history, parts, group))
}

fn differing(mut all: Vec<OfAction>) -> Vec<OfAction> {
    all.retain(|of| of.logged != of.computed);
    all
}

/// Logged changes of one group (or of main points).
pub fn logged(history: &Snapshot, group: Option<GroupId>) -> impl Iterator<Item = &LedgerRow> {
    let rows = history.ledger.iter();
    rows.filter(move |ledger| ledger.row.group == group)
}

fn sums(
    plan: &Compiled,
    history: &Snapshot,
    parts: &[Contribution<'_>],
    group: Option<GroupId>,
) -> Vec<OfAction> {
    // Logged points, and computed ones in thousandths.
    let mut sums: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    for ledger in logged(history, group) {
        let sum = sums.entry(ledger.row.event_name.clone()).or_default();
        sum.0 = sum.0.saturating_add(super::given::signed(ledger));
    }
    for part in parts {
        let sum = sums.entry(name(plan, part)).or_default();
        sum.1 = sum.1.saturating_add(part.worth);
    }
    sums.into_iter()
        .map(|(action, (logged, thousandths))| OfAction {
            action,
            logged,
            computed: whole(thousandths),
        })
        .collect()
}

/// As Mautic's log names it.
fn name(plan: &Compiled, part: &Contribution<'_>) -> String {
    if let Reason::Adopted(ledger) = &part.reason {
        return ledger.row.event_name.clone();
    }
    let mut actions = plan.point_actions.iter();
    let action = actions.find(|action| action.key.0 == part.rule);
    match action.and_then(|action| action.mautic) {
        Some(id) => format!("{id}: {}", part.name),
        None => part.name.to_owned(),
    }
}

impl Difference {
    /// The difference of main points that are written: what we added makes up for what the actions
    /// differ by, and only what nobody logged is left. `logged` = sum of the log, ours included.
    #[must_use]
    pub const fn of_written(observed: i64, computed: i64, logged: i64) -> Self {
        Self {
            observed,
            computed,
            actions: Vec::new(),
            unlogged: observed.saturating_sub(logged),
            limited: 0,
        }
    }

    /// In words, one sentence a cause; empty if the numbers are the same.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        if self.observed == self.computed {
            return Vec::new();
        }
        let mut words: Vec<String> = self.actions.iter().map(of_action).collect();
        match self.unlogged {
            0 => {}
            more @ 1.. => words.push(format!("Mautic holds {more} points that it never logged")),
            // A merge drops the loser's group scores and keeps its log (SEMANTICS 7).
            less => words.push(format!(
                "Mautic logged {} points that it does not hold (any more)",
                less.unsigned_abs()
            )),
        }
        if self.limited != 0 {
            words.push(format!(
                "{:+} by rounding, floor or ceiling of the plan",
                self.limited
            ));
        }
        words
    }
}

fn of_action(of: &OfAction) -> String {
    let OfAction {
        action,
        logged,
        computed,
    } = of;
    match (logged, computed) {
        (0, computed) => format!("{action}: the plan gives {computed:+}, Mautic logged nothing"),
        (logged, 0) => format!("{action}: Mautic logged {logged:+}, the plan gives nothing"),
        _ => format!("{action}: Mautic logged {logged:+}, the plan gives {computed:+}"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::domain::{ContactId, PointsLogRow};
    use crate::plan::{Catalog, Named, Plan, compile};
    use jiff::Timestamp;

    const PLAN: &str = r#"
format = 1
[[topic]]
key = "main"
main_points = true
[[topic]]
key = "ovens"
group = 4
[[topic]]
key = "own"
[[point_action]]
key = "page"
name = "Shop visit"
topics = { main = 1, ovens = 1, own = 1 }
points = 5
repeat = "always"
kind = "page.hit"
mautic = 1
"#;

    fn plan() -> Compiled {
        let (plan, _) = Plan::parse("plan.toml", PLAN).unwrap_or_else(|found| panic!("{found}"));
        let groups = vec![Named {
            id: 4,
            name: "Ovens".to_owned(),
        }];
        let catalog = Catalog {
            groups,
            ..Catalog::default()
        };
        compile(&plan, &catalog).unwrap_or_else(|found| panic!("{found}"))
    }

    /// Rows of the log: group, name, points.
    fn history(rows: &[(Option<u32>, &str, i64)]) -> Snapshot {
        let contact = ContactId(7);
        let ledger = rows
            .iter()
            .zip(1..)
            .map(|((group, name, delta), id)| LedgerRow {
                done_by: contact,
                row: PointsLogRow {
                    id,
                    contact,
                    group: group.map(GroupId),
                    delta: *delta,
                    log_type: "page".to_owned(),
                    event_name: (*name).to_owned(),
                    action_name: "hit".to_owned(),
                    at: Timestamp::UNIX_EPOCH,
                },
            });
        Snapshot {
            ledger: ledger.collect(),
            ..Snapshot::of(contact)
        }
    }

    /// Contributions of a rule, each worth so many thousandths.
    fn paid<'a>(rule: &'a str, name: &'a str, worth: &[i64]) -> Vec<Contribution<'a>> {
        let each = worth.iter().map(|worth| {
            let reason = Reason::Profile(String::new());
            Contribution::new(rule, name, *worth, None, reason)
        });
        each.collect()
    }

    fn of(action: &str, logged: i64, computed: i64) -> OfAction {
        OfAction {
            action: action.to_owned(),
            logged,
            computed,
        }
    }

    #[test]
    fn actions_are_told_apart_by_group_and_name() {
        let (plan, visit) = (plan(), "1: Shop visit");
        let log = [
            (None, visit, 5),
            (None, visit, 5),
            (None, "9: Gone", 3),
            (None, "API call", -4),
            (Some(4), visit, 50),
        ];
        let history = history(&log);
        // Parts of a point are put together before they are rounded.
        for (worth, group, expected) in [
            (
                &[5_000, 5_000][..],
                None,
                vec![of("9: Gone", 3, 0), of("API call", -4, 0)],
            ),
            (
                &[5_000],
                None,
                vec![of(visit, 10, 5), of("9: Gone", 3, 0), of("API call", -4, 0)],
            ),
            (&[25_400, 24_600], Some(GroupId(4)), vec![]),
            (&[], Some(GroupId(4)), vec![of(visit, 50, 0)]),
            (&[5_000], Some(GroupId(5)), vec![of(visit, 0, 5)]),
        ] {
            let parts = paid("page", "Shop visit", worth);
            assert_eq!(
                by_action(&plan, &history, &parts, group),
                expected,
                "{worth:?}"
            );
        }
        let own = by_action(
            &plan,
            &Snapshot::of(ContactId(7)),
            &paid("adjustment", "fair", &[1_000]),
            None,
        );
        assert_eq!(own, [of("fair", 0, 1)]);
    }

    #[test]
    fn what_no_action_explains_is_left() {
        let plan = plan();
        let history = history(&[(None, "1: Shop visit", 5), (Some(4), "1: Shop visit", 5)]);
        for (topic, worth, score, observed, words) in [
            (0, &[5_000][..], 5, 5, vec![]),
            (
                0,
                &[5_000],
                5,
                8,
                vec!["Mautic holds 3 points that it never logged"],
            ),
            (
                1,
                &[5_000],
                5,
                0,
                vec!["Mautic logged 5 points that it does not hold (any more)"],
            ),
            (
                0,
                &[5_000],
                3,
                5,
                vec!["-2 by rounding, floor or ceiling of the plan"],
            ),
            (
                0,
                &[5_000, 2_000],
                7,
                5,
                vec!["1: Shop visit: Mautic logged +5, the plan gives +7"],
            ),
            (
                0,
                &[],
                0,
                5,
                vec!["1: Shop visit: Mautic logged +5, the plan gives nothing"],
            ),
        ] {
            let parts = paid("page", "Shop visit", worth);
            let found = difference(&plan, &history, topic, &parts, score, observed).unwrap();
            assert_eq!(found.words(), words);
            let by_actions: i64 = found.actions.iter().map(|of| of.computed - of.logged).sum();
            let explained = by_actions - found.unlogged + found.limited;
            assert_eq!(found.computed - found.observed, explained, "it adds up");
        }
        assert_eq!(
            difference(&plan, &history, 2, &[], 0, 5),
            None,
            "nothing of Mautic's"
        );
    }
}
