//! A Mautic in memory that answers what the pollers ask.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failing test may panic"
)]

use super::{
    decode::{Row, Table},
    reader::{Reader, Rows, Which},
};
use crate::{
    domain::ContactId,
    mautic::{
        Call, ContactAnswer, ContactsQuery, Error, Lost,
        wire::{Contact, Page, StatsPage, naive_utc},
    },
};
use serde_json::json;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
};

/// A Mautic in memory.
#[derive(Debug, Default)]
pub(crate) struct FakeMautic {
    pub(crate) tables: Mutex<BTreeMap<&'static str, Vec<Row>>>,
    pub(crate) contacts: Mutex<BTreeMap<u32, Contact>>,
    pub(crate) merged: Mutex<BTreeMap<u32, u32>>,
    /// A table (or "contacts") that can't be read.
    pub(crate) broken: Mutex<Option<&'static str>>,
    /// Contacts that can't be read on their own.
    pub(crate) unreadable: Mutex<BTreeSet<u32>>,
    /// Rows that Mautic counts but does not hand out.
    pub(crate) withheld: Mutex<u64>,
    /// How far its clock is ahead, in seconds.
    pub(crate) ahead: std::sync::atomic::AtomicI64,
    /// What was asked.
    pub(crate) asked: Mutex<Vec<String>>,
}

pub(crate) fn row(columns: &[(&str, &str)]) -> Row {
    let text = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    columns.iter().map(text).collect()
}

impl FakeMautic {
    pub(crate) fn add(&self, table: Table, rows: impl IntoIterator<Item = Row>) {
        let mut tables = self.tables.lock().unwrap();
        let table = tables.entry(table.name()).or_default();
        table.extend(rows);
        table.sort_by_key(|row| row.get("id").map_or(0, |id| id.parse::<u64>().unwrap()));
    }

    pub(crate) fn add_contact(&self, id: u32, modified: Option<&str>) {
        let contact =
            json!({"id": id, "points": id, "tags": [], "fields": [], "dateModified": modified});
        let contact = serde_json::from_value(contact).unwrap();
        self.contacts.lock().unwrap().insert(id, contact);
    }

    pub(crate) fn break_down(&self, what: Option<&'static str>) {
        *self.broken.lock().unwrap() = what;
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }

    fn ask(&self, what: &'static str, how: String) -> Result<(), Error> {
        self.asked.lock().unwrap().push(how);
        if *self.broken.lock().unwrap() == Some(what) {
            return Err(no_answer());
        }
        Ok(())
    }
}

fn no_answer() -> Error {
    Error::Transport {
        call: Call {
            method: "GET",
            path: "/api/…",
        },
        lost: Lost::TimedOut,
        detail: "30 s".to_owned(),
    }
}

fn number(row: &Row, column: &str) -> u64 {
    row[column].parse().unwrap()
}

fn matches(which: &Which, row: &Row, date: &str) -> bool {
    match which {
        Which::After(id) => number(row, "id") > *id,
        Which::FirstSince(since) => naive_utc(&row[date]).unwrap() >= *since,
        Which::Newest => true,
        Which::Ids(ids) => ids.contains(&number(row, "id")),
        Which::Since { column, since, .. } => {
            let found = row.get(*column).and_then(|text| naive_utc(text));
            found.is_some_and(|at| at >= *since)
        }
        Which::Members { segment, after } => {
            number(row, "leadlist_id") == u64::from(segment.0)
                && number(row, "lead_id") > u64::from(*after)
        }
    }
}

#[async_trait::async_trait]
impl Reader for FakeMautic {
    async fn rows(&self, rows: &Rows) -> Result<StatsPage, Error> {
        let name = rows.table.name();
        self.ask(name, format!("{name} {:?}", rows.which))?;
        let tables = self.tables.lock().unwrap();
        let all = tables.get(name).map(Vec::as_slice).unwrap_or_default();
        let date = rows.table.date_column();
        let found = all.iter().filter(|row| matches(&rows.which, row, date));
        let mut found: Vec<_> = found.cloned().collect();
        let total = found.len() as u64 + *self.withheld.lock().unwrap();
        match &rows.which {
            Which::Newest => found.reverse(),
            Which::Since { column, skip, .. } => {
                found.sort_by_key(|row| row[*column].clone());
                found.drain(..(*skip as usize).min(found.len()));
            }
            Which::Members { .. } => found.sort_by_key(|row| number(row, "lead_id")),
            _ => {}
        }
        found.truncate(rows.limit as usize);
        Ok(StatsPage { total, rows: found })
    }

    async fn contacts(&self, query: &ContactsQuery) -> Result<Page<Contact>, Error> {
        let after = query.after.map_or(0, |id| id.0);
        self.ask("contacts", format!("contacts after {after}"))?;
        let contacts = self.contacts.lock().unwrap();
        let found = contacts.range(after + 1..).map(|(_, contact)| contact);
        let edited = |contact: &&Contact| match query.modified_since {
            Some(since) => contact.modified_at.is_some_and(|at| at >= since),
            None => true,
        };
        let found: Vec<_> = found.filter(edited).cloned().collect();
        let total = found.len() as u64;
        let items = found.into_iter().take(query.limit as usize).collect();
        Ok(Page { total, items })
    }

    async fn contact(&self, id: ContactId) -> Result<ContactAnswer, Error> {
        self.ask("contact", format!("contact {id}"))?;
        if self.unreadable.lock().unwrap().contains(&id.0) {
            return Err(no_answer());
        }
        let contacts = self.contacts.lock().unwrap();
        if let Some(contact) = contacts.get(&id.0) {
            return Ok(ContactAnswer::Found(Box::new(contact.clone())));
        }
        let merged = self.merged.lock().unwrap();
        let winner = merged.get(&id.0).and_then(|winner| contacts.get(winner));
        Ok(winner.map_or(ContactAnswer::Gone, |winner| {
            ContactAnswer::Merged(Box::new(winner.clone()))
        }))
    }
    fn there(&self, here: jiff::Timestamp) -> jiff::Timestamp {
        let ahead = self.ahead.load(std::sync::atomic::Ordering::Relaxed);
        here + jiff::SignedDuration::from_secs(ahead)
    }
}
