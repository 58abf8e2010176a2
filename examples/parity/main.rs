//! Shows that a plan imported from Mautic gives Mautic's own numbers:
//! `cargo run --release --example parity -- DIR… [--source polls|webhooks|both] [--json]`.

mod check;
mod kinds;
#[path = "../ingest/replay/mod.rs"]
mod replay;
mod table;

use anyhow::Context;
use check::{Report, check_all};
use clap::Parser;
use mautic_fixtures::recordings::{self, Scenario};
use replay::{Recording, Sources};
use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Takes recorded scenarios in, imports the plan from Mautic's own configuration, and compares main
/// points and group scores with what Mautic had. Exits with 1 if a difference is of no known
/// kind, with 2 if a folder can't be read.
#[derive(Debug, Parser)]
struct Arguments {
    /// Folders of recorded scenarios; without any, the ones in this repository.
    folders: Vec<PathBuf>,
    /// Which sources to take in.
    #[arg(long, value_enum, default_value = "both")]
    source: Sources,
    /// Prints the report as JSON.
    #[arg(long)]
    json: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Arguments::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::from(2)
        }
    }
}

async fn run(arguments: &Arguments) -> anyhow::Result<bool> {
    let scenarios = read(&arguments.folders)?;
    let report: Report = check_all(scenarios, arguments.source).await?;
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print!("{}", table::text(&report));
    }
    Ok(report.is_explained())
}

fn read(folders: &[PathBuf]) -> anyhow::Result<Vec<Scenario>> {
    if folders.is_empty() {
        return recordings::scenarios().context("the bundled recordings can't be read");
    }
    folders.iter().map(|folder| scenario(folder)).collect()
}

/// The files of a folder.
fn scenario(folder: &Path) -> anyhow::Result<Scenario> {
    let name = folder.file_name().unwrap_or(folder.as_os_str());
    let mut files = Recording::files(folder)?;
    for path in ["setup.json", "expected.json", "timeline.jsonl"] {
        let file = folder.join(path);
        let text = fs::read_to_string(&file);
        let text = text.with_context(|| format!("{} can't be read", file.display()));
        // Only the timeline may be missing: it is no more than an aid to explain differences.
        match text {
            Ok(text) => drop(files.insert(path.to_owned(), text)),
            Err(_) if path == "timeline.jsonl" => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Scenario {
        name: name.to_string_lossy().into_owned(),
        files,
    })
}
