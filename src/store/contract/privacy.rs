//! Data protection: nothing of the erased is left, and they stay gone; what is held is told.

use super::give::*;
use crate::domain::{ContactId, Fact};
use crate::store::{Amounts, Erasures, Held, NewParked, Origin, SharedStore};

/// Keeps deliveries, the last of `parked` with an item that was not understood, and decodes them.
async fn decode(store: &SharedStore, bodies: &[&str], items: &[(usize, &str)], facts: Vec<Fact>) {
    let mut deliveries = Vec::new();
    for body in bodies {
        deliveries.push(deliver(store, 7, body).await);
    }
    let mut batch = batch(Origin::Deliveries(deliveries.clone()), facts);
    let parked = |(delivery, excerpt): &(usize, &str)| parked(Some(deliveries[*delivery]), excerpt);
    batch.parked = items.iter().map(parked).collect();
    store.apply(batch).await.unwrap();
}

async fn finish(store: &SharedStore) -> Erasures {
    let done = store.finish_erasures().await.unwrap();
    assert!(done.complete, "nobody is in the way");
    let again = store.finish_erasures().await.unwrap();
    let nothing = Erasures {
        complete: true,
        ..Erasures::default()
    };
    assert_eq!(again, nothing);
    done
}

/// Bodies of parked deliveries that are still there, by making them undecoded.
async fn bodies(store: &SharedStore) -> Vec<String> {
    store.retry_parked().await.unwrap();
    let claimed = store
        .claim_deliveries(&owner("a"), 99, usize::MAX, at(10), at(20))
        .await;
    let body = |raw: crate::store::RawDelivery| String::from_utf8(raw.body).unwrap();
    claimed.unwrap().into_iter().map(body).collect()
}

/// Bodies that `held` finds.
async fn held(store: &SharedStore, contact: u32) -> Vec<String> {
    let held = store.held(id(contact)).await.unwrap();
    let held = held.map(|held| held.deliveries).unwrap_or_default();
    let body = |raw: crate::store::HeldDelivery| String::from_utf8(raw.body).unwrap();
    held.into_iter().map(body).collect()
}

async fn excerpts(store: &SharedStore, contact: u32) -> Vec<String> {
    let held = store.held(id(contact)).await.unwrap();
    let held = held.map(|held| held.parked).unwrap_or_default();
    held.into_iter().map(|item| item.excerpt).collect()
}

pub(crate) async fn erasing_forgets_raw_bodies(store: SharedStore) {
    decode(
        &store,
        &[r#"{"id":"17"}"#],
        &[(0, "{}")],
        vec![did(1, 17, 5)],
    )
    .await;
    decode(&store, &[r#"{"id":18}"#], &[(0, "{}")], vec![did(2, 18, 5)]).await;
    tell(&store, [merged(17, 18, 10), deleted(18, 11)]).await;
    let done = finish(&store).await;
    assert_eq!((done.ids, done.bodies), (2, 2), "by whatever id it had");
    // Comes late: it is decoded, nothing of it is kept.
    for late in [18, 17] {
        let body = format!(r#"{{"id":{late},"late":1}}"#);
        decode(&store, &[&body], &[(0, "{}")], vec![did(3, late, 5)]).await;
        assert_eq!(finish(&store).await.bodies, 1);
    }
    assert_eq!(bodies(&store).await, [""; 0]);
    assert_eq!(store.counts().await.unwrap().undecoded, 0);
}

pub(crate) async fn erasing_spares_neighbours_bodies(store: SharedStore) {
    let told = vec![did(1, 17, 5), did(2, 170, 5)];
    let two = [r#"{"id":17}"#, r#"{"id":170}"#];
    decode(&store, &two, &[(0, "{}"), (1, "{}")], told).await;
    decode(
        &store,
        &[r#"{"id":171}"#],
        &[(0, "{}")],
        vec![did(3, 171, 5)],
    )
    .await;
    tell(&store, [deleted(17, 11)]).await;
    finish(&store).await;
    assert_eq!(bodies(&store).await, [r#"{"id":170}"#, r#"{"id":171}"#]);
}

pub(crate) async fn a_delivery_without_facts_can_be_found(store: SharedStore) {
    let mentioned = Fact::Mentioned { contact: id(17) };
    decode(
        &store,
        &[r#"{"contact":{"id":17}}"#],
        &[],
        vec![mentioned.clone()],
    )
    .await;
    assert_eq!(held(&store, 17).await.len(), 1);
    tell(&store, [deleted(17, 11)]).await;
    assert_eq!(finish(&store).await.bodies, 1);
    decode(&store, &[r#"{"contact":{"id":17}}"#], &[], vec![mentioned]).await;
    assert_eq!(finish(&store).await.bodies, 1, "a late one");
}

pub(crate) async fn undecoded_bodies_go_when_they_are_decoded(store: SharedStore) {
    let both = deliver(&store, 7, r#"[{"id":17},{"id":18}]"#).await;
    let other = deliver(&store, 7, r#"{"id":18}"#).await;
    tell(&store, [did(1, 17, 5), deleted(17, 11)]).await;
    assert_eq!(finish(&store).await.bodies, 1);
    // Others are spoken of, too: it is still to be decoded.
    let claimed = store
        .claim_deliveries(&owner("a"), 99, usize::MAX, at(10), at(10))
        .await;
    assert_eq!(claimed.unwrap().len(), 2);
    let facts = vec![did(2, 17, 5), did(3, 18, 5), did(4, 18, 6)];
    let mut batch = batch(Origin::Deliveries(vec![both, other]), facts);
    batch.parked = vec![
        parked(Some(both), r#"{"new":17}"#),
        parked(Some(both), r#"{"new":18}"#),
        parked(Some(other), r#"{"new":17}"#),
    ];
    assert_eq!(store.apply(batch).await.unwrap().dropped, 1);
    assert_eq!(
        keys(&store, 18).await,
        ["hit:3", "hit:4"],
        "neighbours' facts are kept"
    );
    finish(&store).await;
    assert_eq!(held(&store, 18).await, [r#"{"id":18}"#]);
    assert_eq!(
        excerpts(&store, 18).await,
        [r#"{"new":18}"#],
        "and their items"
    );
    // Of a delivery that does not name it, 17 may be anything.
    assert_eq!(store.counts().await.unwrap().parked, 2);
}

pub(crate) async fn parked_items_of_the_erased_go(store: SharedStore) {
    let items = [(0, r#"{"new":{"id":17}}"#), (0, r#"{"new":{"id":18}}"#)];
    decode(&store, &["17, 18"], &items, vec![]).await;
    let row = |excerpt: &str| NewParked {
        kind: "page_hits".into(),
        ..parked(None, excerpt)
    };
    let mut polled = batch(Origin::Poll(vec![]), vec![]);
    polled.parked = vec![row(r#"{"lead_id":"17"}"#), row(r#"{"lead_id":"18"}"#)];
    store.apply(polled.clone()).await.unwrap();
    assert_eq!(
        excerpts(&store, 17).await,
        [items[0].1, r#"{"lead_id":"17"}"#]
    );
    tell(&store, [deleted(17, 11)]).await;
    let done = finish(&store).await;
    assert_eq!((done.bodies, done.items), (1, 2));
    assert_eq!(
        excerpts(&store, 18).await,
        [items[1].1, r#"{"lead_id":"18"}"#]
    );
    assert_eq!(bodies(&store).await, [""; 0]);
    // Polled again, and in a late webhook that nobody understands.
    store.apply(polled).await.unwrap();
    let late = r#"{"contact":{"id":17}}"#;
    decode(&store, &[late], &[(0, late)], vec![]).await;
    assert_eq!(finish(&store).await.bodies, 1);
    assert_eq!(store.counts().await.unwrap().parked, 2);
}

pub(crate) async fn items_understood_later_are_parked_no_more(store: SharedStore) {
    let mut polled = batch(Origin::Poll(vec![]), vec![]);
    polled.parked = vec![parked(None, "one"), parked(None, "two")];
    store.apply(polled).await.unwrap();
    let items = store.parked_alone(0, 10).await.unwrap();
    let excerpts: Vec<&str> = items.iter().map(|item| item.excerpt.as_str()).collect();
    assert_eq!(excerpts, ["one", "two"]);
    assert_eq!(
        store.parked_alone(items[0].id, 10).await.unwrap(),
        items[1..]
    );
    assert_eq!(store.parked_alone(0, 1).await.unwrap(), items[..1]);
    let understood = batch(Origin::Parked(vec![items[0].id]), vec![did(1, 17, 5)]);
    store.apply(understood).await.unwrap();
    assert_eq!(keys(&store, 17).await, ["hit:1"]);
    assert_eq!(store.parked_alone(0, 10).await.unwrap(), items[1..]);
    // Those with a body are decoded again from that.
    decode(&store, &["17"], &[(0, "three")], vec![]).await;
    assert_eq!(store.parked_alone(0, 10).await.unwrap(), items[1..]);
}

pub(crate) async fn the_erased_stay_gone_by_every_id(store: SharedStore) {
    tell(
        &store,
        [
            did(1, 1, 5),
            merged(1, 2, 10),
            merged(3, 2, 10),
            deleted(2, 20),
        ],
    )
    .await;
    for contact in 1..=3 {
        assert_eq!(store.resolve(id(contact)).await.unwrap(), None);
        let late = [did(9, contact, 5), profile(contact, 30, "Bern", 1)];
        assert_eq!(tell(&store, late).await.dropped, 2);
    }
    // Who turns out to be one of them was the same person.
    tell(
        &store,
        [
            did(4, 4, 5),
            did(5, 5, 5),
            merged(4, 3, 30),
            merged(1, 5, 30),
        ],
    )
    .await;
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.contacts, counts.activities), (0, 0));
    assert_eq!((counts.merged, counts.deleted), (0, 5));
}

pub(crate) async fn what_was_in_hand_does_not_come_back(store: SharedStore) {
    want(&store, 1, &[(group(3), 5)]).await;
    tell(&store, [did(7, 1, 6)]).await;
    let scoring = claim_dirty(&store).await;
    let writing = claim_at(&store, 3_000).await;
    let decoding = deliver(&store, 7, r#"{"id":1}"#).await;
    tell(&store, [deleted(1, 10)]).await;
    // The worker that had it goes on as if nothing had happened.
    let commits = scoring
        .into_iter()
        .map(|dirty| commit(dirty, [(group(3), 9)]));
    store.commit_scores(commits.collect()).await.unwrap();
    super::give::finish(&store, 3_001, result(&writing, 1, group(3), holds(5))).await;
    store
        .observe(vec![(id(1), group(3), 5)], at(3_002))
        .await
        .unwrap();
    let facts = vec![
        did(8, 1, 6),
        profile(1, 30, "Bern", 1),
        member(1, 4, true, 30),
    ];
    store
        .apply(batch(Origin::Deliveries(vec![decoding]), facts))
        .await
        .unwrap();
    finish(&store).await;
    let counts = store.counts().await.unwrap();
    let nothing = crate::store::Counts {
        deliveries: 1,
        deleted: 1,
        ..Default::default()
    };
    assert_eq!(counts, nothing);
}

pub(crate) async fn the_erased_may_be_allowed_again(store: SharedStore) {
    assert!(!store.allow_again(id(1), at(5)).await.unwrap());
    tell(&store, [did(1, 1, 5), deleted(1, 10)]).await;
    assert!(store.allow_again(id(1), at(20)).await.unwrap());
    assert!(!store.allow_again(id(1), at(20)).await.unwrap());
    assert_eq!(store.resolve(id(1)).await.unwrap(), Some(id(1)));
    assert_eq!(keys(&store, 1).await, [""; 0], "what was erased is gone");
    tell(&store, [did(2, 1, 30)]).await;
    assert_eq!(keys(&store, 1).await, ["hit:2"]);
}

/// How much that is.
fn of(held: &Held) -> Amounts {
    let (overview, snapshot) = (held.overview.as_ref(), held.snapshot.as_ref());
    let many = |count: usize| u64::try_from(count).unwrap();
    Amounts {
        ids: held.ids.clone(),
        profile: overview.is_some_and(|overview| overview.profile.is_some()),
        activities: many(snapshot.map_or(0, |snapshot| snapshot.activities.len())),
        scores: many(overview.map_or(0, |overview| overview.scores.len())),
        points_log: many(held.points_log.len()),
        adjustments: many(held.adjustments.len()),
        effects: many(held.effects.len()),
        writes: many(held.writes.len()),
        deliveries: many(held.deliveries.len()),
        parked: many(held.parked.len()),
    }
}

pub(crate) async fn everything_held_is_told(store: SharedStore) {
    assert!(store.held(id(1)).await.unwrap().is_none());
    assert!(store.amounts(id(1)).await.unwrap().is_none());
    want(&store, 1, &[(group(3), 5), (segment(4), 1)]).await;
    write_all(&store).await;
    want(&store, 2, &[(group(3), 7)]).await;
    let own = format!("{}1", crate::store::OUR_MARK);
    let facts = [
        profile(1, 9, "Bern", 3),
        logged(1, 1, 3, "API", 9),
        logged(2, 1, 3, &own, 9),
        logged(3, 2, 3, "API", 9),
        did(3, 9, 5),
        merged(9, 1, 10),
    ];
    tell(&store, facts).await;
    decode(
        &store,
        &["[1]", "[2]", "[9]"],
        &[(1, "[1]")],
        vec![did(4, 1, 6), did(5, 2, 6)],
    )
    .await;
    for asked in [1, 9] {
        let held = store.held(id(asked)).await.unwrap().unwrap();
        assert_eq!(store.amounts(id(asked)).await.unwrap(), Some(of(&held)));
        assert_eq!((held.contact, held.ids), (id(1), vec![id(1), id(9)]));
        let overview = held.overview.unwrap();
        assert_eq!(overview.profile.unwrap().field("city"), Some("Bern"));
        assert_eq!(overview.targets.len(), 2);
        let snapshot = held.snapshot.unwrap();
        assert_eq!((snapshot.activities.len(), snapshot.merges.len()), (3, 1));
        let rows: Vec<u64> = held.points_log.iter().map(|row| row.row.id).collect();
        assert_eq!(rows, [1, 2]);
        assert_eq!((held.writes.len(), held.effects.len()), (2, 0));
        let bodies: Vec<&[u8]> = held
            .deliveries
            .iter()
            .map(|one| one.body.as_slice())
            .collect();
        assert_eq!(bodies, [b"[1]", b"[9]"]);
        assert_eq!(held.parked[0].excerpt, "[1]");
    }
    tell(&store, [deleted(1, 20)]).await;
    assert!(store.held(ContactId(9)).await.unwrap().is_none());
    assert!(store.amounts(ContactId(9)).await.unwrap().is_none());
}
