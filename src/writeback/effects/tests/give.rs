//! Effects and profiles.

use crate::domain::{
    Action, CampaignId, ContactId, Effect, EffectId, EffectState, EmailId, Profile, RuleKey,
    SegmentId, StageId, Urgency, UserId,
};
use jiff::Timestamp;

/// The tests' time.
pub(in super::super) fn now() -> Timestamp {
    "2026-11-21T20:00:00Z".parse().unwrap()
}

/// One of each kind.
pub(in super::super) fn actions() -> Vec<Action> {
    let text = str::to_owned;
    vec![
        Action::AddToSegment {
            segment: SegmentId(1),
        },
        Action::RemoveFromSegment {
            segment: SegmentId(1),
        },
        Action::Tag {
            add: vec![text("hot")],
            remove: vec![text("cold")],
        },
        Action::AddToCampaign {
            campaign: CampaignId(1),
        },
        Action::RemoveFromCampaign {
            campaign: CampaignId(1),
        },
        Action::SetStage { stage: StageId(1) },
        Action::SetField {
            field: text("city"),
            value: text("Bern"),
        },
        Action::SetOwner { owner: UserId(1) },
        Action::SendEmail { email: EmailId(1) },
        Action::Mail {
            to: text("sales@example.test"),
            subject: text("{name} is hot"),
            text: text("{name} ({email}): {reason}.\nOvens: {score:ovens}"),
        },
        Action::Webhook {
            webhook: text("crm"),
        },
    ]
}

/// An effect of contact 7 whose trigger fired just now.
pub(in super::super) fn effect(action: Action) -> Effect {
    Effect {
        id: EffectId(3),
        contact: ContactId(7),
        trigger: RuleKey("call".to_owned()),
        name: "Call".to_owned(),
        reason: "ovens 62 reached 60".to_owned(),
        scores: vec![("ovens".to_owned(), 62), ("hobs".to_owned(), 3)],
        crossed_at: "2026-11-21T19:59:00Z".parse().unwrap(),
        ordinal: 0,
        action,
        state: EffectState::Pending,
        attempts: 0,
        fired_at: now(),
        wanted_at: now(),
        caused_at: now(),
        urgency: Urgency::Crossing,
        not_before: Timestamp::UNIX_EPOCH,
        started: None,
        finished_at: None,
        last_error: None,
        answer: None,
    }
}

pub(in super::super) fn profile(first: &str, last: &str) -> Profile {
    let mut profile = Profile::unknown(ContactId(7), now());
    for (alias, value) in [
        ("firstname", first),
        ("lastname", last),
        ("email", "ann@example.test"),
    ] {
        profile.fields.insert(alias.to_owned(), value.to_owned());
    }
    profile
}
