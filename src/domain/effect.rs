//! What a trigger does when it fires.

use super::{CampaignId, EmailId, RuleKey, SegmentId, StageId, UserId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

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

/// What doing something twice would mean, and so what is done when it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nature {
    /// Doing it twice is doing it once: repeated until it is done.
    Repeatable,
    /// Carries an id by which its receiver knows it again: repeated for a day.
    Marked,
    /// Doing it twice is a second mail: tried again only if it was surely not done.
    Once,
}

impl Action {
    /// Names of all kinds of action.
    pub const KINDS: [&str; 11] = [
        "add_to_segment",
        "remove_from_segment",
        "tag",
        "add_to_campaign",
        "remove_from_campaign",
        "set_stage",
        "set_field",
        "set_owner",
        "send_email",
        "mail",
        "webhook",
    ];

    /// Its kind, one of [`Action::KINDS`].
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::AddToSegment { .. } => "add_to_segment",
            Self::RemoveFromSegment { .. } => "remove_from_segment",
            Self::Tag { .. } => "tag",
            Self::AddToCampaign { .. } => "add_to_campaign",
            Self::RemoveFromCampaign { .. } => "remove_from_campaign",
            Self::SetStage { .. } => "set_stage",
            Self::SetField { .. } => "set_field",
            Self::SetOwner { .. } => "set_owner",
            Self::SendEmail { .. } => "send_email",
            Self::Mail { .. } => "mail",
            Self::Webhook { .. } => "webhook",
        }
    }

    /// What doing it twice would mean.
    #[must_use]
    pub const fn nature(&self) -> Nature {
        match self {
            Self::SendEmail { .. } | Self::Mail { .. } => Nature::Once,
            Self::Webhook { .. } => Nature::Marked,
            _ => Nature::Repeatable,
        }
    }

    /// Who does it: Mautic, the mail server, or a receiver of webhooks. What one of them can't do
    /// for a while holds up nothing that another one does.
    #[must_use]
    pub fn lane(&self) -> String {
        match self {
            Self::Mail { .. } => "mail".to_owned(),
            Self::Webhook { webhook } => format!("webhook:{webhook}"),
            _ => "mautic".to_owned(),
        }
    }

    /// Whether Mautic does it.
    #[must_use]
    pub const fn is_mautics(&self) -> bool {
        !matches!(self, Self::Mail { .. } | Self::Webhook { .. })
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AddToSegment { segment } => write!(f, "add to segment {segment}"),
            Self::RemoveFromSegment { segment } => write!(f, "remove from segment {segment}"),
            Self::Tag { add, remove } => {
                let added = add.iter().map(|tag| format!("+{tag}"));
                let tags: Vec<_> = added
                    .chain(remove.iter().map(|tag| format!("-{tag}")))
                    .collect();
                write!(f, "tag {}", tags.join(" "))
            }
            Self::AddToCampaign { campaign } => write!(f, "add to campaign {campaign}"),
            Self::RemoveFromCampaign { campaign } => write!(f, "remove from campaign {campaign}"),
            Self::SetStage { stage } => write!(f, "set stage {stage}"),
            Self::SetField { field, value } => write!(f, "set {field} = {value}"),
            Self::SetOwner { owner } => write!(f, "set owner {owner}"),
            Self::SendEmail { email } => write!(f, "send email {email}"),
            Self::Mail { to, .. } => write!(f, "mail {to}"),
            Self::Webhook { webhook } => write!(f, "webhook {webhook}"),
        }
    }
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests may fail loudly")]
mod tests {
    use super::*;

    fn all() -> Vec<Action> {
        let text = |text: &str| text.to_owned();
        vec![
            Action::AddToSegment {
                segment: SegmentId(7),
            },
            Action::RemoveFromSegment {
                segment: SegmentId(7),
            },
            Action::Tag {
                add: vec![text("hot")],
                remove: vec![text("cold")],
            },
            Action::AddToCampaign {
                campaign: CampaignId(3),
            },
            Action::RemoveFromCampaign {
                campaign: CampaignId(3),
            },
            Action::SetStage { stage: StageId(2) },
            Action::SetField {
                field: text("lead_state"),
                value: text("hot"),
            },
            Action::SetOwner { owner: UserId(4) },
            Action::SendEmail { email: EmailId(5) },
            Action::Mail {
                to: text("sales@example.test"),
                subject: text("s"),
                text: text("t"),
            },
            Action::Webhook {
                webhook: text("crm"),
            },
        ]
    }

    #[test]
    fn kinds_natures_and_words() {
        let all = all();
        let kinds: Vec<_> = all.iter().map(Action::kind).collect();
        assert_eq!(kinds, Action::KINDS);
        let told: Vec<_> = all
            .iter()
            .map(|action| format!("{action} | {:?} | {}", action.nature(), action.lane()))
            .collect();
        insta::assert_snapshot!(told.join("\n"), @r"
        add to segment 7 | Repeatable | mautic
        remove from segment 7 | Repeatable | mautic
        tag +hot -cold | Repeatable | mautic
        add to campaign 3 | Repeatable | mautic
        remove from campaign 3 | Repeatable | mautic
        set stage 2 | Repeatable | mautic
        set lead_state = hot | Repeatable | mautic
        set owner 4 | Repeatable | mautic
        send email 5 | Once | mautic
        mail sales@example.test | Once | mail
        webhook crm | Marked | webhook:crm
        ");
    }

    #[test]
    fn the_kind_is_what_is_stored() {
        for action in all() {
            let json = serde_json::to_value(&action).unwrap();
            assert_eq!(json["do"], action.kind());
            assert_eq!(serde_json::from_value::<Action>(json).unwrap(), action);
        }
    }
}
