//! Reads a recorded scenario.

use anyhow::{Context, bail, ensure};
use jiff::{SignedDuration, Timestamp};
use mautic_fixtures::recordings::Scenario;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::{collections::BTreeMap, fs, path::Path};
use topicscore::{
    domain::SegmentId,
    intake::decode::{Row, Table},
    mautic::wire::{Contact, Page, StatsPage, naive_utc},
};

use super::deliveries::Recorded;

/// Every table that is polled.
pub(crate) const TABLES: [Table; 12] = [
    Table::PageHits,
    Table::EmailStats,
    Table::EmailStatsDevices,
    Table::FormSubmissions,
    Table::AssetDownloads,
    Table::PointsLog,
    Table::SegmentMembers,
    Table::AuditLog,
    Table::StagesLog,
    Table::CampaignMembers,
    Table::VideoHits,
    Table::Messages,
];

/// Tables that older recordings lack: as if they were empty.
const MAY_LACK: [Table; 4] = [
    Table::StagesLog,
    Table::CampaignMembers,
    Table::VideoHits,
    Table::Messages,
];

/// A recorded scenario, read.
#[derive(Debug)]
pub(crate) struct Recording {
    pub(crate) name: String,
    pub(crate) deliveries: Vec<Recorded>,
    pub(crate) tables: BTreeMap<Table, Vec<Row>>,
    pub(crate) contacts: BTreeMap<u32, Contact>,
    pub(crate) segments: Vec<SegmentId>,
    /// Tables whose rows the recorder changed behind Mautic's back.
    pub(crate) altered: Vec<Table>,
    /// A moment two hours after the last thing that happened.
    pub(crate) after: Timestamp,
}

impl Recording {
    /// The files of a folder, only those that are needed.
    pub(crate) fn read(folder: &Path) -> anyhow::Result<Self> {
        let name = folder.file_name().unwrap_or(folder.as_os_str());
        let name = name.to_string_lossy().into_owned();
        let files = Self::files(folder)?;
        Self::parse(&Scenario { name, files })
            .with_context(|| format!("{} is no recorded scenario", folder.display()))
    }

    /// The texts of a folder by their paths, only those that are needed.
    pub(crate) fn files(folder: &Path) -> anyhow::Result<BTreeMap<String, String>> {
        let mut files = BTreeMap::new();
        ensure!(
            folder.is_dir(),
            "{} is no folder: give the folder of a recorded scenario, with deliveries.jsonl, \
             contacts.json and stats/ in it",
            folder.display()
        );
        let (tables, needed) = (TABLES.into_iter(), ["deliveries.jsonl", "contacts.json"]);
        let tables = tables.map(|table| (rows_of(table), MAY_LACK.contains(&table)));
        let needed = needed.map(|path| (path.to_owned(), false));
        for (path, may_lack) in needed.into_iter().chain(tables) {
            let file = folder.join(&path);
            if may_lack && !file.exists() {
                continue;
            }
            let text = fs::read_to_string(&file).with_context(|| {
                format!(
                    "{} can't be read, but a recorded scenario has it",
                    file.display()
                )
            })?;
            files.insert(path, text);
        }
        for path in ["setup.json", "timeline.jsonl"] {
            let found = fs::read_to_string(folder.join(path)).ok();
            files.extend(found.map(|text| (path.to_owned(), text)));
        }
        Ok(files)
    }

    pub(crate) fn parse(scenario: &Scenario) -> anyhow::Result<Self> {
        let deliveries = deliveries(scenario)?;
        let mut tables = BTreeMap::new();
        for table in TABLES {
            tables.insert(table, rows(scenario, table)?);
        }
        let contacts = contacts(&scenario.json("contacts.json").context("contacts.json")?)?;
        let last = deliveries.iter().map(|told| told.received_at);
        let last = last.chain(tables.iter().filter_map(|(table, rows)| {
            let dates = rows.iter().filter_map(|row| row.get(table.date_column()));
            dates.filter_map(|date| naive_utc(date)).max()
        }));
        let Some(last) = last.max() else {
            bail!("nothing happened in it: no delivery and no row with a date");
        };
        Ok(Self {
            name: scenario.name.clone(),
            segments: segments(scenario, &tables[&Table::SegmentMembers])?,
            altered: altered(scenario)?,
            after: last.saturating_add(SignedDuration::from_hours(2))?,
            deliveries,
            tables,
            contacts,
        })
    }
}

fn deliveries(scenario: &Scenario) -> anyhow::Result<Vec<Recorded>> {
    let path = "deliveries.jsonl";
    let lines = scenario.lines(path).context(path)?;
    let read = |(index, line)| {
        Recorded::deserialize::<Value>(line)
            .with_context(|| format!("{path}, line {} is no delivery", index + 1))
    };
    lines.into_iter().enumerate().map(read).collect()
}

fn rows_of(table: Table) -> String {
    format!("stats/{}.json", table.name())
}

/// Through the same reader as Mautic's answers.
fn rows(scenario: &Scenario, table: Table) -> anyhow::Result<Vec<Row>> {
    let path = rows_of(table);
    if MAY_LACK.contains(&table) && !scenario.files.contains_key(&path) {
        return Ok(Vec::new());
    }
    let rows = scenario.json(&path).with_context(|| path.clone())?;
    let mut rows = StatsPage::read(json!({ "stats": rows }))
        .with_context(|| format!("{path} is no list of rows"))?
        .rows;
    rows.sort_by_key(|row| number(row, "id"));
    Ok(rows)
}

fn contacts(all: &Value) -> anyhow::Result<BTreeMap<u32, Contact>> {
    let page = Page::<Contact>::read(json!({ "contacts": all }), "contacts");
    let page = page.map_err(anyhow::Error::msg).context("contacts.json")?;
    let with_id = |contact: Contact| {
        let id = contact.id.context("contacts.json: a contact has no id")?;
        Ok((id.0, contact))
    };
    page.items.into_iter().map(with_id).collect()
}

fn segments(scenario: &Scenario, members: &[Row]) -> anyhow::Result<Vec<SegmentId>> {
    let setup = if scenario.files.contains_key("setup.json") {
        scenario.json("setup.json").context("setup.json")?
    } else {
        Value::Null
    };
    let listed = setup["segments"].as_array().into_iter().flatten();
    let listed = listed.filter_map(|segment| segment["id"].as_u64());
    let found = members.iter().map(|row| number(row, "leadlist_id"));
    let ids = listed.chain(found).filter_map(|id| u32::try_from(id).ok());
    let mut ids: Vec<_> = ids.map(SegmentId).collect();
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

/// The recorder says so in its timeline.
fn altered(scenario: &Scenario) -> anyhow::Result<Vec<Table>> {
    if !scenario.files.contains_key("timeline.jsonl") {
        return Ok(Vec::new());
    }
    let lines = scenario.lines("timeline.jsonl").context("timeline.jsonl")?;
    let steps = lines.iter().filter_map(|line| line["did"].as_str());
    let by_hand = steps.filter_map(|did| did.strip_prefix("SQL outside of Mautic: update "));
    let changed: Vec<_> = by_hand.filter_map(|sql| sql.split(' ').next()).collect();
    let is_changed = |table: &Table| changed.contains(&table.name());
    Ok(TABLES.into_iter().filter(is_changed).collect())
}

pub(crate) fn number(row: &Row, column: &str) -> u64 {
    let number = row.get(column).and_then(|text| text.parse().ok());
    number.unwrap_or(0)
}

/// A header's value, in whatever case its name was recorded.
pub(crate) fn header<'h>(headers: &'h Map<String, Value>, name: &str) -> Option<&'h str> {
    let found = headers
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name));
    found?.1.as_str()
}
