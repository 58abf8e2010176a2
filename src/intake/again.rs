//! Items parked by themselves, decoded again: an upgrade may have learnt to read them.
//!
//! Deliveries with parked items are decoded again as a whole; of a polled row there is only the row.

use super::{
    decode::{self, Decoded, Row, Table},
    poll::without_merged,
};
use crate::store::{Batch, Deliveries, HeldItem, Journal, Origin, Result, Urgency};
use serde_json::value::RawValue;

/// Items decoded in one transaction.
const SLICE: usize = 500;

/// Decodes parked items again of which there is nothing but the item itself; those understood now
/// are parked no more. Returns how many.
///
/// # Errors
/// The store's; what was kept until then is kept.
pub async fn retry_items<S: Deliveries + Journal + ?Sized>(store: &S) -> Result<u64> {
    let (mut understood, mut after) = (0, 0);
    loop {
        let items = store.parked_alone(after, SLICE).await?;
        let Some(last) = items.last() else {
            return Ok(understood);
        };
        after = last.id;
        let Some(received_at) = items.iter().map(|item| item.at).min() else {
            return Ok(understood);
        };
        let (mut ids, mut told) = (Vec::new(), Decoded::default());
        for item in &items {
            if let Some(decoded) = read(item) {
                ids.push(item.id);
                told.append(decoded);
            }
        }
        understood += ids.len() as u64;
        if ids.is_empty() {
            continue;
        }
        let batch = Batch {
            origin: Origin::Parked(ids),
            sightings: without_merged(store, told.sightings).await?,
            parked: Vec::new(),
            received_at,
            urgency: Urgency::Bulk,
            asked: None,
        };
        store.apply(batch).await?;
    }
}

/// What an item tells; `None` if it is not understood this time either.
fn read(item: &HeldItem) -> Option<Decoded> {
    let table = Table::ALL
        .into_iter()
        .find(|table| table.name() == item.kind);
    let decoded = if let Some(table) = table {
        let row: Row = serde_json::from_str(&item.excerpt).ok()?;
        decode::rows(table, &[row], item.at)
    } else {
        // As text: an item may be nested more deeply than a value can be.
        let raw: &RawValue = serde_json::from_str(&item.excerpt).ok()?;
        let body = format!("{{{}:[{raw}]}}", serde_json::Value::from(&*item.kind));
        decode::body(body.as_bytes())
    };
    // An item that this version ignores on purpose is understood, too.
    decoded.unreadable.is_empty().then_some(decoded)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failing test may panic")]

    use super::*;
    use crate::domain::ContactId;
    use crate::store::{DeliveryId, NewDelivery, NewParked, SharedStore, sqlite::SqliteStore};
    use jiff::Timestamp;
    use std::sync::Arc;

    const HIT: &str = r#"{"id":"5","lead_id":"7","date_hit":"2026-01-01 10:00:00","code":"200",
        "url":"http://shop.example.test/","tracking_id":"x"}"#;

    async fn park(store: &SharedStore, origin: Origin, kind: &str, excerpt: &str) {
        let delivery = match &origin {
            Origin::Deliveries(ids) => ids.first().copied(),
            _ => None,
        };
        let parked = NewParked {
            delivery,
            kind: kind.to_owned(),
            reason: "not understood then".to_owned(),
            excerpt: excerpt.to_owned(),
        };
        let batch = Batch {
            origin,
            sightings: Vec::new(),
            parked: vec![parked],
            received_at: Timestamp::UNIX_EPOCH,
            urgency: Urgency::Fresh,
            asked: None,
        };
        store.apply(batch).await.unwrap();
    }

    async fn deliver(store: &SharedStore) -> DeliveryId {
        let delivery = NewDelivery {
            received_at: Timestamp::UNIX_EPOCH,
            body: b"{}".to_vec(),
        };
        store.append_delivery(delivery).await.unwrap()
    }

    #[tokio::test]
    async fn what_is_understood_now_is_parked_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("store.db")).unwrap();
        let store: SharedStore = Arc::new(store);
        let cut = &HIT[..40];
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(200), "]".repeat(200));
        let points = r#"{"id":"8","lead_id":"7","type":"API","delta":"5","event_name":"a",
            "action_name":"b","date_added":"2026-01-01 10:00:00"}"#;
        for (kind, excerpt) in [
            ("page_hits", HIT),
            ("page_hits", cut),
            ("page_hits", r#"{"id":"6"}"#),
            ("lead_points_change_log", points),
            ("no_such_table", HIT),
            ("contacts", "7"),
            ("mautic.company_post_save", "{}"),
            ("mautic.company_post_save", &deep),
        ] {
            park(&store, Origin::Poll(Vec::new()), kind, excerpt).await;
        }
        let whole = deliver(&store).await;
        park(&store, Origin::Deliveries(vec![whole]), "page_hits", HIT).await;
        assert_eq!(retry_items(&*store).await.unwrap(), 3);
        assert_eq!(retry_items(&*store).await.unwrap(), 0);
        let held = store.held(ContactId(7)).await.unwrap().unwrap();
        assert_eq!(held.snapshot.unwrap().activities.len(), 1);
        assert_eq!(held.points_log.len(), 1);
        assert_eq!(store.counts().await.unwrap().parked, 6, "the others stay");
    }
}
