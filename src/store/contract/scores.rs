//! Dirty contacts, snapshots, commits.

use super::give::*;
use crate::domain::{TopicKey, Urgency};
use crate::store::{DirtyContact, Keep, Origin, SharedStore, StoredScore};
use std::sync::Arc;

async fn claim(store: &SharedStore, name: &str, limit: usize, second: i64) -> Vec<DirtyContact> {
    let (now, until) = (at(second), at(second + 60));
    store
        .claim_dirty(&owner(name), limit, now, until)
        .await
        .unwrap()
}

fn ids(dirty: &[DirtyContact]) -> Vec<u32> {
    dirty.iter().map(|dirty| dirty.contact.0).collect()
}

pub(crate) async fn dirty_by_urgency_then_age(store: SharedStore) {
    for (contact, second, urgency) in [
        (1, 50, Urgency::Bulk),
        (2, 70, Urgency::Fresh),
        (3, 60, Urgency::Fresh),
        (4, 40, Urgency::Bulk),
        (5, 80, Urgency::Crossing),
        (4, 30, Urgency::Bulk),
        (1, 90, Urgency::Fresh),
    ] {
        let fact = did(u64::try_from(second).unwrap(), contact, 1);
        let mut facts = batch(Origin::Lookup, vec![fact]);
        facts.received_at = at(second);
        facts.urgency = urgency;
        store.apply(facts).await.unwrap();
    }
    let dirty = claim(&store, "a", 9, 100).await;
    assert_eq!(ids(&dirty), [5, 1, 3, 2, 4]);
    assert_eq!((dirty[1].since, dirty[1].urgency), (at(50), Urgency::Fresh));
    assert_eq!((dirty[4].since, dirty[4].urgency), (at(30), Urgency::Bulk));
}

pub(crate) async fn leases_of_dirty_contacts(store: SharedStore) {
    tell(&store, [did(1, 1, 1), did(2, 2, 1), did(3, 3, 1)]).await;
    assert_eq!(ids(&claim(&store, "a", 2, 10).await), [1, 2]);
    assert_eq!(ids(&claim(&store, "b", 2, 10).await), [3]);
    assert_eq!(claim(&store, "b", 2, 69).await, []);
    assert_eq!(ids(&claim(&store, "b", 9, 70).await), [1, 2, 3]);
}

pub(crate) async fn a_change_meanwhile_keeps_the_contact_dirty(store: SharedStore) {
    tell_at(&store, 50, vec![did(1, 1, 1)]).await;
    let first = claim(&store, "a", 9, 100).await.remove(0);
    tell_at(&store, 60, vec![did(2, 1, 1)]).await;
    tell_at(&store, 70, vec![did(3, 1, 1)]).await;
    assert_eq!(claim(&store, "b", 9, 110).await, [], "still held");
    store
        .commit_scores(vec![commit(first.clone(), [])])
        .await
        .unwrap();
    let second = claim(&store, "b", 9, 110).await.remove(0);
    assert!(second.generation > first.generation);
    assert_eq!(second.since, at(60), "the change at 50 is scored");
    store
        .commit_scores(vec![commit(second.clone(), [])])
        .await
        .unwrap();
    assert_eq!(claim(&store, "b", 9, 900).await, []);
    tell(&store, [did(4, 1, 1)]).await;
    assert!(claim(&store, "b", 9, 900).await[0].generation > second.generation);
}

fn with_score(dirty: &DirtyContact, score: i32) -> crate::store::ScoreCommit {
    let mut commit = commit(dirty.clone(), []);
    commit.scores[0].score = score;
    commit
}

pub(crate) async fn an_older_commit_does_not_undo_a_newer(store: SharedStore) {
    tell(&store, [did(1, 1, 1)]).await;
    let slow = claim(&store, "slow", 9, 100).await.remove(0);
    tell(&store, [did(2, 1, 1)]).await;
    let quick = claim(&store, "quick", 9, 200).await.remove(0);
    store
        .commit_scores(vec![with_score(&quick, 2)])
        .await
        .unwrap();
    store
        .commit_scores(vec![with_score(&slow, 1)])
        .await
        .unwrap();
    assert_eq!(store.scores(id(1)).await.unwrap()[0].score, 2);
    assert_eq!(claim(&store, "a", 9, 900).await, []);
}

pub(crate) async fn commits_of_merged_or_erased_are_dropped(store: SharedStore) {
    tell(&store, [did(1, 1, 1), did(2, 2, 1)]).await;
    let dirty = claim(&store, "a", 9, 100).await;
    tell(&store, [merged(1, 3, 5), deleted(2, 5)]).await;
    let commits = dirty
        .into_iter()
        .map(|dirty| commit(dirty, [(group(3), 5)]));
    store.commit_scores(commits.collect()).await.unwrap();
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.scores, counts.pending_intents), (0, 0));
    assert_eq!(ids(&claim(&store, "a", 9, 900).await), [3]);
}

pub(crate) async fn snapshots_in_the_order_asked(store: SharedStore) {
    tell(
        &store,
        [
            did(1, 1, 9),
            did(2, 2, 1),
            did(3, 1, 5),
            member(1, 8, true, 1),
        ],
    )
    .await;
    tell(&store, [profile(2, 5, "Bern", 3)]).await;
    clean(&store).await;
    let asked = [id(7), id(2), id(1)];
    let snapshots = store.snapshots(&asked).await.unwrap();
    assert_eq!(snapshots.len(), 2);
    assert_eq!((snapshots[0].contact, snapshots[1].contact), (id(2), id(1)));
    assert_eq!(snapshots[0].activities, [hit(2, 2, 1)]);
    assert!(snapshots[0].profile.is_some() && snapshots[1].profile.is_none());
    assert_eq!(snapshots[1].activities, [hit(3, 1, 5), hit(1, 1, 9)]);
    assert_eq!(
        (snapshots[0].segments.len(), snapshots[1].segments.len()),
        (0, 1)
    );
    assert!(snapshots.iter().all(|snapshot| snapshot.fired.len() == 1));
}

pub(crate) async fn histories_stop_once_much_is_read(store: SharedStore) {
    let mut facts: Vec<_> = (1..=5).map(|row| did(row, 2, 1)).collect();
    facts.extend([did(6, 1, 1), did(7, 3, 1), did(8, 3, 2), did(9, 4, 1)]);
    tell(&store, facts).await;
    tell(&store, [logged(1, 1, 3, "API", 9)]).await;
    // Contact 9 is not known.
    let asked = [9, 1, 2, 3, 4].map(id);
    for (rows, looked_at) in [
        (0, 1),
        (1, 2),
        (2, 2),
        (3, 3),
        (7, 3),
        (8, 4),
        (9, 4),
        (10, 5),
    ] {
        let read = store.histories(&asked, rows, None).await.unwrap();
        assert_eq!(read.looked_at, looked_at, "{rows}");
        let whole = store.snapshots(&asked[..looked_at]).await.unwrap();
        assert_eq!(read.snapshots, whole, "{rows}");
    }
    let nobody = store.histories(&[], 9, None).await.unwrap();
    assert_eq!((nobody.snapshots.len(), nobody.looked_at), (0, 0));
    let odd: Keep = Arc::new(|kept, activity| {
        if activity.key.0.ends_with(['1', '3', '5', '7', '9']) {
            kept.push(activity);
        }
    });
    let read = store.histories(&asked, 8, Some(odd)).await.unwrap();
    assert_eq!(read.looked_at, 4, "what is left out was read all the same");
    let kept = read.snapshots.iter().map(|one| one.activities.len());
    assert_eq!(kept.collect::<Vec<_>>(), [0, 3, 1]);
}

pub(crate) async fn time_makes_dirty(store: SharedStore) {
    tell(&store, [did(1, 1, 1), did(2, 2, 1), did(3, 3, 1)]).await;
    let dirty = claim_dirty(&store).await;
    let due = [Some(at(3_000)), Some(at(3_001)), None];
    let commits = dirty.into_iter().zip(due).map(|(dirty, due)| {
        let mut commit = commit(dirty, []);
        commit.next_change = due;
        commit
    });
    store.commit_scores(commits.collect()).await.unwrap();
    let overview = store.contact_overview(id(2)).await.unwrap().unwrap();
    assert_eq!(overview.next_change, Some(at(3_001)));
    assert_eq!(store.mark_due(at(2_999)).await.unwrap(), 0);
    assert_eq!(store.mark_due(at(3_000)).await.unwrap(), 1);
    assert_eq!(store.mark_due(at(3_000)).await.unwrap(), 0);
    let dirty = claim(&store, "a", 9, 3_000).await;
    assert_eq!(ids(&dirty), [1]);
    assert_eq!(
        (dirty[0].since, dirty[0].urgency),
        (at(3_000), Urgency::Bulk)
    );
}

pub(crate) async fn another_plan_makes_dirty(store: SharedStore) {
    tell(&store, [did(1, 1, 1), did(2, 2, 1)]).await;
    clean(&store).await;
    tell(&store, [seen(3, 5, 1)]).await;
    assert_eq!(
        store.mark_outdated("p1", at(3_000)).await.unwrap(),
        1,
        "never scored"
    );
    let held = claim(&store, "a", 9, 3_000).await;
    assert_eq!(ids(&held), [3]);
    assert_eq!(store.mark_outdated("p2", at(3_000)).await.unwrap(), 3);
    store
        .commit_scores(vec![commit(held[0].clone(), [])])
        .await
        .unwrap();
    assert_eq!(
        ids(&claim(&store, "a", 9, 3_000).await),
        [1, 2, 3],
        "scored with p1"
    );
}

pub(crate) async fn desired_values_follow_the_commit(store: SharedStore) {
    want(
        &store,
        1,
        &[(group(3), 5), (segment(4), 0), (segment(5), 1)],
    )
    .await;
    assert_eq!(
        state(&store, 1, group(3)).await,
        (Some(5), None, false, true)
    );
    assert_eq!(
        state(&store, 1, segment(4)).await,
        (Some(0), None, false, false)
    );
    assert_eq!(
        state(&store, 1, segment(5)).await,
        (Some(1), None, false, true)
    );
    let scores = store.scores(id(1)).await.unwrap();
    let expected = StoredScore {
        topic: TopicKey("ovens".into()),
        score: 62,
        raw: 70,
        band: Some("hot".into()),
    };
    assert_eq!(scores, [expected]);
    let overview = store.contact_overview(id(1)).await.unwrap().unwrap();
    assert_eq!(overview.scored, Some((at(2_000), "p1".to_owned())));
    assert_eq!(overview.targets[0].reason, "group:3 5");

    // The plan owns group 3 and segment 5 no more; a topic was taken out as well.
    tell(&store, [did(9, 1, 1)]).await;
    let dirty = claim_dirty(&store).await.remove(0);
    let mut next = commit(dirty, [(segment(4), 1)]);
    next.scores.clear();
    store.commit_scores(vec![next]).await.unwrap();
    assert_eq!(state(&store, 1, group(3)).await, (None, None, false, false));
    assert_eq!(
        state(&store, 1, segment(4)).await,
        (Some(1), None, false, true)
    );
    assert_eq!(
        state(&store, 1, segment(5)).await,
        (None, None, false, false)
    );
    assert_eq!(store.scores(id(1)).await.unwrap(), []);
}
