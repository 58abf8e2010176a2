//! `topicscore status`: what the store holds and what is waiting.

use super::{Global, load, output};
use crate::app::{Instance, WHAT_TO_DO, noticed_before};
use crate::domain::WentBack;
use crate::intake::poll::Feed;
use crate::store::{Counts, PlanRecord, WriteSummary};
use crate::web::Mode;
use crate::writeback::sweep::{SweepState, kept_state};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use std::{collections::BTreeMap, path::PathBuf, process::ExitCode};

const WRITES_SHOWN: usize = 5;
const PARKED_SHOWN: usize = 5;
/// Delays are reckoned over this time, and at most so many writes.
const DELAY_WINDOW: SignedDuration = SignedDuration::from_hours(24);
const DELAY_SAMPLES: usize = 10_000;

#[derive(Debug, Serialize)]
struct Status {
    mautic: String,
    mode: Mode,
    store: PathBuf,
    store_bytes: Option<u64>,
    plan: Option<PlanInForce>,
    /// Mautic was restored from a backup, and nobody did anything about it yet.
    went_back: Option<WentBack>,
    counts: Counts,
    delays: Delays,
    /// How far the comparison with Mautic is.
    sweep: SweepState,
    /// How far each table was read by polling: name to position.
    polls: BTreeMap<&'static str, String>,
    recent_writes: Vec<WriteSummary>,
    recent_parked: Vec<crate::store::ParkedItem>,
}

#[derive(Debug, Serialize)]
struct PlanInForce {
    version: String,
    since: Timestamp,
    /// Whether the plan's file says something else by now; `None`: it can't be read.
    file_differs: Option<bool>,
}

/// Milliseconds from delivery or poll to write-back, in the last 24 hours.
#[derive(Debug, Default, Serialize)]
struct Delays {
    writes: usize,
    median_ms: Option<u64>,
    p99_ms: Option<u64>,
}

impl Delays {
    /// Nearest-rank percentiles of ascending delays.
    fn of(ascending: &[u64]) -> Self {
        let rank = |percent: usize| {
            let index = (ascending.len() * percent).div_ceil(100).saturating_sub(1);
            ascending.get(index).copied()
        };
        Self {
            writes: ascending.len(),
            median_ms: rank(50),
            p99_ms: rank(99),
        }
    }
}

pub(super) async fn run(global: &Global) -> anyhow::Result<ExitCode> {
    let config = load::config(global, load::Lines::Few)?;
    let instance = load::open_existing(config)?;
    let status = read(&instance).await?;
    if global.json {
        output::print_json(&status)?;
    } else {
        output::print_text(&text(&status, instance.clock.now()))?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn read(instance: &Instance) -> anyhow::Result<Status> {
    let (store, now) = (&instance.store, instance.clock.now());
    let since = now.saturating_sub(DELAY_WINDOW).unwrap_or(Timestamp::MIN);
    let mut polls = BTreeMap::new();
    for feed in Feed::ALL {
        if let Some(position) = store.cursor(feed.name()).await? {
            // The rest is for the poller.
            let reached = position.split(' ').next().unwrap_or_default();
            polls.insert(feed.name(), reached.to_owned());
        }
    }
    let path = instance.config.store.path.clone();
    Ok(Status {
        mautic: instance.config.mautic.base_url.to_string(),
        mode: instance.config.write.mode.into(),
        store_bytes: std::fs::metadata(&path).ok().map(|file| file.len()),
        store: path,
        plan: store
            .active_plan()
            .await?
            .map(|plan| in_force(instance, plan)),
        went_back: noticed_before(store).await?,
        counts: store.counts().await?,
        delays: Delays::of(&store.write_delays(since, DELAY_SAMPLES).await?),
        sweep: kept_state(store).await?,
        polls,
        recent_writes: store.recent_writes(WRITES_SHOWN).await?,
        recent_parked: store.parked_items(PARKED_SHOWN).await?,
    })
}

fn in_force(instance: &Instance, plan: PlanRecord) -> PlanInForce {
    let file = std::fs::read_to_string(&instance.config.plan.file).ok();
    PlanInForce {
        version: plan.version,
        since: plan.activated_at,
        file_differs: file.map(|text| text != plan.text),
    }
}

fn text(status: &Status, now: Timestamp) -> String {
    let mut parts = vec![
        heading(status),
        counts(&status.counts, &status.delays),
        format!("sweep: {}", status.sweep.words(now)),
    ];
    if let Some(sign) = &status.went_back {
        parts.insert(0, format!("{sign}. {WHAT_TO_DO}"));
    }
    if !status.polls.is_empty() {
        let polls = status.polls.iter();
        let rows = polls.map(|(name, position)| vec![format!("  {name}"), position.clone()]);
        let rows: Vec<_> = rows.collect();
        parts.push(format!("polled up to\n{}", output::table(&rows)));
    }
    if !status.recent_writes.is_empty() {
        parts.push(format!(
            "newest writes\n{}",
            writes(&status.recent_writes, now)
        ));
    }
    if !status.recent_parked.is_empty() {
        let items = status.recent_parked.iter();
        let lines = items.map(|item| format!("  {} {}: {}", item.at, item.kind, item.reason));
        let lines: Vec<_> = lines.collect();
        parts.push(format!(
            "newest parked items (kept, not understood)\n{}",
            lines.join("\n")
        ));
    }
    parts.join("\n\n")
}

fn heading(status: &Status) -> String {
    let plan = match &status.plan {
        None => "none yet: `topicscore run` puts the plan in force".to_owned(),
        Some(plan) => {
            let differs = match plan.file_differs {
                Some(true) => "; the file says something else by now: restart, or send SIGHUP",
                Some(false) | None => "",
            };
            format!("version {} since {:.0}{differs}", plan.version, plan.since)
        }
    };
    let size = status.store_bytes.map_or(String::new(), |bytes| {
        format!(", {} MiB", bytes.div_ceil(1 << 20))
    });
    format!(
        "Mautic  {}\nmode    {}\nplan    {plan}\nstore   {}{size}",
        status.mautic,
        status.mode,
        status.store.display()
    )
}

fn counts(counts: &Counts, delays: &Delays) -> String {
    let rows = [
        ("contacts", counts.contacts, ""),
        ("activities", counts.activities, ""),
        ("scores", counts.scores, ""),
        ("deliveries", counts.deliveries, "webhooks accepted"),
        (
            "undecoded",
            counts.undecoded,
            "deliveries waiting to be read",
        ),
        ("parked", counts.parked, "items not understood, kept"),
        ("dirty", counts.dirty, "contacts waiting to be scored"),
        (
            "pending",
            counts.pending_intents,
            "values waiting to be written",
        ),
        ("stuck", counts.parked_intents, "of them need a person"),
        (
            "effects",
            counts.pending_effects,
            "actions of triggers waiting to be done",
        ),
        (
            "failed",
            counts.failed_effects,
            "of them given up: see `topicscore effects`",
        ),
        (
            "unknown",
            counts.unknown_effects,
            "of them may have been done or not: see `topicscore effects`",
        ),
        ("writes", counts.writes, "calls that wrote to Mautic"),
        ("merged", counts.merged, "contacts merged away"),
        ("deleted", counts.deleted, "contacts erased"),
    ];
    let rows: Vec<_> = rows
        .map(|(name, count, what)| vec![format!("  {name}"), count.to_string(), what.to_owned()])
        .into();
    let delay = match (delays.median_ms, delays.p99_ms) {
        (Some(median), Some(p99)) => format!(
            "from event to write-back (24 h, {} writes): median {median} ms, 99 % within {p99} ms",
            delays.writes
        ),
        _ => "nothing was written to Mautic in the last 24 h".to_owned(),
    };
    format!("counts\n{}\n\n{delay}", output::table(&rows))
}

fn writes(writes: &[WriteSummary], now: Timestamp) -> String {
    let rows = writes.iter().map(|write| {
        vec![
            format!("  {}", output::ago(write.record.at, now)),
            format!("contact {}", write.contact),
            write.target.clone(),
            write.desired.to_string(),
            write.outcome.clone(),
            write.reason.clone(),
        ]
    });
    output::table(&rows.collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::Delays;

    #[test]
    fn delays_are_nearest_rank() {
        let cases: [(&[u64], Option<u64>, Option<u64>); 3] = [
            (&[], None, None),
            (&[7], Some(7), Some(7)),
            (&[1, 2, 3, 4], Some(2), Some(4)),
        ];
        for (delays, median, p99) in cases {
            let found = Delays::of(delays);
            assert_eq!((found.median_ms, found.p99_ms), (median, p99), "{delays:?}");
        }
    }
}
