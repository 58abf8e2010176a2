//! `topicscore init`: a config, and a plan imported from Mautic's own point actions.
//!
//! Order matters: Mautic is asked before anything is written, and what is there is never
//! overwritten, so a run that failed half-way is simply repeated.

mod config;
mod create;
mod plan;
mod take_over;

use super::{Global, load, output};
use crate::app::{passing_client, read_catalog};
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, LogConfig, LogFormat, LogLevel};
use crate::mautic::{Client, Priority};
use clap::Args;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::{fs, process::ExitCode, sync::Arc};

#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools, reason = "switches of a command line")]
pub(super) struct Arguments {
    #[arg(
        long,
        value_name = "URL",
        help = "Address of Mautic, such as https://mautic.example.com"
    )]
    url: Option<String>,
    /// Client id (public key) of client credentials, made in Mautic under Settings, API
    /// Credentials, for the protocol `OAuth 2`
    #[arg(long, value_name = "ID", conflicts_with = "username")]
    client_id: Option<String>,
    /// User name, to log in by Basic auth instead (costs Mautic more)
    #[arg(long, value_name = "NAME")]
    username: Option<String>,
    /// File that holds the client secret or password; without it, the secret is asked for and
    /// kept in a new file beside the config that only you can read
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    #[arg(
        long,
        value_name = "URL",
        help = "Address at which Mautic reaches the webhook receiver, such as \
                https://scores.example.com/webhook; without it, Mautic is only polled"
    )]
    public_url: Option<String>,
    /// Time zone of the plan; default: this machine's
    #[arg(long, value_name = "ZONE")]
    time_zone: Option<String>,
    /// Make the point groups in Mautic that the plan names and Mautic lacks
    #[arg(long)]
    create_groups: bool,
    /// Make the segments in Mautic that the plan writes and Mautic lacks
    #[arg(long)]
    create_segments: bool,
    /// Switch off Mautic's own point actions that pay into the plan's point groups
    ///
    /// Otherwise both Mautic and topicscore write these scores, and neither is right. The plan
    /// must hold their rules: an imported plan does.
    #[arg(long)]
    take_over: bool,
    /// Answer every question of confirmation with yes
    #[arg(long, short)]
    yes: bool,
}

/// What was done.
#[derive(Debug, Serialize)]
struct Done {
    config: Written,
    plan: Written,
    /// What could not be imported unchanged.
    findings: crate::diagnostics::Findings,
    created_groups: Vec<String>,
    created_segments: Vec<String>,
    switched_off: Vec<String>,
    mautic_version: String,
}

/// A file.
#[derive(Debug, Serialize)]
struct Written {
    file: PathBuf,
    /// `false`: it was there and was kept as it is.
    written: bool,
}

pub(super) async fn run(global: &Global, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let logs = LogConfig {
        level: LogLevel::Warn,
        format: LogFormat::Text,
    };
    load::start_logs(logs, load::Lines::All, global.verbose)?;
    let draft = config::Draft::of(&global.config, &arguments)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let client = passing_client(&draft.config, &clock)?;
    let version = client.read_version(Priority::Interactive).await;
    let version = version.map_err(|error| {
        output::mautic_advice(
            "nothing was written, because Mautic does not let topicscore in",
            &error,
        )
    })?;
    let written = draft.write()?;
    let done = proceed(
        &draft.config,
        &client,
        (&arguments, clock.as_ref()),
        (written, version),
    )
    .await?;
    if global.json {
        output::print_json(&done)?;
    } else {
        output::print_text(&text(&done, &arguments))?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn proceed(
    config: &Config,
    client: &Client,
    (arguments, clock): (&Arguments, &dyn Clock),
    (written, mautic_version): (Written, String),
) -> anyhow::Result<Done> {
    let failed = |error| output::mautic_advice("Mautic could not be read", &error);
    let catalog = read_catalog(client).await.map_err(failed)?;
    let (plan, findings) = plan::import(config, client, &catalog, (arguments, clock)).await?;
    let created_groups = if arguments.create_groups {
        create::groups(config, client, &catalog).await?
    } else {
        Vec::new()
    };
    let created_segments = if arguments.create_segments {
        create::segments(config, client, &catalog).await?
    } else {
        Vec::new()
    };
    let switched_off = if arguments.take_over {
        take_over::run(config, client, arguments.yes).await?
    } else {
        Vec::new()
    };
    Ok(Done {
        config: written,
        plan,
        findings,
        created_groups,
        created_segments,
        switched_off,
        mautic_version,
    })
}

fn text(done: &Done, arguments: &Arguments) -> String {
    let mut lines = vec![
        format!("Mautic {} lets topicscore in", done.mautic_version),
        line("config", &done.config),
        line("plan", &done.plan),
    ];
    if !done.findings.is_empty() {
        lines.push(format!("\nnot imported unchanged:\n{}\n", done.findings));
    }
    let lists = [
        (
            arguments.create_groups,
            "point groups made",
            &done.created_groups,
        ),
        (
            arguments.create_segments,
            "segments made",
            &done.created_segments,
        ),
        (
            arguments.take_over,
            "point actions switched off",
            &done.switched_off,
        ),
    ];
    for (_, what, names) in lists.into_iter().filter(|(asked, ..)| *asked) {
        let names = if names.is_empty() {
            "none".to_owned()
        } else {
            names.join(", ")
        };
        lines.push(format!("{what}: {names}"));
    }
    lines.push("next: `topicscore check`, then `topicscore run`".to_owned());
    lines.join("\n")
}

fn line(what: &str, file: &Written) -> String {
    let done = if file.written {
        "written"
    } else {
        "was there, kept as it is"
    };
    format!("{what} {}: {done}", file.file.display())
}

/// Writes a file that is not there yet; `secret`: for its owner's eyes only.
fn write_new(file: &Path, text: &str, secret: bool) -> anyhow::Result<()> {
    use std::io::Write;
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if secret {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    #[cfg(not(unix))]
    let _ = secret;
    let write = || -> std::io::Result<()> {
        let mut opened = options.open(file)?;
        opened.write_all(text.as_bytes())?;
        opened.sync_all()
    };
    write().map_err(|error| {
        output::advice(
            format!("{} can't be written: {error}", file.display()),
            "nothing is ever overwritten: move the file away, or choose another folder",
        )
    })
}
