//! Reads Mautic's point actions and triggers, and finds out their groups.

use crate::app::import::{action, paid_by_gone, trigger};
use crate::clock::Clock;
use crate::domain::{Fact, GroupId, PointsLogRow};
use crate::intake::decode::{Table, rows};
use crate::mautic::{Client, Error, MAX_ROWS, Priority, StatsQuery};
use crate::plan::{ActionGroup, Catalog, MauticAction, MauticPoints, infer};
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
    let log = newest_rows(client, clock).await?;
    if of.is_none() {
        infer_groups(&mut actions, &log);
    }
    let paid = paid_by_gone(&actions, &log);
    let triggers = client.trigger_list(PRIORITY).await?;
    let of = told(client.trigger_groups(&groups, PRIORITY).await)?;
    let triggers = triggers
        .into_iter()
        .map(|one| trigger(group(of.as_ref(), &one.id), one))
        .collect();
    Ok(MauticPoints {
        actions,
        triggers,
        paid,
    })
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

/// The newest rows of Mautic's points log; none if it does not show them.
async fn newest_rows(client: &Client, clock: &dyn Clock) -> Result<Vec<PointsLogRow>, Error> {
    let mut log = Vec::new();
    for page in 0..PAGES {
        let Some(rows) = told(log_page(client, page, clock).await)? else {
            break;
        };
        let last = rows.len() < MAX_ROWS as usize;
        log.extend(rows);
        if last {
            break;
        }
    }
    Ok(log)
}

/// Looks for payments of the actions in Mautic's points log.
fn infer_groups(actions: &mut [MauticAction], log: &[PointsLogRow]) {
    let found = infer(actions, log);
    for action in actions {
        action.group = found
            .get(&action.id)
            .copied()
            .unwrap_or(ActionGroup::Missing);
    }
}

async fn log_page(
    client: &Client,
    page: u32,
    clock: &dyn Clock,
) -> Result<Vec<PointsLogRow>, Error> {
    let table = Table::PointsLog;
    let query = StatsQuery::by(table.name(), "id", MAX_ROWS)
        .descending()
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
