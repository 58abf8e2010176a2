//! What SQLite leaves lying about: pages in the log, and free pages of before.

use super::super::open;
use crate::store::Result;
use rusqlite::{Connection, params};
use std::{path::Path, time::Duration};

/// How long readers are waited for; writers wait meanwhile.
const PATIENCE: Duration = Duration::from_millis(500);
/// Free pages overwritten in one transaction.
const PAGES: i64 = 4096;

/// Folds the write-ahead log into the file and empties it. False if somebody read in it for too
/// long.
pub(in super::super) fn fold_log(store: &Path) -> Result<bool> {
    let connection = open::reader(store)?;
    connection.busy_timeout(PATIENCE)?;
    let was_busy: bool =
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    Ok(!was_busy)
}

/// Overwrites what deleted rows left in free pages before they were overwritten at once (format 1).
pub(in super::super) fn clean_free_pages(db: &Connection) -> Result<()> {
    let pragma = |name| -> Result<i64> { Ok(db.pragma_query_value(None, name, |row| row.get(0))?) };
    let page = pragma("page_size")?;
    // Zeros take all free pages; deleting them a piece at a time keeps the log small. A table that
    // is there already is one that a crash left.
    db.execute_batch("CREATE TABLE IF NOT EXISTS scrub (zeros BLOB)")?;
    loop {
        let free = pragma("freelist_count")?;
        if free == 0 {
            break;
        }
        let zeros = free.min(PAGES) * page;
        db.execute("INSERT INTO scrub VALUES (zeroblob(?1))", params![zeros])?;
    }
    while db.execute(
        "DELETE FROM scrub WHERE rowid = (SELECT min(rowid) FROM scrub)",
        [],
    )? > 0
    {}
    db.execute_batch("DROP TABLE scrub")?;
    Ok(())
}
