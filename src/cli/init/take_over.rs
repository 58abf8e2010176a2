//! Switches off Mautic's own point actions that pay into the plan's point groups.

use crate::app::read_catalog;
use crate::cli::ask;
use crate::cli::{load, output};
use crate::config::{Config, WriteMode};
use crate::mautic::{Client, Priority, wire::PointAction};
use crate::plan::{Plan, compile};
use anyhow::anyhow;

/// Asks, then switches them off. Returns their names.
pub(super) async fn run(
    config: &Config,
    client: &Client,
    yes: bool,
) -> anyhow::Result<Vec<String>> {
    let actions = paying(config, client).await?;
    let names: Vec<_> = actions
        .iter()
        .map(|action| format!("{} \"{}\"", action.id, action.name))
        .collect();
    if actions.is_empty() {
        return Ok(names);
    }
    output::tell(reason(config, &names));
    if !ask::confirm("Switch them off in Mautic?", yes)? {
        return Ok(Vec::new());
    }
    for (action, name) in actions.iter().zip(&names) {
        let off = client
            .unpublish_point_action(action.id, Priority::Interactive)
            .await;
        off.map_err(|error| {
            output::mautic_advice(
                &format!("point action {name} could not be switched off"),
                &error,
            )
        })?;
    }
    Ok(names)
}

async fn paying(config: &Config, client: &Client) -> anyhow::Result<Vec<PointAction>> {
    let failed = |error| output::mautic_advice("Mautic could not be read", &error);
    let source = load::plan(config)?;
    let (plan, _) = Plan::parse(&source.file, &source.text)
        .map_err(|findings| anyhow!("the plan has mistakes:\n{findings}"))?;
    // Read anew: groups may have been made just now.
    let catalog = read_catalog(client).await.map_err(failed)?;
    let compiled = compile(&plan, &catalog)
        .map_err(|findings| anyhow!("the plan does not fit this Mautic:\n{findings}"))?;
    let owned: Vec<_> = compiled.owned_groups().into_iter().collect();
    let actions = client.point_actions(&owned, Priority::Interactive).await;
    let actions = actions.map_err(failed)?.into_iter();
    Ok(actions
        .filter(|one| one.is_published && one.group.is_some())
        .collect())
}

fn reason(config: &Config, names: &[String]) -> String {
    let observe = match config.write.mode {
        WriteMode::Observe => {
            "\nThe mode is `observe`: from then on nobody changes these scores in Mautic until \
             write.mode is \"live\"."
        }
        WriteMode::Live => "",
    };
    format!(
        "These point actions of Mautic pay into point groups of the plan:\n  {}\n\
         While they are on, Mautic and topicscore both write the scores, and neither is right.\n\
         Switched off, they stay in Mautic and can be switched on again.{observe}",
        names.join("\n  ")
    )
}
