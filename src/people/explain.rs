//! Why a contact has its points, now or at another moment.

use super::Refusal;
use crate::domain::{ContactId, Snapshot, Target, Way};
use crate::plan::{Compiled, CompiledTopic, Writes};
use crate::scoring::{self, Difference, Evaluation, Explanation};
use crate::store::{ContactOverview, SharedStore};
use jiff::Timestamp;
use serde::Serialize;

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The contact; may be one that was merged away.
    pub contact: ContactId,
    /// Only this topic, by its key.
    pub topic: Option<&'a str>,
    /// The moment, past or to come; `None`: now.
    pub at: Option<Timestamp>,
    /// Now.
    pub now: Timestamp,
    /// Whether the instance writes nothing: groups hold Mautic's own numbers then.
    pub observes: bool,
}

/// Why a contact has its points.
#[derive(Debug, Clone, Serialize)]
pub struct Explained {
    /// The contact that was asked for.
    pub asked_for: ContactId,
    /// The winner, if a merged-away id was asked for.
    pub contact: ContactId,
    /// The moment explained.
    pub at: Timestamp,
    /// What of the answer is not of that moment, if it is not now.
    pub note: Option<&'static str>,
    /// Version of the plan.
    pub plan: String,
    /// When time alone will next change a score.
    pub next_change: Option<Timestamp>,
    /// The topics.
    pub topics: Vec<TopicExplained>,
}

/// Why a contact has its points in one topic.
#[derive(Debug, Clone, Serialize)]
pub struct TopicExplained {
    /// The score taken apart.
    #[serde(flatten)]
    pub explanation: Explanation,
    /// Mautic's own number as last seen, where one belongs to the topic and is not written.
    pub observed: Option<i64>,
    /// How that differs from the score, if it does.
    pub difference: Option<Difference>,
}

const NOT_NOW: &str = "profile and segments are as last seen, whatever the moment";

/// Explains a contact's scores.
///
/// # Errors
/// If the contact or topic is not known, or the store fails.
pub async fn explain(
    store: &SharedStore,
    plan: &Compiled,
    question: Question<'_>,
) -> Result<Explained, Refusal> {
    let asked_for = question.contact;
    let contact = store.resolve(asked_for).await?.ok_or_else(|| {
        Refusal::unknown(
            format!("contact {asked_for} was erased"),
            "it was deleted in Mautic, or by `topicscore erase`; there is nothing to explain",
        )
    })?;
    let snapshots = store.snapshots(&[contact]).await?;
    let snapshot = snapshots.first().ok_or_else(|| unknown(asked_for))?;
    let overview = store.contact_overview(contact).await?;
    let at = question.at.unwrap_or(question.now);
    let explanations = scoring::explain(plan, snapshot, at);
    let evaluation = scoring::evaluate(plan, snapshot, at);
    let seen = Seen {
        plan,
        snapshot,
        evaluation: &evaluation,
        overview: overview.filter(|_| question.at.is_none()),
        observes: question.observes,
    };
    Ok(Explained {
        asked_for,
        contact,
        at,
        note: question.at.map(|_| NOT_NOW),
        plan: plan.version.clone(),
        next_change: evaluation.next_change,
        topics: seen.topics(explanations, question.topic)?,
    })
}

/// The refusal of a contact that nobody heard of.
pub(super) fn unknown(contact: ContactId) -> Refusal {
    Refusal::unknown(
        format!("contact {contact} is not known here"),
        "compare the id with Mautic; `topicscore backfill` fetches contacts from before the start",
    )
}

/// The index of a topic.
pub(super) fn topic_of(plan: &Compiled, key: &str) -> Result<usize, Refusal> {
    let found = plan.topics.iter().position(|topic| topic.key.0 == key);
    found.ok_or_else(|| {
        let known: Vec<&str> = plan.topics.iter().map(|t| t.key.0.as_str()).collect();
        Refusal::unknown(
            format!("the plan has no topic `{key}`"),
            format!("its topics are: {}", known.join(", ")),
        )
    })
}

/// What Mautic showed, beside what was computed.
struct Seen<'a> {
    plan: &'a Compiled,
    snapshot: &'a Snapshot,
    evaluation: &'a Evaluation<'a>,
    /// `None`: another moment than now is explained, so there is nothing to compare with.
    overview: Option<ContactOverview>,
    observes: bool,
}

impl Seen<'_> {
    fn topics(
        &self,
        explanations: Vec<Explanation>,
        wanted: Option<&str>,
    ) -> Result<Vec<TopicExplained>, Refusal> {
        let only = wanted.map(|key| topic_of(self.plan, key)).transpose()?;
        let all = explanations.into_iter().enumerate();
        let wanted = all.filter(|(index, _)| only.is_none_or(|only| only == *index));
        Ok(wanted
            .map(|(index, explanation)| self.topic(index, explanation))
            .collect())
    }

    fn topic(&self, index: usize, explanation: Explanation) -> TopicExplained {
        let observed = self.observed(&self.plan.topics[index]);
        let evaluated = &self.evaluation.topics[index];
        let difference = observed.and_then(|observed| {
            let (parts, score) = (&evaluated.contributions, evaluated.score);
            if let Some(logged) = self.written(&self.plan.topics[index]) {
                let computed = i64::from(score);
                return Some(Difference::of_written(observed, computed, logged));
            }
            scoring::difference(self.plan, self.snapshot, index, parts, score, observed)
        });
        TopicExplained {
            explanation,
            observed,
            difference: difference.filter(|one| one.observed != one.computed),
        }
    }

    /// The sum of Mautic's log, of main points that are written beside what nobody logged.
    fn written(&self, topic: &CompiledTopic) -> Option<i64> {
        let (target, Way::AddToLogged) = topic.target()? else {
            return None;
        };
        let mut targets = self.overview.as_ref()?.targets.iter();
        let seen = targets.find(|state| state.target == target && !self.observes)?;
        seen.observed.map(i64::from)
    }

    /// Groups hold what we wrote, unless nothing is written.
    fn observed(&self, topic: &CompiledTopic) -> Option<i64> {
        let overview = self.overview.as_ref()?;
        match topic.writes {
            Writes::Nothing => None,
            Writes::MainPoints | Writes::MainPointsWritten => overview.observed_points,
            Writes::Group(_) if !self.observes => None,
            Writes::Group(group) => {
                let mut targets = overview.targets.iter();
                let target = targets.find(|state| state.target == Target::Group(group))?;
                target.observed.map(i64::from)
            }
        }
    }
}
