//! `topicscore export`: everything held of a contact, for whoever asks what is known of them.

use super::explain::plan_in_force;
use super::{Global, load, output};
use crate::app::Instance;
use crate::config::WriteMode;
use crate::domain::{
    Activity, Adjustment, ContactId, Effect, Fired, LedgerRow, Merge, Profile, RuleKey, SegmentId,
};
use crate::intake::decode::items_about;
use crate::people::{Explained, Question, explain};
use crate::store::{Held, HeldCall, HeldItem, StoredScore, TargetState, WriteSummary};
use clap::Args;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::{fs::OpenOptions, process::ExitCode};

/// Name and version of the document's form. Members may be added under the same version.
const SCHEMA: &str = "topicscore.contact/1";

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Mautic's contact id
    #[arg(value_name = "CONTACT")]
    contact: ContactId,
    /// Write it to this new file, which only you can read; without it, to stdout
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Everything held of a contact.
#[derive(Debug, Serialize)]
struct Document {
    schema: &'static str,
    exported_at: Timestamp,
    mautic: String,
    asked_for: ContactId,
    contact: ContactId,
    /// All ids it has or had.
    ids: Vec<ContactId>,
    /// As Mautic showed it last.
    profile: Option<Profile>,
    observed_points: Option<i64>,
    segments: Vec<SegmentId>,
    scores: Vec<StoredScore>,
    scored: Option<(Timestamp, String)>,
    next_change: Option<Timestamp>,
    /// Why it has these scores; none before a plan was in force.
    explanation: Option<Explained>,
    activities: Vec<Done>,
    merges: Vec<Merge>,
    points_log: Vec<LedgerRow>,
    adjustments: Vec<Adjustment>,
    /// Triggers that fired.
    fired: BTreeMap<RuleKey, Fired>,
    effects: Vec<Effect>,
    /// What Mautic should hold and what it was seen to hold.
    targets: Vec<TargetState>,
    writes: Vec<WriteSummary>,
    calls: Vec<HeldCall>,
    /// What Mautic's webhooks told of it, as it came.
    deliveries: Vec<Delivery>,
    /// What was not understood and may be about it.
    parked: Vec<HeldItem>,
}

#[derive(Debug, Serialize)]
struct Done {
    #[serde(flatten)]
    activity: Activity,
    /// Who did it then, where that was a contact since merged into this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    done_by: Option<ContactId>,
}

#[derive(Debug, Serialize)]
struct Delivery {
    id: i64,
    received_at: Timestamp,
    items: Vec<Item>,
}

#[derive(Debug, Serialize)]
struct Item {
    event: String,
    /// Text where it is no JSON.
    item: Value,
}

pub(super) async fn run(global: &Global, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let config = load::config(global, load::Lines::Few)?;
    let instance = load::open_existing(config)?;
    let Some(held) = instance.store.held(arguments.contact).await? else {
        return Err(nothing(&instance, arguments.contact).await?);
    };
    let explanation = explanation(&instance, held.contact).await;
    let document = document(&instance, arguments.contact, held, explanation);
    let Some(file) = arguments.output else {
        output::print_json(&document)?;
        return Ok(ExitCode::SUCCESS);
    };
    write_new(&file, &serde_json::to_string_pretty(&document)?)?;
    if global.json {
        output::print_json(&serde_json::json!({ "file": file, "contact": document.contact }))?;
    } else {
        let (contact, file) = (document.contact, file.display());
        output::print_text(&format!(
            "everything held of contact {contact} is in {file}, which only you can read"
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Why there is nothing.
async fn nothing(instance: &Instance, contact: ContactId) -> anyhow::Result<anyhow::Error> {
    let is_erased = instance.store.resolve(contact).await?.is_none();
    Ok(if is_erased {
        output::advice(
            format!("contact {contact} was erased"),
            "nothing is held of it but a keyed hash of its id, so that it stays gone",
        )
    } else {
        output::advice(
            format!("nothing is held of contact {contact}"),
            "the number is Mautic's contact id; `topicscore backfill` reads what Mautic knows",
        )
    })
}

/// Without a plan, or with one that does not fit any more, there is no explanation.
async fn explanation(instance: &Instance, contact: ContactId) -> Option<Explained> {
    let plan = plan_in_force(instance).await.ok()?;
    let question = Question {
        contact,
        topic: None,
        at: None,
        now: instance.clock.now(),
        observes: instance.config.write.mode == WriteMode::Observe,
    };
    explain(&instance.store, &plan, question).await.ok()
}

fn document(
    instance: &Instance,
    asked_for: ContactId,
    held: Held,
    explanation: Option<Explained>,
) -> Document {
    let deliveries = deliveries(&held);
    let overview = held.overview;
    let snapshot = held.snapshot;
    let mut document = Document {
        schema: SCHEMA,
        exported_at: instance.clock.now(),
        mautic: instance.config.mautic.base_url.to_string(),
        asked_for,
        contact: held.contact,
        ids: held.ids,
        profile: None,
        observed_points: None,
        segments: Vec::new(),
        scores: Vec::new(),
        scored: None,
        next_change: None,
        explanation,
        activities: Vec::new(),
        merges: Vec::new(),
        points_log: held.points_log,
        adjustments: held.adjustments,
        fired: BTreeMap::new(),
        effects: held.effects,
        targets: Vec::new(),
        writes: held.writes,
        calls: held.calls,
        deliveries,
        parked: held.parked,
    };
    if let Some(overview) = overview {
        document.profile = overview.profile;
        document.observed_points = overview.observed_points;
        document.segments = overview.segments;
        document.scores = overview.scores;
        document.scored = overview.scored;
        document.next_change = overview.next_change;
        document.targets = overview.targets;
    }
    if let Some(snapshot) = snapshot {
        let mut done_by = snapshot.done_by;
        let activities = snapshot.activities.into_iter();
        document.activities = activities
            .map(|activity| Done {
                done_by: done_by.remove(&activity.key),
                activity,
            })
            .collect();
        document.merges = snapshot.merges;
        document.fired = snapshot.fired;
    }
    document
}

/// Of each delivery only what tells of this contact: the rest is about others.
fn deliveries(held: &Held) -> Vec<Delivery> {
    let ids = held.ids.iter().copied().collect();
    let told = held.deliveries.iter().map(|raw| Delivery {
        id: raw.id.0,
        received_at: raw.received_at,
        items: items_about(&raw.body, &ids)
            .into_iter()
            .map(|item| Item {
                event: item.event,
                item: serde_json::from_str(&item.text).unwrap_or(Value::String(item.text)),
            })
            .collect(),
    });
    told.filter(|delivery| !delivery.items.is_empty()).collect()
}

/// What is there is not overwritten, and nobody else may read it.
fn write_new(file: &Path, text: &str) -> anyhow::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options
        .open(file)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| {
        output::advice(
            format!("{} can't be written: {error}", file.display()),
            "name a file that is not there yet, in a folder that you may write to",
        )
    })
}
