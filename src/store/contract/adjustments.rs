//! Points that people gave.

use super::give::*;
use crate::domain::{Adjustment, Scope, SegmentId, TopicKey, Urgency};
use crate::store::{NewAdjustment, SharedStore};
use jiff::Timestamp;

fn of_contact(contact: u32) -> Scope {
    Scope::Contact(id(contact))
}

fn of_segment(segment: u32) -> Scope {
    Scope::Segment(SegmentId(segment))
}

fn adjustment(scope: Scope, points: i32) -> NewAdjustment {
    NewAdjustment {
        scope,
        topic: TopicKey("ovens".into()),
        points,
        author: "ann".into(),
        reason: "met at the fair".into(),
        at: at(500),
        expires_at: None,
    }
}

async fn add(store: &SharedStore, scope: Scope, points: i32) -> Adjustment {
    let new = adjustment(scope, points);
    store.add_adjustment(new, at(1_000)).await.unwrap().unwrap()
}

/// Points of what is in a contact's snapshot, by number.
async fn points(store: &SharedStore, contact: u32) -> Vec<i32> {
    let snapshot = snapshot(store, contact).await.unwrap();
    assert!(snapshot.adjustments.is_sorted_by_key(|of| of.id));
    snapshot.adjustments.iter().map(|of| of.points).collect()
}

async fn listed(store: &SharedStore, contact: Option<u32>) -> Vec<i32> {
    let listed = store.adjustments(contact.map(id), 10).await.unwrap();
    listed.iter().map(|of| of.points).collect()
}

pub(crate) async fn adjustments_of_contacts_and_segments(store: SharedStore) {
    tell(&store, [did(1, 1, 5), did(2, 2, 5), member(2, 4, true, 5)]).await;
    let own = add(&store, of_contact(1), 10).await;
    add(&store, of_segment(4), -20).await;
    add(&store, of_contact(2), 30).await;
    assert_eq!(points(&store, 1).await, [10, -20]);
    assert_eq!(points(&store, 2).await, [-20, 30]);
    assert_eq!(snapshot(&store, 1).await.unwrap().adjustments[0], own);
    assert_eq!((own.scope, own.author.as_str()), (of_contact(1), "ann"));
    assert_eq!((own.at, own.expires_at), (at(500), None));
    assert_eq!(listed(&store, None).await, [30, -20, 10]);
    assert_eq!(listed(&store, Some(1)).await, [10]);
    assert_eq!(listed(&store, Some(2)).await, [30, -20]);
    assert_eq!(store.adjustments(None, 1).await.unwrap().len(), 1);
}

/// Since when and how urgently the first is dirty; cleans all.
async fn how_dirty(store: &SharedStore) -> (Timestamp, Urgency) {
    let dirty = claim_dirty(store).await;
    let first = (dirty[0].since, dirty[0].urgency);
    let commits = dirty.into_iter().map(|dirty| commit(dirty, []));
    store.commit_scores(commits.collect()).await.unwrap();
    first
}

pub(crate) async fn adjustments_make_dirty(store: SharedStore) {
    let members = [1, 2, 3].map(|contact| member(contact, 4, true, 5));
    tell(&store, members).await;
    tell(&store, [member(3, 4, false, 6), did(5, 5, 5)]).await;
    clean(&store).await;
    let own = add(&store, of_contact(5), 1).await;
    assert_eq!(dirty_contacts(&store).await, [5]);
    assert_eq!(how_dirty(&store).await, (at(1_000), Urgency::Fresh));
    let of_all = add(&store, of_segment(4), 2).await;
    assert_eq!(dirty_contacts(&store).await, [1, 2]);
    assert_eq!(how_dirty(&store).await, (at(1_000), Urgency::Bulk));

    for (adjustment, dirty) in [(own, vec![5]), (of_all, vec![1, 2])] {
        let end = |second| store.end_adjustment(adjustment.id, at(second));
        let ended = end(2_000).await.unwrap().unwrap();
        assert_eq!(ended.expires_at, Some(at(2_000)));
        assert_eq!(dirty_contacts(&store).await, dirty);
        clean(&store).await;
        let again = end(2_001).await.unwrap().unwrap();
        assert_eq!(again, ended, "it has ended already");
        assert_eq!(dirty_contacts(&store).await, [0; 0]);
        let sooner = end(1_999).await.unwrap().unwrap();
        assert_eq!(sooner.expires_at, Some(at(1_999)));
        clean(&store).await;
    }
    assert_eq!(store.end_adjustment(99, at(1)).await.unwrap(), None);
}

pub(crate) async fn adjustments_of_wanted_segments_make_dirty(store: SharedStore) {
    let wanted = [(segment(4), 1), (segment(5), 1)];
    want(&store, 1, &wanted).await;
    add(&store, of_segment(4), 2).await;
    assert_eq!(dirty_contacts(&store).await, [0; 0], "no member yet");
    write_all(&store).await;
    assert_eq!(dirty_contacts(&store).await, [1], "a member from now on");
    for (segment, dirty) in [(4, vec![1]), (5, vec![])] {
        tell(&store, [member(1, segment, false, 5_000)]).await;
        want(&store, 1, &wanted).await;
        tell(&store, [member(1, segment, true, 5_001)]).await;
        assert_eq!(
            dirty_contacts(&store).await,
            dirty,
            "as we want it, {segment}"
        );
        want(&store, 1, &wanted).await;
    }
}

pub(crate) async fn adjustments_follow_merges_and_deletions(store: SharedStore) {
    tell(&store, [did(1, 1, 5), did(2, 2, 5), did(3, 3, 5)]).await;
    add(&store, of_contact(1), 10).await;
    add(&store, of_contact(3), 30).await;
    tell(&store, [merged(1, 2, 20)]).await;
    let late = add(&store, of_contact(1), 40).await;
    assert_eq!(late.scope, of_contact(2), "the winner's");
    assert_eq!(points(&store, 2).await, [10, 40]);
    assert_eq!(listed(&store, Some(1)).await, [40, 10]);

    tell(&store, [deleted(3, 20)]).await;
    assert_eq!(listed(&store, None).await, [40, 10]);
    let none = adjustment(of_contact(3), 50);
    let none = store.add_adjustment(none, at(1_000)).await.unwrap();
    assert_eq!(none, None);
    assert_eq!(listed(&store, Some(3)).await, [0; 0]);

    // Never heard of: known from now on.
    add(&store, of_contact(77), 60).await;
    assert_eq!(points(&store, 77).await, [60]);
}

pub(crate) async fn segments_that_points_hang_on(store: SharedStore) {
    add(&store, of_contact(1), 10).await;
    for segment in [4, 4, 9, 8] {
        add(&store, of_segment(segment), 1).await;
    }
    let numbers = store.adjustments(None, 10).await.unwrap();
    store
        .end_adjustment(numbers[1].id, at(2_000))
        .await
        .unwrap();
    for (second, expected) in [(1_999, vec![4, 8, 9]), (2_000, vec![4, 8])] {
        let found = store.adjusted_segments(at(second)).await.unwrap();
        let found: Vec<u32> = found.into_iter().map(|segment| segment.0).collect();
        assert_eq!(found, expected);
    }
}
