//! Main points and shared groups are brought about by adding: exactly once, whatever becomes of the
//! calls, and beside others who add, too. The dispatcher against the stand-in, clocks stepped.
#![allow(clippy::unwrap_used, reason = "tests may fail loudly")]

use jiff::{SignedDuration, Timestamp};
use mautic_fixtures::faults::{Fault, Rule};
use mautic_fixtures::{Options, StandIn};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tempfile::TempDir;
use topicscore::clock::{Clock, ManualClock};
use topicscore::domain::{
    ContactId, DesiredValue, Fact, GroupId, PointsLogRow, Profile, Sighting, Source, Target,
    Urgency, Way,
};
use topicscore::health::{Health, Weight};
use topicscore::mautic::budget::{Limits, LocalBudget};
use topicscore::mautic::{Client, Credentials, MemoryTokens, Parts, Settings};
use topicscore::store::sqlite::SqliteStore;
use topicscore::store::{Batch, Origin, Owner, ScoreCommit, SharedStore};
use topicscore::wake::Wake;
use topicscore::writeback::{ClientWrites, Dispatcher};

const ANN: ContactId = ContactId(1);
const LONGEST: Duration = Duration::from_mins(2);

struct Scene {
    mautic: StandIn,
    store: SharedStore,
    clock: ManualClock,
    dispatcher: Dispatcher,
    http: reqwest::Client,
    _folder: TempDir,
}

impl Scene {
    /// Ann (contact 1) and a point group (1).
    async fn set() -> Self {
        let mautic = StandIn::start(Options::default()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("s.db")).unwrap();
        let store: SharedStore = Arc::new(store);
        let clock = ManualClock::new("2026-03-01T12:00:00Z".parse().unwrap());
        let dispatcher = dispatcher(&mautic, &store, &clock, "one");
        let scene = Self {
            mautic,
            store,
            clock,
            dispatcher,
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            _folder: folder,
        };
        scene
            .post("contacts/new", json!({"email": "ann@example.test"}))
            .await;
        scene
            .post("points/groups/new", json!({"name": "Sales"}))
            .await;
        scene
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let request = self
            .http
            .post(format!("{}/api/{path}", self.mautic.base_url()))
            .basic_auth("admin", Some("Mautic-admin-2026"))
            .json(&body);
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {answer:?}");
        answer.json().await.unwrap()
    }

    /// Somebody else gives main points.
    async fn rival(&self, points: u32) {
        self.post(&format!("contacts/1/points/plus/{points}"), json!({}))
            .await;
    }

    async fn points(&self) -> i64 {
        self.mautic.points(1).await.unwrap()
    }

    async fn group(&self) -> i64 {
        let scores = self.mautic.group_scores(1).await;
        scores.get(&1).copied().unwrap_or(0)
    }

    async fn tell(&self, facts: Vec<Fact>) {
        let sighting = |fact| Sighting {
            source: Source::Poll,
            fact,
        };
        let batch = Batch {
            origin: Origin::Lookup,
            sightings: facts.into_iter().map(sighting).collect(),
            parked: Vec::new(),
            received_at: self.clock.now(),
            urgency: Urgency::Fresh,
            asked: None,
        };
        self.store.apply(batch).await.unwrap();
    }

    /// What the poller does: reads the whole log.
    async fn poll(&self) {
        let rows = self.mautic.with_state(|state| {
            let rows = state.points_log.iter();
            rows.map(|(id, row)| PointsLogRow {
                id,
                contact: ANN,
                group: row.group.map(|id| GroupId(u32::try_from(id).unwrap())),
                delta: row.delta,
                log_type: row.kind.clone(),
                event_name: row.event_name.clone(),
                action_name: row.action_name.clone(),
                at: "2026-03-01T12:00:00Z".parse().unwrap(),
            })
            .collect::<Vec<_>>()
        });
        let facts = rows.await.into_iter().map(Fact::PointsLog);
        self.tell(facts.collect()).await;
    }

    /// Ann is scored: she should have so much.
    async fn want(&self, target: Target, way: Way, value: i32) {
        let now = self.clock.now();
        self.tell(vec![Fact::Profile(Box::new(Profile::unknown(ANN, now)))])
            .await;
        self.store.mark_outdated("none", now).await.unwrap();
        let until = now + SignedDuration::from_mins(1);
        let owner = Owner("scorer".into());
        let dirty = self.store.claim_dirty(&owner, 9, now, until).await.unwrap();
        let desired = DesiredValue {
            target,
            way,
            value,
            reason: format!("sales {value}"),
            urgency: Urgency::Fresh,
        };
        let commits = dirty.into_iter().map(|dirty| ScoreCommit {
            dirty,
            plan: "p".into(),
            at: now,
            scores: Vec::new(),
            desired: vec![desired.clone()],
            firings: Vec::new(),
            rearmed: Vec::new(),
            next_change: None,
        });
        self.store.commit_scores(commits.collect()).await.unwrap();
    }

    /// Works until nothing is due within so long.
    async fn work(&self, within: Duration) {
        let end = self.clock.now() + SignedDuration::try_from(within).unwrap();
        for _ in 0..200 {
            while self.dispatcher.step().await.unwrap() > 0 {}
            let now = self.clock.now();
            let due = self.store.next_due(Urgency::Bulk, now).await.unwrap();
            let Some(due) = due.filter(|due| *due <= end) else {
                self.clock.set(end.max(now));
                return;
            };
            // Mautic's rate limits are counted to the second.
            self.clock.set(due.max(now) + SignedDuration::from_secs(1));
        }
        panic!("it never ends");
    }

    /// How often each mark of ours stands in the log, and the sum of what we added.
    async fn marks(&self) -> usize {
        let marks = self.mautic.with_state(|state| {
            let rows = state.points_log.iter();
            let ours = rows.filter(|(_, row)| row.action_name.starts_with("topicscore:"));
            ours.map(|(_, row)| row.action_name.clone())
                .collect::<Vec<_>>()
        });
        let mut marks = marks.await;
        let rows = marks.len();
        marks.sort();
        marks.dedup();
        assert_eq!(marks.len(), rows, "a call took effect twice: {marks:?}");
        rows
    }
}

fn dispatcher(
    mautic: &StandIn,
    store: &SharedStore,
    clock: &ManualClock,
    name: &str,
) -> Dispatcher {
    let clock: Arc<dyn Clock> = Arc::new(clock.clone());
    let credentials = Credentials::Basic {
        user: "admin".into(),
        password: "Mautic-admin-2026".to_owned().into(),
    };
    let mut settings = Settings::new(mautic.base_url().parse().unwrap(), credentials);
    settings.timeout = Duration::from_millis(700);
    let limits = Limits {
        per_minute: 600_000,
        burst: 1_000,
        in_flight: 8,
    };
    let parts = Parts {
        budget: Arc::new(LocalBudget::new(limits, Arc::clone(&clock))),
        clock: Arc::clone(&clock),
        tokens: Arc::new(MemoryTokens::default()),
    };
    Dispatcher {
        store: Arc::clone(store),
        mautic: Arc::new(ClientWrites {
            client: Client::new(settings, parts).unwrap(),
            clock: Arc::clone(&clock),
            longest_request: LONGEST,
        }),
        owner: Owner(name.into()),
        least: Urgency::Bulk,
        intents: Wake::default(),
        effects: Wake::default(),
        dirty: Wake::default(),
        polls: Wake::default(),
        metrics: topicscore::metrics::register("0", "m").metrics.writeback,
        health: Health::new().component("writeback", Weight::Required, None, clock.now()),
        clock,
    }
}

const PLUS: &str = "/api/contacts/1/points/*";

#[tokio::test]
async fn main_points_come_and_go() {
    let scene = Scene::set().await;
    for value in [15, 40, 22, 0, -3, 0] {
        scene.want(Target::Points, Way::Add, value).await;
        scene.work(Duration::from_secs(1)).await;
        assert_eq!(scene.points().await, i64::from(value));
    }
    let rows = scene.marks().await;
    assert_eq!(rows, 6);
    scene.want(Target::Points, Way::Add, 0).await;
    scene.work(Duration::from_mins(10)).await;
    assert_eq!(scene.marks().await, rows, "nothing is added twice");
}

#[tokio::test]
async fn what_others_added_is_set_back_or_counted_or_left_alone() {
    for (way, expected, why) in [
        (Way::Add, 15, "the score is the whole truth"),
        (Way::AddToLogged, 15 + 4, "what nobody logged stays"),
    ] {
        let scene = Scene::set().await;
        // An import: no row in the log (FACTS 54).
        let edit = scene
            .http
            .patch(format!("{}/api/contacts/1/edit", scene.mautic.base_url()))
            .basic_auth("admin", Some("Mautic-admin-2026"))
            .json(&json!({"points": 4}));
        edit.send().await.unwrap().error_for_status().unwrap();
        scene.rival(7).await;
        scene.want(Target::Points, way, 15).await;
        scene.work(Duration::from_secs(1)).await;
        if way == Way::AddToLogged {
            assert_eq!(scene.points().await, 11, "points of others are read first");
            scene.poll().await;
            scene.want(Target::Points, way, 15).await;
            scene.work(Duration::from_mins(1)).await;
        }
        assert_eq!(scene.points().await, expected, "{why}");
    }
}

#[tokio::test]
async fn a_shared_group_keeps_what_comes_in_between() {
    let scene = Scene::set().await;
    let group = Target::Group(GroupId(1));
    scene.want(group, Way::Add, 10).await;
    scene.work(Duration::from_secs(1)).await;
    assert_eq!(scene.group().await, 10);
    scene
        .post("contacts/1/points/groups/1/plus/3", json!({}))
        .await;
    // Scored before anybody knew of the 3.
    scene.want(group, Way::Add, 12).await;
    scene.work(Duration::from_secs(1)).await;
    assert_eq!(scene.group().await, 13, "not touched before it is known");
    scene.poll().await;
    scene.want(group, Way::Add, 15).await;
    scene.work(Duration::from_mins(1)).await;
    assert_eq!(scene.group().await, 15);
    scene.marks().await;
}

/// What can become of the call, and whether it takes effect.
fn troubles() -> Vec<(&'static str, Rule)> {
    let html = Fault::Answer {
        status: 502,
        headers: [].into(),
        body: "<html>Bad gateway".into(),
    };
    let n1 = Fault::Answer {
        status: 400,
        headers: [("mautic-version".to_owned(), "5.1.1".to_owned())].into(),
        body: r#"{"errors":[{"code":400,"message":"The identifier id is missing for a query of Mautic\\UserBundle\\Entity\\User"}]}"#.into(),
    };
    let error = |status| Fault::Answer {
        status,
        headers: [].into(),
        body: "{}".into(),
    };
    let rule = |fault| Rule::new(PLUS, fault).method("POST").times(1);
    vec![
        ("dropped before", rule(Fault::Drop)),
        ("dropped after", rule(Fault::Drop).after()),
        ("500 before", rule(error(500))),
        ("500 after", rule(error(500)).after()),
        ("400 after the work was done", rule(n1.clone()).after()),
        ("400 before", rule(n1)),
        ("a proxy's 502, done", rule(html.clone()).after()),
        ("a proxy's 502, not done", rule(html)),
        (
            "429",
            rule(Fault::TooManyRequests {
                retry_after: Some(3),
            }),
        ),
        ("401", rule(error(401))),
        ("half an answer", rule(Fault::TruncatedJson).after()),
        ("no answer, not done", rule(Fault::Hang(None))),
        ("no answer, done", rule(Fault::Hang(None)).after()),
    ]
}

#[tokio::test]
async fn every_trouble_ends_with_the_points_added_once() {
    for target in [Target::Points, Target::Group(GroupId(1))] {
        for rivals in [0, 3] {
            for (what, rule) in troubles() {
                let scene = Scene::set().await;
                scene.mautic.faults().add(rule);
                scene.want(target, Way::Add, 20).await;
                scene.dispatcher.step().await.unwrap();
                if rivals > 0 {
                    // Beyond the end of a rate limit.
                    scene.clock.advance(SignedDuration::from_secs(5));
                    let path = match target {
                        Target::Group(_) => "contacts/1/points/groups/1/plus/3",
                        _ => "contacts/1/points/plus/3",
                    };
                    scene.post(path, json!({})).await;
                    scene.poll().await;
                    let wanted = if target == Target::Points { 20 } else { 23 };
                    scene.want(target, Way::Add, wanted).await;
                }
                scene.work(Duration::from_mins(30)).await;
                let found = match target {
                    Target::Points => scene.points().await,
                    _ => scene.group().await,
                };
                let expected = if rivals > 0 && target != Target::Points {
                    23
                } else {
                    20
                };
                assert_eq!(found, expected, "{target} {what}, a rival adds {rivals}");
                scene.marks().await;
            }
        }
    }
}

#[tokio::test]
async fn an_answer_that_was_lost_is_waited_out() {
    let scene = Scene::set().await;
    let lost = Rule::new(PLUS, Fault::Drop).method("POST").times(1);
    scene.mautic.faults().add(lost.after());
    let began: Timestamp = scene.clock.now();
    scene.want(Target::Points, Way::Add, 20).await;
    scene.dispatcher.step().await.unwrap();
    // Wanted anew in between: not even that goes before the older call is over.
    scene.want(Target::Points, Way::Add, 25).await;
    let due = scene.store.next_due(Urgency::Bulk, scene.clock.now()).await;
    assert_eq!(
        due.unwrap(),
        Some(began + SignedDuration::try_from(LONGEST).unwrap())
    );
    scene.work(Duration::from_mins(5)).await;
    assert_eq!((scene.points().await, scene.marks().await), (25, 2));
    let writes = scene.store.contact_writes(ANN, 10).await.unwrap();
    let said: Vec<_> = writes
        .iter()
        .map(|write| write.record.answer.as_str())
        .collect();
    assert!(said[1].contains("it took effect"), "{said:?}");
}

#[tokio::test]
async fn a_crash_anywhere_adds_nothing_twice() {
    // Before the call was written down, after it, after Mautic did it.
    for done in [false, true] {
        let scene = Scene::set().await;
        let moment = if done {
            Rule::new(PLUS, Fault::Hang(None)).after()
        } else {
            Rule::new(PLUS, Fault::Hang(None))
        };
        scene.mautic.faults().add(moment.method("POST").times(1));
        scene.want(Target::Points, Way::Add, 20).await;
        let dead = tokio::time::timeout(Duration::from_millis(300), scene.dispatcher.step()).await;
        assert!(dead.is_err(), "it hangs in the call");
        scene.mautic.faults().clear();
        let now = scene.clock.now();
        let settled = now + SignedDuration::try_from(LONGEST).unwrap();
        scene
            .store
            .end_leases_of_the_dead(now, settled)
            .await
            .unwrap();
        let heir = dispatcher(&scene.mautic, &scene.store, &scene.clock, "two");
        assert_eq!(heir.step().await.unwrap(), 0, "the call may be under way");
        let scene = Scene {
            dispatcher: heir,
            ..scene
        };
        scene.work(Duration::from_mins(10)).await;
        assert_eq!(
            (scene.points().await, scene.marks().await),
            (20, 1),
            "{done}"
        );
    }
}

#[tokio::test]
async fn a_rival_who_takes_as_much_away_is_no_sign_that_nothing_was_added() {
    let scene = Scene::set().await;
    scene.rival(10).await;
    scene.poll().await;
    // 10 are adopted, 5 are ours; the rival takes 5 away between our call and our look.
    scene.want(Target::Points, Way::AddToLogged, 15).await;
    let slow = Rule::new("/api/contacts/1", Fault::Delay(300)).method("GET");
    scene.mautic.faults().add(slow);
    let minus = async {
        while scene.points().await == 10 {
            tokio::task::yield_now().await;
        }
        scene.post("contacts/1/points/minus/5", json!({})).await;
    };
    let (step, ()) = tokio::join!(scene.dispatcher.step(), minus);
    step.unwrap();
    assert_eq!(scene.points().await, 10);
    scene.mautic.faults().clear();
    scene.poll().await;
    scene.want(Target::Points, Way::AddToLogged, 10).await;
    scene.work(Duration::from_mins(5)).await;
    assert_eq!((scene.points().await, scene.marks().await), (10, 1));
}

/// A row may be committed after so many others that polls have gone past it.
#[tokio::test]
async fn a_row_that_no_poll_finds_is_told_to_the_journal() {
    let scene = Scene::set().await;
    scene.rival(5).await;
    scene.want(Target::Points, Way::AddToLogged, 10).await;
    scene.work(Duration::from_secs(20)).await;
    assert_eq!(scene.points().await, 5, "polls are waited for");
    scene.work(Duration::from_mins(1)).await;
    let known = scene
        .store
        .snapshots(&[ANN])
        .await
        .unwrap()
        .remove(0)
        .ledger;
    assert_eq!(known.len(), 1);
    assert_eq!(
        (known[0].row.delta, known[0].row.log_type.as_str()),
        (5, "API")
    );
    // Scored by the plan: the rival's and ours.
    scene.want(Target::Points, Way::AddToLogged, 15).await;
    scene.work(Duration::from_mins(1)).await;
    assert_eq!((scene.points().await, scene.marks().await), (15, 1));
}
