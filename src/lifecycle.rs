//! Starting and stopping: two phases, and no silent death.
//!
//! Sources (receiver, pollers, admin) stop first, so that nothing new comes; then workers finish
//! what they hold; what is not done by then is aborted: leases and the journal make that safe.
//! A worker that ends or fails by itself stops everything: a daemon that lives without its
//! scorer is worse than one that is restarted.

use std::{collections::HashMap, future::Future, time::Duration};
use tokio::task::{self, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

/// How a task may end.
pub type TaskResult = anyhow::Result<()>;

/// The tasks of one instance.
#[derive(Debug, Default)]
pub struct Lifecycle {
    stop_sources: CancellationToken,
    stop_workers: CancellationToken,
    sources: JoinSet<(&'static str, TaskResult)>,
    workers: JoinSet<(&'static str, TaskResult)>,
    /// One that panics can't say who it was.
    names: HashMap<task::Id, &'static str>,
}

/// A task ended that should have gone on.
#[derive(Debug, thiserror::Error)]
#[error("{name} stopped: {why}")]
pub struct DeadTask {
    /// Which.
    pub name: String,
    /// Why, as far as it could say.
    pub why: String,
}

impl Lifecycle {
    /// Runs something that brings in new work, until its token is cancelled.
    pub fn source<F>(&mut self, name: &'static str, task: impl FnOnce(CancellationToken) -> F)
    where
        F: Future<Output = TaskResult> + Send + 'static,
    {
        let task = task(self.stop_sources.clone());
        let spawned = self.sources.spawn(async move { (name, task.await) });
        self.names.insert(spawned.id(), name);
    }

    /// Runs something that works off what came in, until its token is cancelled.
    pub fn worker<F>(&mut self, name: &'static str, task: impl FnOnce(CancellationToken) -> F)
    where
        F: Future<Output = TaskResult> + Send + 'static,
    {
        let task = task(self.stop_workers.clone());
        let spawned = self.workers.spawn(async move { (name, task.await) });
        self.names.insert(spawned.id(), name);
    }

    /// Runs until `stop` is ready or a task ends, then stops in two phases, each at most `drain`
    /// long; `hard` cuts them short.
    ///
    /// # Errors
    /// The task that ended unasked.
    pub async fn run(
        mut self,
        stop: impl Future<Output = ()>,
        hard: impl Future<Output = ()>,
        drain: Duration,
    ) -> Result<(), DeadTask> {
        let ended = tokio::select! {
            () = stop => None,
            Some(ended) = self.sources.join_next() => Some(self.dead(ended)),
            Some(ended) = self.workers.join_next() => Some(self.dead(ended)),
        };
        if let Some(dead) = &ended {
            tracing::error!(
                task = dead.name,
                why = dead.why,
                "stopping, because a task ended"
            );
        }
        tokio::select! {
            () = self.wind_down(drain) => {}
            () = hard => tracing::warn!("stopping at once"),
        }
        ended.map_or(Ok(()), Err)
    }

    fn dead(&self, ended: Result<(&'static str, TaskResult), JoinError>) -> DeadTask {
        let (name, why) = match ended {
            Ok((name, Ok(()))) => (name, "it ended".to_owned()),
            Ok((name, Err(error))) => (name, format!("{error:#}")),
            Err(error) => {
                let name = self.names.get(&error.id()).copied();
                (name.unwrap_or("a task"), error.to_string())
            }
        };
        DeadTask {
            name: name.to_owned(),
            why,
        }
    }

    async fn wind_down(&mut self, drain: Duration) {
        self.stop_sources.cancel();
        drain_or_abort(&mut self.sources, drain).await;
        self.stop_workers.cancel();
        drain_or_abort(&mut self.workers, drain).await;
    }
}

async fn drain_or_abort(tasks: &mut JoinSet<(&'static str, TaskResult)>, drain: Duration) {
    let all = async {
        while let Some(ended) = tasks.join_next().await {
            if let Ok((name, Err(error))) = ended {
                tracing::warn!(task = name, error = format!("{error:#}"), "ended badly");
            }
        }
    };
    if tokio::time::timeout(drain, all).await.is_err() {
        tracing::warn!(tasks = tasks.len(), "not done in time, aborting");
        tasks.shutdown().await;
    }
}

/// Resolves at the first SIGINT or SIGTERM.
pub async fn interrupted() {
    let ctrl_c = async {
        let _ = tokio::signal::ctrl_c().await;
    };
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => tokio::select! {
                () = ctrl_c => {}
                _ = terminate.recv() => {}
            },
            Err(_) => ctrl_c.await,
        }
    }
    #[cfg(not(unix))]
    ctrl_c.await;
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests may fail loudly")]
mod tests {
    use super::*;
    use std::{future::pending, sync::Arc, sync::Mutex};

    const DRAIN: Duration = Duration::from_mins(1);

    #[tokio::test(start_paused = true)]
    async fn sources_stop_before_workers() {
        let log = Arc::new(Mutex::new(Vec::new()));
        let mut lifecycle = Lifecycle::default();
        let (first, second) = (log.clone(), log.clone());
        lifecycle.worker("worker", |stop| async move {
            stop.cancelled().await;
            first.lock().unwrap().push("worker");
            Ok(())
        });
        lifecycle.source("source", |stop| async move {
            stop.cancelled().await;
            tokio::time::sleep(Duration::from_secs(5)).await;
            second.lock().unwrap().push("source");
            Ok(())
        });
        lifecycle.run(async {}, pending(), DRAIN).await.unwrap();
        assert_eq!(*log.lock().unwrap(), ["source", "worker"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_dead_worker_stops_everything_and_is_named() {
        let mut lifecycle = Lifecycle::default();
        lifecycle.source("receiver", |stop| async move {
            stop.cancelled().await;
            Ok(())
        });
        lifecycle.worker("scorer", |_| async { anyhow::bail!("the disk is full") });
        let dead = lifecycle
            .run(pending(), pending(), DRAIN)
            .await
            .unwrap_err();
        assert_eq!(dead.to_string(), "scorer stopped: the disk is full");
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_panics_is_named_too() {
        let mut lifecycle = Lifecycle::default();
        lifecycle.worker("scorer", |_| async { panic!("a bug") });
        let dead = lifecycle.run(pending(), pending(), DRAIN).await;
        let said = dead.unwrap_err().to_string();
        assert!(said.starts_with("scorer stopped: "), "{said}");
        assert!(said.contains("a bug"), "{said}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_does_not_drain_is_aborted() {
        let mut lifecycle = Lifecycle::default();
        lifecycle.worker("stuck", |_| pending());
        lifecycle.run(async {}, pending(), DRAIN).await.unwrap();
    }
}
