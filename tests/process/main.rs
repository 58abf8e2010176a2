//! The real daemon on a machine that treats it badly: full disks, read-only ones, damaged files,
//! long stops, logs
//! that go nowhere. Nothing acknowledged is lost, and nothing is ever wrong without a word.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests may fail loudly"
)]

mod damage;
mod full_disk;
mod full_log;
mod read_only;
mod stopped;
#[path = "../support/mod.rs"]
mod support;

use std::path::Path;
use std::process::Command;
use support::House;

/// A command that runs the daemon where mounts are its own: `script` mounts, the store's folder
/// being `$1`. `None` where this machine lets nobody do that.
fn with_mounts(house: &House, script: &str) -> Option<Command> {
    let folder = house.store.parent().unwrap();
    let unshare = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount"]);
        command.args([
            "sh",
            "-c",
            &format!("{script} || exit 77\nshift; exec \"$@\""),
        ]);
        command.arg("sh").arg(folder);
        command
    };
    let tried = unshare(script).arg("true").output();
    if !tried.is_ok_and(|tried| tried.status.success()) {
        println!("NOT TESTED: this machine lets nobody mount (user namespaces are needed)");
        return None;
    }
    let mut command = unshare(script);
    command.arg(env!("CARGO_BIN_EXE_topicscore"));
    command.arg("run").arg("--config").arg(house.config());
    Some(command)
}

/// A path as the process sees it.
fn seen_by(process: u32, path: &Path) -> std::path::PathBuf {
    Path::new(&format!("/proc/{process}/root")).join(path.strip_prefix("/").unwrap())
}
