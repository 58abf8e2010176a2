//! What a trigger does when it fires.

use super::{CampaignId, EmailId, RuleKey, SegmentId, StageId, UserId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One thing that a trigger does for a contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Action {
    /// Adds it to a static segment.
    AddToSegment {
        /// The segment.
        segment: SegmentId,
    },
    /// Removes it from a segment.
    RemoveFromSegment {
        /// The segment.
        segment: SegmentId,
    },
    /// Adds and removes tags, by name.
    Tag {
        /// Tags it gets.
        add: Vec<String>,
        /// Tags it loses.
        remove: Vec<String>,
    },
    /// Adds it to a campaign.
    AddToCampaign {
        /// The campaign.
        campaign: CampaignId,
    },
    /// Removes it from a campaign.
    RemoveFromCampaign {
        /// The campaign.
        campaign: CampaignId,
    },
    /// Moves it to a stage.
    SetStage {
        /// The stage.
        stage: StageId,
    },
    /// Sets a field.
    SetField {
        /// Alias of the field.
        field: String,
        /// Its new value, not empty.
        value: String,
    },
    /// Gives it an owner.
    SetOwner {
        /// The Mautic user.
        owner: UserId,
    },
    /// Has Mautic send it an email. Can't be undone.
    SendEmail {
        /// The email.
        email: EmailId,
    },
    /// Mails a person. Can't be undone. Placeholders in subject and text: see `docs/plan.md`.
    Mail {
        /// Address of the person.
        to: String,
        /// Subject.
        subject: String,
        /// Text.
        text: String,
    },
    /// Calls a webhook of the configuration, by its name. Can't be undone.
    Webhook {
        /// Its name.
        webhook: String,
    },
}

/// A trigger that fires for a contact: what goes out, once for this crossing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Firing {
    /// The trigger.
    pub trigger: RuleKey,
    /// Its name for people.
    pub name: String,
    /// When the score crossed.
    pub crossed_at: Timestamp,
    /// Why, for people: `sales 34 reached 30`.
    pub reason: String,
    /// Scores when it fired, by topic.
    pub scores: Vec<(String, i32)>,
    /// What it does, in order.
    pub actions: Vec<Action>,
}
