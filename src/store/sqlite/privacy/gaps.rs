//! Remains between the cells of b-tree pages.
//!
//! `secure_delete` overwrites what is deleted, but when SQLite rearranges a page (`btree.c`,
//! `rebuildPage`) copies of cells that moved on stay in the unused part between the cell pointers and
//! the cells, and are there still when the cells are deleted. Readers find such pages by their type
//! (`dbstat`); the writer overwrites the unused part, of pages that are byte for byte as they were read.

use crate::store::Result;
use rusqlite::{Connection, OptionalExtension, params};
use std::ops::Range;

/// Pages mended in one transaction.
pub(super) const SLICE: usize = 64;

/// A page with remains, as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Page {
    number: i64,
    bytes: Vec<u8>,
}

/// Whether this SQLite shows its pages: it is built with that here (`.cargo/config.toml`).
pub(super) fn can_be_mended(db: &Connection) -> Result<bool> {
    let mut statement =
        db.prepare_cached("SELECT 1 FROM pragma_module_list WHERE name = 'sqlite_dbpage'")?;
    Ok(statement.exists([])?)
}

/// Tables and indexes: what is walked through in one question.
pub(super) fn trees(db: &Connection) -> Result<Vec<String>> {
    let mut statement =
        db.prepare("SELECT name FROM sqlite_schema WHERE rootpage > 0 ORDER BY name")?;
    let rows = statement.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<std::result::Result<_, _>>()?)
}

/// The numbers of a tree's pages.
pub(super) fn numbers(db: &Connection, tree: &str) -> Result<Vec<i64>> {
    let mut statement = db.prepare_cached(
        "SELECT pageno FROM dbstat WHERE name = ?1 AND pagetype IN ('leaf', 'internal')",
    )?;
    let numbers = statement.query_map([tree], |row| row.get(0))?;
    Ok(numbers.collect::<std::result::Result<_, _>>()?)
}

/// Those of some pages that have remains.
pub(super) fn pages(db: &Connection, numbers: &[i64]) -> Result<Vec<Page>> {
    let mut found = Vec::new();
    for &number in numbers {
        let Some(bytes) = read(db, number)? else {
            continue;
        };
        if gap(&bytes, number).is_some_and(|gap| bytes[gap].iter().any(|byte| *byte != 0)) {
            found.push(Page { number, bytes });
        }
    }
    Ok(found)
}

/// Overwrites the remains in pages that nobody changed since they were read.
pub(super) fn mend(db: &Connection, pages: &[Page]) -> Result<()> {
    let mut write = db
        .prepare_cached("UPDATE sqlite_dbpage SET data = ?2 WHERE pgno = ?1 AND schema = 'main'")?;
    for page in pages {
        if read(db, page.number)?.as_ref() != Some(&page.bytes) {
            continue;
        }
        let mut bytes = page.bytes.clone();
        if let Some(gap) = gap(&bytes, page.number) {
            bytes[gap].fill(0);
            write.execute(params![page.number, bytes])?;
        }
    }
    Ok(())
}

fn read(db: &Connection, number: i64) -> Result<Option<Vec<u8>>> {
    let mut statement =
        db.prepare_cached("SELECT data FROM sqlite_dbpage WHERE pgno = ?1 AND schema = 'main'")?;
    Ok(statement.query_row([number], |row| row.get(0)).optional()?)
}

/// The unused part of a b-tree page (file format, 1.6): after the cell pointers, before the cells.
/// `None` where the header makes no sense.
fn gap(page: &[u8], number: i64) -> Option<Range<usize>> {
    // The file's own header stands before the first page's.
    let header = if number == 1 { 100 } else { 0 };
    let two = |at: usize| -> Option<usize> {
        let bytes = page.get(header + at..header + at + 2)?;
        Some(usize::from(bytes[0]) << 8 | usize::from(bytes[1]))
    };
    let pointers = match page.get(header)? {
        2 | 5 => header + 12,
        10 | 13 => header + 8,
        _ => return None,
    };
    let (cells, start) = (two(3)?, two(5)?);
    // 0 stands for 65536.
    let start = if start == 0 { 65_536 } else { start };
    let begin = pointers + 2 * cells;
    (begin <= start && start <= page.len()).then_some(begin..start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gap_is_between_pointers_and_cells() {
        let mut leaf = vec![0xff_u8; 4096];
        leaf[..8].copy_from_slice(&[13, 0, 0, 0, 3, 0x0f, 0x00, 0]);
        assert_eq!(gap(&leaf, 2), Some(14..3840));
        leaf[0] = 5;
        assert_eq!(gap(&leaf, 2), Some(18..3840));
        let mut first = vec![0_u8; 4096];
        first[100..108].copy_from_slice(&[13, 0, 0, 0, 1, 0x0f, 0x00, 0]);
        assert_eq!(gap(&first, 1), Some(110..3840));
        // No b-tree page, or none that makes sense.
        for wrong in [
            [0_u8, 0, 0, 0, 3, 15, 0, 0],
            [13, 0, 0, 0, 3, 0xff, 0, 0],
            [13, 0, 0, 255, 255, 15, 0, 0],
        ] {
            leaf[..8].copy_from_slice(&wrong);
            assert_eq!(gap(&leaf, 2), None, "{wrong:?}");
        }
        assert_eq!(gap(&[13, 0], 2), None);
    }
}
