//! `topicscore adjust`: points given by hand. Works beside a running daemon: both use the store.

use super::explain::plan_in_force;
use super::{Global, load, output};
use crate::app::{Instance, kept_catalog};
use crate::domain::{Adjustment, ContactId, Scope};
use crate::people::{Given, Whose, Wish, end, give, is_over, known};
use clap::{Args, Subcommand};
use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;
use std::process::ExitCode;

const SOON: &str =
    "a running daemon scores it within seconds; without one, the next `topicscore run` does";

#[derive(Debug, Args)]
#[command(subcommand_negates_reqs = true, args_conflicts_with_subcommands = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    whom: Whom,
    /// The topic (its key in the plan)
    #[arg(long, required = true, value_name = "TOPIC")]
    topic: Option<String>,
    /// Points; take some with a number below 0
    #[arg(long, required = true, value_name = "N", allow_negative_numbers = true)]
    points: Option<i32>,
    /// Why; stands in every explanation
    #[arg(long, required = true, value_name = "TEXT")]
    reason: Option<String>,
    /// Who gives them
    #[arg(long, env = "USER", value_name = "NAME")]
    author: Option<String>,
    /// They count until then; without it, until somebody takes them back
    ///
    /// A date (its beginning), a local time in the plan's time zone, or a moment with its offset.
    #[arg(long, value_name = "DATE")]
    expires: Option<String>,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Whom {
    /// Mautic's contact id
    #[arg(value_name = "CONTACT")]
    contact: Option<u32>,
    /// Everybody in this segment, while in it; by id or name
    #[arg(long, value_name = "SEGMENT")]
    segment: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List points given by hand, newest first
    List {
        /// Only what concerns this contact, by itself or by a segment it is in
        #[arg(value_name = "CONTACT")]
        contact: Option<u32>,
        /// Those that count no more, too
        #[arg(long)]
        all: bool,
    },
    /// Take points back: they count no longer
    End {
        /// Its number, as `adjust list` shows it
        #[arg(value_name = "ID")]
        id: i64,
    },
}

#[derive(Debug, Serialize)]
struct List {
    at: Timestamp,
    adjustments: Vec<Adjustment>,
    /// Those that count no more and are not listed.
    over: usize,
}

pub(super) async fn run(global: &Global, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let config = load::config(global, load::Lines::Few)?;
    let instance = load::open_existing(config)?;
    match &arguments.command {
        Some(Command::List { contact, all }) => list(global, &instance, *contact, *all).await?,
        Some(Command::End { id }) => take_back(global, &instance, *id).await?,
        None => add(global, &instance, arguments).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn add(global: &Global, instance: &Instance, arguments: Arguments) -> anyhow::Result<()> {
    let plan = plan_in_force(instance).await?;
    let wish = wish(arguments)?;
    let given = give(&instance.store, &plan, &wish, instance.clock.now()).await;
    let given = given.map_err(output::refused)?;
    if global.json {
        return output::print_json(&given);
    }
    output::print_text(&given_text(&given, &plan.ticks.zone))
}

fn wish(arguments: Arguments) -> anyhow::Result<Wish> {
    let missing = |what: &str| {
        output::advice(
            format!("{what} is missing"),
            "`topicscore adjust --help` shows what to give",
        )
    };
    let whose = match (arguments.whom.contact, arguments.whom.segment) {
        (Some(contact), _) => Whose::Contact(ContactId(contact)),
        (None, Some(segment)) => Whose::Segment(segment),
        (None, None) => return Err(missing("the contact or segment")),
    };
    Ok(Wish {
        whose,
        topic: arguments.topic.ok_or_else(|| missing("--topic"))?,
        points: arguments.points.ok_or_else(|| missing("--points"))?,
        reason: arguments.reason.ok_or_else(|| missing("--reason"))?,
        author: arguments.author.ok_or_else(|| {
            output::advice(
                "nobody is named who gives the points",
                "name yourself with --author NAME; it is $USER where that is set",
            )
        })?,
        expires: arguments.expires,
    })
}

fn given_text(given: &Given, zone: &TimeZone) -> String {
    let Adjustment {
        id,
        scope,
        topic,
        points,
        author,
        reason,
        expires_at,
        ..
    } = &given.adjustment;
    let mut lines = Vec::new();
    if let (Some(loser), Scope::Contact(winner)) = (given.merged_from, scope) {
        lines.push(format!(
            "contact {loser} was merged into contact {winner}, which gets the points"
        ));
    }
    let whom = match scope {
        Scope::Contact(contact) => format!("contact {contact}"),
        Scope::Segment(segment) => {
            let contacts = output::number(given.contacts, "contact");
            format!("everybody in segment {segment} ({contacts} as far as known)")
        }
    };
    let until = expires_at.map_or(String::new(), |at| {
        format!(", until {}", output::local(at, zone))
    });
    lines.push(format!(
        "adjustment {id}: {points:+} in {topic} for {whom}{until}, by {author}: {reason}"
    ));
    lines.push(SOON.to_owned());
    lines.join("\n")
}

async fn list(
    global: &Global,
    instance: &Instance,
    contact: Option<u32>,
    all: bool,
) -> anyhow::Result<()> {
    let contact = match contact {
        None => None,
        Some(id) => {
            let winner = known(&instance.store, ContactId(id)).await;
            Some(winner.map_err(output::refused)?)
        }
    };
    let now = instance.clock.now();
    let mut adjustments = instance.store.adjustments(contact, usize::MAX).await?;
    let found = adjustments.len();
    adjustments.retain(|one| all || !is_over(one, now));
    let list = List {
        at: now,
        over: found - adjustments.len(),
        adjustments,
    };
    if global.json {
        return output::print_json(&list);
    }
    // Without a plan nothing could be given, and there is nothing to show times of.
    let zone = match plan_in_force(instance).await {
        Ok(plan) => plan.ticks.zone,
        Err(_) => TimeZone::UTC,
    };
    let catalog = kept_catalog(&instance.store).await?.unwrap_or_default();
    let name = |one: &Adjustment| match one.scope {
        Scope::Contact(contact) => format!("contact {contact}"),
        Scope::Segment(segment) => match catalog.segment_name(segment) {
            Some(name) => format!("segment {segment} \"{name}\""),
            None => format!("segment {segment}"),
        },
    };
    output::print_text(&list_text(&list, name, &zone))
}

fn list_text(list: &List, name: impl Fn(&Adjustment) -> String, zone: &TimeZone) -> String {
    let mut parts = Vec::new();
    if list.adjustments.is_empty() {
        parts.push("no points given by hand count now".to_owned());
    } else {
        let titles = [
            "no.", "whose", "topic", "points", "since", "until", "by", "why",
        ];
        let mut rows = vec![titles.map(str::to_owned).to_vec()];
        rows.extend(list.adjustments.iter().map(|one| {
            vec![
                one.id.to_string(),
                name(one),
                one.topic.to_string(),
                format!("{:+}", one.points),
                output::local(one.at, zone),
                one.expires_at
                    .map_or("-".to_owned(), |at| output::local(at, zone)),
                one.author.clone(),
                one.reason.clone(),
            ]
        }));
        parts.push(output::table(&rows));
    }
    if list.over > 0 {
        parts.push(format!("{} more count no longer (--all)", list.over));
    }
    parts.join("\n")
}

async fn take_back(global: &Global, instance: &Instance, id: i64) -> anyhow::Result<()> {
    let ended = end(&instance.store, id, instance.clock.now()).await;
    let ended = ended.map_err(output::refused)?;
    if global.json {
        return output::print_json(&ended);
    }
    let Adjustment {
        scope,
        topic,
        points,
        ..
    } = &ended;
    let whose = scope.to_string().replace(':', " ");
    output::print_text(&format!(
        "adjustment {id} counts no longer: {points:+} in {topic} for {whose}\n{SOON}"
    ))
}
