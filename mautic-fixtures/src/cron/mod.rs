//! The console commands an administrator runs by cron.

use crate::state::{Actor, State};

/// Exit code of an unknown command, as Symfony's console gives it.
const UNKNOWN_COMMAND: i32 = 1;

/// Runs a command and gives its exit code.
pub fn run(state: &mut State, command: &str) -> i32 {
    state.actor = Actor::Nobody;
    let name = command.split_whitespace().next().unwrap_or_default();
    match name {
        "mautic:webhooks:process" => crate::webhooks::run_queue(state),
        _ => UNKNOWN_COMMAND,
    }
}
