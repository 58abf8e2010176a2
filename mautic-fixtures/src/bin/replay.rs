//! Replays recorded sessions against the stand-in: `replay [--json] SESSION.jsonl|FOLDER…`.
//!
//! Exit code 0 when everything is equal, 1 when something differs, 2 when the input cannot be used.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use mautic_fixtures::held_against::replay::replay;
use mautic_fixtures::held_against::report::ReplayReport;
use mautic_fixtures::held_against::session::{Session, session_files};

/// Replays recorded sessions of a real Mautic against the stand-in and compares every answer and webhook.
#[derive(Debug, Parser)]
#[command(name = "replay", version)]
struct Arguments {
    /// Session files, or folders of them.
    #[arg(required = true)]
    sessions: Vec<PathBuf>,
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
            ExitCode::from(u8::from(!report.all_equal()))
        }
        Err(error) => {
            eprintln!("replay: {error:#}");
            ExitCode::from(2)
        }
    }
}

async fn run(arguments: &Arguments) -> anyhow::Result<ReplayReport> {
    let files = session_files(&arguments.sessions)?;
    // All are read first: one bad file should not cost the time of replaying the others.
    let sessions = files
        .iter()
        .map(|file| Session::read(file))
        .collect::<Result<Vec<_>, _>>()?;
    let mut report = ReplayReport::default();
    for session in &sessions {
        let (result, differences) = replay(session).await?;
        report.add(result, differences);
    }
    Ok(report)
}
