//! Sees to it that of erased contacts nothing is left in raw bodies and in the store's files.

use crate::lifecycle::TaskResult;
use crate::store::{Erasures, Store};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;

/// How often it looks whether somebody was erased.
const LOOK: Duration = Duration::from_secs(5);
/// Erasing reads all of a large store: it is done for at most a tenth of the time.
const SELDOM: u32 = 10;
/// So many attempts in vain are worth a warning: a minute.
const PATIENCE: u32 = 12;

/// Finishes erasures until `stop`; what a crash interrupted first.
pub(super) async fn run(store: Arc<dyn Store>, stop: CancellationToken) -> TaskResult {
    let mut in_vain: u32 = 0;
    loop {
        let began = Instant::now();
        match store.finish_erasures().await {
            Ok(done) if done.complete => {
                in_vain = 0;
                tell(done);
            }
            Ok(_) => {
                in_vain = in_vain.saturating_add(1);
                if in_vain.is_multiple_of(PATIENCE) {
                    tracing::warn!(
                        "the store's log can't be emptied, where traces of erased contacts may be: \
                         somebody reads the store for long; trying on"
                    );
                }
            }
            Err(error) => {
                tracing::error!(%error, "erased contacts' raw bodies could not be forgotten; trying again");
            }
        }
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(LOOK.max(began.elapsed() * SELDOM)) => {}
        }
    }
}

fn tell(done: Erasures) {
    let Erasures {
        ids, bodies, items, ..
    } = done;
    if ids > 0 {
        tracing::info!(ids, bodies, items, "forgot raw bodies of erased contacts");
    }
}
