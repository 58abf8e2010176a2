//! Makes a store of the present format, as a daemon leaves it behind.

use crate::told::Told;
use crate::{config, stores};
use jiff::{SignedDuration, Timestamp};
use mautic_fixtures::Options;
use mautic_fixtures::faults::{Fault, Rule};
use mautic_fixtures::simulator::Pace;
use secrecy::SecretString;
use std::{future::pending, path::Path, sync::Arc, time::Duration};
use tokio::time::{Instant, sleep};
use topicscore::app::{Instance, Listeners, PlanSource};
use topicscore::clock::SystemClock;
use topicscore::demo::{Crowd, Scene, Stage, Story, come_to_rest, crowd_of};
use topicscore::domain::{ContactId, Scope, TopicKey};
use topicscore::lifecycle::Lifecycle;
use topicscore::mautic::signature;
use topicscore::plan::Compiled;
use topicscore::store::sqlite::SqliteStore;
use topicscore::store::{NewAdjustment, NewDelivery, SharedStore};

const SEED: u64 = 5157;
const CROWD: Crowd = Crowd {
    seed: SEED,
    visitors: 12,
    activities: 10,
    merges: true,
};
const REST: Duration = Duration::from_mins(2);
/// Points fade, end and are taken for silence within this time.
const LATER: SignedDuration = SignedDuration::from_hours(40 * 24);

/// What the demo's plan leaves out: fading, silence, triggers that do something.
const MORE: &str = r#"
[[topic]]
key = "lately"
floor = "none"
ceiling = "none"
decay = { half_life = 10 }

[[point_action]]
name = "came by"
topic = "lately"
kind = "url.hit"
points = 8
repeat = "always"

[[inactivity_rule]]
name = "silent for 20 days"
topic = "lately"
points = -5
after_days = 20
kinds = ["url.hit"]

[[trigger]]
name = "hot"
when = { topic = "lately", at_least = 30 }
add_tags = ["hot"]
fields = { city = "Hotville" }

[[trigger]]
name = "met"
when = { topic = "lately", at_least = 250 }
add_tags = ["met"]
"#;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "writes into the source tree: run it by name, once for each format"]
async fn make_a_store_of_the_present_format() {
    let folder = tempfile::tempdir().unwrap();
    let left = live(folder.path()).await;
    let file = folder.path().join("topicscore.db");
    let told = close(&file, &left).await;
    let format = checkpoint(&file);
    let name = |ending: &str| stores().join(format!("v{format}.{ending}"));
    let packed = zstd::bulk::compress(&std::fs::read(&file).unwrap(), 19).unwrap();
    println!("{} bytes packed, {:?}", packed.len(), told.counts);
    std::fs::write(name("db.zst"), packed).unwrap();
    std::fs::write(name("plan.toml"), left.plan).unwrap();
    let told = serde_json::to_string_pretty(&told).unwrap();
    std::fs::write(name("json"), told + "\n").unwrap();
}

/// What is left of a life.
struct Left {
    plan: String,
    compiled: Arc<Compiled>,
    /// A delivery that came in the last moment.
    delivery: String,
}

/// Lives through visits, merges, a deletion, and a Mautic that answers no more.
async fn live(folder: &Path) -> Left {
    let options = Options {
        seed: SEED,
        keep_acknowledged: true,
        ..Options::default()
    };
    let stage = Stage::set(options).await.unwrap();
    let plan = stage.plan() + MORE;
    let (scene, lifecycle) = start(folder, stage, &plan).await;
    let mut delivery = None;
    let job = async {
        visits(&scene).await;
        delete_somebody(&scene).await;
        deliver(&scene, r#"{"mautic.not_yet_known":[{"contact":{"id":1}}]}"#).await;
        come_to_rest(&scene, REST).await.unwrap();
        give_points_while_mautic_is_down(&scene).await;
        delivery = scene.mautic.0.acknowledged().await.pop();
    };
    lifecycle.run(job, pending(), REST).await.unwrap();
    let compiled = scene.instance.plan().borrow().clone();
    Left {
        plan,
        compiled: compiled.unwrap(),
        delivery: delivery.unwrap(),
    }
}

async fn start(folder: &Path, stage: Stage, plan: &str) -> (Scene, Lifecycle) {
    let mut config = config(folder, &stage.mautic.0.base_url());
    let listeners = Listeners::bind(&config).await.unwrap();
    let addresses = listeners.addresses().unwrap();
    let url = format!("http://{}/webhook", addresses.webhook);
    config.webhook.public_url = Some(url.parse().unwrap());
    let instance = Instance::open(config, Arc::new(SystemClock)).unwrap();
    let source = PlanSource {
        file: "plan.toml".into(),
        text: plan.to_owned(),
    };
    instance.load_plan(&source).await.unwrap();
    let mut lifecycle = Lifecycle::default();
    instance.start(listeners, &mut lifecycle).await.unwrap();
    let scene = Scene {
        catalog: stage.catalog,
        mautic: stage.mautic,
        instance,
        addresses,
    };
    (scene, lifecycle)
}

async fn visits(scene: &Scene) {
    let mut story = Story::default();
    let script = crowd_of(CROWD);
    let played = scene.play(script, Pace::Full, &mut story, |_, _| {});
    played.await.unwrap();
    come_to_rest(scene, REST).await.unwrap();
}

async fn delete_somebody(scene: &Scene) {
    let contact = scene.mautic.0.contacts().await[3];
    let (access, base) = (&scene.catalog.access, scene.mautic.0.base_url());
    let request = reqwest::Client::new()
        .delete(format!("{base}/api/contacts/{contact}/delete"))
        .basic_auth(&access.user, Some(&access.password));
    request.send().await.unwrap().error_for_status().unwrap();
}

async fn deliver(scene: &Scene, body: &'static str) {
    let secret = scene.mautic.0.with_state(|state| {
        let hook = state.hooks.table.iter().next().map(|(_, hook)| hook);
        SecretString::from(hook.unwrap().secret.clone())
    });
    let signature = signature::sign(&secret.await, body.as_bytes());
    let request = reqwest::Client::new()
        .post(format!("http://{}/webhook", scene.addresses.webhook))
        .header("webhook-signature", signature)
        .body(body);
    assert_eq!(request.send().await.unwrap().status(), 204);
}

/// Scores and effects that can't be written stay behind.
async fn give_points_while_mautic_is_down(scene: &Scene) {
    let down = Fault::Answer {
        status: 503,
        headers: [].into(),
        body: String::new(),
    };
    scene.mautic.0.inject(Rule::new("/api/*", down)).await;
    let store = &scene.instance.store;
    let now = Timestamp::now();
    let topic = scene.catalog.topics[1].slug.as_str();
    let silent = store.contact_ids(None, 100).await.unwrap();
    for contact in silent.into_iter().rev().take(4) {
        give(store, contact, "lately", 251, None).await;
        give(store, contact, topic, 45, Some(now + LATER / 2)).await;
    }
    let until = Instant::now() + REST;
    loop {
        let counts = store.counts().await.unwrap();
        if counts.dirty == 0 && counts.pending_intents > 0 && counts.pending_effects > 0 {
            return;
        }
        assert!(Instant::now() < until, "nothing is left: {counts:?}");
        sleep(Duration::from_millis(100)).await;
    }
}

async fn give(
    store: &SharedStore,
    contact: ContactId,
    topic: &str,
    points: i32,
    expires_at: Option<Timestamp>,
) {
    let now = Timestamp::now();
    let adjustment = NewAdjustment {
        scope: Scope::Contact(contact),
        topic: TopicKey(topic.into()),
        points,
        author: "ann".into(),
        reason: "met at the fair".into(),
        at: now,
        expires_at,
    };
    let given = store.add_adjustment(adjustment, now).await.unwrap();
    assert!(given.is_some());
}

/// Takes the last delivery, which nobody decodes any more, and asks for everything.
async fn close(file: &Path, left: &Left) -> Told {
    let store: SharedStore = Arc::new(SqliteStore::open(file).unwrap());
    let at = Timestamp::now();
    let delivery = NewDelivery {
        received_at: at,
        body: left.delivery.clone().into_bytes(),
    };
    store.append_delivery(delivery).await.unwrap();
    Told::by(&store, &left.compiled, at, at + LATER).await
}

/// Brings everything into the one file; returns its format.
fn checkpoint(file: &Path) -> u32 {
    let db = rusqlite::Connection::open(file).unwrap();
    let busy: u32 = db
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
        .unwrap();
    assert_eq!(busy, 0, "somebody else has the file open");
    db.query_row(
        "SELECT max(version) FROM refinery_schema_history",
        [],
        |row| row.get(0),
    )
    .unwrap()
}
