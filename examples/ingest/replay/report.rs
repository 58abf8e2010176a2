//! What came of recordings.

use super::{
    causes::Cause,
    deliveries::decodes,
    differences::{Alone, Difference, differences},
    journal::Journal,
    recording::Recording,
    told::Told,
    ways::{Way, ingest},
};
use anyhow::Context;
use futures::{StreamExt, TryStreamExt, stream};
use serde::Serialize;
use std::{collections::BTreeMap, sync::Arc};

/// Which sources are to be replayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Sources {
    /// Polls alone.
    Polls,
    /// Webhooks alone.
    Webhooks,
    /// Each alone and both together, compared.
    Both,
}

/// What came of one recording.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Outcome {
    pub(crate) name: String,
    pub(crate) deliveries: u64,
    pub(crate) decoded: u64,
    pub(crate) parked: u64,
    /// Of both sources together, or of the one asked for.
    pub(crate) activities: BTreeMap<&'static str, u64>,
    pub(crate) equal: bool,
    pub(crate) differences_explained: u64,
    pub(crate) differences_unexplained: u64,
    /// Explained differences by cause.
    pub(crate) causes: BTreeMap<Cause, u64>,
    pub(crate) explained: Vec<Difference>,
    pub(crate) unexplained: Vec<Difference>,
    /// Items parked, signatures that do not hold, and orders that give another journal.
    pub(crate) problems: Vec<String>,
}

/// What came of all.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    pub(crate) scenarios: u64,
    pub(crate) deliveries: u64,
    pub(crate) decoded: u64,
    pub(crate) parked: u64,
    pub(crate) activities: u64,
    pub(crate) equal: bool,
    pub(crate) differences_explained: u64,
    pub(crate) differences_unexplained: u64,
    pub(crate) causes: BTreeMap<Cause, u64>,
    pub(crate) by_scenario: Vec<Outcome>,
}

/// Takes a recording in by every way and compares.
async fn replay(recording: Arc<Recording>, sources: Sources) -> anyhow::Result<Outcome> {
    let genuine = recording.deliveries.iter().filter(|told| told.is_genuine());
    let forged = recording.deliveries.len() - genuine.count();
    let decoded = decodes(
        recording
            .deliveries
            .iter()
            .map(|told| told.body_raw.as_str()),
    );
    let mut outcome = Outcome {
        name: recording.name.clone(),
        deliveries: decoded.all,
        decoded: decoded.decoded,
        parked: 0,
        activities: BTreeMap::new(),
        equal: true,
        differences_explained: 0,
        differences_unexplained: 0,
        causes: BTreeMap::new(),
        explained: Vec::new(),
        unexplained: Vec::new(),
        problems: Vec::new(),
    };
    if forged > 0 {
        let problem = format!("{forged} deliveries whose signature does not hold");
        outcome.problems.push(problem);
    }
    match sources {
        Sources::Webhooks => outcome.take(&recording, Way::Webhooks).await.map(drop)?,
        Sources::Polls => {
            let polls = outcome.take(&recording, Way::Polls).await?;
            outcome
                .same(&recording, Way::BackfillThenPolls, &polls)
                .await?;
        }
        Sources::Both => outcome.compare(&recording).await?,
    }
    outcome.equal = outcome.differences_unexplained == 0;
    Ok(outcome)
}

impl Outcome {
    async fn compare(&mut self, recording: &Arc<Recording>) -> anyhow::Result<()> {
        let hooked = self.take(recording, Way::Webhooks).await?;
        let polled = self.take(recording, Way::Polls).await?;
        self.same(recording, Way::BackfillThenPolls, &polled)
            .await?;
        let both = self.take(recording, Way::WebhooksThenPolls).await?;
        self.same(recording, Way::PollsThenWebhooks, &both).await?;
        self.same(recording, Way::Interleaved, &both).await?;
        let told = Told::by_webhooks(recording);
        for (alone, one) in [(Alone::Webhooks, hooked), (Alone::Polls, polled)] {
            for difference in differences(alone, &one, &both, recording, &told) {
                self.count(difference);
            }
        }
        Ok(())
    }

    async fn take(&mut self, recording: &Arc<Recording>, way: Way) -> anyhow::Result<Journal> {
        let (journal, counts) = ingest(recording, way).await?;
        self.parked += counts.parked;
        let parked = journal
            .parked
            .iter()
            .map(|item| format!("{way:?} parked {item}"));
        self.problems.extend(parked);
        if counts.undecoded > 0 {
            let problem = format!("{way:?} left {} deliveries undecoded", counts.undecoded);
            self.problems.push(problem);
        }
        self.activities.clone_from(&journal.activities);
        Ok(journal)
    }

    /// Another order of the same must give the same journal, without any exception.
    async fn same(
        &mut self,
        recording: &Arc<Recording>,
        way: Way,
        expected: &Journal,
    ) -> anyhow::Result<()> {
        let found = self.take(recording, way).await?;
        for difference in differences(Alone::Polls, &found, expected, recording, &Told::default()) {
            let (item, what) = (&difference.item, &difference.what);
            let (says, expected) = (&difference.says, &difference.both_say);
            self.problems.push(format!(
                "{way:?}: {item}, {what}: {says:?} for {expected:?}"
            ));
            self.differences_unexplained += 1;
        }
        Ok(())
    }

    fn count(&mut self, difference: Difference) {
        if let Some(cause) = difference.cause {
            *self.causes.entry(cause).or_default() += 1;
            self.differences_explained += 1;
            self.explained.push(difference);
        } else {
            self.differences_unexplained += 1;
            self.unexplained.push(difference);
        }
    }

    /// Nothing parked, lost, forged or unexplained.
    pub(crate) fn is_good(&self) -> bool {
        let complete = self.decoded == self.deliveries && self.parked == 0;
        complete && self.equal && self.problems.is_empty()
    }
}

/// Replays several recordings, some at a time: most of it is waiting for the disk.
pub(crate) async fn replay_all(
    recordings: Vec<Recording>,
    sources: Sources,
) -> anyhow::Result<Report> {
    let one = |recording: Recording| async move {
        let name = recording.name.clone();
        let outcome = tokio::spawn(replay(Arc::new(recording), sources)).await?;
        outcome.with_context(|| format!("{name} could not be taken in"))
    };
    let all = stream::iter(recordings.into_iter().map(one));
    Ok(Report::of(all.buffered(AT_A_TIME).try_collect().await?))
}

const AT_A_TIME: usize = 8;

impl Report {
    fn of(outcomes: Vec<Outcome>) -> Self {
        let mut report = Self {
            equal: true,
            ..Self::default()
        };
        for outcome in &outcomes {
            report.scenarios += 1;
            report.deliveries += outcome.deliveries;
            report.decoded += outcome.decoded;
            report.parked += outcome.parked;
            report.activities += outcome.activities.values().sum::<u64>();
            report.equal &= outcome.equal;
            report.differences_explained += outcome.differences_explained;
            report.differences_unexplained += outcome.differences_unexplained;
            for (cause, count) in &outcome.causes {
                *report.causes.entry(*cause).or_default() += count;
            }
        }
        report.by_scenario = outcomes;
        report
    }

    pub(crate) fn is_good(&self) -> bool {
        self.by_scenario.iter().all(Outcome::is_good)
    }
}
