//! A Mautic that stands still at the end of a recording and answers what is polled.

use super::recording::{Recording, number};
use jiff::Timestamp;
use std::sync::Arc;
use topicscore::{
    domain::ContactId,
    intake::{
        Reader, Rows, Which,
        decode::{Row, Table},
    },
    mautic::{
        ContactAnswer, ContactsQuery, Error,
        wire::{Contact, Page, StatsPage, naive_utc},
    },
};

/// Answers from a recording.
#[derive(Debug)]
pub(crate) struct RecordedMautic(pub(crate) Arc<Recording>);

#[async_trait::async_trait]
impl Reader for RecordedMautic {
    async fn rows(&self, asked: &Rows) -> Result<StatsPage, Error> {
        let all = self.0.tables.get(&asked.table).into_iter().flatten();
        let mut found: Vec<_> = all.filter(|row| is_asked(asked, row)).collect();
        match &asked.which {
            Which::Newest => found.reverse(),
            Which::Since { column, .. } => found.sort_by_key(|row| row.get(*column)),
            Which::Members { .. } => found.sort_by_key(|row| number(row, "lead_id")),
            _ => {}
        }
        let skip = match asked.which {
            Which::Since { skip, .. } => skip as usize,
            _ => 0,
        };
        let (total, limit) = (found.len() as u64, asked.limit as usize);
        let rows = found.into_iter().skip(skip).take(limit).cloned().collect();
        Ok(StatsPage { total, rows })
    }

    async fn contacts(&self, query: &ContactsQuery) -> Result<Page<Contact>, Error> {
        let after = query.after.map_or(0, |id| id.0);
        let later = self
            .0
            .contacts
            .range(after + 1..)
            .map(|(_, contact)| contact);
        let since = |at: Option<Timestamp>, least| at.is_some_and(|at| at >= least);
        let found: Vec<_> = later
            .filter(|contact| {
                let edited = query
                    .modified_since
                    .map(|least| since(contact.modified_at, least));
                edited != Some(false)
            })
            .collect();
        let (total, limit) = (found.len() as u64, query.limit as usize);
        let items = found.into_iter().take(limit).cloned().collect();
        Ok(Page { total, items })
    }

    /// Mautic answers for a merged-away id with the winner, and forgets that with the winner
    /// (FACTS 93).
    async fn contact(&self, id: ContactId) -> Result<ContactAnswer, Error> {
        let mut last = id.0;
        while let Some(winner) = self.winner(last) {
            last = winner;
        }
        let Some(contact) = self.0.contacts.get(&last) else {
            return Ok(ContactAnswer::Gone);
        };
        let contact = Box::new(contact.clone());
        Ok(if last == id.0 {
            ContactAnswer::Found(contact)
        } else {
            ContactAnswer::Merged(contact)
        })
    }
    fn there(&self, here: Timestamp) -> Timestamp {
        here
    }
}

impl RecordedMautic {
    fn winner(&self, loser: u32) -> Option<u32> {
        let audit = self.0.tables.get(&Table::AuditLog)?.iter();
        let mut merges =
            audit.filter(|row| is(row, "object", "lead") && is(row, "action", "merge"));
        let merge = merges.find(|row| number(row, "object_id") == u64::from(loser))?;
        // PHP's serialize(): a:1:{s:11:"merged_into";i:3;}
        let (_, rest) = merge.get("details")?.split_once("\"merged_into\";")?;
        let digits = rest.split(|c: char| !c.is_ascii_digit());
        let mut numbers = digits.filter(|digits| !digits.is_empty());
        if rest.starts_with('s') {
            numbers.next();
        }
        numbers.next()?.parse().ok()
    }
}

fn is(row: &Row, column: &str, value: &str) -> bool {
    row.get(column).is_some_and(|found| found == value)
}

fn is_asked(asked: &Rows, row: &Row) -> bool {
    let date = |column: &str| row.get(column).and_then(|text| naive_utc(text));
    let of_contacts =
        is(row, "object", "lead") && (is(row, "action", "merge") || is(row, "action", "delete"));
    if asked.table == Table::AuditLog && !of_contacts {
        return false;
    }
    match &asked.which {
        Which::After(id) => number(row, "id") > *id,
        Which::FirstSince(since) => date(asked.table.date_column()).is_some_and(|at| at >= *since),
        Which::Newest => true,
        Which::Ids(ids) => ids.contains(&number(row, "id")),
        Which::Since { column, since, .. } => date(column).is_some_and(|at| at >= *since),
        Which::Members { segment, after } => {
            number(row, "leadlist_id") == u64::from(segment.0)
                && number(row, "lead_id") > u64::from(*after)
        }
    }
}
