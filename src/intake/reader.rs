//! What the pollers ask of Mautic.

use super::decode::Table;
use crate::{
    domain::{ContactId, SegmentId},
    mautic::{
        Client, ContactAnswer, ContactsQuery, Error, Filter, Priority, StatsQuery, Test,
        wire::{Contact, Page, StatsPage},
    },
};
use jiff::Timestamp;

/// Which rows of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rows {
    /// The table.
    pub table: Table,
    /// Which of its rows, and in which order.
    pub which: Which,
    /// Most rows to answer.
    pub limit: u32,
}

/// A way through a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// Ids above this one, by id; of the audit log only merges and deletions of contacts.
    After(u64),
    /// The first row made at or after a moment.
    FirstSince(Timestamp),
    /// The newest row.
    Newest,
    /// These ids.
    Ids(Vec<u64>),
    /// Rows with a date at or after a moment, by that date; leaves out `skip` rows.
    Since {
        /// The date's column.
        column: &'static str,
        /// The moment.
        since: Timestamp,
        /// Rows of that order already read.
        skip: u32,
    },
    /// Members of a segment above a contact, by contact.
    Members {
        /// The segment.
        segment: SegmentId,
        /// Contacts above this one.
        after: u32,
    },
}

impl Rows {
    /// The question as the client puts it.
    #[must_use]
    pub fn query(&self) -> StatsQuery {
        let (table, limit) = (self.table.name(), self.limit);
        let query = match &self.which {
            Which::After(id) => StatsQuery::after(table, *id, limit),
            Which::FirstSince(since) => {
                let column = self.table.date_column();
                StatsQuery::by(table, "id", limit).and(Filter::at(column, Test::Gte, *since))
            }
            Which::Newest => StatsQuery::by(table, "id", limit).descending(),
            Which::Ids(ids) => {
                StatsQuery::by(table, "id", limit).and(Filter::one_of("id", ids.iter()))
            }
            Which::Since {
                column,
                since,
                skip,
            } => {
                let query = StatsQuery::since(table, column, *since, limit).start(*skip);
                let keys = self.table.key_columns().iter();
                keys.fold(query, |query, key| query.then_by(key))
            }
            Which::Members { segment, after } => StatsQuery::by(table, "lead_id", limit)
                .and(Filter::new("leadlist_id", Test::Eq, segment))
                .and(Filter::new("lead_id", Test::Gt, after)),
        };
        match self.table {
            Table::AuditLog => query
                .and(Filter::new("object", Test::Eq, "lead"))
                .and(Filter::new("action", Test::In, "merge,delete")),
            _ => query,
        }
    }
}

/// Reads Mautic.
#[async_trait::async_trait]
pub trait Reader: Send + Sync + std::fmt::Debug {
    /// Rows of a table.
    async fn rows(&self, rows: &Rows) -> Result<StatsPage, Error>;
    /// A page of contacts.
    async fn contacts(&self, query: &ContactsQuery) -> Result<Page<Contact>, Error>;
    /// What Mautic knows of a contact's id.
    async fn contact(&self, id: ContactId) -> Result<ContactAnswer, Error>;
    /// What Mautic's clock shows when ours shows `here`: what it tells of is dated by it.
    fn there(&self, here: Timestamp) -> Timestamp;
}

#[async_trait::async_trait]
impl Reader for Client {
    async fn rows(&self, rows: &Rows) -> Result<StatsPage, Error> {
        self.stats(&rows.query(), Priority::Bulk).await
    }
    async fn contacts(&self, query: &ContactsQuery) -> Result<Page<Contact>, Error> {
        Self::contacts(self, query, Priority::Bulk).await
    }
    async fn contact(&self, id: ContactId) -> Result<ContactAnswer, Error> {
        Self::contact(self, id, Priority::Urgent).await
    }
    fn there(&self, here: Timestamp) -> Timestamp {
        Self::there(self, here)
    }
}
