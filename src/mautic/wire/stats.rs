//! Answers of `/api/stats/<table>`.

use super::failure::failures;
use super::tolerant::{integer, text, without_nul};
use serde_json::Value;
use std::collections::BTreeMap;

/// A row: values by column, all of them text; null columns are left out (FACTS 100).
pub type StatsRow = BTreeMap<String, String>;

/// Rows of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatsPage {
    /// Rows that match the conditions, on all pages.
    pub total: u64,
    /// The rows of this page, in the order asked for.
    pub rows: Vec<StatsRow>,
}

/// Why a 200 of the stats API holds no rows (FACTS 102).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatsFault {
    /// Mautic could not run the query: an unknown column, a missing expression.
    #[error("Mautic could not read the table: {0}")]
    Refused(String),
    /// Mautic lists its tables: it does not know the one asked for.
    #[error("Mautic does not know the table; it knows {}", .0.join(", "))]
    UnknownTable(Vec<String>),
    /// Neither rows nor an error.
    #[error("no \"stats\" in it")]
    Shape,
}

impl StatsPage {
    /// Reads an answer.
    ///
    /// # Errors
    /// [`StatsFault`] when there are no rows in it.
    pub fn read(mut answer: Value) -> Result<Self, StatsFault> {
        if let Some(failure) = failures(&answer) {
            return Err(StatsFault::Refused(failure.message));
        }
        if let Some(tables) = answer.get("availableTables").and_then(Value::as_array) {
            return Err(StatsFault::UnknownTable(
                tables.iter().filter_map(text).collect(),
            ));
        }
        let Some(Value::Array(rows)) = answer.get_mut("stats").map(Value::take) else {
            return Err(StatsFault::Shape);
        };
        let rows: Vec<_> = rows
            .into_iter()
            .map(row)
            .collect::<Option<_>>()
            .ok_or(StatsFault::Shape)?;
        let total = answer.get("total").and_then(integer);
        Ok(Self {
            total: total
                .and_then(|n| u64::try_from(n).ok())
                .unwrap_or(rows.len() as u64),
            rows,
        })
    }

    /// The highest `id` of the page: where the next one begins.
    #[must_use]
    pub fn last_id(&self) -> Option<u64> {
        self.rows
            .iter()
            .filter_map(|row| row.get("id")?.parse().ok())
            .max()
    }
}

fn row(row: Value) -> Option<StatsRow> {
    let Value::Object(columns) = row else {
        return None;
    };
    let filled = columns
        .into_iter()
        .filter_map(|(column, value)| match value {
            Value::String(text) => Some((without_nul(column), without_nul(text))),
            other => Some((without_nul(column), text(&other)?)),
        });
    Some(filled.collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;
    use serde_json::json;

    #[test]
    fn rows() {
        let page = StatsPage::read(json!({"total": "8", "stats": [
            {"id": "18", "lead_id": "2", "group_id": "1", "type": "API", "delta": "-11"},
            {"id": 20, "lead_id": "2", "group_id": null, "type": ""},
        ]}))
        .unwrap();
        assert_eq!((page.total, page.last_id()), (8, Some(20)));
        assert_eq!(page.rows[0]["delta"], "-11");
        assert_eq!(page.rows[1].len(), 3);
        assert!(!page.rows[1].contains_key("group_id"));
    }

    #[test]
    fn no_rows() {
        let page = StatsPage::read(json!({"total": "13", "stats": []})).unwrap();
        assert_eq!((page.total, page.rows.len(), page.last_id()), (13, 0, None));
    }

    #[test]
    fn errors_inside_a_200() {
        let refused =
            "An exception occurred while executing a query: SQLSTATE[42S22]: Column not found";
        for (answer, fault) in [
            (
                json!({"errors": [{"message": refused, "code": 1054}]}),
                StatsFault::Refused(refused.to_owned()),
            ),
            (
                json!({"availableTables": ["asset_downloads", "page_hits"], "tableColumns": {}}),
                StatsFault::UnknownTable(vec!["asset_downloads".into(), "page_hits".into()]),
            ),
            (json!({"total": "0"}), StatsFault::Shape),
            (json!({"stats": ["x"]}), StatsFault::Shape),
            (json!([]), StatsFault::Shape),
        ] {
            assert_eq!(
                StatsPage::read(answer.clone()).unwrap_err(),
                fault,
                "{answer}"
            );
        }
    }
}
