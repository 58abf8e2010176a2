//! A run of the real daemon under load, with everything written down that it does to its files.

use crate::log::{self, Record};
use crate::support::{House, PageHits, deliver, hook_of_tests};
use futures::StreamExt;
use mautic_fixtures::Options;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tokio::time::sleep;
use topicscore::demo::Stage;

/// The store's name in its folder.
pub(crate) const STORE: &str = "topicscore.db";
/// Deliveries, and how many of them at a time.
const DELIVERIES: u64 = 600;
const SENDERS: usize = 6;
const CONTACTS: u64 = 40;

/// A folder in memory where there is one: files are built there by the hundred.
pub(crate) fn memory() -> PathBuf {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        memory.to_owned()
    } else {
        std::env::temp_dir()
    }
}

pub(crate) fn hit_of(body: &[u8]) -> u64 {
    let body: serde_json::Value = serde_json::from_slice(body).unwrap();
    body["mautic.page_on_hit"][0]["hit"]["id"].as_u64().unwrap()
}

/// Compiles what is loaded before libc.
fn shim(folder: &Path) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/power_loss/shim.c");
    let library = folder.join("shim.so");
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    let status = Command::new(compiler)
        .args(["-shared", "-fPIC", "-O1", "-Wall", "-o"])
        .args([&library, &source])
        .arg("-ldl")
        .status();
    assert!(status.unwrap().success(), "the shim can't be compiled");
    library
}

/// Runs the daemon until all is delivered and worked off, stops it, and reads the log.
pub(crate) async fn recorded() -> Vec<Record> {
    let (folder, disk) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let house = House {
        store: disk.path().join(STORE),
        ..House::new(folder.path())
    };
    let stage = Stage::set(Options::default()).await.unwrap();
    let mautic = stage.mautic.0.base_url();
    house.furnish_with(&mautic, &stage.plan(), &hook_of_tests());
    // Mautic knows none of the contacts: nothing is to be written to them.
    house.change("mode = \"live\"", "mode = \"observe\"");
    let log = folder.path().join("disk.log");
    let mut command = house.command(&["run"]);
    command
        .env("LD_PRELOAD", shim(folder.path()))
        .env("DISK_FOLDER", disk.path())
        .env("DISK_LOG", &log);
    let mut daemon = house.start_by(command);
    house.wait_until_ready_says(200).await;
    load(&house, &log).await;
    sleep(Duration::from_secs(1)).await;
    daemon.signal("TERM");
    assert!(daemon.ended().await.success(), "{}", house.errors());
    log::read(&fs::read(log).unwrap())
}

async fn load(house: &House, log: &Path) {
    let (http, hits) = (reqwest::Client::new(), PageHits::recorded());
    let log = File::options().append(true).open(log).unwrap();
    let deliveries = (1..=DELIVERIES).map(|hit| {
        let (http, hits, mut log) = (&http, &hits, &log);
        async move {
            let body = hits.delivery(hit, hit % CONTACTS + 1);
            let status = deliver(http, house, &body).await;
            assert_eq!(status, Some(204), "{}", house.errors());
            log.write_all(&log::acknowledgement(hit)).unwrap();
        }
    });
    let delivered = futures::stream::iter(deliveries).buffer_unordered(SENDERS);
    delivered.collect::<Vec<()>>().await;
}
