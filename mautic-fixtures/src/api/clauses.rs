//! `where[]` of list and stats requests (`CommonRepository::buildWhereClauseFromArray`).

use std::cmp::Ordering;

use serde_json::Value;

use super::list::Cell;
use crate::php::filter::html_entity_decode;
use crate::php::{cast, html, like};

/// A condition on a row.
#[derive(Clone, Debug)]
pub enum Clause {
    /// One column compared.
    Compare {
        /// Column as sent, without alias.
        column: String,
        /// `eq`, `gt`, `in`, …
        expr: String,
        /// What to compare with, escaped as Mautic cleans its input (FACTS 33).
        value: Value,
    },
    /// All of them.
    All(Vec<Clause>),
    /// One of them.
    Any(Vec<Clause>),
}

/// A condition that cannot be asked of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownColumn(pub String);

/// Reads `where` of a query.
#[must_use]
pub fn read(query: &Value) -> Vec<Clause> {
    let list: Vec<&Value> = match query.get("where").unwrap_or(query) {
        Value::Array(items) => items.iter().collect(),
        Value::Object(items) if query.get("where").is_some() => items.values().collect(),
        _ => Vec::new(),
    };
    list.into_iter().filter_map(clause).collect()
}

fn clause(item: &Value) -> Option<Clause> {
    let expr = item.get("expr").and_then(Value::as_str)?.to_owned();
    let value = item
        .get("val")
        .or_else(|| item.get("value"))
        .cloned()
        .unwrap_or(Value::Null);
    let nested = || read(&serde_json::json!({"where": value}));
    Some(match expr.as_str() {
        "andX" => Clause::All(nested()),
        "orX" => Clause::Any(nested()),
        _ => {
            let column = item
                .get("col")
                .or_else(|| item.get("column"))
                .map(cast::text)
                .unwrap_or_default();
            let column = column.rsplit('.').next().unwrap_or("").to_owned();
            Clause::Compare {
                column,
                expr,
                value: cleaned(value),
            }
        }
    })
}

fn cleaned(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(html::special_chars(&text)),
        Value::Array(items) => Value::Array(items.into_iter().map(cleaned).collect()),
        other => other,
    }
}

/// Whether all conditions hold for a row; `cell` gives a column's value, `None` if there is no such column.
///
/// # Errors
/// For a column the row does not have.
pub fn hold(
    clauses: &[Clause],
    cell: &dyn Fn(&str) -> Option<Cell>,
) -> Result<bool, UnknownColumn> {
    for clause in clauses {
        if !holds(clause, cell)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn holds(clause: &Clause, cell: &dyn Fn(&str) -> Option<Cell>) -> Result<bool, UnknownColumn> {
    match clause {
        Clause::All(inner) => hold(inner, cell),
        Clause::Any(inner) => {
            let mut any = inner.is_empty();
            for clause in inner {
                any |= holds(clause, cell)?;
            }
            Ok(any)
        }
        Clause::Compare { expr, .. } if !is_known(expr) => Ok(true),
        Clause::Compare {
            column,
            expr,
            value,
        } => {
            let cell = cell(column).ok_or_else(|| UnknownColumn(column.clone()))?;
            Ok(compares(&cell, expr, value))
        }
    }
}

fn is_known(expr: &str) -> bool {
    matches!(
        expr,
        "eq" | "neq"
            | "lt"
            | "lte"
            | "gt"
            | "gte"
            | "like"
            | "notLike"
            | "in"
            | "notIn"
            | "between"
            | "notBetween"
            | "isNull"
            | "isNotNull"
            | "isEmpty"
            | "isNotEmpty"
    )
}

fn compares(cell: &Cell, expr: &str, value: &Value) -> bool {
    let is_null = matches!(cell, Cell::Null);
    let is_empty = is_null || cell.text().as_deref() == Some("");
    let order = || cell.order(&as_cell(value));
    match expr {
        "isNull" => is_null,
        "isNotNull" => !is_null,
        "isEmpty" => is_empty,
        "isNotEmpty" => !is_empty,
        // Comparing NULL with anything is never true, nor is comparing anything with NULL.
        _ if is_null || value.is_null() => false,
        "eq" => order() == Ordering::Equal,
        "neq" => order() != Ordering::Equal,
        "lt" => order() == Ordering::Less,
        "lte" => order() != Ordering::Greater,
        "gt" => order() == Ordering::Greater,
        "gte" => order() != Ordering::Less,
        "like" => is_like(cell, value),
        "notLike" => !is_like(cell, value),
        "in" => listed(cell, value),
        "notIn" => !listed(cell, value),
        _ => between(cell, value) == (expr == "between"),
    }
}

fn as_cell(value: &Value) -> Cell {
    match value {
        Value::Null => Cell::Null,
        other => Cell::Text(cast::text(other)),
    }
}

fn is_like(cell: &Cell, value: &Value) -> bool {
    like::like(&cast::text(value), &cell.text().unwrap_or_default())
}

fn listed(cell: &Cell, value: &Value) -> bool {
    let list = html_entity_decode(&cast::text(value));
    list.split(',')
        .map(|one| one.trim().trim_matches('"'))
        .any(|one| cell.order(&Cell::Text(one.to_owned())) == Ordering::Equal)
}

fn between(cell: &Cell, value: &Value) -> bool {
    match value.as_array().map(Vec::as_slice) {
        Some([low, high]) => {
            cell.order(&as_cell(low)) != Ordering::Less
                && cell.order(&as_cell(high)) != Ordering::Greater
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::{UnknownColumn, hold, read};
    use crate::api::list::Cell;
    use crate::php::query;

    fn holds(query_string: &str) -> Result<bool, UnknownColumn> {
        let row = |column: &str| match column {
            "id" => Some(Cell::Int(10)),
            "name" => Some("it&#39;s".into()),
            "group" => Some(Cell::Null),
            _ => None,
        };
        hold(&read(&query::parse(query_string)), &row)
    }

    #[test]
    fn numbers_compare_by_size_and_texts_as_they_were_escaped() {
        assert_eq!(
            holds("where[0][col]=id&where[0][expr]=gt&where[0][val]=9"),
            Ok(true)
        );
        assert_eq!(
            holds("where[0][col]=id&where[0][expr]=in&where[0][val]=9,10"),
            Ok(true)
        );
        assert_eq!(
            holds("where[0][col]=name&where[0][expr]=eq&where[0][val]=IT's"),
            Ok(true)
        );
    }

    #[test]
    fn null_is_neither_equal_nor_different() {
        assert_eq!(
            holds("where[0][col]=group&where[0][expr]=neq&where[0][val]=1"),
            Ok(false)
        );
        assert_eq!(
            holds("where[0][col]=group&where[0][expr]=isNull&where[0][val]="),
            Ok(true)
        );
    }

    #[test]
    fn unknown_expressions_are_ignored_and_unknown_columns_are_not() {
        assert_eq!(
            holds("where[0][col]=x&where[0][expr]=foo&where[0][val]=1"),
            Ok(true)
        );
        let unknown = UnknownColumn("x".to_owned());
        assert_eq!(
            holds("where[0][col]=x&where[0][expr]=eq&where[0][val]=1"),
            Err(unknown)
        );
    }

    #[test]
    fn one_of_several_is_enough_inside_or() {
        let either = "where[0][expr]=orX&where[0][val][0][col]=id&where[0][val][0][expr]=eq&where[0][val][0][val]=1\
            &where[0][val][1][col]=id&where[0][val][1][expr]=eq&where[0][val][1][val]=10";
        assert_eq!(holds(either), Ok(true));
    }
}
