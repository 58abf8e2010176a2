//! Reads columns of a row of `/api/stats`: every value is text, null columns are absent (FACTS 100).

use super::{Fault, json::whole_second, text::plain};
use crate::mautic::wire;
use jiff::Timestamp;
use std::{collections::BTreeMap, str::FromStr};

/// A row of `/api/stats/TABLE`.
pub type Row = BTreeMap<String, String>;

/// A column, none where it is null or empty.
pub(super) fn text(row: &Row, column: &str) -> Option<String> {
    row.get(column)
        .filter(|text| !text.is_empty())
        .map(|text| text.replace('\0', ""))
}

/// Like [`text`], with Mautic's escapes undone.
pub(super) fn plain_text(row: &Row, column: &str) -> Option<String> {
    text(row, column).map(|text| plain(&text))
}

fn parsed<T: FromStr>(row: &Row, column: &str, expected: &'static str) -> Result<T, Fault> {
    let found = required(row, column)?;
    found
        .parse()
        .map_err(|_| Fault::wrong(column, expected, found))
}

pub(super) fn required<'a>(row: &'a Row, column: &str) -> Result<&'a str, Fault> {
    row.get(column)
        .map(String::as_str)
        .ok_or_else(|| Fault::Missing(column.to_owned()))
}

/// A positive id, or none where it is null.
pub(super) fn maybe_id(row: &Row, column: &str) -> Option<u32> {
    row.get(column)?.parse().ok().filter(|id| *id > 0)
}

pub(super) fn id(row: &Row, column: &str) -> Result<u32, Fault> {
    match parsed(row, column, "an id")? {
        0 => Err(Fault::wrong(column, "an id", "0")),
        id => Ok(id),
    }
}

/// Positive, and not larger than a store can count.
pub(super) fn row_id(row: &Row) -> Result<u64, Fault> {
    let id: u64 = parsed(row, "id", "an id")?;
    match i64::try_from(id) {
        Ok(1..) => Ok(id),
        _ => Err(Fault::wrong("id", "an id", required(row, "id")?)),
    }
}

pub(super) fn integer(row: &Row, column: &str) -> Result<i64, Fault> {
    parsed(row, column, "a whole number")
}

/// A moment; Mautic writes UTC without saying so.
pub(super) fn moment(row: &Row, column: &str) -> Result<Timestamp, Fault> {
    let found = required(row, column)?;
    instant(found).ok_or_else(|| Fault::wrong(column, "a date", found))
}

/// A moment as text, for an attribute.
pub(super) fn instant(text: &str) -> Option<Timestamp> {
    wire::naive_utc(text).and_then(whole_second)
}

pub(super) fn flag(row: &Row, column: &str) -> bool {
    row.get(column).is_some_and(|text| text == "1")
}
