//! Why a contact has its scores, as the API answers it.

use crate::people::{Explained, TopicExplained};
use crate::scoring::{
    Change, Difference, ExplainedContribution, IgnoredActivity, OfAction, Points,
};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// Why a contact has its scores.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct ExplanationsBody {
    /// The contact: the winner, if a merged-away id was asked for.
    pub(in crate::web) contact: u32,
    /// The moment explained.
    pub(in crate::web) at: Timestamp,
    /// What of the answer is not of that moment, if it is not now.
    pub(in crate::web) note: Option<String>,
    /// Version of the plan in force.
    pub(in crate::web) plan: String,
    /// When time alone will next change a score.
    pub(in crate::web) next_change: Option<Timestamp>,
    /// The topics.
    pub(in crate::web) topics: Vec<ExplainBody>,
}

impl From<Explained> for ExplanationsBody {
    fn from(explained: Explained) -> Self {
        Self {
            contact: explained.contact.0,
            at: explained.at,
            note: explained.note.map(str::to_owned),
            plan: explained.plan,
            next_change: explained.next_change,
            topics: explained
                .topics
                .into_iter()
                .map(ExplainBody::from)
                .collect(),
        }
    }
}

/// One topic's score, taken apart: the contributions' points, `rounding` and `cut` add up to the
/// score.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct ExplainBody {
    /// The topic's name in the plan.
    pub(in crate::web) topic: String,
    /// Its name for people.
    pub(in crate::web) label: String,
    /// The score.
    pub(in crate::web) score: i32,
    /// Sum of the contributions, in whole points.
    pub(in crate::web) raw: i64,
    /// What rounding to whole points changed.
    #[schema(value_type = f64)]
    pub(in crate::web) rounding: Points,
    /// What floor (positive) or ceiling (negative) changed.
    pub(in crate::web) cut: i64,
    /// The band it is in.
    pub(in crate::web) band: Option<String>,
    /// Why the score is not written to Mautic, if somebody has to decide first.
    pub(in crate::web) withheld: Option<String>,
    /// What it is made of, oldest first.
    pub(in crate::web) contributions: Vec<ContributionBody>,
    /// What rules ask for, and what was passed over or cut all the same; newest first.
    pub(in crate::web) ignored: Vec<IgnoredBody>,
    /// How many more were passed over.
    pub(in crate::web) ignored_more: usize,
    /// What will change next if nothing happens.
    pub(in crate::web) next: Option<ChangeBody>,
    /// Mautic's own number as last seen, where one belongs to the topic and is not written.
    pub(in crate::web) observed: Option<i64>,
    /// How that differs from the score, if it does, and why as far as Mautic's log tells.
    pub(in crate::web) difference: Option<DifferenceBody>,
}

impl From<TopicExplained> for ExplainBody {
    fn from(topic: TopicExplained) -> Self {
        let of = topic.explanation;
        let contributions = of.contributions.into_iter();
        Self {
            topic: of.topic.0,
            label: of.label,
            score: of.score,
            raw: of.raw,
            rounding: of.rounding,
            cut: of.cut,
            band: of.band,
            withheld: of.withheld,
            contributions: contributions.map(ContributionBody::from).collect(),
            ignored: of.ignored.into_iter().map(IgnoredBody::from).collect(),
            ignored_more: of.ignored_more,
            next: of.next.map(ChangeBody::from),
            observed: topic.observed,
            difference: topic.difference.map(DifferenceBody::from),
        }
    }
}

/// One part of a score.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct ContributionBody {
    /// The rule's name in the plan, or `adjustment`, `mautic`, `carried`, `total`.
    pub(in crate::web) rule: String,
    /// Its name for people.
    pub(in crate::web) name: String,
    /// What it is worth now.
    #[schema(value_type = f64)]
    pub(in crate::web) points: Points,
    /// What it was worth when it was earned.
    #[schema(value_type = f64)]
    pub(in crate::web) earned: Points,
    /// Since when; `null`: as long as is known.
    pub(in crate::web) since: Option<Timestamp>,
    /// Until when, if that is known.
    pub(in crate::web) until: Option<Timestamp>,
    /// Age in whole days of 24 hours.
    pub(in crate::web) age_days: Option<i64>,
    /// How it fades, in words; `null`: not at all, or at once at its end.
    pub(in crate::web) fades: Option<String>,
    /// Why, in words.
    pub(in crate::web) because: String,
    /// Natural key of the activity, if it was one.
    pub(in crate::web) activity: Option<String>,
}

impl From<ExplainedContribution> for ContributionBody {
    fn from(part: ExplainedContribution) -> Self {
        Self {
            rule: part.rule,
            name: part.name,
            points: part.points,
            earned: part.earned,
            since: part.since,
            until: part.until,
            age_days: part.age_days,
            fades: part.fades,
            because: part.because,
            activity: part.activity.map(|activity| activity.key.0),
        }
    }
}

/// An activity that a rule asks for and that pays nothing, or not all.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct IgnoredBody {
    /// The rule's name in the plan.
    pub(in crate::web) rule: String,
    /// Its name for people.
    pub(in crate::web) name: String,
    /// When.
    pub(in crate::web) at: Timestamp,
    /// The activity, in words.
    pub(in crate::web) activity: String,
    /// Why it was passed over.
    pub(in crate::web) why: String,
}

impl From<IgnoredActivity> for IgnoredBody {
    fn from(one: IgnoredActivity) -> Self {
        Self {
            rule: one.rule,
            name: one.name,
            at: one.at,
            activity: one.activity,
            why: one.why,
        }
    }
}

/// What will change if nothing happens.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct ChangeBody {
    /// When.
    pub(in crate::web) at: Timestamp,
    /// The score then.
    pub(in crate::web) score: i32,
    /// Why, in words.
    pub(in crate::web) because: Vec<String>,
}

impl From<Change> for ChangeBody {
    fn from(change: Change) -> Self {
        Self {
            at: change.at,
            score: change.score,
            because: change.because,
        }
    }
}

/// How Mautic's own number differs from the score.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct DifferenceBody {
    /// Actions of which Mautic's log and the plan differ, by name.
    pub(in crate::web) actions: Vec<ActionBody>,
    /// What Mautic holds and never logged; below 0: what it logged and does not hold.
    pub(in crate::web) unlogged: i64,
    /// What rounding, floor and ceiling change in the score.
    pub(in crate::web) limited: i64,
    /// All of it in words.
    pub(in crate::web) words: Vec<String>,
}

impl From<Difference> for DifferenceBody {
    fn from(difference: Difference) -> Self {
        let words = difference.words();
        Self {
            actions: difference
                .actions
                .into_iter()
                .map(ActionBody::from)
                .collect(),
            unlogged: difference.unlogged,
            limited: difference.limited,
            words,
        }
    }
}

/// What one action gave.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct ActionBody {
    /// `ID: name` of a point action, or what Mautic's log names.
    pub(in crate::web) action: String,
    /// Points that Mautic logged for it.
    pub(in crate::web) logged: i64,
    /// Whole points that the plan makes of it.
    pub(in crate::web) computed: i64,
}

impl From<OfAction> for ActionBody {
    fn from(of: OfAction) -> Self {
        Self {
            action: of.action,
            logged: of.logged,
            computed: of.computed,
        }
    }
}
