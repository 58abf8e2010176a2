//! `/api/reports` (FACTS 35, 36, N6). Data are given for the source `group.score`; other sources are empty.

use serde_json::{Map, Value, json};

use super::Call;
use super::crud::parse_id;
use super::errors::not_found;
use super::list::{Cell, Page};
use crate::php::{cast, like};
use crate::server::answer::{Answer, Exception, Failure, Handled};
use crate::state::clock::iso;
use crate::state::reports::Report;
use crate::state::{Id, State};

/// Rows per page when a page is asked for without a limit.
const DEFAULT_LIMIT: i64 = 30;

/// Routes under `/api/reports`.
pub(super) fn handle(state: &mut State, call: Call<'_>, path: &[&str]) -> Handled {
    match (call.method(), path) {
        ("GET", []) => list(state, call),
        ("GET", [id]) => data(state, call, parse_id(id)?),
        ("DELETE", [id, "delete"]) => delete(state, parse_id(id)?),
        ("POST", ["new"]) => {
            Err(Exception::new("the report form needs options the API does not give").into())
        }
        _ => Err(Failure::NoRoute),
    }
}

fn list(state: &State, call: Call<'_>) -> Handled {
    let page = Page::of(call);
    let search = page.search.to_lowercase();
    let mut rows: Vec<&Report> = state
        .reports
        .values()
        .filter(|report| report.name.to_lowercase().contains(&search))
        .collect();
    page.sort(&mut rows, &[("name", false)], |report, column| {
        Some(match column {
            "id" => report.id.into(),
            "name" => report.name.as_str().into(),
            "source" => report.source.as_str().into(),
            "dateAdded" | "date_added" => report.date_added.into(),
            _ => return None,
        })
    })?;
    let total = rows.len();
    let rows: Vec<Value> = page
        .cut(rows)
        .into_iter()
        .map(|report| listed(report, json!(report.id)))
        .collect();
    Ok(Answer::api(200, &json!({"total": total, "reports": rows})))
}

fn delete(state: &mut State, id: Id) -> Handled {
    let report = state.reports.remove(id).ok_or_else(not_found)?;
    state.audit(
        "report",
        "report",
        id,
        "delete",
        json!({"name": report.name}),
    );
    Ok(Answer::api(
        200,
        &json!({"report": listed(&report, Value::Null)}),
    ))
}

fn listed(report: &Report, id: Value) -> Value {
    let mut json = details(report, id);
    for name in [
        "scheduleUnit",
        "toAddress",
        "scheduleDay",
        "scheduleMonthFrequency",
    ] {
        json.insert(name.to_owned(), Value::Null);
    }
    Value::Object(json)
}

fn details(report: &Report, id: Value) -> Map<String, Value> {
    let members = [
        ("id", id),
        ("name", json!(report.name)),
        ("description", json!(report.description)),
        ("system", json!(report.system)),
        ("isScheduled", json!(false)),
        ("source", json!(report.source)),
        ("columns", report.columns.clone()),
        ("filters", report.filters.clone()),
        ("tableOrder", report.table_order.clone()),
        ("graphs", report.graphs.clone()),
        ("groupBy", report.group_by.clone()),
        ("settings", report.settings.clone()),
        ("aggregators", report.aggregators.clone()),
    ];
    members
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}

fn data(state: &State, call: Call<'_>, id: Id) -> Handled {
    let report = state.reports.get(id).ok_or_else(not_found)?;
    let query = &call.request.query;
    let (limit, page) = paging(query.get("limit"), query.get("page"));
    let mut rows = score_rows(state, report);
    order(&mut rows, &report.table_order);
    let total = rows.len();
    let size = usize::try_from(limit).ok().filter(|limit| *limit > 0);
    let skip = page.map_or(0, |page| usize::try_from(page - 1).unwrap_or(0)) * size.unwrap_or(0);
    let shown: Vec<Value> = rows
        .into_iter()
        .skip(skip)
        .take(size.unwrap_or(usize::MAX))
        .map(|row| shown(&row, &report.columns))
        .collect();
    let mut body = Map::new();
    let mut add = |key: &str, value: Value| body.insert(key.to_owned(), value);
    add("totalResults", json!(total));
    add("data", json!(shown));
    add(
        "dataColumns",
        columns(state)
            .into_iter()
            .map(|(alias, column)| (alias, json!(column)))
            .collect(),
    );
    add("limit", json!(limit));
    if let Some(page) = page {
        add("page", json!(page));
    }
    for key in ["dateFrom", "dateTo"] {
        if let Some(date) = query.get(key).and_then(Value::as_str).and_then(midnight) {
            add(key, json!(date));
        }
    }
    add("debug", json!([]));
    add("aggregatorColumns", json!([]));
    let mut about = Map::new();
    about.insert("isPublished".to_owned(), json!(report.is_published));
    about.insert("dateAdded".to_owned(), json!(report.date_added.map(iso)));
    about.extend(details(report, json!(report.id)));
    let mut about = Value::Object(about);
    drop_nulls(&mut about);
    add("report", about);
    Ok(Answer::api(200, &Value::Object(body)))
}

/// Limit and page as the answer names them: neither given shows all as page 1; a page alone has 30 rows; a limit
/// alone shows its rows without naming a page; `limit=0` counts as not given, with page 1.
fn paging(limit: Option<&Value>, page: Option<&Value>) -> (i64, Option<i64>) {
    let page = page.map(cast::int);
    match limit.map(cast::int) {
        None if page.is_none() => (0, Some(1)),
        None | Some(0) => (DEFAULT_LIMIT, page.or(Some(1))),
        Some(limit) => (limit, page),
    }
}

fn midnight(date: &str) -> Option<String> {
    let date: jiff::civil::Date = date.get(..10)?.parse().ok()?;
    Some(format!("{date}T00:00:00+00:00"))
}

fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

/// Alias and column of everything the source `group.score` can show: contact columns by their labels, then the group's.
fn columns(state: &State) -> Vec<(String, String)> {
    let mut contact: Vec<(String, String, String)> = state
        .contact_fields
        .values()
        .filter(|field| field.stamp.is_published)
        .map(|field| {
            (
                field.label.clone(),
                field.alias.clone(),
                format!("l.{}", field.alias),
            )
        })
        .collect();
    contact.push(("ID".to_owned(), "contactId".to_owned(), "l.id".to_owned()));
    contact.sort();
    let group = [
        ("group_id", "pl.id"),
        ("group_name", "pl.name"),
        ("group_score", "ls.score"),
    ];
    let group = group.map(|(alias, column)| (alias.to_owned(), column.to_owned()));
    contact
        .into_iter()
        .map(|(_, alias, column)| (alias, column))
        .chain(group)
        .collect()
}

/// A joined row: column and value.
type Row = Vec<(String, Cell)>;

fn score_rows(state: &State, report: &Report) -> Vec<Row> {
    if report.source != "group.score" {
        return Vec::new();
    }
    let filters = report.filters.as_array().map_or(&[][..], Vec::as_slice);
    let join = |(contact, group, score): (Id, Id, i64)| -> Option<Row> {
        let (person, group) = (state.contacts.get(contact)?, state.point_groups.get(group)?);
        let fields = state.contact_fields.values();
        let mut row: Row = fields
            .map(|field| {
                let value = person.column_value(&field.alias);
                let cell = if value.is_null() {
                    Cell::Null
                } else {
                    Cell::Text(cast::text(&value))
                };
                (format!("l.{}", field.alias), cell)
            })
            .collect();
        row.push(("l.id".to_owned(), contact.into()));
        row.push(("pl.id".to_owned(), group.id.into()));
        row.push(("pl.name".to_owned(), group.name.as_str().into()));
        row.push(("ls.score".to_owned(), score.into()));
        Some(row)
    };
    state
        .group_scores
        .iter()
        .filter_map(join)
        .filter(|row| passes(row, filters))
        .collect()
}

fn cell<'a>(row: &'a Row, column: &str) -> &'a Cell {
    row.iter()
        .find(|(name, _)| name == column)
        .map_or(&Cell::Null, |(_, cell)| cell)
}

fn passes(row: &Row, filters: &[Value]) -> bool {
    let mut any = false;
    let mut group = true;
    for (index, filter) in filters.iter().enumerate() {
        let text = |key: &str| filter.get(key).map(cast::text).unwrap_or_default();
        if index > 0 && text("glue") == "or" {
            any |= group;
            group = true;
        }
        group = group
            && holds(
                cell(row, &text("column")),
                &text("condition"),
                &text("value"),
            );
    }
    any || group
}

fn holds(cell: &Cell, condition: &str, value: &str) -> bool {
    let order = (*cell != Cell::Null).then(|| cell.order(&Cell::Text(value.to_owned())));
    let like = |pattern: &str| cell.text().is_some_and(|text| like::like(pattern, &text));
    match condition {
        "eq" => order.is_some_and(std::cmp::Ordering::is_eq),
        "neq" => !order.is_some_and(std::cmp::Ordering::is_eq),
        "gt" => order.is_some_and(std::cmp::Ordering::is_gt),
        "gte" => order.is_some_and(std::cmp::Ordering::is_ge),
        "lt" => order.is_some_and(std::cmp::Ordering::is_lt),
        "lte" => order.is_some_and(std::cmp::Ordering::is_le),
        "empty" => cell.text().is_none_or(|text| text.is_empty()),
        "notEmpty" => cell.text().is_some_and(|text| !text.is_empty()),
        "like" | "contains" => like(&format!("%{value}%")),
        "notLike" => !like(&format!("%{value}%")),
        "startsWith" => like(&format!("{value}%")),
        "endsWith" => like(&format!("%{value}")),
        _ => true,
    }
}

/// Of several order columns only the last one counts (FACTS 36).
fn order(rows: &mut [Row], table_order: &Value) {
    let Some(last) = table_order.as_array().and_then(|columns| columns.last()) else {
        return;
    };
    let text = |key: &str| last.get(key).map(cast::text).unwrap_or_default();
    let (column, descending) = (
        text("column"),
        text("direction").eq_ignore_ascii_case("DESC"),
    );
    rows.sort_by(|a, b| {
        let order = cell(a, &column).order(cell(b, &column));
        if descending { order.reverse() } else { order }
    });
}

fn shown(row: &Row, columns: &Value) -> Value {
    let columns = columns.as_array().into_iter().flatten().map(cast::text);
    let alias = |column: &str| match column {
        "l.id" => "contactId".to_owned(),
        "pl.id" => "group_id".to_owned(),
        "pl.name" => "group_name".to_owned(),
        "ls.score" => "group_score".to_owned(),
        other => other.rsplit('.').next().unwrap_or(other).to_owned(),
    };
    columns
        .map(|column| (alias(&column), json!(cell(row, &column).text())))
        .collect::<Map<_, _>>()
        .into()
}
