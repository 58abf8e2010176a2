//! The plan: kept if it is there, else imported from Mautic's own point actions.

use super::{Arguments, Written, ask, write_new};
use crate::cli::output;
use crate::config::Config;
use crate::diagnostics::Findings;
use crate::domain::GroupId;
use crate::mautic::{Client, Priority, wire::PointAction};
use crate::plan::{ActionGroup, Catalog, MauticAction, import as write_plan};
use jiff::tz::TimeZone;
use serde_json::Value;

pub(super) async fn import(
    config: &Config,
    client: &Client,
    catalog: &Catalog,
    arguments: &Arguments,
) -> anyhow::Result<(Written, Findings)> {
    let file = config.plan.file.clone();
    if file.exists() {
        let written = false;
        return Ok((Written { file, written }, Findings::new()));
    }
    let groups: Vec<_> = catalog
        .groups
        .iter()
        .map(|group| GroupId(group.id))
        .collect();
    let actions = client.point_actions(&groups, Priority::Interactive).await;
    let actions = actions.map_err(|error| {
        output::mautic_advice("Mautic's point actions could not be read", &error)
    })?;
    let actions: Vec<_> = actions.into_iter().map(action).collect();
    let imported = write_plan(&actions, catalog, &time_zone(arguments)?);
    write_new(&file, &imported.text, false)?;
    let written = true;
    Ok((Written { file, written }, imported.findings))
}

fn time_zone(arguments: &Arguments) -> anyhow::Result<String> {
    if let Some(zone) = &arguments.time_zone {
        return Ok(zone.clone());
    }
    let system = TimeZone::system();
    let zone = system.iana_name().unwrap_or("UTC");
    if ask::is_possible() {
        return ask::text("Time zone of the plan", Some(zone));
    }
    Ok(zone.to_owned())
}

/// All groups were asked about: an action in none of them pays into the main points.
fn action(action: PointAction) -> MauticAction {
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
        group: action.group.map_or(ActionGroup::None, ActionGroup::Known),
    }
}
