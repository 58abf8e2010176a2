//! The command line: one file per command. Data goes to stdout, logs and progress to stderr.

mod adjust;
mod ask;
mod backfill;
mod check;
mod demo;
mod effects;
mod erase;
mod explain;
mod export;
mod init;
mod load;
mod output;
mod plan;
mod probe;
mod reconcile;
mod reread;
mod run;
mod status;

use clap::{Args, Parser, Subcommand};
use std::{path::PathBuf, process::ExitCode};

/// Topic scores beside Mautic: exact, explainable, retroactive.
#[derive(Debug, Parser)]
#[command(
    name = "topicscore",
    version,
    max_term_width = 100,
    propagate_version = true
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    global: Global,
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// Config file
    #[arg(
        long,
        short,
        global = true,
        env = "TOPICSCORE_CONFIG",
        default_value = "topicscore.toml",
        value_name = "FILE"
    )]
    pub config: PathBuf,
    /// Print data as JSON, for scripts
    #[arg(long, global = true)]
    pub json: bool,
    /// More log lines on stderr (twice: even more)
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show everything at work: a Mautic stand-in, visitors and topicscore in one process
    ///
    /// Needs nothing but this program. Everything runs on loopback and is gone afterwards.
    Demo(demo::Arguments),
    /// Write a config and a plan imported from Mautic's own point actions
    ///
    /// Asks for what is not given by flags. Existing files are never overwritten. Also makes
    /// point groups that the plan names and Mautic lacks, if asked to.
    Init(init::Arguments),
    /// Make a plan from Mautic's own point actions, and look after it
    #[command(subcommand)]
    Plan(plan::Command),
    /// Look for anything that would keep topicscore from working, and say what to do
    Check(check::Arguments),
    /// Run the daemon
    Run,
    /// Read Mautic's whole history into the journal (resumable)
    Backfill(backfill::Arguments),
    /// Show what the store holds and what is waiting
    Status,
    /// Show what triggers did, and have what failed tried again
    Effects(effects::Arguments),
    /// Show why a contact has its points
    ///
    /// What each rule gave, what it is worth now, what was passed over and why, and what comes
    /// next; of now, or of a moment past or to come.
    Explain(explain::Arguments),
    /// Give points by hand, list what was given, and take it back
    ///
    /// Points given by hand survive every recompute and do not fade. A daemon that runs scores
    /// the contact within seconds.
    Adjust(adjust::Arguments),
    /// Compare what Mautic holds with what it should hold, now
    ///
    /// Looks at all contacts, or at those named, and hands what differs to the daemon, which
    /// writes it where `write.mode` is `live`. Values that Mautic had refused are tried again.
    /// Exit code: 0 if nothing differs or all was handed on, 1 if something could not be read,
    /// 3 if something differs and --dry-run was given.
    Reconcile(reconcile::Arguments),
    /// Read Mautic anew, after it was restored from a backup
    ///
    /// topicscore notices that by itself and does nothing any more until this is done. What Mautic
    /// told is forgotten, and read again from its first row on by the next `topicscore run`, which
    /// scores and writes when it has read everything. Points given by hand and what triggers did
    /// are kept, contacts that were erased stay erased. Stop the daemon first.
    Reread(reread::Arguments),
    /// Write down everything that is held of a contact, as JSON
    ///
    /// For whoever asks what is known of them: profile, activities, scores and where they come
    /// from, what was written to Mautic, and the raw webhooks that speak of the contact.
    Export(export::Arguments),
    /// Erase everything that is held of a contact, for good
    ///
    /// Also of contacts merged into it. It is ignored from then on, whatever Mautic tells of it,
    /// and after restoring a backup as well. Mautic's own data is Mautic's: delete it there.
    Erase(erase::Arguments),
}

/// Runs the command that was asked for.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            output::tell(format_args!(
                "error: no threads to be had from the system: {error}"
            ));
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(cli.run());
    // A blocking read (a question on a terminal) must not hold up the exit.
    runtime.shutdown_background();
    code
}

impl Cli {
    async fn run(self) -> ExitCode {
        let global = self.global;
        let result = match self.command {
            Command::Demo(arguments) => demo::run(&global, arguments).await,
            Command::Init(arguments) => init::run(&global, arguments).await,
            Command::Plan(command) => plan::run(&global, command).await,
            Command::Check(arguments) => check::run(&global, arguments).await,
            Command::Run => run::run(&global).await,
            Command::Backfill(arguments) => backfill::run(&global, arguments).await,
            Command::Status => status::run(&global).await,
            Command::Effects(arguments) => effects::run(&global, arguments).await,
            Command::Explain(arguments) => explain::run(&global, arguments).await,
            Command::Adjust(arguments) => adjust::run(&global, arguments).await,
            Command::Reconcile(arguments) => reconcile::run(&global, arguments).await,
            Command::Reread(arguments) => reread::run(&global, arguments).await,
            Command::Export(arguments) => export::run(&global, arguments).await,
            Command::Erase(arguments) => erase::run(&global, arguments).await,
        };
        result.unwrap_or_else(|error| {
            output::print_error(&error);
            ExitCode::FAILURE
        })
    }
}
