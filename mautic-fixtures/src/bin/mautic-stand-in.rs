//! Serves a stand-in until interrupted.

use std::net::SocketAddr;

use clap::Parser;
use mautic_fixtures::{Options, QueueMode, StandIn};

/// A Mautic 5.1.1 stand-in on a clean database.
#[derive(Parser)]
struct Arguments {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:8088")]
    address: SocketAddr,
    /// Mautic's site URL; the address by default.
    #[arg(long)]
    site_url: Option<String>,
    /// Queue webhooks until `mautic:webhooks:process` instead of sending them at once.
    #[arg(long)]
    queue: bool,
    /// Requests per hour and token, 0 for no limit.
    #[arg(long, default_value_t = 0)]
    rate_limit: u32,
    /// Seed of everything random.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let mautic = StandIn::start(Options {
        address: arguments.address,
        site_url: arguments.site_url,
        queue_mode: if arguments.queue {
            QueueMode::Command
        } else {
            QueueMode::Immediate
        },
        api_rate_limiter_limit: arguments.rate_limit,
        seed: arguments.seed,
        ..Options::default()
    })
    .await?;
    println!("{}", mautic.base_url());
    tokio::signal::ctrl_c().await?;
    mautic.stop().await;
    Ok(())
}
