//! A log that can't be written: its disk is full, and the store's is not.

use crate::support::{House, hooked};
use mautic_fixtures::Options;
use std::path::Path;
use std::process::Command;
use topicscore::demo::Stage;

/// Every write to it fails as on a full disk.
const FULL: &str = "/dev/full";
const TOLD_NOBODY: &str = "exec \"$@\" 2>/dev/full";

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_cant_be_written_stops_nothing() {
    if !Path::new(FULL).exists() {
        println!("NOT TESTED: there is no {FULL}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let house = House::new(folder.path());
    let stage = Stage::set(Options::default()).await.unwrap();
    house.furnish(&stage, &stage.plan());
    house.change("level = \"warn\"", "level = \"debug\"");
    let mut command = Command::new("sh");
    command.args(["-c", TOLD_NOBODY, "sh", env!("CARGO_BIN_EXE_topicscore")]);
    command.arg("run").arg("--config").arg(house.config());
    let mut daemon = house.start_by(command);
    hooked(&stage, &house).await;
    house.wait_until_ready_says(200).await;
    daemon.signal("TERM");
    assert!(daemon.ended().await.success());
    assert_eq!(house.errors(), "", "it was to tell nobody");
}
