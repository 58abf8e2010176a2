//! A Mautic that went back in time: it was restored from a backup.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The setting that holds, as JSON, by what it was noticed; while it is there nothing is read, scored
/// or written.
pub const WENT_BACK: &str = "mautic_went_back";

/// By what it was noticed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WentBack {
    /// Mautic's table.
    pub table: String,
    /// Its newest row that we had read, by id.
    pub row: u64,
    /// When that row was made.
    pub was: Timestamp,
    /// When the row was made that has its id now; `None`: there is none, nor a newer one.
    pub is: Option<Timestamp>,
    /// When it was noticed.
    pub noticed_at: Timestamp,
}

impl fmt::Display for WentBack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            table, row, was, ..
        } = self;
        write!(
            f,
            "Mautic was restored from a backup: row {row} of its table {table}, made at {was}, "
        )?;
        match self.is {
            Some(is) => write!(f, "is another one now, made at {is}"),
            None => f.write_str("is gone, and there is no newer one"),
        }
    }
}
