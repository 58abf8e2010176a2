//! `topicscore demo`

use super::{Global, load, output};
use crate::config::{LogConfig, LogFormat, LogLevel};
use crate::demo::{
    Crowd, Held, Report, Scene, SceneOptions, Story, come_to_rest, crowd_of, report,
};
use crate::lifecycle::{Lifecycle, interrupted};
use anyhow::Context;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use mautic_fixtures::simulator::{Catalog, Pace};
use std::collections::BTreeMap;
use std::io::{IsTerminal, Write, stdout};
use std::{future::Future, process::ExitCode, time::Duration};

/// Visitors of one wave live for 30 days of their own time; so much faster goes theirs.
const FASTER: f64 = 20_000.0;
/// A bounded scenario comes to rest well within this time.
const REST: Duration = Duration::from_mins(3);
/// Time for workers to finish what they hold.
const DRAIN: Duration = Duration::from_secs(5);

/// The demo says itself what it does.
const LOG: LogConfig = LogConfig {
    level: LogLevel::Warn,
    format: LogFormat::Text,
};

/// Options of `demo`.
#[derive(Debug, Clone, Args)]
pub(super) struct Arguments {
    /// Run a bounded scenario until it comes to rest, compare with the oracle, and exit
    #[arg(long)]
    once: bool,
    /// Visitors (of each wave)
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    contacts: u32,
    /// Activities of a visitor, on average
    #[arg(long, default_value_t = 12, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    activities: u32,
    /// The same seed gives the same visitors
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// Let no contacts merge
    #[arg(long)]
    no_merges: bool,
    /// Port of the admin page; 0 takes a free one
    #[arg(long, default_value_t = 0, value_name = "PORT")]
    port: u16,
}

impl Arguments {
    fn crowd(&self, wave: u64) -> Crowd {
        Crowd {
            seed: self.seed + wave,
            visitors: self.contacts as usize,
            activities: self.activities as usize,
            merges: !self.no_merges,
        }
    }
}

/// Runs the command.
///
/// # Errors
/// When the scene can't be set, or a worker died.
pub(super) async fn run(global: &Global, arguments: Arguments) -> anyhow::Result<ExitCode> {
    load::start_logs(LOG, load::Lines::Few, global.verbose)?;
    let folder = Folder::new()?;
    let mut lifecycle = Lifecycle::default();
    let options = SceneOptions {
        folder: folder.0.clone(),
        seed: arguments.seed,
        admin: ([127, 0, 0, 1], arguments.port).into(),
        ..SceneOptions::default()
    };
    let since = Timestamp::now();
    let scene = Scene::set(&options, &mut lifecycle)
        .await
        .context("the demo can't start")?;
    let mut story = Story::default();
    let mut outcome = Ok(None);
    let job = async {
        outcome = if arguments.once {
            once(&scene, &arguments, &mut story, since).await.map(Some)
        } else {
            live(&scene, &arguments, &mut story).await.map(|()| None)
        };
    };
    lifecycle.run(job, interrupted(), DRAIN).await?;
    match outcome? {
        Some(report) => print(&report, global.json),
        None => Ok(ExitCode::SUCCESS),
    }
}

async fn once(
    scene: &Scene,
    arguments: &Arguments,
    story: &mut Story,
    since: Timestamp,
) -> anyhow::Result<Report> {
    let script = crowd_of(arguments.crowd(0));
    let bar = progress_bar(script.steps.len() as u64);
    let step = |done: usize, _| bar.set_position(done as u64);
    scene.play(script, Pace::Full, story, step).await?;
    bar.set_message("coming to rest");
    let rest = come_to_rest(scene, REST).await;
    bar.finish_and_clear();
    if let Err(error) = &rest {
        tracing::error!("{error:#}");
    }
    report(scene, story, since, rest.is_ok()).await
}

fn progress_bar(steps: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} steps, {eta} left {msg}");
    let bar = ProgressBar::new(steps);
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar
}

fn print(report: &Report, json: bool) -> anyhow::Result<ExitCode> {
    if json {
        output::print_json(report)?;
    } else {
        output::print_text(&words(report))?;
    }
    let good = report.differences == 0 && report.at_rest && report.parked == 0;
    Ok(if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn words(report: &Report) -> String {
    let milliseconds = |delay: Option<u64>| delay.map_or("-".to_owned(), |ms| format!("{ms} ms"));
    let mut rows = vec![
        vec!["contacts".to_owned(), report.contacts.to_string()],
        vec!["activities".to_owned(), report.activities.to_string()],
        vec![
            "deliveries accepted".to_owned(),
            report.deliveries.to_string(),
        ],
        vec!["scores".to_owned(), report.scores.to_string()],
        vec!["writes to Mautic".to_owned(), report.writes.to_string()],
        vec![
            "writes per contact".to_owned(),
            report.writes_per_contact.to_string(),
        ],
        vec!["contacts merged".to_owned(), report.merged.to_string()],
        vec![
            "delivery to write-back, median".to_owned(),
            milliseconds(report.delay_ms_median),
        ],
        vec![
            "delivery to write-back, p99".to_owned(),
            milliseconds(report.delay_ms_p99),
        ],
        vec![
            "differences from the oracle".to_owned(),
            report.differences.to_string(),
        ],
    ];
    for difference in &report.first_differences {
        let found = format!("{}, not {}", difference.found, difference.expected);
        rows.push(vec![
            format!("  contact {}, {}", difference.contact, difference.what),
            found,
        ]);
    }
    output::table(&rows)
}

/// Waves of visitors until somebody presses Ctrl-C.
async fn live(scene: &Scene, arguments: &Arguments, story: &mut Story) -> anyhow::Result<()> {
    let address = format!("http://{}/", scene.addresses.admin);
    output::print_text(&format!(
        "topicscore demo. Admin page: {address}  (Ctrl-C ends it)"
    ))?;
    let waves = async {
        for wave in 0.. {
            let script = crowd_of(arguments.crowd(wave));
            scene
                .play(script, Pace::Times(FASTER), story, |_, _| {})
                .await?;
        }
        Ok(())
    };
    tokio::select! {
        result = waves => result,
        result = show(scene, &address) => result,
        () = interrupted() => Ok(()),
    }
}

/// Draws the table anew every second; without a terminal it is printed every ten seconds.
fn show<'s>(scene: &'s Scene, address: &'s str) -> impl Future<Output = anyhow::Result<()>> + 's {
    let terminal = stdout().is_terminal();
    let pause = Duration::from_secs(if terminal { 1 } else { 10 });
    async move {
        loop {
            tokio::time::sleep(pause).await;
            let table = picture(scene, address).await?;
            if terminal {
                let mut out = stdout().lock();
                // Home, then clear what is below: no flicker.
                write!(out, "\x1b[H\x1b[J{table}\n\nCtrl-C ends it.\n")?;
                out.flush()?;
            } else {
                output::print_text(&table)?;
            }
        }
    }
}

async fn picture(scene: &Scene, address: &str) -> anyhow::Result<String> {
    let counts = scene.instance.store.counts().await?;
    let since = Timestamp::now() - jiff::SignedDuration::from_mins(1);
    let delays = scene.instance.store.write_delays(since, 10_000).await?;
    let (held, _) = scene.mautic.held().await;
    let median = delays
        .get(delays.len() / 2)
        .map_or("-".into(), |ms| format!("{ms} ms"));
    let p99 = delays
        .get(delays.len() * 99 / 100)
        .map_or("-".into(), |ms| format!("{ms} ms"));
    Ok(format!(
        "topicscore demo    admin page: {address}\n\n\
         {} contacts, {} activities, {} deliveries accepted, {} writes, {} waiting to be written\n\
         delivery to write-back in the last minute: median {median}, p99 {p99}\n\n\
         What Mautic holds now:\n{}",
        counts.contacts,
        counts.activities,
        counts.deliveries,
        counts.writes,
        counts.pending_intents,
        topics(&scene.catalog, &held),
    ))
}

fn topics(catalog: &Catalog, held: &BTreeMap<u64, Held>) -> String {
    let header = ["topic", "scored", "average", "highest", "in segment"]
        .map(str::to_owned)
        .to_vec();
    let mut rows = vec![header];
    for topic in &catalog.topics {
        let scores: Vec<i64> = held
            .values()
            .filter_map(|held| held.groups.get(&topic.group).copied())
            .collect();
        let members = held
            .values()
            .filter(|held| held.segments.contains(&topic.segment))
            .count();
        let average = scores.iter().sum::<i64>() / i64::try_from(scores.len().max(1)).unwrap_or(1);
        rows.push(vec![
            topic.name.clone(),
            scores.len().to_string(),
            average.to_string(),
            scores.iter().max().copied().unwrap_or(0).to_string(),
            members.to_string(),
        ]);
    }
    output::table(&rows)
}

/// A folder of its own, removed at the end.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new() -> anyhow::Result<Self> {
        let name = format!(
            "topicscore-demo-{}-{:08x}",
            std::process::id(),
            rand::random::<u32>()
        );
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path)
            .with_context(|| format!("the folder {} can't be made", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
