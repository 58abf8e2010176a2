//! `topicscore plan`: makes plans and looks after them.

pub(super) mod base;
pub(super) mod gather;
mod import;
mod report;

use super::Global;
use clap::Subcommand;
pub(super) use import::known_zone;
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a plan from Mautic's own point actions, or merge into yours what changed there
    ///
    /// Comments, order and edits of a plan that is there stay: a value follows Mautic only while
    /// the plan still says what Mautic said at the last import. Rules are never removed.
    Import(import::Arguments),
}

pub(super) async fn run(global: &Global, command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Import(arguments) => import::run(global, arguments).await,
    }
}
