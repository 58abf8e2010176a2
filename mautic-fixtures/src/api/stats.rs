//! `/api/stats/TABLE` (FACTS 100 to 105): errors are answered with status 200.

use std::cmp::Ordering;

use serde_json::{Map, Value, json};

use super::Call;
use super::clauses::{self, UnknownColumn};
use super::crud::object;
use super::list::Cell;
use super::stats_rows::rows;
use super::stats_tables::TABLES;
use crate::php::cast;
use crate::server::answer::{Answer, Exception, Failure, Handled};
use crate::state::State;
use crate::state::web::StatsRow;

/// Rows per answer unless `limit` says otherwise.
const DEFAULT_LIMIT: i64 = 100;
/// Columns that hold numbers besides the ids.
const NUMBERS: &[&str] = &[
    "code",
    "delta",
    "hits",
    "unique_hits",
    "is_published",
    "is_read",
    "is_failed",
    "viewed_in_browser",
    "open_count",
    "retry_count",
    "reason",
    "rotation",
    "is_primary",
    "is_scheduled",
    "system_triggered",
    "non_action_path_taken",
    "manually_added",
    "manually_removed",
    "status_code",
    "runtime",
    "id",
];

/// Answers `GET /api/stats` and `GET /api/stats/TABLE`.
pub(super) fn handle(state: &State, call: Call<'_>, path: &[&str]) -> Handled {
    let table = match (call.method(), path) {
        ("GET", []) => None,
        ("GET", [table]) => TABLES.iter().find(|(name, _)| name == table),
        _ => return Err(Failure::NoRoute),
    };
    let body = match table {
        None => tables(),
        Some((name, columns)) => match query(state, call, name, columns) {
            Ok(body) => body,
            Err(Fault::Told(message, code)) => {
                object([("errors", json!([{"message": message, "code": code}]))])
            }
            Err(Fault::Thrown) => return Err(Exception::new("str_getcsv() expects text").into()),
        },
    };
    Ok(Answer::api(200, &body))
}

/// What can go wrong with a query.
enum Fault {
    /// An exception the controller catches: text and code.
    Told(String, u32),
    /// An error nobody catches.
    Thrown,
}

fn tables() -> Value {
    let names: Vec<&str> = TABLES.iter().map(|(name, _)| *name).collect();
    let columns: Map<String, Value> = TABLES
        .iter()
        .map(|(name, columns)| ((*name).to_owned(), json!(columns)))
        .collect();
    object([
        ("availableTables", json!(names)),
        ("tableColumns", Value::Object(columns)),
    ])
}

fn query(state: &State, call: Call<'_>, table: &str, columns: &[&str]) -> Result<Value, Fault> {
    let query = &call.request.query;
    let number = |name: &str, default: i64| query.get(name).map_or(default, cast::int);
    let (start, limit) = (number("start", 0), number("limit", DEFAULT_LIMIT));
    let conditions = conditions(query)?;
    check_columns(&conditions, columns)?;
    let mut found: Vec<StatsRow> = rows(state, table)
        .into_iter()
        .filter(|row| !is_unseen(state, table, row))
        .filter(|row| {
            clauses::hold(&conditions, &|column| Some(cell(row, column))).unwrap_or(false)
        })
        .collect();
    let total = found.len().to_string();
    sort(&mut found, query, columns, limit)?;
    if limit < 0 {
        return Err(syntax_error(&limit.to_string()));
    }
    let (start, limit) = (
        usize::try_from(start).unwrap_or(0),
        usize::try_from(limit).unwrap_or(0),
    );
    let shown: Vec<Value> = found
        .into_iter()
        .skip(start)
        .take(limit)
        .map(shown)
        .collect();
    Ok(object([
        ("total", json!(total)),
        ("stats", Value::Array(shown)),
    ]))
}

/// Whether the row's transaction is not committed yet.
fn is_unseen(state: &State, table: &str, row: &StatsRow) -> bool {
    if state.unseen.is_empty() {
        return false;
    }
    let id = row.iter().find(|(column, _)| *column == "id");
    let id = id.and_then(|(_, id)| id.as_deref()?.parse().ok());
    id.is_some_and(|id| state.unseen.contains(&(table.to_owned(), id)))
}

/// A row without its NULL columns.
fn shown(row: StatsRow) -> Value {
    let members = row
        .into_iter()
        .filter_map(|(name, value)| value.map(|value| (name.to_owned(), json!(value))));
    Value::Object(members.collect())
}

fn conditions(query: &Value) -> Result<Vec<clauses::Clause>, Fault> {
    let given = query.get("where").cloned().unwrap_or_default();
    let items: Vec<&Value> = match &given {
        Value::Array(items) => items.iter().collect(),
        Value::Object(items) => items.values().collect(),
        _ => Vec::new(),
    };
    for item in items {
        if item.get("expr").is_none() {
            return Err(Fault::Told(
                "\"expr\" is missing in the where clause array.".to_owned(),
                0,
            ));
        }
        let expr = item["expr"].as_str().unwrap_or("");
        if matches!(expr, "in" | "notIn") && item.get("val").is_some_and(|value| !value.is_string())
        {
            return Err(Fault::Thrown);
        }
    }
    Ok(clauses::read(&json!({"where": given})))
}

fn check_columns(conditions: &[clauses::Clause], columns: &[&str]) -> Result<(), Fault> {
    for condition in conditions {
        let known = |column: &str| columns.contains(&column).then_some(Cell::Null);
        if let Err(UnknownColumn(column)) = clauses::hold(std::slice::from_ref(condition), &known) {
            return Err(unknown_column(&column, "WHERE"));
        }
    }
    Ok(())
}

/// Only letters, digits, `_` and `.` of a column's name reach the query.
fn unknown_column(column: &str, part: &str) -> Fault {
    let column: String = column
        .chars()
        .filter(|letter| letter.is_alphanumeric() || *letter == '_')
        .collect();
    Fault::Told(
        format!(
            "An exception occurred while executing a query: SQLSTATE[42S22]: Column not found: 1054 Unknown column 'e.{column}' in '{part}'"
        ),
        1054,
    )
}

fn syntax_error(near: &str) -> Fault {
    Fault::Told(
        format!(
            "An exception occurred while executing a query: SQLSTATE[42000]: Syntax error or access violation: 1064 You have an error in your SQL syntax; check the manual that corresponds to your MariaDB server version for the right syntax to use near '{near}' at line 1"
        ),
        1064,
    )
}

fn sort(rows: &mut [StatsRow], query: &Value, columns: &[&str], limit: i64) -> Result<(), Fault> {
    let items: Vec<&Value> = match query.get("order") {
        Some(Value::Array(items)) => items.iter().collect(),
        Some(Value::Object(items)) => items.values().collect(),
        _ => Vec::new(),
    };
    let mut keys: Vec<(String, bool)> = Vec::new();
    for item in items {
        let column = item.get("col").map(cast::text).unwrap_or_default();
        let column = column.rsplit('.').next().unwrap_or("").to_owned();
        let direction = item
            .get("dir")
            .map(cast::text)
            .unwrap_or_default()
            .to_uppercase();
        if !columns.contains(&column.as_str()) {
            return Err(unknown_column(&column, "ORDER BY"));
        }
        if !matches!(direction.as_str(), "" | "ASC" | "DESC") {
            return Err(syntax_error(&format!("{direction} LIMIT {limit}")));
        }
        keys.push((column, direction == "DESC"));
    }
    rows.sort_by(|a, b| {
        keys.iter()
            .fold(Ordering::Equal, |so_far, (column, descending)| {
                so_far.then_with(|| {
                    let order = cell(a, column).order(&cell(b, column));
                    if *descending { order.reverse() } else { order }
                })
            })
    });
    Ok(())
}

fn cell(row: &StatsRow, column: &str) -> Cell {
    let value = row
        .iter()
        .find(|(name, _)| *name == column)
        .and_then(|(_, value)| value.as_deref());
    match value {
        None => Cell::Null,
        Some(text) if column.ends_with("_id") || NUMBERS.contains(&column) => {
            text.parse::<i64>().map_or_else(|_| text.into(), Cell::Int)
        }
        Some(text) => text.into(),
    }
}
