//! Holds the stand-in against recorded sequences of webhooks: `webhooks [--json] FOLDER`.
//!
//! Exit code 0 when all that were played agree, 1 when some differ, 2 when the input cannot be used.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use mautic_fixtures::held_against::sequences::{SequenceReport, check, read};

/// Plays the recorded sequences of deliveries and compares types, order and shapes.
#[derive(Debug, Parser)]
#[command(name = "webhooks", version)]
struct Arguments {
    /// The folder with `_sequences.jsonl` and a file per event type.
    folder: PathBuf,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments).await {
        Ok(report) => {
            let text = if arguments.json {
                serde_json::to_string_pretty(&report).unwrap_or_default()
            } else {
                report.human()
            };
            // A reader that goes away early is no mistake.
            let _ = writeln!(std::io::stdout(), "{text}");
            ExitCode::from(u8::from(!report.differences.is_empty()))
        }
        Err(error) => {
            eprintln!("webhooks: {error:#}");
            ExitCode::from(2)
        }
    }
}

async fn run(arguments: &Arguments) -> anyhow::Result<SequenceReport> {
    let recorded = read(&arguments.folder)?;
    anyhow::ensure!(
        recorded.contains_key("_sequences"),
        "{}: no _sequences.jsonl",
        arguments.folder.display()
    );
    Ok(check(&recorded).await?)
}
