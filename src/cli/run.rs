//! `topicscore run`: the daemon.

use super::{Global, load, output};
use crate::app::{Addresses, Instance, Listeners};
use crate::clock::SystemClock;
use crate::lifecycle::{Lifecycle, interrupted};
use crate::web::Mode;
use serde::Serialize;
use std::{net::SocketAddr, process::ExitCode, sync::Arc, time::Duration};

/// Longest time for each of the two phases of a stop. systemd waits 90 s before it kills.
const DRAIN: Duration = Duration::from_secs(20);

/// What is told at the start, for whoever waits for it.
#[derive(Debug, Serialize)]
struct Started {
    webhook: SocketAddr,
    admin: SocketAddr,
    mautic: String,
    mode: Mode,
    plan: String,
}

pub(super) async fn run(global: &Global) -> anyhow::Result<ExitCode> {
    let config = load::config(global, load::Lines::All)?;
    let source = load::plan(&config)?;
    let instance = Instance::open_to_start(config, Arc::new(SystemClock))?;
    let plan = instance.load_plan(&source).await?;
    // Not before Mautic was asked: a bound socket that nobody serves yet holds up Mautic's
    // requests (FACTS 8), and with them, when Mautic is busy, the answers we wait for.
    let listeners = Listeners::bind(&instance.config).await?;
    let addresses = listeners.addresses()?;
    let mut lifecycle = Lifecycle::default();
    instance.start(listeners, &mut lifecycle).await?;
    announce(&instance, addresses, &plan.version, global.json)?;
    // A second signal counts only after the first: `interrupted` listens when it is first asked.
    let served = lifecycle.run(interrupted(), interrupted(), DRAIN);
    tokio::select! {
        served = served => served?,
        () = reload_on_hangup(&instance) => {}
    }
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

fn announce(
    instance: &Instance,
    addresses: Addresses,
    plan: &str,
    json: bool,
) -> anyhow::Result<()> {
    let started = Started {
        webhook: addresses.webhook,
        admin: addresses.admin,
        mautic: instance.config.mautic.base_url.to_string(),
        mode: instance.config.write.mode.into(),
        plan: plan.to_owned(),
    };
    if json {
        return output::print_text(&serde_json::to_string(&started)?);
    }
    let mode = match started.mode {
        Mode::Observe => "observe: scores are computed and shown, nothing is written to Mautic",
        Mode::Live => "live: scores are written to Mautic",
    };
    output::print_text(&format!(
        "topicscore {version} beside {mautic}\n\
         mode      {mode}\n\
         plan      version {plan}, {file}\n\
         webhooks  http://{webhook}/\n\
         admin     http://{admin}/",
        version = env!("CARGO_PKG_VERSION"),
        mautic = started.mautic,
        file = instance.config.plan.file.display(),
        webhook = started.webhook,
        admin = started.admin,
    ))
}

/// Reads the plan's file again at each SIGHUP. Never ends.
#[cfg(unix)]
async fn reload_on_hangup(instance: &Instance) {
    use tokio::signal::unix::{SignalKind, signal};
    let mut hangups = match signal(SignalKind::hangup()) {
        Ok(hangups) => hangups,
        Err(error) => {
            tracing::warn!(%error, "SIGHUP can't be heard: the plan is read at the start only");
            return std::future::pending().await;
        }
    };
    while hangups.recv().await.is_some() {
        reload(instance).await;
    }
    std::future::pending::<()>().await;
}

#[cfg(not(unix))]
async fn reload_on_hangup(_: &Instance) {
    std::future::pending::<()>().await;
}

#[cfg(unix)]
async fn reload(instance: &Instance) {
    let loaded = match load::plan(&instance.config) {
        Ok(source) => instance.load_plan(&source).await,
        Err(error) => Err(error),
    };
    match loaded {
        Ok(plan) => tracing::info!(plan = plan.version, "the plan was read again"),
        Err(error) => tracing::error!("the plan in force stays: {error:#}"),
    }
}
