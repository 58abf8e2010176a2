//! The circle from write to webhook to score is closed, and it stands still: what we wrote leads
//! to nothing more, what others wrote is set right once, and observing writes nothing.
#![allow(clippy::unwrap_used, reason = "tests may fail loudly")]

use mautic_fixtures::simulator::Pace;
use secrecy::SecretString;
use std::{collections::BTreeMap, future::pending, time::Duration};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};
use topicscore::config::WriteMode;
use topicscore::demo::{
    Crowd, Held, Scene, SceneOptions, Story, come_to_rest, crowd_of, differences,
};
use topicscore::lifecycle::Lifecycle;
use topicscore::mautic::signature;
use topicscore::store::Counts;

const REST: Duration = Duration::from_mins(2);
const ROUNDS: usize = 3;

struct Stage {
    scene: Scene,
    lifecycle: Lifecycle,
    _folder: TempDir,
}

async fn stage(seed: u64, mode: WriteMode) -> Stage {
    let folder = tempfile::tempdir().unwrap();
    let mut lifecycle = Lifecycle::default();
    let options = SceneOptions {
        folder: folder.path().to_owned(),
        seed,
        mode,
        keep_acknowledged: true,
        ..SceneOptions::default()
    };
    let scene = Scene::set(&options, &mut lifecycle).await.unwrap();
    Stage {
        scene,
        lifecycle,
        _folder: folder,
    }
}

impl Stage {
    /// Runs `job` beside the workers; fails if one of them ends.
    async fn during<F: Future<Output = ()>>(self, job: impl FnOnce(Scene) -> F) {
        let drain = Duration::from_secs(10);
        let job = job(self.scene);
        self.lifecycle.run(job, pending(), drain).await.unwrap();
    }
}

async fn play(scene: &Scene, seed: u64) -> Story {
    let mut story = Story::default();
    let crowd = Crowd {
        seed,
        visitors: 15,
        activities: 10,
        merges: false,
    };
    let script = crowd_of(crowd);
    scene
        .play(script, Pace::Full, &mut story, |_, _| {})
        .await
        .unwrap();
    story
}

/// Waits for whole rounds of polls that begin after now, and for nothing being left but intents.
async fn rounds(scene: &Scene, rounds: usize) -> Counts {
    let until = Instant::now() + REST;
    for _ in 0..rounds {
        let since = scene.instance.clock.now();
        scene.instance.poll_now();
        while !scene.instance.polled_since(since) {
            assert!(Instant::now() < until, "the polls did not come round");
            sleep(Duration::from_millis(20)).await;
        }
    }
    loop {
        let counts = scene.instance.store.counts().await.unwrap();
        if counts.undecoded + counts.dirty == 0 {
            return counts;
        }
        assert!(Instant::now() < until, "no end of work: {counts:?}");
        sleep(Duration::from_millis(20)).await;
    }
}

/// Delivers everything once more that Mautic ever delivered, echoes of our writes included.
async fn deliver_again(scene: &Scene) -> u64 {
    let mautic = &scene.mautic.0;
    let secret = mautic.with_state(|state| {
        let hook = state.hooks.table.iter().next().map(|(_, hook)| hook);
        SecretString::from(hook.unwrap().secret.clone())
    });
    let secret = secret.await;
    let url = format!("http://{}/webhook", scene.addresses.webhook);
    let (http, mut again) = (reqwest::Client::new(), 0);
    for body in mautic.acknowledged().await {
        let request = http
            .post(&url)
            .header(
                "webhook-signature",
                signature::sign(&secret, body.as_bytes()),
            )
            .body(body);
        assert_eq!(request.send().await.unwrap().status(), 204);
        again += 1;
    }
    again
}

async fn post(scene: &Scene, path: &str) {
    let access = &scene.catalog.access;
    let request = reqwest::Client::new()
        .post(format!("{}/api/{path}", scene.mautic.0.base_url()))
        .basic_auth(&access.user, Some(&access.password));
    request.send().await.unwrap().error_for_status().unwrap();
}

async fn held(scene: &Scene) -> BTreeMap<u64, Held> {
    scene.mautic.held().await.0
}

#[tokio::test(flavor = "multi_thread")]
async fn echoes_of_our_writes_lead_to_no_further_write() {
    let job = async |scene: Scene| {
        let story = play(&scene, 11).await;
        let rest = come_to_rest(&scene, REST).await.unwrap();
        let segments = held(&scene).await;
        assert!(
            segments.values().any(|held| !held.segments.is_empty()),
            "somebody must have entered a segment, or there is no echo"
        );
        let again = deliver_again(&scene).await;
        assert!(again > rest.writes, "every write of a segment was echoed");
        let after = rounds(&scene, ROUNDS).await;
        assert_eq!(after.deliveries, rest.deliveries + again);
        assert_eq!(
            (after.writes, after.pending_intents, after.activities),
            (rest.writes, 0, rest.activities)
        );
        let found = differences(&story, &scene.catalog, &held(&scene).await);
        assert_eq!(found, []);
    };
    stage(11, WriteMode::Live).await.during(job).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_change_of_an_owned_score_is_set_right_once() {
    let job = async |scene: Scene| {
        play(&scene, 12).await;
        let rest = come_to_rest(&scene, REST).await.unwrap();
        let before = held(&scene).await;
        let (contact, group) = before
            .iter()
            .find_map(|(contact, held)| Some((*contact, *held.groups.iter().next()?.0)))
            .unwrap();
        post(
            &scene,
            &format!("contacts/{contact}/points/groups/{group}/plus/7"),
        )
        .await;
        let changed = held(&scene).await;
        assert_eq!(
            changed[&contact].groups[&group],
            before[&contact].groups[&group] + 7
        );
        scene.instance.poll_now();
        let until = Instant::now() + REST;
        while held(&scene).await[&contact].groups != before[&contact].groups {
            assert!(Instant::now() < until, "nobody set the score right");
            sleep(Duration::from_millis(20)).await;
        }
        let after = come_to_rest(&scene, REST).await.unwrap();
        assert_eq!(after.writes, rest.writes + 1);
        let after = rounds(&scene, ROUNDS).await;
        assert_eq!(
            (after.writes, after.pending_intents),
            (rest.writes + 1, 0),
            "our own correction is no foreign change"
        );
    };
    stage(12, WriteMode::Live).await.during(job).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn observing_writes_nothing() {
    let job = async |scene: Scene| {
        play(&scene, 13).await;
        let counts = rounds(&scene, ROUNDS).await;
        assert!(counts.scores > 0, "{counts:?}");
        assert!(
            counts.pending_intents > 0,
            "what would be written is shown: {counts:?}"
        );
        assert_eq!(counts.writes, 0);
        for (contact, held) in held(&scene).await {
            assert_eq!(held.groups, BTreeMap::new(), "contact {contact}");
            assert!(held.segments.is_empty(), "contact {contact}");
        }
    };
    stage(13, WriteMode::Observe).await.during(job).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unpublished_hook_is_noticed_published_again_and_the_gap_is_polled() {
    let job = async |scene: Scene| {
        let mautic = &scene.mautic.0;
        let page = |path: &'static str| {
            let address = format!("http://{}{path}", scene.addresses.admin);
            async move { reqwest::get(address).await.unwrap().text().await.unwrap() }
        };
        let until = Instant::now() + REST;
        while !page("/metrics")
            .await
            .contains("\ntopicscore_hook_published 1\n")
        {
            assert!(Instant::now() < until, "it is not registered");
            sleep(Duration::from_millis(20)).await;
        }
        mautic
            .change_state(|state| {
                let (id, _) = state.hooks.table.iter().next().unwrap();
                let hook = state.hooks.table.get_mut(id).unwrap();
                hook.stamp.is_published = false;
            })
            .await;
        // Nobody tells of these.
        let story = play(&scene, 14).await;
        while !page("/metrics")
            .await
            .contains("topicscore_hook_republished_total 1")
        {
            assert!(
                Instant::now() < until,
                "nobody noticed: {}",
                page("/readyz").await
            );
            sleep(Duration::from_millis(20)).await;
        }
        let published = mautic.with_state(|state| {
            let mut hooks = state.hooks.table.iter();
            hooks.all(|(_, hook)| hook.stamp.is_published)
        });
        assert!(published.await);
        assert!(
            page("/metrics")
                .await
                .contains("\ntopicscore_hook_published 1\n")
        );
        come_to_rest(&scene, REST).await.unwrap();
        assert_eq!(differences(&story, &scene.catalog, &held(&scene).await), []);
    };
    stage(14, WriteMode::Live).await.during(job).await;
}
