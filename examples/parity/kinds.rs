//! Of which kind a difference is, with what shows it.

use super::replay::Sources;
use mautic_fixtures::recordings::Scenario;
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use topicscore::scoring::OfAction;

/// Why outside knowledge does not suffice (SEMANTICS 10, by its numbers).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// 1: an action was another one when it paid.
    Configuration,
    /// 2 and 3: main points changed without a log row, or with one that has no sign.
    Unlogged,
    /// 4: a form changed a group score, which nothing tells.
    NoGroupEvent,
    /// 5: a merge dropped the loser's group scores, or nobody can tell which rows were his.
    Merged,
    /// 6: rows were moved when a browser changed from one person to another.
    Moved,
    /// 7: an email of a deleted contact was opened, which pays somebody else.
    DeletedOpened,
    /// 8: a trigger made Mautic process a hit twice.
    ProcessedTwice,
    /// The recorder changed rows behind Mautic's back: webhooks and tables tell other times.
    Altered,
    /// Webhooks alone tell nothing of it: downloads, times of leaving, the API, campaigns, forms.
    NotByWebhooks,
    /// None of them.
    Unexplained,
}

impl Kind {
    const fn words(self) -> &'static str {
        match self {
            Self::Configuration => "the action was another one when it paid",
            Self::Unlogged => "main points changed without a log row, or with one without a sign",
            Self::NoGroupEvent => "a form changed the group score, and nothing tells",
            Self::Merged => {
                "a merge: Mautic dropped group scores, or tells not whose rows they were"
            }
            Self::Moved => "rows were moved when a browser changed its owner",
            Self::DeletedOpened => "an email of a deleted contact was opened",
            Self::ProcessedTwice => "a trigger made Mautic process a hit twice",
            Self::Altered => "rows were changed behind Mautic's back while this was recorded",
            Self::NotByWebhooks => "webhooks tell nothing of it",
            Self::Unexplained => "not explained",
        }
    }
}

/// A row of the recorded points log.
struct Logged {
    contact: u32,
    group: Option<u32>,
    kind: String,
    event: String,
    action: String,
    delta: i64,
}

/// What the recording tells besides the numbers.
#[allow(
    clippy::struct_excessive_bools,
    reason = "each says that something happened in the recording"
)]
pub(crate) struct Told {
    log: Vec<Logged>,
    /// Points of the actions at the end, and whether they were changed after they were made.
    actions: BTreeMap<u32, (i64, bool)>,
    merged: BTreeSet<u32>,
    moved: BTreeSet<u32>,
    deleted: bool,
    triggers: bool,
    altered: bool,
    webhooks_only: bool,
}

impl Told {
    pub(crate) fn read(scenario: &Scenario, source: Sources) -> Self {
        let json = |path: &str| scenario.json(path).unwrap_or_default();
        let setup = json("setup.json");
        let audit = json("stats/audit_log.json");
        let about_leads = rows(&audit).filter(|row| row["object"] == "lead");
        let (mut merged, mut deleted) = (BTreeSet::new(), false);
        for row in about_leads {
            match row["action"].as_str() {
                Some("merge") => {
                    merged.extend(number(&row["object_id"]));
                    merged.extend(winner(row));
                }
                Some("delete") => deleted = true,
                _ => {}
            }
        }
        let timeline = scenario.files.get("timeline.jsonl");
        Self {
            log: log(&json("stats/lead_points_change_log.json")),
            actions: actions(&setup),
            merged,
            moved: moved(scenario),
            deleted,
            triggers: rows(&setup["triggers"]).next().is_some(),
            altered: timeline.is_some_and(|text| text.contains("SQL outside of Mautic: update")),
            webhooks_only: source == Sources::Webhooks,
        }
    }

    /// The kind of a difference; each part of it must be of one.
    pub(crate) fn kind_of(
        &self,
        contact: u32,
        group: Option<u32>,
        mautic: i64,
        actions: &[OfAction],
    ) -> (Kind, String) {
        let mine = || {
            self.log
                .iter()
                .filter(|row| (row.contact, row.group) == (contact, group))
        };
        let mut found = BTreeSet::new();
        for (event, logged, computed) in self.by_action(contact, group, actions) {
            if logged != computed {
                found.insert(self.of_action(contact, event, logged, computed));
            }
        }
        let sum: i64 = mine().map(|row| row.delta).sum();
        if sum != mautic {
            found.insert(self.of_sum(contact, group));
        }
        let worst = found.iter().next_back().copied();
        let kind = match worst {
            Some(Kind::Unexplained) | None => Kind::Unexplained,
            Some(_) => *found.iter().next().unwrap_or(&Kind::Unexplained),
        };
        let words: Vec<_> = found.iter().map(|kind| kind.words()).collect();
        (kind, words.join("; "))
    }

    /// What was logged and computed, by action.
    fn by_action<'t>(
        &'t self,
        contact: u32,
        group: Option<u32>,
        differing: &'t [OfAction],
    ) -> Vec<(&'t str, i64, i64)> {
        let mut logged: BTreeMap<&str, i64> = BTreeMap::new();
        for row in self
            .log
            .iter()
            .filter(|row| (row.contact, row.group) == (contact, group))
        {
            *logged.entry(&row.event).or_default() += row.delta;
        }
        for one in differing {
            logged.entry(&one.action).or_default();
        }
        let computed = |event: &str, logged: i64| {
            let found = differing.iter().find(|one| one.action == event);
            // Without a ledger to compare with, what is not listed was not computed.
            let else_ = if self.webhooks_only { 0 } else { logged };
            found.map_or(else_, |one| one.computed)
        };
        logged
            .into_iter()
            .map(|(event, sum)| (event, sum, computed(event, sum)))
            .collect()
    }

    fn of_action(&self, contact: u32, event: &str, logged: i64, computed: i64) -> Kind {
        let mut rows = self.log.iter().filter(|row| row.event == event);
        let by_action = rows.clone().find(|row| is_action(row));
        let id = event
            .split_once(": ")
            .and_then(|(id, _)| id.parse::<u32>().ok());
        let Some(action) = by_action else {
            // No action ever logged it for anybody, or it was the API, a campaign, a form.
            return match rows.next() {
                Some(_) if self.webhooks_only => Kind::NotByWebhooks,
                Some(_) => Kind::Unlogged,
                None => self.of_contact(contact),
            };
        };
        if id.is_none_or(|id| self.was_other(id)) {
            return Kind::Configuration;
        }
        if self.altered && action.kind == "url" {
            return Kind::Altered;
        }
        if self.webhooks_only && (action.kind == "asset" || logged > computed) {
            return Kind::NotByWebhooks;
        }
        if self.deleted && action.action == "open" && logged > computed {
            return Kind::DeletedOpened;
        }
        if self.triggers && logged > computed {
            return Kind::ProcessedTwice;
        }
        self.of_contact(contact)
    }

    /// What happened to the contact that moves rows about.
    fn of_contact(&self, contact: u32) -> Kind {
        if self.merged.contains(&contact) {
            Kind::Merged
        } else if self.moved.contains(&contact) {
            Kind::Moved
        } else {
            Kind::Unexplained
        }
    }

    /// Why Mautic's total is not the sum of its own log (SEMANTICS 9).
    fn of_sum(&self, contact: u32, group: Option<u32>) -> Kind {
        let Some(_) = group else {
            return Kind::Unlogged;
        };
        let mut mine = self.log.iter().filter(|row| row.contact == contact);
        if self.merged.contains(&contact) {
            Kind::Merged
        } else if mine.any(|row| row.kind == "form" && row.delta == 0) {
            Kind::NoGroupEvent
        } else if self.triggers {
            Kind::ProcessedTwice
        } else {
            Kind::Unexplained
        }
    }

    /// Its rows carry other points than it gives now, or it was changed, or is gone.
    fn was_other(&self, id: u32) -> bool {
        let Some((points, changed)) = self.actions.get(&id) else {
            return true;
        };
        let name = format!("{id}: ");
        let mut rows = self
            .log
            .iter()
            .filter(|row| is_action(row) && row.event.starts_with(&name));
        *changed || rows.any(|row| row.delta != *points)
    }
}

fn is_action(row: &Logged) -> bool {
    let halves = ["hit", "open", "send", "submit", "download"];
    halves.contains(&row.action.as_str()) && row.kind != "API"
}

fn rows(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn number(value: &Value) -> Option<u32> {
    match value {
        Value::String(text) => text.parse().ok(),
        value => value.as_u64().and_then(|number| u32::try_from(number).ok()),
    }
}

fn log(table: &Value) -> Vec<Logged> {
    let text = |row: &Value, column: &str| row[column].as_str().unwrap_or_default().to_owned();
    let read = |row: &Value| {
        Some(Logged {
            contact: number(&row["lead_id"])?,
            group: number(&row["group_id"]),
            kind: text(row, "type"),
            event: text(row, "event_name"),
            action: text(row, "action_name"),
            delta: row["delta"].as_str()?.parse().ok()?,
        })
    };
    rows(table).filter_map(read).collect()
}

/// An action is edited once right after it was made (its properties come second: FACTS 50).
fn actions(setup: &Value) -> BTreeMap<u32, (i64, bool)> {
    let date = |value: &Value| {
        value
            .as_str()
            .and_then(|text| text.parse::<jiff::Timestamp>().ok())
    };
    let read = |action: &Value| {
        let added = date(&action["dateAdded"]);
        let edited = date(&action["dateModified"]).zip(added);
        let later = edited.is_some_and(|(edited, added)| {
            let seconds = edited.duration_since(added).as_secs();
            // A whole day: the recorder made the action older than it is.
            seconds > 0 && seconds % 86_400 != 0
        });
        Some((number(&action["id"])?, (action["delta"].as_i64()?, later)))
    };
    rows(&setup["points"]).filter_map(read).collect()
}

/// Contacts whose hits another contact has now, and those who have them.
fn moved(scenario: &Scenario) -> BTreeSet<u32> {
    let table = scenario.json("stats/page_hits.json").unwrap_or_default();
    let now: BTreeMap<u32, u32> = rows(&table)
        .filter_map(|row| Some((number(&row["id"])?, number(&row["lead_id"])?)))
        .collect();
    let deliveries = scenario.lines("deliveries.jsonl").unwrap_or_default();
    let bodies = deliveries
        .iter()
        .filter_map(|told| serde_json::from_str::<Value>(told["body_raw"].as_str()?).ok());
    let mut moved = BTreeSet::new();
    for body in bodies {
        for told in rows(&body["mautic.page_on_hit"]) {
            let hit = &told["hit"];
            let then = number(&hit["lead"]["id"]);
            let now = number(&hit["id"]).and_then(|id| now.get(&id).copied());
            if then.is_some() && now.is_some() && then != now {
                moved.extend(then);
                moved.extend(now);
            }
        }
    }
    moved
}

/// PHP's `serialize()`: `a:1:{s:11:"merged_into";i:3;}`.
fn winner(row: &Value) -> Option<u32> {
    let (_, rest) = row["details"].as_str()?.split_once("\"merged_into\";")?;
    let digits: Vec<&str> = rest.split(|c: char| !c.is_ascii_digit()).collect();
    let numbers: Vec<&str> = digits
        .into_iter()
        .filter(|digits| !digits.is_empty())
        .collect();
    let place = usize::from(rest.starts_with('s'));
    numbers.get(place)?.parse().ok()
}
