//! Reads a whole store and looks for damage: a damaged page is else noticed only when somebody
//! needs it. It takes as long as reading the file does (500 MB: 0.6 s from memory).

use super::{SqliteStore, codec::in_file, log_file, open};
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

impl SqliteStore {
    /// Examines the file beside everything else; what is found is told by
    /// [`damage`](SqliteStore::damage). A thread of its own, which nobody waits for at the end.
    pub fn examine(&self) {
        let (path, trouble) = (self.path.clone(), self.trouble.clone());
        let thread = std::thread::Builder::new().name("store-examine".into());
        let begun = thread.spawn(move || {
            if let Err(error) = found_in(&path) {
                let error = trouble.tell(error);
                tracing::error!(%error, "the store was read from end to end");
            }
        });
        if let Err(error) = begun {
            tracing::warn!(%error, "the store can't be looked at for damage");
        }
    }
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
