//! `topicscore effects`: what triggers did, and what an administrator has tried again.

use super::{Global, load, output};
use crate::app::Instance;
use crate::domain::{ContactId, Effect, EffectId, EffectState};
use crate::store::EffectQuery;
use clap::Args;
use jiff::Timestamp;
use serde::Serialize;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Only in this state: pending, started, done, failed, unknown, expired (several: repeat it)
    #[arg(long, value_name = "STATE")]
    state: Vec<EffectState>,
    /// Only of this contact
    #[arg(long, value_name = "ID")]
    contact: Option<ContactId>,
    /// How many at most, the newest ones
    #[arg(long, default_value_t = 20, value_name = "COUNT")]
    limit: usize,
    /// Try this one again that failed, came too late, or is unknown (several: repeat it)
    ///
    /// A mail in state `unknown` may have gone out: ask its receiver first.
    #[arg(long, value_name = "NUMBER", conflicts_with_all = ["state", "contact"])]
    retry: Vec<EffectId>,
}

/// An effect as it is printed.
#[derive(Debug, Serialize)]
struct Line {
    id: EffectId,
    contact: ContactId,
    trigger: String,
    reason: String,
    action: String,
    state: EffectState,
    attempts: u32,
    fired_at: Timestamp,
    finished_at: Option<Timestamp>,
    /// What was answered, or what the last attempt said.
    said: Option<String>,
}

impl From<Effect> for Line {
    fn from(effect: Effect) -> Self {
        Self {
            id: effect.id,
            contact: effect.contact,
            trigger: effect.name,
            reason: effect.reason,
            action: effect.action.to_string(),
            state: effect.state,
            attempts: effect.attempts,
            fired_at: effect.fired_at,
            finished_at: effect.finished_at,
            said: match effect.state {
                EffectState::Done => effect.answer,
                _ => effect.last_error,
            },
        }
    }
}

pub(super) async fn run(global: &Global, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let config = load::config(global, load::Lines::Few)?;
    let instance = load::open_existing(config)?;
    if arguments.retry.is_empty() {
        list(global, &instance, arguments).await
    } else {
        retry(&instance, &arguments.retry).await
    }
}

async fn list(
    global: &Global,
    instance: &Instance,
    arguments: Arguments,
) -> anyhow::Result<ExitCode> {
    let query = EffectQuery {
        contact: arguments.contact,
        states: arguments.state,
    };
    let one_more = arguments.limit.saturating_add(1);
    let mut effects = instance.store.effects(&query, one_more).await?;
    let more = effects.len() > arguments.limit;
    effects.truncate(arguments.limit);
    let lines: Vec<Line> = effects.into_iter().map(Line::from).collect();
    if global.json {
        output::print_json(&lines)?;
    } else if lines.is_empty() && !more {
        output::print_text("no trigger has fired yet, or none that led to such an effect")?;
    } else {
        output::print_text(&text(&lines, instance.clock.now()))?;
    }
    if more {
        output::tell("these are the newest; there are more, which a higher --limit shows");
    }
    Ok(ExitCode::SUCCESS)
}

fn text(lines: &[Line], now: Timestamp) -> String {
    let head = [
        "number", "fired", "contact", "trigger", "action", "state", "said",
    ];
    let head = head.map(str::to_owned).to_vec();
    let rows = lines.iter().map(|line| {
        vec![
            line.id.to_string(),
            output::ago(line.fired_at, now),
            line.contact.to_string(),
            line.trigger.clone(),
            line.action.clone(),
            line.state.name().to_owned(),
            line.said.clone().unwrap_or_default(),
        ]
    });
    output::table(&std::iter::once(head).chain(rows).collect::<Vec<_>>())
}

async fn retry(instance: &Instance, effects: &[EffectId]) -> anyhow::Result<ExitCode> {
    let mut all = true;
    for effect in effects {
        if instance
            .store
            .retry_effect(*effect, instance.clock.now())
            .await?
        {
            output::print_text(&format!("effect {effect} will be tried again"))?;
        } else {
            all = false;
            output::print_error(&output::advice(
                format!("effect {effect} is not failed, unknown or expired"),
                "`topicscore effects` lists them with their numbers and states",
            ));
        }
    }
    Ok(if all {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
