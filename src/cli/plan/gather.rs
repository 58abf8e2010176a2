//! Reads Mautic's point actions and triggers, and finds out their groups.

use crate::clock::Clock;
use crate::domain::{Fact, GroupId, PointsLogRow};
use crate::intake::decode::{Table, rows};
use crate::mautic::{Client, Error, Filter, MAX_ROWS, Priority, StatsQuery, Test, wire};
use crate::plan::{
    ActionGroup, Catalog, MauticAction, MauticEvent, MauticPoints, MauticTrigger, infer,
};
use serde_json::Value;
use std::collections::BTreeMap;
use tracing::warn;

const PRIORITY: Priority = Priority::Interactive;

/// Most pages of the points log that are read to find out groups, newest first.
const PAGES: u32 = 4;

/// Point actions and triggers, with their groups as far as they can be found out.
///
/// # Errors
/// Mautic's. What it refuses about groups alone is no error: those are missing then.
pub(in crate::cli) async fn points(
    client: &Client,
    catalog: &Catalog,
    clock: &dyn Clock,
) -> Result<MauticPoints, Error> {
    let groups: Vec<_> = catalog
        .groups
        .iter()
        .map(|group| GroupId(group.id))
        .collect();
    let actions = client.point_action_list(PRIORITY).await?;
    let of = told(client.point_action_groups(&groups, PRIORITY).await)?;
    let mut actions: Vec<_> = actions
        .into_iter()
        .map(|one| action(group(of.as_ref(), &one.id), one))
        .collect();
    if of.is_none() {
        infer_groups(client, &mut actions, clock).await?;
    }
    let triggers = client.trigger_list(PRIORITY).await?;
    let of = told(client.trigger_groups(&groups, PRIORITY).await)?;
    let triggers = triggers
        .into_iter()
        .map(|one| trigger(group(of.as_ref(), &one.id), one))
        .collect();
    Ok(MauticPoints { actions, triggers })
}

/// `None`: Mautic answered, but does not tell.
fn told<T>(answer: Result<T, Error>) -> Result<Option<T>, Error> {
    match answer {
        Ok(told) => Ok(Some(told)),
        Err(error @ (Error::Status { .. } | Error::Shape { .. })) => {
            warn!(%error, "Mautic does not tell its groups");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// All groups were asked about: what is in none of them has to do with the main points.
fn group<Id: Ord>(of: Option<&BTreeMap<Id, GroupId>>, id: &Id) -> ActionGroup {
    of.map_or(ActionGroup::Missing, |of| ActionGroup::Known {
        group: of.get(id).copied(),
    })
}

/// Looks for payments of the actions in Mautic's points log.
async fn infer_groups(
    client: &Client,
    actions: &mut [MauticAction],
    clock: &dyn Clock,
) -> Result<(), Error> {
    let mut log = Vec::new();
    for page in 0..PAGES {
        let Some(rows) = told(log_page(client, page, clock).await)? else {
            break;
        };
        let last = rows.len() < MAX_ROWS as usize;
        log.extend(rows);
        let found = infer(actions, &log);
        let all = actions.iter().all(|one| found.contains_key(&one.id));
        if all || last {
            break;
        }
    }
    let found = infer(actions, &log);
    for action in actions {
        action.group = found
            .get(&action.id)
            .copied()
            .unwrap_or(ActionGroup::Missing);
    }
    Ok(())
}

async fn log_page(
    client: &Client,
    page: u32,
    clock: &dyn Clock,
) -> Result<Vec<PointsLogRow>, Error> {
    let table = Table::PointsLog;
    let query = StatsQuery::by(table.name(), "id", MAX_ROWS)
        .descending()
        .and(Filter::new("type", Test::In, "asset,email,form,page,url"))
        .start(page * MAX_ROWS);
    let page = client.stats(&query, PRIORITY).await?;
    let decoded = rows(table, &page.rows, clock.now());
    let row = |fact| match fact {
        Fact::PointsLog(row) => Some(row),
        _ => None,
    };
    let facts = decoded.sightings.into_iter().map(|told| told.fact);
    Ok(facts.filter_map(row).collect())
}

fn action(group: ActionGroup, action: wire::PointAction) -> MauticAction {
    MauticAction {
        id: action.id.0,
        name: action.name,
        kind: action.kind,
        points: action.delta,
        repeatable: action.repeatable,
        published: action.is_published,
        publish_up: action.publish_up,
        publish_down: action.publish_down,
        properties: Value::Object(action.properties.into_iter().collect()),
        group,
    }
}

fn trigger(group: ActionGroup, trigger: wire::Trigger) -> MauticTrigger {
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
