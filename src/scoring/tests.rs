//! Properties of the engine that hold for every history.
#![allow(clippy::unwrap_used, reason = "tests may fail loudly")]

use super::{desired_values, evaluate, explain};
use crate::domain::{
    Activity, ActivityKey, ActivityKind, Attributes, ContactId, GroupId, Profile, RuleKey,
    SegmentId, Snapshot, TopicKey,
};
use crate::plan::{
    Band, Compiled, CompiledAction, CompiledSegment, CompiledTopic, CompiledTrigger, Condition,
    InactivityRule, ProfileRule, Repeat, Scale, Ticks,
};
use jiff::{SignedDuration, Timestamp, civil::time, tz::TimeZone};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

fn action(
    key: &str,
    topic: usize,
    points: i32,
    repeat: Repeat,
    kind: ActivityKind,
) -> CompiledAction {
    CompiledAction {
        key: RuleKey(key.into()),
        name: key.into(),
        topic,
        points,
        repeat,
        kind,
        objects: BTreeSet::new(),
        urls: Vec::new(),
        since: None,
        until: None,
    }
}

fn topic(key: &str, group: u32, scale: Scale) -> CompiledTopic {
    let bands = [("cold", 0), ("warm", 20), ("hot", 60)];
    CompiledTopic {
        key: TopicKey(key.into()),
        label: key.into(),
        group: Some(GroupId(group)),
        scale,
        bands: bands
            .map(|(name, from)| Band {
                name: name.into(),
                from,
            })
            .into(),
    }
}

fn plan() -> Compiled {
    let limited = Scale {
        floor: Some(0),
        ceiling: Some(100),
    };
    let mut shoes = action("shoes", 0, 7, Repeat::Always, ActivityKind::UrlHit);
    shoes.urls = vec!["*shoes*".into()];
    let mut form = action("form", 1, 30, Repeat::Once, ActivityKind::FormSubmit);
    form.objects = BTreeSet::from([1, 2]);
    Compiled {
        version: "test".into(),
        ticks: Ticks {
            zone: TimeZone::get("Europe/Berlin").unwrap(),
            at: time(3, 0, 0, 0),
        },
        topics: vec![
            topic("a", 1, limited),
            topic(
                "b",
                2,
                Scale {
                    floor: None,
                    ceiling: None,
                },
            ),
        ],
        point_actions: vec![
            shoes,
            form,
            action("open", 0, -3, Repeat::Always, ActivityKind::EmailOpen),
            action("asset", 1, 11, Repeat::Always, ActivityKind::AssetDownload),
        ],
        profile_rules: vec![(
            1,
            ProfileRule {
                key: RuleKey("director".into()),
                name: "Director".into(),
                topic: TopicKey("b".into()),
                points: 10,
                when: Condition::FieldIs {
                    field: "position".into(),
                    values: BTreeSet::from(["Director".to_owned()]),
                },
            },
        )],
        inactivity_rules: vec![(
            0,
            InactivityRule {
                key: RuleKey("silent".into()),
                name: "Silent".into(),
                topic: TopicKey("a".into()),
                points: -10,
                after_days: 30,
                kinds: BTreeSet::from([ActivityKind::UrlHit, ActivityKind::EmailClick]),
            },
        )],
        triggers: vec![CompiledTrigger {
            key: RuleKey("tell".into()),
            name: "Tell sales".into(),
            topic: 1,
            at: 40,
            add_to: vec![SegmentId(9)],
            remove_from: Vec::new(),
        }],
        segments: vec![CompiledSegment {
            segment: SegmentId(5),
            topic: 0,
            enter: 50,
            leave: 40,
        }],
    }
}

fn at(minutes: i64) -> Timestamp {
    "2026-01-01T00:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_mins(minutes)
}

fn activity() -> impl Strategy<Value = Activity> {
    let urls = prop_oneof![
        Just("https://s/shoes/1"),
        Just("https://s/hats"),
        Just("shoes")
    ];
    (0..8_usize, 0..200_u64, 0..200_000_i64, 1..4_u32, urls).prop_map(
        |(kind, id, minute, object, url)| Activity {
            key: ActivityKey(format!("k:{id}")),
            contact: ContactId(1),
            at: at(minute),
            kind: ActivityKind::ALL[kind],
            object: Some(object),
            url: Some(url.into()),
            attributes: Attributes::new(),
        },
    )
}

/// Histories whose activities have different keys, as the journal guarantees.
fn history() -> impl Strategy<Value = Snapshot> {
    let activities = prop::collection::vec(activity(), 0..60);
    (activities, any::<bool>(), any::<bool>()).prop_map(|(activities, director, known)| {
        let unique: BTreeMap<_, _> = activities.into_iter().map(|a| (a.key.clone(), a)).collect();
        let mut profile = Profile::unknown(ContactId(1), at(0));
        profile.added_at = Some(at(-50_000));
        if director {
            profile.fields.insert("position".into(), "DIRECTOR".into());
        }
        Snapshot {
            contact: ContactId(1),
            activities: unique.into_values().collect(),
            profile: known.then_some(profile),
            segments: BTreeSet::new(),
            fired: BTreeSet::new(),
        }
    })
}

proptest! {
    #[test]
    fn order_and_duplicates_change_nothing(
        (history, shuffled) in history().prop_flat_map(|history| {
            let twice: Vec<_> = history.activities.iter().chain(&history.activities).cloned().collect();
            (Just(history), Just(twice).prop_shuffle())
        })
    ) {
        let again = Snapshot { activities: shuffled, ..history.clone() };
        prop_assert_eq!(evaluate(&plan(), &history, at(250_000)), evaluate(&plan(), &again, at(250_000)));
    }

    #[test]
    fn scores_stay_in_range_and_explanations_add_up(history in history(), now in 0..400_000_i64) {
        let plan = plan();
        for (index, topic) in explain(&plan, &history, at(now)).into_iter().enumerate() {
            let scale = plan.topics[index].scale;
            prop_assert!(scale.floor.is_none_or(|floor| topic.score >= floor));
            prop_assert!(scale.ceiling.is_none_or(|ceiling| topic.score <= ceiling));
            let parts: i64 = topic.contributions.iter().map(|part| part.points).sum();
            prop_assert_eq!(parts + topic.cut, i64::from(topic.score));
        }
    }

    #[test]
    fn shifting_all_times_by_whole_days_shifts_nothing_else(history in history(), days in 1..300_i64) {
        // In UTC a day has 24 hours, so ticks shift along.
        let mut plan = plan();
        plan.ticks.zone = TimeZone::UTC;
        let by = SignedDuration::from_hours(24 * days);
        let mut later = history.clone();
        later.activities.iter_mut().for_each(|activity| activity.at += by);
        if let Some(profile) = &mut later.profile {
            profile.added_at = profile.added_at.map(|added| added + by);
        }
        let (before, after) = (evaluate(&plan, &history, at(250_000)), evaluate(&plan, &later, at(250_000) + by));
        let scores = |e: &super::Evaluation| e.topics.iter().map(|t| (t.score, t.raw)).collect::<Vec<_>>();
        prop_assert_eq!(scores(&before), scores(&after));
        prop_assert_eq!(before.next_change.map(|next| next + by), after.next_change);
    }

    #[test]
    fn removing_a_rule_removes_exactly_its_contributions(history in history(), which in 0..4_usize) {
        let (full, mut less) = (plan(), plan());
        let removed = less.point_actions.remove(which);
        let (all, rest) = (evaluate(&full, &history, at(250_000)), evaluate(&less, &history, at(250_000)));
        for (all, rest) in all.topics.iter().zip(&rest.topics) {
            let kept: Vec<_> = all.contributions.iter().filter(|part| part.rule != removed.key).collect();
            prop_assert_eq!(kept, rest.contributions.iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn nothing_changes_before_the_time_announced(history in history(), now in 0..250_000_i64) {
        let plan = plan();
        let evaluation = evaluate(&plan, &history, at(now));
        if let Some(next) = evaluation.next_change {
            prop_assert!(next > at(now));
            let just_before = evaluate(&plan, &history, next - SignedDuration::from_secs(1));
            prop_assert_eq!(&evaluation.topics, &just_before.topics);
            prop_assert_ne!(evaluation.topics, evaluate(&plan, &history, next).topics);
        }
    }
}

#[test]
fn hysteresis_keeps_who_was_in() {
    let mut history = Snapshot {
        contact: ContactId(1),
        activities: Vec::new(),
        profile: None,
        segments: BTreeSet::new(),
        fired: BTreeSet::new(),
    };
    let add = |history: &mut Snapshot, minute: i64, kind| {
        history.activities.push(Activity {
            key: ActivityKey(format!("k:{minute}")),
            contact: ContactId(1),
            at: at(minute),
            kind,
            object: Some(1),
            url: Some("shoes".into()),
            attributes: Attributes::new(),
        });
    };
    let inside = |history: &Snapshot| {
        let evaluation = evaluate(&plan(), history, at(1_000));
        (
            evaluation.topics[0].score,
            evaluation.decision.segments[&SegmentId(5)].0,
        )
    };
    (0..7).for_each(|minute| add(&mut history, minute, ActivityKind::UrlHit));
    assert_eq!(inside(&history), (49, false));
    add(&mut history, 7, ActivityKind::UrlHit);
    assert_eq!(inside(&history), (56, true));
    (8..13).for_each(|minute| add(&mut history, minute, ActivityKind::EmailOpen));
    assert_eq!(
        inside(&history),
        (41, true),
        "between leave and enter: stays in"
    );
    add(&mut history, 13, ActivityKind::EmailOpen);
    assert_eq!(inside(&history), (38, false));
}

#[test]
fn a_trigger_fires_once_and_its_segment_stays() {
    let mut profile = Profile::unknown(ContactId(1), at(0));
    profile.fields.insert("position".into(), "director".into());
    let mut history = Snapshot {
        contact: ContactId(1),
        activities: vec![Activity {
            key: ActivityKey("submission:1".into()),
            contact: ContactId(1),
            at: at(0),
            kind: ActivityKind::FormSubmit,
            object: Some(2),
            url: None,
            attributes: Attributes::new(),
        }],
        profile: Some(profile),
        segments: BTreeSet::new(),
        fired: BTreeSet::new(),
    };
    let evaluation = evaluate(&plan(), &history, at(10));
    assert_eq!(evaluation.decision.fires, [RuleKey("tell".into())]);
    history.fired.insert(RuleKey("tell".into()));
    history.profile = None;
    let evaluation = evaluate(&plan(), &history, at(10));
    assert!(
        evaluation.decision.fires.is_empty(),
        "30 < 40, and it fired before"
    );
    let desired = desired_values(&plan(), &history, &evaluation);
    let tell = desired
        .iter()
        .find(|value| value.target.to_string() == "segment:9")
        .unwrap();
    assert_eq!(tell.value, 1);
}
