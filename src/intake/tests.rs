//! Recorded scenarios through the workers into the embedded store.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failing test may panic"
)]

use super::{
    decode::Table,
    decoder::{Decoder, Signals},
    fake::FakeMautic,
    poll::{Feed, Options, Poller},
    testing::at,
};
use crate::{
    clock::ManualClock,
    domain::{Activity, ContactId},
    store::{Admin, Deliveries, Journal, NewDelivery, Owner, Scores, sqlite::SqliteStore},
};
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc};

const NOW: &str = "2026-11-22T00:00:00Z";

const SCENARIOS: [&[u8]; 4] = [
    include_bytes!("testdata/01-six-action-types.json.zst"),
    include_bytes!("testdata/06-anonymous-identify-merge.json.zst"),
    include_bytes!("testdata/07-email-open-click.json.zst"),
    include_bytes!("testdata/12-deletes-and-dnc.json.zst"),
];

const TABLES: [Table; 7] = [
    Table::PageHits,
    Table::EmailStats,
    Table::FormSubmissions,
    Table::AssetDownloads,
    Table::PointsLog,
    Table::SegmentMembers,
    Table::AuditLog,
];

async fn by_webhooks(store: &Arc<SqliteStore>, recorded: &Value) {
    let deliveries = recorded["deliveries"].as_array().unwrap().iter();
    let kept = deliveries.map(|body| {
        store.append_delivery(NewDelivery {
            received_at: at(NOW),
            body: body.to_string().into_bytes(),
        })
    });
    // At once, so that they share their fsyncs; the order of arrival changes nothing.
    futures::future::try_join_all(kept).await.unwrap();
    let clock = Arc::new(ManualClock::new(at(NOW)));
    let (owner, signals) = (Owner("me".to_owned()), Signals::default());
    let decoder = Decoder::new(Arc::clone(store), owner, clock, signals);
    while decoder.decode_once(at(NOW)).await.unwrap() > 0 {}
}

async fn by_polls(store: &Arc<SqliteStore>, recorded: &Value, feeds: &[Feed]) {
    let mautic = FakeMautic::default();
    for table in TABLES {
        let rows: Vec<_> = serde_json::from_value(recorded["stats"][table.name()].clone()).unwrap();
        mautic.add(table, rows);
    }
    let clock = Arc::new(ManualClock::new(at(NOW)));
    let (store, signals) = (Arc::clone(store), Signals::default());
    let poller = Poller::new(store, Arc::new(mautic), clock, signals, Options::default());
    for feed in feeds {
        while poller.poll_once(*feed, at(NOW)).await.unwrap().more {}
    }
}

/// Who did what, and when; downloads left out, of which no webhook tells.
async fn journal(store: &SqliteStore) -> BTreeMap<String, (ContactId, jiff::Timestamp)> {
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.parked, counts.undecoded), (0, 0));
    assert_eq!(store.unresolved_gone(9).await.unwrap(), vec![]);
    let contacts = store.contact_ids(None, 1000).await.unwrap();
    let snapshots = store.snapshots(&contacts).await.unwrap();
    let told = |it: Activity| (it.key.0, (it.contact, it.at));
    let all = snapshots.into_iter().flat_map(|one| one.activities);
    all.map(told)
        .filter(|(key, _)| !key.starts_with("download:"))
        .collect()
}

#[tokio::test]
async fn webhooks_alone_polls_alone_and_both_give_the_same_journal() {
    let mut moved = Vec::new();
    for packed in SCENARIOS {
        let recorded = serde_json::from_slice(&zstd::decode_all(packed).unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let open = |name| Arc::new(SqliteStore::open(folder.path().join(name)).unwrap());
        let (hooked, polled, both) = (open("hooked"), open("polled"), open("both"));
        by_webhooks(&hooked, &recorded).await;
        // Stands for asking Mautic about the ids that vanished.
        by_polls(&hooked, &recorded, &[Feed::AuditLog]).await;
        by_polls(&polled, &recorded, &Feed::ALL).await;
        by_polls(&both, &recorded, &Feed::ALL).await;
        by_webhooks(&both, &recorded).await;
        let (hooked, polled, both) = (
            journal(&hooked).await,
            journal(&polled).await,
            journal(&both).await,
        );
        assert_eq!(hooked, both);
        assert!(hooked.keys().eq(polled.keys()));
        let differs =
            |(key, told): (&String, _)| (polled.get(key) != Some(told)).then(|| key.clone());
        moved.extend(hooked.iter().filter_map(differs));
    }
    // The browser that changed owner took this hit along (docs/sources.md).
    assert_eq!(moved, ["hit:16"]);
}
