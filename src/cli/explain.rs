//! `topicscore explain`: why a contact has its points.

use super::{Global, load, output};
use crate::app::{Instance, kept_catalog};
use crate::config::WriteMode;
use crate::domain::ContactId;
use crate::people::{Explained, Question, TopicExplained, explain, moment};
use crate::plan::{Compiled, Plan, compile};
use crate::scoring::{Difference, ExplainedContribution, Explanation};
use anyhow::{Context, anyhow};
use clap::Args;
use jiff::tz::TimeZone;
use std::process::ExitCode;

/// Passed-over activities shown of a topic; `--json` has more.
const PASSED_OVER: usize = 10;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Mautic's contact id
    #[arg(value_name = "CONTACT")]
    contact: u32,
    /// Only this topic (its key in the plan)
    #[arg(long, value_name = "TOPIC")]
    topic: Option<String>,
    /// Another moment than now, past or to come
    ///
    /// A date (its beginning), a local time in the plan's time zone, or a moment with its offset:
    /// 2026-01-31, 2026-01-31T08:00, 2026-01-31T08:00:00Z.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
}

pub(super) async fn run(global: &Global, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let config = load::config(global, load::Lines::Few)?;
    let observes = config.write.mode == WriteMode::Observe;
    let instance = load::open_existing(config)?;
    let plan = plan_in_force(&instance).await?;
    let zone = &plan.ticks.zone;
    let at = arguments.at.as_deref().map(|text| moment(text, zone));
    let question = Question {
        contact: ContactId(arguments.contact),
        topic: arguments.topic.as_deref(),
        at: at.transpose().map_err(output::refused)?,
        now: instance.clock.now(),
        observes,
    };
    let answer = explain(&instance.store, &plan, question).await;
    let answer = answer.map_err(output::refused)?;
    if global.json {
        output::print_json(&answer)?;
    } else {
        output::print_text(&text(&answer, zone))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The plan that the stored scores follow from; the file may say something else by now.
pub(super) async fn plan_in_force(instance: &Instance) -> anyhow::Result<Compiled> {
    let record = instance.store.active_plan().await?;
    let catalog = kept_catalog(&instance.store).await?;
    let (Some(record), Some(catalog)) = (record, catalog) else {
        return Err(output::advice(
            "no plan was ever in force here",
            "`topicscore run` puts the plan in force",
        ));
    };
    let name = format!("plan {}", record.version);
    let (plan, _) = Plan::parse(&name, &record.text)
        .map_err(|findings| anyhow!("{findings}"))
        .context("the stored plan can't be read")?;
    compile(&plan, &catalog)
        .map_err(|findings| anyhow!("{findings}"))
        .context("the stored plan does not fit Mautic any more")
}

fn text(answer: &Explained, zone: &TimeZone) -> String {
    let mut parts = vec![head(answer, zone)];
    let topics = answer.topics.iter();
    parts.extend(topics.map(|topic| topic_text(topic, zone)));
    parts.push(match answer.next_change {
        Some(at) => {
            let at = output::local(at, zone);
            format!("time alone will next change something at {at}")
        }
        None => "nothing will change by time alone".to_owned(),
    });
    parts.join("\n\n")
}

fn head(answer: &Explained, zone: &TimeZone) -> String {
    let Explained {
        asked_for,
        contact,
        plan,
        ..
    } = answer;
    let head = if contact == asked_for {
        format!("contact {contact}, plan {plan}")
    } else {
        format!(
            "contact {asked_for} was merged into contact {contact}; this is contact {contact}, \
             plan {plan}"
        )
    };
    let note = answer.note.map_or(String::new(), |note| {
        let at = output::local(answer.at, zone);
        format!("\nas of {at}; note: {note}")
    });
    format!("{head}{note}")
}

fn topic_text(topic: &TopicExplained, zone: &TimeZone) -> String {
    let of = &topic.explanation;
    let band = of.band.as_ref();
    let band = band.map_or(String::new(), |band| format!(", {band}"));
    let mut lines = vec![format!(
        "{} ({}): {} points{band}",
        of.label, of.topic, of.score
    )];
    lines.push(contributions(of, zone));
    lines.extend(passed_over(of, zone));
    let withheld = of.withheld.iter();
    lines.extend(withheld.map(|why| format!("  not written: {why}")));
    lines.extend(topic.difference.iter().flat_map(difference));
    if let Some(next) = &of.next {
        let (at, score) = (output::local(next.at, zone), next.score);
        let because = match next.because.as_slice() {
            [] => String::new(),
            causes => format!(" because {}", causes.join("; ")),
        };
        lines.push(format!("  next: {at} -> {score}{because}"));
    }
    lines.join("\n")
}

fn contributions(of: &Explanation, zone: &TimeZone) -> String {
    let rounded = of.rounding.0 != 0;
    if of.contributions.is_empty() && of.cut == 0 && !rounded {
        return "  nothing pays into it".to_owned();
    }
    let titles = ["  points", "earned", "since", "age", "fades", "rule", "why"];
    let mut rows = vec![titles.map(str::to_owned).to_vec()];
    let parts = of.contributions.iter();
    rows.extend(parts.map(|part| row(part, zone)));
    if rounded {
        rows.push(line(of.rounding.signed(), "rounded to whole points"));
    }
    if of.cut != 0 {
        let raised = of.cut > 0;
        let why = if raised {
            "raised to the floor"
        } else {
            "cut at the ceiling"
        };
        rows.push(line(format!("{:+}", of.cut), why));
    }
    output::table(&rows)
}

fn row(part: &ExplainedContribution, zone: &TimeZone) -> Vec<String> {
    let until = part
        .until
        .map(|at| format!("until {}", output::local(at, zone)));
    let fades = part.fades.clone().into_iter().chain(until);
    vec![
        part.points.signed(),
        part.earned.signed(),
        part.since
            .map_or("always".to_owned(), |since| output::local(since, zone)),
        part.age_days
            .map_or(String::new(), |days| format!("{days} d")),
        fades.collect::<Vec<_>>().join(", "),
        part.name.clone(),
        part.because.clone(),
    ]
}

/// A line that is no contribution: points and why.
fn line(points: String, why: &str) -> Vec<String> {
    let mut row = vec![points];
    row.resize(6, String::new());
    row.push(why.to_owned());
    row
}

fn passed_over(of: &Explanation, zone: &TimeZone) -> Vec<String> {
    if of.ignored.is_empty() {
        return Vec::new();
    }
    let mut lines = vec!["  passed over:".to_owned()];
    let shown = of.ignored.iter().take(PASSED_OVER);
    lines.extend(shown.map(|one| {
        let at = output::local(one.at, zone);
        format!("    {at}  {}: {} ({})", one.activity, one.why, one.name)
    }));
    let more = of.ignored.len().saturating_sub(PASSED_OVER) + of.ignored_more;
    if more > 0 {
        lines.push(format!("    and {more} more"));
    }
    lines
}

fn difference(of: &Difference) -> Vec<String> {
    let more = of.observed.saturating_sub(of.computed);
    let than = if more > 0 { "more" } else { "fewer" };
    let by = more.unsigned_abs();
    let mut lines = vec![format!("  Mautic itself has {}, {by} {than}:", of.observed)];
    lines.extend(of.words().into_iter().map(|why| format!("    {why}")));
    lines
}
