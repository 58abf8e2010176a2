//! Points that no rule of the plan gives: manual adjustments, and what others put into Mautic.

use super::contribution::{Contribution, Reason};
use crate::domain::{Adjustment, GroupId, LedgerRow, Scope, Snapshot};
use crate::plan::{Behaviour, Compiled, CompiledTopic, Foreign, THOUSANDTHS, Writes};

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
    let group: Option<GroupId> = match topic.writes {
        Writes::Nothing => return Vec::new(),
        Writes::Group(group) => Some(group),
        Writes::MainPoints => None,
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
        .map(|ledger| {
            let row = &ledger.row;
            let points = signed(ledger).saturating_mul(THOUSANDTHS);
            let reason = Reason::Adopted(ledger);
            let part = Contribution::new("mautic", &row.event_name, points, Some(row.at), reason);
            part.ending(lost_at(plan, topic, history, ledger))
        })
        .collect()
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
fn signed(ledger: &LedgerRow) -> i64 {
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
) -> Option<jiff::Timestamp> {
    let grouped = topic.group().is_some() && plan.behaviour == Behaviour::Mautic;
    let merged =
        |merge: &&crate::domain::Merge| merge.loser == ledger.done_by && merge.at >= ledger.row.at;
    let merge = history.merges.iter().filter(|_| grouped).find(merged);
    merge.map(|merge| merge.at)
}
