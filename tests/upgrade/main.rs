//! Stores of every released format open with today's code and give the same scores; a store of a
//! newer format is refused. `tests/stores/README.md` says how to add one.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests may fail loudly"
)]

mod make;
mod refused;
mod released;
mod told;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use topicscore::config::{Config, Inputs};

/// Where the stores are.
fn stores() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stores")
}

/// Writes a config beside which a store and a plan are looked for.
fn write_config(folder: &Path, mautic: &str) -> PathBuf {
    let file = folder.join("topicscore.toml");
    let text = format!(
        r#"
[mautic]
base_url = "{mautic}/"
client_id = "1_sidecarrandomid2026sidecarrandomid2026"
client_secret = "sidecarsecret2026sidecarsecret2026"
timeout = "5s"
[budget]
requests_per_second = 500
burst = 500
in_flight = 16
[webhook]
listen = "127.0.0.1:0"
public_url = "http://127.0.0.1:1/webhook"
[poll]
interval = "1s"
[store]
path = "topicscore.db"
[plan]
file = "plan.toml"
[write]
mode = "live"
[admin]
listen = "127.0.0.1:0"
[log]
level = "warn"
"#
    );
    fs::write(&file, text).unwrap();
    file
}

fn config(folder: &Path, mautic: &str) -> Config {
    let file = write_config(folder, mautic);
    let text = fs::read_to_string(&file).unwrap();
    let inputs = Inputs {
        file: &file,
        text: &text,
        env: &BTreeMap::new(),
        read: &|_| Err("there are no files of secrets".to_owned()),
    };
    Config::load(&inputs).unwrap().0
}

/// An address of this machine where nobody listens.
fn nobody() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}
