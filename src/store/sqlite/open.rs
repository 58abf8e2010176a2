//! Opening the file: settings of a connection, the format, what is not ours.

use super::{codec::is_missing_table, log_file, privacy};
use crate::store::{Result, StoreError};
use rusqlite::{Connection, OpenFlags};
use std::{path::Path, time::Duration};

#[allow(missing_docs, unreachable_pub)] // generated
mod embedded {
    refinery::embed_migrations!("src/store/migrations/sqlite");
}

/// How long a connection waits for a lock of another process.
const BUSY: Duration = Duration::from_secs(10);
/// "tpsc": says whose file it is (`file` shows it, too).
const APPLICATION_ID: i32 = 0x7470_7363;
/// From this format on nothing deleted was left in free pages.
const FREE_PAGES_CLEAN: u32 = 3;
/// Format 3 was made with one column more for a while: the checksum of its migration as it was then.
const EARLY_FORMAT_3: &str = "10518134612246991575";
/// Prepared statements kept per connection; more than the store has.
const STATEMENTS: usize = 128;

/// Opens the file for writing, makes it if need be, and brings it to the newest format.
pub(super) fn writer(path: &Path) -> Result<Connection> {
    log_file::refuse_damaged(path)?;
    let mut connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.busy_timeout(BUSY)?;
    // SQLite opens what it may not write for reading, and says so at the first write.
    if connection.is_readonly("main")? {
        return Err(StoreError::Database(
            "it can only be read; let the user that runs topicscore write the file and its folder"
                .into(),
        ));
    }
    refuse_what_is_not_ours(&connection)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "cache_size", -65_536)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    // Erased contacts leave nothing behind, in free pages neither ("FAST" would spare those).
    connection.pragma_update(None, "secure_delete", "ON")?;
    connection.pragma_update(None, "journal_size_limit", 64 * 1024 * 1024)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // Before the format says that it was done.
    if (1..FREE_PAGES_CLEAN).contains(&format(&connection)?) {
        privacy::clean_free_pages(&connection)?;
    }
    mend_early_format_3(&mut connection)?;
    migrate(&mut connection)?;
    privacy::settle(&mut connection, &privacy::Register::beside(path))?;
    Ok(connection)
}

/// Opens one more connection that only reads.
pub(super) fn reader(path: &Path) -> Result<Connection> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "query_only", true)?;
    connection.pragma_update(None, "cache_size", -16_384)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

/// A file with tables of somebody else, or of a newer topicscore, is left alone: nothing of it is
/// written.
fn refuse_what_is_not_ours(connection: &Connection) -> Result<()> {
    let id: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if id == 0 && tables == 0 {
        connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    } else if id != APPLICATION_ID {
        return Err(StoreError::Corrupt(
            "the file is a SQLite database of another program; name another path for the store"
                .into(),
        ));
    }
    let (found, known) = (format(connection)?, newest_format());
    if found > known {
        return Err(StoreError::TooNew { found, known });
    }
    Ok(())
}

/// Takes away the column that format 3 had for a while, which nothing reads any more.
fn mend_early_format_3(connection: &mut Connection) -> Result<()> {
    let early = connection.query_row(
        "SELECT 1 FROM refinery_schema_history WHERE version = 3 AND checksum = ?1",
        [EARLY_FORMAT_3],
        |_| Ok(()),
    );
    match early {
        Err(rusqlite::Error::QueryReturnedNoRows) => return Ok(()),
        Err(error) if is_missing_table(&error) => return Ok(()),
        other => other?,
    }
    let work = connection.transaction()?;
    work.execute("ALTER TABLE contact DROP COLUMN another_since", [])?;
    work.execute(
        "UPDATE refinery_schema_history SET checksum = ?1 WHERE version = 3",
        [migration(3).1],
    )?;
    Ok(work.commit()?)
}

fn migrate(connection: &mut Connection) -> Result<()> {
    let known = newest_format();
    embedded::migrations::runner()
        .set_grouped(true)
        .run(connection)
        .map(drop)
        .map_err(|error| {
            StoreError::Database(format!("can't bring the store to format {known}: {error}"))
        })
}

fn newest_format() -> u32 {
    let runner = embedded::migrations::runner();
    let newest = runner
        .get_migrations()
        .iter()
        .map(refinery::Migration::version)
        .max();
    newest
        .and_then(|newest| u32::try_from(newest).ok())
        .unwrap_or(0)
}

/// The format of the file; 0 for a new one.
fn format(connection: &Connection) -> Result<u32> {
    let newest = connection.query_row(
        "SELECT coalesce(max(version), 0) FROM refinery_schema_history",
        [],
        |row| row.get::<_, i64>(0),
    );
    match newest {
        Err(error) if is_missing_table(&error) => Ok(0),
        other => Ok(u32::try_from(other?).unwrap_or(u32::MAX)),
    }
}

/// Name and checksum of a migration as they stand in a store.
pub(super) fn migration(version: i32) -> (String, String) {
    let runner = embedded::migrations::runner();
    let mut known = runner.get_migrations().iter();
    let found = known.find(|one| i64::from(one.version()) == i64::from(version));
    found.map_or_else(Default::default, |one| {
        (one.name().to_owned(), one.checksum().to_string())
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests may fail loudly")]
mod tests {
    use super::*;

    const SQL: [&str; 3] = [
        include_str!("../migrations/sqlite/V1__first.sql"),
        include_str!("../migrations/sqlite/V2__added_points.sql"),
        include_str!("../migrations/sqlite/V3__privacy.sql"),
    ];
    /// What stood in it, and before what.
    const COLUMN: &str = "\
-- When a contact's profile first showed that it was made at another moment than before: an import dated
-- it anew, or Mautic was restored from a backup and its id is another person's.
ALTER TABLE contact ADD COLUMN another_since INTEGER;

";
    const BEFORE: &str = "-- The number of the batch that told the profile";

    #[test]
    fn a_store_of_the_early_format_3_opens() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let early = SQL[2].replacen(BEFORE, &format!("{COLUMN}{BEFORE}"), 1);
        let checksum = refinery::Migration::unapplied("V3__privacy", &early).unwrap();
        let checksum = checksum.checksum().to_string();
        assert_eq!(checksum, EARLY_FORMAT_3);
        let db = Connection::open(&path).unwrap();
        db.pragma_update(None, "application_id", APPLICATION_ID)
            .unwrap();
        db.execute_batch(
            "CREATE TABLE refinery_schema_history
                 (version INT4 PRIMARY KEY, name VARCHAR(255), applied_on VARCHAR(255), checksum VARCHAR(255))",
        )
        .unwrap();
        for (version, sql) in [(1, SQL[0]), (2, SQL[1]), (3, &early)] {
            db.execute_batch(sql).unwrap();
            let (name, same) = migration(version);
            let made = refinery::Migration::unapplied(&format!("V{version}__{name}"), sql).unwrap();
            assert_eq!(made.checksum().to_string() == same, version != 3, "{name}");
            let checksum = if version == 3 { &checksum } else { &same };
            db.execute(
                "INSERT INTO refinery_schema_history VALUES (?1, ?2, '2026-01-01T00:00:00Z', ?3)",
                (version, name, checksum),
            )
            .unwrap();
        }
        db.execute("INSERT INTO contact (id) VALUES (7)", [])
            .unwrap();
        drop(db);
        let db = writer(&path).unwrap();
        assert_eq!(format(&db).unwrap(), newest_format());
        let kept: i64 = db
            .query_row("SELECT id FROM contact", [], |row| row.get(0))
            .unwrap();
        assert_eq!(kept, 7);
        assert!(db.prepare("SELECT another_since FROM contact").is_err());
    }
}
