//! The worker at work: a store, Mautic's stand-in, a mail server, a receiver of webhooks.

use super::servers::{HookServer, MailServer, Takes};
use crate::clock::{Clock, ManualClock};
use crate::domain::{
    Action, CampaignId, ContactId, Effect, EffectState, EmailId, Fact, Firing, Profile, RuleKey,
    SegmentId, Sighting, Source, StageId, Urgency, UserId,
};
use crate::health::{Health, Weight};
use crate::mautic::budget::{Limits, LocalBudget};
use crate::mautic::{Chance, Client, Credentials, MemoryTokens, Parts, Settings};
use crate::store::sqlite::SqliteStore;
use crate::store::{Batch, EffectQuery, Origin, Owner, ScoreCommit, SharedStore};
use crate::wake::Wake;
use crate::writeback::ClientWrites;
use crate::writeback::effects::{
    EffectWorker, HookTarget, Hooks, HttpHooks, SmtpMailer, SmtpSettings, SmtpTls, Trouble,
    WebhookCall,
};
use jiff::{SignedDuration, Timestamp};
use mautic_fixtures::faults::{Fault, Rule};
use mautic_fixtures::{Options, StandIn};
use secrecy::SecretString;
use serde_json::{Value, json};
use std::sync::Arc;
use tempfile::TempDir;

const ANN: ContactId = ContactId(1);

struct Scene {
    mautic: StandIn,
    store: SharedStore,
    clock: ManualClock,
    worker: EffectWorker,
    mail: MailServer,
    hook: HookServer,
    _folder: TempDir,
}

impl Scene {
    /// Ann, a segment, a campaign, a stage, an email and a number field, each with id 1.
    async fn set() -> Self {
        let mautic = StandIn::start(Options::default()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("store.db")).unwrap();
        let store: SharedStore = Arc::new(store);
        let clock = ManualClock::new(Timestamp::now());
        let (mail, hook) = (MailServer::start().await, HookServer::start().await);
        let worker = worker(&mautic, &store, &clock, &mail, &hook);
        let scene = Self {
            mautic,
            store,
            clock,
            worker,
            mail,
            hook,
            _folder: folder,
        };
        let ann = json!({"firstname": "Ann", "lastname": "Bee", "email": "ann@example.test"});
        scene.post("contacts/new", ann).await;
        scene.post("segments/new", json!({"name": "Hot"})).await;
        let campaign = json!({"name": "C", "lists": [{"id": 1}], "events": [{
            "id": "new_1", "name": "Tag", "type": "lead.changetags", "eventType": "action", "order": 1,
            "properties": {"add_tags": ["in"], "remove_tags": []}, "triggerInterval": 0,
            "triggerIntervalUnit": "d", "triggerMode": "immediate", "children": [], "parent": null,
            "decisionPath": null}], "canvasSettings": {}});
        scene.post("campaigns/new", campaign).await;
        scene.post("stages/new", json!({"name": "MQL"})).await;
        let email =
            json!({"name": "E", "subject": "Hi", "customHtml": "<p>Hi</p>", "isPublished": true});
        scene.post("emails/new", email).await;
        let field = json!({"label": "Score", "alias": "score_ovens", "type": "number"});
        scene.post("fields/contact/new", field).await;
        scene.tell(ANN).await;
        scene
    }

    async fn api(&self, method: reqwest::Method, path: &str, body: Option<Value>) -> Value {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = http
            .request(method, format!("{}/api/{path}", self.mautic.base_url()))
            .basic_auth("admin", Some("Mautic-admin-2026"));
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {answer:?}");
        answer.json().await.unwrap()
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        self.api(reqwest::Method::POST, path, Some(body)).await
    }

    async fn contact(&self) -> Value {
        self.api(reqwest::Method::GET, "contacts/1", None).await["contact"].clone()
    }

    async fn sent(&self) -> usize {
        let state = |state: &mautic_fixtures::state::State| state.web.email_stats.values().count();
        self.mautic.with_state(state).await
    }

    /// Tells the journal of a contact.
    async fn tell(&self, contact: ContactId) {
        let now = self.clock.now();
        let mut profile = Profile::unknown(contact, now);
        for (alias, value) in [("firstname", "Ann"), ("email", "ann@example.test")] {
            profile.fields.insert(alias.into(), value.into());
        }
        self.tell_of(Fact::Profile(Box::new(profile))).await;
    }

    async fn tell_of(&self, fact: Fact) {
        let sighting = Sighting {
            source: Source::Poll,
            fact,
        };
        let batch = Batch {
            origin: Origin::Lookup,
            sightings: vec![sighting],
            parked: Vec::new(),
            received_at: self.clock.now(),
            urgency: Urgency::Fresh,
            asked: None,
        };
        self.store.apply(batch).await.unwrap();
    }

    /// A trigger fires for Ann.
    async fn fire(&self, actions: &[Action]) {
        self.clock.advance(SignedDuration::from_secs(1));
        let now = self.clock.now();
        self.store.mark_outdated("none", now).await.unwrap();
        let until = now + SignedDuration::from_mins(1);
        let owner = Owner("scorer".into());
        let dirty = self.store.claim_dirty(&owner, 9, now, until).await.unwrap();
        let dirty = dirty
            .into_iter()
            .find(|dirty| dirty.contact == ANN)
            .unwrap();
        let firing = Firing {
            trigger: RuleKey("call".into()),
            name: "Call".into(),
            crossed_at: now,
            reason: "ovens 62 reached 60".into(),
            scores: vec![("ovens".into(), 62)],
            actions: actions.to_vec(),
        };
        let commit = ScoreCommit {
            dirty,
            plan: "p".into(),
            at: now,
            scores: Vec::new(),
            desired: Vec::new(),
            firings: vec![firing],
            rearmed: Vec::new(),
            next_change: None,
        };
        self.store.commit_scores(vec![commit]).await.unwrap();
    }

    /// Effects in the order they came.
    async fn effects(&self) -> Vec<Effect> {
        let query = EffectQuery::default();
        let mut effects = self.store.effects(&query, 100).await.unwrap();
        effects.reverse();
        effects
    }

    async fn state(&self) -> EffectState {
        self.effects().await.last().unwrap().state
    }

    /// What is said of the newest effect.
    async fn said(&self) -> String {
        let effect = self.effects().await.pop().unwrap();
        effect.answer.or(effect.last_error).unwrap_or_default()
    }

    /// Works, again and again, until nothing is to be done any more or a day and a half is over.
    async fn work(&self) {
        for _ in 0..200 {
            while self.worker.step().await.unwrap() > 0 {}
            let now = self.clock.now();
            let Some(due) = self.store.next_effect_due(now).await.unwrap() else {
                return;
            };
            // Mautic's rate limits are counted to the second.
            self.clock.set(due + SignedDuration::from_secs(1));
        }
        panic!("it never ends: {:?}", self.effects().await);
    }
}

/// The longest pauses there are.
#[derive(Debug)]
struct Slowest;

impl Chance for Slowest {
    fn fraction(&self) -> f64 {
        1.0
    }
}

fn worker(
    mautic: &StandIn,
    store: &SharedStore,
    clock: &ManualClock,
    mail: &MailServer,
    hook: &HookServer,
) -> EffectWorker {
    let clock: Arc<dyn Clock> = Arc::new(clock.clone());
    let credentials = Credentials::Basic {
        user: "admin".into(),
        password: SecretString::from("Mautic-admin-2026"),
    };
    let settings = Settings::new(mautic.base_url().parse().unwrap(), credentials);
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
    let target = HookTarget {
        name: "crm".into(),
        url: format!("http://{}/", hook.address).parse().unwrap(),
        secret: SecretString::from(hook.secret.clone()),
    };
    let settings_of_mail = SmtpSettings {
        host: "127.0.0.1".into(),
        port: mail.address.port(),
        tls: SmtpTls::None,
        login: None,
        from: "scores@example.test".parse().unwrap(),
    };
    let health = Health::new().component("effects", Weight::Required, None, clock.now());
    EffectWorker {
        store: Arc::clone(store),
        mautic: Arc::new(ClientWrites {
            longest_request: std::time::Duration::from_mins(2),
            client: Client::new(settings, parts).unwrap(),
            clock: Arc::clone(&clock),
        }),
        mailer: Some(Arc::new(SmtpMailer {
            settings: settings_of_mail,
            clock: Arc::clone(&clock),
        })),
        hooks: Arc::new(HttpHooks::new([target], Arc::clone(&clock)).unwrap()),
        owner: Owner("w".into()),
        instance: "m.example.test".into(),
        intents: Wake::default(),
        effects: Wake::default(),
        dirty: Wake::default(),
        metrics: crate::metrics::register("0", "m").metrics.effects,
        health,
        chance: Arc::new(Slowest),
        clock,
    }
}

fn email() -> Action {
    Action::SendEmail { email: EmailId(1) }
}

fn mail() -> Action {
    Action::Mail {
        to: "sales@example.test".into(),
        subject: "{name} is hot".into(),
        text: "{reason}".into(),
    }
}

fn hook() -> Action {
    Action::Webhook {
        webhook: "crm".into(),
    }
}

fn field(value: &str) -> Action {
    Action::SetField {
        field: "score_ovens".into(),
        value: value.into(),
    }
}

#[tokio::test]
async fn everything_is_done_once() {
    let scene = Scene::set().await;
    let segment = SegmentId(1);
    let tag = |add: &str, remove: &str| Action::Tag {
        add: vec![add.into()],
        remove: vec![remove.into()],
    };
    let actions = [
        Action::AddToSegment { segment },
        tag("hot", "cold"),
        Action::AddToCampaign {
            campaign: CampaignId(1),
        },
        Action::SetStage { stage: StageId(1) },
        field("12.7"),
        Action::SetOwner { owner: UserId(1) },
        email(),
        mail(),
        hook(),
    ];
    scene.fire(&actions).await;
    scene.work().await;
    let told: Vec<_> = scene
        .effects()
        .await
        .into_iter()
        .map(|effect| {
            let said = effect.answer.or(effect.last_error).unwrap_or_default();
            format!("{}: {}: {said}", effect.action, effect.state.name())
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r"
    add to segment 1: done: is a member now
    tag +hot -cold: done: tagged
    add to campaign 1: done: is in the campaign now
    set stage 1: done: is in stage 1 now
    set score_ovens = 12.7: done: Mautic made `12` of score_ovens = `12.7`
    set owner 1: done: its owner is 1 now
    send email 1: done: sent
    mail sales@example.test: done: 250 taken as 1
    webhook crm: done: 204
    ");
    let contact = scene.contact().await;
    assert_eq!(contact["tags"][0]["tag"], "hot");
    assert_eq!(contact["stage"]["id"], 1);
    assert_eq!(contact["owner"]["id"], 1);
    assert_eq!(contact["fields"]["all"]["score_ovens"], 12);
    assert_eq!(scene.mautic.segment_members(1).await, [1]);
    let campaigns = scene
        .api(reqwest::Method::GET, "contacts/1/campaigns", None)
        .await;
    assert_eq!(campaigns["total"], 1);
    assert_eq!(scene.sent().await, 1);
    assert_eq!((scene.mail.mails().len(), scene.hook.calls().len()), (1, 1));
    let overview = scene.store.contact_overview(ANN).await.unwrap().unwrap();
    assert_eq!(overview.segments, [segment], "known at once");

    // And back again.
    let back = [
        Action::RemoveFromSegment { segment },
        tag("cold", "hot"),
        Action::RemoveFromCampaign {
            campaign: CampaignId(1),
        },
    ];
    scene.fire(&back).await;
    scene.work().await;
    assert_eq!(scene.mautic.segment_members(1).await, [0; 0]);
    assert_eq!(scene.contact().await["tags"][0]["tag"], "cold");
    let campaigns = scene
        .api(reqwest::Method::GET, "contacts/1/campaigns", None)
        .await;
    assert_eq!(campaigns["total"], 0);
    assert_eq!(scene.sent().await, 1);
}

#[tokio::test]
async fn what_mautic_does_not_take_over_is_told() {
    let scene = Scene::set().await;
    scene.fire(&[field("12")]).await;
    scene.work().await;
    assert_eq!(scene.said().await, "score_ovens is 12 now");
    let table = [
        (
            field("0"),
            EffectState::Done,
            "empty now, which stands for 0",
        ),
        (field("0.0"), EffectState::Done, "stands for 0, already"),
        (field("0.4"), EffectState::Failed, "nearer to 0 than 1"),
        (
            Action::SetField {
                field: "no_such_field".into(),
                value: "1".into(),
            },
            EffectState::Failed,
            "Does the field exist",
        ),
        (
            Action::SetOwner { owner: UserId(99) },
            EffectState::Failed,
            "not valid",
        ),
        (
            Action::SetStage { stage: StageId(99) },
            EffectState::Failed,
            "404",
        ),
        (
            Action::AddToCampaign {
                campaign: CampaignId(99),
            },
            EffectState::Failed,
            "404",
        ),
        (
            Action::SendEmail { email: EmailId(99) },
            EffectState::Failed,
            "404",
        ),
        (
            Action::Webhook {
                webhook: "unknown".into(),
            },
            EffectState::Failed,
            "[[webhook_target]]",
        ),
        (field("12"), EffectState::Done, "is 12 now"),
        (field("12"), EffectState::Done, "already"),
    ];
    for (action, state, words) in table {
        scene.fire(std::slice::from_ref(&action)).await;
        scene.work().await;
        let said = scene.said().await;
        assert_eq!(scene.state().await, state, "{action}: {said}");
        assert!(said.contains(words), "{action}: {said}");
    }
}

#[tokio::test]
async fn emails_to_contacts_that_can_not_get_them() {
    let scene = Scene::set().await;
    // Mautic's answer is no proof that it sent something (FACTS 135).
    let success = Fault::Answer {
        status: 200,
        headers: [].into(),
        body: "{\"success\":true}".into(),
    };
    let nothing = Rule::new("/api/emails/*/contact/*/send", success).times(1);
    scene.mautic.inject(nothing).await;
    scene.fire(&[email()]).await;
    scene.work().await;
    assert_eq!(scene.state().await, EffectState::Done);
    let said = scene.said().await;
    assert!(said.contains("no email sent"), "{said}");
    // By API Mautic emails those, too, who must not be emailed.
    scene
        .post("contacts/1/dnc/email/add", json!({"reason": 3}))
        .await;
    scene.fire(&[email()]).await;
    scene.work().await;
    assert_eq!(scene.state().await, EffectState::Failed);
    let said = scene.said().await;
    assert!(said.contains("must not be emailed"), "{said}");
    assert_eq!(scene.sent().await, 0);
    let body = json!({"email": "", "overwriteWithBlank": true});
    scene
        .api(reqwest::Method::PATCH, "contacts/1/edit", Some(body))
        .await;
    scene.fire(&[email()]).await;
    scene.work().await;
    assert_eq!(scene.state().await, EffectState::Failed);
    assert_eq!(scene.said().await, "contact 1 has no email address");
    assert_eq!(scene.sent().await, 0);
}

fn answer(status: u16) -> Fault {
    Fault::Answer {
        status,
        headers: [].into(),
        body: "busy".into(),
    }
}

/// Whatever becomes of the answer, at most one email goes out.
#[tokio::test]
async fn lost_answers_send_nothing_twice() {
    let send = "/api/emails/*/contact/*/send";
    let once = |fault| Rule::new(send, fault).times(1);
    let limited = Fault::TooManyRequests {
        retry_after: Some(7),
    };
    let table = [
        (once(Fault::Drop), EffectState::Unknown, 0),
        (once(Fault::Drop).after(), EffectState::Done, 1),
        (once(answer(503)), EffectState::Unknown, 0),
        (once(answer(503)).after(), EffectState::Done, 1),
        (once(answer(404)), EffectState::Done, 1),
        (once(limited), EffectState::Done, 1),
        (once(answer(401)), EffectState::Done, 1),
        (once(Fault::TruncatedJson).after(), EffectState::Done, 1),
    ];
    for (rule, state, sent) in table {
        let scene = Scene::set().await;
        scene.mautic.inject(rule.clone()).await;
        scene.fire(&[email()]).await;
        scene.work().await;
        let said = scene.said().await;
        assert_eq!(scene.state().await, state, "{rule:?}: {said}");
        assert_eq!(scene.sent().await, sent, "{rule:?}: {said}");
    }
}

/// Repeatable actions go on until they are done, for longer than a day.
#[tokio::test]
async fn what_can_be_repeated_is() {
    let scene = Scene::set().await;
    let patch = Rule::new("/api/contacts/1/edit", answer(500)).times(150);
    scene.mautic.inject(patch).await;
    let began = scene.clock.now();
    scene.fire(&[field("5")]).await;
    scene.work().await;
    assert_eq!(scene.state().await, EffectState::Done);
    let effect = scene.effects().await.remove(0);
    assert_eq!(effect.attempts, 150);
    let took = scene.clock.now().duration_since(began);
    assert!(took > SignedDuration::from_hours(24), "{took:?}");
}

#[tokio::test]
async fn what_was_started_before_a_crash_is_not_done_again() {
    let scene = Scene::set().await;
    scene.fire(&[email(), mail(), hook()]).await;
    let now = scene.clock.now();
    let until = now + SignedDuration::from_mins(10);
    let dead = Owner("dead".into());
    let claimed = scene.store.claim_effects(&dead, 9, now, until).await;
    for effect in &claimed.unwrap()[0].effects {
        let started = scene.store.mark_started(&dead, effect.id, None, now).await;
        assert!(started.unwrap());
    }
    // Mautic had sent the email before the crash; of the mail nobody knows.
    scene.post("emails/1/contact/1/send", json!({})).await;
    scene.worker.step().await.unwrap();
    assert_eq!(scene.hook.calls().len(), 0, "still held");
    scene.store.end_leases_of_the_dead(now, now).await.unwrap();
    scene.work().await;
    let states: Vec<_> = scene.effects().await.iter().map(|e| e.state).collect();
    let expected = [EffectState::Done, EffectState::Unknown, EffectState::Done];
    assert_eq!(states, expected);
    assert_eq!((scene.sent().await, scene.mail.mails().len()), (1, 0));
    assert_eq!(scene.hook.calls().len(), 1);
    // An administrator decides.
    let unknown = scene.effects().await[1].id;
    assert!(scene.store.retry_effect(unknown, now).await.unwrap());
    scene.work().await;
    assert_eq!(scene.state().await, EffectState::Done);
    assert_eq!((scene.sent().await, scene.mail.mails().len()), (1, 1));
}

#[tokio::test]
async fn mails() {
    let table = [
        (Takes::It, EffectState::Done, 1),
        (Takes::NoRecipient(450), EffectState::Done, 1),
        (Takes::NoRecipient(550), EffectState::Failed, 0),
        (Takes::NotIt(451), EffectState::Done, 2),
        (Takes::ItAndDies, EffectState::Unknown, 1),
    ];
    for (takes, state, mails) in table {
        let scene = Scene::set().await;
        scene.mail.will(&[takes]);
        scene.fire(&[mail()]).await;
        scene.work().await;
        let said = scene.said().await;
        assert_eq!(scene.state().await, state, "{takes:?}: {said}");
        let got = scene.mail.mails();
        assert_eq!(got.len(), mails, "{takes:?}: {said}");
        assert!(got.iter().all(|mail| mail.contains("Subject: Ann is hot")));
    }
}

#[tokio::test]
async fn mails_and_webhooks_are_given_up_after_a_day() {
    let scene = Scene::set().await;
    scene.hook.will(&[(500, None); 500]);
    scene.mail.will(&[Takes::NoRecipient(450); 500]);
    scene.fire(&[mail(), hook()]).await;
    let began = scene.clock.now();
    scene.work().await;
    for effect in scene.effects().await {
        let said = effect.last_error.unwrap();
        assert_eq!(effect.state, EffectState::Failed, "{said}");
        assert!(
            said.starts_with("given up after 24 hours; last: "),
            "{said}"
        );
        assert!(effect.attempts > 20, "{}: {said}", effect.attempts);
    }
    let took = scene.clock.now().duration_since(began);
    assert!(took <= SignedDuration::from_secs(24 * 3600 + 5), "{took:?}");
    let calls = scene.hook.calls();
    assert!(
        calls.iter().all(|call| *call == calls[0]),
        "one id, one body"
    );
}

/// A receiver that looks at what the store holds while it is called.
#[derive(Debug)]
struct Looks {
    store: SharedStore,
    seen: std::sync::Mutex<Vec<EffectState>>,
}

#[async_trait::async_trait]
impl Hooks for Looks {
    async fn call(&self, _call: &WebhookCall) -> Result<String, Trouble> {
        let effects = self.store.effects(&EffectQuery::default(), 9).await;
        let states = effects.unwrap().into_iter().map(|effect| effect.state);
        self.seen.lock().unwrap().extend(states);
        Err(Trouble::Unsure {
            what: "no answer".to_owned(),
        })
    }
}

#[tokio::test]
async fn a_webhook_is_marked_as_started_at_each_attempt() {
    let mut scene = Scene::set().await;
    let looks = Arc::new(Looks {
        store: Arc::clone(&scene.store),
        seen: std::sync::Mutex::default(),
    });
    scene.worker.hooks = Arc::clone(&looks) as _;
    scene.fire(&[hook()]).await;
    scene.work().await;
    let seen = looks.seen.lock().unwrap().clone();
    assert!(seen.len() > 20, "{seen:?}");
    assert!(
        seen.iter().all(|state| *state == EffectState::Started),
        "{seen:?}"
    );
}

#[tokio::test]
async fn a_webhook_is_repeated_with_its_id() {
    let scene = Scene::set().await;
    scene
        .hook
        .will(&[(500, None), (429, Some(90)), (404, None)]);
    scene.fire(&[hook()]).await;
    scene.work().await;
    assert_eq!(scene.state().await, EffectState::Done);
    let calls = scene.hook.calls();
    assert_eq!(calls.len(), 4);
    assert!(calls.iter().all(|call| *call == calls[0]), "{calls:?}");
    scene.hook.will(&[(410, None)]);
    scene.fire(&[hook()]).await;
    scene.work().await;
    assert_eq!(scene.state().await, EffectState::Failed);
    assert_ne!(scene.hook.calls()[4].id, calls[0].id);
}

#[tokio::test]
async fn mautics_trouble_holds_up_only_what_mautic_does() {
    let scene = Scene::set().await;
    let down = Rule::new("/api/*", answer(502)).times(9);
    scene.mautic.inject(down).await;
    scene.fire(&[field("5"), email(), hook(), mail()]).await;
    scene.worker.step().await.unwrap();
    let states: Vec<_> = scene.effects().await.iter().map(|e| e.state).collect();
    let (done, pending) = (EffectState::Done, EffectState::Pending);
    assert_eq!(states, [pending, pending, done, done]);
    let attempts: Vec<_> = scene.effects().await.iter().map(|e| e.attempts).collect();
    assert_eq!(attempts, [1, 0, 0, 0], "the second waits for the first");
    scene.work().await;
    assert!(scene.effects().await.iter().all(|e| e.state == done));
    assert_eq!(scene.sent().await, 1);
}

#[tokio::test]
async fn effects_of_deleted_contacts_go() {
    let scene = Scene::set().await;
    scene
        .api(reqwest::Method::DELETE, "contacts/1/delete", None)
        .await;
    scene.fire(&[field("5"), hook()]).await;
    while scene.worker.step().await.unwrap() > 0 {}
    let waiting = scene.effects().await;
    assert!(
        waiting
            .iter()
            .all(|effect| effect.state == EffectState::Pending)
    );
    let later = scene.clock.now() + SignedDuration::from_mins(10);
    let vanished = scene.store.unresolved_gone(9, later).await.unwrap();
    assert_eq!(vanished, [ANN], "to be asked about");
    let (contact, at) = (ANN, scene.clock.now());
    scene.tell_of(Fact::Deleted { contact, at }).await;
    scene.work().await;
    assert_eq!(scene.effects().await, []);
    assert_eq!(scene.hook.calls(), []);
}

/// An id that was merged away would silently change the winner: what it was to get, the winner
/// gets under its own id.
#[tokio::test]
async fn effects_of_merged_contacts_are_the_winners() {
    let scene = Scene::set().await;
    let two = json!({"firstname": "Two", "email": "two@example.test"});
    scene.post("contacts/new", two).await;
    scene.tell(ContactId(2)).await;
    scene.fire(&[field("5")]).await;
    let merged = Fact::Merged {
        loser: ANN,
        winner: ContactId(2),
        at: scene.clock.now(),
    };
    scene.tell_of(merged).await;
    scene.work().await;
    assert_eq!(scene.effects().await[0].contact, ContactId(2));
    assert_eq!(scene.state().await, EffectState::Done);
    assert_eq!(
        scene.contact().await["fields"]["all"]["score_ovens"],
        Value::Null
    );
}
