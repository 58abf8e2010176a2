//! The disk runs full while deliveries pour in, and has room again.

use crate::support::{Daemon, House, REST, compare, hooked, left, lost};
use crate::{seen_by, with_mounts};
use mautic_fixtures::Options;
use mautic_fixtures::simulator::{Pace, play};
use rusqlite::Connection;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};
use topicscore::demo::{Crowd, Stage, Story, crowd_of};

const CROWD: Crowd = Crowd {
    seed: 7,
    visitors: 20,
    activities: 12,
    merges: false,
};
/// The visitors' lives are spread over this time.
const PLAY: Duration = Duration::from_secs(12);
/// Room on the disk; the store needs some of it.
const SMALL: &str = "mount -t tmpfs -o size=16m none \"$1\"";

/// Bytes that a file may have where files are limited: less than the store needs.
const LIMIT: u32 = 64 << 10;
/// Where files are limited, a write beyond the limit is refused instead of ending the process.
const REFUSED: &str = "trap '' XFSZ; exec \"$@\"";

/// How the daemon runs out of room.
#[derive(Debug, Clone, Copy)]
enum Disk {
    /// A small file system runs full.
    Small,
    /// Files must not grow (`RLIMIT_FSIZE`): needs no rights at all, and looks like a disk that fails.
    Limited,
}

impl Disk {
    /// A command that runs the daemon; `None` where this machine can't do that.
    fn command(self, house: &House) -> Option<Command> {
        if matches!(self, Self::Small) {
            return with_mounts(house, SMALL);
        }
        if Command::new("prlimit").arg("--version").output().is_err() {
            println!("NOT TESTED: there is no prlimit");
            return None;
        }
        let mut command = Command::new("sh");
        command.args(["-c", REFUSED, "sh", env!("CARGO_BIN_EXE_topicscore")]);
        command.arg("run").arg("--config").arg(house.config());
        Some(command)
    }

    fn run_full(self, house: &House, daemon: &Daemon) {
        match self {
            Self::Small => fill(&filler(house, daemon)),
            Self::Limited => limit(daemon, &LIMIT.to_string()),
        }
    }

    fn make_room(self, house: &House, daemon: &Daemon) {
        match self {
            Self::Small => fs::remove_file(filler(house, daemon)).unwrap(),
            Self::Limited => limit(daemon, "unlimited"),
        }
    }

    /// What `/readyz` says, and what the log says to do.
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Small => ("full", "free disk space"),
            Self::Limited => ("disk I/O error", "look for trouble with the disk"),
        }
    }
}

fn filler(house: &House, daemon: &Daemon) -> PathBuf {
    seen_by(daemon.id(), &house.store.with_file_name("filler"))
}

/// Sets how large files may become that the daemon writes.
fn limit(daemon: &Daemon, bytes: &str) {
    let mut command = Command::new("prlimit");
    command.arg("--pid").arg(daemon.id().to_string());
    let status = command.arg(format!("--fsize={bytes}:")).status();
    assert!(status.unwrap().success(), "{command:?}");
}

/// Takes all the room there is.
fn fill(filler: &Path) {
    let mut file = File::options().create(true).append(true).open(filler);
    let file = file.as_mut().unwrap();
    for piece in [1 << 20, 1 << 12, 1] {
        while file.write_all(&vec![7; piece]).is_ok() {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_loses_nothing_and_is_waited_out() {
    loses_nothing_and_is_waited_out(Disk::Small).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_refuses_to_write_loses_nothing_and_is_waited_out() {
    loses_nothing_and_is_waited_out(Disk::Limited).await;
}

async fn loses_nothing_and_is_waited_out(kind: Disk) {
    let (folder, disk) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let house = House {
        store: disk.path().join("topicscore.db"),
        ..House::new(folder.path())
    };
    let options = Options {
        seed: CROWD.seed,
        keep_acknowledged: true,
        ..Options::default()
    };
    let stage = Stage::set(options).await.unwrap();
    house.furnish(&stage, &stage.plan());
    let Some(command) = kind.command(&house) else {
        return;
    };
    let mut daemon = house.start_by(command);
    hooked(&stage, &house).await;
    let (reason, advice) = kind.words();

    let script = crowd_of(CROWD);
    let span = script.steps.last().unwrap().at;
    let pace = Pace::Times(span.as_secs_f64() / PLAY.as_secs_f64());
    let base_url = stage.mautic.0.base_url();
    let visits = play(&script, &base_url, &stage.catalog, pace, |_, _| {});
    let filling = async {
        for round in 1..=2 {
            sleep(Duration::from_secs(2)).await;
            let before = stage.mautic.0.acknowledged().await.len();
            kind.run_full(&house, &daemon);
            let told = house.wait_until_ready_says(503).await;
            let reasons = told["reasons"].to_string();
            assert!(reasons.contains(reason), "{reasons}");
            wait_for_refusals(&stage).await;
            sleep(Duration::from_secs(2)).await;
            let after = stage.mautic.0.acknowledged().await.len();
            println!(
                "round {round}: {before} acknowledged when it ran full, {after} when it ended"
            );
            kind.make_room(&house, &daemon);
            house.wait_until_ready_says(200).await;
        }
    };
    let (played, ()) = tokio::join!(visits, filling);
    let mut story = Story::default();
    story.played.push((script, played.unwrap()));
    come_to_rest(&stage, &mut story, &daemon, &house).await;
    daemon.must_live();
    house.wait_until_ready_says(200).await;
    let acknowledged = stage.mautic.0.acknowledged().await;
    let sent = stage.mautic.0.deliveries_sent().await;
    println!("{} of {sent} deliveries acknowledged", acknowledged.len());
    assert!((acknowledged.len() as u64) < sent, "none met the full disk");
    let (db, _copy) = copy_of(&daemon, &house);
    assert_eq!(lost(&acknowledged, &db), [""; 0]);
    let said = house.errors();
    assert!(said.contains(advice), "what to do: {said}");
}

/// The store as it is this moment. Only the daemon sees the disk, so its files are copied, while
/// it stands still.
fn copy_of(daemon: &Daemon, house: &House) -> (Connection, TempDir) {
    let copy = tempfile::tempdir().unwrap();
    daemon.signal("STOP");
    for name in ["topicscore.db", "topicscore.db-wal"] {
        let file = seen_by(daemon.id(), &house.store.with_file_name(name));
        fs::copy(file, copy.path().join(name)).unwrap();
    }
    daemon.signal("CONT");
    let db = Connection::open(copy.path().join("topicscore.db")).unwrap();
    (db, copy)
}

async fn come_to_rest(stage: &Stage, story: &mut Story, daemon: &Daemon, house: &House) {
    let until = Instant::now() + REST;
    loop {
        let found = compare(stage, story).await;
        let left = left(&copy_of(daemon, house).0);
        if left == (0, 0, 0) && found.is_empty() {
            return;
        }
        let said = house.errors();
        assert!(
            Instant::now() < until,
            "no rest: left {left:?}, different {found:#?}\n{said}"
        );
        sleep(Duration::from_millis(500)).await;
    }
}

/// Waits until Mautic met a receiver that does not answer.
async fn wait_for_refusals(stage: &Stage) {
    let until = Instant::now() + REST;
    loop {
        let sent = stage.mautic.0.deliveries_sent().await;
        let acknowledged = stage.mautic.0.acknowledged().await.len() as u64;
        if acknowledged < sent {
            return;
        }
        assert!(Instant::now() < until, "all was acknowledged");
        sleep(Duration::from_millis(50)).await;
    }
}
