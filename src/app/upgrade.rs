//! What another version of the program finds in the store of the one before.

use crate::intake::retry_items;
use crate::store::{Result, Store};

/// The setting that holds the version of the last start.
const VERSION: &str = "app.version";

/// What is decoded again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Retried {
    /// Deliveries that are to be decoded again.
    pub deliveries: u64,
    /// Items of which there is no delivery (polled rows) that were understood this time.
    pub items: u64,
}

/// Once per version: what an earlier one did not understand, this one may.
///
/// # Errors
/// The store's; then the next start tries again.
pub(super) async fn retry_parked(store: &dyn Store, version: &str) -> Result<Retried> {
    if store.setting(VERSION).await?.as_deref() == Some(version) {
        return Ok(Retried::default());
    }
    let again = Retried {
        deliveries: store.retry_parked().await?,
        items: retry_items(store).await?,
    };
    // Last: a crash before it costs no more than a second try.
    store.put_setting(VERSION, version).await?;
    Ok(again)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failing test may panic")]

    use super::*;
    use crate::store::{
        Batch, DeliveryId, NewDelivery, NewParked, Origin, SharedStore, Urgency,
        sqlite::SqliteStore,
    };
    use jiff::Timestamp;
    use std::sync::Arc;

    async fn park(store: &SharedStore, delivery: DeliveryId) {
        let parked = NewParked {
            delivery: Some(delivery),
            kind: "mautic.unknown".to_owned(),
            reason: "unknown kind of event".to_owned(),
            excerpt: "{}".to_owned(),
        };
        let batch = Batch {
            origin: Origin::Deliveries(vec![delivery]),
            sightings: Vec::new(),
            parked: vec![parked],
            received_at: Timestamp::UNIX_EPOCH,
            urgency: Urgency::Fresh,
            asked: None,
        };
        store.apply(batch).await.unwrap();
    }

    #[tokio::test]
    async fn parked_deliveries_are_tried_again_once_per_version() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("store.db")).unwrap();
        let store: SharedStore = Arc::new(store);
        let delivery = NewDelivery {
            received_at: Timestamp::UNIX_EPOCH,
            body: b"{}".to_vec(),
        };
        let delivery = store.append_delivery(delivery).await.unwrap();
        for (version, again) in [("1.0.0", 1), ("1.0.0", 0), ("1.1.0", 1), ("1.1.0", 0)] {
            park(&store, delivery).await;
            let retried = retry_parked(&*store, version).await.unwrap();
            assert_eq!(retried.deliveries, again);
        }
    }
}
