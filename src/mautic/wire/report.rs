//! Reports that administrators made, and their rows (FACTS 35, 36).

use super::tolerant::{integer, items, text};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::collections::BTreeMap;

/// What a report shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Its id.
    pub id: u32,
    /// Its name.
    pub name: String,
    /// Where its rows come from, such as `group.score`.
    pub source: String,
    /// Columns shown, such as `l.id`.
    pub columns: Vec<String>,
    /// Conditions: column, condition, value.
    pub filters: Vec<(String, String, String)>,
    /// Columns it is ordered by, with the direction in capitals.
    pub order: Vec<(String, String)>,
    /// Whether rows are grouped or added up.
    pub condensed: bool,
}

impl<'de> Deserialize<'de> for Report {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let report = Value::deserialize(input)?;
        let id = report.get("id").and_then(super::id);
        let id = id.ok_or_else(|| serde::de::Error::custom("a report without an id"))?;
        let word = |of: &Value, key: &str| of.get(key).and_then(text).unwrap_or_default();
        let list = |key: &str| -> Vec<Value> {
            report
                .get(key)
                .cloned()
                .and_then(|list| items(list).ok())
                .unwrap_or_default()
        };
        let filter = |filter: &Value| {
            (
                word(filter, "column"),
                word(filter, "condition"),
                word(filter, "value"),
            )
        };
        let order = |one: &Value| (word(one, "column"), word(one, "direction").to_uppercase());
        Ok(Self {
            id,
            name: word(&report, "name"),
            source: word(&report, "source"),
            columns: list("columns").iter().filter_map(text).collect(),
            filters: list("filters").iter().map(filter).collect(),
            order: list("tableOrder").iter().map(order).collect(),
            condensed: !list("groupBy").is_empty() || !list("aggregators").is_empty(),
        })
    }
}

/// Some rows of a report, by column (`l.id`), not by the alias that the answer shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportPage {
    /// Rows on all pages.
    pub total: u64,
    /// The rows of this page, in the report's order.
    pub rows: Vec<BTreeMap<String, String>>,
}

impl ReportPage {
    /// Reads an answer.
    ///
    /// # Errors
    /// What is missing or wrong, for people.
    pub fn read(answer: &Value) -> Result<Self, String> {
        let member = |key: &str| answer.get(key).ok_or_else(|| format!("no \"{key}\" in it"));
        let total = integer(member("totalResults")?).and_then(|total| total.try_into().ok());
        let columns = member("dataColumns")?.as_object();
        let columns = columns.ok_or("\"dataColumns\" is no object")?;
        let data = member("data")?.as_array().ok_or("\"data\" is no list")?;
        let row = |row: &Value| {
            let cells = row.as_object().ok_or("a row is no object")?.iter();
            let named = cells.filter_map(|(alias, value)| {
                let column = columns.get(alias)?.as_str()?;
                Some((column.to_owned(), text(value)?))
            });
            Ok(named.collect())
        };
        Ok(Self {
            total: total.ok_or("\"totalResults\" is no number")?,
            rows: data.iter().map(row).collect::<Result<_, &str>>()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn rows_are_named_by_their_columns() {
        let answer = json!({
            "totalResults": 3000,
            "data": [{"contactId": "7", "group_score": "61"}],
            "dataColumns": {"contactId": "l.id", "group_score": "ls.score", "city": "l.city"},
        });
        let row = [("l.id", "7"), ("ls.score", "61")];
        let row = row.map(|(column, value)| (column.to_owned(), value.to_owned()));
        let page = ReportPage {
            total: 3000,
            rows: vec![row.into()],
        };
        assert_eq!(ReportPage::read(&answer), Ok(page));
        for wrong in [
            json!([]),
            json!({"totalResults": "x", "data": [], "dataColumns": {}}),
            json!({"totalResults": 1, "data": {}, "dataColumns": {}}),
            json!({"totalResults": 1, "data": [1], "dataColumns": {}}),
            json!({"totalResults": 1, "data": []}),
        ] {
            assert!(ReportPage::read(&wrong).is_err(), "{wrong}");
        }
    }
}
