//! From files and the environment to a config, a plan's text, and the logs.

use super::{Global, output};
use crate::app::{Instance, PlanSource, WHAT_TO_DO, noticed_before};
use crate::clock::SystemClock;
use crate::config::{Config, Inputs, LogConfig, LogFormat, LogLevel};
use crate::diagnostics::Findings;
use anyhow::{Context, anyhow};
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::{cell::RefCell, collections::BTreeMap, fs, sync::Arc};
use tracing_subscriber::EnvFilter;

/// A config, and what was noticed while it was read.
pub(super) struct Loaded {
    pub config: Config,
    pub warnings: Findings,
    /// Files of secrets that were read.
    pub secret_files: Vec<PathBuf>,
}

/// Why there is no config.
pub(super) enum Unloaded {
    /// The file is missing or can't be read.
    Unreadable(anyhow::Error),
    /// All its mistakes.
    Mistaken(Findings),
}

impl From<Unloaded> for anyhow::Error {
    fn from(unloaded: Unloaded) -> Self {
        match unloaded {
            Unloaded::Unreadable(error) => error,
            Unloaded::Mistaken(findings) => {
                anyhow!("the config has mistakes:\n{findings}")
            }
        }
    }
}

/// Reads the config; its warnings are for the caller to show.
pub(super) fn read_config(file: &Path) -> Result<Loaded, Unloaded> {
    let env: BTreeMap<String, String> = std::env::vars().collect();
    let text = config_text(file, &env).map_err(Unloaded::Unreadable)?;
    let secret_files = RefCell::new(Vec::new());
    let read = |path: &Path| {
        secret_files.borrow_mut().push(path.to_owned());
        fs::read_to_string(path).map_err(|error| error.to_string())
    };
    let inputs = Inputs {
        file,
        text: &text,
        env: &env,
        read: &read,
    };
    let loaded = Config::load(&inputs);
    match loaded {
        Ok((config, warnings)) => Ok(Loaded {
            config,
            warnings,
            secret_files: secret_files.into_inner(),
        }),
        Err(findings) => Err(Unloaded::Mistaken(findings)),
    }
}

/// The file's text. Without a file the environment alone will do, if it has any setting.
fn config_text(file: &Path, env: &BTreeMap<String, String>) -> anyhow::Result<String> {
    let is_setting = |name: &String| name.starts_with("TOPICSCORE_") && name.contains("__");
    match fs::read_to_string(file) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if env.keys().any(is_setting) {
                return Ok(String::new());
            }
            Err(output::advice(
                format!("there is no config file {}", file.display()),
                "`topicscore init` makes one; or name another with --config FILE",
            ))
        }
        Err(error) => Err(output::advice(
            format!("the config file {} can't be read: {error}", file.display()),
            "let the user that runs topicscore read it",
        )),
    }
}

/// Reads the config, starts the logs, and tells the config's warnings.
pub(super) fn config(global: &Global, lines: Lines) -> anyhow::Result<Config> {
    let Loaded {
        config, warnings, ..
    } = read_config(&global.config)?;
    start_logs(config.log, lines, global.verbose)?;
    if !warnings.is_empty() {
        output::tell(format_args!("{warnings}\n"));
    }
    Ok(config)
}

/// Opens the instance of a config.
pub(super) fn open(config: Config) -> anyhow::Result<Instance> {
    Instance::open(config, Arc::new(SystemClock))
}

/// Opens the instance of a config whose store is there already.
pub(super) fn open_existing(config: Config) -> anyhow::Result<Instance> {
    there_is(&config)?;
    open(config)
}

fn there_is(config: &Config) -> anyhow::Result<()> {
    let path = &config.store.path;
    if !path.exists() {
        return Err(output::advice(
            format!("there is no store {} yet", path.display()),
            "`topicscore run` or `topicscore backfill` makes it",
        ));
    }
    Ok(())
}

/// As [`open_existing`], for what nobody else may be at work for.
pub(super) fn open_alone(config: Config) -> anyhow::Result<Instance> {
    there_is(&config)?;
    Instance::open_to_start(config, Arc::new(SystemClock))
}

/// What Mautic tells can't be used after it was restored from a backup, before `reread`.
pub(super) async fn ids_mean_the_same(instance: &Instance) -> anyhow::Result<()> {
    match noticed_before(&instance.store).await? {
        None => Ok(()),
        Some(sign) => Err(output::advice(sign.to_string(), WHAT_TO_DO)),
    }
}

/// Reads the plan's file.
pub(super) fn plan(config: &Config) -> anyhow::Result<PlanSource> {
    let file = &config.plan.file;
    let text = fs::read_to_string(file).map_err(|error| {
        output::advice(
            format!("the plan {} can't be read: {error}", file.display()),
            "`topicscore init` makes a plan from Mautic's own point actions; plan.file names another",
        )
    })?;
    Ok(PlanSource {
        file: file.display().to_string(),
        text,
    })
}

/// How much is logged without `-v`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lines {
    /// As the config says.
    All,
    /// Warnings and errors: the command itself says what it does.
    Few,
}

/// Starts the logs, on stderr. The only thing that belongs to the whole process.
pub(super) fn start_logs(config: LogConfig, lines: Lines, verbose: u8) -> anyhow::Result<()> {
    let level = match lines {
        Lines::All => config.level,
        Lines::Few => LogLevel::Warn,
    };
    let level = raised(level, verbose);
    let filter = EnvFilter::try_new(filter(level)).context("the logs can't be started")?;
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        // It tells that a line could not be written by `eprintln!`, which panics where stderr is on
        // a full disk.
        .log_internal_errors(false)
        .with_ansi(io::stderr().is_terminal());
    let started = match config.format {
        LogFormat::Text => logs.try_init(),
        LogFormat::Json => logs.json().try_init(),
    };
    started.map_err(|error| anyhow!("the logs can't be started: {error}"))
}

fn raised(level: LogLevel, by: u8) -> LogLevel {
    use LogLevel::{Debug, Error, Info, Trace, Warn};
    const LEVELS: [LogLevel; 5] = [Error, Warn, Info, Debug, Trace];
    let rank = LEVELS.iter().position(|one| *one == level).unwrap_or(0);
    let rank = rank.saturating_add(usize::from(by));
    LEVELS.get(rank).copied().unwrap_or(Trace)
}

/// Libraries are of interest only when something is looked into.
fn filter(level: LogLevel) -> String {
    let libraries = match level {
        LogLevel::Error => "error",
        LogLevel::Trace => "debug",
        _ => "warn",
    };
    format!("{libraries},topicscore={}", level.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbose_raises_up_to_everything() {
        for (level, by, raised_to) in [
            (LogLevel::Warn, 0, "warn,topicscore=warn"),
            (LogLevel::Warn, 1, "warn,topicscore=info"),
            (LogLevel::Error, 0, "error,topicscore=error"),
            (LogLevel::Info, 1, "warn,topicscore=debug"),
            (LogLevel::Info, 200, "debug,topicscore=trace"),
        ] {
            assert_eq!(filter(raised(level, by)), raised_to);
        }
    }
}
