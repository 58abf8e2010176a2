//! Shows that recordings of a real Mautic come in right: `cargo run --release --example ingest -- DIR…`.

mod replay;

use anyhow::Context;
use clap::Parser;
use mautic_fixtures::recordings;
use replay::{Outcome, Recording, Report, Sources, replay_all};
use std::{path::PathBuf, process::ExitCode};

/// Takes recorded scenarios in through webhooks alone, polls alone and both, and compares what the
/// journals hold. Exits with 1 if an item was not understood or a difference is unexplained, with 2
/// if a folder can't be read.
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
    let recordings = read(&arguments.folders)?;
    let report = replay_all(recordings, arguments.source).await?;
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        report.by_scenario.iter().for_each(print);
        print_sums(&report, arguments.source);
    }
    Ok(report.is_good())
}

fn read(folders: &[PathBuf]) -> anyhow::Result<Vec<Recording>> {
    if folders.is_empty() {
        let bundled = recordings::scenarios().context("the bundled recordings can't be read")?;
        return bundled.iter().map(Recording::parse).collect();
    }
    folders
        .iter()
        .map(|folder| Recording::read(folder))
        .collect()
}

fn print(outcome: &Outcome) {
    println!(
        "{}: deliveries decoded {} / {}, parked {}",
        outcome.name, outcome.decoded, outcome.deliveries, outcome.parked
    );
    let kinds = outcome.activities.iter();
    let kinds: Vec<_> = kinds
        .map(|(kind, count)| format!("{kind} {count}"))
        .collect();
    println!("  activities: {}", kinds.join(", "));
    for (cause, count) in &outcome.causes {
        println!("  {count} differ: {}", cause.text());
    }
    for difference in &outcome.unexplained {
        println!("  UNEXPLAINED {difference}");
    }
    for problem in &outcome.problems {
        println!("  PROBLEM {problem}");
    }
}

fn print_sums(report: &Report, source: Sources) {
    println!(
        "{} scenarios: deliveries decoded {} / {}, parked {}, {} activities",
        report.scenarios, report.decoded, report.deliveries, report.parked, report.activities
    );
    if source != Sources::Both {
        return;
    }
    println!(
        "journals equal wherever the sources can tell: {}; {} differences explained, {} not",
        if report.equal { "yes" } else { "NO" },
        report.differences_explained,
        report.differences_unexplained
    );
}
