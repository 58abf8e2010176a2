//! One request, as data.

use super::budget::Priority;
use super::error::Call;
use jiff::{Timestamp, tz::TimeZone};
use reqwest::Method;
use serde_json::Value;
use std::fmt::Display;
use url::form_urlencoded::byte_serialize;

/// A request to be made. No `Debug`: its body may hold secrets.
#[derive(Clone)]
pub(super) struct Request {
    pub(super) call: Call,
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) body: Option<Value>,
    pub(super) priority: Priority,
}

impl Request {
    fn new(method: Method, name: &'static str, path: &'static str, priority: Priority) -> Self {
        Self {
            call: Call { method: name, path },
            method,
            path: path.to_owned(),
            query: Vec::new(),
            body: None,
            priority,
        }
    }

    pub(super) fn get(path: &'static str, priority: Priority) -> Self {
        Self::new(Method::GET, "GET", path, priority)
    }

    pub(super) fn post(path: &'static str, priority: Priority) -> Self {
        Self::new(Method::POST, "POST", path, priority)
    }

    pub(super) fn patch(path: &'static str, priority: Priority) -> Self {
        Self::new(Method::PATCH, "PATCH", path, priority)
    }

    pub(super) fn delete(path: &'static str, priority: Priority) -> Self {
        Self::new(Method::DELETE, "DELETE", path, priority)
    }

    /// Puts a value in the place of the next `{…}` of the path.
    pub(super) fn with(mut self, value: impl Display) -> Self {
        if let (Some(open), Some(close)) = (self.path.find('{'), self.path.find('}')) {
            let value: String = byte_serialize(value.to_string().as_bytes()).collect();
            self.path
                .replace_range(open..=close, &value.replace('+', "%20"));
        }
        self
    }

    pub(super) fn query(mut self, name: &str, value: impl Display) -> Self {
        self.query.push((name.to_owned(), value.to_string()));
        self
    }

    pub(super) fn filters(mut self, filters: &[Filter]) -> Self {
        for (number, filter) in filters.iter().enumerate() {
            for (part, value) in [
                ("col", filter.column.as_str()),
                ("expr", filter.test.name()),
                ("val", filter.value.as_str()),
            ] {
                self = self.query(&format!("where[{number}][{part}]"), value);
            }
        }
        self
    }

    pub(super) fn json(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }
}

/// How a column is compared. Mautic ignores a condition whose expression it does not know and
/// answers with everything (FACTS 53, 102): that is why these are an enum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Test {
    /// Equal.
    Eq,
    /// Greater.
    Gt,
    /// Greater or equal.
    Gte,
    /// Less.
    Lt,
    /// Less or equal.
    Lte,
    /// One of a list separated by commas.
    In,
    /// SQL's LIKE.
    Like,
}

impl Test {
    fn name(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Gt => "gt",
            Self::Gte => "gte",
            Self::Lt => "lt",
            Self::Lte => "lte",
            Self::In => "in",
            Self::Like => "like",
        }
    }
}

/// A condition on a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    column: String,
    test: Test,
    value: String,
}

impl Filter {
    /// `column test value`. Mautic escapes the value as it escapes input, so a text is found
    /// by what was once sent (FACTS 33).
    pub fn new(column: impl Into<String>, test: Test, value: impl Display) -> Self {
        Self {
            column: column.into(),
            test,
            value: value.to_string(),
        }
    }

    /// A condition on a date column, which Mautic keeps in UTC by the second.
    pub fn at(column: impl Into<String>, test: Test, moment: Timestamp) -> Self {
        let civil = moment.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S");
        Self::new(column, test, civil)
    }

    /// One of several ids. Mautic splits the value at commas (`CommonRepository::buildWhereClauseFromArray`).
    pub fn one_of<T: Display>(column: impl Into<String>, ids: impl IntoIterator<Item = T>) -> Self {
        let ids: Vec<_> = ids.into_iter().map(|id| id.to_string()).collect();
        Self::new(column, Test::In, ids.join(","))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    #[test]
    fn paths_and_filters() {
        let request = Request::post(
            "/api/contacts/{id}/points/groups/{group}/set/{n}",
            Priority::Bulk,
        )
        .with(5)
        .with("a/b ?")
        .with(-3);
        assert_eq!(
            request.path,
            "/api/contacts/5/points/groups/a%2Fb%20%3F/set/-3"
        );
        assert_eq!(
            request.call.to_string(),
            "POST /api/contacts/{id}/points/groups/{group}/set/{n}"
        );
        let moment = "2026-11-21T20:41:59.7+02:00".parse().unwrap();
        let request = Request::get("/api/contacts", Priority::Bulk).filters(&[
            Filter::one_of("id", [1, 2]),
            Filter::at("date_modified", Test::Gte, moment),
        ]);
        let pairs: Vec<_> = request
            .query
            .iter()
            .map(|(k, v)| format!("{k}={v}"))
            .collect();
        assert_eq!(
            pairs,
            [
                "where[0][col]=id",
                "where[0][expr]=in",
                "where[0][val]=1,2",
                "where[1][col]=date_modified",
                "where[1][expr]=gte",
                "where[1][val]=2026-11-21 18:41:59",
            ]
        );
    }
}
