//! Lists: order, limits, search and where.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::Call;
use crate::php::cast;
use crate::server::answer::Exception;

/// Rows per page unless `limit` says otherwise (`default_pagelimit`).
const DEFAULT_LIMIT: i64 = 30;

/// A database value, for comparing and ordering.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// NULL.
    Null,
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// A text or a time; compared without regard to case, as the collation does.
    Text(String),
}

impl Cell {
    /// The value as a text, `None` for NULL.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        match self {
            Self::Null => None,
            Self::Int(number) => Some(number.to_string()),
            Self::Float(number) => Some(number.to_string()),
            Self::Text(text) => Some(text.clone()),
        }
    }

    /// SQL's order: NULL first, numbers by size, texts without regard to case.
    #[must_use]
    pub fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Null, Self::Null) => Ordering::Equal,
            (Self::Null, _) => Ordering::Less,
            (_, Self::Null) => Ordering::Greater,
            (Self::Text(a), Self::Text(b)) => a.to_lowercase().cmp(&b.to_lowercase()),
            _ => self.number().total_cmp(&other.number()),
        }
    }

    #[allow(clippy::cast_precision_loss)] // MariaDB compares mixed types as doubles
    fn number(&self) -> f64 {
        match self {
            Self::Null => 0.0,
            Self::Int(number) => *number as f64,
            Self::Float(number) => *number,
            Self::Text(text) => leading_number(text),
        }
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Cell {
    fn from(flag: bool) -> Self {
        Self::Int(i64::from(flag))
    }
}

impl From<i64> for Cell {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<u64> for Cell {
    fn from(number: u64) -> Self {
        Self::Int(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<jiff::Timestamp> for Cell {
    fn from(at: jiff::Timestamp) -> Self {
        Self::Text(crate::state::clock::sql(at))
    }
}

fn leading_number(text: &str) -> f64 {
    let text = text.trim_start();
    let length = text
        .bytes()
        .take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.'))
        .count();
    text[..length].parse().unwrap_or(0.0)
}

/// What a list request asks for.
#[derive(Clone, Debug)]
pub struct Page {
    /// Rows to skip.
    pub start: usize,
    /// Rows to give; `None` for all (`limit=0`).
    pub limit: Option<usize>,
    /// `orderBy` columns without alias, and the direction.
    pub order: Vec<(String, bool)>,
    /// The search text.
    pub search: String,
    /// Only published things.
    pub published_only: bool,
}

impl Page {
    /// Reads the query.
    #[must_use]
    pub fn of(call: Call<'_>) -> Self {
        let query = &call.request.query;
        let text = |name: &str| query.get(name).and_then(Value::as_str).unwrap_or("");
        let limit = query.get("limit").map_or(DEFAULT_LIMIT, cast::int);
        let descending = text("orderByDir").eq_ignore_ascii_case("desc");
        let plain = |column: &str| column.rsplit('.').next().unwrap_or(column).to_owned();
        let columns = text("orderBy").split(',').map(str::trim);
        let by_columns = columns
            .filter(|column| !column.is_empty())
            .map(|column| (plain(column), descending))
            .collect();
        Self {
            start: usize::try_from(cast::intval(text("start"))).unwrap_or(0),
            limit: usize::try_from(limit).ok().filter(|limit| *limit > 0),
            order: order_clauses(query, plain).unwrap_or(by_columns),
            search: text("search").to_owned(),
            published_only: query.get("published").is_some_and(cast::truthy),
        }
    }

    /// Sorts rows by the wanted columns, or by the default ones; ties keep the order of ids.
    ///
    /// # Errors
    /// For an unknown column.
    pub fn sort<T>(
        &self,
        rows: &mut [T],
        default: &[(&str, bool)],
        cell: impl Fn(&T, &str) -> Option<Cell>,
    ) -> Result<(), Exception> {
        let wanted: Vec<(String, bool)> = if self.order.is_empty() {
            default
                .iter()
                .map(|(column, descending)| ((*column).to_owned(), *descending))
                .collect()
        } else {
            self.order.clone()
        };
        let unknown = |column: &str| rows.first().is_some_and(|row| cell(row, column).is_none());
        if let Some((column, _)) = wanted.iter().find(|(column, _)| unknown(column)) {
            return Err(Exception::new(format!("unknown column {column}")));
        }
        rows.sort_by(|a, b| {
            wanted
                .iter()
                .fold(Ordering::Equal, |so_far, (column, descending)| {
                    so_far.then_with(|| {
                        let order = cell(a, column)
                            .unwrap_or(Cell::Null)
                            .order(&cell(b, column).unwrap_or(Cell::Null));
                        if *descending { order.reverse() } else { order }
                    })
                })
        });
        Ok(())
    }

    /// The rows of this page.
    #[must_use]
    pub fn cut<T>(&self, rows: Vec<T>) -> Vec<T> {
        rows.into_iter()
            .skip(self.start)
            .take(self.limit.unwrap_or(usize::MAX))
            .collect()
    }
}

/// `order[][col]` and `order[][dir]`, which go before `orderBy`.
fn order_clauses(query: &Value, plain: impl Fn(&str) -> String) -> Option<Vec<(String, bool)>> {
    let items: Vec<&Value> = match query.get("order")? {
        Value::Array(items) => items.iter().collect(),
        Value::Object(items) => items.values().collect(),
        _ => return None,
    };
    let text = |item: &Value, key: &str| item.get(key).map(cast::text).unwrap_or_default();
    let clauses = items.into_iter().map(|item| {
        let descending = text(item, "dir").eq_ignore_ascii_case("desc");
        (plain(&text(item, "col")), descending)
    });
    Some(clauses.collect()).filter(|clauses: &Vec<_>| !clauses.is_empty())
}

/// A PHP array as JSON: a list when its keys are 0..n-1 in order, else an object.
#[must_use]
pub fn php_array(entries: Vec<(String, Value)>) -> Value {
    if entries
        .iter()
        .enumerate()
        .all(|(position, (key, _))| *key == position.to_string())
    {
        Value::Array(entries.into_iter().map(|(_, value)| value).collect())
    } else {
        Value::Object(entries.into_iter().collect::<Map<_, _>>())
    }
}
