//! Holds the stand-in against recorded single exchanges: `exchanges [--json] FILE.jsonl|FOLDER…`.
//!
//! Exit code 0 when all that were tried agree, 1 when some differ, 2 when the input cannot be used.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use mautic_fixtures::held_against::exchanges::{ExchangeReport, read};
use mautic_fixtures::held_against::session::session_files;

/// Sends recorded single exchanges to fresh stand-ins and compares status, headers and the shape of the body.
#[derive(Debug, Parser)]
#[command(name = "exchanges", version)]
struct Arguments {
    /// Files of exchanges, or folders of them.
    #[arg(required = true)]
    files: Vec<PathBuf>,
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
            eprintln!("exchanges: {error:#}");
            ExitCode::from(2)
        }
    }
}

async fn run(arguments: &Arguments) -> anyhow::Result<ExchangeReport> {
    let mut report = ExchangeReport::default();
    for file in session_files(&arguments.files)? {
        let area = file
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        report.add(&area, &read(&file)?).await?;
    }
    Ok(report)
}
