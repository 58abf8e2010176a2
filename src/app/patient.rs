//! What becomes of workers when the store fails.
//!
//! A full disk or a busy file passes: the worker waits and goes on, so that nobody has to start
//! anything again at night. Damage does not pass: the process stops.

use crate::clock::Clock;
use crate::health::Reporter;
use crate::lifecycle::TaskResult;
use crate::store::{Owner, Result, SharedStore, StoreError};
use anyhow::bail;
use std::{future::Future, sync::Arc, time::Duration};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// How often is looked whether the store can write again.
const LOOK: Duration = Duration::from_secs(2);

/// Has a worker wait while the store can't write.
pub(super) struct Patient {
    pub name: &'static str,
    pub store: SharedStore,
    pub clock: Arc<dyn Clock>,
    pub health: Reporter,
    /// In whose name the worker leases.
    pub owner: Owner,
    /// A call that it was making takes effect within this time, or never.
    pub longest_request: Duration,
}

impl Patient {
    /// Runs `worker` until it is told to stop; anew after the store failed and works again. What it
    /// held is given up first, as if its time had run out.
    ///
    /// # Errors
    /// The store's, when they will not pass.
    pub(super) async fn run<F>(
        self,
        stop: CancellationToken,
        worker: impl Fn(CancellationToken) -> F + Send,
    ) -> TaskResult
    where
        F: Future<Output = Result<()>> + Send,
    {
        loop {
            let Err(error) = worker(stop.clone()).await else {
                return Ok(());
            };
            if !matches!(error, StoreError::Database(_)) {
                return Err(error.into());
            }
            tracing::error!(worker = self.name, %error, "waiting until the store works again");
            if !self.can_go_on(&error, &stop).await {
                return Ok(());
            }
            tracing::info!(worker = self.name, "the store works again");
        }
    }

    /// Waits until the store can write; `false` when told to stop meanwhile.
    async fn can_go_on(&self, error: &StoreError, stop: &CancellationToken) -> bool {
        let mut told = error.to_string();
        loop {
            self.health.down(told, self.clock.now());
            tokio::select! {
                () = stop.cancelled() => return false,
                () = tokio::time::sleep(LOOK) => {}
            }
            match self.give_up().await {
                Ok(()) => return true,
                Err(error) => told = error.to_string(),
            }
        }
    }

    async fn give_up(&self) -> Result<()> {
        self.store.probe().await?;
        let now = self.clock.now();
        let settled_at = now.checked_add(self.longest_request).unwrap_or(now);
        let ended = self.store.end_leases_of(&self.owner, now, settled_at);
        ended.await?;
        Ok(())
    }
}

/// Ends with an error as soon as somebody comes upon damage of the store's file.
pub(super) async fn watch_for_damage(
    mut damage: watch::Receiver<Option<String>>,
    stop: CancellationToken,
) -> TaskResult {
    let found = async {
        let found = damage.wait_for(Option::is_some).await;
        match found.map(|found| found.clone()) {
            Ok(found) => found.unwrap_or_default(),
            // The store is closed: nobody comes upon anything any more.
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        () = stop.cancelled() => Ok(()),
        found = found => bail!("{found}"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failing test may panic")]

    use super::*;
    use crate::clock::SystemClock;
    use crate::health::{Health, State, Weight};
    use crate::store::sqlite::SqliteStore;
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    async fn outlived(error: fn(String) -> StoreError) -> (TaskResult, u32, State) {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("store.db")).unwrap();
        let (health, clock) = (Health::new(), SystemClock);
        let reporter = health.component("worker", Weight::Required, None, clock.now());
        let patient = Patient {
            name: "worker",
            store: Arc::new(store),
            clock: Arc::new(clock),
            health: reporter,
            owner: Owner("a".into()),
            longest_request: Duration::ZERO,
        };
        let runs = AtomicU32::new(0);
        let worker = |_| async {
            match runs.fetch_add(1, Relaxed) {
                0 => Err(error("the disk is full".into())),
                _ => Ok(()),
            }
        };
        let ended = patient.run(CancellationToken::new(), worker).await;
        let state = health.snapshot(clock.now()).remove(0).state;
        (ended, runs.into_inner(), state)
    }

    #[tokio::test]
    async fn a_full_disk_is_waited_out() {
        let (ended, runs, state) = outlived(StoreError::Database).await;
        ended.unwrap();
        assert_eq!((runs, state), (2, State::Down), "until the worker reports");
    }

    #[tokio::test]
    async fn damage_is_not_waited_out() {
        let (ended, runs, _) = outlived(StoreError::Damaged).await;
        let told = ended.unwrap_err().to_string();
        assert!(told.contains("the disk is full"), "{told}");
        assert_eq!(runs, 1);
    }

    #[tokio::test]
    async fn damage_ends_the_watch() {
        let (sender, receiver) = watch::channel(None);
        let watching = watch_for_damage(receiver, CancellationToken::new());
        sender.send_replace(Some("page 7 is no page".to_owned()));
        let told = watching.await.unwrap_err().to_string();
        assert_eq!(told, "page 7 is no page");
    }
}
