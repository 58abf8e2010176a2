//! The write-ahead log as it lies beside the file.
//!
//! `SQLite` takes a log with an unreadable header for an empty one, and everything committed since
//! the last checkpoint is gone without a word. It writes and syncs the header before the first
//! frame (`wal.c`, `walWriteFrames`), so that no loss of power leaves frames behind a bad one:
//! that is damage, or the log of another file.

use crate::store::{Result, StoreError};
use std::{
    ffi::OsString,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    time::Duration,
};

const HEADER: usize = 32;
/// The lowest bit tells the order of bytes that checksums are reckoned with.
const MAGIC: u32 = 0x377f_0682;
/// Another process may be writing the header at this moment.
const LOOKS: u32 = 3;
const PAUSE: Duration = Duration::from_millis(20);

/// Refuses a store whose log can't be read.
pub(super) fn refuse_damaged(store: &Path) -> Result<()> {
    let log = log_of(store);
    for look in 1..=LOOKS {
        let sound = is_sound(&log)
            .map_err(|error| StoreError::Database(format!("{} {error}", log.display())))?;
        if sound {
            return Ok(());
        }
        if look < LOOKS {
            std::thread::sleep(PAUSE);
        }
    }
    Err(StoreError::Damaged(format!(
        "the log {} beside it does not begin as a log does, so what was committed last can't be read; \
         keep a copy of both files, then restore the latest backup; or, to go on without what the log \
         held, move the log away",
        log.display()
    )))
}

fn log_of(store: &Path) -> PathBuf {
    let mut name = OsString::from(store);
    name.push("-wal");
    name.into()
}

/// Whether there is no log, none with frames, or one with a good header.
fn is_sound(log: &Path) -> io::Result<bool> {
    let mut file = match File::open(log) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(error),
    };
    let mut header = [0; HEADER];
    if file.metadata()?.len() <= HEADER as u64 {
        return Ok(true);
    }
    match file.read_exact(&mut header) {
        Ok(()) => Ok(is_header(&header)),
        // Made shorter meanwhile, by another process.
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(true),
        Err(error) => Err(error),
    }
}

/// Magic number and checksum, as `SQLite`'s file format document defines them (4.1, 4.2).
fn is_header(header: &[u8; HEADER]) -> bool {
    let word = |at: usize| {
        let bytes = [header[at], header[at + 1], header[at + 2], header[at + 3]];
        u32::from_be_bytes(bytes)
    };
    let magic = word(0);
    if magic & !1 != MAGIC {
        return false;
    }
    let native = |at| {
        if magic & 1 == 1 {
            word(at)
        } else {
            word(at).swap_bytes()
        }
    };
    let (mut first, mut second) = (0_u32, 0_u32);
    for at in (0..24).step_by(8) {
        first = first.wrapping_add(native(at)).wrapping_add(second);
        second = second.wrapping_add(native(at + 4)).wrapping_add(first);
    }
    (first, second) == (word(24), word(28))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may fail loudly")]

    use super::*;
    use rusqlite::Connection;

    /// A log with something in it, as bytes.
    fn log() -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store.db");
        let db = Connection::open(&store).unwrap();
        db.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (a); INSERT INTO t VALUES (1)")
            .unwrap();
        std::fs::read(log_of(&store)).unwrap()
    }

    fn judged(log: Option<&[u8]>) -> bool {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store.db");
        if let Some(log) = log {
            std::fs::write(log_of(&store), log).unwrap();
        }
        refuse_damaged(&store).is_ok()
    }

    #[test]
    fn logs_are_read_or_refused() {
        let good = log();
        assert!(judged(None), "no log");
        assert!(judged(Some(&[])), "an empty log");
        assert!(judged(Some(&good[..20])), "not even a header: no frames");
        assert!(judged(Some(&good)), "a log");
        assert!(judged(Some(&good[..40])), "a torn frame");
        for at in 0..HEADER {
            let mut bad = good.clone();
            bad[at] ^= 0x40;
            assert!(!judged(Some(&bad)), "byte {at} of the header is another");
        }
        assert!(!judged(Some(&vec![0; 4096])), "nothing but zeros");
    }
}
