//! Rules: what pays into topics.

use super::{ActivityTest, Decay, Limit, ProfileTest, Ref, Tree};
use crate::domain::{ActivityKind, PointActionId, RuleKey, TopicKey};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A factor in thousandths; 1000 is one. May be negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Weight(pub i32);

impl Weight {
    /// Once.
    pub const ONE: Self = Self(1000);

    /// `points` times this, rounded half away from zero.
    #[must_use]
    pub const fn of(self, points: i64) -> i64 {
        let product = points.saturating_mul(self.0 as i64);
        let half = if product < 0 { -500 } else { 500 };
        product.saturating_add(half) / 1000
    }
}

/// The topics a rule pays into, each with its weight; at least one.
pub type Pays<Topic> = Vec<(Topic, Weight)>;

/// How often an action pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Repeat {
    /// Once per contact, for ever (Mautic: not repeatable).
    Once,
    /// Once per item: per email, page, form, asset; per URL where there is no such thing.
    PerItem,
    /// At every matching activity (Mautic: repeatable).
    Always,
}

/// A rule on activities: Mautic's point action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PointAction {
    /// Name inside the plan.
    pub key: RuleKey,
    /// Name for people.
    pub name: String,
    /// Mautic's own action that this one stands for.
    pub mautic: Option<PointActionId>,
    /// When that action was made: as Mautic counts, nothing before counts.
    pub made_at: Option<Timestamp>,
    /// What kind of activity. `url.hit` covers clicks, too (SEMANTICS 3, url.hit).
    pub kind: ActivityKind,
    /// Topics it pays into.
    pub pays: Pays<TopicKey>,
    /// Points per matching activity; may be negative.
    pub points: i32,
    /// How often.
    pub repeat: Repeat,
    /// Only these pages, emails, forms, assets, …; empty: every one.
    pub objects: Vec<Ref<u32>>,
    /// Only URLs that match one of these patterns (PHP `fnmatch`, whole URL); empty: every URL.
    pub urls: Vec<String>,
    /// Only activities at or after this moment.
    pub since: Option<Timestamp>,
    /// Only activities before this moment.
    pub until: Option<Timestamp>,
    /// Only activities of which this holds.
    pub when: Option<Tree<ActivityTest>>,
    /// At most so many points in a time.
    pub limits: Vec<Limit>,
    /// Not again before this time is over.
    pub cooldown: Option<SignedDuration>,
    /// Percent of the points for the first, second, … time; the last one stays. Empty: 100.
    pub diminishing: Vec<u16>,
    /// How its points fade; `None`: as the topic says.
    pub decay: Option<Decay>,
    /// Mautic's options of `url.hit`.
    pub url_options: UrlOptions,
}

/// Mautic's options of `url.hit`; 0 and `false`: not asked for. Times are seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UrlOptions {
    /// Pays from this hit on, this one included.
    pub page_hits: u32,
    /// Pays if the contact was there before, at most so long ago.
    pub returns_within: u64,
    /// Pays if the contact was there before, at least so long ago.
    pub returns_after: u64,
    /// Pays once the contact has stayed for so long altogether.
    pub accumulative_time: u64,
    /// Pays for the first hit only.
    pub first_time: bool,
}

impl UrlOptions {
    /// Whether anything is asked for.
    #[must_use]
    pub fn is_set(&self) -> bool {
        *self != Self::default()
    }
}

/// A rule on the profile: its points are there while its condition holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileRule {
    /// Name inside the plan.
    pub key: RuleKey,
    /// Name for people.
    pub name: String,
    /// Topics it pays into.
    pub pays: Pays<TopicKey>,
    /// Points; may be negative.
    pub points: i32,
    /// The condition.
    pub when: Tree<ProfileTest>,
}

/// A rule on silence: points are there while nothing of these kinds has happened for a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InactivityRule {
    /// Name inside the plan.
    pub key: RuleKey,
    /// Name for people.
    pub name: String,
    /// Topics it pays into.
    pub pays: Pays<TopicKey>,
    /// By rising days, at least one; each step's points stand in place of the step before.
    pub steps: Vec<SilenceStep>,
    /// Kinds of activity that end the silence; all that a contact does himself by default.
    pub kinds: BTreeSet<ActivityKind>,
}

/// A step of silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SilenceStep {
    /// Length of the silence in days of the calendar, 1 to 3650.
    pub after_days: u16,
    /// Points from then on, mostly negative.
    pub points: i32,
}
