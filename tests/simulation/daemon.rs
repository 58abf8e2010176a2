//! topicscore in the simulation: its workers as `app` puts them together, each driven by its steps.

use super::clock::Time;
use super::crash::Crash;
use super::dice::Dice;
use super::firings::Alerts;
use super::mautic::{BASE_URL, SECRET, Topic};
use super::network::Network;
use super::receivers::Receivers;
use super::store::FaultyStore;
use jiff::{SignedDuration, Timestamp};
use mautic_fixtures::Options as Configured;
use mautic_fixtures::state::hooks::Posted;
use std::future::Future;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use topicscore::clock::Clock;
use topicscore::domain::{ContactId, Urgency, WENT_BACK};
use topicscore::health::{Health, Weight};
use topicscore::intake::poll::{Options as PollOptions, PollError, Poller, Segments};
use topicscore::intake::receiver::{Limits as ReceiverLimits, Receiver, Secrets};
use topicscore::intake::{Decoder, Resolver, Signals};
use topicscore::mautic::budget::{Limits, LocalBudget};
use topicscore::mautic::{Client, Credentials, MemoryTokens, Outside, Parts, Settings};
use topicscore::metrics::register;
use topicscore::plan::{Catalog, Compiled, Named, Plan, compile};
use topicscore::scorer::Scorer;
use topicscore::store::{Owner, PlanRecord, Result, SharedStore, Store, TargetState};
use topicscore::writeback::effects::{EffectWorker, decide};
use topicscore::writeback::{ClientWrites, Dispatcher};
use tower::ServiceExt;

/// So long, at most, Mautic goes on with a request whose answer nobody waits for; as configured by default.
pub(crate) const LONGEST_REQUEST: Duration = Duration::from_mins(2);

/// So long, at most, a start waits for a table that can't be read.
const PATIENCE: SignedDuration = SignedDuration::from_mins(10);

/// What outlives a crash: the world around the process.
pub(crate) struct Around {
    /// The store's file.
    pub(crate) path: std::path::PathBuf,
    /// The network.
    pub(crate) network: Arc<Network>,
    /// Chance of the pauses.
    pub(crate) chance: Arc<Dice>,
    /// Time.
    pub(crate) time: Time,
    /// Crashes.
    pub(crate) crash: Crash,
    /// The plan's text.
    pub(crate) plan: String,
    /// What the plan's names mean.
    pub(crate) topics: Vec<Topic>,
    /// What triggers need in Mautic, if the plan has any.
    pub(crate) alerts: Option<Alerts>,
    /// Whom they tell.
    pub(crate) receivers: Option<Arc<Receivers>>,
    /// Whether writing waits as well until the polls have caught up, as in `app`.
    pub(crate) is_gated: bool,
}

/// One process, from its start to its crash.
pub(crate) struct Daemon {
    /// The store, for those who look on.
    pub(crate) store: SharedStore,
    time: Time,
    clock: Arc<dyn Clock>,
    receiver: Arc<Receiver<dyn Store>>,
    decoder: Decoder<dyn Store>,
    poller: Poller<dyn Store, Client>,
    resolver: Resolver<dyn Store, Client>,
    scorer: Scorer,
    dispatchers: [Dispatcher; 2],
    effects: Option<EffectWorker>,
    gate: Mutex<Gate>,
    is_gated: bool,
    signals: Signals,
    rereading: Mutex<Reread>,
}

/// How far Mautic is read anew, after it was restored from a backup; as in `app`'s start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reread {
    /// It is not being read anew, or not any more.
    Done,
    /// It is known who an id is.
    People,
    /// Nothing is known of it yet.
    Nothing,
}

/// What triggers do is not done before the polls have caught up and all they told is scored; as
/// `app`'s gate.
#[derive(Debug, Clone, Copy, Default)]
struct Gate {
    /// Since when only some tables fail to be read.
    failing: Option<Timestamp>,
    /// When, by our clock, everything there was had been read.
    polled: Option<Timestamp>,
    is_open: bool,
}

impl Daemon {
    /// Starts as `Instance` does: plan first, then what the dead held, then the workers.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn start(around: &Around, number: u64) -> Result<Self> {
        let owner = Owner(format!("{number}-run"));
        let store = FaultyStore::open(&around.path, &around.crash);
        let store_id = store.begin_run(&owner);
        let store: SharedStore = Arc::new(store);
        let clock: Arc<dyn Clock> = Arc::new(around.time.clone());
        let plan = activate(&store, around, &*clock).await?;
        take_up_what_the_dead_held(&store, &*clock).await?;
        let client = client(around, &clock);
        let metrics = register("0", "simulation").metrics;
        let (health, signals) = (Health::new(), Signals::default());
        let reporter = |name: &str| health.component(name, Weight::Required, None, clock.now());
        let plan = watch::Sender::new(Some(plan)).subscribe();
        let reader = Arc::new(client.clone());
        if store.setting(WENT_BACK).await?.is_some() {
            signals.standstill.cancel();
        }
        let rereading = if store.is_rereading().await? {
            Reread::Nothing
        } else {
            Reread::Done
        };
        let writes = Arc::new(ClientWrites {
            client,
            clock: Arc::clone(&clock),
            longest_request: LONGEST_REQUEST,
        });
        let effects = around.receivers.as_ref().map(|receivers| EffectWorker {
            store: Arc::clone(&store),
            clock: Arc::clone(&clock),
            chance: Arc::clone(&around.chance) as _,
            mautic: writes.clone(),
            mailer: Some(Arc::clone(receivers) as _),
            hooks: Arc::clone(receivers) as _,
            owner: Owner(format!("{}-effects", owner.0)),
            instance: "simulation".to_owned(),
            intents: signals.bells.intents.clone(),
            effects: signals.bells.effects.clone(),
            dirty: signals.bells.dirty.clone(),
            metrics: metrics.effects.clone(),
            health: reporter("effects"),
        });
        let dispatcher = |name: &str, least| Dispatcher {
            store: Arc::clone(&store),
            clock: Arc::clone(&clock),
            mautic: writes.clone(),
            owner: Owner(format!("{store_id}-{}-{name}", owner.0)),
            least,
            intents: signals.bells.intents.clone(),
            effects: signals.bells.effects.clone(),
            dirty: signals.bells.dirty.clone(),
            polls: signals.bells.polls.clone(),
            metrics: metrics.writeback.clone(),
            health: reporter(name),
        };
        Ok(Self {
            receiver: receiver(&store, &clock, &signals, metrics.intake.clone()),
            decoder: Decoder::new(
                Arc::clone(&store),
                owner.clone(),
                Arc::clone(&clock),
                signals.clone(),
            ),
            poller: Poller::new(
                Arc::clone(&store),
                Arc::clone(&reader),
                Arc::clone(&clock),
                signals.clone(),
                poll_options(&around.topics),
            ),
            resolver: Resolver::new(
                Arc::clone(&store),
                reader,
                Arc::clone(&clock),
                signals.clone(),
            ),
            scorer: Scorer {
                store: Arc::clone(&store),
                clock: Arc::clone(&clock),
                plan,
                owner: owner.clone(),
                dirty: signals.bells.dirty.clone(),
                intents: signals.bells.intents.clone(),
                metrics: metrics.scorer.clone(),
                health: reporter("scorer"),
            },
            dispatchers: [
                dispatcher("writeback", Urgency::Bulk),
                dispatcher("writeback-urgent", Urgency::Fresh),
            ],
            effects,
            gate: Mutex::default(),
            is_gated: around.is_gated,
            signals,
            rereading: Mutex::new(rereading),
            time: around.time.clone(),
            clock,
            store,
        })
    }

    /// A delivery comes; the status it is answered with.
    pub(crate) async fn receive(&self, posted: &Posted) -> u16 {
        let request = axum::http::Request::post("/webhook")
            .header("content-type", "application/json")
            .header("content-length", posted.body.len())
            .header("webhook-signature", &posted.signature)
            .body(axum::body::Body::from(posted.body.clone()))
            .unwrap();
        let answer = self.receiver.router().oneshot(request).await.unwrap();
        answer.status().as_u16()
    }

    /// One step of the decoder.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn decode(&self) -> Result<usize> {
        if self.stands_still() || self.rereading() == Reread::Nothing {
            return Ok(0);
        }
        self.decoder.decode_once(self.clock.now()).await
    }

    /// One round of polls.
    pub(crate) async fn poll(&self) {
        let stop = self.signals.standstill.child_token();
        if self.rereading() == Reread::Nothing {
            self.poller.read_people(&stop).await;
        }
        if stop.is_cancelled() {
            return;
        }
        self.reread(Reread::People);
        let round = self.poller.round(self.clock.now(), &stop).await;
        if stop.is_cancelled() {
            return;
        }
        let mut gate = *self.gate();
        gate.failing = self
            .poller
            .only_fails()
            .then(|| gate.failing.unwrap_or_else(|| self.time.now()));
        if !round.more && self.poll_errors().is_empty() && self.end_rereading().await {
            gate.polled.get_or_insert(self.clock.now());
        }
        *self.gate() = gate;
    }

    /// Whether Mautic was noticed to be restored from a backup.
    pub(crate) fn stands_still(&self) -> bool {
        self.signals.standstill.is_cancelled()
    }

    /// Whether Mautic is being read anew.
    pub(crate) fn is_rereading(&self) -> bool {
        self.rereading() != Reread::Done
    }

    fn rereading(&self) -> Reread {
        *self
            .rereading
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn reread(&self, far: Reread) {
        let mut rereading = self
            .rereading
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if *rereading != Reread::Done {
            *rereading = far;
        }
    }

    /// Everything there is was read; whether that could be kept.
    async fn end_rereading(&self) -> bool {
        if self.is_rereading() {
            let Ok(newest) = self.poller.newest_contact().await else {
                return false;
            };
            let ended = self.store.end_rereading(newest, self.clock.now()).await;
            if ended.is_err() {
                return false;
            }
            self.reread(Reread::Done);
        }
        true
    }

    fn gate(&self) -> MutexGuard<'_, Gate> {
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether what triggers do may be done.
    async fn is_open(&self) -> Result<bool> {
        let mut gate = *self.gate();
        let patient = |since: Timestamp| self.time.now() <= since + PATIENCE;
        if gate.failing.is_some_and(|since| !patient(since)) {
            gate.polled.get_or_insert(self.clock.now());
        }
        let Some(polled) = gate.polled.filter(|_| !gate.is_open) else {
            return Ok(gate.is_open);
        };
        if self.store.is_scored(polled, self.clock.now()).await? {
            self.store.caught_up(self.clock.now()).await?;
            gate.is_open = true;
        }
        *self.gate() = gate;
        Ok(gate.is_open)
    }

    /// What kept polls from being done, by feed.
    pub(crate) fn poll_errors(&self) -> Vec<String> {
        let status = self.poller.status();
        let failed = status.into_iter().filter_map(|(feed, status)| {
            let error = status.error?;
            Some(format!("{}: {error}", feed.name()))
        });
        failed.collect()
    }

    /// One step of the resolver.
    ///
    /// # Errors
    /// Mautic's and the store's.
    pub(crate) async fn resolve(&self) -> std::result::Result<usize, PollError> {
        if self.stands_still() {
            return Ok(0);
        }
        self.resolver.resolve_once().await
    }

    /// One step of the scorer.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn score(&self) -> Result<usize> {
        if self.stands_still() || self.is_rereading() {
            return Ok(0);
        }
        self.store.mark_due(self.clock.now()).await?;
        self.scorer.step().await
    }

    /// One step of the worker that does what triggers do.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn effects(&self) -> Result<usize> {
        match &self.effects {
            Some(worker) if !self.stands_still() && self.is_open().await? => worker.step().await,
            _ => Ok(0),
        }
    }

    /// One step of the eraser.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn erase(&self) -> Result<usize> {
        self.store.finish_erasures().await.map(|_| 0)
    }

    /// One step of one of the two dispatchers.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn dispatch(&self, which: usize) -> Result<usize> {
        if self.is_gated && (self.stands_still() || !self.is_open().await?) {
            return Ok(0);
        }
        self.dispatchers[which].step().await
    }
}

/// Steps of one worker in a row after which it surely goes round in circles.
const CIRCLES: usize = 200;

impl Daemon {
    /// Lets all workers do what there is to do now.
    ///
    /// # Errors
    /// What failed, or found no end.
    pub(crate) async fn work_off(&self) -> std::result::Result<(), String> {
        self.poll().await;
        let erased = self.erase().await;
        erased.map_err(|error| format!("erasing: {error}"))?;
        for _ in 0..4 {
            self.to_the_end("decoding", || self.decode()).await?;
            // Like polls: a rate limit of before may still stand, and the next round asks again.
            let _ = self.resolve().await;
            self.to_the_end("scoring", || self.score()).await?;
            self.to_the_end("writing", || self.dispatch(0)).await?;
            self.to_the_end("effects", || self.effects()).await?;
        }
        Ok(())
    }

    /// What is not done yet, by contact.
    pub(crate) async fn pending(&self) -> Vec<(ContactId, TargetState)> {
        let mut pending = Vec::new();
        for contact in self.store.contact_ids(None, 1000).await.unwrap() {
            let Some(known) = self.store.contact_overview(contact).await.unwrap() else {
                continue;
            };
            let targets = known.targets.into_iter().filter(|target| target.pending);
            pending.extend(targets.map(|target| (contact, target)));
        }
        pending
    }

    async fn to_the_end<F>(
        &self,
        what: &str,
        step: impl Fn() -> F,
    ) -> std::result::Result<(), String>
    where
        F: Future<Output = Result<usize>>,
    {
        for _ in 0..CIRCLES {
            // Every step takes some time: calls are told apart by their moment.
            self.time.step(SignedDuration::from_millis(1));
            let done = step().await.map_err(|error| format!("{what}: {error}"))?;
            if done == 0 {
                return Ok(());
            }
        }
        Err(format!(
            "no end of {what}; pending: {:#?}",
            self.pending().await
        ))
    }
}

async fn take_up_what_the_dead_held(store: &SharedStore, clock: &dyn Clock) -> Result<()> {
    let now = clock.now();
    store
        .end_leases_of_the_dead(now, now + LONGEST_REQUEST)
        .await?;
    store.unpark_intents().await?;
    store
        .expire_effects(now - decide::USEFUL, "too old", now)
        .await?;
    Ok(())
}

async fn activate(
    store: &SharedStore,
    around: &Around,
    clock: &dyn Clock,
) -> Result<Arc<Compiled>> {
    let (plan, _) = Plan::parse("plan.toml", &around.plan).unwrap();
    let mut compiled = compile(&plan, &catalog(around)).unwrap();
    for trigger in &mut compiled.triggers {
        trigger.made_at = Some(around.time.beginning());
    }
    let record = PlanRecord {
        version: compiled.version.clone(),
        text: around.plan.clone(),
        activated_at: clock.now(),
    };
    store.activate_plan(record).await?;
    store.mark_outdated(&compiled.version, clock.now()).await?;
    Ok(Arc::new(compiled))
}

fn catalog(around: &Around) -> Catalog {
    let topics = &around.topics;
    let alerts = around.alerts.as_ref();
    let named = |id: u64, name: String| Named {
        id: u32::try_from(id).unwrap(),
        name,
    };
    let all = |of: fn(&Topic) -> (u64, String)| {
        let each = topics.iter().map(of).map(|(id, name)| named(id, name));
        each.collect()
    };
    let mut catalog = Catalog {
        groups: all(|topic| (topic.group, topic.name.to_owned())),
        segments: all(|topic| (topic.segment, format!("Interested in {}", topic.name))),
        emails: all(|topic| (topic.email, format!("{} news", topic.name))),
        forms: all(|topic| (topic.form, topic.name.to_owned())),
        ..Catalog::default()
    };
    for (id, name) in alerts.map(Alerts::emails).unwrap_or_default() {
        catalog.emails.push(named(id, name));
    }
    for (id, name) in alerts.map(Alerts::segments).unwrap_or_default() {
        catalog.segments.push(named(id, name));
    }
    catalog
}

fn client(around: &Around, clock: &Arc<dyn Clock>) -> Client {
    let configured = Configured::default().oauth_client;
    let credentials = Credentials::ClientCredentials {
        id: configured.id,
        secret: configured.secret.into(),
    };
    let settings = Settings::new(BASE_URL.parse().unwrap(), credentials);
    let limits = Limits {
        per_minute: 60_000,
        burst: 1000,
        in_flight: 8,
    };
    let parts = Parts {
        clock: Arc::clone(clock),
        budget: Arc::new(LocalBudget::new(limits, Arc::clone(clock))),
        tokens: Arc::new(MemoryTokens::default()),
    };
    let outside = Outside {
        transport: Arc::clone(&around.network) as _,
        chance: Arc::clone(&around.chance) as _,
    };
    Client::with(settings, parts, outside).unwrap()
}

fn receiver(
    store: &SharedStore,
    clock: &Arc<dyn Clock>,
    signals: &Signals,
    metrics: topicscore::metrics::IntakeMetrics,
) -> Arc<Receiver<dyn Store>> {
    Receiver::new(
        Arc::clone(store),
        Arc::new(Secrets::new(vec![SECRET.into()], false)),
        Arc::clone(clock),
        signals.bells.deliveries.clone(),
        ReceiverLimits::default(),
        metrics,
    )
}

fn poll_options(topics: &[Topic]) -> PollOptions {
    let segment =
        |topic: &Topic| topicscore::domain::SegmentId(u32::try_from(topic.segment).unwrap());
    let segments: Vec<_> = topics.iter().map(segment).collect();
    PollOptions {
        interval: Duration::from_secs(15),
        rows: 100,
        contacts: 50,
        segments: Segments::from(segments),
        ..PollOptions::default()
    }
}

/// The store's file of a run.
pub(crate) fn store_path(folder: &Path) -> std::path::PathBuf {
    folder.join("store.sqlite")
}
