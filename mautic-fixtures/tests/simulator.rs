//! The visitor simulator against a running stand-in.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use mautic_fixtures::simulator::{
    Access, ActivityKind, CatalogPlan, Pace, Played, Script, SimulatorOptions, play, set_up,
};
use mautic_fixtures::{ClockKind, Options, StandIn};

async fn played(
    options: &SimulatorOptions,
) -> (StandIn, Played, Vec<mautic_fixtures::simulator::Topic>) {
    let start: jiff::Timestamp = "2026-05-01T08:00:00Z".parse().unwrap();
    let clock = ClockKind::Manual(start);
    let mautic = StandIn::start(Options {
        clock,
        ..Options::default()
    })
    .await
    .unwrap();
    let plan = CatalogPlan::with_topics(options.topics);
    let catalog = set_up(&mautic.base_url(), &Access::default(), &plan)
        .await
        .unwrap();
    let script = Script::generate(3, options);
    let pace = Pace::Stepped(mautic.clock().clone(), start);
    let played = play(&script, &mautic.base_url(), &catalog, pace, |_, _| {})
        .await
        .unwrap();
    (mautic, played, catalog.topics)
}

/// Points a topic's actions pay, in the order of the kinds below.
const POINTS: [(ActivityKind, i64); 5] = [
    (ActivityKind::LandingPageHit, 5),
    (ActivityKind::FormSubmit, 20),
    (ActivityKind::AssetDownload, 10),
    (ActivityKind::EmailOpen, 3),
    (ActivityKind::EmailSend, 1),
];

#[tokio::test]
async fn scores_are_what_the_played_activities_add_up_to() {
    let options = SimulatorOptions {
        contacts: 12,
        activities_per_contact: 10,
        merges: false,
        ..SimulatorOptions::default()
    };
    let (mautic, played, topics) = played(&options).await;
    assert!(
        played.activities.len() > 60,
        "{} activities",
        played.activities.len()
    );
    assert!(
        played
            .activities
            .iter()
            .all(|activity| activity.status < 400 && activity.contact.is_some())
    );
    let mut expected: BTreeMap<(u64, u64), i64> = BTreeMap::new();
    let mut opened: Vec<(u64, u64)> = Vec::new();
    for activity in &played.activities {
        let contact = activity.contact.unwrap();
        let mut pay =
            |group: u64, points: i64| *expected.entry((contact, group)).or_insert(0) += points;
        for topic in &topics {
            let of_shop = format!("/{}/", topic.slug);
            if activity
                .url
                .as_ref()
                .is_some_and(|url| url.contains("shop.example.test") && url.contains(&of_shop))
            {
                pay(topic.group, 2);
            }
            for (kind, points) in POINTS {
                let object = match kind {
                    ActivityKind::LandingPageHit => topic.page,
                    ActivityKind::FormSubmit => topic.form,
                    ActivityKind::AssetDownload => topic.asset,
                    _ => topic.email,
                };
                if activity.kind == kind && activity.object == object {
                    pay(topic.group, points);
                }
            }
            // A click in an email nobody has opened counts as its open; ours are told apart by the stats below.
            if activity.kind == ActivityKind::EmailClick && activity.object == topic.email {
                opened.push((contact, topic.group));
            }
        }
    }
    let opens_by_click = mautic
        .with_state(|state| {
            state
                .web
                .email_stats
                .values()
                .map(|stat| stat.opens.len())
                .sum::<usize>()
        })
        .await
        - played
            .activities
            .iter()
            .filter(|activity| activity.kind == ActivityKind::EmailOpen)
            .count();
    assert!(opens_by_click <= opened.len());
    let scores: i64 = mautic
        .with_state(|state| state.group_scores.iter().map(|(_, _, score)| score).sum())
        .await;
    let computed: i64 = expected.values().sum::<i64>() + 3 * i64::try_from(opens_by_click).unwrap();
    assert_eq!(scores, computed);
    mautic.stop().await;
}

#[tokio::test]
async fn second_devices_merge_contacts() {
    let options = SimulatorOptions {
        contacts: 25,
        activities_per_contact: 6,
        ..SimulatorOptions::default()
    };
    let (mautic, _, _) = played(&options).await;
    let merged = mautic.with_state(|state| state.merged_into.len()).await;
    assert!(merged > 0);
    mautic.stop().await;
}
