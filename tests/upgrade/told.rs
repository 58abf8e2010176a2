//! What a store tells of everybody, in words that no change of its format changes.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use topicscore::plan::Compiled;
use topicscore::scoring::evaluate;
use topicscore::store::{ContactOverview, EffectQuery, SharedStore, TargetState};

/// More than a store of the tests holds.
const ALL: usize = 100_000;

/// Score, sum before floor and ceiling, band; by topic.
type Scores = BTreeMap<String, (i32, i64, Option<String>)>;

/// Beside each store: what it told when it was made.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Told {
    /// The moment that scores are of.
    pub(crate) at: Timestamp,
    /// A moment by which points have faded.
    pub(crate) later: Timestamp,
    /// What is counted; of kinds that are counted since, nothing is said.
    pub(crate) counts: BTreeMap<String, u64>,
    contacts: BTreeMap<u32, Contact>,
    /// What triggers did or are to do: contact, trigger, action, state.
    effects: Vec<(u32, String, String, String)>,
    /// Kind and reason of what was not understood.
    parked: Vec<(String, String)>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Contact {
    activities: usize,
    scores: Scores,
    /// As the engine computes them for `later`.
    scores_later: Scores,
    segments: Vec<u32>,
    /// Desired and observed value, and whether it waits to be written; by target.
    targets: BTreeMap<String, (Option<i32>, Option<i32>, bool)>,
    merged_from: Vec<u32>,
    adjustments: Vec<(String, i32)>,
}

impl Told {
    /// Asks a store about everybody.
    pub(crate) async fn by(
        store: &SharedStore,
        plan: &Compiled,
        at: Timestamp,
        later: Timestamp,
    ) -> Self {
        let counts = serde_json::to_value(store.counts().await.unwrap()).unwrap();
        let mut contacts = BTreeMap::new();
        for contact in store.contact_ids(None, ALL).await.unwrap() {
            let overview = store.contact_overview(contact).await.unwrap().unwrap();
            contacts.insert(contact.0, of_contact(store, plan, overview, later).await);
        }
        let everything = EffectQuery::default();
        let effects = store.effects(&everything, ALL).await.unwrap();
        let parked = store.parked_items(ALL).await.unwrap();
        Self {
            at,
            later,
            counts: serde_json::from_value(counts).unwrap(),
            contacts,
            effects: effects
                .into_iter()
                .map(|effect| {
                    let action = serde_json::to_string(&effect.action).unwrap();
                    let state = format!("{:?}", effect.state).to_lowercase();
                    (effect.contact.0, effect.trigger.0, action, state)
                })
                .collect(),
            parked: parked
                .into_iter()
                .map(|item| (item.kind, item.reason))
                .collect(),
        }
    }

    /// The same, without what was not counted yet when `before` was told.
    pub(crate) fn of_what_counted(mut self, before: &Self) -> Self {
        self.counts
            .retain(|kind, _| before.counts.contains_key(kind));
        self
    }
}

async fn of_contact(
    store: &SharedStore,
    plan: &Compiled,
    overview: ContactOverview,
    later: Timestamp,
) -> Contact {
    let contact = overview.contact;
    let history = store.snapshots(&[contact]).await.unwrap().remove(0);
    let evaluation = evaluate(plan, &history, later);
    let topics = plan.topics.iter().zip(&evaluation.topics);
    let scores_later = topics.map(|(topic, evaluated)| {
        let band = evaluated
            .band
            .map(|band| topic.bands.list[band].name.clone());
        (topic.key.0.clone(), (evaluated.score, evaluated.raw, band))
    });
    let scores = overview.scores.into_iter();
    let adjustments = store.adjustments(Some(contact), ALL).await.unwrap();
    Contact {
        activities: history.activities.len(),
        scores: scores
            .map(|score| (score.topic.0, (score.score, score.raw, score.band)))
            .collect(),
        scores_later: scores_later.collect(),
        segments: overview.segments.into_iter().map(|id| id.0).collect(),
        targets: overview
            .targets
            .into_iter()
            .map(|state| of_target(&state))
            .collect(),
        merged_from: overview.merged_from.into_iter().map(|id| id.0).collect(),
        adjustments: adjustments
            .into_iter()
            .map(|adjustment| (adjustment.topic.0, adjustment.points))
            .collect(),
    }
}

fn of_target(state: &TargetState) -> (String, (Option<i32>, Option<i32>, bool)) {
    let values = (state.desired, state.observed, state.pending);
    (state.target.to_string(), values)
}
