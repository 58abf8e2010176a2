//! The plan as its author wrote it, validated but not yet bound to Mautic's ids.

mod condition;
mod follow;
mod rules;
mod topic;

pub use condition::{
    ActivityTest, Number, Operand, Pattern, ProfileTest, Relative, Test, Tree, UtmPart,
};
pub use follow::{Edge, Effect, Grade, Rearm, ScoreTest, SegmentRule, SegmentTest, Trigger};
pub use rules::{
    InactivityRule, Pays, PointAction, ProfileRule, Repeat, SilenceStep, UrlOptions, Weight,
};
pub use topic::{
    Band, Bands, Calendar, Decay, Foreign, Limit, Scale, StageReset, Topic, Window, Writes,
};

use super::Places;
use jiff::{civil, tz::TimeZone};
use serde::{Deserialize, Serialize};

/// Something of Mautic's, by id or by name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Ref<Id> {
    /// By id.
    Id(Id),
    /// By name, exactly as Mautic shows it.
    Name(String),
}

/// One versioned plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Format version of the file; 1.
    pub format: u32,
    /// Fingerprint of the text: 12 hex digits of its SHA-256. Says which plan a score came from.
    pub version: String,
    /// How point actions count where Mautic's own way is a mistake.
    pub behaviour: Behaviour,
    /// When time moves scores.
    pub ticks: Ticks,
    /// What activities of machines are worth.
    pub machine: MachineWorth,
    /// Topics in file order.
    pub topics: Vec<Topic>,
    /// Rules on activities.
    pub point_actions: Vec<PointAction>,
    /// Rules on the profile.
    pub profile_rules: Vec<ProfileRule>,
    /// Rules on silence.
    pub inactivity_rules: Vec<InactivityRule>,
    /// Grades of fit and engagement.
    pub grades: Vec<Grade>,
    /// What happens when scores cross something.
    pub triggers: Vec<Trigger>,
    /// Segments kept true by score.
    pub segments: Vec<SegmentRule>,
    /// Where things stand in the text; may be empty.
    pub places: Places,
}

/// How point actions count where Mautic's own way is a mistake (the list is in `docs/plan.md`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Behaviour {
    /// As it was meant.
    #[default]
    Corrected,
    /// As Mautic 5.1.1 does it, to the letter.
    Mautic,
}

/// When time moves scores: once a day, so that a score changes when somebody can expect it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticks {
    /// The plan's time zone.
    pub zone: TimeZone,
    /// Time of day; default 03:00.
    pub at: civil::Time,
}

/// What activities of machines are worth, in percent of a person's; 0 by default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachineWorth {
    /// Opens by Apple Mail Privacy Protection: fetched ahead, whether anybody reads or not.
    pub apple: u8,
    /// Opens through an image proxy: somebody's mail program asked, nobody knows when.
    pub proxy: u8,
    /// Link scanners and other programs.
    pub scanner: u8,
    /// Parts of user agents (any case) that are scanners, besides those known anyway.
    pub agents: Vec<String>,
    /// Opens and clicks this many seconds or less after the sending are a scanner's. Default 5.
    pub within_seconds: u16,
    /// This many different links of one email clicked within ten seconds are a scanner's clicks;
    /// 0: never. Default 4.
    pub links_at_once: u16,
}

impl Default for MachineWorth {
    fn default() -> Self {
        Self {
            apple: 0,
            proxy: 0,
            scanner: 0,
            agents: Vec::new(),
            within_seconds: 5,
            links_at_once: 4,
        }
    }
}
