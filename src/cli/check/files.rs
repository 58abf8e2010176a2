//! Config, plan and store.

use super::report::Report;
use crate::app::{Instance, missing_receivers};
use crate::cli::load::{self, Loaded, Unloaded};
use crate::cli::output::number;
use crate::clock::Clock;
use crate::config::{Config, WriteMode};
use crate::plan::Plan;
use crate::store::sqlite::examine;
use std::path::{Path, PathBuf};
use std::{fs, sync::Arc};

pub(super) fn config(report: &mut Report, file: &Path) -> Option<Config> {
    let Loaded {
        config,
        warnings,
        secret_files,
    } = match load::read_config(file) {
        Ok(loaded) => loaded,
        Err(Unloaded::Mistaken(findings)) => {
            report.findings("config", findings.iter());
            return None;
        }
        Err(Unloaded::Unreadable(error)) => {
            let text = error.to_string();
            let (message, hint) = text.split_once("\n  help: ").unwrap_or((&text, ""));
            report.error("config", message, hint);
            return None;
        }
    };
    report.findings("config", warnings.iter());
    for file in secret_files {
        if is_open_to_others(&file) {
            let message = format!(
                "{} can be read by every user of this machine",
                file.display()
            );
            report.warn("config", message, format!("chmod 600 {}", file.display()));
        }
    }
    let mode = match config.write.mode {
        WriteMode::Observe => "observe, nothing is written to Mautic",
        WriteMode::Live => "live",
    };
    report.ok("config", format!("{} (mode: {mode})", file.display()));
    Some(config)
}

#[cfg(unix)]
fn is_open_to_others(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(file).is_ok_and(|file| file.permissions().mode() & 0o007 != 0)
}

#[cfg(not(unix))]
fn is_open_to_others(_: &Path) -> bool {
    false
}

pub(super) fn plan(report: &mut Report, config: &Config) -> Option<Plan> {
    let file = config.plan.file.display().to_string();
    let text = match fs::read_to_string(&config.plan.file) {
        Ok(text) => text,
        Err(error) => {
            let hint = "`topicscore init` makes a plan from Mautic's own point actions";
            report.error("plan", format!("{file} can't be read: {error}"), hint);
            return None;
        }
    };
    match Plan::parse(&file, &text) {
        Ok((plan, warnings)) => {
            report.findings("plan", warnings.iter());
            report.findings("plan", missing_receivers(&plan, config).iter());
            let rules =
                plan.point_actions.len() + plan.profile_rules.len() + plan.inactivity_rules.len();
            let message = format!(
                "{file} (version {}): {}, {}",
                plan.version,
                number(plan.topics.len(), "topic"),
                number(rules, "rule")
            );
            report.ok("plan", message);
            Some(plan)
        }
        Err(findings) => {
            report.findings("plan", findings.iter());
            None
        }
    }
}

/// Opens a store that is there, and proves that it can be written; else only its folder.
pub(super) async fn store(
    report: &mut Report,
    config: &Config,
    clock: &Arc<dyn Clock>,
) -> Option<Instance> {
    let path = &config.store.path;
    if !path.exists() {
        match probe_folder(path) {
            Ok(()) => report.ok("store", format!("{} will be made by `run`", path.display())),
            Err(error) => report.error(
                "store",
                format!("{} can't be made: {error}", path.display()),
                "make its folder, and let the user that runs topicscore write there",
            ),
        }
        return None;
    }
    let opened = Instance::open(config.clone(), Arc::clone(clock));
    let probed = match &opened {
        Ok(instance) => instance.store.probe().await.map_err(anyhow::Error::from),
        Err(_) => Ok(()),
    };
    match (opened, probed) {
        (Ok(instance), Ok(())) => {
            report.ok("store", format!("{} can be written", path.display()));
            look_for_damage(report, path);
            Some(instance)
        }
        (Err(error), _) | (_, Err(error)) => {
            let hint = "is the disk full, or does the file belong to another user?";
            report.error("store", format!("{}: {error:#}", path.display()), hint);
            None
        }
    }
}

/// Reads all of it: a damaged page is else noticed only when somebody needs it.
fn look_for_damage(report: &mut Report, path: &Path) {
    match examine(path) {
        Ok(()) => report.ok("store", "all of it was read, no page is damaged"),
        Err(error) => {
            let hint = "stop the daemon, keep a copy of the file, and restore the latest backup";
            report.error("store", error.to_string(), hint);
        }
    }
}

fn probe_folder(path: &Path) -> std::io::Result<()> {
    let probe = folder(path).join(format!(".topicscore-check-{}", std::process::id()));
    fs::File::create_new(&probe)?;
    fs::remove_file(&probe)
}

fn folder(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}
