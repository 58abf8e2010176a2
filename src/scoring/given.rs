//! Points that no rule of the plan gives: manual adjustments, and what others put into Mautic.

use super::contribution::{Contribution, Reason};
use crate::domain::{Adjustment, LedgerRow, Scope, Snapshot};
use crate::plan::{Behaviour, Compiled, CompiledTopic, Foreign, THOUSANDTHS, Writes};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// The adjustments of a topic that concern the contact.
pub(super) fn adjustments<'a>(
    topic: &CompiledTopic,
    history: &'a Snapshot,
) -> impl Iterator<Item = Contribution<'a>> {
    let mine = history
        .adjustments
        .iter()
        .filter(|one| one.topic == topic.key);
    let concern = mine.filter(|one| match one.scope {
        Scope::Contact(_) => true,
        Scope::Segment(segment) => history.segments.contains(&segment),
    });
    concern.map(|one: &Adjustment| {
        let points = i64::from(one.points) * THOUSANDTHS;
        let reason = Reason::Adjustment(one);
        Contribution::new("adjustment", &one.reason, points, Some(one.at), reason)
            .ending(one.expires_at)
    })
}

/// Rows of Mautic's points log that somebody else wrote into the topic's group (or main points):
/// the API, campaigns and forms, and point actions that the topic adopts. Sorted by time.
pub(super) fn foreign<'a>(
    plan: &Compiled,
    topic: &CompiledTopic,
    history: &'a Snapshot,
) -> Vec<Contribution<'a>> {
    let Some(group) = topic.writes.logged() else {
        return Vec::new();
    };
    let mine = history
        .ledger
        .iter()
        .filter(|ledger| ledger.row.group == group);
    let foreign = mine.filter(|ledger| match ledger.row.point_action() {
        None => topic.foreign != Foreign::Override,
        Some(action) => topic.adopt_actions.contains(&action),
    });
    foreign
        .map(|ledger| adopted(plan, topic, history, ledger))
        .collect()
}

/// Payments of the plan's own actions that Mautic logged and that no known activity explains: opens
/// of a deleted contact's email pay somebody else (SEMANTICS 2), a hit may be counted twice
/// (SEMANTICS 5). What the plan's own limits cut off is explained: `paid_for` says by action when
/// there was something to pay for. Only where the plan counts as Mautic does.
pub(super) fn unexplained<'a>(
    plan: &'a Compiled,
    topic: usize,
    history: &'a Snapshot,
    paid_for: &[Vec<Timestamp>],
) -> Vec<Contribution<'a>> {
    let compiled = &plan.topics[topic];
    let literal = plan.behaviour == Behaviour::Mautic && compiled.foreign == Foreign::Adopt;
    if !literal || compiled.writes == Writes::Nothing || history.ledger.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (action, paid_for) in plan.point_actions.iter().zip(paid_for) {
        let pays = action.pays.iter().any(|(into, _)| *into == topic);
        let Some(id) = action.mautic.filter(|_| pays) else {
            continue;
        };
        let logged = history.ledger.iter().filter(|ledger| {
            ledger.row.group == compiled.group() && ledger.row.point_action() == Some(id)
        });
        let logged: Vec<&LedgerRow> = logged.collect();
        let extra = logged.len().saturating_sub(paid_for.len());
        if extra == 0 {
            continue;
        }
        let mut paid = Paid::of(paid_for);
        let unmatched = logged
            .into_iter()
            .filter(|ledger| !paid.take_near(ledger.row.at));
        found.extend(
            unmatched
                .take(extra)
                .map(|ledger| adopted(plan, compiled, history, ledger)),
        );
    }
    found
}

/// The log's time and the activity's may be a second or two apart.
const NEAR: SignedDuration = SignedDuration::from_secs(2);

/// How often something was to be paid for at each moment.
struct Paid(BTreeMap<Timestamp, usize>);

impl Paid {
    fn of(moments: &[Timestamp]) -> Self {
        let mut paid = BTreeMap::new();
        for at in moments {
            *paid.entry(*at).or_default() += 1;
        }
        Self(paid)
    }

    /// Takes out the earliest one near a moment, if there is one.
    fn take_near(&mut self, at: Timestamp) -> bool {
        let since = at.checked_sub(NEAR).unwrap_or(Timestamp::MIN);
        let until = at.checked_add(NEAR).unwrap_or(Timestamp::MAX);
        let Some((found, times)) = self.0.range_mut(since..=until).next() else {
            return false;
        };
        *times -= 1;
        let (found, none_left) = (*found, *times == 0);
        if none_left {
            self.0.remove(&found);
        }
        true
    }
}

fn adopted<'a>(
    plan: &Compiled,
    topic: &CompiledTopic,
    history: &Snapshot,
    ledger: &'a LedgerRow,
) -> Contribution<'a> {
    let row = &ledger.row;
    let points = signed(ledger).saturating_mul(THOUSANDTHS);
    let reason = Reason::Adopted(ledger);
    let part = Contribution::new("mautic", &row.event_name, points, Some(row.at), reason);
    part.ending(lost_at(plan, topic, history, ledger))
}

/// Main points multiplied or divided by API: the log has the operand only, so what it changed
/// follows from all that was there before (`parts` sorted by time).
pub(super) fn operate(parts: &mut [Contribution<'_>]) {
    let mut sum: i64 = 0;
    for part in parts {
        if let Reason::Adopted(ledger) = &part.reason
            && let Some(operator) = operator(ledger)
        {
            part.points = operator(sum, ledger.row.delta).saturating_sub(sum);
            part.worth = part.points;
        }
        sum = sum.saturating_add(part.points);
    }
}

/// What multiplication and division make of a sum in thousandths; Mautic keeps whole points.
fn operator(ledger: &LedgerRow) -> Option<fn(i64, i64) -> i64> {
    let row = &ledger.row;
    if row.group.is_some() || row.log_type != "API" {
        return None;
    }
    match row.event_name.as_str() {
        "multiply (x)" => Some(i64::saturating_mul),
        "divide (/)" => Some(|sum, by| match by {
            0 => sum,
            by => super::topic::whole(sum / by) * THOUSANDTHS,
        }),
        _ => None,
    }
}

/// What a row changed. Main points taken away by API are logged without a sign (FACTS 56).
pub(super) fn signed(ledger: &LedgerRow) -> i64 {
    let row = &ledger.row;
    let by_api = row.group.is_none() && row.log_type == "API";
    if by_api && row.event_name == "subtract (-)" {
        -row.delta
    } else {
        row.delta
    }
}

/// Mautic drops the group scores of a contact that is merged away (SEMANTICS 7).
fn lost_at(
    plan: &Compiled,
    topic: &CompiledTopic,
    history: &Snapshot,
    ledger: &LedgerRow,
) -> Option<Timestamp> {
    let grouped = topic.group().is_some() && plan.behaviour == Behaviour::Mautic;
    let merged =
        |merge: &&crate::domain::Merge| merge.loser == ledger.done_by && merge.at >= ledger.row.at;
    let merge = history.merges.iter().filter(|_| grouped).find(merged);
    merge.map(|merge| merge.at)
}
