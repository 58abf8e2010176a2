//! `topicscore explain`: why a contact has its points.

use super::{Global, load, output};
use crate::app::{Instance, kept_catalog};
use crate::domain::ContactId;
use crate::plan::{Compiled, Plan, compile};
use crate::scoring::{ExplainedContribution, Explanation, explain};
use anyhow::{Context, anyhow};
use clap::Args;
use jiff::Timestamp;
use serde::Serialize;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Mautic's contact id
    #[arg(value_name = "CONTACT")]
    contact: u32,
    /// Only this topic (its key in the plan)
    #[arg(long, value_name = "TOPIC")]
    topic: Option<String>,
}

#[derive(Debug, Serialize)]
struct Answer {
    asked_for: ContactId,
    /// The winner, if a merged-away id was asked for.
    contact: ContactId,
    at: Timestamp,
    plan: String,
    /// When time alone will next change a score.
    next_change: Option<Timestamp>,
    topics: Vec<Topic>,
}

#[derive(Debug, Serialize)]
struct Topic {
    #[serde(rename = "topic")]
    key: String,
    label: String,
    score: i32,
    raw: i64,
    cut: i64,
    band: Option<String>,
    contributions: Vec<ExplainedContribution>,
}

impl From<Explanation> for Topic {
    fn from(explanation: Explanation) -> Self {
        Self {
            key: explanation.topic.0,
            label: explanation.label,
            score: explanation.score,
            raw: explanation.raw,
            cut: explanation.cut,
            band: explanation.band,
            contributions: explanation.contributions,
        }
    }
}

pub(super) async fn run(global: &Global, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let config = load::config(global, load::Lines::Few)?;
    let instance = load::open_existing(config)?;
    let answer = read(&instance, &arguments).await?;
    if global.json {
        output::print_json(&answer)?;
    } else {
        output::print_text(&text(&answer))?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn read(instance: &Instance, arguments: &Arguments) -> anyhow::Result<Answer> {
    let plan = plan_in_force(instance).await?;
    let asked_for = ContactId(arguments.contact);
    let contact = instance.store.resolve(asked_for).await?.ok_or_else(|| {
        output::advice(
            format!("contact {asked_for} was deleted in Mautic"),
            "topicscore has erased everything it knew of the contact; there is nothing to explain",
        )
    })?;
    let snapshots = instance.store.snapshots(&[contact]).await?;
    let snapshot = snapshots.first().ok_or_else(|| {
        output::advice(
            format!("contact {asked_for} is not known here"),
            "compare the id with Mautic; `topicscore backfill` fetches contacts from before the start",
        )
    })?;
    let at = instance.clock.now();
    let explanations = explain(&plan, snapshot, at);
    Ok(Answer {
        asked_for,
        contact,
        at,
        next_change: explanations.first().and_then(|one| one.next_change),
        topics: wanted(explanations, arguments.topic.as_deref())?,
        plan: plan.version,
    })
}

/// The plan that the stored scores follow from; the file may say something else by now.
async fn plan_in_force(instance: &Instance) -> anyhow::Result<Compiled> {
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

fn wanted(explanations: Vec<Explanation>, topic: Option<&str>) -> anyhow::Result<Vec<Topic>> {
    let known: Vec<String> = explanations.iter().map(|one| one.topic.0.clone()).collect();
    let mut topics: Vec<_> = explanations.into_iter().map(Topic::from).collect();
    if let Some(topic) = topic {
        topics.retain(|one| one.key == topic);
        if topics.is_empty() {
            return Err(output::advice(
                format!("the plan has no topic `{topic}`"),
                format!("its topics are: {}", known.join(", ")),
            ));
        }
    }
    Ok(topics)
}

fn text(answer: &Answer) -> String {
    let mut parts = Vec::new();
    if answer.contact == answer.asked_for {
        parts.push(format!("contact {}, plan {}", answer.contact, answer.plan));
    } else {
        parts.push(format!(
            "contact {} was merged into contact {}; this is contact {1}, plan {}",
            answer.asked_for, answer.contact, answer.plan
        ));
    }
    parts.extend(answer.topics.iter().map(topic_text));
    parts.push(match answer.next_change {
        Some(at) => format!("time alone will next change a score at {at:.0}"),
        None => "time alone will change no score".to_owned(),
    });
    parts.join("\n\n")
}

fn topic_text(topic: &Topic) -> String {
    let band = topic
        .band
        .as_ref()
        .map_or(String::new(), |band| format!(", {band}"));
    let head = format!(
        "{} ({}): {} points{band}",
        topic.label, topic.key, topic.score
    );
    if topic.contributions.is_empty() && topic.cut == 0 {
        return format!("{head}\n  nothing pays into it");
    }
    let mut rows = vec![
        ["  points", "since", "age", "rule", "why"]
            .map(str::to_owned)
            .to_vec(),
    ];
    rows.extend(topic.contributions.iter().map(row));
    if topic.cut != 0 {
        let why = if topic.cut > 0 {
            "raised to the floor"
        } else {
            "cut at the ceiling"
        };
        let row = [
            format!("{:+}", topic.cut),
            String::new(),
            String::new(),
            String::new(),
        ];
        rows.push(row.into_iter().chain([why.to_owned()]).collect());
    }
    format!("{head}\n{}", output::table(&rows))
}

fn row(part: &ExplainedContribution) -> Vec<String> {
    vec![
        format!("{:+}", part.points),
        part.since
            .map_or("always".to_owned(), |since| format!("{since:.0}")),
        part.age_days
            .map_or(String::new(), |days| format!("{days} d")),
        part.name.clone(),
        part.because.clone(),
    ]
}
