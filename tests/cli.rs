//! The command line as a person uses it: the real binary beside the stand-in.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests may fail loudly"
)]

use assert_cmd::Command;
use jiff::Timestamp;
use mautic_fixtures::{Options, StandIn, state::State};
use regex::Regex;
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::net::TcpSocket;
use topicscore::domain::{ContactId, Fact, Sighting, Source};
use topicscore::store::{Batch, Journal, Origin, Urgency, sqlite::SqliteStore};

const BINARY: &str = env!("CARGO_BIN_EXE_topicscore");
const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const PATIENCE: Duration = Duration::from_secs(30);

/// An address of its own on which nothing listens, as long as this lives.
struct Closed {
    address: SocketAddr,
    _bound: TcpSocket,
}

impl Closed {
    fn new() -> Self {
        let bound = TcpSocket::new_v4().unwrap();
        bound.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        Self {
            address: bound.local_addr().unwrap(),
            _bound: bound,
        }
    }
}

/// A Mautic with a point group, an action that pays into it, and a contact with one hit.
struct House {
    mautic: StandIn,
    folder: TempDir,
    http: reqwest::Client,
    /// Where commands look for a daemon: not where another one may be.
    admin: Closed,
}

impl House {
    async fn new() -> Self {
        let house = Self {
            mautic: StandIn::start(Options::default()).await.unwrap(),
            folder: tempfile::tempdir().unwrap(),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            admin: Closed::new(),
        };
        house
            .post("points/groups/new", json!({"name": "Dishwashers"}))
            .await;
        let action = json!({"name": "Shop visit", "type": "url.hit", "delta": 5, "group": 1,
            "repeatable": true, "isPublished": true});
        house.post("points/new", action).await;
        // Mautic drops the properties of a new action (FACTS 50).
        let properties =
            json!({"type": "url.hit", "properties": {"page_url": "http://shop.test/*"}});
        house
            .call(reqwest::Method::PATCH, "points/1/edit", properties)
            .await;
        house.visit("http://shop.test/a").await;
        fs::write(house.path("secret"), Options::default().oauth_client.secret).unwrap();
        house.protect("secret");
        house
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn protect(&self, name: &str) {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o600)).unwrap();
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        self.call(reqwest::Method::POST, path, body).await
    }

    async fn call(&self, method: reqwest::Method, path: &str, body: Value) -> Value {
        let user = Options::default().user;
        let url = format!("{}/api/{path}", self.mautic.base_url());
        let request = self.http.request(method, url);
        let request = request
            .basic_auth(user.name, Some(user.password))
            .json(&body);
        let answer = request.send().await.unwrap().error_for_status().unwrap();
        answer.json().await.unwrap()
    }

    async fn visit(&self, page: &str) {
        let url = format!("{}/mtracking.gif?page_url={page}", self.mautic.base_url());
        let request = self.http.get(url).header("User-Agent", BROWSER);
        request.send().await.unwrap().error_for_status().unwrap();
    }

    async fn is_published(&self, action: u32) -> bool {
        let path = format!("points/{action}");
        let found = self.call(reqwest::Method::GET, &path, Value::Null).await;
        found["point"]["isPublished"].as_bool().unwrap()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command.current_dir(self.folder.path()).args(arguments);
        command.env_remove("TOPICSCORE_CONFIG").timeout(PATIENCE);
        let admin = self.admin.address.to_string();
        command.env("TOPICSCORE_ADMIN__LISTEN", admin);
        command
    }

    fn init(&self) -> Command {
        let url = self.mautic.base_url();
        let id = Options::default().oauth_client.id;
        let arguments = ["init", "--url", &url, "--client-id", &id];
        let mut command = self.command(&arguments);
        command.args(["--secret-file", "secret", "--time-zone", "UTC"]);
        command
    }

    fn write_from_now_on(&self) {
        let config = fs::read_to_string(self.path("topicscore.toml")).unwrap();
        let live = Regex::new(r#"(?m)^#? ?mode = "observe""#).unwrap();
        let config = live.replace(&config, "mode = \"live\"");
        fs::write(self.path("topicscore.toml"), &*config).unwrap();
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.command(arguments).arg("--json").assert().success();
        serde_json::from_slice(&output.get_output().stdout).unwrap()
    }

    /// What is the same in every run.
    fn steady(&self, value: &Value) -> String {
        self.steady_text(&serde_json::to_string_pretty(value).unwrap())
    }

    fn steady_text(&self, text: &str) -> String {
        let folder = self.folder.path().canonicalize().unwrap();
        let text = text.replace(&self.mautic.base_url(), "MAUTIC");
        let text = text.replace(folder.to_str().unwrap(), "FOLDER");
        [
            (r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME"),
            (r"takes \d+ ms", "takes N ms"),
            (r#""(store_bytes|seconds)": \d+"#, "\"$1\": N"),
            (r#""hit:[^"]*""#, "\"HIT\""),
            (r"\d{4}-\d\d-\d\d \d\d:\d\d", "MINUTE"),
            // The imported plan says when its actions were made.
            (r"\b[0-9a-f]{12}\b", "VERSION"),
        ]
        .into_iter()
        .fold(text, |text, (pattern, instead)| {
            Regex::new(pattern)
                .unwrap()
                .replace_all(&text, instead)
                .into_owned()
        })
    }

    fn start(&self) -> Daemon {
        let mut command = std::process::Command::new(BINARY);
        command
            .current_dir(self.folder.path())
            .args(["run", "--json"]);
        command.env_remove("TOPICSCORE_CONFIG");
        for listener in ["WEBHOOK", "ADMIN"] {
            command.env(format!("TOPICSCORE_{listener}__LISTEN"), "127.0.0.1:0");
        }
        command.env("TOPICSCORE_POLL__INTERVAL", "1s");
        command.stdout(Stdio::piped());
        command.stderr(fs::File::create(self.path("log")).unwrap());
        let mut child = command.spawn().unwrap();
        let mut told = String::new();
        let stdout = child.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut told).unwrap();
        let log = || fs::read_to_string(self.path("log")).unwrap();
        let told = serde_json::from_str(&told).unwrap_or_else(|_| panic!("{told}{}", log()));
        Daemon { child, told }
    }

    /// Contact 2 was merged into 1, contact 3 deleted.
    async fn know_what_became_of_others(&self) {
        let at = Timestamp::now();
        let facts = [
            Fact::Merged {
                loser: ContactId(2),
                winner: ContactId(1),
                at,
            },
            Fact::Deleted {
                contact: ContactId(3),
                at,
            },
        ];
        let source = Source::Poll;
        let batch = Batch {
            origin: Origin::Lookup,
            sightings: facts.map(|fact| Sighting { source, fact }).into(),
            parked: Vec::new(),
            received_at: at,
            urgency: Urgency::Bulk,
            asked: None,
        };
        let store = SqliteStore::open(self.path("topicscore.db")).unwrap();
        store.apply(batch).await.unwrap();
    }

    fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap()
    }
}

/// A running daemon; ended with the test.
struct Daemon {
    child: Child,
    /// What it told at the start.
    told: Value,
}

impl Daemon {
    fn admin(&self) -> SocketAddr {
        self.told["admin"].as_str().unwrap().parse().unwrap()
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = std::process::Command::new("kill")
            .args([name, &id])
            .status();
        assert!(sent.unwrap().success());
    }

    /// Exit code after SIGTERM.
    fn stop(mut self) -> Option<i32> {
        self.signal("-TERM");
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("it does not stop");
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "never: {what}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_init_to_a_score_that_is_explained() {
    let house = House::new().await;
    let closed = Closed::new();
    let receiver = format!("http://{}/webhook", closed.address);
    house
        .init()
        .args(["--public-url", &receiver])
        .assert()
        .success();

    let check = house.json(&["check"]);
    let check = house.steady(&check).replace(&receiver, "RECEIVER");
    insta::assert_snapshot!("check", check);
    insta::assert_snapshot!("backfill", house.steady(&house.json(&["backfill"])));

    let daemon = house.start();
    let health = format!("http://{}/healthz", daemon.admin());
    let health = house.http.get(health).send().await.unwrap();
    assert!(health.status().is_success());
    assert_eq!(daemon.told["mode"], "observe");
    let score = || house.json(&["explain", "1"])["topics"][0]["score"].clone();
    until("the hit is scored", || score() == 5).await;
    assert_eq!(daemon.stop(), Some(0), "{}", house.log());

    let mut explained = house.json(&["explain", "1"]);
    // The sweep may have seen Mautic's score by now, or not.
    for looked in ["observed", "difference"] {
        let topic = explained["topics"][0].as_object_mut().unwrap();
        topic.remove(looked).unwrap();
    }
    insta::assert_snapshot!("explain", house.steady(&explained));
    let mut status = house.json(&["status"]);
    // They move on with time.
    for moving in ["polls", "sweep"] {
        status.as_object_mut().unwrap().remove(moving);
    }
    insta::assert_snapshot!("status", house.steady(&status));
    let shown = house
        .command(&["explain", "1", "--topic", "dishwashers"])
        .assert()
        .success();
    let shown = String::from_utf8_lossy(&shown.get_output().stdout).into_owned();
    assert!(
        shown.contains("Dishwashers (dishwashers): 5 points"),
        "{shown}"
    );
    house.know_what_became_of_others().await;
    let winner = house.json(&["explain", "2"]);
    assert_eq!(
        (&winner["asked_for"], &winner["contact"]),
        (&json!(2), &json!(1))
    );
    let shown = house.command(&["explain", "2"]).assert().success();
    let shown = String::from_utf8_lossy(&shown.get_output().stdout).into_owned();
    assert!(
        shown.contains("contact 2 was merged into contact 1"),
        "{shown}"
    );
    let told = |arguments: &[&str]| {
        let shown = house.command(arguments).assert().success();
        String::from_utf8_lossy(&shown.get_output().stdout).into_owned()
    };
    let past = told(&["explain", "1", "--at", "2020-01-31"]);
    assert!(past.contains("as of 2020-01-31 00:00"), "{past}");
    assert!(
        past.contains("Dishwashers (dishwashers): 0 points"),
        "{past}"
    );
    assert!(past.contains("as last seen"), "{past}");
    for (arguments, said) in [
        (vec!["explain", "3"], "contact 3 was erased"),
        (
            vec!["explain", "1", "--at", "soon"],
            "`soon` is no date or time\n  help: write a date such as",
        ),
        (vec!["explain", "99"], "contact 99 is not known here"),
        (
            vec!["explain", "1", "--topic", "ovens"],
            "its topics are: dishwashers",
        ),
    ] {
        let failed = house.command(&arguments).assert().code(1);
        let told = String::from_utf8_lossy(&failed.get_output().stderr).into_owned();
        assert!(told.contains(said), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn points_are_given_by_hand_beside_a_daemon() {
    let house = House::new().await;
    house
        .post("segments/new", json!({"name": "Fair", "isPublished": true}))
        .await;
    house.init().assert().success();
    house.json(&["backfill"]);
    let daemon = house.start();
    let score = || house.json(&["explain", "1"])["topics"][0]["score"].clone();
    until("the hit is scored", || score() == 5).await;

    let give = ["adjust", "1", "--topic", "dishwashers", "--points", "-2"];
    let why = ["--reason", "a competitor", "--author", "ann"];
    let given = house.json(&[&give[..], &why[..]].concat());
    assert_eq!(given["adjustment"]["scope"], "contact:1");
    assert_eq!(given["adjustment"]["points"], -2);
    let stored = || {
        let address = format!("http://{}/api/v1/contacts/1", daemon.admin());
        let http = house.http.clone();
        async move {
            let answer = http.get(address).send().await.unwrap();
            let contact: Value = answer.json().await.unwrap();
            contact["scores"][0]["score"].clone()
        }
    };
    let began = Instant::now();
    while stored().await != 3 {
        assert!(began.elapsed() < PATIENCE, "the daemon never sees it");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let shown = |arguments: &[&str]| {
        let mut command = house.command(arguments);
        let shown = command.env("USER", "bob").assert().success();
        let text = String::from_utf8_lossy(&shown.get_output().stdout).into_owned();
        house.steady_text(&text)
    };
    let compared = || shown(&["explain", "1"]).contains("Mautic itself has");
    until("the sweep saw what Mautic's own action gave", compared).await;
    insta::assert_snapshot!("explained_text", shown(&["explain", "1"]));
    let all = [
        "adjust",
        "--segment",
        "Fair",
        "--topic",
        "dishwashers",
        "--points",
        "7",
    ];
    let until_then = ["--reason", "met at the fair", "--expires", "2999-12-31"];
    let texts = [
        shown(&[&all[..], &until_then[..]].concat()),
        shown(&["adjust", "list"]),
        shown(&["adjust", "list", "1"]),
        shown(&["adjust", "end", "1"]),
        shown(&["adjust", "list", "1"]),
    ];
    insta::assert_snapshot!("adjusted_text", texts.join("\n"));
    until("it counts no longer", || score() == 5).await;
    let list = house.json(&["adjust", "list", "--all"]);
    assert_eq!(list["adjustments"].as_array().unwrap().len(), 2);
    assert_eq!(list["adjustments"][0]["author"], "bob");

    for (arguments, said) in [
        (vec!["adjust", "end", "1"], "adjustment 1 ended at"),
        (vec!["adjust", "end", "9"], "there is no adjustment 9"),
        (vec!["adjust", "list", "99"], "contact 99 is not known here"),
    ] {
        let failed = house.command(&arguments).assert().code(1);
        let told = String::from_utf8_lossy(&failed.get_output().stderr).into_owned();
        assert!(told.contains(said) && told.contains("help:"), "{told}");
    }
    for (changed, said) in [
        (
            ["99", "dishwashers", "1", "why"],
            "contact 99 is not known here",
        ),
        (["1", "ovens", "1", "why"], "its topics are: dishwashers"),
        (["1", "dishwashers", "0", "why"], "0 points change nothing"),
        (["1", "dishwashers", "1", " "], "the reason is empty"),
    ] {
        let [contact, topic, points, reason] = changed;
        let arguments = ["adjust", contact, "--topic", topic, "--points", points];
        let mut command = house.command(&arguments);
        let failed = command.args(["--reason", reason, "--author", "ann"]);
        let failed = failed.assert().code(1);
        let told = String::from_utf8_lossy(&failed.get_output().stderr).into_owned();
        assert!(told.contains(said) && told.contains("help:"), "{told}");
    }
    assert_eq!(daemon.stop(), Some(0), "{}", house.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_somebody_changed_is_shown_and_handed_on() {
    let house = House::new().await;
    house.init().assert().success();
    house.json(&["backfill"]);
    let daemon = house.start();
    let score = || house.json(&["explain", "1"])["topics"][0]["score"].clone();
    until("the hit is scored", || score() == 5).await;
    assert_eq!(daemon.stop(), Some(0), "{}", house.log());
    let holds = |score| {
        let mautic = &house.mautic;
        mautic.change_state(move |state| state.group_scores.set(1, 1, score))
    };
    let reconcile = |arguments: &[&str], code| {
        let mut command = house.command(&["reconcile"]);
        let output = command.args(arguments).assert().code(code);
        String::from_utf8_lossy(&output.get_output().stdout).into_owned()
    };

    holds(5).await;
    let fine = "1 contact looked at: nothing differs\n";
    assert_eq!(reconcile(&[], 0), fine);
    holds(12).await;
    let before = fs::read(house.path("topicscore.db")).unwrap();
    let told: Value = serde_json::from_str(&reconcile(&["--dry-run", "--json"], 3)).unwrap();
    insta::assert_snapshot!("reconcile", house.steady(&told));
    insta::assert_snapshot!("reconcile_text", reconcile(&["--dry-run", "1"], 3));
    assert_eq!(
        before,
        fs::read(house.path("topicscore.db")).unwrap(),
        "nothing was changed"
    );
    let pending = || house.json(&["status"])["counts"]["pending_intents"].clone();
    assert_eq!(pending(), 0);

    // Observing: it waits to be written.
    assert!(reconcile(&["1"], 0).contains("nothing: write.mode is \"observe\""));
    assert_eq!(pending(), 1);
    let status = house.json(&["status"]);
    assert_eq!(status["sweep"]["last"]["contacts"], 1);
    for (arguments, said) in [
        (
            ["reconcile", "99"],
            "contact 99 is not known here\n  help: ",
        ),
        (["reconcile", "x"], "invalid value 'x'"),
    ] {
        let failed = house.command(&arguments).assert().failure();
        let told = String::from_utf8_lossy(&failed.get_output().stderr).into_owned();
        assert!(told.contains(said), "{told}");
    }

    house.write_from_now_on();
    let daemon = house.start();
    let began = Instant::now();
    loop {
        if house.mautic.group_scores(1).await[&1] == 5 {
            break;
        }
        assert!(began.elapsed() < PATIENCE, "never set right");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // Beside the daemon.
    holds(40).await;
    let mut command = house.command(&["reconcile"]);
    command.env("TOPICSCORE_ADMIN__LISTEN", daemon.admin().to_string());
    let output = command.assert().success();
    let told = String::from_utf8_lossy(&output.get_output().stdout).into_owned();
    assert!(told.contains("40            5  -35 added"), "{told}");
    assert!(
        told.contains("the daemon is running: it writes them now"),
        "{told}"
    );
    let began = Instant::now();
    while house.mautic.group_scores(1).await[&1] != 5 {
        assert!(began.elapsed() < PATIENCE, "never set right");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(daemon.stop(), Some(0), "{}", house.log());
}

const SEGMENTS: &str = r#"
[[segment]]
segment = "Hot"
topic = "dishwashers"
enter = 5
leave = 1

[[segment]]
segment = "Cold"
topic = "dishwashers"
enter = 50
leave = 40
"#;

/// Waits for who is a member of the segments "Hot" and "Cold".
async fn members_become(house: &House, expected: [&[u64]; 2]) {
    let began = Instant::now();
    loop {
        let members = house.mautic.with_state(|state| {
            [1, 2].map(|segment| {
                let rows = state.segments.members.iter();
                let rows = rows.filter(|((of, _), row)| *of == segment && !row.manually_removed);
                rows.map(|((_, contact), _)| *contact).collect::<Vec<_>>()
            })
        });
        let members = members.await;
        if members == expected {
            return;
        }
        assert!(
            began.elapsed() < PATIENCE,
            "{members:?}, not {expected:?}\n{}",
            house.log()
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_put_into_a_segment_or_taken_out_is_shown_and_handed_on() {
    let house = House::new().await;
    for segment in ["Hot", "Cold"] {
        let segment = json!({"name": segment, "isPublished": true});
        house.post("segments/new", segment).await;
    }
    house.init().assert().success();
    let plan = fs::read_to_string(house.path("plan.toml")).unwrap();
    fs::write(house.path("plan.toml"), plan + SEGMENTS).unwrap();
    house.write_from_now_on();
    house.json(&["backfill"]);
    let mut daemon = house.start();
    members_become(&house, [&[1], &[]]).await;
    let pending = || house.json(&["status"])["counts"]["pending_intents"].clone();
    until("what it wrote is kept", || pending() == 0).await;
    assert_eq!(daemon.stop(), Some(0), "{}", house.log());
    let reconcile = |arguments: &[&str], code| {
        let mut command = house.command(&["reconcile"]);
        let output = command.args(arguments).assert().code(code);
        String::from_utf8_lossy(&output.get_output().stdout).into_owned()
    };
    let fine = "1 contact looked at: nothing differs\n";
    assert_eq!(reconcile(&[], 0), fine);

    // Nobody hears of it.
    let swap = |state: &mut State| {
        let row = state.segments.members.remove(&(1, 1)).unwrap();
        state.segments.members.insert((2, 1), row);
    };
    house.mautic.change_state(swap).await;
    let told: Value = serde_json::from_str(&reconcile(&["--dry-run", "--json"], 3)).unwrap();
    insta::assert_snapshot!("reconcile_segments", house.steady(&told["differences"]));
    insta::assert_snapshot!("reconcile_segments_text", reconcile(&["--dry-run", "1"], 3));
    assert_eq!(pending(), 0, "nothing was changed");

    let told = reconcile(&[], 0);
    assert!(told.contains("`topicscore run` writes them"), "{told}");
    assert_eq!(pending(), 2);
    daemon = house.start();
    members_become(&house, [&[1], &[]]).await;
    until("what it wrote is kept", || pending() == 0).await;
    assert_eq!(daemon.stop(), Some(0), "{}", house.log());
    assert_eq!(reconcile(&[], 0), fine);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_written_before_mautic_agrees_and_nothing_is_overwritten() {
    let house = House::new().await;
    fs::write(house.path("secret"), "wrong").unwrap();
    let refused = house.init().assert().code(1);
    let told = String::from_utf8_lossy(&refused.get_output().stderr).into_owned();
    assert!(
        told.contains("nothing was written") && told.contains("help:"),
        "{told}"
    );
    assert!(!house.path("topicscore.toml").exists() && !house.path("plan.toml").exists());

    fs::write(house.path("secret"), Options::default().oauth_client.secret).unwrap();
    house.init().assert().success();
    for file in ["topicscore.toml", "plan.toml"] {
        let mut text = fs::read_to_string(house.path(file)).unwrap();
        text.push_str("# mine\n");
        fs::write(house.path(file), text).unwrap();
    }
    let again = house.json(&["init"]);
    assert_eq!(again["config"]["written"], false);
    assert_eq!(again["plan"]["written"], false);
    for file in ["topicscore.toml", "plan.toml"] {
        let text = fs::read_to_string(house.path(file)).unwrap();
        assert!(text.ends_with("# mine\n"), "{file}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn takes_over_mautics_own_actions_only_when_told_so() {
    let house = House::new().await;
    house.init().assert().success();
    let asked = house.command(&["init", "--take-over"]).assert().code(1);
    let told = String::from_utf8_lossy(&asked.get_output().stderr).into_owned();
    assert!(
        told.contains("1 \"Shop visit\"") && told.contains("--yes"),
        "{told}"
    );
    assert!(house.is_published(1).await);

    let done = house.json(&["init", "--take-over", "--yes"]);
    assert_eq!(done["switched_off"], json!(["1 \"Shop visit\""]));
    assert!(!house.is_published(1).await);
    let properties = house
        .call(reqwest::Method::GET, "points/1", Value::Null)
        .await;
    assert_eq!(
        properties["point"]["properties"]["page_url"],
        "http://shop.test/*"
    );
    assert_eq!(
        house.json(&["init", "--take-over", "--yes"])["switched_off"],
        json!([])
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn makes_what_the_plan_names_and_mautic_lacks() {
    let house = House::new().await;
    let plan = r#"
format = 1
[[topic]]
key = "ovens"
group = "Ovens"
[[topic]]
key = "dishwashers"
group = "Dishwashers"
[[segment]]
segment = "Hot ovens"
topic = "ovens"
enter = 50
leave = 40
"#;
    fs::write(house.path("plan.toml"), plan).unwrap();
    house.init().assert().success();
    let unfit = house.command(&["check", "--json"]).assert().code(1);
    let report: Value = serde_json::from_slice(&unfit.get_output().stdout).unwrap();
    let errors = report
        .as_array()
        .unwrap()
        .iter()
        .filter(|item| item["level"] == "error");
    assert_eq!(errors.count(), 2, "{report:#}");

    let make = ["init", "--create-groups", "--create-segments"];
    let done = house.json(&make);
    assert_eq!(done["created_groups"], json!(["Ovens"]));
    assert_eq!(done["created_segments"], json!(["Hot ovens"]));
    house.json(&["check"]);
    let again = house.json(&make);
    assert_eq!(again["created_groups"], json!([]));
    assert_eq!(again["created_segments"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_with_mistakes_is_refused_and_the_old_one_stays() {
    let house = House::new().await;
    house.init().assert().success();
    let daemon = house.start();
    let plan = || house.json(&["status"])["plan"]["version"].clone();
    let old = plan();
    assert_eq!(old, daemon.told["plan"]);

    let good = fs::read_to_string(house.path("plan.toml")).unwrap();
    let bad = good
        .replace("points = 5", "points = \"five\"")
        .replace("kind =", "knid =");
    fs::write(house.path("plan.toml"), bad).unwrap();
    // The handler of SIGHUP is in place once the daemon serves.
    until("the daemon serves", || house.log().contains("observing")).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    daemon.signal("-HUP");
    until("the refusal is told", || {
        house.log().contains("the plan in force stays")
    })
    .await;
    let log = house.log();
    assert!(log.contains("knid") && log.contains("points"), "{log}");
    assert_eq!(plan(), old);
    assert_eq!(house.json(&["status"])["plan"]["file_differs"], true);

    fs::write(
        house.path("plan.toml"),
        good.replace("points = 5", "points = 7"),
    )
    .unwrap();
    daemon.signal("-HUP");
    until("the new plan is in force", || plan() != old).await;
    let known = || house.command(&["explain", "1"]).ok().is_ok();
    until("the polls tell of the contact", known).await;
    let score = || house.json(&["explain", "1"])["topics"][0]["score"].clone();
    until("the past is scored anew", || score() == 7).await;
    assert_eq!(daemon.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_tells_who_else_writes_and_how_the_hook_is() {
    let house = House::new().await;
    let closed = Closed::new();
    let receiver = format!("http://{}/webhook", closed.address);
    house
        .init()
        .args(["--public-url", &receiver])
        .assert()
        .success();
    let trigger = json!({"name": "Hot", "points": 10, "group": 1, "isPublished": true, "events":
        [{"name": "Tag", "type": "lead.changetags", "properties": {"add_tags": ["hot"]}}]});
    house.post("points/triggers/new", trigger).await;
    let hook = json!({"name": "topicscore", "webhookUrl": receiver, "isPublished": false,
        "triggers": ["mautic.page_on_hit"]});
    house.post("hooks/new", hook).await;
    let field = json!({"label": "Size", "alias": "size", "type": "number",
        "properties": {"roundmode": 4, "scale": 0}});
    house.post("fields/contact/new", field).await;
    let rule = "\n[[profile_rule]]\nname = \"Large\"\ntopic = \"dishwashers\"\npoints = 1\n\
                when = { field = \"size\", at_least = 0.5 }\n";
    let plan = fs::read_to_string(house.path("plan.toml")).unwrap();
    fs::write(house.path("plan.toml"), plan + rule).unwrap();
    fs::set_permissions(
        house.path("secret"),
        std::os::unix::fs::PermissionsExt::from_mode(0o644),
    )
    .unwrap();
    let failed = house
        .command(&["check", "--json"])
        .env("TOPICSCORE_WRITE__MODE", "live")
        .env("TOPICSCORE_WEBHOOK__REPUBLISH", "false")
        .assert()
        .code(1);
    let report: Value = serde_json::from_slice(&failed.get_output().stdout).unwrap();
    for (level, about, said) in [
        ("warning", "config", "can be read by every user"),
        ("error", "writers", "1 \"Shop visit\""),
        ("warning", "writers", "1 \"Hot\""),
        ("error", "hook", "has unpublished webhook 1"),
        ("warning", "hook", "was not edited for two days"),
        (
            "warning",
            "plan",
            "only whole numbers of the field \"size\", never 0.5",
        ),
    ] {
        let is_it = |item: &Value| {
            item["level"] == level
                && item["about"] == about
                && item["message"].as_str().unwrap().contains(said)
                && !item["hint"].as_str().unwrap().is_empty()
        };
        assert!(
            report.as_array().unwrap().iter().any(is_it),
            "{said} in {report:#}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_taken_port_is_named() {
    let house = House::new().await;
    house.init().assert().success();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let failed = house
        .command(&["run"])
        .env("TOPICSCORE_WEBHOOK__LISTEN", &address)
        .env("TOPICSCORE_ADMIN__LISTEN", "127.0.0.1:0")
        .assert()
        .code(1);
    let told = String::from_utf8_lossy(&failed.get_output().stderr).into_owned();
    assert!(
        told.contains(&address) && told.contains("webhook"),
        "{told}"
    );
}

/// A store that has everything, of 22 effects; the commands find no Mautic.
fn furnished() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let packed = fs::read(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/stores/v3.db.zst"
    ));
    let store = zstd::bulk::decompress(&packed.unwrap(), 64 << 20).unwrap();
    fs::write(folder.path().join("topicscore.db"), store).unwrap();
    let config = "[mautic]\nbase_url = \"http://127.0.0.1:1/\"\nclient_id = \"1_id\"\n\
                  client_secret = \"secret\"\n[store]\npath = \"topicscore.db\"\n";
    fs::write(folder.path().join("topicscore.toml"), config).unwrap();
    folder
}

#[test]
fn effects_are_listed_and_none_is_done_twice() {
    let folder = furnished();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(BINARY);
        command.current_dir(folder.path()).args(arguments);
        command.env_remove("TOPICSCORE_CONFIG").timeout(PATIENCE);
        let output = command.output().unwrap();
        let [out, err] =
            [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        (output.status.code(), out, err)
    };
    let count = |out: &str| serde_json::from_str::<Vec<Value>>(out).unwrap().len();
    for (limit, shown, more) in [("21", 21, true), ("22", 22, false), ("1000", 22, false)] {
        let (code, out, err) = run(&["effects", "--json", "--limit", limit]);
        assert_eq!((code, count(&out)), (Some(0), shown), "{err}");
        assert_eq!(err.contains("--limit"), more, "{limit}: {err}");
    }
    let (_, out, _) = run(&["effects", "--json", "--limit", "1", "--state", "done"]);
    let newest: Vec<Value> = serde_json::from_str(&out).unwrap();
    let number = newest[0]["id"].to_string();
    let (code, _, err) = run(&["effects", "--retry", &number]);
    assert_eq!(code, Some(1));
    assert!(err.contains("is not failed, unknown or expired"), "{err}");
}

#[test]
fn all_mistakes_of_a_config_are_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let config = "[mautic]\nbase_url = \"nowhere\"\nusrname = \"x\"\n[budget]\nburst = 0\n\
                  [write]\nmode = \"dead\"\n";
    fs::write(folder.path().join("topicscore.toml"), config).unwrap();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(BINARY);
        command.current_dir(folder.path()).args(arguments);
        command.env_remove("TOPICSCORE_CONFIG").timeout(PATIENCE);
        command
    };
    let failed = run(&["run"]).assert().code(1).stdout("");
    let told = String::from_utf8_lossy(&failed.get_output().stderr).into_owned();
    let checked = run(&["check", "--json"]).assert().code(1);
    let report: Value = serde_json::from_slice(&checked.get_output().stdout).unwrap();
    for said in ["no address", "usrname", "burst", "dead"] {
        assert!(told.contains(said), "{said} in {told}");
        assert!(report.to_string().contains(said), "{said} in {report}");
    }
    // Without a config, what to do; what clap does not understand is another exit code.
    fs::remove_file(folder.path().join("topicscore.toml")).unwrap();
    for command in ["run", "status", "backfill", "check"] {
        let failed = run(&[command]).assert().code(1);
        let output = failed.get_output();
        let mut told = String::from_utf8_lossy(&output.stderr).into_owned();
        output.stdout.as_slice().read_to_string(&mut told).unwrap();
        assert!(told.contains("topicscore init"), "{told}");
    }
    for wrong in [
        &["backfill", "--since", "yesterday"][..],
        &["explain"],
        &["adjust"],
        &["adjust", "1"],
        &[
            "adjust",
            "1",
            "--segment",
            "2",
            "--topic",
            "t",
            "--points",
            "1",
            "--reason",
            "r",
        ],
        &["adjust", "end"],
        &["fly"],
    ] {
        run(wrong).assert().code(2);
    }
}
