//! The daemon is killed in the middle of its work, again and again: nothing that it acknowledged
//! is lost, and scores and segments come out as if nothing had happened.
//!
//! `KILLS` sets how often (50), `KILL_SEED` when and what the visitors do.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests may fail loudly"
)]

use mautic_fixtures::Options;
use mautic_fixtures::simulator::{Pace, play};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use rusqlite::{Connection, OpenFlags};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::time::{Instant, sleep};
use topicscore::demo::{Crowd, Difference, Stage, Story, crowd_of, differences};

/// Longest life of a daemon before it is killed; the shortest is none at all.
const LIFE: std::ops::Range<u64> = 0..1_600;
/// Time visitors' lives are spread over, per kill.
const PLAY_PER_KILL: Duration = Duration::from_millis(600);
/// Time to come to rest after the last kill.
const REST: Duration = Duration::from_mins(1);

/// The daemon, killed at the latest when the test ends.
struct Daemon(Child);

impl Daemon {
    fn start(folder: &Path) -> Self {
        let errors = File::options()
            .append(true)
            .create(true)
            .open(folder.join("errors.log"));
        let child = Command::new(env!("CARGO_BIN_EXE_topicscore"))
            .arg("run")
            .arg("--config")
            .arg(folder.join("topicscore.toml"))
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(errors.unwrap())
            .spawn();
        Self(child.unwrap())
    }

    /// SIGKILL. A daemon that ended by itself is a failure.
    fn kill(&mut self, folder: &Path) {
        if let Some(status) = self.0.try_wait().unwrap() {
            panic!("the daemon ended by itself: {status}\n{}", errors(folder));
        }
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn errors(folder: &Path) -> String {
    fs::read_to_string(folder.join("errors.log")).unwrap_or_default()
}

/// Ports that no outgoing connection takes while the daemon is down.
fn free_ports() -> [u16; 2] {
    let mut random: StdRng = rand::make_rng();
    let mut port = || loop {
        let port = random.random_range(20_000..32_000);
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    };
    let first = port();
    loop {
        let second = port();
        if second != first {
            return [first, second];
        }
    }
}

fn write_files(folder: &Path, stage: &Stage) {
    let [webhook, admin] = free_ports();
    let config = format!(
        r#"
[mautic]
base_url = "{base}/"
client_id = "{id}"
client_secret = "{secret}"
timeout = "10s"
[budget]
requests_per_second = 500
burst = 500
in_flight = 16
[webhook]
listen = "127.0.0.1:{webhook}"
public_url = "http://127.0.0.1:{webhook}/webhook"
[poll]
interval = "1s"
[store]
path = "topicscore.db"
[plan]
file = "plan.toml"
[write]
mode = "live"
[admin]
listen = "127.0.0.1:{admin}"
[log]
level = "warn"
"#,
        base = stage.mautic.0.base_url(),
        id = stage.client.id,
        secret = stage.client.secret,
    );
    fs::write(folder.join("topicscore.toml"), config).unwrap();
    fs::write(folder.join("plan.toml"), stage.plan()).unwrap();
}

/// Waits until Mautic's hook is there and was edited: from then on failures are forgiven (FACTS 9).
async fn hooked(stage: &Stage, folder: &Path) {
    let until = Instant::now() + REST;
    let is_hooked = || {
        stage.mautic.0.with_state(|state| {
            let mut hooks = state.hooks.table.iter();
            hooks.any(|(_, hook)| hook.stamp.date_modified.is_some())
        })
    };
    while !is_hooked().await {
        assert!(Instant::now() < until, "no hook:\n{}", errors(folder));
        sleep(Duration::from_millis(20)).await;
    }
}

fn open(folder: &Path) -> Connection {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(folder.join("topicscore.db"), flags).unwrap()
}

/// Deliveries undecoded, contacts unscored, intents unwritten.
fn left(db: &Connection) -> (u64, u64, u64) {
    let query = "SELECT (SELECT count(*) FROM delivery WHERE decoded = 0),
        (SELECT count(*) FROM dirty), (SELECT count(*) FROM target WHERE pending = 1)";
    db.query_row(query, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap()
}

async fn compare(stage: &Stage, story: &mut Story) -> Vec<Difference> {
    let (held, became) = stage.mautic.held().await;
    story.became = became;
    differences(story, &stage.catalog, &held)
}

/// Waits until nothing is left to do and Mautic holds what it should.
async fn come_to_rest(stage: &Stage, story: &mut Story, folder: &Path) {
    let (until, db) = (Instant::now() + REST, open(folder));
    loop {
        let (left, found) = (left(&db), compare(stage, story).await);
        if left == (0, 0, 0) && found.is_empty() {
            return;
        }
        assert!(
            Instant::now() < until,
            "no rest: left {left:?}, different {found:#?}\n{}",
            errors(folder)
        );
        sleep(Duration::from_millis(200)).await;
    }
}

/// How often the journal holds each body.
fn journal(folder: &Path) -> BTreeMap<Vec<u8>, usize> {
    let db = open(folder);
    let mut statement = db.prepare("SELECT size, body FROM delivery").unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    let mut bodies = BTreeMap::new();
    for row in rows.unwrap() {
        let (size, packed): (usize, Vec<u8>) = row.unwrap();
        let body = zstd::bulk::decompress(&packed, size).unwrap();
        *bodies.entry(body).or_default() += 1;
    }
    bodies
}

/// Acknowledged deliveries that the journal does not hold.
fn lost(acknowledged: &[String], folder: &Path) -> Vec<String> {
    let mut journal = journal(folder);
    let mut is_lost = |body: &&String| match journal.get_mut(body.as_bytes()) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        _ => true,
    };
    acknowledged
        .iter()
        .filter(|body| is_lost(body))
        .cloned()
        .collect()
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_again_and_again_nothing_is_lost() {
    let (kills, seed) = (setting("KILLS", 50), setting("KILL_SEED", 1));
    let folder = tempfile::tempdir().unwrap();
    let folder: PathBuf = folder.path().to_owned();
    let stage = Stage::set(Options {
        seed,
        keep_acknowledged: true,
        ..Options::default()
    })
    .await
    .unwrap();
    write_files(&folder, &stage);
    let mut daemon = Daemon::start(&folder);
    hooked(&stage, &folder).await;

    let crowd = Crowd {
        seed,
        visitors: usize::try_from(kills / 2).unwrap().max(8),
        activities: 12,
        merges: false,
    };
    let script = crowd_of(crowd);
    let span = script.steps.last().unwrap().at;
    let wanted = PLAY_PER_KILL * u32::try_from(kills).unwrap();
    let pace = Pace::Times(span.as_secs_f64() / wanted.as_secs_f64());
    let base_url = stage.mautic.0.base_url();
    let began = Instant::now();
    let visits = play(&script, &base_url, &stage.catalog, pace, |done, all| {
        if done % (all / 20).max(1) == 0 {
            println!("{done} of {all} visits after {:?}", began.elapsed());
        }
    });
    let killing = async {
        let mut random = StdRng::seed_from_u64(seed);
        for _ in 0..kills {
            sleep(Duration::from_millis(random.random_range(LIFE))).await;
            daemon.kill(&folder);
            daemon = Daemon::start(&folder);
        }
    };
    let (played, ()) = tokio::join!(
        async {
            let played = visits.await.unwrap();
            println!("visitors were done after {:?}", began.elapsed());
            played
        },
        async {
            killing.await;
            println!("{kills} times killed after {:?}", began.elapsed());
        }
    );
    let mut story = Story::default();
    story.played.push((script, played));
    come_to_rest(&stage, &mut story, &folder).await;
    daemon.kill(&folder);

    let acknowledged = stage.mautic.0.acknowledged().await;
    let sent = stage.mautic.0.deliveries_sent().await;
    println!(
        "{} of {sent} deliveries acknowledged, at rest after {:?}",
        acknowledged.len(),
        began.elapsed()
    );
    assert_eq!(lost(&acknowledged, &folder), [""; 0]);
    assert!(!acknowledged.is_empty());
    assert!(
        kills == 0 || (acknowledged.len() as u64) < sent,
        "no delivery met a dead daemon: the kills did not hit the load"
    );
    assert_eq!(compare(&stage, &mut story).await, []);
}
