//! Mautic's tables, row by row.

use super::budget::Priority;
use super::request::{Filter, Request, Test};
use super::wire::StatsPage;
use super::{Client, Error};
use jiff::Timestamp;

/// Most rows asked for in one page. Mautic knows no limit of its own (FACTS 101).
pub const MAX_ROWS: u32 = 5000;

/// Which rows of which table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatsQuery {
    table: String,
    filters: Vec<Filter>,
    order: Vec<String>,
    descending: bool,
    start: u32,
    limit: u32,
}

impl StatsQuery {
    /// Rows with an id above `after`, by id: the next page begins after the last id (FACTS 101).
    /// Ids are given before rows are committed, so read a small overlap again (FACTS 105).
    /// Some tables have no id (FACTS 103).
    #[must_use]
    pub fn after(table: &str, after: u64, limit: u32) -> Self {
        Self::by(table, "id", limit).and(Filter::new("id", Test::Gt, after))
    }

    /// Rows whose date in `column` is at or after `since`, oldest first. For rows that change
    /// after they were made, such as opens in `email_stats.last_opened` (FACTS 104). Many rows can
    /// share a second: order them ([`StatsQuery::then_by`]) and page with [`StatsQuery::start`]
    /// before moving `since`.
    #[must_use]
    pub fn since(table: &str, column: &str, since: Timestamp, limit: u32) -> Self {
        Self::by(table, column, limit).and(Filter::at(column, Test::Gte, since))
    }

    /// All rows by a column, smallest first.
    #[must_use]
    pub fn by(table: &str, column: &str, limit: u32) -> Self {
        Self {
            table: table.to_owned(),
            filters: Vec::new(),
            order: vec![column.to_owned()],
            descending: false,
            start: 0,
            limit: limit.clamp(1, MAX_ROWS),
        }
    }

    /// One more condition.
    #[must_use]
    pub fn and(mut self, filter: Filter) -> Self {
        self.filters.push(filter);
        self
    }

    /// The order among rows that are equal so far; without it pages may overlap.
    #[must_use]
    pub fn then_by(mut self, column: &str) -> Self {
        self.order.push(column.to_owned());
        self
    }

    /// Greatest first: for the newest row.
    #[must_use]
    pub fn descending(mut self) -> Self {
        self.descending = true;
        self
    }

    /// Leaves out so many rows.
    #[must_use]
    pub fn start(mut self, rows: u32) -> Self {
        self.start = rows;
        self
    }

    pub(super) fn request(&self, priority: Priority) -> Request {
        let direction = if self.descending { "desc" } else { "asc" };
        let request = Request::get("/api/stats/{table}", priority)
            .with(&self.table)
            .filters(&self.filters);
        let request = (0..)
            .zip(&self.order)
            .fold(request, |request, (n, column)| {
                request
                    .query(&format!("order[{n}][col]"), column)
                    .query(&format!("order[{n}][dir]"), direction)
            });
        let request = if self.start > 0 {
            request.query("start", self.start)
        } else {
            request
        };
        request.query("limit", self.limit)
    }
}

impl Client {
    /// Rows of a table (FACTS 100 to 105).
    ///
    /// # Errors
    /// [`Error`]; [`Error::Shape`] also for errors that Mautic hides in a 200 (FACTS 102).
    pub async fn stats(&self, query: &StatsQuery, priority: Priority) -> Result<StatsPage, Error> {
        let read = |answer| StatsPage::read(answer).map_err(|fault| fault.to_string());
        self.read(query.request(priority), read).await
    }
}
