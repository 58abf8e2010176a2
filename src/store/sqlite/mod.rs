//! The embedded store: one `SQLite` file in WAL mode.
//!
//! One thread writes ([`writer`]), a few connections read ([`readers`]). Everything between is
//! plain functions on a connection: `deliveries`, `journal` (facts), `dirty` and `scores`,
//! `targets`, `outbox` and `effects`, `settings`, `admin`, `privacy` (erasing for good).

mod adjustments;
mod admin;
mod begun;
mod beside;
mod codec;
mod damage;
mod deliveries;
mod dirty;
mod effects;
mod examine;
mod hex;
mod hold;
mod journal;
mod leases;
mod log_file;
mod open;
mod outbox;
mod points_calls;
mod privacy;
mod readers;
mod reconcile;
mod rereading;
mod restored;
mod scores;
mod settings;
mod snapshots;
mod targets;
mod writer;

use super::Result;
pub use examine::examine;
pub use hold::Hold;

use begun::Begun;
use damage::Trouble;
use privacy::Register;
use readers::Readers;
use rusqlite::Connection;
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::sync::watch;
use writer::{Turn, Writer};

/// A store in one `SQLite` file. Times are kept to the microsecond.
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    register: Register,
    begun: Arc<Begun>,
    writer: Arc<Writer>,
    readers: Readers,
    trouble: Trouble,
    told: Told,
}

/// What was told to the journal, counted.
#[derive(Debug, Default)]
struct Told {
    batches: AtomicU64,
    new: AtomicU64,
    known: AtomicU64,
}

impl Told {
    fn count(&self, applied: super::Applied) {
        for (count, more) in [
            (&self.batches, 1),
            (&self.new, applied.new_activities),
            (&self.known, applied.known_activities),
        ] {
            count.fetch_add(more, Ordering::Relaxed);
        }
    }
}

impl SqliteStore {
    /// Opens the file, or makes it, and brings it to the newest format. Blocks.
    ///
    /// # Errors
    /// [`StoreError::TooNew`](super::StoreError::TooNew) when a newer topicscore wrote it,
    /// [`StoreError::Damaged`](super::StoreError::Damaged) when it is damaged or no store at all,
    /// [`StoreError::Corrupt`](super::StoreError::Corrupt) when it is another program's, [`StoreError::Database`](super::StoreError::Database) when it can't be opened.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let trouble = Trouble::of(&path.display().to_string());
        let parts = || {
            let writer = Writer::start(open::writer(path)?, trouble.clone())?;
            Ok((writer, Readers::open(path, trouble.clone())?))
        };
        let (writer, readers) = parts().map_err(|error| trouble.tell(error))?;
        Ok(Self {
            path: path.to_owned(),
            register: Register::beside(path),
            begun: Arc::new(Begun::beside(path)),
            writer: Arc::new(writer),
            readers,
            trouble,
            told: Told::default(),
        })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Tells when somebody comes upon damage of the file, and what he saw. From then on nothing
    /// should be done with it.
    #[must_use]
    pub fn damage(&self) -> watch::Receiver<Option<String>> {
        self.trouble.damage()
    }

    /// What was told to the journal since it was opened: batches, and their activities, new and
    /// known ones.
    #[must_use]
    pub fn told(&self) -> (u64, u64, u64) {
        let Told {
            batches,
            new,
            known,
        } = &self.told;
        let now = |count: &AtomicU64| count.load(Ordering::Relaxed);
        (now(batches), now(new), now(known))
    }

    /// Transactions committed since it was opened; each is one fsync. Deliveries that come
    /// together share one.
    #[must_use]
    pub fn commits(&self) -> u64 {
        self.writer.commits()
    }

    /// Finishes what was begun and closes the file; from then on every method answers
    /// [`StoreError::Closed`](super::StoreError::Closed). Dropping the store does the same.
    pub async fn close(&self) {
        self.readers.close();
        let writer = Arc::clone(&self.writer);
        // Joins a thread; fails only if that panicked, and then it is closed as well.
        let _ = tokio::task::spawn_blocking(move || writer.close()).await;
    }

    async fn write<T, F>(&self, work: F) -> Result<T>
    where
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
        T: Send + 'static,
    {
        self.writer.run(Turn::InTurn, work).await
    }

    async fn read<T, F>(&self, question: F) -> Result<T>
    where
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
        T: Send + 'static,
    {
        self.readers.ask(question).await
    }
}

#[cfg(test)]
mod begun_tests;
#[cfg(test)]
mod tests;
