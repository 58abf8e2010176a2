//! The scenarios of the recordings done again: what visitors and administrators did is done to a stand-in at the
//! recorded times, and points, group scores, tags and segments are compared with what the real Mautic made of it.

mod admin;
mod visitors;

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use jiff::Timestamp;
use reqwest::Client;
use reqwest::redirect::Policy;
use serde_json::{Map, Value, json};

use crate::php::cast;
use crate::recordings::Scenario;
use crate::state::State;
use crate::{ClockKind, Options, QueueMode, StandIn};

/// The site URL of the recorded Mautic.
const SITE: &str = "http://127.0.0.1:8088";

/// What came of doing a scenario again.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// Moments compared.
    pub checks: usize,
    /// What differs: moment, contact, expected, got.
    pub differences: Vec<String>,
    /// What cannot be done again from outside: changes made by SQL.
    pub impossible: Vec<String>,
}

/// A scenario on its way.
struct Reenactment {
    setup: Value,
    mautic: StandIn,
    client: Client,
    jars: BTreeMap<String, BTreeMap<String, String>>,
    /// Recorded tracking hash to ours, with email and contact.
    mails: BTreeMap<String, Mail>,
    /// Where the last click of somebody led.
    locations: BTreeMap<String, String>,
    /// Recorded id of a redirect to its number.
    redirects: BTreeMap<String, u64>,
    /// Events of triggers as they were before they ran, by id.
    trigger_events: BTreeMap<u64, Value>,
    verdict: Verdict,
}

/// An email somebody got.
#[derive(Clone)]
struct Mail {
    hash: String,
    email: u64,
    contact: u64,
}

/// Does a scenario again.
///
/// # Errors
/// When its files cannot be read, or the stand-in does not answer.
pub async fn reenact(scenario: &Scenario) -> Result<Verdict> {
    let timeline = scenario.lines("timeline.jsonl")?;
    let mut reenactment = start(scenario, &timeline).await?;
    for line in &timeline {
        reenactment
            .line(line)
            .await
            .with_context(|| line.to_string())?;
    }
    let expected = scenario.json("expected.json")?;
    reenactment.compare("end", &expected["contacts"]).await;
    reenactment.mautic.stop().await;
    Ok(reenactment.verdict)
}

async fn start(scenario: &Scenario, timeline: &[Value]) -> Result<Reenactment> {
    let begin = timeline.first().map(at).transpose()?.unwrap_or_default();
    let queued = timeline.iter().any(|line| line["mode"] == "command");
    let options = Options {
        site_url: Some(SITE.to_owned()),
        clock: ClockKind::Manual(begin),
        queue_mode: if queued {
            QueueMode::Command
        } else {
            QueueMode::Immediate
        },
        ..Options::default()
    };
    let stats = scenario
        .json("stats/page_redirects.json")
        .unwrap_or_default();
    let rows = stats
        .get("stats")
        .unwrap_or(&stats)
        .as_array()
        .cloned()
        .unwrap_or_default();
    let redirects = rows
        .iter()
        .map(|row| (text(row, "redirect_id"), number(row, "id")))
        .collect();
    let triggers = timeline
        .iter()
        .find(|line| line["did"] == "triggers at start")
        .map(|line| &line["triggers"]);
    let events = triggers
        .map(values)
        .unwrap_or_default()
        .into_iter()
        .flat_map(|trigger| values(&trigger["events"]));
    Ok(Reenactment {
        setup: scenario.json("setup.json")?,
        mautic: StandIn::start(options).await?,
        client: Client::builder().redirect(Policy::none()).build()?,
        jars: BTreeMap::new(),
        mails: BTreeMap::new(),
        locations: BTreeMap::new(),
        redirects,
        trigger_events: events
            .map(|event| (number(event, "id"), event.clone()))
            .collect(),
        verdict: Verdict::default(),
    })
}

impl Reenactment {
    async fn line(&mut self, line: &Value) -> Result<()> {
        self.mautic.clock().set(at(line)?);
        let did = text(line, "did");
        if did.starts_with("points now") || did.starts_with("state ") {
            self.compare(&format!("{} {did}", text(line, "at")), &line["state"])
                .await;
            return Ok(());
        }
        if did.starts_with("SQL outside of Mautic") {
            self.verdict.impossible.push(did);
            return Ok(());
        }
        if did.starts_with("mautic:") {
            self.mautic.run_command(&did).await;
            return Ok(());
        }
        if self.by_visitor(line, &did).await? {
            return Ok(());
        }
        self.by_admin(line, &did).await
    }

    /// Compares all contacts with the recorded ones; what a recorded contact does not tell is not compared.
    async fn compare(&mut self, moment: &str, expected: &Value) {
        self.verdict.checks += 1;
        let got = self.mautic.with_state(contacts).await;
        let empty = Map::new();
        let expected = expected.as_object().unwrap_or(&empty);
        for id in got.keys().filter(|id| !expected.contains_key(*id)) {
            self.verdict
                .differences
                .push(format!("{moment}: contact {id} should not exist"));
        }
        for (id, contact) in expected {
            for (aspect, value) in contact.as_object().into_iter().flatten() {
                let Some(ours) = got
                    .get(id)
                    .map_or(Some(&Value::Null), |contact| contact.get(aspect))
                else {
                    continue;
                };
                if sorted(ours) != sorted(value) {
                    let difference =
                        format!("{moment}: contact {id} {aspect}: expected {value}, got {ours}");
                    self.verdict.differences.push(difference);
                }
            }
        }
    }
}

/// Points, group scores, tags and segments of all contacts.
fn contacts(state: &State) -> BTreeMap<String, Value> {
    let describe = |contact: &crate::state::Contact| {
        let groups: Map<String, Value> = state
            .group_scores
            .of_contact(contact.id)
            .into_iter()
            .map(|(group, score)| (group.to_string(), json!(score)))
            .collect();
        let tags: Vec<&String> = contact
            .tags
            .iter()
            .filter_map(|tag| state.tags.get(*tag))
            .map(|tag| &tag.tag)
            .collect();
        let segments: Vec<u64> = state
            .segments
            .rows_of_contact(contact.id)
            .filter(|(_, row)| !row.manually_removed)
            .map(|(segment, _)| segment)
            .collect();
        json!({"points": contact.points, "groups": groups, "tags": tags, "segments": segments})
    };
    state
        .contacts
        .values()
        .map(|contact| (contact.id.to_string(), describe(contact)))
        .collect()
}

fn sorted(value: &Value) -> Value {
    let Value::Array(items) = value else {
        return value.clone();
    };
    let mut items = items.clone();
    items.sort_by_key(Value::to_string);
    Value::Array(items)
}

fn at(line: &Value) -> Result<Timestamp> {
    Ok(text(line, "at").parse()?)
}

fn text(object: &Value, key: &str) -> String {
    object.get(key).map(cast::text).unwrap_or_default()
}

fn number(object: &Value, key: &str) -> u64 {
    object.get(key).map_or(0, cast::int).unsigned_abs()
}

/// The members of a list or of an object keyed by id.
fn values(collection: &Value) -> Vec<&Value> {
    match collection {
        Value::Array(items) => items.iter().collect(),
        Value::Object(items) => items.values().collect(),
        _ => Vec::new(),
    }
}
