//! The fault matrix: each thing that can happen to a write, with a crash of topicscore at each step
//! of the outbox and without one. Whatever happened, Mautic holds what is true in the end, nothing
//! was ever more than that, and nothing was added twice.
//!
//! `cargo test --test fault_matrix -- --nocapture` prints the tables. `·`: this can't happen there.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    dead_code,
    reason = "tests may fail loudly, and the simulation uses the rest"
)]

#[path = "simulation/clock.rs"]
mod clock;
#[path = "simulation/crash.rs"]
mod crash;
#[path = "simulation/daemon.rs"]
mod daemon;
#[path = "simulation/diary.rs"]
mod diary;
#[path = "simulation/dice.rs"]
mod dice;
#[path = "simulation/firings.rs"]
mod firings;
#[path = "simulation/mautic.rs"]
mod mautic;
#[path = "simulation/network.rs"]
mod network;
#[path = "simulation/oracle.rs"]
mod oracle;
#[path = "simulation/plan.rs"]
mod plan;
#[path = "simulation/receivers.rs"]
mod receivers;
#[path = "simulation/stage.rs"]
mod stage;
#[path = "simulation/store.rs"]
mod store;
#[path = "simulation/watch.rs"]
mod watch;
#[path = "simulation/world.rs"]
mod world;

use daemon::Daemon;
use jiff::SignedDuration;
use mautic_fixtures::QueueMode;
use network::Fault;
use oracle::{Doing, Variant};
use stage::{Stage, runtime};
use std::fmt::Write as _;

/// Long enough for everything to be looked at again: a call without an answer (2 min), the longest
/// pause between attempts (15 min), the members of segments (6 h).
const REST: [i64; 6] = [5, 130, 400, 1000, 22_000, 60];
/// Who does everything.
const SHE: usize = 0;

/// A write of one kind, and what leads to it.
#[derive(Clone, Copy)]
struct Way {
    /// As [`network`] calls it.
    kind: &'static str,
    variant: Variant,
    doing: Doing,
}

const SET: Variant = Variant {
    ceiling: 100_000,
    form_once: true,
    jobs: false,
    shared: false,
    main: None,
    groups: true,
    triggers: None,
};

/// The steps of the outbox at which topicscore may crash.
fn crashes(kind: &str) -> Vec<String> {
    let (before, after) = (format!("before {kind}"), format!("after {kind}"));
    let edges = [
        "before claim_intents",
        "after claim_intents",
        "before begin_call",
        "after begin_call",
        &before,
        &after,
        "before finish_writes",
        "after finish_writes",
        "before release",
        "after release",
    ];
    let adds = kind.ends_with("plus") || kind.ends_with("minus");
    let edges = edges
        .into_iter()
        .filter(|edge| adds || !edge.ends_with("begin_call"));
    edges.map(str::to_owned).collect()
}

/// One cell: `Ok(false)` if fault or crash can't happen here.
fn cell(way: Way, fault: Option<Fault>, crash: Option<&str>) -> Result<bool, String> {
    runtime().block_on(async {
        let off = SignedDuration::ZERO;
        let stage = Stage::set(1, way.variant, QueueMode::Immediate, off).await;
        let mut daemon = start(&stage, 1).await;
        before(&stage, &daemon).await;
        if fault == Some(Fault::Stale) {
            stage.around.network.keep_for_stale_reads().await;
            happens(&stage, &daemon, way).await;
            daemon.work_off().await?;
        }
        happens(&stage, &daemon, way).await;
        stage.begin_step(2);
        if let Some(fault) = fault {
            let times = if fault == Fault::Stale { u64::MAX } else { 1 };
            stage.around.network.force(fault, way.kind, times);
        }
        if let Some(crash) = crash {
            stage.crash.at(crash);
        }
        let done = stage.crash.mortal(daemon.dispatch(0)).await;
        stage.crash.never();
        if fault == Some(Fault::Stale) {
            stage.around.network.relent();
        }
        let crashed = done.is_none();
        if crashed {
            // A fault that did not come yet waits for the next process.
            drop(daemon);
            daemon = start(&stage, 2).await;
        }
        for (step, seconds) in (3..).zip(REST) {
            stage.begin_step(step);
            stage.time.step(SignedDuration::from_secs(seconds));
            stage.around.network.land(false).await;
            hear(&stage, &daemon).await;
            daemon.work_off().await?;
        }
        stage.compare(&daemon).await;
        if let Some(wrong) = stage.diary.first_wrong() {
            return Err(format!("{wrong}\n{}", stage.diary.told()));
        }
        let struck = fault.is_none() || stage.diary.counted("faults");
        Ok(struck && (crash.is_none() || crashed))
    })
}

async fn start(stage: &Stage, number: u64) -> Daemon {
    Daemon::start(&stage.around, number).await.unwrap()
}

/// She is known, just in the first topic's segment, and just not in the second's.
async fn before(stage: &Stage, daemon: &Daemon) {
    let mut doings = vec![Doing::Form(0), Doing::Form(1)];
    doings.extend([Doing::Hit(0); 2]);
    doings.extend([Doing::Hit(1); 3]);
    for doing in doings {
        stage.world.lock().await.does(SHE, doing).await;
    }
    for _ in 0..2 {
        hear(stage, daemon).await;
        daemon.work_off().await.unwrap();
        stage.time.step(SignedDuration::from_secs(10));
    }
    stage.compare(daemon).await;
}

/// What leads to the write happens, and is heard of and scored.
async fn happens(stage: &Stage, daemon: &Daemon, way: Way) {
    stage.world.lock().await.does(SHE, way.doing).await;
    hear(stage, daemon).await;
    daemon.poll().await;
    while daemon.decode().await.unwrap() > 0 {}
    while daemon.score().await.unwrap() > 0 {}
}

async fn hear(stage: &Stage, daemon: &Daemon) {
    for posted in stage.mautic.standin.take_posted().await {
        assert_eq!(daemon.receive(&posted).await, 204);
    }
}

/// All cells of a way; panics with the first that is wrong after all were tried.
fn table(way: Way) {
    let crashes = crashes(way.kind);
    let faults = [None].into_iter().chain(Fault::ALL.map(Some));
    let (mut table, mut wrong, mut cells) = (String::new(), Vec::new(), 0);
    // One row only: `FAULT=Swallowed`.
    let only = std::env::var("FAULT").ok();
    for fault in faults {
        let name = fault.map_or("no fault".to_owned(), |fault| format!("{fault:?}"));
        if only.as_ref().is_some_and(|only| *only != name) {
            continue;
        }
        let _ = write!(table, "{name:14}");
        let columns = [None].into_iter().chain(crashes.iter().map(Some));
        for crash in columns {
            let shown = match cell(way, fault, crash.map(String::as_str)) {
                Ok(true) => {
                    cells += 1;
                    "ok"
                }
                Ok(false) => "·",
                Err(why) => {
                    let crash = crash.map_or("no crash", String::as_str);
                    wrong.push(format!("{name}, {crash}: {why}"));
                    "WRONG"
                }
            };
            let _ = write!(table, " {shown:>7}");
        }
        table.push('\n');
    }
    println!(
        "{}: no crash, then crashes {}",
        way.kind,
        crashes.join(", ")
    );
    println!("{table}{cells} cells right, {} wrong", wrong.len());
    if let Some(first) = wrong.first() {
        let all: Vec<_> = wrong.iter().filter_map(|it| it.lines().next()).collect();
        panic!("{}\n{first}", all.join("\n"));
    }
}

#[test]
fn group_set() {
    table(Way {
        kind: "group set",
        variant: SET,
        doing: Doing::Hit(0),
    });
}

#[test]
fn group_plus() {
    table(Way {
        kind: "group plus",
        variant: Variant {
            shared: true,
            ..SET
        },
        doing: Doing::Hit(0),
    });
}

#[test]
fn group_minus() {
    let variant = Variant {
        shared: true,
        jobs: true,
        ..SET
    };
    table(Way {
        kind: "group minus",
        variant,
        doing: Doing::Jobs,
    });
}

#[test]
fn points_plus() {
    let variant = Variant {
        main: Some(true),
        ..SET
    };
    table(Way {
        kind: "points plus",
        variant,
        // Once more: it pays into the main points only.
        doing: Doing::Form(0),
    });
}

#[test]
fn points_minus() {
    let variant = Variant {
        main: Some(false),
        ..SET
    };
    table(Way {
        kind: "points minus",
        variant,
        // Mautic gives a point, which is not to count.
        doing: Doing::Jobs,
    });
}

#[test]
fn segment_add() {
    table(Way {
        kind: "segment add",
        variant: SET,
        doing: Doing::Hit(1),
    });
}

#[test]
fn segment_remove() {
    table(Way {
        kind: "segment remove",
        variant: Variant { jobs: true, ..SET },
        doing: Doing::Jobs,
    });
}
