//! Waiting until nothing is left to do, and what then is to be said.

use super::oracle::{Difference, Held, Story, differences};
use super::scene::Scene;
use crate::store::Counts;
use anyhow::bail;
use jiff::Timestamp;
use serde::Serialize;
use std::{collections::BTreeMap, time::Duration};
use tokio::time::{Instant, sleep};

/// How often rest is looked for.
const LOOK: Duration = Duration::from_millis(100);

/// What came of a bounded scenario.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Contacts known to the journal.
    pub contacts: u64,
    /// Activities in the journal.
    pub activities: u64,
    /// Webhook deliveries accepted.
    pub deliveries: u64,
    /// Scores held (contact and topic).
    pub scores: u64,
    /// Calls that wrote to Mautic.
    pub writes: u64,
    /// Those per contact.
    pub writes_per_contact: f64,
    /// Contacts merged into others.
    pub merged: u64,
    /// Items that were not understood.
    pub parked: u64,
    /// From delivery to write-back in milliseconds: half of the writes were at most this late.
    pub delay_ms_median: Option<u64>,
    /// 99 of 100 writes were at most this late.
    pub delay_ms_p99: Option<u64>,
    /// Whether everything came to rest: nothing undecoded, unscored or unwritten.
    pub at_rest: bool,
    /// Where the stand-in differs from the oracle.
    pub differences: u64,
    /// The first of them.
    pub first_differences: Vec<Difference>,
}

/// Waits until nothing is left to do: everything told is decoded, scored and written, and each
/// table was polled to its end after now.
///
/// # Errors
/// When that takes longer than `at_most`, saying what is left.
pub async fn come_to_rest(scene: &Scene, at_most: Duration) -> anyhow::Result<Counts> {
    let since = scene.instance.clock.now();
    let until = Instant::now() + at_most;
    loop {
        let counts = scene.instance.store.counts().await?;
        let polled = scene.instance.polled_since(since);
        let left =
            counts.undecoded + counts.dirty + counts.pending_intents + counts.pending_effects;
        if polled && left == 0 {
            return Ok(counts);
        }
        if Instant::now() > until {
            bail!(
                "no rest after {at_most:?}: {} deliveries undecoded, {} contacts unscored, {} intents \
                 unwritten, {} effects not done, all tables polled: {polled}",
                counts.undecoded,
                counts.dirty,
                counts.pending_intents,
                counts.pending_effects
            );
        }
        sleep(LOOK).await;
    }
}

/// Compares and counts.
///
/// # Errors
/// The store's.
pub async fn report(
    scene: &Scene,
    story: &mut Story,
    since: Timestamp,
    at_rest: bool,
) -> anyhow::Result<Report> {
    let (held, became) = scene.mautic.held().await;
    story.became = became;
    let found = differences(story, &scene.catalog, &held);
    let counts = scene.instance.store.counts().await?;
    let delays = scene.instance.store.write_delays(since, 1_000_000).await?;
    Ok(Report {
        contacts: counts.contacts,
        activities: counts.activities,
        deliveries: counts.deliveries,
        scores: counts.scores,
        writes: counts.writes,
        writes_per_contact: ratio(counts.writes, counts.contacts),
        merged: counts.merged,
        parked: counts.parked,
        delay_ms_median: quantile(&delays, 50),
        delay_ms_p99: quantile(&delays, 99),
        at_rest,
        differences: found.len() as u64,
        first_differences: found.into_iter().take(20).collect(),
    })
}

impl super::scene::Mautic {
    /// What the stand-in holds of each contact, and who merged-away ids are now.
    pub async fn held(&self) -> (BTreeMap<u64, Held>, BTreeMap<u64, u64>) {
        self.0
            .with_state(|state| {
                let contacts = state.contacts.values().map(|contact| {
                    let segments = state.segments.rows_of_contact(contact.id);
                    let held = Held {
                        groups: state.group_scores.of_contact(contact.id),
                        segments: segments.map(|(segment, _)| segment).collect(),
                    };
                    (contact.id, held)
                });
                let winner = |mut id: u64| {
                    while let Some(next) = state.merged_into.get(&id) {
                        id = *next;
                    }
                    id
                };
                let became = state.merged_into.keys().map(|id| (*id, winner(*id)));
                (contacts.collect(), became.collect())
            })
            .await
    }
}

#[allow(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn ratio(writes: u64, contacts: u64) -> f64 {
    if contacts == 0 {
        0.0
    } else {
        (writes as f64 / contacts as f64 * 100.0).round() / 100.0
    }
}

/// The value that `percent` of 100 ascending values do not exceed.
fn quantile(ascending: &[u64], percent: usize) -> Option<u64> {
    let last = ascending.len().checked_sub(1)?;
    ascending
        .get((ascending.len() * percent / 100).min(last))
        .copied()
}
