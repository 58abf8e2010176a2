//! Scoring: contacts per second when everything is recomputed, from memory and from store to
//! store, and the time from sending a delivery until the contact's scores are committed.

mod support;

use anyhow::{Context, ensure};
use futures::future::try_join_all;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::{fmt::Write, net::SocketAddr, sync::Arc, time::Duration, time::Instant};
use support::{Connection, Delays, SECRET, Spread, delivery, is_measured, page_hits};
use tokio::{net::TcpListener, sync::watch, time::sleep};
use tokio_util::sync::CancellationToken;
use topicscore::clock::{Clock, SystemClock};
use topicscore::domain::{
    Activity, ActivityKey, ActivityKind, ContactId, Fact, Profile, Sighting, Snapshot, Source,
};
use topicscore::health::{Health, Weight};
use topicscore::intake::receiver::{Limits, Receiver, Secrets, ServerLimits, serve};
use topicscore::intake::{Decoder, Signals};
use topicscore::metrics::register;
use topicscore::plan::{Catalog, Compiled, Named, Plan, compile};
use topicscore::scorer::Scorer;
use topicscore::scoring::evaluate;
use topicscore::store::sqlite::SqliteStore;
use topicscore::store::{Batch, Origin, Owner, SharedStore, Urgency};

const TOPICS: u32 = 8;
const SHOP: &str = "http://shop.example.test";

/// How much of everything.
struct Extent {
    contacts: u32,
    activities: u32,
    rounds: usize,
    single: u32,
    paced: u32,
}

#[derive(Serialize)]
struct Figures {
    contacts: u32,
    activities_per_contact: u32,
    evaluated_per_second: Spread,
    recomputed_per_second: Spread,
    delivery_to_score: Delays,
    delivery_to_score_at_100_per_second: Delays,
}

fn main() -> anyhow::Result<()> {
    let extent = if is_measured() {
        Extent {
            contacts: 2_000,
            activities: 60,
            rounds: 7,
            single: 500,
            paced: 1_000,
        }
    } else {
        Extent {
            contacts: 20,
            activities: 5,
            rounds: 1,
            single: 3,
            paced: 3,
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(measure(&extent))
}

async fn measure(extent: &Extent) -> anyhow::Result<()> {
    let plan = plan()?;
    let histories: Vec<Snapshot> = (1..=extent.contacts)
        .map(|contact| history(contact, extent.activities))
        .collect();
    let evaluated = evaluated_per_second(&plan, &histories, extent.rounds);
    let recomputed = recomputed_per_second(&plan, &histories, extent.rounds).await?;
    let house = House::start(plan).await?;
    house.delays(100, Duration::ZERO, 10).await?;
    let single = house.delays(1_000, Duration::ZERO, extent.single).await?;
    let pause = Duration::from_millis(10);
    let paced = house.delays(100_000, pause, extent.paced).await?;
    print(&Figures {
        contacts: extent.contacts,
        activities_per_contact: extent.activities,
        evaluated_per_second: evaluated,
        recomputed_per_second: recomputed,
        delivery_to_score: Delays::of(&single),
        delivery_to_score_at_100_per_second: Delays::of(&paced),
    })
}

/// Eight topics with six rules each.
fn plan() -> anyhow::Result<Compiled> {
    let mut text = String::from("format = 1\ntime_zone = \"UTC\"\n");
    for topic in 1..=TOPICS {
        let _ = write!(
            text,
            "[[topic]]\nkey = \"t{topic}\"\nlabel = \"T{topic}\"\ngroup = \"T{topic}\"\nceiling = 100\n\
             bands = [{{ name = \"cold\", from = 0 }}, {{ name = \"hot\", from = 40 }}]\n"
        );
        for (kind, points, more) in [
            ("url.hit", 2, format!("url = \"{SHOP}/t{topic}/*\"")),
            ("page.hit", 5, format!("pages = [{topic}]")),
            ("form.submit", 20, format!("forms = [{topic}]")),
            ("asset.download", 10, format!("assets = [{topic}]")),
            ("email.open", 3, format!("emails = [{topic}]")),
            ("email.click", 4, format!("emails = [{topic}]")),
        ] {
            let _ = write!(
                text,
                "[[point_action]]\nname = \"{kind} {topic}\"\ntopic = \"t{topic}\"\nkind = \"{kind}\"\n\
                 points = {points}\nrepeat = \"always\"\n{more}\n"
            );
        }
    }
    let named = |word: &str| {
        (1..=TOPICS)
            .map(|id| Named {
                id,
                name: format!("{word}{id}"),
            })
            .collect::<Vec<_>>()
    };
    let catalog = Catalog {
        groups: named("T"),
        emails: named("E"),
        pages: named("P"),
        forms: named("F"),
        assets: named("A"),
        ..Catalog::default()
    };
    let (plan, _) = Plan::parse("bench", &text).map_err(|found| anyhow::anyhow!("{found}"))?;
    compile(&plan, &catalog).map_err(|found| anyhow::anyhow!("{found}"))
}

const KINDS: [ActivityKind; 6] = [
    ActivityKind::UrlHit,
    ActivityKind::PageHit,
    ActivityKind::FormSubmit,
    ActivityKind::AssetDownload,
    ActivityKind::EmailOpen,
    ActivityKind::EmailClick,
];

/// What a contact did: mostly page hits, an hour apart.
fn history(contact: u32, activities: u32) -> Snapshot {
    let start = Timestamp::UNIX_EPOCH;
    let activity = |number: u32| {
        let mixed = contact.wrapping_mul(31).wrapping_add(number * 7);
        let kind = KINDS[(mixed % 12).saturating_sub(6) as usize];
        let topic = mixed % TOPICS + 1;
        let is_url = kind == ActivityKind::UrlHit;
        Activity {
            key: ActivityKey(format!("bench:{contact}:{number}")),
            contact: ContactId(contact),
            at: start
                .saturating_add(SignedDuration::from_hours(i64::from(number)))
                .unwrap_or(start),
            kind,
            object: (!is_url).then_some(topic),
            url: is_url.then(|| format!("{SHOP}/t{topic}/model-{number}")),
            attributes: BTreeMap::new(),
        }
    };
    Snapshot {
        activities: (0..activities).map(activity).collect(),
        profile: Some(Profile::unknown(ContactId(contact), start)),
        ..Snapshot::of(ContactId(contact))
    }
}

/// The fold alone, on one thread.
fn evaluated_per_second(plan: &Compiled, histories: &[Snapshot], rounds: usize) -> Spread {
    let now = Timestamp::now();
    let round = || {
        let (began, mut contacts) = (Instant::now(), 0.0);
        while contacts == 0.0 || (is_measured() && began.elapsed() < Duration::from_secs(1)) {
            for history in histories {
                std::hint::black_box(evaluate(plan, std::hint::black_box(history), now));
                contacts += 1.0;
            }
        }
        contacts / began.elapsed().as_secs_f64()
    };
    Spread::of((0..rounds).map(|_| round()).collect())
}

/// After a change of the plan: read, scored and committed by the worker.
async fn recomputed_per_second(
    plan: &Compiled,
    histories: &[Snapshot],
    rounds: usize,
) -> anyhow::Result<Spread> {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let store: SharedStore = Arc::new(SqliteStore::open(folder.path().join("bench.db"))?);
    for some in histories.chunks(100) {
        let did = some.iter().flat_map(|history| &history.activities);
        let sightings = did.map(|activity| Sighting {
            source: Source::Poll,
            fact: Fact::Activity(activity.clone()),
        });
        let batch = Batch {
            origin: Origin::Lookup,
            sightings: sightings.collect(),
            parked: Vec::new(),
            received_at: Timestamp::now(),
            urgency: Urgency::Bulk,
            asked: None,
        };
        store.apply(batch).await?;
    }
    let (in_force, in_force_now) = watch::channel(Some(Arc::new(plan.clone())));
    let scorer = scorer(Arc::clone(&store), in_force_now, &Signals::default());
    while scorer.step().await? > 0 {}
    let mut per_second = Vec::new();
    for round in 0..rounds {
        let mut changed = plan.clone();
        changed.version = format!("round {round}");
        let (began, mut contacts) = (Instant::now(), 0);
        store
            .mark_outdated(&changed.version, Timestamp::now())
            .await?;
        in_force.send_replace(Some(Arc::new(changed)));
        loop {
            let taken = scorer.step().await?;
            if taken == 0 {
                break;
            }
            contacts += taken;
        }
        ensure!(contacts == histories.len(), "{contacts} were scored");
        per_second.push(f64::from(u32::try_from(contacts)?) / began.elapsed().as_secs_f64());
    }
    Ok(Spread::of(per_second))
}

fn scorer(
    store: SharedStore,
    plan: watch::Receiver<Option<Arc<Compiled>>>,
    signals: &Signals,
) -> Scorer {
    Scorer {
        store,
        clock: Arc::new(SystemClock),
        plan,
        owner: Owner("bench".into()),
        dirty: signals.bells.dirty.clone(),
        intents: signals.bells.intents.clone(),
        metrics: register("bench", "bench").metrics.scorer.clone(),
        health: Health::new().component("scorer", Weight::Required, None, SystemClock.now()),
    }
}

/// Receiver, decoder and scorer at work, as the daemon has them.
struct House {
    address: SocketAddr,
    store: SharedStore,
    signals: Signals,
    body: Value,
    _plan: watch::Sender<Option<Arc<Compiled>>>,
    _folder: tempfile::TempDir,
}

impl House {
    async fn start(plan: Compiled) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        let store: SharedStore = Arc::new(SqliteStore::open(folder.path().join("bench.db"))?);
        let (signals, stop) = (Signals::default(), CancellationToken::new());
        let (in_force, in_force_now) = watch::channel(Some(Arc::new(plan)));
        let secrets = Arc::new(Secrets::new(vec![SECRET.into()], false));
        let receiver = Receiver::new(
            Arc::clone(&store),
            secrets,
            Arc::new(SystemClock),
            signals.bells.deliveries.clone(),
            Limits::default(),
            topicscore::metrics::register("bench", "bench")
                .metrics
                .intake,
        );
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let served = serve(
            listener,
            receiver.router(),
            ServerLimits::default(),
            stop.clone(),
        );
        tokio::spawn(served);
        let (owner, clock) = (Owner("bench".into()), Arc::new(SystemClock));
        let decoder = Decoder::new(Arc::clone(&store), owner, clock, signals.clone());
        let stop_decoder = stop.clone();
        tokio::spawn(async move { decoder.run(stop_decoder).await });
        tokio::spawn(scorer(Arc::clone(&store), in_force_now, &signals).run(stop));
        let body = page_hits()?.into_iter().next().context("no bodies")?;
        Ok(Self {
            address,
            store,
            signals,
            body: serde_json::from_str(&body)?,
            _plan: in_force,
            _folder: folder,
        })
    }

    /// A page hit of a contact who was never seen.
    fn hit_of(&self, contact: u32) -> Vec<u8> {
        let mut body = self.body.clone();
        let hit = &mut body["mautic.page_on_hit"][0]["hit"];
        hit["id"] = json!(contact);
        hit["lead"]["id"] = json!(contact);
        hit["url"] = json!(format!("{SHOP}/t1/model-1"));
        delivery(body.to_string().as_bytes())
    }

    /// One delivery after the other, or one every `pause`; each over a connection of its own, as
    /// Mautic sends them.
    async fn delays(
        &self,
        first: u32,
        pause: Duration,
        count: u32,
    ) -> anyhow::Result<Vec<Duration>> {
        let mut delays = Vec::new();
        if pause.is_zero() {
            for contact in first..first + count {
                delays.push(self.delay(contact).await?);
            }
            return Ok(delays);
        }
        let late = async |number: u32| {
            sleep(pause * number).await;
            self.delay(first + number).await
        };
        try_join_all((0..count).map(late)).await
    }

    /// From connecting until the contact's scores are committed.
    async fn delay(&self, contact: u32) -> anyhow::Result<Duration> {
        let request = self.hit_of(contact);
        let sent = Instant::now();
        let mut bell = self.signals.bells.intents.armed();
        let mut connection = Connection::open(self.address).await?;
        connection.deliver(&request).await?;
        loop {
            if !self.store.scores(ContactId(contact)).await?.is_empty() {
                return Ok(sent.elapsed());
            }
            ensure!(
                sent.elapsed() < Duration::from_secs(10),
                "contact {contact} has no score"
            );
            bell.wait(Duration::from_secs(1)).await;
            bell = self.signals.bells.intents.armed();
        }
    }
}

fn print(figures: &Figures) -> anyhow::Result<()> {
    let Figures {
        contacts,
        activities_per_contact,
        delivery_to_score,
        delivery_to_score_at_100_per_second,
        ..
    } = figures;
    println!("{contacts} contacts with {activities_per_contact} activities each, {TOPICS} topics");
    println!("{:<32} {:>9} {:>9} {:>9}", "", "median", "min", "max");
    for (what, spread) in [
        ("evaluated / s (one thread)", figures.evaluated_per_second),
        (
            "recomputed, store to store / s",
            figures.recomputed_per_second,
        ),
    ] {
        let Spread { median, min, max } = spread;
        println!("{what:<32} {median:>9.0} {min:>9.0} {max:>9.0}");
    }
    println!("delivery to committed score, one at a time:  {delivery_to_score}");
    println!("delivery to committed score, 100 per second: {delivery_to_score_at_100_per_second}");
    println!("{}", serde_json::to_string(figures)?);
    Ok(())
}
