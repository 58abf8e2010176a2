//! `topicscore plan import`: a plan from Mautic's own point actions, or what changed there.

use super::{base, gather, report};
use crate::app::{Behaviours, Instance, compare_behaviours, passing_client, read_catalog};
use crate::cli::{Global, load, output};
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::diagnostics::Findings;
use crate::mautic::Client;
use crate::plan::{
    Behaviour, Catalog, Change, ImportOptions, MauticPoints, Plan, Seen, compile, import, merge,
};
use crate::store::SharedStore;
use anyhow::anyhow;
use clap::{Args, ValueEnum};
use jiff::tz::TimeZone;
use serde::Serialize;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::{fs, io, process::ExitCode, sync::Arc};

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// The plan; default: that of the config. Made if it is not there, else merged into
    #[arg(long, value_name = "FILE")]
    into: Option<PathBuf>,
    /// Print a new plan and write nothing, whatever is there
    #[arg(long, conflicts_with_all = ["into", "dry_run"])]
    print: bool,
    /// Show what would be done and write nothing
    #[arg(long)]
    dry_run: bool,
    /// How rules count: to the letter as Mautic 5.1.1, or as they were meant; default: `corrected`
    /// in a new plan, unchanged in one that is there
    #[arg(long, value_enum, value_name = "NAME")]
    behaviour: Option<Counting>,
    /// Time zone of a new plan; default: this machine's
    #[arg(long, value_name = "ZONE")]
    time_zone: Option<String>,
    /// Write Mautic's published triggers as triggers, not as comments
    ///
    /// Unpublish them in Mautic, or both do their work.
    #[arg(long)]
    triggers: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Counting {
    Mautic,
    Corrected,
}

impl From<Counting> for Behaviour {
    fn from(counting: Counting) -> Self {
        match counting {
            Counting::Mautic => Self::Mautic,
            Counting::Corrected => Self::Corrected,
        }
    }
}

/// What was done.
#[derive(Debug, Serialize)]
pub(super) struct Done {
    /// The plan's file; `None`: printed only.
    pub(super) file: Option<PathBuf>,
    /// Whether the file was written.
    pub(super) written: bool,
    /// Whether the plan is new; else it was merged into.
    pub(super) new: bool,
    /// Whether it was known what the last import saw.
    pub(super) base_known: bool,
    /// What was done and left, in a plan that was there.
    pub(super) changes: Vec<Change>,
    /// The changes as text.
    #[serde(skip)]
    pub(super) diff: String,
    /// Where each action and trigger belongs, and how that is known.
    pub(super) groups: Vec<report::Origin>,
    /// What could not be imported unchanged.
    pub(super) findings: Findings,
    /// The plan's text, if it was only to be printed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) plan: Option<String>,
    /// Where the two behaviours differ for the contacts in the store; `None`: there are none.
    pub(super) behaviours: Option<Behaviours>,
}

/// Mautic and, if it is there, the store.
struct Sources {
    client: Client,
    store: Option<SharedStore>,
    clock: Arc<dyn Clock>,
}

impl Sources {
    /// Makes no store: this may run as another user than the daemon.
    fn open(config: &Config) -> anyhow::Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        if config.store.path.exists() {
            let Instance { client, store, .. } = load::open(config.clone())?;
            let store = Some(store);
            return Ok(Self {
                client,
                store,
                clock,
            });
        }
        let client = passing_client(config, &clock)?;
        let store = None;
        Ok(Self {
            client,
            store,
            clock,
        })
    }
}

pub(super) async fn run(global: &Global, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let config = load::config(global, load::Lines::Few)?;
    let sources = Sources::open(&config)?;
    let failed = |error| output::mautic_advice("Mautic could not be read", &error);
    let catalog = read_catalog(&sources.client).await.map_err(failed)?;
    let points = gather::points(&sources.client, &catalog, sources.clock.as_ref());
    let points = points.await.map_err(failed)?;
    let done = proceed(&config, &sources, &catalog, &points, &arguments).await?;
    if global.json {
        output::print_json(&done)?;
    } else if let Some(plan) = &done.plan {
        output::print_text(plan.trim_end())?;
        output::tell(report::text(&done));
    } else {
        output::print_text(&report::text(&done))?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn proceed(
    config: &Config,
    sources: &Sources,
    catalog: &Catalog,
    points: &MauticPoints,
    arguments: &Arguments,
) -> anyhow::Result<Done> {
    let file = arguments.into.as_ref().unwrap_or(&config.plan.file);
    let options = ImportOptions {
        time_zone: known_zone(arguments.time_zone.as_deref()),
        behaviour: arguments.behaviour.map(Behaviour::from),
        triggers: arguments.triggers,
        now: sources.clock.now(),
    };
    let there = if arguments.print {
        None
    } else {
        text_of(file)?
    };
    let store = sources.store.as_ref();
    let made = match &there {
        None => new_plan(points, catalog, &options),
        Some(text) => {
            let base = base::read(config, store, file).await?;
            let name = file.display().to_string();
            merged((&name, text), base.as_ref(), points, catalog, &options)?
        }
    };
    let writes = !arguments.print && !arguments.dry_run;
    if writes {
        write(file, there.as_deref(), &made.text)?;
        base::keep(config, store, file, &made.seen).await?;
    }
    let behaviours = behaviours(&made.text, catalog, sources).await?;
    Ok(Done {
        file: (!arguments.print).then(|| file.clone()),
        written: writes,
        groups: report::origins(points, catalog),
        plan: (arguments.print || (arguments.dry_run && there.is_none())).then_some(made.text),
        behaviours,
        ..made.done
    })
}

/// A plan's text, and what there is to say of it.
struct Made {
    text: String,
    seen: Seen,
    done: Done,
}

fn new_plan(points: &MauticPoints, catalog: &Catalog, options: &ImportOptions) -> Made {
    let imported = import(points, catalog, options);
    let done = Done {
        findings: imported.findings,
        ..nothing(true)
    };
    Made {
        text: imported.text,
        seen: imported.seen,
        done,
    }
}

fn merged(
    (name, text): (&str, &str),
    base: Option<&Seen>,
    points: &MauticPoints,
    catalog: &Catalog,
    options: &ImportOptions,
) -> anyhow::Result<Made> {
    let merged = merge((name, text), base, points, catalog, options).map_err(|findings| {
        output::advice(
            format!(
                "nothing was merged, because the plan has mistakes, or would have:\n{findings}"
            ),
            "mend them first; `topicscore plan import --print` shows a new plan",
        )
    })?;
    let done = Done {
        base_known: base.is_some(),
        diff: merged.report(),
        changes: merged.changes,
        findings: merged.findings,
        ..nothing(false)
    };
    Ok(Made {
        text: merged.text,
        seen: merged.seen,
        done,
    })
}

fn nothing(new: bool) -> Done {
    Done {
        file: None,
        written: false,
        new,
        base_known: true,
        changes: Vec::new(),
        diff: String::new(),
        groups: Vec::new(),
        findings: Findings::new(),
        plan: None,
        behaviours: None,
    }
}

/// Where the two behaviours differ, over all contacts of the store.
async fn behaviours(
    text: &str,
    catalog: &Catalog,
    sources: &Sources,
) -> anyhow::Result<Option<Behaviours>> {
    let Some(store) = &sources.store else {
        return Ok(None);
    };
    let (plan, _) = Plan::parse("the imported plan", text)
        .map_err(|findings| anyhow!("the imported plan can't be read:\n{findings}"))?;
    let Ok(plan) = compile(&plan, catalog) else {
        // The plan names what Mautic lacks, which `check` tells; there is nothing to compute with.
        return Ok(None);
    };
    let compared = compare_behaviours(store, &plan, sources.clock.now()).await?;
    Ok((compared.contacts > 0).then_some(compared))
}

/// The plan's text, if it is there.
fn text_of(file: &Path) -> anyhow::Result<Option<String>> {
    match fs::read_to_string(file) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(output::advice(
            format!("the plan {} can't be read: {error}", file.display()),
            "let the user that runs topicscore read it",
        )),
    }
}

/// Writes a new file beside the plan and puts it in its place; nothing if nothing changed.
fn write(file: &Path, there: Option<&str>, text: &str) -> anyhow::Result<()> {
    if there == Some(text) {
        return Ok(());
    }
    // A symbolic link stays one.
    let file = file.canonicalize().unwrap_or_else(|_| file.to_owned());
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let fresh = file.with_file_name(name);
    let write = || -> io::Result<()> {
        let mut opened = fs::File::create(&fresh)?;
        if let Ok(known) = fs::metadata(&file) {
            opened.set_permissions(known.permissions())?;
        }
        opened.write_all(text.as_bytes())?;
        opened.sync_all()?;
        fs::rename(&fresh, &file)
    };
    write().map_err(|error| {
        output::advice(
            format!("{} can't be written: {error}", file.display()),
            "its folder must be writable; `--print` shows the plan instead",
        )
    })
}

/// The zone that was named, or this machine's.
pub(in crate::cli) fn known_zone(named: Option<&str>) -> String {
    let system = TimeZone::system();
    let zone = named.or_else(|| system.iana_name());
    zone.unwrap_or("UTC").to_owned()
}
