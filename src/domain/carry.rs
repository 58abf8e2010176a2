//! What a trigger does, on its way out.

use super::{Action, ContactId, Profile, RuleKey, Urgency};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{fmt, num::ParseIntError, str::FromStr};

/// Number of an effect, rising in the order in which triggers fired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EffectId(pub i64);

impl fmt::Display for EffectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for EffectId {
    type Err = ParseIntError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// How far an effect came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EffectState {
    /// To be done.
    Pending,
    /// Begun, and it is not known yet whether it was done.
    Started,
    /// Done.
    Done,
    /// Not done, and given up; an administrator may have it tried again.
    Failed,
    /// It may have been done or not, and nobody can tell; an administrator decides.
    Unknown,
    /// Not done, because it came too late to be of use.
    Expired,
}

impl EffectState {
    /// All states.
    pub const ALL: [Self; 6] = [
        Self::Pending,
        Self::Started,
        Self::Done,
        Self::Failed,
        Self::Unknown,
        Self::Expired,
    ];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Started => "started",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Expired => "expired",
        }
    }
}

impl FromStr for EffectState {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|state| state.name() == text);
        found.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("`{text}` is no state of an effect: expected one of {names}")
        })
    }
}

/// When something that can't be undone was begun, and what there was before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Started {
    /// When.
    pub at: Timestamp,
    /// The newest row of Mautic's `email_stats` of this contact and email by then; a newer one is
    /// ours. `None`: there was none.
    pub mark: Option<u64>,
}

/// One action of one trigger for one contact at one crossing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Effect {
    /// Its number.
    pub id: EffectId,
    /// The contact: the winner, if the one it fired for was merged away.
    pub contact: ContactId,
    /// The trigger.
    pub trigger: RuleKey,
    /// The trigger's name for people.
    pub name: String,
    /// Why it fired, for people.
    pub reason: String,
    /// Scores when it fired, by topic.
    pub scores: Vec<(String, i32)>,
    /// When the score crossed.
    pub crossed_at: Timestamp,
    /// Place among the trigger's actions, from 0.
    pub ordinal: u32,
    /// What is to be done.
    pub action: Action,
    /// How far it came.
    pub state: EffectState,
    /// Failed attempts so far.
    pub attempts: u32,
    /// When it was decided that the trigger fires.
    pub fired_at: Timestamp,
    /// From when it is reckoned whether it is too late: `fired_at`, or when an administrator had it
    /// tried again.
    pub wanted_at: Timestamp,
    /// When the delivery or poll came that led to it.
    pub caused_at: Timestamp,
    /// How soon.
    pub urgency: Urgency,
    /// Not before this moment; in the past for one that does not wait.
    pub not_before: Timestamp,
    /// When it was begun, of what can't be undone.
    pub started: Option<Started>,
    /// When it was done or given up.
    pub finished_at: Option<Timestamp>,
    /// What the last failed attempt said.
    pub last_error: Option<String>,
    /// What was answered when it was done.
    pub answer: Option<String>,
}

/// What is to be done for one contact, leased together with its intents: one writer per contact.
#[derive(Debug, Clone, PartialEq)]
pub struct ContactEffects {
    /// The contact.
    pub contact: ContactId,
    /// What is known of it, for mails and webhooks.
    pub profile: Option<Profile>,
    /// Its effects, in the order in which they are to be done.
    pub effects: Vec<Effect>,
}

/// How an attempt at an effect ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EffectOutcome {
    /// Done.
    Done {
        /// What was answered, for people.
        answer: String,
    },
    /// Not done, or harmless to repeat: again at this time.
    RetryAt {
        /// Not before this moment.
        not_before: Timestamp,
        /// What happened.
        error: String,
    },
    /// It may have been done: to be looked up at this time, never to be done again blindly.
    LookAt {
        /// Not before this moment.
        not_before: Timestamp,
        /// What happened.
        error: String,
    },
    /// Given up.
    Failed {
        /// What happened and what to do.
        error: String,
    },
    /// It may have been done, and nobody can tell.
    Unknown {
        /// What happened and what to do.
        error: String,
    },
    /// It came too late.
    Expired {
        /// Why.
        error: String,
    },
}

impl EffectOutcome {
    /// Name of the outcome: `done`, `retry`, `look`, `failed`, `unknown`, `expired`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Done { .. } => "done",
            Self::RetryAt { .. } => "retry",
            Self::LookAt { .. } => "look",
            Self::Failed { .. } => "failed",
            Self::Unknown { .. } => "unknown",
            Self::Expired { .. } => "expired",
        }
    }

    /// Whether that was the last attempt.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        !matches!(self, Self::RetryAt { .. } | Self::LookAt { .. })
    }

    /// The state it leads to.
    #[must_use]
    pub const fn state(&self) -> EffectState {
        match self {
            Self::Done { .. } => EffectState::Done,
            Self::RetryAt { .. } => EffectState::Pending,
            Self::LookAt { .. } => EffectState::Started,
            Self::Failed { .. } => EffectState::Failed,
            Self::Unknown { .. } => EffectState::Unknown,
            Self::Expired { .. } => EffectState::Expired,
        }
    }
}
