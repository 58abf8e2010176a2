//! The console commands an administrator runs by cron.

use crate::state::{Actor, Id, State};

/// Where the console seems to come from.
const LOCALHOST: &str = "127.0.0.1";
/// Exit code of an unknown command, as Symfony's console gives it.
const UNKNOWN_COMMAND: i32 = 1;

/// Runs a command and gives its exit code.
pub fn run(state: &mut State, command: &str) -> i32 {
    state.actor = Actor::Nobody;
    LOCALHOST.clone_into(&mut state.remote_address);
    let name = command.split_whitespace().next().unwrap_or_default();
    let campaign = option(command, &["-i", "--campaign-id"]);
    let exit_code = match name {
        "mautic:webhooks:process" => crate::webhooks::run_queue(state),
        "mautic:segments:update" => {
            crate::segments::update(state, option(command, &["-i", "--list-id"]))
        }
        "mautic:campaigns:update" | "mautic:campaigns:rebuild" => {
            crate::campaigns::update(state, campaign)
        }
        "mautic:campaigns:trigger" => crate::campaigns::trigger(state, campaign),
        _ => UNKNOWN_COMMAND,
    };
    state.forget_entities();
    exit_code
}

/// The id given as `-i 3`, `-i3` or `--list-id=3`.
fn option(command: &str, names: &[&str]) -> Option<Id> {
    let words: Vec<&str> = command.split_whitespace().collect();
    words.iter().enumerate().find_map(|(index, word)| {
        let rest = names.iter().find_map(|name| word.strip_prefix(name))?;
        let value = rest.trim_start_matches('=');
        if value.is_empty() {
            words.get(index + 1)?.parse().ok()
        } else {
            value.parse().ok()
        }
    })
}
