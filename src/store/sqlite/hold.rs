//! One daemon per file: whoever starts takes every lease for one of the dead.

use super::SqliteStore;
use crate::store::{Result, StoreError};
use std::{
    ffi::OsString,
    fs::{File, TryLockError},
    io::{Read, Seek, Write},
    path::PathBuf,
    sync::PoisonError,
};

impl SqliteStore {
    /// Holds the file for this daemon until the store is dropped or the process ends, however it
    /// ends. Commands that only ask or tell something need not hold it.
    ///
    /// # Errors
    /// [`StoreError::Database`] when another daemon holds it, or the lock's file can't be made.
    pub fn hold(&self) -> Result<()> {
        let result = self.lock();
        result.map_err(|error| self.trouble.tell(error))
    }

    fn lock(&self) -> Result<()> {
        let path = self.lock_path();
        let refused = |error: &dyn std::fmt::Display| {
            StoreError::Database(format!("{} {error}", path.display()))
        };
        let options = File::options().read(true).write(true).create(true).clone();
        let mut file = options.open(&path).map_err(|error| refused(&error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(held_by(&mut file)),
            Err(TryLockError::Error(error)) => {
                // Some network file systems know no locks; a store is not to lie there anyway.
                tracing::warn!(%error, "the store can't be locked: start no second daemon on it");
            }
        }
        // For people who ask who it is; that the disk is full is told better by others.
        let _ = file
            .set_len(0)
            .and_then(|()| write!(file, "{}", std::process::id()));
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(file);
        Ok(())
    }

    fn lock_path(&self) -> PathBuf {
        let mut name = OsString::from(&self.path);
        name.push(".lock");
        name.into()
    }
}

fn held_by(file: &mut File) -> StoreError {
    let mut holder = String::new();
    let read = file
        .rewind()
        .and_then(|()| file.read_to_string(&mut holder));
    let holder = match read {
        Ok(_) if !holder.is_empty() => format!(" (process {holder})"),
        _ => String::new(),
    };
    StoreError::Database(format!(
        "another topicscore works with it{holder}; stop that one first, or name another store"
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may fail loudly")]

    use super::*;

    #[test]
    fn held_by_one_until_it_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("store.db");
        let first = SqliteStore::open(&file).unwrap();
        first.hold().unwrap();
        let second = SqliteStore::open(&file).unwrap();
        let refused = second.hold().unwrap_err().to_string();
        let process = format!(
            "another topicscore works with it (process {})",
            std::process::id()
        );
        assert!(refused.contains(&process), "{refused}");
        assert!(refused.contains("store.db: "), "{refused}");
        drop(first);
        second.hold().unwrap();
    }
}
