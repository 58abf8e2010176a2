//! `topicscore check`: anything that would keep topicscore from working, and what to do.
//!
//! Writes nothing to Mautic and nothing to the store but a probe that it takes back.

mod files;
mod hook;
mod mautic;
mod report;
mod writers;

use super::{Global, load, output};
use crate::app::{Instance, passing_client, read_catalog};
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, LogConfig, LogFormat, LogLevel};
use crate::mautic::Client;
use crate::plan::{Catalog, Compiled, Plan, compile, doubts};
use clap::Args;
use report::{Level, Report};
use std::{process::ExitCode, sync::Arc};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Look at the config and the plan's text only, ask nobody
    #[arg(long)]
    offline: bool,
}

pub(super) async fn run(global: &Global, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let logs = LogConfig {
        level: LogLevel::Error,
        format: LogFormat::Text,
    };
    load::start_logs(logs, load::Lines::All, global.verbose)?;
    let mut report = Report::default();
    if let Some(config) = files::config(&mut report, &global.config) {
        let plan = files::plan(&mut report, &config);
        if !arguments.offline {
            ask(&mut report, config, plan).await;
        }
    }
    if global.json {
        output::print_json(&report)?;
    } else {
        output::print_text(&report.text())?;
    }
    let failed = report.count(Level::Error) > 0;
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// What is asked with.
struct Asked {
    config: Config,
    client: Client,
    clock: Arc<dyn Clock>,
    /// The instance, if it has a store already: a check makes none, it may run as another user.
    instance: Option<Instance>,
}

async fn ask(report: &mut Report, config: Config, plan: Option<Plan>) {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let instance = files::store(report, &config, &clock).await;
    let client = match &instance {
        Some(instance) => Ok(instance.client.clone()),
        None => passing_client(&config, &clock),
    };
    let client = match client {
        Ok(client) => client,
        Err(error) => {
            report.error(
                "login",
                format!("{error:#}"),
                "correct [mautic] in the config",
            );
            return;
        }
    };
    let asked = Asked {
        config,
        client,
        clock,
        instance,
    };
    if mautic::login(report, &asked).await {
        mautic::manners(report, &asked).await;
        mautic::rights(report, &asked).await;
        if let Some(compiled) = bind(report, &asked, plan).await {
            writers::check(report, &asked, &compiled).await;
        }
    }
    hook::check(report, &asked).await;
}

/// Binds the plan to Mautic's names.
async fn bind(report: &mut Report, asked: &Asked, plan: Option<Plan>) -> Option<Compiled> {
    let plan = plan?;
    let catalog = match read_catalog(&asked.client).await {
        Ok(catalog) => Catalog {
            whole_numbers: mautic::whole_numbers(report, asked, &plan).await,
            ..catalog
        },
        Err(error) => {
            report.mautic("plan", &error);
            return None;
        }
    };
    match compile(&plan, &catalog) {
        Ok(compiled) => {
            report.findings("plan", doubts(&plan, &catalog).iter());
            report.ok("plan", "fits this Mautic: all names are known");
            Some(compiled)
        }
        Err(findings) => {
            report.findings("plan", findings.iter());
            None
        }
    }
}
