//! `topicscore erase`: everything held of a contact goes, for good.
//!
//! Works beside a running daemon: both use the store, and what the daemon has in hand of the
//! contact is dropped when it comes to the store.

use super::{Global, ask, load, output};
use crate::app::Instance;
use crate::domain::{ContactId, Fact, Sighting, Source, Urgency};
use crate::mautic::{ContactAnswer, Priority};
use crate::store::{Amounts, Batch, Origin};
use clap::Args;
use serde::Serialize;
use std::{process::ExitCode, time::Duration};

/// Somebody who reads the store keeps its log from being emptied: so often it is tried.
const ATTEMPTS: u32 = 10;
const PAUSE: Duration = Duration::from_millis(500);

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Mautic's contact id
    #[arg(value_name = "CONTACT")]
    contact: ContactId,
    /// Do not ask for a confirmation
    #[arg(long)]
    yes: bool,
    /// Let an erased contact be known again, from what Mautic tells from now on
    ///
    /// What was erased does not come back by itself: `topicscore backfill` reads what Mautic has.
    #[arg(long, conflicts_with = "yes")]
    undo: bool,
}

/// Whether Mautic has the contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum InMautic {
    There,
    Gone,
    /// Mautic could not be asked.
    Unknown,
}

/// What was done.
#[derive(Debug, Serialize)]
struct Erased {
    asked_for: ContactId,
    /// The contact it stands for; none if it was erased before.
    contact: Option<ContactId>,
    /// All ids it had.
    ids: Vec<ContactId>,
    in_mautic: InMautic,
    /// How much there was.
    held: Amounts,
    /// Whether nothing is left in the store's files. Else the daemon does the rest.
    complete: bool,
}

pub(super) async fn run(global: &Global, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let config = load::config(global, load::Lines::Few)?;
    let instance = load::open_existing(config)?;
    if arguments.undo {
        return undo(global, &instance, arguments.contact).await;
    }
    let mut erased = look(&instance, arguments.contact).await?;
    if erased.contact.is_some() {
        output::tell(before(&erased));
        if !ask::confirm("Erase it for good?", arguments.yes)? {
            return Ok(ExitCode::FAILURE);
        }
        erase(&instance, arguments.contact).await?;
    }
    erased.complete = finish(&instance).await?;
    if global.json {
        output::print_json(&erased)?;
    } else {
        output::print_text(&after(&erased))?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn look(instance: &Instance, asked_for: ContactId) -> anyhow::Result<Erased> {
    let contact = instance.store.resolve(asked_for).await?;
    let held = instance.store.amounts(asked_for).await?;
    let asked = instance.client.contact(asked_for, Priority::Urgent).await;
    Ok(Erased {
        asked_for,
        contact,
        ids: match &held {
            Some(held) => held.ids.clone(),
            None => contact.into_iter().collect(),
        },
        in_mautic: match asked {
            Ok(ContactAnswer::Found(_) | ContactAnswer::Merged(_)) => InMautic::There,
            Ok(ContactAnswer::Gone) => InMautic::Gone,
            Err(_) => InMautic::Unknown,
        },
        held: held.unwrap_or_default(),
        complete: false,
    })
}

async fn erase(instance: &Instance, contact: ContactId) -> anyhow::Result<()> {
    let now = instance.clock.now();
    // By Mautic's clock, as it dates contacts.
    let at = instance.client.there(now);
    let batch = Batch {
        origin: Origin::Lookup,
        sightings: vec![Sighting {
            source: Source::Poll,
            fact: Fact::Deleted { contact, at },
        }],
        parked: Vec::new(),
        received_at: now,
        urgency: Urgency::Fresh,
        asked: None,
    };
    instance.store.apply(batch).await?;
    Ok(())
}

async fn finish(instance: &Instance) -> anyhow::Result<bool> {
    for _ in 0..ATTEMPTS {
        if instance.store.finish_erasures().await?.complete {
            return Ok(true);
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(false)
}

async fn undo(
    global: &Global,
    instance: &Instance,
    contact: ContactId,
) -> anyhow::Result<ExitCode> {
    let now = instance.clock.now();
    let was_erased = instance.store.allow_again(contact, now).await?;
    if !was_erased {
        return Err(output::advice(
            format!("contact {contact} was not erased"),
            "there is nothing to undo",
        ));
    }
    if global.json {
        output::print_json(&serde_json::json!({ "contact": contact, "allowed_again": true }))?;
    } else {
        output::print_text(&format!(
            "contact {contact} is known again from what Mautic tells from now on; what it did \
             before comes back with `topicscore backfill`, as far as Mautic has it"
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn before(erased: &Erased) -> String {
    let Amounts {
        profile,
        activities,
        scores,
        points_log,
        adjustments,
        effects,
        writes,
        deliveries,
        parked,
        ..
    } = erased.held;
    let asked_for = erased.asked_for;
    let mut lines = Vec::new();
    match erased.contact {
        Some(contact) if contact != asked_for => lines.push(format!(
            "contact {asked_for} was merged into contact {contact}: they are one person, and all of \
             contact {contact} is erased"
        )),
        _ => {}
    }
    let others: Vec<String> = erased.ids.iter().map(ToString::to_string).collect();
    if others.len() > 1 {
        lines.push(format!("its ids: {}", others.join(", ")));
    }
    let amounts = [
        (u64::from(profile), "profile"),
        (activities, "activity"),
        (scores, "score"),
        (points_log, "row of the points log"),
        (adjustments, "adjustment"),
        (effects, "effect"),
        (writes, "write"),
        (deliveries, "raw delivery"),
        (parked, "item not understood"),
    ];
    let amounts: Vec<String> = amounts
        .into_iter()
        .filter(|(amount, _)| *amount > 0)
        .map(|(amount, what)| plural(amount, what))
        .collect();
    lines.push(match amounts.as_slice() {
        [] => "nothing is held of it yet".to_owned(),
        some => format!("held: {}", some.join(", ")),
    });
    lines.push(of_mautic(erased.in_mautic).to_owned());
    lines.join("\n")
}

fn plural(amount: u64, what: &str) -> String {
    match (amount, what) {
        (1, what) => format!("1 {what}"),
        (_, "activity") => format!("{amount} activities"),
        (_, "row of the points log") => format!("{amount} rows of the points log"),
        (_, "raw delivery") => format!("{amount} raw deliveries"),
        (_, "item not understood") => format!("{amount} items not understood"),
        (_, what) => format!("{amount} {what}s"),
    }
}

const fn of_mautic(there: InMautic) -> &'static str {
    match there {
        InMautic::There => {
            "Mautic has this contact and keeps its own data, scores and segments included; \
             topicscore ignores the contact from now on"
        }
        InMautic::Gone => "Mautic has no such contact any more",
        InMautic::Unknown => {
            "Mautic could not be asked whether it has this contact; topicscore ignores the contact \
             from now on"
        }
    }
}

fn after(erased: &Erased) -> String {
    let asked_for = erased.asked_for;
    let what = match erased.contact {
        Some(contact) => format!("contact {contact} is erased"),
        None => format!("contact {asked_for} was erased before"),
    };
    if erased.complete {
        return format!("{what}; nothing of it is left in the store's files");
    }
    format!(
        "{what}; somebody is reading the store, so that traces may still be in its log: a running \
         daemon removes them within seconds, or run the same command again"
    )
}
