//! Which group an action pays into, from what it paid.

use super::{ActionGroup, MauticAction};
use crate::domain::{GroupId, PointsLogRow};
use std::collections::BTreeMap;

/// Groups of the actions whose payments are among the rows of Mautic's points log.
///
/// A payment's `event_name` is `ID: name` of its action, its type and `action_name` are the two
/// halves of the action's type (SEMANTICS 1). An action can have been moved to another group: the
/// newest row (highest id) tells.
#[must_use]
pub fn infer<'r>(
    actions: &[MauticAction],
    rows: impl IntoIterator<Item = &'r PointsLogRow>,
) -> BTreeMap<u32, ActionGroup> {
    let kinds: BTreeMap<u32, &str> = actions
        .iter()
        .map(|action| (action.id, action.kind.as_str()))
        .collect();
    let mut paid: BTreeMap<u32, BTreeMap<u64, Option<GroupId>>> = BTreeMap::new();
    for row in rows {
        if let Some(action) =
            payer(row).filter(|id| kinds.get(id).is_some_and(|kind| fits(kind, row)))
        {
            paid.entry(action).or_default().insert(row.id, row.group);
        }
    }
    let told = |(action, rows): (u32, BTreeMap<u64, _>)| Some((action, judge(&rows)?));
    paid.into_iter().filter_map(told).collect()
}

/// The action that a row names.
fn payer(row: &PointsLogRow) -> Option<u32> {
    let (id, _) = row.event_name.split_once(": ")?;
    id.parse().ok()
}

fn fits(kind: &str, row: &PointsLogRow) -> bool {
    kind.split_once('.') == Some((row.log_type.as_str(), row.action_name.as_str()))
}

fn judge(rows: &BTreeMap<u64, Option<GroupId>>) -> Option<ActionGroup> {
    let (_, group) = rows.last_key_value()?;
    let agreeing = rows.values().filter(|one| *one == group).count();
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Some(ActionGroup::Inferred {
        group: *group,
        rows: count(agreeing),
        others: count(rows.len() - agreeing),
    })
}
