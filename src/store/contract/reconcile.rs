//! Values read in Mautic by somebody who writes nothing, beside those who write.

use super::{give::*, outbox::targets};
use crate::domain::{CallFate, DesiredValue, NewCall, PointsCall, Target, Urgency, Way};
use crate::store::{Reading, SharedStore, WriteOutcome};

async fn read(store: &SharedStore, values: &[(u32, Target, i32)], second: i64) -> Vec<Reading> {
    let values = values.iter().map(|(n, target, v)| (id(*n), *target, *v));
    let values: Vec<_> = values.collect();
    let compared = store.compare(values.clone(), at(second)).await.unwrap();
    let told = store.reconcile(values, at(second)).await.unwrap();
    assert_eq!(compared, told, "both tell the same");
    told
}

/// Found, wanted, observed before, pending before, busy.
fn told(readings: &[Reading]) -> Vec<(i32, i32, Option<i32>, bool, bool)> {
    let told = |r: &Reading| (r.found, r.wanted, r.observed, r.pending, r.busy);
    readings.iter().map(told).collect()
}

pub(crate) async fn readings_are_taken_over(store: SharedStore) {
    want(&store, 1, &[(group(3), 5), (group(4), 0)]).await;
    write_all(&store).await;
    let both = [(1, group(3), 5), (1, group(4), 0)];
    assert!(
        read(&store, &both, 3_100)
            .await
            .iter()
            .all(|one| !one.differs())
    );
    assert_eq!(claim_at(&store, 3_100).await, []);

    let drifted = [(1, group(3), 9), (1, group(4), 7), (1, group(8), 1)];
    let readings = read(&store, &drifted, 3_200).await;
    assert_eq!(
        told(&readings),
        [(9, 5, Some(5), false, false), (7, 0, Some(0), false, false)]
    );
    assert!(readings.iter().all(Reading::is_drift));
    let state = state(&store, 1, group(3)).await;
    assert_eq!(state, (Some(5), Some(9), false, true));
    assert_eq!(
        targets(&claim_at(&store, 3_200).await),
        [group(3), group(4)]
    );
    assert_eq!(
        target_of(&store, 1, group(8)).await,
        None,
        "nobody wants it"
    );
}

pub(crate) async fn comparing_changes_nothing(store: SharedStore) {
    want(&store, 1, &[(group(3), 5)]).await;
    write_all(&store).await;
    let value = vec![(id(1), group(3), 9)];
    let readings = store.compare(value, at(3_100)).await.unwrap();
    assert_eq!(told(&readings), [(9, 5, Some(5), false, false)]);
    let state = state(&store, 1, group(3)).await;
    assert_eq!(state, (Some(5), Some(5), false, false));
}

pub(crate) async fn what_was_written_since_is_newer(store: SharedStore) {
    want(&store, 1, &[(group(3), 5)]).await;
    let claimed = claim_at(&store, 3_000).await;
    // Asked before the write, answered while it was under way, and told after it.
    let old = [(1, group(3), 2)];
    let readings = read(&store, &old, 3_000).await;
    assert_eq!(told(&readings), [(2, 5, None, true, true)]);
    finish(&store, 3_001, result(&claimed, 1, group(3), holds(5))).await;
    let busy = read(&store, &old, 3_002).await;
    assert_eq!(told(&busy), [(2, 5, Some(5), false, true)], "still held");
    release(&store, &[1]).await;
    for second in [2_999, 3_000, 3_001] {
        assert_eq!(read(&store, &old, second).await, [], "asked at {second}");
    }
    let state = state(&store, 1, group(3)).await;
    assert_eq!(state, (Some(5), Some(5), false, false));
    assert_eq!(claim_at(&store, 3_002).await, []);
}

pub(crate) async fn what_may_still_take_effect_is_left(store: SharedStore) {
    want(&store, 1, &[(group(3), 5)]).await;
    let claimed = claim_at(&store, 3_000).await;
    let outcome = WriteOutcome::RetryAt {
        not_before: at(3_001),
        error: "no answer".into(),
        suspect: true,
        unsettled_until: Some(at(3_120)),
    };
    finish(&store, 3_000, result(&claimed, 1, group(3), outcome)).await;
    release(&store, &[1]).await;
    let early = read(&store, &[(1, group(3), 5)], 3_100).await;
    assert!(early[0].busy);
    assert!(state(&store, 1, group(3)).await.3, "still to be looked at");
    let late = read(&store, &[(1, group(3), 5)], 3_121).await;
    assert!(!late[0].busy);
    assert!(!state(&store, 1, group(3)).await.3, "it took effect");
}

pub(crate) async fn points_that_were_asked_for_are_left(store: SharedStore) {
    tell(&store, [did(10_001, 1, 1), did(10_002, 2, 1)]).await;
    for dirty in claim_dirty(&store).await {
        let mut commit = commit(dirty, []);
        commit.desired = vec![DesiredValue {
            target: Target::Points,
            way: if commit.dirty.contact == id(1) {
                Way::Add
            } else {
                Way::AddToLogged
            },
            value: 15,
            reason: "points 15".into(),
            urgency: Urgency::Fresh,
        }];
        store.commit_scores(vec![commit]).await.unwrap();
    }
    let logged = read(&store, &[(2, Target::Points, 40)], 2_990).await;
    assert_eq!(logged, [], "what others put beside ours is theirs");
    let claimed = claim_at(&store, 3_000).await;
    let intent = &claimed[0].intents[0];
    let call = NewCall {
        contact: id(1),
        target: Target::Points,
        generation: intent.generation,
        call: PointsCall {
            marker: "topicscore:a".into(),
            delta: 15,
            before: 0,
            newest_row: 0,
            sent_at: at(3_000),
            looks: 0,
            moved: false,
        },
    };
    assert!(
        store
            .begin_call(&owner("w"), call, at(3_000))
            .await
            .unwrap()
    );
    release(&store, &[1, 2]).await;
    let open = read(&store, &[(1, Target::Points, 15)], 3_500).await;
    assert!(open[0].busy, "nobody knows yet what became of the call");
    assert_eq!(open[0].way, Way::Add);
    let claimed = claim_at(&store, 3_600).await;
    let mut done = result(&claimed, 1, Target::Points, holds(15));
    done.fates = vec![("topicscore:a".into(), CallFate::Applied)];
    finish(&store, 3_600, done).await;
    release(&store, &[1, 2]).await;
    let later = read(&store, &[(1, Target::Points, 20)], 3_700).await;
    assert!(later[0].is_drift());
}

pub(crate) async fn ids_that_are_not_their_own_tell_nothing(store: SharedStore) {
    want(&store, 1, &[(group(3), 5)]).await;
    want(&store, 2, &[(group(3), 7)]).await;
    write_all(&store).await;
    tell(&store, [merged(1, 2, 3_100)]).await;
    let values = [(1, group(3), 7), (9, group(3), 7)];
    assert_eq!(read(&store, &values, 3_200).await, []);
    let winner = state(&store, 2, group(3)).await;
    assert_eq!(winner, (Some(7), Some(7), true, true), "only in doubt");
    assert_eq!(target_of(&store, 9, group(3)).await, None);
}

pub(crate) async fn refused_values_of_some_are_tried_again(store: SharedStore) {
    for contact in [1, 2] {
        want(&store, contact, &[(group(3), 5)]).await;
    }
    let claimed = claim_at(&store, 3_000).await;
    let parked = || WriteOutcome::Parked { error: "no".into() };
    for contact in [1, 2] {
        finish(&store, 3_000, result(&claimed, contact, group(3), parked())).await;
    }
    release(&store, &[1, 2]).await;
    assert_eq!(store.unpark_intents_of(&[id(2), id(7)]).await.unwrap(), 1);
    let claimed = claim_at(&store, 3_100).await;
    assert_eq!(claimed.len(), 1);
    assert_eq!(claimed[0].contact, id(2));
}
