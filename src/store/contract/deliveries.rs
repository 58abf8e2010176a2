//! Deliveries, their bodies and what was parked of them.

use super::give::*;
use crate::store::{NewDelivery, Origin, SharedStore};

pub(crate) async fn keeps_bodies_as_they_came(store: SharedStore) {
    let long = "\u{f6}\u{0}{\"a\":\"\\/\"}".repeat(60_000);
    for body in ["", "{}", &long] {
        deliver(&store, 7, body).await;
    }
    let claimed = store
        .claim_deliveries(&owner("a"), 10, usize::MAX, at(10), at(20))
        .await
        .unwrap();
    let bodies: Vec<&[u8]> = claimed.iter().map(|raw| raw.body.as_slice()).collect();
    assert_eq!(bodies, [b"" as &[u8], b"{}", long.as_bytes()]);
    assert!(claimed.iter().all(|raw| raw.received_at == at(7)));
}

async fn claim(store: &SharedStore, name: &str, limit: usize, second: i64) -> Vec<String> {
    claim_bytes(store, name, (limit, usize::MAX), second).await
}

async fn claim_bytes(
    store: &SharedStore,
    name: &str,
    (limit, bytes): (usize, usize),
    second: i64,
) -> Vec<String> {
    let until = at(second + 60);
    let claimed = store
        .claim_deliveries(&owner(name), limit, bytes, at(second), until)
        .await;
    let body = |raw: crate::store::RawDelivery| String::from_utf8(raw.body).unwrap();
    claimed.unwrap().into_iter().map(body).collect()
}

pub(crate) async fn claims_oldest_first_and_once(store: SharedStore) {
    let mut last = None;
    for body in ["one", "two", "three"] {
        let id = deliver(&store, 7, body).await;
        assert!(last < Some(id), "numbers rise");
        last = Some(id);
    }
    assert_eq!(claim(&store, "a", 2, 10).await, ["one", "two"]);
    assert_eq!(claim(&store, "b", 2, 10).await, ["three"]);
    assert_eq!(claim(&store, "a", 2, 11).await, [""; 0]);
}

pub(crate) async fn claims_no_more_bytes_than_asked_for(store: SharedStore) {
    // Their raw length counts, however well they shrink.
    let bodies = [300, 700, 1, 5_000, 10].map(|length| "x".repeat(length));
    for body in &bodies {
        deliver(&store, 7, body).await;
    }
    let most = (9, 1_000);
    assert_eq!(claim_bytes(&store, "a", most, 10).await, bodies[..2]);
    assert_eq!(claim_bytes(&store, "a", most, 10).await, bodies[2..3]);
    assert_eq!(
        claim_bytes(&store, "a", most, 10).await,
        bodies[3..4],
        "at least one"
    );
    // What was left behind is not leased.
    assert_eq!(claim(&store, "b", 9, 10).await, bodies[4..]);
}

pub(crate) async fn expired_leases_may_be_taken(store: SharedStore) {
    deliver(&store, 7, "one").await;
    assert_eq!(claim(&store, "a", 2, 10).await, ["one"]);
    assert_eq!(claim(&store, "b", 2, 69).await, [""; 0]);
    assert_eq!(claim(&store, "b", 2, 70).await, ["one"]);
}

pub(crate) async fn decoded_with_their_facts(store: SharedStore) {
    let (one, two) = (
        deliver(&store, 7, "one").await,
        deliver(&store, 8, "two").await,
    );
    let batch = batch(Origin::Deliveries(vec![one]), vec![did(1, 1, 5)]);
    store.apply(batch).await.unwrap();
    assert_eq!(keys(&store, 1).await, ["hit:1"]);
    assert_eq!(claim(&store, "a", 9, 10).await, ["two"]);
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.deliveries, counts.undecoded), (2, 1));
    assert!(one < two);
}

pub(crate) async fn bodies_are_forgotten_but_not_parked_ones(store: SharedStore) {
    let old = deliver(&store, 7, "old").await;
    let parked_one = deliver(&store, 7, "parked").await;
    let young = deliver(&store, 50, "young").await;
    deliver(&store, 7, "not decoded").await;
    let mut facts = batch(Origin::Deliveries(vec![old, parked_one, young]), vec![]);
    facts.parked = vec![parked(Some(parked_one), "{}")];
    store.apply(facts).await.unwrap();
    assert_eq!(store.prune_bodies(at(50)).await.unwrap(), 1);
    assert_eq!(store.prune_bodies(at(50)).await.unwrap(), 0);
    assert_eq!(store.retry_parked().await.unwrap(), 1);
    assert_eq!(claim(&store, "a", 9, 100).await, ["parked", "not decoded"]);
    assert_eq!(store.prune_bodies(at(51)).await.unwrap(), 1);
}

pub(crate) async fn parked_deliveries_are_tried_again(store: SharedStore) {
    let one = deliver(&store, 7, "one").await;
    let mut facts = batch(Origin::Deliveries(vec![one]), vec![did(1, 1, 5)]);
    facts.parked = vec![parked(Some(one), "{}"), parked(None, "a polled row")];
    store.apply(facts.clone()).await.unwrap();
    let items = store.parked_items(10).await.unwrap();
    assert_eq!(items.len(), 2);
    assert_eq!(items[1].kind, "mautic.unknown");
    assert_eq!(items[1].reason, "unknown kind of event");
    assert_eq!(items[1].at, at(1_000));
    assert!(items[0].id > items[1].id, "newest first");

    assert_eq!(store.retry_parked().await.unwrap(), 1);
    assert_eq!(store.retry_parked().await.unwrap(), 0);
    assert_eq!(store.counts().await.unwrap().parked, 1, "polled rows stay");
    assert_eq!(claim(&store, "a", 9, 10).await, ["one"]);
    let again = store.apply(facts).await.unwrap();
    assert_eq!((again.new_activities, again.known_activities), (0, 1));
    assert_eq!(store.counts().await.unwrap().parked, 2);
}

pub(crate) async fn parked_items_are_kept_once(store: SharedStore) {
    let one = deliver(&store, 7, "one").await;
    for _ in 0..2 {
        // Decoded twice, after a crash or an expired lease; a row polled twice.
        let mut facts = batch(Origin::Deliveries(vec![one]), vec![]);
        facts.parked = vec![parked(Some(one), "{}"), parked(Some(one), "[]")];
        store.apply(facts).await.unwrap();
        let mut facts = batch(Origin::Poll(vec![]), vec![]);
        facts.parked = vec![parked(None, "{}")];
        store.apply(facts).await.unwrap();
    }
    assert_eq!(store.counts().await.unwrap().parked, 3);
    let limited = store.parked_items(2).await.unwrap();
    assert_eq!(limited.len(), 2);
    let delivery = NewDelivery {
        received_at: at(9),
        body: vec![1],
    };
    assert!(store.append_delivery(delivery).await.unwrap() > one);
}
