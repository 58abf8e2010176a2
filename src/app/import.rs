//! What Mautic's API tells of point actions and triggers, as the import takes it.

use crate::domain::{GroupId, PointActionId, PointsLogRow};
use crate::mautic::wire;
use crate::plan::{ActionGroup, MauticAction, MauticEvent, MauticTrigger};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A point action, with the group that the API does not tell (FACTS 46).
#[must_use]
pub fn action(group: ActionGroup, action: wire::PointAction) -> MauticAction {
    MauticAction {
        id: action.id.0,
        name: action.name,
        kind: action.kind,
        points: action.delta,
        repeatable: action.repeatable,
        published: action.is_published,
        added_at: action.added_at,
        publish_up: action.publish_up,
        publish_down: action.publish_down,
        properties: Value::Object(action.properties.into_iter().collect()),
        group,
    }
}

/// A point trigger, with the group that the API does not tell (FACTS 46).
#[must_use]
pub fn trigger(group: ActionGroup, trigger: wire::Trigger) -> MauticTrigger {
    let event = |event: wire::TriggerEvent| MauticEvent {
        kind: event.kind,
        properties: Value::Object(event.properties.into_iter().collect()),
    };
    MauticTrigger {
        id: trigger.id.0,
        name: trigger.name,
        points: trigger.points,
        published: trigger.is_published,
        group,
        events: trigger.events.into_iter().map(event).collect(),
    }
}

/// Groups (`None`: main points) that rows of Mautic's points log changed, each with the point
/// actions that paid into it and run no more: unpublished since, or deleted.
#[must_use]
pub fn paid_by_gone<'r>(
    actions: &[MauticAction],
    rows: impl IntoIterator<Item = &'r PointsLogRow>,
) -> BTreeMap<Option<GroupId>, BTreeSet<PointActionId>> {
    let mut paid: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for row in rows {
        let gone = paid.entry(row.group).or_default();
        let Some(id) = row.point_action() else {
            continue;
        };
        if !actions.iter().any(|one| one.id == id.0 && one.published) {
            gone.insert(id);
        }
    }
    paid
}
