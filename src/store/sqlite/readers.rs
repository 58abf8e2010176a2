//! A few connections that only read, each used by one question at a time.

use super::{damage::Trouble, open};
use crate::store::{Result, StoreError};
use rusqlite::Connection;
use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::Semaphore;

const READERS: usize = 4;

/// Runs questions on threads that may block.
#[derive(Debug)]
pub(super) struct Readers {
    trouble: Trouble,
    idle: Arc<Mutex<Vec<Connection>>>,
    permits: Semaphore,
}

impl Readers {
    pub(super) fn open(path: &Path, trouble: Trouble) -> Result<Self> {
        let idle: Result<Vec<_>> = (0..READERS).map(|_| open::reader(path)).collect();
        Ok(Self {
            trouble,
            idle: Arc::new(Mutex::new(idle?)),
            permits: Semaphore::new(READERS),
        })
    }

    /// Answers a question from one consistent state of the store.
    pub(super) async fn ask<T, F>(&self, question: F) -> Result<T>
    where
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
        T: Send + 'static,
    {
        let permit = self
            .permits
            .acquire()
            .await
            .map_err(|_| StoreError::Closed)?;
        let borrowed = Borrowed::take(&self.idle)?;
        let answer = tokio::task::spawn_blocking(move || borrowed.ask(question)).await;
        drop(permit);
        answer
            .unwrap_or_else(|error| {
                Err(StoreError::Database(format!(
                    "a question failed inside the program ({error}); please report it"
                )))
            })
            .map_err(|error| self.trouble.tell(error))
    }

    /// Answers nothing more; connections in use close when their question is answered.
    pub(super) fn close(&self) {
        self.permits.close();
        lock(&self.idle).clear();
    }
}

/// A connection that goes back when dropped, after a panic, too.
struct Borrowed {
    connection: Option<Connection>,
    home: Arc<Mutex<Vec<Connection>>>,
}

impl Borrowed {
    fn take(home: &Arc<Mutex<Vec<Connection>>>) -> Result<Self> {
        let connection = lock(home).pop();
        // One per permit: none is left only when the store was closed meanwhile.
        connection
            .is_some()
            .then_some(())
            .ok_or(StoreError::Closed)?;
        Ok(Self {
            connection,
            home: Arc::clone(home),
        })
    }

    fn ask<T>(mut self, question: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let connection = self.connection.as_mut().ok_or(StoreError::Closed)?;
        let transaction = connection.transaction()?;
        let answer = question(&transaction);
        transaction.finish()?;
        answer
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        lock(&self.home).extend(self.connection.take());
    }
}

fn lock(idle: &Mutex<Vec<Connection>>) -> MutexGuard<'_, Vec<Connection>> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}
