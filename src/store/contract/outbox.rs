//! Intents.

use super::give::*;
use crate::domain::{Target, Urgency};
use crate::store::{ContactIntents, Origin, SharedStore, WriteOutcome};

fn ids(claimed: &[ContactIntents]) -> Vec<u32> {
    claimed.iter().map(|claimed| claimed.contact.0).collect()
}

pub(super) fn targets(claimed: &[ContactIntents]) -> Vec<Target> {
    let intents = claimed.iter().flat_map(|claimed| &claimed.intents);
    intents.map(|intent| intent.target).collect()
}

fn retry(second: i64, suspect: bool) -> WriteOutcome {
    WriteOutcome::RetryAt {
        not_before: at(second),
        error: "503".into(),
        suspect,
        unsettled_until: None,
    }
}

pub(crate) async fn pending_exactly_while_different(store: SharedStore) {
    let all = [
        (segment(4), 1),
        (segment(5), 0),
        (group(3), 5),
        (group(2), 0),
    ];
    want(&store, 1, &all).await;
    let claimed = claim_at(&store, 3_000).await;
    assert_eq!(targets(&claimed), [group(3), segment(4)], "groups first");
    let intent = &claimed[0].intents[0];
    assert_eq!(
        (intent.desired, intent.observed, intent.suspect),
        (5, None, false)
    );
    assert_eq!((intent.attempts, intent.reason.as_str()), (0, "group:3 5"));
    assert_eq!(
        (intent.caused_at, intent.urgency),
        (at(1_000), Urgency::Fresh)
    );
    finish(&store, 3_000, result(&claimed, 1, group(3), holds(5))).await;
    finish(&store, 3_000, result(&claimed, 1, segment(4), holds(1))).await;
    release(&store, &[1]).await;
    assert_eq!(claim_at(&store, 3_001).await, []);

    want(&store, 1, &[(group(3), 0), (segment(4), 1), (group(2), 0)]).await;
    let claimed = claim_at(&store, 3_100).await;
    assert_eq!(targets(&claimed), [group(3)]);
    assert_eq!(claimed[0].intents[0].observed, Some(5));
    release(&store, &[1]).await;
    want(&store, 1, &[(group(3), 5)]).await;
    assert_eq!(claim_at(&store, 3_200).await, [], "wanted as it is");
}

pub(crate) async fn most_urgent_first_then_oldest_cause(store: SharedStore) {
    for (contact, second, urgency) in [
        (1, 60, Urgency::Bulk),
        (2, 70, Urgency::Fresh),
        (3, 50, Urgency::Fresh),
        (4, 50, Urgency::Bulk),
        (5, 90, Urgency::Crossing),
    ] {
        tell_at(&store, second, vec![did(u64::from(contact), contact, 1)]).await;
        let mut dirty = claim_dirty(&store).await.remove(0);
        dirty.urgency = Urgency::Bulk;
        let mut commit = commit(dirty, [(group(3), 5)]);
        commit.desired[0].urgency = urgency;
        store.commit_scores(vec![commit]).await.unwrap();
    }
    let claim = |limit| {
        let (now, until) = (at(3_000), at(3_060));
        let store = store.clone();
        async move {
            let claimed = store
                .claim_intents(&owner("w"), limit, Urgency::Bulk, now, until)
                .await;
            ids(&claimed.unwrap())
        }
    };
    assert_eq!(claim(2).await, [5, 3]);
    assert_eq!(claim(9).await, [2, 4, 1]);
}

pub(crate) async fn one_holder_per_contact(store: SharedStore) {
    want(&store, 1, &[(group(3), 5), (segment(4), 1)]).await;
    let claimed = claim_at(&store, 3_000).await;
    assert_eq!(claimed[0].intents.len(), 2);
    assert_eq!(claim_at(&store, 3_059).await, [], "held");
    finish(&store, 3_030, result(&claimed, 1, group(3), holds(5))).await;
    assert_eq!(
        claim_at(&store, 3_059).await,
        [],
        "still held: one writer per contact"
    );
    store.release(&owner("other"), &[id(1)]).await.unwrap();
    assert_eq!(claim_at(&store, 3_059).await, [], "not his to give back");
    assert_eq!(
        ids(&claim_at(&store, 3_060).await),
        [1],
        "the lease ran out"
    );
    release(&store, &[1]).await;
    assert_eq!(
        targets(&claim_at(&store, 3_061).await),
        [group(3), segment(4)],
        "a holder whose lease ran out may have written again"
    );
}

pub(crate) async fn an_unfinished_write_is_looked_at(store: SharedStore) {
    want(&store, 1, &[(group(3), 57)]).await;
    write_all(&store).await;
    want(&store, 1, &[(group(3), 62)]).await;
    assert_eq!(ids(&claim_at(&store, 3_100).await), [1]);
    // Killed after Mautic set 62 and before the answer was kept; then 57 is wanted again.
    want(&store, 1, &[(group(3), 57)]).await;
    store
        .end_leases_of_the_dead(at(3_101), at(3_101))
        .await
        .unwrap();
    let claimed = claim_at(&store, 3_102).await;
    assert!(claimed[0].intents[0].suspect, "{claimed:?}");
}

pub(crate) async fn a_look_does_not_clear_what_was_told_meanwhile(store: SharedStore) {
    want(&store, 1, &[(group(3), 5)]).await;
    let claimed = claim_at(&store, 3_000).await;
    // The poll began before the write, and its row is told while the write is under way.
    let mut facts = batch(Origin::Lookup, vec![logged(7, 1, 3, "somebody", 3_001)]);
    facts.received_at = at(2_990);
    store.apply(facts).await.unwrap();
    finish(&store, 3_002, result(&claimed, 1, group(3), holds(5))).await;
    let (desired, observed, suspect, _) = state(&store, 1, group(3)).await;
    assert_eq!((desired, observed, suspect), (Some(5), Some(5), true));
}

/// Of a store that one daemon has for itself.
pub(crate) async fn leases_of_the_dead_end(store: SharedStore) {
    deliver(&store, 7, "one").await;
    want(&store, 1, &[(group(3), 5)]).await;
    tell(&store, [did(1, 2, 5)]).await;
    let take = async |second: i64| {
        let (now, until) = (at(second), at(second + 60));
        let name = owner("dead");
        let deliveries = store
            .claim_deliveries(&name, 9, usize::MAX, now, until)
            .await
            .unwrap();
        let dirty = store.claim_dirty(&name, 9, now, until).await.unwrap();
        let dirty: Vec<_> = dirty.iter().map(|dirty| dirty.contact.0).collect();
        (
            deliveries.len(),
            dirty,
            ids(&claim_at(&store, second).await),
        )
    };
    assert_eq!(take(3_000).await, (1, vec![2], vec![1]));
    assert_eq!(take(3_001).await, (0, vec![], vec![]), "held");
    let ended = store
        .end_leases_of_the_dead(at(3_001), at(3_001))
        .await
        .unwrap();
    assert_eq!(ended, 3);
    assert_eq!(take(3_001).await, (1, vec![2], vec![1]));
}

pub(crate) async fn a_worker_ends_its_own_leases(store: SharedStore) {
    want(&store, 1, &[(group(3), 5)]).await;
    want(&store, 2, &[(group(3), 5)]).await;
    tell(&store, [did(1, 3, 5), did(2, 4, 5)]).await;
    let take = async |name: &str, most: usize, second: i64| {
        let (name, now, until) = (owner(name), at(second), at(second + 60));
        let dirty = store.claim_dirty(&name, most, now, until).await.unwrap();
        let intents = store.claim_intents(&name, most, Urgency::Bulk, now, until);
        let dirty: Vec<_> = dirty.iter().map(|dirty| dirty.contact.0).collect();
        (dirty, ids(&intents.await.unwrap()))
    };
    let held = take("mine", 1, 3_000).await;
    assert_eq!((held.0.len(), held.1.len()), (1, 1));
    take("another's", 9, 3_000).await;
    assert_eq!(take("mine", 9, 3_001).await, (vec![], vec![]), "all held");
    let mine = owner("mine");
    assert_eq!(
        store.end_leases_of(&mine, at(3_001), at(0)).await.unwrap(),
        2
    );
    assert_eq!(
        store.end_leases_of(&mine, at(3_001), at(0)).await.unwrap(),
        0
    );
    assert_eq!(take("mine", 9, 3_001).await, held, "no one else's");
}

pub(crate) async fn the_least_urgency(store: SharedStore) {
    want(&store, 1, &[(group(3), 5), (group(2), 5)]).await;
    let claim = |least| {
        let store = store.clone();
        async move {
            let claimed = store
                .claim_intents(&owner("w"), 9, least, at(3_000), at(3_000))
                .await;
            claimed.unwrap()
        }
    };
    assert_eq!(claim(Urgency::Crossing).await, []);
    assert_eq!(targets(&claim(Urgency::Fresh).await), [group(2), group(3)]);
}

pub(crate) async fn failures_wait_and_count(store: SharedStore) {
    want(&store, 1, &[(group(3), 5), (segment(4), 1)]).await;
    let claimed = claim_at(&store, 3_000).await;
    finish(
        &store,
        3_000,
        result(&claimed, 1, group(3), retry(3_100, true)),
    )
    .await;
    release(&store, &[1]).await;
    assert_eq!(
        targets(&claim_at(&store, 3_001).await),
        [segment(4)],
        "what is due"
    );
    release(&store, &[1]).await;
    let claimed = claim_at(&store, 3_100).await;
    let intent = &claimed[0].intents[0];
    assert_eq!((intent.attempts, intent.suspect), (1, true));
    let shown = target_of(&store, 1, group(3)).await.unwrap();
    assert_eq!(shown.last_error.as_deref(), Some("503"));
    finish(&store, 3_100, result(&claimed, 1, group(3), holds(5))).await;
    let shown = target_of(&store, 1, group(3)).await.unwrap();
    assert_eq!(
        (shown.last_error, shown.suspect, shown.pending),
        (None, false, false)
    );
}

pub(crate) async fn parked_until_the_desired_value_changes(store: SharedStore) {
    want(&store, 1, &[(segment(4), 1)]).await;
    let claimed = claim_at(&store, 3_000).await;
    let outcome = WriteOutcome::Parked {
        error: "the segment is gone: make it again".into(),
    };
    finish(&store, 3_000, result(&claimed, 1, segment(4), outcome)).await;
    release(&store, &[1]).await;
    assert_eq!(claim_at(&store, 9_000).await, []);
    assert_eq!(
        store.next_due(Urgency::Bulk, at(9_000)).await.unwrap(),
        None
    );
    let shown = target_of(&store, 1, segment(4)).await.unwrap();
    assert!(shown.pending && shown.last_error.unwrap().contains("gone"));
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.pending_intents, counts.parked_intents), (1, 1));
    want(&store, 1, &[(segment(4), 1)]).await;
    assert_eq!(
        claim_at(&store, 9_000).await,
        [],
        "the same value is no news"
    );
    assert_eq!(store.unpark_intents().await.unwrap(), 1);
    let claimed = claim_at(&store, 9_000).await;
    assert_eq!(ids(&claimed), [1], "an administrator tries again");
    release(&store, &[1]).await;
    want(&store, 1, &[(segment(4), 0)]).await;
    want(&store, 1, &[(segment(4), 1)]).await;
    let claimed = claim_at(&store, 9_000).await;
    assert_eq!(claimed[0].intents[0].attempts, 0);
}

pub(crate) async fn an_old_result_is_still_seen(store: SharedStore) {
    want(&store, 1, &[(group(3), 5)]).await;
    let claimed = claim_at(&store, 3_000).await;
    tell_at(&store, 2_500, vec![did(77, 1, 1)]).await;
    let dirty = claim_dirty(&store).await.remove(0);
    store
        .commit_scores(vec![commit(dirty, [(group(3), 9)])])
        .await
        .unwrap();
    finish(&store, 3_000, result(&claimed, 1, group(3), holds(5))).await;
    release(&store, &[1]).await;
    assert_eq!(
        state(&store, 1, group(3)).await,
        (Some(9), Some(5), false, true)
    );
    let next = claim_at(&store, 3_001).await;
    let intent = &next[0].intents[0];
    assert!(intent.generation > claimed[0].intents[0].generation);
    assert_eq!(intent.caused_at, at(2_500), "the first cause is dealt with");

    // A failure of the old value says nothing of the new one, but for the doubt.
    let mut old = result(&claimed, 1, group(3), retry(9_000, true));
    finish(&store, 3_002, old.clone()).await;
    old.outcome = WriteOutcome::Parked { error: "no".into() };
    finish(&store, 3_002, old).await;
    release(&store, &[1]).await;
    let claimed = claim_at(&store, 3_003).await;
    let intent = &claimed[0].intents[0];
    assert_eq!((intent.attempts, intent.suspect), (0, true));
}

pub(crate) async fn causes_and_urgency_of_pending_intents(store: SharedStore) {
    for (second, urgency, value, cause, soon) in [
        (500, Urgency::Bulk, 5, 500, Urgency::Bulk),
        (600, Urgency::Fresh, 5, 500, Urgency::Fresh),
        (700, Urgency::Bulk, 6, 500, Urgency::Fresh),
        (400, Urgency::Crossing, 7, 400, Urgency::Crossing),
    ] {
        let fact = did(u64::try_from(second).unwrap(), 1, 1);
        tell_at(&store, second, vec![fact]).await;
        let mut dirty = claim_dirty(&store).await.remove(0);
        dirty.urgency = Urgency::Bulk;
        let mut commit = commit(dirty, [(group(3), value)]);
        commit.desired[0].urgency = urgency;
        store.commit_scores(vec![commit]).await.unwrap();
        let claimed = claim_at(&store, 3_000).await;
        let intent = &claimed[0].intents[0];
        assert_eq!(
            (intent.caused_at, intent.urgency),
            (at(cause), soon),
            "{second}"
        );
        release(&store, &[1]).await;
    }
    write_all(&store).await;
    tell_at(&store, 800, vec![did(1, 1, 1)]).await;
    let dirty = claim_dirty(&store).await.remove(0);
    store
        .commit_scores(vec![commit(dirty, [(group(3), 8)])])
        .await
        .unwrap();
    let intent = claim_at(&store, 4_000).await.remove(0).intents.remove(0);
    assert_eq!(
        (intent.caused_at, intent.urgency),
        (at(800), Urgency::Fresh),
        "the contact's"
    );
}

pub(crate) async fn suspicion_during_a_write_stays(store: SharedStore) {
    want(&store, 1, &[(group(3), 5)]).await;
    let claimed = claim_at(&store, 3_000).await;
    tell_at(&store, 3_002, vec![logged(7, 1, 3, "API", 3_001)]).await;
    finish(&store, 3_003, result(&claimed, 1, group(3), holds(5))).await;
    release(&store, &[1]).await;
    assert_eq!(
        state(&store, 1, group(3)).await,
        (Some(5), Some(5), true, true)
    );
    let claimed = claim_at(&store, 3_010).await;
    finish(&store, 3_011, result(&claimed, 1, group(3), holds(5))).await;
    assert_eq!(
        state(&store, 1, group(3)).await,
        (Some(5), Some(5), false, false)
    );
}

pub(crate) async fn a_write_to_a_merged_away_id_is_in_doubt(store: SharedStore) {
    want(&store, 2, &[(group(3), 7)]).await;
    write_all(&store).await;
    want(&store, 1, &[(group(3), 5)]).await;
    let claimed = claim_at(&store, 4_000).await;
    tell_at(&store, 4_001, vec![merged(1, 2, 4_001)]).await;
    let look = vec![(id(2), group(3), 7)];
    store.observe(look, at(4_002)).await.unwrap();
    assert_eq!(
        state(&store, 2, group(3)).await,
        (Some(7), Some(7), false, false)
    );
    let result = result(&claimed, 1, group(3), holds(5));
    finish(&store, 4_003, result.clone()).await;
    assert_eq!(
        state(&store, 2, group(3)).await,
        (Some(7), Some(7), true, true)
    );
    assert_eq!(store.contact_writes(id(2), 9).await.unwrap().len(), 2);

    tell(&store, [deleted(2, 4_010)]).await;
    finish(&store, 4_011, result).await;
    assert_eq!(
        store.recent_writes(9).await.unwrap(),
        [],
        "nothing of the erased is kept"
    );
    store
        .observe(vec![(id(2), group(3), 7)], at(4_012))
        .await
        .unwrap();
    tell(&store, [did(1, 3, 1)]).await;
    assert_eq!(target_of(&store, 3, group(3)).await, None);
}

pub(crate) async fn looks_are_taken_over(store: SharedStore) {
    want(&store, 1, &[(group(3), 5), (segment(4), 0)]).await;
    let look = |values: Vec<(Target, i32)>, second| {
        let values = values
            .into_iter()
            .map(|(target, value)| (id(1), target, value));
        let (store, values) = (store.clone(), values.collect());
        async move { store.observe(values, at(second)).await.unwrap() }
    };
    look(vec![(group(3), 5), (segment(4), 0)], 3_000).await;
    assert_eq!(claim_at(&store, 3_000).await, []);
    look(vec![(group(3), 4)], 2_000).await;
    assert_eq!(claim_at(&store, 3_000).await, [], "an older look");
    assert_eq!(dirty_contacts(&store).await, [0; 0]);
    look(vec![(group(3), 4), (segment(4), 1), (segment(9), 1)], 3_100).await;
    assert_eq!(
        targets(&claim_at(&store, 3_100).await),
        [group(3), segment(4)]
    );
    assert_eq!(
        dirty_contacts(&store).await,
        [1],
        "memberships that nobody expected"
    );
    let observed = target_of(&store, 1, group(3)).await.unwrap();
    assert_eq!(observed.observed_at, Some(at(3_100)));

    // An older fact does not undo a look, but told around the same time it is a doubt.
    tell(&store, [member(1, 4, false, -700)]).await;
    assert_eq!(
        state(&store, 1, segment(4)).await,
        (Some(0), Some(1), false, true)
    );
    tell(&store, [member(1, 4, false, 3_099)]).await;
    assert_eq!(
        state(&store, 1, segment(4)).await,
        (Some(0), Some(1), true, true)
    );
}

pub(crate) async fn when_something_is_due(store: SharedStore) {
    let due = |second| {
        let store = store.clone();
        async move { store.next_due(Urgency::Bulk, at(second)).await.unwrap() }
    };
    assert_eq!(due(3_000).await, None);
    want(&store, 1, &[(group(3), 5)]).await;
    want(&store, 2, &[(group(3), 5)]).await;
    assert_eq!(due(3_000).await, Some(at(3_000)), "now");
    let claimed = claim_at(&store, 3_000).await;
    assert_eq!(due(3_000).await, Some(at(3_060)), "when the leases end");
    finish(
        &store,
        3_000,
        result(&claimed, 1, group(3), retry(3_040, false)),
    )
    .await;
    release(&store, &[1]).await;
    assert_eq!(due(3_000).await, Some(at(3_040)));
    assert_eq!(due(3_050).await, Some(at(3_050)));
    finish(&store, 3_050, result(&claimed, 2, group(3), holds(5))).await;
    release(&store, &[2]).await;
    assert_eq!(due(3_000).await, Some(at(3_040)));
}
