//! One daemon per file: whoever starts takes every lease for one of the dead.

use super::codec::in_file;
use crate::store::{Result, StoreError};
use std::{
    ffi::OsString,
    fs::{File, TryLockError},
    io::{Read, Seek, Write},
    path::{Path, PathBuf},
};

/// Keeps other daemons off a store until it is dropped, or the process ends, however it ends.
/// Commands that only ask or tell something need none.
#[derive(Debug)]
pub struct Hold {
    _locked: File,
}

impl Hold {
    /// Takes hold of the store at this path, which need not be there yet.
    ///
    /// # Errors
    /// [`StoreError::Database`] when another daemon has it, or the lock's file can't be made.
    pub fn take(store: impl AsRef<Path>) -> Result<Self> {
        let store = store.as_ref();
        let taken = lock(&lock_of(store));
        taken.map_err(|error| in_file(&store.display().to_string(), error))
    }
}

fn lock(path: &Path) -> Result<Hold> {
    let mut options = File::options();
    let options = options.read(true).write(true).create(true).truncate(false);
    let mut file = options.open(path).map_err(|error| {
        StoreError::Database(format!(
            "{} can't be made: {error}; is the folder there, and may the user that runs topicscore \
             write in it?",
            path.display()
        ))
    })?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(held_by(&mut file)),
        // Some network file systems know no locks; a store is not to lie there anyway.
        Err(TryLockError::Error(error)) => {
            tracing::warn!(%error, "the store can't be locked: start no second daemon on it");
        }
    }
    // For people who ask who it is; that the disk is full is told better by others.
    let _ = file
        .set_len(0)
        .and_then(|()| write!(file, "{}", std::process::id()));
    Ok(Hold { _locked: file })
}

fn lock_of(store: &Path) -> PathBuf {
    let mut name = OsString::from(store);
    name.push(".lock");
    name.into()
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
        let store = folder.path().join("store.db");
        let first = Hold::take(&store).unwrap();
        let refused = Hold::take(&store).unwrap_err().to_string();
        let me = std::process::id();
        let words = format!("store.db: another topicscore works with it (process {me});");
        assert!(refused.contains(&words), "{refused}");
        drop(first);
        Hold::take(&store).unwrap();
    }

    #[test]
    fn without_a_folder_there_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let refused = Hold::take(folder.path().join("no/store.db")).unwrap_err();
        let refused = refused.to_string();
        assert!(refused.contains("is the folder there"), "{refused}");
    }
}
