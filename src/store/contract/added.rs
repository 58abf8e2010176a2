//! Points that are added: written down, doubted, decided.

use super::give::*;
use crate::domain::{
    Action, CallFate, ContactIntents, DesiredValue, EffectState, EmailId, Fact, KnownPoints,
    NewCall, PointsCall, StageId, Target, Urgency, Way,
};
use crate::store::{EffectQuery, RUN, SharedStore, WriteOutcome};

/// Makes a contact want so many main points.
async fn want_points(store: &SharedStore, contact: u32, points: i32, way: Way) {
    tell(store, [did(u64::from(contact) + 10_000, contact, 1)]).await;
    store.mark_outdated("none", at(1_000)).await.unwrap();
    for dirty in claim_dirty(store).await {
        let mut commit = commit(dirty, []);
        if commit.dirty.contact == id(contact) {
            commit.desired = vec![DesiredValue {
                target: Target::Points,
                way,
                value: points,
                reason: format!("points {points}"),
                urgency: Urgency::Fresh,
            }];
        }
        store.commit_scores(vec![commit]).await.unwrap();
    }
}

fn known(claimed: &[ContactIntents]) -> KnownPoints {
    claimed[0].intents[0].known.clone().unwrap()
}

fn new_call(claimed: &[ContactIntents], marker: &str, delta: i32) -> NewCall {
    let intent = &claimed[0].intents[0];
    NewCall {
        contact: claimed[0].contact,
        target: intent.target,
        generation: intent.generation,
        call: PointsCall {
            marker: marker.into(),
            delta,
            before: 10,
            newest_row: 7,
            sent_at: at(3_000),
            looks: 0,
            moved: false,
        },
    }
}

async fn begin(store: &SharedStore, holder: &str, call: NewCall) -> bool {
    let begun = store.begin_call(&owner(holder), call, at(3_000)).await;
    begun.unwrap()
}

async fn decide(store: &SharedStore, claimed: &[ContactIntents], marker: &str, fate: CallFate) {
    let outcome = WriteOutcome::RetryAt {
        not_before: at(3_000),
        error: "looked".into(),
        suspect: false,
        unsettled_until: None,
    };
    let mut result = result(claimed, claimed[0].contact.0, Target::Points, outcome);
    result.fates = vec![(marker.into(), fate)];
    finish(store, 3_000, result).await;
}

pub(crate) async fn a_call_is_written_down_once(store: SharedStore) {
    want_points(&store, 1, 15, Way::Add).await;
    let claimed = claim_at(&store, 3_000).await;
    let call = new_call(&claimed, "topicscore:a", 5);
    assert!(!begin(&store, "other", call.clone()).await, "not his");
    assert!(begin(&store, "w", call.clone()).await);
    let second = new_call(&claimed, "topicscore:b", 5);
    assert!(
        !begin(&store, "w", second).await,
        "the first is unknown yet"
    );
    release(&store, &[1]).await;

    let claimed = claim_at(&store, 3_001).await;
    assert_eq!(known(&claimed).open, std::slice::from_ref(&call.call));
    decide(&store, &claimed, "topicscore:a", CallFate::Unknown).await;
    release(&store, &[1]).await;
    let claimed = claim_at(&store, 3_002).await;
    assert_eq!(known(&claimed).open[0].looks, 1);
    decide(&store, &claimed, "topicscore:a", CallFate::Applied).await;
    assert!(begin(&store, "w", new_call(&claimed, "topicscore:c", 5)).await);
}

pub(crate) async fn nothing_is_added_for_what_is_not_known_whole(store: SharedStore) {
    want_points(&store, 1, 15, Way::Add).await;
    let claimed = claim_at(&store, 3_000).await;
    tell(&store, [did(77, 1, 9)]).await;
    let call = new_call(&claimed, "topicscore:a", 5);
    assert!(!begin(&store, "w", call).await, "about to be scored anew");
    release(&store, &[1]).await;
    assert_eq!(claim_at(&store, 3_001).await, []);
    assert_eq!(
        store.next_due(Urgency::Bulk, at(3_001)).await.unwrap(),
        None
    );
    want_points(&store, 1, 16, Way::Add).await;
    let later = claim_at(&store, 3_002).await;
    assert_eq!(later[0].intents[0].desired, 16);
    let call = new_call(&claimed, "topicscore:a", 5);
    assert!(!begin(&store, "w", call).await, "wants something else now");
}

pub(crate) async fn what_the_log_says_was_added(store: SharedStore) {
    let row = |row, delta, log_type: &str, event: &str, action: &str| {
        let mut row = logged_row(row, 1, 3, action, 50);
        row.group = None;
        row.delta = delta;
        row.log_type = log_type.into();
        row.event_name = event.into();
        Fact::PointsLog(row)
    };
    let rows = vec![
        row(1, 10, "url", "3: Prices", "hit"),
        row(2, 3, "API", "subtract (-)", "API"),
        row(3, 4, "API", "points 12", "topicscore:1:points:minus:x"),
        row(4, 2, "API", "points 12", "topicscore:1:points:plus:x"),
        logged(5, 1, 3, "hit", 50),
    ];
    tell(&store, rows).await;
    want_points(&store, 1, 15, Way::AddToLogged).await;
    let (_, observed, ..) = state(&store, 1, Target::Points).await;
    assert_eq!(observed, Some(10 - 3 - 4 + 2));
    let claimed = claim_at(&store, 3_000).await;
    let newest = (known(&claimed).newest_row, known(&claimed).logged);
    assert_eq!(newest, (5, Some(5)));
    assert!(known(&claimed).newest_of_group);
    // A call that took effect without a row counts as if it had one.
    assert!(begin(&store, "w", new_call(&claimed, "topicscore:a", 6)).await);
    decide(&store, &claimed, "topicscore:a", CallFate::AppliedUnlogged).await;
    release(&store, &[1]).await;
    assert_eq!(known(&claim_at(&store, 3_001).await).logged, Some(11));
    release(&store, &[1]).await;
    tell(&store, [row(6, 2, "API", "multiply (x)", "API")]).await;
    want_points(&store, 1, 16, Way::AddToLogged).await;
    assert_eq!(known(&claim_at(&store, 3_002).await).logged, None);
}

pub(crate) async fn what_is_told_of_main_points_serves_until_looked_at(store: SharedStore) {
    tell(
        &store,
        [Fact::PointsSeen {
            contact: id(1),
            points: 15,
            at: at(5),
        }],
    )
    .await;
    want_points(&store, 1, 15, Way::Add).await;
    assert_eq!(claim_at(&store, 3_000).await, [], "as it should be");
    tell(
        &store,
        [Fact::PointsSeen {
            contact: id(1),
            points: 12,
            at: at(6),
        }],
    )
    .await;
    clean(&store).await;
    want_points(&store, 1, 15, Way::Add).await;
    let claimed = claim_at(&store, 3_001).await;
    assert!(claimed[0].intents[0].suspect, "somebody changed them");
}

pub(crate) async fn a_row_that_turns_up_late_is_a_doubt(store: SharedStore) {
    want_points(&store, 1, 15, Way::Add).await;
    let claimed = claim_at(&store, 3_000).await;
    assert!(begin(&store, "w", new_call(&claimed, "topicscore:a", 5)).await);
    decide(&store, &claimed, "topicscore:a", CallFate::NotApplied).await;
    finish(
        &store,
        3_000,
        result(&claimed, 1, Target::Points, holds(15)),
    )
    .await;
    release(&store, &[1]).await;
    assert_eq!(claim_at(&store, 3_001).await, []);
    let mut late = logged_row(9, 1, 3, "topicscore:a", 3_000);
    late.group = None;
    tell(&store, [Fact::PointsLog(late)]).await;
    let claimed = claim_at(&store, 3_002).await;
    assert!(claimed[0].intents[0].suspect);
    assert_eq!(known(&claimed).open, []);
}

pub(crate) async fn calls_move_with_a_merge(store: SharedStore) {
    want_points(&store, 2, 15, Way::Add).await;
    want_points(&store, 1, 15, Way::Add).await;
    let claimed: Vec<_> = claim_at(&store, 3_000).await;
    let one: Vec<_> = claimed
        .into_iter()
        .filter(|claim| claim.contact == id(1))
        .collect();
    assert!(begin(&store, "w", new_call(&one, "topicscore:a", 5)).await);
    release(&store, &[1, 2]).await;
    tell(&store, [merged(1, 2, 3_001)]).await;
    want_points(&store, 2, 30, Way::Add).await;
    let claimed = claim_at(&store, 3_002).await;
    let open = known(&claimed).open;
    assert_eq!((open.len(), open[0].moved), (1, true));
}

pub(crate) async fn nothing_newer_is_written_before_an_older_call_is_over(store: SharedStore) {
    want(&store, 1, &[(group(3), 10)]).await;
    let claimed = claim_at(&store, 3_000).await;
    let lost = WriteOutcome::RetryAt {
        not_before: at(3_001),
        error: "no answer".into(),
        suspect: true,
        unsettled_until: Some(at(3_120)),
    };
    finish(&store, 3_000, result(&claimed, 1, group(3), lost)).await;
    release(&store, &[1]).await;
    want(&store, 1, &[(group(3), 15)]).await;
    assert_eq!(
        claim_at(&store, 3_119).await,
        [],
        "10 may still come, over 15"
    );
    assert_eq!(store.unpark_intents().await.unwrap(), 0);
    let due = store.next_due(Urgency::Bulk, at(3_002)).await.unwrap();
    assert_eq!(due, Some(at(3_120)));
    assert_eq!(claim_at(&store, 3_120).await[0].intents[0].desired, 15);
    // And of a process that died while it wrote.
    store
        .end_leases_of_the_dead(at(3_121), at(3_241))
        .await
        .unwrap();
    assert_eq!(claim_at(&store, 3_240).await, []);
    assert_eq!(claim_at(&store, 3_241).await.len(), 1);
}

pub(crate) async fn who_lost_his_lease_knows_nothing_for_sure(store: SharedStore) {
    want(&store, 1, &[(group(3), 10)]).await;
    let slow = claim_at(&store, 3_000).await;
    let until = at(9_000);
    let taken = store
        .claim_intents(&owner("other"), 9, Urgency::Bulk, at(3_060), until)
        .await
        .unwrap();
    assert_eq!(taken.len(), 1, "the lease ran out");
    finish(&store, 3_070, result(&slow, 1, group(3), holds(10))).await;
    let (_, observed, suspect, pending) = state(&store, 1, group(3)).await;
    assert_eq!((observed, suspect, pending), (None, true, true));
}

pub(crate) async fn a_restored_store_is_noticed(store: SharedStore) {
    let id_of_store = store.setting("store_id").await.unwrap().unwrap();
    want(&store, 1, &[(group(3), 5)]).await;
    write_all(&store).await;
    store.put_setting(RUN, "9-new").await.unwrap();
    store
        .end_leases_of_the_dead(at(3_050), at(3_050))
        .await
        .unwrap();
    let mark = |owner: &str, generation: u32| {
        let mark = format!("topicscore:1:group:3:set:{owner}:{generation}.0.5");
        logged(u64::from(generation), 1, 3, &mark, 1_000)
    };
    let of = |run: &str| format!("{id_of_store}-{run}-w");
    let known = tell(&store, [mark(&of("8-old"), 1)]).await;
    assert!(!known.restored, "from before");
    let claimed = claim_at(&store, 3_060).await;
    assert!(claimed[0].intents[0].suspect, "looked at all the same");
    let looked = result(&claimed, 1, group(3), holds(5));
    finish(&store, 3_061, looked).await;
    release(&store, &[1]).await;
    let own = tell(&store, [mark(&of("9-new"), 9_001)]).await;
    assert!(!own.restored, "of this run");
    assert_eq!(claim_at(&store, 3_070).await, []);
    let stranger = tell(&store, [mark("another-8-old-w", 9_000)]).await;
    assert!(!stranger.restored, "of somebody else's store");
    let claimed = claim_at(&store, 3_080).await;
    assert!(claimed[0].intents[0].suspect, "somebody wrote it");
    let looked = result(&claimed, 1, group(3), holds(5));
    finish(&store, 3_081, looked).await;
    release(&store, &[1]).await;
    // The scorer has given out many generations by the time the row is read.
    for contact in 10..30 {
        want(&store, contact, &[]).await;
    }
    let restored = tell(&store, [mark(&of("8-old"), 40)]).await;
    assert!(restored.restored);
    let claimed = claim_at(&store, 3_101).await;
    assert!(
        claimed[0].intents[0].suspect,
        "looked at before it is written"
    );
    let again = tell(&store, [mark(&of("8-old"), 41)]).await;
    assert!(!again.restored, "noticed once");
}

/// The second at which [`commit`] says that it scored.
const SCORED_AT: i64 = 2_000;

/// A trigger of the contact fires for a crossing of that second.
async fn fire(store: &SharedStore, contact: u32, second: i64, actions: &[Action]) {
    tell(store, [did(u64::from(contact) + 10_000, contact, 1)]).await;
    store.mark_outdated("none", at(1_000)).await.unwrap();
    for dirty in claim_dirty(store).await {
        let mut commit = commit(dirty, []);
        commit.firings[0].crossed_at = at(second);
        commit.firings[0].actions = actions.to_vec();
        if commit.dirty.contact == id(contact) {
            store.commit_scores(vec![commit]).await.unwrap();
        }
    }
}

pub(crate) async fn after_a_restore_what_can_not_be_undone_is_left(store: SharedStore) {
    let name = store.setting("store_id").await.unwrap().unwrap();
    let began = store.end_leases_of_the_dead(at(3_000), at(3_000));
    began.await.unwrap();
    let email = Action::SendEmail { email: EmailId(5) };
    let stage = Action::SetStage { stage: StageId(4) };
    let states = async || {
        let effects = store.effects(&EffectQuery::default(), 9).await.unwrap();
        let states: Vec<_> = effects.iter().rev().map(|effect| effect.state).collect();
        states
    };
    // Fired after the start (and after the round of polls began), before the log's row is read.
    fire(&store, 1, 1_999, &[email.clone(), stage]).await;
    let mark = format!("topicscore:1:group:3:set:{name}-8-old-w:500.0.5");
    let noticed = tell_at(&store, 900, vec![logged(9, 1, 3, &mark, 800)]).await;
    assert!(noticed.restored);
    let (unknown, pending) = (EffectState::Unknown, EffectState::Pending);
    assert_eq!(states().await, [unknown, pending]);
    // Fired later, for crossings from before and after.
    fire(&store, 2, 850, std::slice::from_ref(&email)).await;
    fire(&store, 3, 2_200, std::slice::from_ref(&email)).await;
    let four = [unknown, pending, unknown, pending];
    assert_eq!(states().await, four);
    // A profile has no history: it crosses at the moment of scoring, as long as it is not caught up.
    fire(&store, 4, SCORED_AT, std::slice::from_ref(&email)).await;
    store.caught_up(at(1_999)).await.unwrap();
    fire(&store, 5, SCORED_AT, &[email]).await;
    assert_eq!(states().await[4..], [unknown, pending]);
}
