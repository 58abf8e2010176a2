//! Data protection: tombstones, the register beside the store, raw bodies of the erased, and
//! everything held of a contact.

mod amounts;
mod bodies;
mod gaps;
mod held;
pub(super) mod names;
mod open;
mod register;
mod scrub;
pub(super) mod tombstones;

#[cfg(test)]
mod tests;

pub(super) use open::settle;
pub(super) use register::Register;
pub(super) use scrub::{clean_free_pages, fold_log};
pub(super) use tombstones::{Mark, Tombstones};

use super::SqliteStore;
use crate::domain::ContactId;
use crate::store::{Amounts, Erasures, Held, Privacy, Result, StoreError};
use bodies::{SLICE, Search};
use jiff::Timestamp;
use rusqlite::Connection;
use std::sync::Arc;

#[async_trait::async_trait]
impl Privacy for SqliteStore {
    async fn finish_erasures(&self) -> Result<Erasures> {
        let Some(search) = self.read(bodies::begin).await? else {
            return Ok(Erasures {
                complete: true,
                ..Erasures::default()
            });
        };
        let mut done = self.search(&search).await?;
        let search = Arc::new(search);
        let over = Arc::clone(&search);
        self.write(move |db| bodies::forget_mentions(db, &over))
            .await?;
        if search.everywhere {
            self.mend_pages().await?;
        }
        // The log still holds the pages as they were before.
        done.complete = self.fold_log().await?;
        if done.complete {
            self.write(move |db| bodies::end(db, &search)).await?;
            // The ids that were looked for; nothing else of theirs is left.
            self.fold_log().await?;
        }
        Ok(done)
    }

    async fn held(&self, contact: ContactId) -> Result<Option<Held>> {
        self.read(move |db| held::read(db, contact)).await
    }

    async fn amounts(&self, contact: ContactId) -> Result<Option<Amounts>> {
        self.read(move |db| amounts::read(db, contact)).await
    }

    async fn allow_again(&self, contact: ContactId, now: Timestamp) -> Result<bool> {
        let register = self.register.clone();
        self.write(move |db| allow_again(db, &register, contact, now))
            .await
    }
}

impl SqliteStore {
    async fn search(&self, search: &Search) -> Result<Erasures> {
        let mut done = Erasures {
            ids: search.ids.len() as u64,
            ..Erasures::default()
        };
        for slice in search.deliveries.chunks(SLICE) {
            let (slice, ids) = (slice.to_vec(), Arc::clone(&search.ids));
            let found = self
                .read(move |db| bodies::speaking(db, &slice, &ids))
                .await?;
            done.bodies += found.len() as u64;
            if !found.is_empty() {
                self.write(move |db| bodies::forget(db, &found)).await?;
            }
        }
        for slice in search.parked.chunks(SLICE) {
            let (slice, ids) = (slice.to_vec(), Arc::clone(&search.ids));
            let found = self
                .read(move |db| bodies::speaking_items(db, &slice, &ids))
                .await?;
            done.items += found.len() as u64;
            if !found.is_empty() {
                self.write(move |db| bodies::forget_items(db, &found))
                    .await?;
            }
        }
        Ok(done)
    }

    /// Overwrites what rows that were moved and then deleted left in pages.
    async fn mend_pages(&self) -> Result<()> {
        if !self.read(gaps::can_be_mended).await? {
            return Ok(());
        }
        for tree in self.read(gaps::trees).await? {
            let numbers = self.read(move |db| gaps::numbers(db, &tree)).await?;
            for slice in numbers.chunks(gaps::SLICE) {
                let slice = slice.to_vec();
                let pages = self.read(move |db| gaps::pages(db, &slice)).await?;
                if !pages.is_empty() {
                    self.write(move |db| gaps::mend(db, &pages)).await?;
                }
            }
        }
        Ok(())
    }

    /// Folds the log into the file and empties it; whether nobody was in the way.
    async fn fold_log(&self) -> Result<bool> {
        let path = self.path.clone();
        tokio::task::spawn_blocking(move || fold_log(&path))
            .await
            .map_err(|error| StoreError::Database(format!("the program is stopping: {error}")))?
    }
}

fn allow_again(
    db: &Connection,
    register: &Register,
    contact: ContactId,
    now: Timestamp,
) -> Result<bool> {
    let mark = Tombstones::of(db)?.mark(contact);
    let was_erased = tombstones::remove(db, mark)?;
    if was_erased {
        register.let_in(db, now, &[mark])?;
    }
    Ok(was_erased)
}
