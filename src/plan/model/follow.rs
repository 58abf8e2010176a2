//! What follows from scores: grades, triggers, segments.

use super::{Ref, Tree};
use crate::domain::{CampaignId, EmailId, RuleKey, SegmentId, StageId, TopicKey, UserId};
use jiff::{SignedDuration, Timestamp};

/// Fit and engagement in one word: `A1` to `D4`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grade<Topic = TopicKey> {
    /// Name inside the plan.
    pub key: String,
    /// Name for people.
    pub label: String,
    /// The topic of the letter.
    pub fit: Topic,
    /// Lowest scores of A, B, C, …, falling; below the last one is the next letter. At most 25.
    pub fit_from: Vec<i32>,
    /// The topic of the number.
    pub engagement: Topic,
    /// Lowest scores of 1, 2, 3, …, falling; below the last one is the next number. At most 25.
    pub engagement_from: Vec<i32>,
}

impl<Topic> Grade<Topic> {
    /// The grade of two scores.
    #[must_use]
    pub fn of(&self, fit: i32, engagement: i32) -> String {
        let place = |steps: &[i32], score| steps.iter().take_while(|from| score < **from).count();
        let letter = u8::try_from(place(&self.fit_from, fit).min(25)).unwrap_or(25);
        let number = place(&self.engagement_from, engagement) + 1;
        format!("{}{number}", char::from(b'A' + letter))
    }

    /// All grades there are, best first.
    #[must_use]
    pub fn all(&self) -> Vec<String> {
        let letters = (b'A'..).take(self.fit_from.len() + 1).map(char::from);
        letters
            .flat_map(|letter| {
                (1..=self.engagement_from.len() + 1).map(move |number| format!("{letter}{number}"))
            })
            .collect()
    }
}

/// A condition on scores. Generic over how topics, bands and grades are named (compiled: indexes).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScoreTest<Topic = TopicKey, Band = String, Grade = String> {
    /// The score is at least this.
    AtLeast(Topic, i32),
    /// The score is below this.
    Below(Topic, i32),
    /// The topic is in one of these bands.
    Band(Topic, Vec<Band>),
    /// The grade is one of these.
    Grade(Grade, Vec<String>),
}

/// Which change of a condition fires a trigger.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Edge {
    /// It comes to hold.
    #[default]
    Rising,
    /// It held and does so no more.
    Falling,
}

/// How often a trigger fires for one contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rearm<Test = ScoreTest> {
    /// Once, for ever.
    Never,
    /// Again at every crossing.
    AtOnce,
    /// Again once this has held in between: hysteresis.
    When(Tree<Test>),
}

/// Fires when a condition on scores comes to hold (or holds no more).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trigger {
    /// Name inside the plan.
    pub key: RuleKey,
    /// Name for people.
    pub name: String,
    /// The condition.
    pub when: Tree<ScoreTest>,
    /// Which change of it.
    pub edge: Edge,
    /// How often.
    pub rearm: Rearm,
    /// It must have been so for this long.
    pub dwell: SignedDuration,
    /// Crossings before this moment fire nothing. `None`: for a crossing from before the trigger
    /// was made it fires only if what it asks is still so.
    pub since: Option<Timestamp>,
    /// What it does, in order; at least one.
    pub effects: Vec<Effect>,
}

/// What a trigger does, as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Adds to a static segment.
    AddToSegment(Ref<SegmentId>),
    /// Removes from a static segment.
    RemoveFromSegment(Ref<SegmentId>),
    /// Adds tags and removes tags.
    Tag {
        /// Added.
        add: Vec<String>,
        /// Removed.
        remove: Vec<String>,
    },
    /// Adds to a campaign.
    AddToCampaign(Ref<CampaignId>),
    /// Removes from a campaign.
    RemoveFromCampaign(Ref<CampaignId>),
    /// Moves to a stage.
    SetStage(Ref<StageId>),
    /// Sets a field.
    SetField {
        /// Alias.
        field: String,
        /// Value, not empty.
        value: String,
    },
    /// Gives an owner.
    SetOwner(Ref<UserId>),
    /// Has Mautic send an email.
    SendEmail(Ref<EmailId>),
    /// Mails a person.
    Mail {
        /// Address.
        to: String,
        /// Subject.
        subject: String,
        /// Text.
        text: String,
    },
    /// Calls a webhook of the configuration, by its name.
    Webhook(String),
}

/// A segment that is true by score.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentRule {
    /// The static segment that the plan owns.
    pub segment: Ref<SegmentId>,
    /// Who is in it.
    pub test: SegmentTest,
}

/// Who is in a declared segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SegmentTest<Topic = TopicKey, Test = ScoreTest> {
    /// By one topic's score, with hysteresis.
    Score {
        /// The topic.
        topic: Topic,
        /// In at this score or above.
        enter: i32,
        /// Out below this score; at most `enter`.
        leave: i32,
    },
    /// While this holds.
    When(Tree<Test>),
}
