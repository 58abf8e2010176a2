//! `topicscore reconcile`: what Mautic holds beside what it should hold, now. Works beside a
//! running daemon: both use the store, and only the daemon writes to Mautic.

use super::explain::plan_in_force;
use super::{Global, load, output, probe};
use crate::app::{Instance, kept_catalog, passing_client};
use crate::config::WriteMode;
use crate::domain::{ContactId, Target};
use crate::lifecycle::interrupted;
use crate::plan::Catalog;
use crate::store::Reading;
use crate::wake::Bells;
use crate::writeback::sweep::{
    By, Kept, Looked, Looker, Pass, ScoreSource, keep_state, kept_state,
};
use anyhow::bail;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use std::{collections::BTreeSet, process::ExitCode};

/// Contacts looked at together.
const PAGE: usize = 100;
/// Requests at the same time; the budget bounds them.
const SIDE_BY_SIDE: usize = 4;
/// With `--dry-run`: something differs.
const DIFFERS: u8 = 3;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Mautic's contact ids; without any, all contacts are looked at
    #[arg(value_name = "CONTACT")]
    contacts: Vec<u32>,
    /// Change nothing, not even in the store; exit with 3 if something differs
    #[arg(long)]
    dry_run: bool,
}

/// What was found.
#[derive(Debug, Serialize)]
struct Summary {
    dry_run: bool,
    /// Contacts looked at.
    contacts: u64,
    /// How group scores were read.
    by: By,
    /// Whether all contacts that were to be looked at were.
    complete: bool,
    differences: Vec<Difference>,
    /// Ids that Mautic does not know any more.
    gone: Vec<ContactId>,
    /// Contacts that could not be read, and why.
    unread: Vec<(ContactId, String)>,
    /// Values that Mautic had refused and that are tried again.
    unparked: u64,
    mode: &'static str,
    daemon_running: bool,
}

/// A value that is not as it should be.
#[derive(Debug, Serialize)]
struct Difference {
    contact: ContactId,
    target: Target,
    /// The target for people.
    name: String,
    /// Points; of a segment 1 for a member.
    found: i32,
    wanted: i32,
    /// What becomes of it.
    next: Next,
}

/// What becomes of a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Next {
    /// It is set to the wanted value.
    Set,
    /// The difference is added.
    Add,
    /// It is being written at this moment.
    UnderWay,
    /// The plan's topic reports points of others and leaves them.
    Reported,
    /// Nothing is written in `observe`.
    Observed,
}

impl Next {
    fn of(reading: &Reading, kept: &Kept, mode: WriteMode) -> Self {
        if reading.busy {
            Self::UnderWay
        } else if kept.reported.contains(&reading.target) {
            Self::Reported
        } else if mode == WriteMode::Observe {
            Self::Observed
        } else if reading.way.adds() {
            Self::Add
        } else {
            Self::Set
        }
    }

    fn words(self, target: Target, found: i32, wanted: i32) -> String {
        match self {
            Self::Set if is_segment(target) && wanted == 0 => "taken out".to_owned(),
            Self::Set if is_segment(target) => "put in".to_owned(),
            Self::Set => format!("set to {wanted}"),
            Self::Add => format!("{:+} added", i64::from(wanted) - i64::from(found)),
            Self::UnderWay => "being written now".to_owned(),
            Self::Reported => "left until somebody decides (foreign = \"report\")".to_owned(),
            Self::Observed => "nothing: write.mode is \"observe\"".to_owned(),
        }
    }
}

pub(super) async fn run(global: &Global, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let config = load::config(global, load::Lines::Few)?;
    let admin = config.admin.listen;
    let instance = load::open_existing(config)?;
    load::ids_mean_the_same(&instance).await?;
    let kept = Kept::with_segments(&plan_in_force(&instance).await?);
    let asked = asked(&instance, &arguments.contacts).await?;
    let looker = looker(&instance, arguments.dry_run)?;
    let mut round = Round::begin(&instance, looker, kept, asked).await?;
    let complete = tokio::select! {
        done = round.all(&instance) => { done?; true }
        () = interrupted() => false,
    };
    round.bar.finish_and_clear();
    let unparked = if arguments.dry_run {
        0
    } else {
        round.end(&instance, complete).await?
    };
    let catalog = kept_catalog(&instance.store).await?.unwrap_or_default();
    let mode = instance.config.write.mode;
    let summary = Summary {
        dry_run: arguments.dry_run,
        contacts: round.pass.contacts,
        by: round.pass.by,
        complete,
        differences: round.differences(&catalog, mode),
        gone: round.found.gone,
        unread: round.found.unread,
        unparked,
        mode: mode_name(mode),
        daemon_running: probe::daemon_runs(admin).await,
    };
    if global.json {
        output::print_json(&summary)?;
    } else {
        output::print_text(&text(&summary))?;
    }
    Ok(code(&summary))
}

/// The contacts that were named, each by the id that it has now.
async fn asked(
    instance: &Instance,
    contacts: &[u32],
) -> anyhow::Result<Option<BTreeSet<ContactId>>> {
    if contacts.is_empty() {
        return Ok(None);
    }
    let mut asked = BTreeSet::new();
    for id in contacts {
        let store = &instance.store;
        let Some(now) = store.resolve(ContactId(*id)).await? else {
            bail!("contact {id} was erased: nothing is known of it, and nothing is written");
        };
        if store.contact_overview(now).await?.is_none() {
            return Err(output::advice(
                format!("contact {id} is not known here"),
                "`topicscore backfill` reads all contacts",
            ));
        }
        asked.insert(now);
    }
    Ok(Some(asked))
}

fn looker(instance: &Instance, dry_run: bool) -> anyhow::Result<Looker> {
    let looker = Looker {
        side_by_side: SIDE_BY_SIDE,
        ..instance.looker(&Bells::default())
    };
    if !dry_run {
        return Ok(looker);
    }
    // One that does not even keep its login.
    let client = passing_client(&instance.config, &instance.clock)?;
    Ok(Looker {
        client,
        tells: false,
        ..looker
    })
}

/// A look at all contacts, or at some.
struct Round {
    looker: Looker,
    kept: Kept,
    asked: Option<BTreeSet<ContactId>>,
    source: ScoreSource,
    pass: Pass,
    found: Looked,
    bar: ProgressBar,
}

impl Round {
    async fn begin(
        instance: &Instance,
        looker: Looker,
        kept: Kept,
        asked: Option<BTreeSet<ContactId>>,
    ) -> anyhow::Result<Self> {
        let source = match &asked {
            None => ScoreSource::choose(&looker, &kept).await,
            Some(_) => ScoreSource::contacts(),
        };
        let total = match &asked {
            None => instance.store.counts().await?.contacts,
            Some(asked) => asked.len() as u64,
        };
        Ok(Self {
            pass: Pass {
                began: instance.clock.now(),
                total,
                by: source.by(),
                ..Pass::default()
            },
            bar: ProgressBar::new(total).with_style(style()),
            found: Looked::default(),
            looker,
            kept,
            asked,
            source,
        })
    }

    async fn all(&mut self, instance: &Instance) -> anyhow::Result<()> {
        loop {
            let ids = self.next_ids(instance).await?;
            let Some(last) = ids.last().copied() else {
                return Ok(());
            };
            let looked = self.source.look(&self.looker, &ids, &self.kept).await;
            let looked = looked.map_err(|error| {
                output::advice(
                    error,
                    "nothing is lost; the same command begins anew, `topicscore check` says more",
                )
            })?;
            self.pass.take(&looked, ids.len() as u64);
            self.pass.after = Some(last);
            self.pass.by = self.source.by();
            self.bar.set_position(self.pass.contacts);
            let differing = looked.readings.into_iter().filter(Reading::differs);
            self.found.readings.extend(differing);
            self.found.gone.extend(looked.gone);
            self.found.unread.extend(looked.unread);
        }
    }

    async fn next_ids(&self, instance: &Instance) -> anyhow::Result<Vec<ContactId>> {
        let after = self.pass.after;
        Ok(match &self.asked {
            None => instance.store.contact_ids(after, PAGE).await?,
            Some(asked) => {
                let later = asked.iter().filter(|id| Some(**id) > after);
                later.take(PAGE).copied().collect()
            }
        })
    }

    /// Has refused values tried again, and notes a whole pass. Returns how many are tried again.
    async fn end(&self, instance: &Instance, complete: bool) -> anyhow::Result<u64> {
        let store = &instance.store;
        if let Some(asked) = &self.asked {
            let asked: Vec<_> = asked.iter().copied().collect();
            return Ok(store.unpark_intents_of(&asked).await?);
        }
        if complete {
            let mut state = kept_state(store).await?;
            state.last = Some(Pass {
                ended: Some(instance.clock.now()),
                ..self.pass.clone()
            });
            keep_state(store, &state).await?;
        }
        Ok(store.unpark_intents().await?)
    }

    fn differences(&self, catalog: &Catalog, mode: WriteMode) -> Vec<Difference> {
        let difference = |one: &Reading| Difference {
            contact: one.contact,
            target: one.target,
            name: name(one.target, catalog),
            found: one.found,
            wanted: one.wanted,
            next: Next::of(one, &self.kept, mode),
        };
        self.found.readings.iter().map(difference).collect()
    }
}

fn name(target: Target, catalog: &Catalog) -> String {
    match target {
        Target::Group(group) => match catalog.group_name(group) {
            Some(name) => format!("group {group} \"{name}\""),
            None => format!("group {group}"),
        },
        Target::Segment(segment) => match catalog.segment_name(segment) {
            Some(name) => format!("segment {segment} \"{name}\""),
            None => format!("segment {segment}"),
        },
        Target::Points => "main points".to_owned(),
    }
}

const fn is_segment(target: Target) -> bool {
    matches!(target, Target::Segment(_))
}

/// A value for people.
fn held(target: Target, value: i32) -> String {
    match (target, value) {
        (Target::Segment(_), 0) => "out".to_owned(),
        (Target::Segment(_), _) => "in".to_owned(),
        (Target::Group(_) | Target::Points, score) => score.to_string(),
    }
}

const fn mode_name(mode: WriteMode) -> &'static str {
    match mode {
        WriteMode::Observe => "observe",
        WriteMode::Live => "live",
    }
}

fn code(summary: &Summary) -> ExitCode {
    if !summary.complete || !summary.unread.is_empty() {
        ExitCode::FAILURE
    } else if summary.dry_run && !summary.differences.is_empty() {
        ExitCode::from(DIFFERS)
    } else {
        ExitCode::SUCCESS
    }
}

fn text(summary: &Summary) -> String {
    let mut parts = Vec::new();
    if !summary.differences.is_empty() {
        let titles = [
            "contact",
            "target",
            "Mautic holds",
            "should hold",
            "what happens",
        ];
        let mut rows = vec![titles.map(str::to_owned).to_vec()];
        rows.extend(summary.differences.iter().map(|one| {
            vec![
                one.contact.to_string(),
                one.name.clone(),
                held(one.target, one.found),
                held(one.target, one.wanted),
                one.next.words(one.target, one.found, one.wanted),
            ]
        }));
        parts.push(output::table(&rows));
    }
    for (contact, why) in &summary.unread {
        parts.push(format!("contact {contact} could not be read: {why}"));
    }
    parts.push(count(summary));
    parts.extend(next(summary));
    parts.join("\n")
}

fn count(summary: &Summary) -> String {
    let by = match summary.by {
        By::Contact => "",
        By::Report => " (group scores by report)",
    };
    let looked_at = output::number(usize::try_from(summary.contacts).unwrap_or(0), "contact");
    let stopped = if summary.complete {
        ""
    } else {
        "; stopped before the end"
    };
    let differ = match summary.differences.len() {
        0 => "nothing differs".to_owned(),
        1 => "1 value differs".to_owned(),
        many => format!("{many} values differ"),
    };
    let gone = match summary.gone.len() {
        0 => String::new(),
        some => format!(", {some} gone from Mautic"),
    };
    format!("{looked_at} looked at{by}: {differ}{gone}{stopped}")
}

/// What becomes of it all.
fn next(summary: &Summary) -> Vec<String> {
    let mut lines = Vec::new();
    if summary.unparked > 0 {
        let unparked = usize::try_from(summary.unparked).unwrap_or(usize::MAX);
        lines.push(format!(
            "tried again: {} that Mautic had refused",
            output::number(unparked, "value")
        ));
    }
    let written = |one: &Difference| matches!(one.next, Next::Set | Next::Add);
    let writes = summary.differences.iter().any(written) || summary.unparked > 0;
    if summary.dry_run {
        lines.push("nothing was changed (--dry-run)".to_owned());
    } else if writes && summary.daemon_running {
        lines.push("the daemon is running: it writes them now".to_owned());
    } else if writes {
        lines.push("the daemon is not running: `topicscore run` writes them".to_owned());
    }
    lines
}

fn style() -> ProgressStyle {
    let template = "{bar:30} {human_pos}/{human_len} contacts, about {eta} left";
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{GroupId, SegmentId, Way};

    #[test]
    fn what_becomes_of_a_difference() {
        let target = Target::Group(GroupId(3));
        let reading = Reading {
            contact: ContactId(1),
            target,
            way: Way::Set,
            found: 7,
            wanted: 5,
            observed: Some(5),
            pending: false,
            busy: false,
        };
        let adding = Reading {
            way: Way::Add,
            ..reading
        };
        let busy = Reading {
            busy: true,
            ..reading
        };
        let stranger = Reading {
            target: Target::Segment(SegmentId(3)),
            found: 1,
            wanted: 0,
            ..reading
        };
        let missing = Reading {
            found: 0,
            wanted: 1,
            ..stranger
        };
        let (all, left) = (
            Kept::default(),
            Kept {
                reported: [target].into(),
                ..Kept::default()
            },
        );
        let table = [
            (reading, &all, WriteMode::Live, "set to 5"),
            (adding, &all, WriteMode::Live, "-2 added"),
            (busy, &left, WriteMode::Observe, "being written now"),
            (stranger, &all, WriteMode::Live, "taken out"),
            (missing, &left, WriteMode::Live, "put in"),
            (
                reading,
                &left,
                WriteMode::Live,
                "left until somebody decides (foreign = \"report\")",
            ),
            (
                adding,
                &all,
                WriteMode::Observe,
                "nothing: write.mode is \"observe\"",
            ),
        ];
        for (reading, kept, mode, words) in table {
            let next = Next::of(&reading, kept, mode);
            assert_eq!(
                next.words(reading.target, reading.found, reading.wanted),
                words
            );
        }
    }
}
