//! Signed deliveries accepted and durable per second, over HTTP on loopback, against a handler on
//! the same server that only reads the body. Prints a table, then the same as one line of JSON.
//!
//! Both take the same bodies from the same client over as many connections, in turns, so that
//! whatever else the machine does falls on both.

mod support;

use anyhow::Context;
use axum::{Router, body::Bytes, http::StatusCode, routing::post};
use serde::Serialize;
use std::{net::SocketAddr, sync::Arc, time::Duration, time::Instant};
use support::{Connection, Delays, SECRET, Spread, delivery, is_measured, page_hits};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio_util::sync::CancellationToken;
use topicscore::clock::SystemClock;
use topicscore::intake::receiver::{Limits, Receiver, Secrets, ServerLimits, serve};
use topicscore::store::{Admin, sqlite::SqliteStore};
use topicscore::wake::Wake;

/// Connections at the same time.
const CONNECTIONS: usize = 64;

/// How often and how long.
struct Extent {
    rounds: usize,
    turn: Duration,
}

/// What one turn of one server came to.
struct Turn {
    per_second: f64,
    delays: Vec<Duration>,
}

#[derive(Serialize)]
struct Figures {
    connections: usize,
    body_bytes_median: usize,
    bodies: usize,
    durable_per_second: Spread,
    bare_per_second: Spread,
    ratio: Spread,
    deliveries_per_fsync: Spread,
    acknowledged: Delays,
    acknowledged_by_bare: Delays,
    kept: u64,
}

fn main() -> anyhow::Result<()> {
    let extent = if is_measured() {
        Extent {
            rounds: 9,
            turn: Duration::from_secs(3),
        }
    } else {
        Extent {
            rounds: 1,
            turn: Duration::from_millis(50),
        }
    };
    let bodies = page_hits()?;
    let mut sizes: Vec<usize> = bodies.iter().map(String::len).collect();
    let body_bytes_median = support::quantile(&mut sizes, 50).context("no bodies")?;
    let requests: Arc<Vec<Vec<u8>>> = Arc::new(
        bodies
            .iter()
            .map(|body| delivery(body.as_bytes()))
            .collect(),
    );

    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let store = Arc::new(SqliteStore::open(folder.path().join("bench.db"))?);
    // The servers have threads of their own, as many as they would have in the daemon.
    let servers = Builder::new_multi_thread().enable_all().build()?;
    let client = Builder::new_current_thread().enable_all().build()?;
    let durable = start(&servers, receiver(&store))?;
    let bare = start(&servers, Router::new().route("/webhook", post(only_read)))?;

    let warm_up = extent.turn / 3;
    client.block_on(load(durable, &requests, warm_up))?;
    client.block_on(load(bare, &requests, warm_up))?;
    let (mut accepted, mut read, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let (mut per_fsync, mut delays, mut bare_delays) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..extent.rounds {
        let commits = store.commits();
        let ours = client.block_on(load(durable, &requests, extent.turn))?;
        let commits = store.commits() - commits;
        let theirs = client.block_on(load(bare, &requests, extent.turn))?;
        per_fsync.push(count(ours.delays.len()) / count(usize::try_from(commits)?));
        ratios.push(ours.per_second / theirs.per_second);
        accepted.push(ours.per_second);
        read.push(theirs.per_second);
        delays.extend(ours.delays);
        bare_delays.extend(theirs.delays);
    }
    let kept = client.block_on(store.counts())?.deliveries;
    print(&Figures {
        connections: CONNECTIONS,
        body_bytes_median,
        bodies: requests.len(),
        durable_per_second: Spread::of(accepted),
        bare_per_second: Spread::of(read),
        ratio: Spread::of(ratios),
        deliveries_per_fsync: Spread::of(per_fsync),
        acknowledged: Delays::of(&delays),
        acknowledged_by_bare: Delays::of(&bare_delays),
        kept,
    })
}

/// The receiver as the daemon has it.
fn receiver(store: &Arc<SqliteStore>) -> Router {
    let secrets = Arc::new(Secrets::new(vec![SECRET.into()], false));
    let (store, clock) = (Arc::clone(store), Arc::new(SystemClock));
    let metrics = topicscore::metrics::register("bench", "bench")
        .metrics
        .intake;
    Receiver::new(
        store,
        secrets,
        clock,
        Wake::default(),
        Limits::default(),
        metrics,
    )
    .router()
}

async fn only_read(_: Bytes) -> StatusCode {
    StatusCode::NO_CONTENT
}

fn start(runtime: &Runtime, router: Router) -> anyhow::Result<SocketAddr> {
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    let stop = CancellationToken::new();
    runtime.spawn(serve(listener, router, ServerLimits::default(), stop));
    Ok(address)
}

/// Delivers over all connections for as long as a turn takes.
async fn load(
    address: SocketAddr,
    requests: &Arc<Vec<Vec<u8>>>,
    turn: Duration,
) -> anyhow::Result<Turn> {
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        connections.push(Connection::open(address).await?);
    }
    let (began, mut tasks) = (Instant::now(), Vec::new());
    for (number, mut connection) in connections.into_iter().enumerate() {
        let requests = Arc::clone(requests);
        tasks.push(tokio::spawn(async move {
            let mut delays = Vec::new();
            for request in requests.iter().cycle().skip(number) {
                if began.elapsed() >= turn {
                    break;
                }
                let sent = Instant::now();
                connection.deliver(request).await?;
                delays.push(sent.elapsed());
            }
            anyhow::Ok(delays)
        }));
    }
    let mut delays = Vec::new();
    for task in tasks {
        delays.extend(task.await??);
    }
    Ok(Turn {
        per_second: count(delays.len()) / began.elapsed().as_secs_f64(),
        delays,
    })
}

#[allow(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn count(number: usize) -> f64 {
    number as f64
}

fn print(figures: &Figures) -> anyhow::Result<()> {
    let Figures {
        connections,
        bodies,
        body_bytes_median,
        acknowledged,
        acknowledged_by_bare,
        kept,
        ..
    } = figures;
    println!(
        "{connections} connections, {bodies} recorded bodies of {body_bytes_median} bytes (median); {kept} kept"
    );
    println!("{:<32} {:>9} {:>9} {:>9}", "", "median", "min", "max");
    for (what, spread) in [
        ("accepted and durable / s", figures.durable_per_second),
        ("only read / s", figures.bare_per_second),
        ("ratio", figures.ratio),
        ("deliveries / fsync", figures.deliveries_per_fsync),
    ] {
        let Spread { median, min, max } = spread;
        println!("{what:<32} {median:>9.2} {min:>9.2} {max:>9.2}");
    }
    println!("until acknowledged: {acknowledged}");
    println!("until read only:    {acknowledged_by_bare}");
    println!("{}", serde_json::to_string(figures)?);
    Ok(())
}
