//! `topicscore reread`: after Mautic was restored from a backup.

use super::{Global, ask, load, output};
use crate::app::noticed_before;
use crate::domain::WentBack;
use crate::store::Forgotten;
use clap::Args;
use serde::Serialize;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Do not ask for a confirmation
    #[arg(long)]
    yes: bool,
    /// Mautic was not restored: somebody took away the row by which it seemed so, or an import dated
    /// contacts anew. Forget nothing
    #[arg(long, conflicts_with = "yes")]
    not_restored: bool,
}

/// What was done.
#[derive(Debug, Serialize)]
struct Done {
    /// By what it was noticed; none if it was not.
    noticed: Option<WentBack>,
    forgotten: Forgotten,
}

pub(super) async fn run(global: &Global, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let config = load::config(global, load::Lines::Few)?;
    let instance = load::open_alone(config)?;
    let noticed = noticed_before(&instance.store).await?;
    let mut done = Done {
        noticed,
        forgotten: Forgotten::default(),
    };
    if arguments.not_restored {
        let Some(sign) = &done.noticed else {
            return Err(output::advice(
                "nothing says that Mautic was restored",
                "there is nothing to take back",
            ));
        };
        instance.store.not_restored(sign).await?;
    } else {
        output::tell(before(&done));
        if !ask::confirm("Forget it and read it anew?", arguments.yes)? {
            return Ok(ExitCode::FAILURE);
        }
        done.forgotten = instance.store.forget_told(instance.clock.now()).await?;
    }
    if global.json {
        output::print_json(&done)?;
    } else if arguments.not_restored {
        output::print_text("`topicscore run` goes on where it was")?;
    } else {
        output::print_text(&after(&done.forgotten))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn before(done: &Done) -> String {
    let noticed = match &done.noticed {
        Some(sign) => sign.to_string(),
        None => "nothing says that Mautic was restored from a backup".to_owned(),
    };
    format!(
        "{noticed}\n\
         Everything Mautic told is forgotten, and read again from its first row on: what people did \
         that Mautic does not know any more, or that only webhooks told, counts no more. Points given by hand, what triggers \
         did, and who was erased are kept."
    )
}

fn after(forgotten: &Forgotten) -> String {
    let Forgotten {
        contacts,
        activities,
        points_log,
        calls,
        effects,
    } = forgotten;
    let mut lines = vec![format!(
        "forgotten: {activities} activities of {contacts} contacts, {points_log} rows of the points \
         log, {calls} calls under way"
    )];
    if *effects > 0 {
        lines.push(format!(
            "{effects} mails and webhooks of triggers may have gone out: look at them with \
             `topicscore effects --state unknown`"
        ));
    }
    lines.push(
        "what triggers fire for crossings up to now is left to you, too, where it can't be undone: \
         `topicscore effects --state unknown`"
            .to_owned(),
    );
    lines.push(
        "`topicscore run` reads Mautic anew now; it scores and writes when it has read everything"
            .to_owned(),
    );
    lines.join("\n")
}
