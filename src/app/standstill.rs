//! Nothing is read, scored or written while Mautic's ids mean other rows and other people than before:
//! it was restored from a backup. Deliveries are kept all the while, and administrators answered.

use crate::clock::Clock;
use crate::domain::{WENT_BACK, WentBack};
use crate::health::Reporter;
use crate::lifecycle::TaskResult;
use crate::metrics::IntakeMetrics;
use crate::store::SharedStore;
use std::{future::Future, sync::Arc};
use tokio_util::sync::CancellationToken;

/// What an administrator has to do when Mautic was restored.
pub const WHAT_TO_DO: &str = "Nothing is read, scored or written any more. Stop topicscore, run \
    `topicscore reread`, and start it again (`topicscore reread --not-restored` if that row was \
    taken away by hand)";

/// That Mautic was restored, as noticed by an earlier run, if nobody did anything about it since.
///
/// # Errors
/// The store's, and when it holds something unreadable.
pub async fn noticed_before(store: &SharedStore) -> anyhow::Result<Option<WentBack>> {
    let Some(text) = store.setting(WENT_BACK).await? else {
        return Ok(None);
    };
    Ok(Some(serde_json::from_str(&text)?))
}

/// Runs work until it is told to stop; at a standstill it is told so, and what is left is waiting.
pub(super) async fn unless<F>(
    standstill: CancellationToken,
    stop: CancellationToken,
    work: impl FnOnce(CancellationToken) -> F,
) -> TaskResult
where
    F: Future<Output = TaskResult>,
{
    if !standstill.is_cancelled() {
        let either = stop.child_token();
        let passed_on = async {
            standstill.cancelled().await;
            either.cancel();
            std::future::pending::<()>().await;
        };
        tokio::select! {
            done = work(either.clone()) => done?,
            () = passed_on => {}
        }
        if !standstill.is_cancelled() {
            return Ok(());
        }
    }
    stop.cancelled().await;
    Ok(())
}

/// Says how it is: for people, and for whoever asks `/readyz`.
pub(super) async fn watch(
    store: SharedStore,
    clock: Arc<dyn Clock>,
    health: Reporter,
    metrics: IntakeMetrics,
    standstill: CancellationToken,
    stop: CancellationToken,
) -> TaskResult {
    health.ok("not restored from a backup", clock.now());
    tokio::select! {
        () = stop.cancelled() => return Ok(()),
        () = standstill.cancelled() => {}
    }
    metrics.mautic_restored();
    let sign = match noticed_before(&store).await {
        Ok(sign) => sign.map(|sign| sign.to_string()),
        Err(error) => Some(error.to_string()),
    };
    let sign = sign.unwrap_or_default();
    tracing::error!("{sign}. {WHAT_TO_DO}");
    health.down(format!("{sign}. {WHAT_TO_DO}"), clock.now());
    stop.cancelled().await;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failing test may panic")]

    use super::*;

    /// Works until told to stop, and counts how often that was so.
    async fn unless_told(standstill: &CancellationToken, stop: &CancellationToken) -> TaskResult {
        let work = |stop: CancellationToken| async move {
            stop.cancelled().await;
            Ok(())
        };
        unless(standstill.clone(), stop.clone(), work).await
    }

    #[tokio::test]
    async fn work_that_was_stopped_waits_for_the_end() {
        let (standstill, stop) = (CancellationToken::new(), CancellationToken::new());
        let mut task = std::pin::pin!(unless_told(&standstill, &stop));
        assert!(futures::poll!(task.as_mut()).is_pending());
        standstill.cancel();
        assert!(futures::poll!(task.as_mut()).is_pending());
        stop.cancel();
        task.await.unwrap();
    }

    #[tokio::test]
    async fn at_a_standstill_nothing_begins() {
        let (standstill, stop) = (CancellationToken::new(), CancellationToken::new());
        standstill.cancel();
        stop.cancel();
        let work = |_| async { anyhow::bail!("it began") };
        unless(standstill, stop, work).await.unwrap();
    }

    #[tokio::test]
    async fn what_fails_by_itself_is_told() {
        let (standstill, stop) = (CancellationToken::new(), CancellationToken::new());
        let work = |_| async { anyhow::bail!("broken") };
        assert!(unless(standstill, stop, work).await.is_err());
    }
}
