//! Reads a whole store and looks for damage. It takes as long as reading the file does.

use super::{codec::in_file, log_file, open};
use crate::store::{Result, StoreError};
use std::path::Path;

/// Most findings told: one damaged page can lead to thousands.
const FINDINGS: u32 = 20;

/// Reads every page of a store that is there, beside a daemon, too. Blocks.
///
/// # Errors
/// [`StoreError::Damaged`] with what was found; [`StoreError::Database`] when it can't be read.
pub fn examine(path: impl AsRef<Path>) -> Result<()> {
    let path = path.as_ref();
    found_in(path).map_err(|error| in_file(&path.display().to_string(), error))
}

fn found_in(path: &Path) -> Result<()> {
    log_file::refuse_damaged(path)?;
    let connection = open::reader(path)?;
    let mut check = connection.prepare(&format!("PRAGMA quick_check({FINDINGS})"))?;
    let findings = check.query_map([], |row| row.get::<_, String>(0))?;
    let findings: Vec<_> = findings.collect::<std::result::Result<_, _>>()?;
    if findings == ["ok"] {
        return Ok(());
    }
    let findings: Vec<_> = findings
        .iter()
        .flat_map(|finding| finding.lines())
        .collect();
    Err(StoreError::Damaged(format!(
        "{}; restore the latest backup, or try `sqlite3 FILE .recover`",
        findings.join("; ")
    )))
}
