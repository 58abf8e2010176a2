//! The real daemon beside a Mautic stand-in, for tests that treat it badly.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test takes what it needs of it"
)]

use rand::{RngExt, rngs::StdRng};
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;
use tokio::time::{Instant, sleep};
use topicscore::demo::{Difference, Stage, Story, differences};

/// Time in which anything must have happened that has to happen.
pub const REST: Duration = Duration::from_mins(4);

/// Where a daemon lives: its files, and the ports it listens on.
#[derive(Debug, Clone)]
pub struct House {
    /// Config, plan and what the daemon says.
    pub folder: PathBuf,
    /// The store's file.
    pub store: PathBuf,
    /// Receives webhooks.
    pub webhook: u16,
    /// Answers administrators.
    pub admin: u16,
}

impl House {
    /// A house whose store lies beside the config.
    pub fn new(folder: &Path) -> Self {
        let [webhook, admin] = free_ports();
        Self {
            folder: folder.to_owned(),
            store: folder.join("topicscore.db"),
            webhook,
            admin,
        }
    }

    /// Another one on the same store.
    pub fn beside(&self, folder: &Path) -> Self {
        Self {
            store: self.store.clone(),
            ..Self::new(folder)
        }
    }

    /// Writes config and plan; the hook is registered.
    pub fn furnish(&self, stage: &Stage, plan: &str) {
        let url = format!("public_url = \"http://127.0.0.1:{}/webhook\"", self.webhook);
        self.furnish_with(&stage.mautic.0.base_url(), plan, &url);
    }

    /// Writes config and plan, with more lines for `[webhook]`.
    pub fn furnish_with(&self, mautic: &str, plan: &str, hook: &str) {
        let config = format!(
            r#"
[mautic]
base_url = "{mautic}/"
client_id = "1_sidecarrandomid2026sidecarrandomid2026"
client_secret = "sidecarsecret2026sidecarsecret2026"
timeout = "3s"
longest_request = "3s"
[budget]
requests_per_second = 500
burst = 500
in_flight = 16
[webhook]
listen = "127.0.0.1:{webhook}"
{hook}
[poll]
interval = "1s"
[store]
path = "{store}"
[plan]
file = "plan.toml"
[write]
mode = "live"
[admin]
listen = "127.0.0.1:{admin}"
[log]
level = "warn"
"#,
            webhook = self.webhook,
            admin = self.admin,
            store = self.store.display(),
        );
        fs::write(self.config(), config).unwrap();
        fs::write(self.folder.join("plan.toml"), plan).unwrap();
    }

    /// Changes the config.
    pub fn change(&self, from: &str, to: &str) {
        let config = fs::read_to_string(self.config()).unwrap();
        assert!(config.contains(from), "no `{from}` in: {config}");
        fs::write(self.config(), config.replace(from, to)).unwrap();
    }

    /// The config's file.
    pub fn config(&self) -> PathBuf {
        self.folder.join("topicscore.toml")
    }

    /// A command of the program with this config.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_topicscore"));
        command.args(words).arg("--config").arg(self.config());
        command.env_clear().stdin(Stdio::null());
        command
    }

    /// Starts a daemon.
    pub fn start(&self) -> Daemon {
        self.start_by(self.command(&["run"]))
    }

    /// Starts a daemon by a command that ends up as one.
    pub fn start_by(&self, mut command: Command) -> Daemon {
        let errors = File::options()
            .append(true)
            .create(true)
            .open(self.folder.join("errors.log"));
        let child = command
            .stdout(Stdio::null())
            .stderr(errors.unwrap())
            .spawn();
        Daemon {
            child: child.unwrap(),
            house: self.clone(),
        }
    }

    /// What daemons said to their error output so far.
    pub fn errors(&self) -> String {
        fs::read_to_string(self.folder.join("errors.log")).unwrap_or_default()
    }

    /// The status and document of `/readyz`; `None` where nobody answers.
    pub async fn ready(&self) -> Option<(u16, Value)> {
        let url = format!("http://127.0.0.1:{}/readyz", self.admin);
        let answer = reqwest::Client::new().get(url).send().await.ok()?;
        let status = answer.status().as_u16();
        Some((status, answer.json().await.ok()?))
    }

    /// Waits until `/readyz` answers with a status; returns its document.
    pub async fn wait_until_ready_says(&self, status: u16) -> Value {
        let until = Instant::now() + REST;
        loop {
            match self.ready().await {
                Some((found, document)) if found == status => return document,
                other => assert!(
                    Instant::now() < until,
                    "/readyz never said {status}: {other:?}\n{}",
                    self.errors()
                ),
            }
            sleep(Duration::from_millis(100)).await;
        }
    }
}

/// A daemon at work, killed at the latest when the test ends.
#[derive(Debug)]
pub struct Daemon {
    child: Child,
    house: House,
}

impl Daemon {
    /// The process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL. A daemon that ended by itself is a failure.
    pub fn kill(&mut self) {
        self.must_live();
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Fails if it ended by itself.
    pub fn must_live(&mut self) {
        if let Some(status) = self.child.try_wait().unwrap() {
            let said = self.house.errors();
            panic!("the daemon ended by itself: {status}\n{said}");
        }
    }

    /// Sends a signal by name: `STOP`, `CONT`, `TERM`.
    pub fn signal(&self, name: &str) {
        let id = self.id().to_string();
        let status = Command::new("kill").args(["-s", name, &id]).status();
        assert!(status.unwrap().success(), "kill -s {name}");
    }

    /// Waits until it ends by itself.
    pub async fn ended(&mut self) -> ExitStatus {
        let until = Instant::now() + REST;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            let said = self.house.errors();
            assert!(Instant::now() < until, "it goes on and on\n{said}");
            sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
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

/// Waits until Mautic's hook is there and was edited: from then on failures are forgiven (FACTS 9).
pub async fn hooked(stage: &Stage, house: &House) {
    let until = Instant::now() + REST;
    let is_hooked = || {
        stage.mautic.0.with_state(|state| {
            let mut hooks = state.hooks.table.iter();
            hooks.any(|(_, hook)| hook.stamp.date_modified.is_some())
        })
    };
    while !is_hooked().await {
        assert!(Instant::now() < until, "no hook:\n{}", house.errors());
        sleep(Duration::from_millis(20)).await;
    }
}

/// A connection that only reads.
pub fn open(store: &Path) -> Connection {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(store, flags).unwrap();
    db.busy_timeout(Duration::from_secs(5)).unwrap();
    db
}

/// Deliveries undecoded, contacts unscored, intents unwritten.
pub fn left(db: &Connection) -> (u64, u64, u64) {
    let query = "SELECT (SELECT count(*) FROM delivery WHERE decoded = 0),
        (SELECT count(*) FROM dirty), (SELECT count(*) FROM target WHERE pending = 1)";
    db.query_row(query, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap()
}

/// Where Mautic differs from the oracle.
pub async fn compare(stage: &Stage, story: &mut Story) -> Vec<Difference> {
    let (held, became) = stage.mautic.held().await;
    story.became = became;
    differences(story, &stage.catalog, &held)
}

/// Waits until nothing is left to do and Mautic holds what it should.
pub async fn come_to_rest(stage: &Stage, story: &mut Story, house: &House) {
    let (until, db) = (Instant::now() + REST, open(&house.store));
    loop {
        let (left, found) = (left(&db), compare(stage, story).await);
        if left == (0, 0, 0) && found.is_empty() {
            return;
        }
        assert!(
            Instant::now() < until,
            "no rest: left {left:?}, different {found:#?}\n{}",
            house.errors()
        );
        sleep(Duration::from_millis(200)).await;
    }
}

/// How often the journal holds each body.
pub fn journal(db: &Connection) -> BTreeMap<Vec<u8>, usize> {
    let mut statement = db
        .prepare("SELECT size, body FROM delivery WHERE body IS NOT NULL")
        .unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    let mut bodies = BTreeMap::new();
    for row in rows.unwrap() {
        let (size, packed): (usize, Vec<u8>) = row.unwrap();
        let body = zstd::bulk::decompress(&packed, size).unwrap();
        *bodies.entry(body).or_default() += 1;
    }
    bodies
}

/// Acknowledged deliveries that the journal does not hold, by their beginnings.
pub fn lost(acknowledged: &[String], db: &Connection) -> Vec<String> {
    let mut journal = journal(db);
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
        .map(|body| body.chars().take(BEGINNING).collect())
        .collect()
}

/// So much of a body is shown: its event, and whose.
const BEGINNING: usize = 300;

/// A number from the environment.
pub fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// What deliveries of tests are signed with.
pub const SECRET: &str = "a secret of the length that Mautic makes: 64 hexadecimal digits.";

/// The lines of `[webhook]` for deliveries of tests: no hook is registered.
pub fn hook_of_tests() -> String {
    format!("secret = \"{SECRET}\"")
}

/// Makes page hits of a recorded one.
pub struct PageHits(Value);

impl PageHits {
    /// Takes the recorded one.
    pub fn recorded() -> Self {
        let all = mautic_fixtures::recordings::webhooks().unwrap();
        let hits = all
            .into_iter()
            .find(|lines| lines.name == "mautic.page_on_hit");
        let body = hits.unwrap().lines[0]["body_raw"].take();
        Self(serde_json::from_str(body.as_str().unwrap()).unwrap())
    }

    /// The delivery of a contact's hit, one of many.
    pub fn delivery(&self, hit: u64, contact: u64) -> String {
        let mut delivery = self.0.clone();
        let told = &mut delivery["mautic.page_on_hit"][0]["hit"];
        told["id"] = hit.into();
        told["lead"]["id"] = contact.into();
        delivery.to_string()
    }

    /// The same, all of this page.
    pub fn of(mut self, url: &str) -> Self {
        self.0["mautic.page_on_hit"][0]["hit"]["url"] = url.into();
        self
    }
}

/// Delivers a body; the status of the answer, if there is one.
pub async fn deliver(http: &reqwest::Client, house: &House, body: &str) -> Option<u16> {
    let signature = topicscore::mautic::signature::sign(&SECRET.to_owned().into(), body.as_bytes());
    let request = http
        .post(format!("http://127.0.0.1:{}/webhook", house.webhook))
        .header("webhook-signature", signature)
        .body(body.to_owned());
    Some(request.send().await.ok()?.status().as_u16())
}
