//! Drift: what somebody changed in Mautic without a trace is found by the sweep and set right by
//! the dispatcher. The sweep against the stand-in, clocks stepped.
#![allow(clippy::unwrap_used, reason = "tests may fail loudly")]

use jiff::SignedDuration;
use mautic_fixtures::faults::{Fault, Rule};
use mautic_fixtures::state::{State, reports::from_json};
use mautic_fixtures::{Options, StandIn};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::{sync::Arc, time::Duration};
use tempfile::TempDir;
use tokio::sync::watch;
use topicscore::clock::{Clock, ManualClock};
use topicscore::domain::{
    ContactId, DesiredValue, Fact, GroupId, Profile, SegmentId, Sighting, Source, Target, Urgency,
    Way,
};
use topicscore::health::{Health, Weight};
use topicscore::mautic::budget::{Limits, LocalBudget};
use topicscore::mautic::{Client, Credentials, MemoryTokens, Parts, Settings};
use topicscore::metrics::{Registered, register, render};
use topicscore::plan::{Catalog, Compiled, Named, Plan, compile};
use topicscore::store::sqlite::SqliteStore;
use topicscore::store::{Batch, Origin, Owner, Reading, ScoreCommit, SharedStore};
use topicscore::wake::Wake;
use topicscore::writeback::sweep::{
    By, Kept, Looked, Looker, Pass, ScoreSource, SweepState, kept_state,
};
use topicscore::writeback::{ClientWrites, Dispatcher, Sweep};

/// What is desired of members of a segment.
const IN_SEGMENT: Target = Target::Segment(SegmentId(1));
const SECOND: SignedDuration = SignedDuration::from_secs(1);
const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const DAY: Duration = Duration::from_hours(24);

const PLAN: &str = "format = 1\n\
    [[topic]]\nkey = 'ovens'\ngroup = 'Ovens'\n\
    [[topic]]\nkey = 'pans'\ngroup = 'Pans'\nFOREIGN\n\
    [[topic]]\nkey = 'all'\nmain_points = 'write'\n";

struct Scene {
    mautic: StandIn,
    store: SharedStore,
    clock: ManualClock,
    client: Client,
    plan: Arc<Compiled>,
    registered: Registered,
    health: Health,
    _folder: TempDir,
}

fn plan(foreign: &str) -> Arc<Compiled> {
    let text = PLAN.replace("FOREIGN", foreign);
    let (plan, _) = Plan::parse("plan.toml", &text).unwrap_or_else(|findings| panic!("{findings}"));
    let named = |(id, name): (u32, &str)| Named {
        id,
        name: name.to_owned(),
    };
    let catalog = Catalog {
        groups: [(1, "Ovens"), (2, "Pans")].map(named).into(),
        ..Catalog::default()
    };
    Arc::new(compile(&plan, &catalog).unwrap_or_else(|findings| panic!("{findings}")))
}

impl Scene {
    /// So many contacts with two groups and main points, written and known; contact 3 wants nothing.
    async fn set(contacts: u32, foreign: &str) -> Self {
        Self::set_with(contacts, foreign, None).await
    }

    /// As [`Scene::set`], and where given, these are in segment 1 and nobody else.
    async fn set_with(contacts: u32, foreign: &str, members: Option<&[u32]>) -> Self {
        let mautic = StandIn::start(Options::default()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("s.db")).unwrap();
        let clock = ManualClock::new("2026-03-01T12:00:00Z".parse().unwrap());
        let scene = Self {
            client: client(&mautic, &clock),
            store: Arc::new(store),
            clock,
            mautic,
            plan: plan(foreign),
            registered: register("0", "m"),
            health: Health::new(),
            _folder: folder,
        };
        for group in ["Ovens", "Pans"] {
            scene
                .post("points/groups/new", json!({"name": group}))
                .await;
        }
        for contact in 1..=contacts {
            let email = format!("c{contact}@example.test");
            scene.post("contacts/new", json!({"email": email})).await;
        }
        let segment = json!({"name": "Hot", "isPublished": true});
        scene.post("segments/new", segment).await;
        scene.want(contacts, members).await;
        scene.work().await;
        scene
    }

    async fn post(&self, path: &str, body: Value) {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = http
            .post(format!("{}/api/{path}", self.mautic.base_url()))
            .basic_auth("admin", Some("Mautic-admin-2026"))
            .json(&body);
        request.send().await.unwrap().error_for_status().unwrap();
    }

    async fn want(&self, contacts: u32, members: Option<&[u32]>) {
        let now = self.clock.now();
        let profile = |id| Fact::Profile(Box::new(Profile::unknown(ContactId(id), now)));
        let sighting = |fact| Sighting {
            source: Source::Poll,
            fact,
        };
        let batch = Batch {
            origin: Origin::Lookup,
            sightings: (1..=contacts).map(profile).map(sighting).collect(),
            parked: Vec::new(),
            received_at: now,
            urgency: Urgency::Fresh,
            asked: None,
        };
        self.store.apply(batch).await.unwrap();
        let owner = Owner("scorer".into());
        let until = now + SECOND;
        let dirty = self.store.claim_dirty(&owner, 9_999, now, until).await;
        let commits = dirty.unwrap().into_iter().map(|dirty| {
            let contact = dirty.contact.0;
            let of = |topic: usize, value| {
                let (target, way) = self.plan.topics[topic].target().unwrap();
                DesiredValue {
                    target,
                    way,
                    value,
                    reason: "wanted".into(),
                    urgency: Urgency::Fresh,
                }
            };
            let (ovens, pans, all) = wanted(contact);
            let member = members.map(|members| DesiredValue {
                target: IN_SEGMENT,
                way: Way::Set,
                ..of(0, members.contains(&contact).into())
            });
            ScoreCommit {
                dirty,
                plan: "p".into(),
                at: now,
                scores: Vec::new(),
                desired: [of(0, ovens), of(1, pans), of(2, all)]
                    .into_iter()
                    .chain(member)
                    .collect(),
                firings: Vec::new(),
                rearmed: Vec::new(),
                next_change: None,
            }
        });
        self.store.commit_scores(commits.collect()).await.unwrap();
    }

    /// The dispatcher, until nothing is due.
    async fn work(&self) {
        let dispatcher = self.dispatcher();
        for _ in 0..1_000 {
            self.clock.set(self.clock.now() + SECOND);
            if dispatcher.step().await.unwrap() == 0 {
                return;
            }
        }
        panic!("it never ends");
    }

    fn dispatcher(&self) -> Dispatcher {
        let clock: Arc<dyn Clock> = Arc::new(self.clock.clone());
        Dispatcher {
            store: Arc::clone(&self.store),
            mautic: Arc::new(ClientWrites {
                client: self.client.clone(),
                clock: Arc::clone(&clock),
                longest_request: Duration::from_mins(2),
            }),
            owner: Owner("one".into()),
            least: Urgency::Bulk,
            intents: Wake::default(),
            effects: Wake::default(),
            dirty: Wake::default(),
            polls: Wake::default(),
            metrics: self.registered.metrics.writeback.clone(),
            health: self
                .health
                .component("writeback", Weight::Required, None, clock.now()),
            clock,
        }
    }

    fn looker(&self) -> Looker {
        Looker {
            store: Arc::clone(&self.store),
            client: self.client.clone(),
            clock: Arc::new(self.clock.clone()),
            gone: Wake::default(),
            intents: Wake::default(),
            side_by_side: 1,
            tells: true,
        }
    }

    fn sweep(&self) -> Sweep {
        let now = self.clock.now();
        Sweep {
            looker: self.looker(),
            plan: watch::channel(Some(Arc::clone(&self.plan))).1,
            interval: DAY,
            requests_per_second: 5.0,
            metrics: self.registered.metrics.sweep.clone(),
            health: self
                .health
                .component("sweep", Weight::Informative, None, now),
            reading: ScoreSource::default(),
        }
    }

    async fn state(&self) -> SweepState {
        kept_state(&self.store).await.unwrap()
    }

    /// Steps until the pass is through; returns what it found.
    async fn pass(&self, sweep: &mut Sweep) -> Pass {
        let before = self.state().await.last;
        for _ in 0..100 {
            let pause = sweep.step().await.unwrap();
            let pause = SignedDuration::try_from(pause).unwrap();
            self.clock.set(self.clock.now() + pause + SECOND);
            let state = self.state().await;
            if state.last != before && state.now.is_none() {
                return state.last.unwrap();
            }
        }
        panic!("it never ends");
    }

    async fn next_pass(&self) -> Pass {
        self.clock
            .set(self.clock.now() + SignedDuration::from_hours(25));
        self.pass(&mut self.sweep()).await
    }

    /// Submits form 1; returns the visitor's cookies.
    async fn submit(&self, cookies: &str) -> String {
        let http = reqwest::Client::builder().no_proxy();
        let http = http.redirect(reqwest::redirect::Policy::none()).build();
        let request = http
            .unwrap()
            .post(format!("{}/form/submit?formId=1", self.mautic.base_url()))
            .header("User-Agent", BROWSER)
            .header("Cookie", cookies)
            .form(&[
                ("mauticform[email]", "visitor@example.test"),
                ("mauticform[formId]", "1"),
            ]);
        let answer = request.send().await.unwrap();
        let set = answer.headers().get_all("set-cookie").iter();
        let cookies = set.filter_map(|set| set.to_str().ok()?.split(';').next());
        cookies.collect::<Vec<_>>().join("; ")
    }

    async fn report(&self, order: Value, filters: Value) {
        let report = from_json(&json!({"id": 6, "name": "Scores", "source": "group.score",
            "columns": ["l.id", "pl.id", "ls.score"], "filters": filters, "tableOrder": order}));
        self.mautic
            .change_state(|state| state.reports.put(6, report))
            .await;
    }

    async fn silently(&self, contact: u64, group: u64, score: i64) {
        self.mautic
            .change_state(|state| state.group_scores.set(contact, group, score))
            .await;
    }

    async fn silently_points(&self, contact: u64, points: i64) {
        self.mautic
            .change_state(|state| {
                state.contacts.get_mut(contact).unwrap().points = points;
            })
            .await;
    }

    /// Group scores and main points in Mautic that are not as wanted.
    async fn wrong(&self, contacts: u32) -> Vec<(u32, i64, i64, i64)> {
        let mut wrong = Vec::new();
        for contact in 1..=contacts {
            let scores: BTreeMap<_, _> = self.mautic.group_scores(contact.into()).await;
            let score = |group| scores.get(&group).copied().unwrap_or(0);
            let points = self.mautic.points(contact.into()).await.unwrap_or(0);
            let holds = (score(1), score(2), points);
            let (ovens, pans, all) = wanted(contact);
            if holds != (ovens.into(), pans.into(), all.into()) {
                wrong.push((contact, holds.0, holds.1, holds.2));
            }
        }
        wrong
    }
}

fn wanted(contact: u32) -> (i32, i32, i32) {
    let contact = i32::try_from(contact).unwrap();
    if contact == 3 {
        return (0, 0, 0);
    }
    (contact, contact % 7, contact % 5)
}

fn client(mautic: &StandIn, clock: &ManualClock) -> Client {
    let clock: Arc<dyn Clock> = Arc::new(clock.clone());
    let credentials = Credentials::Basic {
        user: "admin".into(),
        password: "Mautic-admin-2026".to_owned().into(),
    };
    let settings = Settings::new(mautic.base_url().parse().unwrap(), credentials);
    let limits = Limits {
        per_minute: 600_000,
        burst: 10_000,
        in_flight: 8,
    };
    let parts = Parts {
        budget: Arc::new(LocalBudget::new(limits, Arc::clone(&clock))),
        clock,
        tokens: Arc::new(MemoryTokens::default()),
    };
    Client::new(settings, parts).unwrap()
}

#[tokio::test]
async fn a_silent_change_is_found_and_set_right_by_report_and_one_by_one() {
    const CONTACTS: u32 = 60;
    let by_id = json!([{"column": "l.id", "direction": "ASC"}]);
    let by_two = json!([{"column": "l.id", "direction": "ASC"},
        {"column": "pl.id", "direction": "ASC"}]);
    let scores_over_5 = json!([{"column": "ls.score", "condition": "gt", "value": "5"}]);
    for (report, by) in [
        (None, By::Contact),
        (Some((by_id.clone(), json!([]))), By::Report),
        (Some((by_two, json!([]))), By::Contact),
        (Some((by_id, scores_over_5)), By::Contact),
    ] {
        let scene = Scene::set(CONTACTS, "").await;
        assert_eq!(scene.wrong(CONTACTS).await, []);
        if let Some((order, filters)) = report {
            scene.report(order, filters).await;
        }
        let pass = scene.pass(&mut scene.sweep()).await;
        let seen = (pass.contacts, pass.drift, pass.gone, pass.unread, pass.by);
        assert_eq!(seen, (60, 0, 0, 0, by), "nothing to be found");

        scene.silently(2, 1, 90).await;
        scene.silently(3, 2, 4).await;
        scene.silently(57, 2, -8).await;
        scene.silently_points(58, 1_000).await;
        let pass = scene.next_pass().await;
        assert_eq!((pass.drift, pass.by), (4, by));
        assert_eq!(scene.wrong(CONTACTS).await.len(), 4, "it writes nothing");
        scene.work().await;
        assert_eq!(scene.wrong(CONTACTS).await, [], "{by:?}");
        let pass = scene.next_pass().await;
        assert_eq!(pass.drift, 0, "found once");

        let text = render(&scene.registered.registry).unwrap();
        for line in [
            "topicscore_sweep_contacts_total 180",
            r#"topicscore_sweep_drift_total{target="group"} 3"#,
            r#"topicscore_sweep_drift_total{target="points"} 1"#,
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
        let health = scene.health.snapshot(scene.clock.now());
        let sweep = health.iter().find(|one| one.name == "sweep").unwrap();
        assert!(
            sweep
                .detail
                .starts_with("last whole pass 0 h ago: 60 contacts")
        );
    }
}

#[tokio::test]
async fn a_form_action_with_a_group_leaves_no_trace_of_it_in_the_log() {
    let scene = Scene::set(1, "").await;
    let action = json!([{"name": "Points", "type": "lead.pointschange",
        "properties": {"operator": "plus", "points": 5, "group": 1}}]);
    let fields = json!([{"label": "Email", "alias": "email", "type": "email", "leadField": "email",
        "mappedObject": "contact", "mappedField": "email"}]);
    let form = json!({"name": "Fair", "isPublished": true, "formType": "standalone",
        "fields": fields, "actions": action});
    scene.post("forms/new", form).await;
    // A visitor who becomes known by it: a contact of his own.
    let cookies = scene.submit("").await;
    scene.want(2, None).await;
    scene.work().await;
    assert_eq!(scene.wrong(2).await, []);
    scene.submit(&cookies).await;
    assert_eq!(
        scene.wrong(2).await,
        [(2, 7, 2, 2)],
        "the action gave 5 points"
    );
    let silent = scene.mautic.with_state(|state| {
        let rows = state
            .points_log
            .iter()
            .filter(|(_, row)| row.kind == "form");
        rows.map(|(_, row)| row.group.is_none() && row.delta == 0)
            .collect::<Vec<_>>()
    });
    assert_eq!(silent.await, [true, true], "as a real Mautic logs it");
    assert_eq!(scene.pass(&mut scene.sweep()).await.drift, 1);
    scene.work().await;
    assert_eq!(scene.wrong(2).await, []);
}

#[tokio::test]
async fn points_of_others_that_are_to_be_reported_are_left() {
    let scene = Scene::set(5, "foreign = 'report'").await;
    scene.silently(2, 1, 90).await;
    scene.silently(2, 2, 91).await;
    let pass = scene.pass(&mut scene.sweep()).await;
    assert_eq!(pass.drift, 2);
    scene.work().await;
    let scores = scene.mautic.group_scores(2).await;
    assert_eq!((scores[&1], scores[&2]), (2, 91));
    let pass = scene.next_pass().await;
    assert_eq!(pass.drift, 1, "shown until somebody decides");
}

#[tokio::test]
async fn logged_points_of_others_stay_and_unlogged_ones_of_a_shared_group_go() {
    let scene = Scene::set(5, "foreign = 'adopt'").await;
    scene.silently(2, 2, 91).await;
    let pass = scene.pass(&mut scene.sweep()).await;
    assert_eq!(pass.drift, 1);
    scene.work().await;
    assert_eq!(scene.wrong(5).await, []);
}

#[tokio::test]
async fn members_are_compared_where_they_are_asked_for() {
    let scene = Scene::set_with(5, "", Some(&[1, 2, 3])).await;
    let kept = Kept {
        segments: [SegmentId(1)].into(),
        ..Kept::default()
    };
    let all = [1, 2, 3, 4, 5].map(ContactId);
    let look = async |tells| {
        scene.clock.set(scene.clock.now() + SECOND);
        let looker = Looker {
            tells,
            ..scene.looker()
        };
        let mut source = ScoreSource::contacts();
        source.look(&looker, &all, &kept).await.unwrap()
    };
    let found = |looked: &Looked| -> Vec<_> {
        let differing = looked.readings.iter().filter(|one| one.differs());
        let found = |one: &Reading| (one.contact.0, one.target, one.found, one.is_drift());
        differing.map(found).collect()
    };
    let looked = look(true).await;
    assert_eq!((looked.readings.len(), found(&looked)), (5, vec![]));

    // Taken out with and without a row that says so, put in, and deleted.
    let change = |state: &mut State| {
        let members = &mut state.segments.members;
        let row = members.remove(&(1, 2)).unwrap();
        members.insert((1, 4), row);
        members.get_mut(&(1, 3)).unwrap().manually_removed = true;
        state.contacts.remove(5);
    };
    scene.mautic.change_state(change).await;
    let differing = [(2, 0), (3, 0), (4, 1)];
    let differing = differing.map(|(contact, found)| (contact, IN_SEGMENT, found, true));
    for tells in [false, true] {
        let looked = look(tells).await;
        assert_eq!(found(&looked), differing, "{tells}");
        assert_eq!(looked.gone, [ContactId(5)]);
    }
    let pass = scene.pass(&mut scene.sweep()).await;
    assert_eq!(pass.drift, 0, "the sweep leaves them to the polls");
    scene.work().await;
    let looked = look(true).await;
    assert_eq!((looked.readings.len(), found(&looked)), (4, vec![]));
}

#[tokio::test]
async fn a_deletion_that_nobody_told_is_noticed() {
    let scene = Scene::set(5, "").await;
    let mut sweep = scene.sweep();
    scene
        .mautic
        .change_state(|state| state.contacts.remove(4))
        .await;
    let pass = scene.pass(&mut sweep).await;
    assert_eq!((pass.contacts, pass.gone, pass.drift), (5, 1, 0));
    let now = scene.clock.now();
    let gone = scene.store.unresolved_gone(9, now).await.unwrap();
    assert_eq!(gone, [ContactId(4)]);
}

#[tokio::test]
async fn what_is_being_written_is_not_set_back() {
    let scene = Scene::set(5, "").await;
    scene.silently(2, 1, 1).await;
    let (now, owner) = (scene.clock.now(), Owner("slow".into()));
    let value = vec![(ContactId(2), Target::Group(GroupId(1)), 1)];
    scene.store.reconcile(value, now).await.unwrap();
    let until = now + SignedDuration::from_hours(30);
    let claimed = scene
        .store
        .claim_intents(&owner, 9, Urgency::Bulk, now, until)
        .await
        .unwrap();
    assert_eq!(claimed.len(), 1);
    scene.clock.set(now + SECOND);
    let pass = scene.pass(&mut scene.sweep()).await;
    assert_eq!(pass.drift, 0, "whoever holds it looks by himself");
    let overview = scene.store.contact_overview(ContactId(2)).await.unwrap();
    let targets = overview.unwrap().targets;
    let ovens = targets
        .iter()
        .find(|one| one.target == Target::Group(GroupId(1)));
    assert_eq!(ovens.unwrap().observed_at, Some(now), "not taken over");
}

#[tokio::test]
async fn a_restart_goes_on_where_it_was_and_a_silent_mautic_is_waited_for() {
    const CONTACTS: u32 = 120;
    let scene = Scene::set(CONTACTS, "").await;
    let mut sweep = scene.sweep();
    assert_eq!(sweep.step().await.unwrap(), Duration::ZERO, "it begins");
    let pause = sweep.step().await.unwrap();
    assert_eq!(pause, DAY / 120 * 50, "evenly over the day");
    let state = scene.state().await;
    assert_eq!(state.now.as_ref().unwrap().after, Some(ContactId(50)));

    let mut sweep = scene.sweep();
    let refused = Fault::Answer {
        status: 403,
        headers: [].into(),
        body: "{}".into(),
    };
    scene
        .mautic
        .inject(Rule::new("/api/contacts", refused))
        .await;
    scene.clock.set(scene.clock.now() + SECOND);
    assert_eq!(sweep.step().await.unwrap(), Duration::from_mins(1));
    assert_eq!(scene.state().await, state, "not passed over");
    scene.mautic.faults().clear();

    scene
        .clock
        .set(scene.clock.now() + SignedDuration::from_mins(20));
    let pass = scene.pass(&mut sweep).await;
    assert_eq!((pass.contacts, pass.total), (120, 120));
    assert_eq!(
        sweep.step().await.unwrap(),
        Duration::from_mins(5),
        "then it rests"
    );
    assert!(scene.state().await.now.is_none());
}
