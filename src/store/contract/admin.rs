//! Questions, settings, plans.

use super::give::*;
use crate::store::{Counts, PlanRecord, SharedStore, WriteOutcome};

pub(crate) async fn counts_what_there_is(store: SharedStore) {
    assert_eq!(store.counts().await.unwrap(), Counts::default());
    want(
        &store,
        1,
        &[(group(3), 5), (segment(4), 1), (segment(5), 0)],
    )
    .await;
    tell(&store, [did(1, 2, 1), merged(8, 2, 5), deleted(9, 5)]).await;
    deliver(&store, 5, "{}").await;
    let claimed = claim_at(&store, 3_000).await;
    let outcome = WriteOutcome::Parked { error: "no".into() };
    finish(&store, 3_000, result(&claimed, 1, segment(4), outcome)).await;
    let expected = Counts {
        contacts: 2,
        activities: 2,
        deliveries: 1,
        undecoded: 1,
        parked: 0,
        dirty: 1,
        scores: 1,
        pending_intents: 2,
        parked_intents: 1,
        pending_effects: 0,
        failed_effects: 0,
        unknown_effects: 0,
        writes: 1,
        merged: 1,
        deleted: 1,
    };
    assert_eq!(store.counts().await.unwrap(), expected);
}

pub(crate) async fn overview_of_a_contact(store: SharedStore) {
    assert_eq!(store.contact_overview(id(1)).await.unwrap(), None);
    for contact in [5, 3, 9] {
        tell(&store, [did(contact.into(), contact, 1)]).await;
    }
    let ids = store.contact_ids(None, 2).await.unwrap();
    assert_eq!(ids, [id(3), id(5)]);
    assert_eq!(store.contact_ids(Some(id(5)), 2).await.unwrap(), [id(9)]);
    let overview = store.contact_overview(id(3)).await.unwrap().unwrap();
    assert_eq!((overview.contact, overview.scored), (id(3), None));
    assert_eq!(overview.observed_points, None);
    want(&store, 3, &[(group(3), 5)]).await;
    let overview = store.contact_overview(id(3)).await.unwrap().unwrap();
    assert_eq!(overview.scores.len(), 1);
    assert!(overview.targets[0].pending);
}

pub(crate) async fn writes_and_delays(store: SharedStore) {
    // Caused at second 1000, sent at 3000, answered 40 ms later.
    want(&store, 1, &[(group(3), 5), (segment(4), 1), (group(5), 1)]).await;
    let claimed = claim_at(&store, 3_000).await;
    let retry = WriteOutcome::RetryAt {
        not_before: at(4_000),
        error: "503".into(),
        suspect: false,
        unsettled_until: None,
    };
    finish(&store, 3_000, result(&claimed, 1, group(3), holds(5))).await;
    finish(&store, 3_000, result(&claimed, 1, segment(4), retry)).await;
    let mut looked = result(
        &claimed,
        1,
        group(5),
        WriteOutcome::Holds {
            value: 1,
            written: false,
        },
    );
    looked.record = None;
    finish(&store, 3_000, looked).await;
    let writes = store.recent_writes(9).await.unwrap();
    let shown: Vec<_> = writes
        .iter()
        .map(|w| (w.target.as_str(), w.outcome.as_str()))
        .collect();
    assert_eq!(shown, [("segment:4", "retry"), ("group:3", "holds")]);
    assert_eq!((writes[1].desired, writes[1].caused_at), (5, at(1_000)));
    assert_eq!(
        (writes[1].reason.as_str(), writes[1].record.took_ms),
        ("group:3 5", 40)
    );
    assert_eq!(writes[1].record.status, Some(200));
    assert_eq!(
        store.contact_writes(id(1), 1).await.unwrap(),
        [writes[0].clone()]
    );
    assert_eq!(store.contact_writes(id(2), 9).await.unwrap(), []);

    assert_eq!(store.write_delays(at(1_000), 9).await.unwrap(), [2_000_040]);
    assert_eq!(store.write_delays(at(1_001), 9).await.unwrap(), [0; 0]);
    tell_at(&store, 2_990, vec![did(1, 2, 1)]).await;
    let dirty = claim_dirty(&store).await.remove(0);
    store
        .commit_scores(vec![commit(dirty, [(group(3), 5)])])
        .await
        .unwrap();
    write_all(&store).await;
    assert_eq!(
        store.write_delays(at(0), 9).await.unwrap(),
        [10_040, 2_000_040]
    );
    assert_eq!(
        store.write_delays(at(0), 1).await.unwrap(),
        [10_040],
        "the newest"
    );
}

pub(crate) async fn settings_and_plans(store: SharedStore) {
    assert_eq!(store.setting("token").await.unwrap(), None);
    for value in ["one", "two"] {
        store.put_setting("token", value).await.unwrap();
        assert_eq!(
            store.setting("token").await.unwrap().as_deref(),
            Some(value)
        );
    }
    assert_eq!(store.active_plan().await.unwrap(), None);
    let plan = |version: &str, second| PlanRecord {
        version: version.into(),
        text: format!("# {version}"),
        activated_at: at(second),
    };
    for (told, active) in [
        (plan("p1", 1), plan("p1", 1)),
        (plan("p1", 2), plan("p1", 1)),
        (plan("p2", 3), plan("p2", 3)),
        (plan("p1", 4), plan("p1", 4)),
    ] {
        store.activate_plan(told).await.unwrap();
        assert_eq!(store.active_plan().await.unwrap(), Some(active));
    }
}

pub(crate) async fn probes(store: SharedStore) {
    store.probe().await.unwrap();
    store.probe().await.unwrap();
    assert_eq!(store.counts().await.unwrap(), Counts::default());
}
