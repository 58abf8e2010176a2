//! Erasing and exporting a contact beside a running daemon: the real binary and the stand-in.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests may fail loudly"
)]

use assert_cmd::Command;
use mautic_fixtures::{Options, StandIn};
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const BINARY: &str = env!("CARGO_BIN_EXE_topicscore");
const PATIENCE: Duration = Duration::from_secs(30);

/// A Mautic with a point group, and a folder for topicscore beside it.
struct House {
    mautic: StandIn,
    folder: TempDir,
    http: reqwest::Client,
    receiver: String,
}

impl House {
    async fn new() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap();
        let house = Self {
            mautic: StandIn::start(Options::default()).await.unwrap(),
            folder: tempfile::tempdir().unwrap(),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            receiver: port.local_addr().unwrap().to_string(),
        };
        drop(port);
        let group = json!({"name": "Dishwashers"});
        house.call("POST", "points/groups/new", group).await;
        let secret = house.path("secret");
        fs::write(&secret, Options::default().oauth_client.secret).unwrap();
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
        let (url, id) = (house.mautic.base_url(), Options::default().oauth_client.id);
        let hook = format!("http://{}/webhook", house.receiver);
        let init = [
            "init",
            "--url",
            &url,
            "--client-id",
            &id,
            "--secret-file",
            "secret",
        ];
        let init = house.command(&init).args(["--public-url", &hook]).assert();
        init.success();
        house
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    async fn call(&self, method: &str, path: &str, body: Value) -> Value {
        let user = Options::default().user;
        let url = format!("{}/api/{path}", self.mautic.base_url());
        let request = self.http.request(method.parse().unwrap(), url);
        let request = request.basic_auth(user.name, Some(user.password));
        let answer = request.json(&body).send().await.unwrap();
        answer.error_for_status().unwrap().json().await.unwrap()
    }

    async fn contact(&self, name: &str) -> u64 {
        let contact = json!({"lastname": name, "email": format!("{name}@example.test")});
        let made = self.call("POST", "contacts/new", contact).await;
        let id = made["contact"]["id"].as_u64().unwrap();
        let note = json!({"eventName": name, "actionName": "by hand"});
        let points = format!("contacts/{id}/points/plus/5");
        self.call("POST", &points, note).await;
        id
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command.current_dir(self.folder.path()).args(arguments);
        command.env_remove("TOPICSCORE_CONFIG").timeout(PATIENCE);
        command
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.command(arguments).arg("--json").assert().success();
        serde_json::from_slice(&output.get_output().stdout).unwrap()
    }

    fn refused(&self, arguments: &[&str]) -> String {
        let failed = self.command(arguments).assert().code(1);
        String::from_utf8_lossy(&failed.get_output().stderr).into_owned()
    }

    fn start(&self) -> Daemon {
        let mut command = std::process::Command::new(BINARY);
        command.current_dir(self.folder.path());
        command.args(["run", "--json"]).stdout(Stdio::piped());
        command.stderr(fs::File::create(self.path("log")).unwrap());
        command.env_remove("TOPICSCORE_CONFIG");
        command.env("TOPICSCORE_WEBHOOK__LISTEN", &self.receiver);
        command.env("TOPICSCORE_ADMIN__LISTEN", "127.0.0.1:0");
        command.env("TOPICSCORE_POLL__INTERVAL", "1s");
        let mut child = command.spawn().unwrap();
        let mut told = String::new();
        let stdout = child.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut told).unwrap();
        assert!(told.contains("webhook"), "{told}{}", self.log());
        Daemon(child)
    }

    fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap()
    }

    /// Files of the store in which a text stands.
    fn files_with(&self, text: &str) -> Vec<String> {
        let files = fs::read_dir(self.folder.path()).unwrap();
        let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        let stores = names.filter(|name| name.starts_with("topicscore.db"));
        let holds = |name: &String| {
            let bytes = fs::read(self.path(name)).unwrap_or_default();
            bytes
                .windows(text.len())
                .any(|part| part == text.as_bytes())
        };
        stores.filter(holds).collect()
    }
}

/// A running daemon; ended with the test.
struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "never: {what}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[allow(clippy::too_many_lines, reason = "one story, told in order")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erased_contact_is_gone_and_stays_gone_beside_a_daemon() {
    let house = House::new().await;
    let daemon = house.start();
    until("Mautic has the hook", || {
        house.log().contains("registered the hook")
    })
    .await;
    let ada = house.contact("Zebulonmarker").await.to_string();
    let bob = house.contact("Yolandamarker").await.to_string();
    let told = || {
        let export = house.command(&["export", &ada]).output().unwrap();
        let export: Value = serde_json::from_slice(&export.stdout).unwrap_or_default();
        let amount = |name: &str| export[name].as_array().map_or(0, Vec::len);
        amount("points_log") == 1 && amount("deliveries") > 0 && export["profile"].is_object()
    };
    until("contact and points are heard of", told).await;

    let export = house.json(&["export", &ada]);
    assert_eq!(export["schema"], "topicscore.contact/1");
    assert_eq!(export["profile"]["fields"]["lastname"], "Zebulonmarker");
    assert_eq!(export["points_log"][0]["row"]["delta"], 5);
    let text = export.to_string();
    assert!(
        text.contains("mautic.lead_post_save_new"),
        "raw deliveries are in it"
    );
    assert!(!text.contains("Yolandamarker"), "and nothing of others");
    let written = house.json(&["export", &ada, "--output", "ada.json"]);
    assert_eq!(written["file"], "ada.json");
    let file: Value = serde_json::from_slice(&fs::read(house.path("ada.json")).unwrap()).unwrap();
    assert_eq!(file["profile"], export["profile"]);
    let again = house.refused(&["export", &ada, "--output", "ada.json"]);
    assert!(
        again.contains("name a file that is not there yet"),
        "{again}"
    );
    assert!(
        house
            .refused(&["export", "999"])
            .contains("nothing is held of contact 999")
    );

    let unconfirmed = house.refused(&["erase", &ada]);
    assert!(unconfirmed.contains("add --yes"), "{unconfirmed}");
    assert!(!house.files_with("Zebulonmarker").is_empty());
    let erased = house.json(&["erase", &ada, "--yes"]);
    assert_eq!(erased["complete"], true);
    assert_eq!(erased["in_mautic"], "there");
    assert_eq!(
        (&erased["held"]["profile"], &erased["held"]["points_log"]),
        (&json!(true), &json!(1))
    );
    assert_eq!(house.files_with("Zebulonmarker"), [""; 0]);
    assert!(house.refused(&["export", &ada]).contains("was erased"));

    // Mautic still has it: a webhook and polls tell of it.
    let seen = |contact: &str| {
        let export = house.command(&["export", contact]).output().unwrap();
        let export: Value = serde_json::from_slice(&export.stdout).unwrap_or_default();
        export["profile"]["fields"]["city"].clone()
    };
    for contact in [&ada, &bob] {
        let path = format!("contacts/{contact}/edit");
        house
            .call("PATCH", &path, json!({"city": "Xanthippemarker"}))
            .await;
        house
            .call(
                "POST",
                &format!("contacts/{contact}/points/plus/1"),
                json!({}),
            )
            .await;
    }
    until("the other one is heard of", || {
        seen(&bob) == "Xanthippemarker"
    })
    .await;
    assert!(house.refused(&["export", &ada]).contains("was erased"));
    let explained = house.refused(&["explain", &ada]);
    assert!(
        explained.contains(&format!("contact {ada} was erased")),
        "{explained}"
    );
    let erased = house.json(&["erase", &ada, "--yes"]);
    assert_eq!(
        (&erased["contact"], &erased["complete"]),
        (&Value::Null, &json!(true))
    );
    until("late raw bodies go", || {
        house.files_with("Zebulonmarker").is_empty()
    })
    .await;

    let allowed = house.json(&["erase", &ada, "--undo"]);
    assert_eq!(allowed["allowed_again"], true);
    assert!(
        house
            .refused(&["erase", &ada, "--undo"])
            .contains("was not erased")
    );
    let path = format!("contacts/{ada}/edit");
    house
        .call("PATCH", &path, json!({"city": "Wendelinmarker"}))
        .await;
    until("it is heard of again", || seen(&ada) == "Wendelinmarker").await;
    drop(daemon);
    let log = house.log();
    assert!(!log.contains("ERROR"), "{log}");
}
