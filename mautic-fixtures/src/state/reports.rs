//! Reports: the five every installation has, and those inserted by SQL at the start (REST cannot make any).

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Id, Table};
use crate::php::serialize::unserialize;

/// The reports of a fresh installation, as the list shows them.
const INSTALLED: &str = include_str!("installed_reports.json");

/// A row of `reports`.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Its id.
    pub id: Id,
    /// Whether it is published; unpublished ones can be read as well (FACTS 35).
    pub is_published: bool,
    /// When it was made; none for those of the installation.
    pub date_added: Option<Timestamp>,
    /// Name.
    pub name: String,
    /// Description.
    pub description: Option<String>,
    /// Whether other users see it.
    pub system: bool,
    /// Where its data come from: `group.score`, …
    pub source: String,
    /// Columns shown.
    pub columns: Value,
    /// Filters, joined by their `glue`.
    pub filters: Value,
    /// Order columns; only the last one counts (FACTS 36).
    pub table_order: Value,
    /// Graphs.
    pub graphs: Value,
    /// Grouping.
    pub group_by: Value,
    /// Settings.
    pub settings: Value,
    /// Sums and counts.
    pub aggregators: Value,
}

/// The reports of a fresh installation.
#[must_use]
pub fn installed() -> Table<Report> {
    let known: Vec<Value> = serde_json::from_str(INSTALLED).unwrap_or_default();
    let mut table = Table::default();
    let mut reports: Vec<Report> = known.iter().map(from_json).collect();
    reports.sort_by_key(|report| report.id);
    for report in reports {
        table.put(report.id, report);
    }
    table
}

/// A report as REST shows it.
#[must_use]
pub fn from_json(json: &Value) -> Report {
    let text = |key: &str| json.get(key).and_then(Value::as_str).map(str::to_owned);
    let value = |key: &str| json.get(key).cloned().unwrap_or_else(|| json!([]));
    Report {
        id: json.get("id").and_then(Value::as_u64).unwrap_or(0),
        is_published: true,
        date_added: text("dateAdded").and_then(|date| date.parse().ok()),
        name: text("name").unwrap_or_default(),
        description: text("description"),
        system: json.get("system").and_then(Value::as_bool).unwrap_or(true),
        source: text("source").unwrap_or_default(),
        columns: value("columns"),
        filters: value("filters"),
        table_order: value("tableOrder"),
        graphs: value("graphs"),
        group_by: value("groupBy"),
        settings: value("settings"),
        aggregators: value("aggregators"),
    }
}

/// Runs `insert into reports (…) values (…)`; anything else is not understood and ignored. Whether it was understood.
pub fn run_sql(table: &mut Table<Report>, sql: &str, now: Timestamp) -> bool {
    let Some((columns, values)) = insert_parts(sql) else {
        return false;
    };
    let values = sql_values(values, now);
    let of = |name: &str| {
        columns
            .iter()
            .position(|column| column == name)
            .and_then(|at| values.get(at))
    };
    let text = |name: &str| of(name).and_then(Value::as_str).map(str::to_owned);
    let php = |name: &str| {
        text(name)
            .and_then(|text| unserialize(text.as_bytes()))
            .unwrap_or_else(|| json!([]))
    };
    let flag = |name: &str| of(name).and_then(Value::as_i64) == Some(1);
    let settings = text("settings").and_then(|text| serde_json::from_str(&text).ok());
    table.insert_with(|id| Report {
        id,
        is_published: flag("is_published"),
        date_added: Some(now),
        name: text("name").unwrap_or_default(),
        description: text("description"),
        system: flag("system"),
        source: text("source").unwrap_or_default(),
        columns: php("columns"),
        filters: php("filters"),
        table_order: php("table_order"),
        graphs: php("graphs"),
        group_by: php("group_by"),
        settings: settings.unwrap_or_else(|| json!([])),
        aggregators: php("aggregators"),
    });
    true
}

fn insert_parts(sql: &str) -> Option<(Vec<String>, &str)> {
    let lower = sql.to_ascii_lowercase();
    let rest = lower.trim_start().strip_prefix("insert into")?.trim_start();
    if !rest.trim_start_matches('`').starts_with("reports") {
        return None;
    }
    let open = sql.find('(')?;
    let close = open + sql[open..].find(')')?;
    let columns = sql[open + 1..close]
        .split(',')
        .map(|column| column.trim().trim_matches('`').to_owned())
        .collect();
    let values = close + lower[close..].find("values")? + "values".len();
    let values = sql[values..].trim().trim_end_matches(';');
    Some((columns, values.strip_prefix('(')?.strip_suffix(')')?))
}

/// The values of one row: numbers, `'texts'`, `0x…` as text, NULL; a function call is the present moment.
fn sql_values(mut rest: &str, now: Timestamp) -> Vec<Value> {
    let mut values = Vec::new();
    while !rest.trim().is_empty() {
        rest = rest.trim_start();
        let (value, after) = if let Some(quoted) = rest.strip_prefix('\'') {
            quoted_text(quoted)
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            (bare_value(rest[..end].trim(), now), &rest[end..])
        };
        values.push(value);
        rest = after.trim_start().strip_prefix(',').unwrap_or_default();
    }
    values
}

fn quoted_text(text: &str) -> (Value, &str) {
    let mut out = String::new();
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\'' if letters.peek().is_some_and(|(_, next)| *next == '\'') => {
                letters.next();
                out.push('\'');
            }
            '\'' => return (Value::String(out), &text[at + 1..]),
            '\\' => out.extend(letters.next().map(|(_, escaped)| escaped)),
            _ => out.push(letter),
        }
    }
    (Value::String(out), "")
}

fn bare_value(word: &str, now: Timestamp) -> Value {
    if let Some(digits) = word.strip_prefix("0x") {
        let byte = |at: usize| {
            digits
                .get(at..at + 2)
                .and_then(|pair| u8::from_str_radix(pair, 16).ok())
        };
        let bytes: Vec<u8> = (0..digits.len()).step_by(2).filter_map(byte).collect();
        return Value::String(String::from_utf8_lossy(&bytes).into_owned());
    }
    if word.ends_with(')') {
        return Value::String(super::clock::sql(now));
    }
    word.parse::<i64>().map_or(Value::Null, Value::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sql_rows_become_reports() {
        let mut table = installed();
        assert_eq!(table.len(), 5);
        let sql = "insert into reports (is_published,date_added,name,columns) \
                   values (1,utc_timestamp(),'It''s',0x613a313a7b693a303b733a343a226c2e6964223b7d)";
        assert!(run_sql(&mut table, sql, Timestamp::UNIX_EPOCH));
        let report = table.get(6).unwrap();
        assert_eq!(
            (report.name.as_str(), &report.columns),
            ("It's", &json!(["l.id"]))
        );
        assert!(!run_sql(
            &mut table,
            "delete from reports",
            Timestamp::UNIX_EPOCH
        ));
    }
}
