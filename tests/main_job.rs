//! The main job: what visitors do in Mautic comes back to Mautic as scores and segments.
#![allow(clippy::unwrap_used, reason = "tests may fail loudly")]

use jiff::Timestamp;
use mautic_fixtures::simulator::Pace;
use std::{future::pending, time::Duration};
use topicscore::demo::{Crowd, Report, Scene, SceneOptions, Story, come_to_rest, crowd_of, report};
use topicscore::lifecycle::Lifecycle;

/// Plays a crowd and reports after everything came to rest.
async fn played(crowd: Crowd) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let mut lifecycle = Lifecycle::default();
    let options = SceneOptions {
        folder: folder.path().to_owned(),
        seed: crowd.seed,
        admin: ([127, 0, 0, 1], 0).into(),
        ..SceneOptions::default()
    };
    let since = Timestamp::now();
    let scene = Scene::set(&options, &mut lifecycle).await.unwrap();
    let mut story = Story::default();
    let job = async {
        scene
            .play(crowd_of(crowd), Pace::Full, &mut story, |_, _| {})
            .await
            .unwrap();
        come_to_rest(&scene, Duration::from_mins(2)).await.unwrap();
    };
    lifecycle
        .run(job, pending(), Duration::from_secs(10))
        .await
        .unwrap();
    report(&scene, &mut story, since, true).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn scores_and_segments_equal_the_oracle() {
    let crowd = Crowd {
        seed: 1,
        visitors: 30,
        activities: 12,
        merges: false,
    };
    let report = played(crowd).await;
    println!("{report:#?}");
    assert_eq!(report.first_differences, []);
    assert_eq!(report.parked, 0);
    assert!(report.contacts >= 30 && report.writes > 30, "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn merged_contacts_have_what_both_did() {
    let crowd = Crowd {
        seed: 2,
        visitors: 30,
        activities: 12,
        merges: true,
    };
    let report = played(crowd).await;
    println!("{report:#?}");
    assert!(
        report.merged > 0,
        "the crowd must have somebody who merges: {report:?}"
    );
    assert_eq!(report.first_differences, []);
}
