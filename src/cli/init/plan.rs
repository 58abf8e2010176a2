//! The plan: kept if it is there, else imported from Mautic's own point actions.

use super::{Arguments, Written, write_new};
use crate::cli::ask;
use crate::cli::plan::{base, gather, known_zone};
use crate::cli::{load, output};
use crate::clock::Clock;
use crate::config::Config;
use crate::diagnostics::Findings;
use crate::mautic::Client;
use crate::plan::{Catalog, ImportOptions, import as write_plan};

pub(super) async fn import(
    config: &Config,
    client: &Client,
    catalog: &Catalog,
    (arguments, clock): (&Arguments, &dyn Clock),
) -> anyhow::Result<(Written, Findings)> {
    let file = config.plan.file.clone();
    if file.exists() {
        let written = false;
        return Ok((Written { file, written }, Findings::new()));
    }
    let points = gather::points(client, catalog, clock).await;
    let points = points.map_err(|error| {
        output::mautic_advice("Mautic's point actions could not be read", &error)
    })?;
    let options = ImportOptions {
        time_zone: time_zone(arguments)?,
        behaviour: None,
        triggers: false,
        now: clock.now(),
    };
    let imported = write_plan(&points, catalog, &options);
    write_new(&file, &imported.text, false)?;
    let store = if config.store.path.exists() {
        Some(load::open(config.clone())?.store)
    } else {
        None
    };
    base::keep(config, store.as_ref(), &file, &imported.seen).await?;
    let written = true;
    Ok((Written { file, written }, imported.findings))
}

fn time_zone(arguments: &Arguments) -> anyhow::Result<String> {
    let zone = known_zone(arguments.time_zone.as_deref());
    if arguments.time_zone.is_none() && ask::is_possible() {
        return ask::text("Time zone of the plan", Some(&zone));
    }
    Ok(zone)
}
