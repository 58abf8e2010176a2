//! What the API answers. Kept apart from the store's types, so that those can change.

use crate::domain::{ContactId, Effect, Profile, SegmentId, Target};
use crate::plan::{Compiled, CompiledTopic, SegmentTest};
use crate::store::{ContactOverview, ParkedItem, StoredScore, TargetState, WriteSummary};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One topic's score.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(in crate::web) struct ScoreBody {
    /// The topic's name in the plan.
    pub(in crate::web) topic: String,
    /// Its name for people.
    pub(in crate::web) label: String,
    /// Mautic's point group it is written to, if any.
    pub(in crate::web) group: Option<u32>,
    /// The score.
    pub(in crate::web) score: i32,
    /// Sum of the contributions before floor and ceiling.
    pub(in crate::web) raw: i64,
    /// The band it is in.
    pub(in crate::web) band: Option<String>,
    /// Lowest score of the topic.
    pub(in crate::web) floor: Option<i32>,
    /// Highest score of the topic.
    pub(in crate::web) ceiling: Option<i32>,
}

impl ScoreBody {
    pub(super) fn new(score: StoredScore, plan: Option<&Compiled>) -> Self {
        let topic = plan.and_then(|plan| plan.topics.iter().find(|t| t.key == score.topic));
        Self {
            label: topic.map_or_else(|| score.topic.0.clone(), |topic| topic.label.clone()),
            topic: score.topic.0,
            group: topic.and_then(CompiledTopic::group).map(|group| group.0),
            score: score.score,
            raw: score.raw,
            band: score.band,
            floor: topic.and_then(|topic| topic.scale.floor),
            ceiling: topic.and_then(|topic| topic.scale.ceiling),
        }
    }
}

/// A contact in a list.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(in crate::web) struct ContactSummary {
    /// Mautic's id.
    pub(in crate::web) id: u32,
    /// First and last name, as far as known.
    pub(in crate::web) name: Option<String>,
    /// Email address, if known.
    pub(in crate::web) email: Option<String>,
    /// Scores by topic.
    pub(in crate::web) scores: Vec<ScoreBody>,
}

impl ContactSummary {
    pub(super) fn new(overview: ContactOverview, plan: Option<&Compiled>) -> Self {
        Self {
            id: overview.contact.0,
            name: overview.profile.as_ref().and_then(full_name),
            email: overview.profile.as_ref().and_then(email),
            scores: scores(overview.scores, plan),
        }
    }
}

/// Everything held of a contact but its activities.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(in crate::web) struct ContactBody {
    /// Mautic's id: of the winner, if a merged-away id was asked for.
    pub(in crate::web) id: u32,
    /// The id that was asked for.
    pub(in crate::web) asked_for: u32,
    /// Ids merged into it.
    pub(in crate::web) merged_from: Vec<u32>,
    /// First and last name, as far as known.
    pub(in crate::web) name: Option<String>,
    /// Email address, if known.
    pub(in crate::web) email: Option<String>,
    /// Mautic's main points as last seen.
    pub(in crate::web) main_points: Option<i64>,
    /// Scores by topic.
    pub(in crate::web) scores: Vec<ScoreBody>,
    /// Segments the contact is in, as far as known.
    pub(in crate::web) segments: Vec<u32>,
    /// What Mautic should hold and what it was last seen to hold.
    pub(in crate::web) targets: Vec<TargetBody>,
    /// When it was last scored.
    pub(in crate::web) scored_at: Option<Timestamp>,
    /// Version of the plan it was scored with.
    pub(in crate::web) plan: Option<String>,
    /// When time alone will next change a score.
    pub(in crate::web) next_change: Option<Timestamp>,
    /// The newest writes, newest first.
    pub(in crate::web) writes: Vec<WriteBody>,
    /// What triggers newly did or are to do for it, newest first.
    pub(in crate::web) effects: Vec<EffectBody>,
}

impl ContactBody {
    pub(super) fn new(
        asked_for: ContactId,
        overview: ContactOverview,
        writes: Vec<WriteSummary>,
        effects: Vec<Effect>,
        plan: Option<&Compiled>,
    ) -> Self {
        let (scored_at, scored_plan) = overview.scored.unzip();
        Self {
            id: overview.contact.0,
            asked_for: asked_for.0,
            merged_from: overview.merged_from.iter().map(|id| id.0).collect(),
            name: overview.profile.as_ref().and_then(full_name),
            email: overview.profile.as_ref().and_then(email),
            main_points: overview.observed_points,
            scores: scores(overview.scores, plan),
            segments: overview.segments.iter().map(|id| id.0).collect(),
            targets: overview
                .targets
                .into_iter()
                .map(|state| TargetBody::new(state, plan))
                .collect(),
            scored_at,
            plan: scored_plan,
            next_change: overview.next_change,
            writes: writes.into_iter().map(WriteBody::from).collect(),
            effects: effects.into_iter().map(EffectBody::from).collect(),
        }
    }
}

/// One thing that topicscore keeps true in Mautic.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(in crate::web) struct TargetBody {
    /// `group:ID` (a point group's score) or `segment:ID` (1: in, 0: out).
    pub(in crate::web) target: String,
    /// The same for people.
    pub(in crate::web) label: String,
    /// What Mautic should hold; `null`: nothing is wanted.
    pub(in crate::web) desired: Option<i32>,
    /// What it was last seen to hold; `null`: never seen.
    pub(in crate::web) observed: Option<i32>,
    /// When it was seen.
    pub(in crate::web) observed_at: Option<Timestamp>,
    /// Somebody else may have changed it since.
    pub(in crate::web) suspect: bool,
    /// Whether it is still to be written.
    pub(in crate::web) pending: bool,
    /// Why it should hold that.
    pub(in crate::web) reason: String,
    /// What the last failed attempt said.
    pub(in crate::web) last_error: Option<String>,
}

impl TargetBody {
    fn new(state: TargetState, plan: Option<&Compiled>) -> Self {
        Self {
            target: state.target.to_string(),
            label: target_label(state.target, plan),
            desired: state.desired,
            observed: state.observed,
            observed_at: state.observed_at,
            suspect: state.suspect,
            pending: state.pending,
            reason: state.reason,
            last_error: state.last_error,
        }
    }
}

fn target_label(target: Target, plan: Option<&Compiled>) -> String {
    match target {
        Target::Segment(SegmentId(id)) => format!("Segment {id}"),
        Target::Points => "Main points".to_owned(),
        Target::Group(group) => plan
            .and_then(|plan| {
                plan.topics
                    .iter()
                    .find(|topic| topic.group() == Some(group))
            })
            .map_or_else(
                || format!("Point group {group}"),
                |topic| format!("Score {}", topic.label),
            ),
    }
}

/// A call that wrote, or was to write, to Mautic.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(in crate::web) struct WriteBody {
    /// The contact.
    pub(in crate::web) contact: u32,
    /// The target, such as `group:3`.
    pub(in crate::web) target: String,
    /// The value wanted.
    pub(in crate::web) desired: i32,
    /// Why.
    pub(in crate::web) reason: String,
    /// How it ended: `holds`, `retry`, `parked`.
    pub(in crate::web) outcome: String,
    /// When the delivery or poll came that led to it.
    pub(in crate::web) caused_at: Timestamp,
    /// When it was sent.
    pub(in crate::web) at: Timestamp,
    /// Method and path.
    pub(in crate::web) request: String,
    /// HTTP status; `null` if no answer came.
    pub(in crate::web) status: Option<u16>,
    /// What Mautic said, shortened.
    pub(in crate::web) answer: String,
    /// How long it took.
    pub(in crate::web) took_ms: u32,
}

impl From<WriteSummary> for WriteBody {
    fn from(write: WriteSummary) -> Self {
        Self {
            contact: write.contact.0,
            target: write.target,
            desired: write.desired,
            reason: write.reason,
            outcome: write.outcome,
            caused_at: write.caused_at,
            at: write.record.at,
            request: write.record.request,
            status: write.record.status,
            answer: write.record.answer,
            took_ms: write.record.took_ms,
        }
    }
}

/// One action of a trigger that fired for a contact.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(in crate::web) struct EffectBody {
    /// Number.
    pub(in crate::web) id: i64,
    /// The contact.
    pub(in crate::web) contact: u32,
    /// The trigger's name in the plan.
    pub(in crate::web) trigger: String,
    /// Its name for people.
    pub(in crate::web) name: String,
    /// Why it fired.
    pub(in crate::web) reason: String,
    /// When the score crossed.
    pub(in crate::web) crossed_at: Timestamp,
    /// Kind of action, such as `add_to_segment` or `webhook`.
    pub(in crate::web) kind: String,
    /// The action for people.
    pub(in crate::web) action: String,
    /// How far it came: `pending`, `started` (it may have been done and is looked up), `done`,
    /// `failed`, `unknown` (nobody can tell whether it was done), `expired` (it came too late).
    pub(in crate::web) state: String,
    /// Failed attempts so far.
    pub(in crate::web) attempts: u32,
    /// When it was decided that the trigger fires.
    pub(in crate::web) fired_at: Timestamp,
    /// When it is tried again, of one that waits.
    pub(in crate::web) not_before: Option<Timestamp>,
    /// When it was begun, of what can't be undone.
    pub(in crate::web) started_at: Option<Timestamp>,
    /// When it was done or given up.
    pub(in crate::web) finished_at: Option<Timestamp>,
    /// What the last failed attempt said.
    pub(in crate::web) last_error: Option<String>,
    /// What was answered when it was done.
    pub(in crate::web) answer: Option<String>,
}

impl From<Effect> for EffectBody {
    fn from(effect: Effect) -> Self {
        let waits = effect.finished_at.is_none() && effect.not_before > effect.fired_at;
        Self {
            id: effect.id.0,
            contact: effect.contact.0,
            trigger: effect.trigger.0,
            name: effect.name,
            reason: effect.reason,
            crossed_at: effect.crossed_at,
            kind: effect.action.kind().to_owned(),
            action: effect.action.to_string(),
            state: effect.state.name().to_owned(),
            attempts: effect.attempts,
            fired_at: effect.fired_at,
            not_before: waits.then_some(effect.not_before),
            started_at: effect.started.map(|started| started.at),
            finished_at: effect.finished_at,
            last_error: effect.last_error,
            answer: effect.answer,
        }
    }
}

/// An item that could not be understood.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(in crate::web) struct ParkedBody {
    /// Number.
    pub(in crate::web) id: i64,
    /// Event type or table.
    pub(in crate::web) kind: String,
    /// Why it was not understood.
    pub(in crate::web) reason: String,
    /// When it came.
    pub(in crate::web) at: Timestamp,
}

impl From<ParkedItem> for ParkedBody {
    fn from(item: ParkedItem) -> Self {
        Self {
            id: item.id,
            kind: item.kind,
            reason: item.reason,
            at: item.at,
        }
    }
}

/// A topic of the plan in force.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(in crate::web) struct TopicBody {
    /// Name in the plan.
    pub(in crate::web) key: String,
    /// Name for people.
    pub(in crate::web) label: String,
    /// Mautic's point group it is written to, if any.
    pub(in crate::web) group: Option<u32>,
    /// Lowest score; `null`: unbounded.
    pub(in crate::web) floor: Option<i32>,
    /// Highest score; `null`: unbounded.
    pub(in crate::web) ceiling: Option<i32>,
    /// Bands by rising `from`.
    pub(in crate::web) bands: Vec<BandBody>,
    /// Rules that pay into it.
    pub(in crate::web) rules: usize,
    /// Segments kept true by its score.
    pub(in crate::web) segments: Vec<SegmentRuleBody>,
}

/// A named range of a score.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(in crate::web) struct BandBody {
    /// Name.
    pub(in crate::web) name: String,
    /// Lowest score of the band.
    pub(in crate::web) from: i32,
}

/// A segment kept true by a score.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(in crate::web) struct SegmentRuleBody {
    /// The segment.
    pub(in crate::web) segment: u32,
    /// In at this score or above.
    pub(in crate::web) enter: i32,
    /// Out below this score.
    pub(in crate::web) leave: i32,
}

impl TopicBody {
    pub(super) fn new(index: usize, topic: &CompiledTopic, plan: &Compiled) -> Self {
        let bands = topic.bands.list.iter().map(|band| BandBody {
            name: band.name.clone(),
            from: band.from,
        });
        let mine = plan.segments.iter().filter_map(|rule| match &rule.test {
            SegmentTest::Score {
                topic,
                enter,
                leave,
            } if *topic == index => Some(SegmentRuleBody {
                segment: rule.segment.0,
                enter: *enter,
                leave: *leave,
            }),
            _ => None,
        });
        let rules = plan.point_actions.iter().map(|rule| &rule.pays);
        let rules = rules.chain(plan.profile_rules.iter().map(|rule| &rule.pays));
        let rules = rules.chain(plan.inactivity_rules.iter().map(|rule| &rule.pays));
        Self {
            key: topic.key.0.clone(),
            label: topic.label.clone(),
            group: topic.group().map(|group| group.0),
            floor: topic.scale.floor,
            ceiling: topic.scale.ceiling,
            bands: bands.collect(),
            rules: rules
                .filter(|pays| pays.iter().any(|(topic, _)| *topic == index))
                .count(),
            segments: mine.collect(),
        }
    }
}

fn scores(stored: Vec<StoredScore>, plan: Option<&Compiled>) -> Vec<ScoreBody> {
    let scores = stored.into_iter();
    scores.map(|score| ScoreBody::new(score, plan)).collect()
}

fn full_name(profile: &Profile) -> Option<String> {
    let parts = ["firstname", "lastname"].map(|field| profile.field(field).unwrap_or_default());
    let name = parts.join(" ").trim().to_owned();
    (!name.is_empty()).then_some(name)
}

fn email(profile: &Profile) -> Option<String> {
    profile.field("email").map(str::to_owned)
}
