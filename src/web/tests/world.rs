//! A small shop: a plan with two topics, three contacts.

use super::fake::FakeStore;
use crate::domain::{
    Action, Activity, ActivityKey, ActivityKind, Attributes, ContactId, Effect, EffectId,
    EffectState, EmailId, GroupId, Profile, RuleKey, SegmentId, Snapshot, Target, TopicKey,
    Urgency,
};
use crate::plan::{Catalog, Compiled, Named, Plan, compile};
use crate::store::{
    ContactOverview, Counts, ParkedItem, StoredScore, TargetState, WriteRecord, WriteSummary,
};
use jiff::Timestamp;
use std::collections::BTreeMap;

pub(super) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(super) fn now() -> Timestamp {
    at("2026-11-21T12:00:00Z")
}

const PLAN: &str = r#"
format = 1

[[topic]]
key = "dishwashers"
label = "Dishwashers"
group = 3
bands = [{ name = "cold", from = 0 }, { name = "warm", from = 30 }, { name = "hot", from = 60 }]

[[topic]]
key = "ovens"
label = "Ovens & hobs"
group = 4
bands = [{ name = "cold", from = 0 }, { name = "warm", from = 30 }, { name = "hot", from = 60 }]

[[point_action]]
key = "form"
name = "Asks for an offer"
topic = "dishwashers"
points = 60
repeat = "always"
kind = "form.submit"

[[point_action]]
key = "pdf"
name = "Downloads the brochure"
topic = "dishwashers"
points = 45
repeat = "always"
kind = "asset.download"

[[point_action]]
key = "page"
name = "Sees the oven page"
topic = "ovens"
points = 5
repeat = "always"
kind = "page.hit"

[[segment]]
segment = 9
topic = "dishwashers"
enter = 50
leave = 40
"#;

pub(super) fn plan() -> Compiled {
    bound(PLAN)
}

fn bound(text: &str) -> Compiled {
    let (plan, _) = Plan::parse("plan.toml", text).unwrap_or_else(|found| panic!("{found}"));
    let named = |id, name: &str| Named {
        id,
        name: name.to_owned(),
    };
    let catalog = Catalog {
        groups: vec![named(3, "Dishwashers"), named(4, "Ovens & hobs")],
        segments: vec![named(9, "Interested")],
        ..Catalog::default()
    };
    let compiled = compile(&plan, &catalog).unwrap();
    Compiled {
        version: "0123456789ab".to_owned(),
        ..compiled
    }
}

/// The same where points fade and the oven page pays once, seen twice by contact 7.
pub(super) fn fading() -> (FakeStore, Compiled) {
    let fades = PLAN.replacen("group = 3", "group = 3\ndecay = { half_life = 30 }", 1);
    let (before, page) = fades.rsplit_once("\"always\"").unwrap();
    let mut store = store();
    let again = activity(7, "hit:9", ActivityKind::PageHit, "2026-11-20T09:00:00Z");
    let seven = store.snapshots.get_mut(&ContactId(7)).unwrap();
    seven.activities.push(again);
    (store, bound(&format!("{before}\"once\"{page}")))
}

fn activity(contact: u32, key: &str, kind: ActivityKind, when: &str) -> Activity {
    Activity {
        key: ActivityKey(key.to_owned()),
        contact: ContactId(contact),
        at: at(when),
        kind,
        object: Some(2),
        url: None,
        attributes: Attributes::new(),
    }
}

fn score(topic: &str, score: i32, raw: i64, band: &str) -> StoredScore {
    StoredScore {
        topic: TopicKey(topic.to_owned()),
        score,
        raw,
        band: Some(band.to_owned()),
    }
}

fn profile(contact: u32, first: &str, email: &str) -> Profile {
    let mut profile = Profile::unknown(ContactId(contact), now());
    let fields = [
        ("firstname", first),
        ("lastname", "Sample"),
        ("email", email),
    ];
    profile.fields = fields
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    profile
}

fn overview(contact: u32) -> ContactOverview {
    ContactOverview {
        contact: ContactId(contact),
        profile: None,
        observed_points: None,
        scores: Vec::new(),
        segments: Vec::new(),
        targets: Vec::new(),
        merged_from: Vec::new(),
        scored: None,
        next_change: None,
    }
}

/// Contact 7, into whom 12 was merged.
fn seven() -> ContactOverview {
    let target = |target, desired, observed, pending, reason: &str| TargetState {
        target,
        desired: Some(desired),
        observed,
        observed_at: observed.map(|_| at("2026-11-21T11:59:00Z")),
        suspect: false,
        pending,
        reason: reason.to_owned(),
        last_error: None,
    };
    ContactOverview {
        profile: Some(profile(7, "Ann <b>", "ann@example.test")),
        observed_points: Some(20),
        scores: vec![
            score("dishwashers", 100, 105, "hot"),
            score("ovens", 5, 5, "cold"),
        ],
        segments: vec![SegmentId(9)],
        targets: vec![
            target(
                Target::Group(GroupId(3)),
                100,
                Some(60),
                true,
                "dishwashers 100; newest: +45 Downloads the brochure",
            ),
            target(
                Target::Segment(SegmentId(9)),
                1,
                Some(1),
                false,
                "dishwashers 100: in at 50, out below 40",
            ),
        ],
        merged_from: vec![ContactId(12)],
        scored: Some((at("2026-11-21T11:59:30Z"), "0123456789ab".to_owned())),
        ..overview(7)
    }
}

fn write(contact: u32, status: Option<u16>, outcome: &str, answer: &str) -> WriteSummary {
    WriteSummary {
        contact: ContactId(contact),
        target: "group:3".to_owned(),
        desired: 60,
        reason: "dishwashers 60; newest: +60 Asks for an offer".to_owned(),
        outcome: outcome.to_owned(),
        caused_at: at("2026-11-21T11:50:00Z"),
        record: WriteRecord {
            at: at("2026-11-21T11:50:02Z"),
            request: format!("POST /api/contacts/{contact}/points/groups/3/set/60"),
            status,
            answer: answer.to_owned(),
            took_ms: 87,
        },
    }
}

pub(super) fn store() -> FakeStore {
    let history = |contact, activities| Snapshot {
        activities,
        ..Snapshot::of(ContactId(contact))
    };
    let done = vec![
        activity(7, "hit:1", ActivityKind::PageHit, "2026-11-18T09:00:00Z"),
        activity(
            7,
            "submission:4",
            ActivityKind::FormSubmit,
            "2026-11-19T10:00:00Z",
        ),
        activity(
            7,
            "download:5",
            ActivityKind::AssetDownload,
            "2026-11-21T11:50:00Z",
        ),
    ];
    let mut eight = overview(8);
    eight.scores = vec![
        score("dishwashers", 0, 0, "cold"),
        score("ovens", 35, 35, "warm"),
    ];
    FakeStore {
        overviews: BTreeMap::from([
            (ContactId(7), seven()),
            (ContactId(8), eight),
            (ContactId(30), overview(30)),
        ]),
        snapshots: BTreeMap::from([
            (ContactId(7), history(7, done)),
            (ContactId(8), history(8, Vec::new())),
        ]),
        merged: BTreeMap::from([(ContactId(12), ContactId(7))]),
        counts: Counts {
            contacts: 3,
            activities: 1234,
            deliveries: 56,
            undecoded: 1,
            parked: 1,
            dirty: 2,
            scores: 6,
            pending_intents: 1,
            parked_intents: 0,
            pending_effects: 2,
            failed_effects: 1,
            unknown_effects: 1,
            writes: 2,
            merged: 1,
            deleted: 4,
        },
        writes: vec![
            write(7, Some(200), "holds", r#"{"groupScore":{"score":60}}"#),
            write(8, None, "retry", "no answer within 30 s"),
        ],
        parked: vec![ParkedItem {
            id: 3,
            kind: "mautic.<script>".to_owned(),
            reason: "unknown event type".to_owned(),
            at: at("2026-11-21T10:00:00Z"),
        }],
        effects: vec![
            effect(5, 7, EffectState::Failed),
            effect(4, 8, EffectState::Pending),
        ],
        delays: (1..=200).map(|n| n * 10).collect(),
        ..FakeStore::default()
    }
}

fn effect(id: i64, contact: u32, state: EffectState) -> Effect {
    let fired_at = at("2026-11-21T11:00:00Z");
    let failed = state == EffectState::Failed;
    Effect {
        id: EffectId(id),
        contact: ContactId(contact),
        trigger: RuleKey("call".to_owned()),
        name: "Call <b>".to_owned(),
        reason: "dishwashers 60 reached 50".to_owned(),
        scores: vec![("dishwashers".to_owned(), 60)],
        crossed_at: at("2026-11-21T10:59:00Z"),
        ordinal: 0,
        action: Action::SendEmail { email: EmailId(9) },
        state,
        attempts: 2,
        fired_at,
        wanted_at: fired_at,
        caused_at: fired_at,
        urgency: Urgency::Crossing,
        not_before: at("2026-11-21T12:05:00Z"),
        started: None,
        finished_at: failed.then(|| at("2026-11-21T11:30:00Z")),
        last_error: Some("no such email".to_owned()),
        answer: None,
    }
}
