//! One scenario: recording in, plan from Mautic's configuration, numbers out.

use super::kinds::{Kind, Told};
use super::replay::{Recording, Sources, Way, filled};
use anyhow::{Context, anyhow};
use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use mautic_fixtures::recordings::Scenario;
use serde::Serialize;
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc};
use topicscore::{
    app::import::{action, paid_by_gone, trigger},
    domain::{ContactId, GroupId, Snapshot},
    mautic::wire,
    plan::{
        ActionGroup, Behaviour, Catalog, Compiled, ImportOptions, MauticPoints, Named, Plan,
        Writes, compile, import,
    },
    scoring::{OfAction, by_action, evaluate, logged},
    store::{Admin, Scores},
};

/// What came of all scenarios.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    pub(crate) scenarios: usize,
    pub(crate) scenarios_equal: usize,
    pub(crate) contacts: usize,
    pub(crate) contacts_equal: usize,
    /// Every number that is not Mautic's.
    pub(crate) differences: Vec<Difference>,
    /// Differences of no kind that outside knowledge must fail at.
    pub(crate) unexplained: usize,
    pub(crate) source: &'static str,
    pub(crate) by_scenario: Vec<Outcome>,
}

impl Report {
    pub(crate) const fn is_explained(&self) -> bool {
        self.unexplained == 0
    }
}

/// What came of one.
#[derive(Debug, Serialize)]
pub(crate) struct Outcome {
    pub(crate) scenario: String,
    pub(crate) equal: bool,
    pub(crate) contacts: usize,
    pub(crate) contacts_equal: usize,
    #[serde(skip)]
    pub(crate) differences: Vec<Difference>,
}

/// One number that is not Mautic's.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Difference {
    pub(crate) scenario: String,
    pub(crate) contact: u32,
    /// `points`, or `group 3`.
    pub(crate) of: String,
    pub(crate) mautic: i64,
    pub(crate) computed: i64,
    /// The sum of Mautic's own log, or what it told of main points last.
    pub(crate) observed: Option<i64>,
    /// Where computed and logged points differ, by action.
    pub(crate) actions: Vec<OfAction>,
    pub(crate) kind: Kind,
    pub(crate) why: String,
}

/// Scenarios checked at once.
const AT_ONCE: usize = 2;

pub(crate) async fn check_all(scenarios: Vec<Scenario>, source: Sources) -> anyhow::Result<Report> {
    let each = scenarios
        .into_iter()
        .map(|scenario| check(scenario, source));
    let outcomes: Vec<Outcome> = stream::iter(each).buffered(AT_ONCE).try_collect().await?;
    let mut report = Report {
        source: match source {
            Sources::Polls => "polls",
            Sources::Webhooks => "webhooks",
            Sources::Both => "both",
        },
        scenarios: outcomes.len(),
        ..Report::default()
    };
    for outcome in &outcomes {
        report.scenarios_equal += usize::from(outcome.equal);
        report.contacts += outcome.contacts;
        report.contacts_equal += outcome.contacts_equal;
        report
            .differences
            .extend(outcome.differences.iter().cloned());
        let unexplained = outcome
            .differences
            .iter()
            .filter(|one| one.kind == Kind::Unexplained);
        report.unexplained += unexplained.count();
    }
    report.by_scenario = outcomes;
    Ok(report)
}

async fn check(scenario: Scenario, source: Sources) -> anyhow::Result<Outcome> {
    let name = scenario.name.clone();
    let checked = compared(&scenario, source).await;
    checked.with_context(|| format!("{name} could not be checked"))
}

async fn compared(scenario: &Scenario, source: Sources) -> anyhow::Result<Outcome> {
    let recording = Arc::new(Recording::parse(scenario)?);
    let way = match source {
        Sources::Polls => Way::Polls,
        Sources::Webhooks => Way::Webhooks,
        Sources::Both => Way::WebhooksThenPolls,
    };
    let folder = tempfile::tempdir()?;
    let store = filled(&recording, way, &recording.deliveries, folder.path()).await?;
    let known = store.contact_ids(None, usize::MAX >> 1).await?;
    let snapshots = store.snapshots(&known).await?;
    let mut seen = BTreeMap::new();
    for contact in &known {
        let overview = store.contact_overview(*contact).await?;
        let points = overview.and_then(|overview| overview.observed_points);
        seen.extend(points.map(|points| (*contact, points)));
    }
    store.close().await;
    let plan = plan(scenario, &snapshots, recording.after)?;
    let by_id: BTreeMap<_, _> = snapshots.iter().map(|one| (one.contact, one)).collect();
    let expected = scenario.json("expected.json").context("expected.json")?;
    let expected = expected["contacts"]
        .as_object()
        .context("expected.json names no contacts")?;
    let told = Told::read(scenario, source);
    let mut outcome = Outcome {
        scenario: scenario.name.clone(),
        equal: true,
        contacts: 0,
        contacts_equal: 0,
        differences: Vec::new(),
    };
    for (id, numbers) in expected {
        let id = ContactId(
            id.parse()
                .context("expected.json: a contact's id is no number")?,
        );
        let snapshot = by_id.get(&id).copied();
        let found = compare(
            &plan,
            id,
            snapshot,
            numbers,
            seen.get(&id).copied(),
            &told,
            recording.after,
        );
        outcome.contacts += 1;
        outcome.contacts_equal += usize::from(found.is_empty());
        outcome
            .differences
            .extend(found.into_iter().map(|one| Difference {
                scenario: scenario.name.clone(),
                ..one
            }));
    }
    outcome.equal = outcome.differences.is_empty();
    Ok(outcome)
}

/// The plan that `plan import` writes from this configuration, read back and bound.
fn plan(scenario: &Scenario, snapshots: &[Snapshot], now: Timestamp) -> anyhow::Result<Compiled> {
    let setup = scenario.json("setup.json").context("setup.json")?;
    let catalog = catalog(&setup);
    let mut mautic = MauticPoints::default();
    for json in list(&setup, "points") {
        let read: wire::PointAction = serde_json::from_value(json.clone())?;
        let group = group_of(&setup["group_of_point_action"], read.id.0);
        mautic.actions.push(action(group, read));
    }
    for json in list(&setup, "triggers") {
        let read: wire::Trigger = serde_json::from_value(json.clone())?;
        let group = group_of(&setup["group_of_trigger"], read.id.0);
        mautic.triggers.push(trigger(group, read));
    }
    let ledger = snapshots
        .iter()
        .flat_map(|one| &one.ledger)
        .map(|row| &row.row);
    mautic.paid = paid_by_gone(&mautic.actions, ledger);
    let options = ImportOptions {
        time_zone: "UTC".to_owned(),
        behaviour: Some(Behaviour::Mautic),
        triggers: false,
        now,
    };
    let text = import(&mautic, &catalog, &options).text;
    let (plan, _) = Plan::parse("imported plan", &text)
        .map_err(|findings| anyhow!("the imported plan can't be read:\n{findings}\n{text}"))?;
    compile(&plan, &catalog)
        .map_err(|findings| anyhow!("the imported plan does not bind:\n{findings}"))
}

fn catalog(setup: &Value) -> Catalog {
    let named = |key: &str| -> Vec<Named> {
        let items = list(setup, key).filter_map(|json| {
            let id = u32::try_from(json["id"].as_u64()?).ok()?;
            let name = json["name"].as_str().or(json["title"].as_str())?;
            Some(Named {
                id,
                name: name.to_owned(),
            })
        });
        items.collect()
    };
    Catalog {
        groups: named("point_groups"),
        segments: named("segments"),
        emails: named("emails"),
        pages: named("pages"),
        forms: named("forms"),
        assets: named("assets"),
        stages: named("stages"),
        campaigns: named("campaigns"),
        page_variants: page_variants(list(setup, "pages")),
        ..Catalog::default()
    }
}

fn group_of(groups: &Value, id: u32) -> ActionGroup {
    match &groups[id.to_string()] {
        Value::Null if groups.get(id.to_string()).is_none() => ActionGroup::Missing,
        group => ActionGroup::Known {
            group: group
                .as_u64()
                .and_then(|id| u32::try_from(id).ok())
                .map(GroupId),
        },
    }
}

fn page_variants<'s>(pages: impl Iterator<Item = &'s Value>) -> BTreeMap<u32, u32> {
    let mut variants = BTreeMap::new();
    for page in pages {
        for child in page["variantChildren"].as_array().into_iter().flatten() {
            let id = |json: &Value| json["id"].as_u64().and_then(|id| u32::try_from(id).ok());
            if let (Some(child), Some(parent)) = (id(child), id(page)) {
                variants.insert(child, parent);
            }
        }
    }
    variants
}

fn list<'s>(setup: &'s Value, key: &str) -> impl Iterator<Item = &'s Value> {
    setup[key].as_array().into_iter().flatten()
}

fn compare(
    plan: &Compiled,
    id: ContactId,
    snapshot: Option<&Snapshot>,
    expected: &Value,
    seen: Option<i64>,
    told: &Told,
    now: Timestamp,
) -> Vec<Difference> {
    let nobody = Snapshot::of(id);
    let snapshot = snapshot.unwrap_or(&nobody);
    let evaluation = evaluate(plan, snapshot, now);
    let mut found = Vec::new();
    let mut check = |of: String, mautic: i64, topic: Option<usize>, group: Option<u32>| {
        let evaluated = topic.map(|index| &evaluation.topics[index]);
        let computed = evaluated.map_or(0, |topic| i64::from(topic.score));
        if computed == mautic {
            return;
        }
        let parts = evaluated.map_or(&[][..], |topic| &topic.contributions);
        let owner = group.map(GroupId);
        let actions = by_action(plan, snapshot, parts, owner);
        let logged: i64 = logged(snapshot, owner).map(|row| row.row.delta).sum();
        let observed = if group.is_none() { seen } else { Some(logged) };
        let (kind, why) = told.kind_of(id.0, group, mautic, &actions);
        found.push(Difference {
            scenario: String::new(),
            contact: id.0,
            of,
            mautic,
            computed,
            observed,
            actions,
            kind,
            why,
        });
    };
    let at = |writes: Writes<GroupId>| plan.topics.iter().position(|topic| topic.writes == writes);
    let points = expected["points"].as_i64().unwrap_or(0);
    check("points".to_owned(), points, at(Writes::MainPoints), None);
    for group in &plan.names.groups {
        let score = expected["groups"][group.id.to_string()]
            .as_i64()
            .unwrap_or(0);
        let topic = at(Writes::Group(GroupId(group.id)));
        check(format!("group {}", group.id), score, topic, Some(group.id));
    }
    found
}
