//! `topicscore backfill`: Mautic's whole history, into the journal.

use super::{Global, load, output, probe};
use crate::app::Instance;
use crate::intake::{Backfill, Progress, Signals};
use crate::lifecycle::interrupted;
use clap::Args;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use jiff::{Span, Timestamp, civil::Date, tz::TimeZone};
use serde::Serialize;
use std::{collections::BTreeMap, process::ExitCode, sync::Arc, time::Instant};
use tokio_util::sync::CancellationToken;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Only what happened since a date (2026-01-31), a moment (2026-01-31T08:00:00Z), or for so
    /// long before today (90d, 12 months)
    ///
    /// Contacts, merges and deletions are always read all. Without it everything is read. The
    /// same command again goes on where it was cut off; another --since begins anew.
    #[arg(long, value_name = "DATE|DURATION", value_parser = since)]
    since: Option<Since>,
}

/// Where to begin.
#[derive(Debug, Clone, Copy)]
enum Since {
    At(Timestamp),
    /// So long before the start of today in UTC: the same all day, so that it can be resumed.
    Before(Span),
}

fn since(text: &str) -> Result<Since, String> {
    let text = text.trim();
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(Since::At(at));
    }
    if let Ok(date) = text.parse::<Date>() {
        let start = date.to_zoned(TimeZone::UTC);
        return start
            .map(|start| Since::At(start.timestamp()))
            .map_err(|error| error.to_string());
    }
    let span: Span = text.parse().map_err(|_| {
        "write a date (2026-01-31), a moment (2026-01-31T08:00:00Z) or a duration (90d)".to_owned()
    })?;
    if span.is_negative() || span.is_zero() {
        return Err("the duration must be longer than nothing".to_owned());
    }
    Ok(Since::Before(span))
}

impl Since {
    fn at(self, now: Timestamp) -> anyhow::Result<Timestamp> {
        match self {
            Self::At(at) => Ok(at),
            Self::Before(span) => {
                let today = now.to_zoned(TimeZone::UTC).start_of_day()?;
                Ok(today.checked_sub(span)?.timestamp())
            }
        }
    }
}

#[derive(Debug, Serialize)]
struct Summary {
    /// Whether everything is read; if not, the same command goes on.
    complete: bool,
    since: Option<Timestamp>,
    /// Rows read of each table, earlier runs included.
    rows: BTreeMap<&'static str, u64>,
    activities: u64,
    contacts: u64,
    /// Whether the daemon runs, which scores what was read.
    daemon_running: bool,
    seconds: u64,
}

pub(super) async fn run(global: &Global, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let config = load::config(global, load::Lines::Few)?;
    let admin = config.admin.listen;
    let instance = load::open(config)?;
    load::ids_mean_the_same(&instance).await?;
    let now = instance.clock.now();
    let since = arguments.since.map(|since| since.at(now)).transpose()?;
    let began = Instant::now();
    let (complete, rows) = read(&instance, since).await?;
    // What was read may have shown that Mautic was restored.
    load::ids_mean_the_same(&instance).await?;
    let counts = instance.store.counts().await?;
    let summary = Summary {
        complete,
        since,
        rows,
        activities: counts.activities,
        contacts: counts.contacts,
        daemon_running: probe::daemon_runs(admin).await,
        seconds: began.elapsed().as_secs(),
    };
    if global.json {
        output::print_json(&summary)?;
    } else {
        output::print_text(&text(&summary))?;
    }
    Ok(if complete {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn read(
    instance: &Instance,
    since: Option<Timestamp>,
) -> anyhow::Result<(bool, BTreeMap<&'static str, u64>)> {
    let (store, mautic) = (
        Arc::clone(&instance.store),
        Arc::new(instance.client.clone()),
    );
    let backfill = Backfill::new(store, mautic, Signals::default(), since);
    let stop = CancellationToken::new();
    let (mut bars, mut rows) = (Bars::default(), BTreeMap::new());
    let told = |progress: Progress| {
        rows.insert(progress.part, progress.done);
        bars.show(progress);
    };
    let complete = {
        let reading = backfill.run(|| instance.clock.now(), &stop, told);
        tokio::pin!(reading);
        tokio::select! {
            complete = &mut reading => complete,
            () = interrupted() => {
                stop.cancel();
                reading.await
            }
        }
    };
    let complete = complete.map_err(|error| {
        output::advice(
            error,
            "what was read is kept; the same command goes on where it was",
        )
    })?;
    Ok((complete, rows))
}

fn text(summary: &Summary) -> String {
    let mut rows: Vec<_> = summary
        .rows
        .iter()
        .map(|(part, rows)| {
            vec![
                format!("  {part}"),
                rows.to_string(),
                "rows read".to_owned(),
            ]
        })
        .collect();
    rows.push(vec![
        "  journal".into(),
        summary.activities.to_string(),
        "activities".into(),
    ]);
    rows.push(vec![
        String::new(),
        summary.contacts.to_string(),
        "contacts".into(),
    ]);
    let outcome = if summary.complete {
        "everything is read"
    } else {
        "stopped before the end; what was read is kept, the same command goes on where it was"
    };
    let next = if summary.daemon_running {
        "the daemon is running: it scores what was read"
    } else {
        "the daemon is not running: `topicscore run` scores what was read"
    };
    format!(
        "{}\n{outcome} ({} s)\n{next}",
        output::table(&rows),
        summary.seconds
    )
}

/// One bar per table; nothing where stderr is no terminal.
#[derive(Debug, Default)]
struct Bars {
    all: MultiProgress,
    current: Option<(&'static str, ProgressBar)>,
}

impl Bars {
    fn show(&mut self, progress: Progress) {
        let same = self
            .current
            .as_ref()
            .filter(|(part, _)| *part == progress.part);
        let bar = if let Some((_, bar)) = same {
            bar.clone()
        } else {
            if let Some((_, former)) = self.current.take() {
                former.abandon();
            }
            let bar = self
                .all
                .add(ProgressBar::new(progress.total).with_style(style()));
            bar.set_message(progress.part);
            // What an earlier run read says nothing of how fast it goes now.
            bar.set_position(progress.done);
            bar.reset_eta();
            self.current = Some((progress.part, bar.clone()));
            bar
        };
        bar.set_length(progress.total);
        bar.set_position(progress.done);
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        if let Some((_, bar)) = self.current.take() {
            bar.abandon();
        }
    }
}

fn style() -> ProgressStyle {
    let template = "{msg:>20} {bar:30} {human_pos}/{human_len} {per_sec} about {eta} left";
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests may fail loudly")]
mod tests {
    use super::*;

    #[test]
    fn begins_at_a_date_a_moment_or_a_while_before_today() {
        let now: Timestamp = "2026-03-31T17:00:00Z".parse().unwrap();
        for (text, at) in [
            ("2026-01-31", "2026-01-31T00:00:00Z"),
            ("2026-01-31T08:00:00+01:00", "2026-01-31T07:00:00Z"),
            ("30d", "2026-03-01T00:00:00Z"),
            ("1 month", "2026-02-28T00:00:00Z"),
            ("36h", "2026-03-29T12:00:00Z"),
        ] {
            let since = since(text).unwrap().at(now).unwrap();
            assert_eq!(since.to_string(), at, "{text}");
        }
        for wrong in ["", "yesterday", "-3d", "0d", "90", "2026-02-30"] {
            assert!(since(wrong).is_err(), "{wrong}");
        }
    }
}
