//! How many effects were ever begun: a small file beside the store, `<store>.begun`.
//!
//! What a trigger did, a mail or a webhook, leaves no mark in Mautic's points log. So every effect
//! is numbered as it is marked as started, and the number is kept here before the effect is done:
//! 1. the file is written after the store's transaction, so it is never ahead of its own store;
//! 2. nothing is done before the file has its number or a higher one.
//!
//! A file that is ahead of the store says that the store was restored from a backup, and that
//! something was done since that it does not know of.

use super::{beside, leases, restored, settings};
use crate::store::{Result, StoreError};
use rusqlite::Connection;
use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// First word of the file, with the format's number.
const TITLE: &str = "topicscore-begun 1";
/// In microseconds.
const DAY: i64 = 24 * 60 * 60 * 1_000_000;
/// The counter of the store.
const COUNTER: &str = "begun";

/// That an effect of a store was begun, and as which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Begin {
    store: String,
    number: i64,
    /// When it was begun, in microseconds: our clock may be set back until the next start.
    at: i64,
}

/// The file.
#[derive(Debug)]
pub(super) struct Begun {
    path: PathBuf,
    /// The highest number known to be in the file.
    kept: Mutex<i64>,
}

impl Begun {
    /// The one of a store.
    pub(super) fn beside(store: &Path) -> Self {
        Self {
            path: beside::named(store, ".begun"),
            kept: Mutex::new(0),
        }
    }

    /// Returns when the number is durable. Those who come together share one write.
    pub(super) fn keep(&self, begin: &Begin) -> Result<()> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if *kept >= begin.number {
            return Ok(());
        }
        let Begin { store, number, at } = begin;
        let line = beside::checked(&format!("{TITLE} {store} {number} {at}"));
        beside::replace(&self.path, &line).map_err(|error| self.failed("written", &error))?;
        *kept = *number;
        Ok(())
    }

    fn read(&self) -> Result<Option<Begin>> {
        match std::fs::read_to_string(&self.path) {
            Ok(text) => parse(&text).map(Some).ok_or_else(|| self.damaged()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.failed("read", &error)),
        }
    }

    /// A daemon begins: whether the store is older than the file. To be called in a transaction
    /// that writes, before anything is claimed.
    pub(super) fn compare(&self, db: &Connection, now: i64) -> Result<bool> {
        let Some(Begin { store, number, at }) = self.read()? else {
            return Ok(false);
        };
        let is_its_own = settings::get(db, restored::STORE_ID)? == Some(store);
        if !is_its_own || number <= leases::counter(db, COUNTER)? {
            return Ok(false);
        }
        leases::set_counter(db, COUNTER, number)?;
        // A clock that once stood at another year must not leave everything to an administrator.
        let until = now.max(at.min(now.saturating_add(DAY)));
        restored::take_for_restored(db, now, until, i64::MAX)?;
        Ok(true)
    }

    fn failed(&self, what: &str, error: &std::io::Error) -> StoreError {
        StoreError::Database(format!(
            "{}, which tells whether the store was restored from a backup, can't be {what}: {error}; no mail \
             and no webhook goes out without it",
            self.path.display()
        ))
    }

    fn damaged(&self) -> StoreError {
        StoreError::Corrupt(format!(
            "{}, which tells whether the store was restored from a backup, is damaged. If the store was not \
             restored, remove that file; if it was, set [write] mode = \"observe\" first, and look at \
             `topicscore effects` before you set it back",
            self.path.display()
        ))
    }
}

/// The number of an effect that is marked as started in this transaction.
pub(super) fn next(db: &Connection, now: i64) -> Result<Begin> {
    let number = leases::counter(db, COUNTER)?.saturating_add(1);
    leases::set_counter(db, COUNTER, number)?;
    let store = settings::get(db, restored::STORE_ID)?.unwrap_or_default();
    Ok(Begin {
        store,
        number,
        at: now,
    })
}

fn parse(text: &str) -> Option<Begin> {
    let line = text.strip_suffix('\n')?;
    let said = beside::unchecked(line)?.strip_prefix(TITLE)?;
    let mut words = said.split_whitespace();
    let mut word = || words.next();
    Some(Begin {
        store: word()?.to_owned(),
        number: word()?.parse().ok()?,
        at: word()?.parse().ok()?,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests may fail loudly")]
mod tests {
    use super::*;

    fn number(number: i64) -> Begin {
        Begin {
            store: "ab12".to_owned(),
            number,
            at: 1_767_225_600_000_000,
        }
    }

    #[test]
    fn the_highest_number_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let begun = Begun::beside(&folder.path().join("store.db"));
        assert_eq!(begun.read().unwrap(), None);
        begun.keep(&number(3)).unwrap();
        begun.keep(&number(2)).unwrap();
        assert_eq!(begun.read().unwrap(), Some(number(3)));
        begun.keep(&number(4)).unwrap();
        assert_eq!(begun.read().unwrap(), Some(number(4)));
    }

    #[test]
    fn a_damaged_file_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let begun = Begun::beside(&folder.path().join("store.db"));
        begun.keep(&number(30)).unwrap();
        let whole = std::fs::read_to_string(&begun.path).unwrap();
        for broken in [
            &whole[..whole.len() - 1],
            "",
            &whole.replace(" 30 ", " 31 "),
        ] {
            std::fs::write(&begun.path, broken).unwrap();
            let told = begun.read().unwrap_err().to_string();
            assert!(
                told.contains("store.db.begun") && told.contains("is damaged"),
                "{told}"
            );
        }
    }

    #[test]
    fn without_a_folder_it_can_not_be_kept() {
        let folder = tempfile::tempdir().unwrap();
        let begun = Begun::beside(&folder.path().join("gone/store.db"));
        let told = begun.keep(&number(1)).unwrap_err().to_string();
        assert!(told.contains("can't be written"), "{told}");
    }
}
