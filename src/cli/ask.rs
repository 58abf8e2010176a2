//! Questions to the person at the terminal, on stderr.

use super::output;
use dialoguer::{Confirm, Input, Password};
use secrecy::SecretString;
use std::io::{self, IsTerminal};

pub(super) fn is_possible() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

pub(super) fn text(question: &str, default: Option<&str>) -> anyhow::Result<String> {
    let input = Input::new().with_prompt(question);
    let input = match default {
        Some(default) => input
            .default(default.to_owned())
            .allow_empty(default.is_empty()),
        None => input,
    };
    let input = input.show_default(default.is_some_and(|default| !default.is_empty()));
    Ok(input.interact_text()?)
}

pub(super) fn secret(question: &str) -> anyhow::Result<SecretString> {
    Ok(Password::new().with_prompt(question).interact()?.into())
}

/// Whether to do it; `yes`: the command line said so already.
pub(super) fn confirm(question: &str, yes: bool) -> anyhow::Result<bool> {
    if yes {
        return Ok(true);
    }
    if !is_possible() {
        return Err(output::advice(
            format!("this needs a confirmation, and there is nobody to ask: {question}"),
            "add --yes if that is what you want",
        ));
    }
    Ok(Confirm::new()
        .with_prompt(question)
        .default(false)
        .interact()?)
}
