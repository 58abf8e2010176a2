//! Effects of triggers.

use super::give::*;
use crate::domain::{
    Action, ContactEffects, Effect, EffectId, EffectOutcome, EffectState, EmailId, Firing, RuleKey,
    StageId, Target, Urgency,
};
use crate::store::{Counts, EffectQuery, SharedStore};

fn stage(n: u32) -> Action {
    Action::SetStage { stage: StageId(n) }
}

pub(crate) fn email() -> Action {
    Action::SendEmail { email: EmailId(5) }
}

fn webhook() -> Action {
    Action::Webhook {
        webhook: "crm".into(),
    }
}

pub(crate) fn firing(trigger: &str, second: i64, actions: &[Action]) -> Firing {
    Firing {
        trigger: RuleKey(trigger.into()),
        name: "Call".into(),
        crossed_at: at(second),
        reason: "ovens 62 reached 60".into(),
        scores: vec![("ovens".into(), 62)],
        actions: actions.to_vec(),
    }
}

/// Scores a contact at second 2000, caused at second 1000.
async fn score(store: &SharedStore, contact: u32, desired: &[(Target, i32)], fires: &[Firing]) {
    tell(store, [did(u64::from(contact) + 10_000, contact, 1)]).await;
    store.mark_outdated("none", at(1_000)).await.unwrap();
    for dirty in claim_dirty(store).await {
        let mine = dirty.contact == id(contact);
        let mut commit = commit(dirty, desired.iter().copied());
        commit.firings = if mine { fires.to_vec() } else { Vec::new() };
        if mine {
            store.commit_scores(vec![commit]).await.unwrap();
        }
    }
}

pub(crate) async fn fire(store: &SharedStore, contact: u32, fires: &[Firing]) {
    score(store, contact, &[], fires).await;
}

pub(crate) async fn claim(store: &SharedStore, second: i64) -> Vec<ContactEffects> {
    let (now, until) = (at(second), at(second + 60));
    store
        .claim_effects(&owner("w"), 1_000, now, until)
        .await
        .unwrap()
}

fn actions(claimed: &[ContactEffects]) -> Vec<(u32, String)> {
    let each = claimed.iter().flat_map(|claim| {
        let mut effects = claim.effects.iter();
        assert!(effects.all(|effect| effect.contact == claim.contact));
        claim
            .effects
            .iter()
            .map(|effect| (claim.contact.0, effect.action.to_string()))
    });
    each.collect()
}

async fn all(store: &SharedStore) -> Vec<Effect> {
    let query = EffectQuery::default();
    let mut effects = store.effects(&query, 1_000).await.unwrap();
    effects.reverse();
    effects
}

async fn states(store: &SharedStore) -> Vec<EffectState> {
    all(store).await.iter().map(|effect| effect.state).collect()
}

async fn end(store: &SharedStore, effect: EffectId, outcome: EffectOutcome) {
    store
        .finish_effect(effect, outcome, at(3_000))
        .await
        .unwrap();
}

fn done() -> EffectOutcome {
    EffectOutcome::Done {
        answer: "fine".into(),
    }
}

fn retry(second: i64) -> EffectOutcome {
    EffectOutcome::RetryAt {
        not_before: at(second),
        error: "503".into(),
    }
}

fn failed() -> EffectOutcome {
    EffectOutcome::Failed { error: "no".into() }
}

pub(crate) async fn effects_come_with_the_scores_that_fire_them(store: SharedStore) {
    let fires = [firing("call", 1_500, &[stage(1), email()])];
    fire(&store, 1, &fires).await;
    let found = all(&store).await;
    let told: Vec<_> = found
        .iter()
        .map(|effect| (effect.ordinal, effect.action.clone(), effect.state))
        .collect();
    let pending = EffectState::Pending;
    assert_eq!(told, [(0, stage(1), pending), (1, email(), pending)]);
    let one = &found[0];
    assert_eq!(
        (one.contact, one.trigger.0.as_str(), one.crossed_at),
        (id(1), "call", at(1_500))
    );
    assert_eq!(
        (one.name.as_str(), one.reason.as_str()),
        ("Call", "ovens 62 reached 60")
    );
    assert_eq!(one.scores, [("ovens".to_owned(), 62)]);
    assert_eq!(
        (one.fired_at, one.wanted_at, one.caused_at),
        (at(2_000), at(2_000), at(1_000))
    );
    assert_eq!(
        (one.urgency, one.attempts, one.started),
        (Urgency::Crossing, 0, None)
    );

    // Told again, by whoever computed it from an older state: once for each crossing.
    fire(&store, 1, &fires).await;
    fire(&store, 1, &[firing("call", 1_400, &[stage(9)])]).await;
    assert_eq!(all(&store).await.len(), 2);
    fire(&store, 1, &[firing("call", 1_600, &[stage(2)])]).await;
    fire(&store, 1, &[firing("other", 1_500, &[stage(3)])]).await;
    let found = all(&store).await;
    assert_eq!(found[2].action, stage(2));
    assert_eq!(found[3].action, stage(3));
    let known = snapshot(&store, 1).await.unwrap().fired;
    assert_eq!(known[&RuleKey("call".into())].crossed_at, at(1_600));
}

pub(crate) async fn effects_of_contacts_that_are_gone_never_come(store: SharedStore) {
    tell(&store, [did(7, 1, 1), did(8, 2, 1)]).await;
    let dirty = claim_dirty(&store).await;
    tell(&store, [deleted(1, 5), merged(2, 3, 5)]).await;
    for dirty in dirty {
        let mut commit = commit(dirty, []);
        commit.firings = vec![firing("call", 1_500, &[stage(1)])];
        store.commit_scores(vec![commit]).await.unwrap();
    }
    assert_eq!(all(&store).await, []);
}

pub(crate) async fn effects_in_order_and_once(store: SharedStore) {
    let of = |trigger| [firing(trigger, 1_500, &[stage(1), email(), webhook()])];
    fire(&store, 2, &of("a")).await;
    fire(&store, 1, &of("a")).await;
    let claimed = claim(&store, 2_500).await;
    let expected: Vec<_> = [2, 1]
        .into_iter()
        .flat_map(|contact| {
            ["set stage 1", "send email 5", "webhook crm"].map(|what| (contact, what.to_owned()))
        })
        .collect();
    assert_eq!(actions(&claimed), expected);
    assert_eq!(claim(&store, 2_501).await, [], "held");
    for effect in &claimed[0].effects {
        end(&store, effect.id, done()).await;
    }
    release(&store, &[1, 2]).await;
    assert_eq!(actions(&claim(&store, 2_502).await), expected[3..]);
    let last = &all(&store).await[0];
    assert_eq!(
        (last.state, last.finished_at),
        (EffectState::Done, Some(at(3_000)))
    );
    assert_eq!(last.answer.as_deref(), Some("fine"));
}

pub(crate) async fn urgent_effects_first(store: SharedStore) {
    fire(&store, 1, &[]).await;
    for (contact, urgency) in [(1, Urgency::Bulk), (2, Urgency::Fresh)] {
        tell(&store, [did(50 + u64::from(contact), contact, 9)]).await;
        for mut dirty in claim_dirty(&store).await {
            dirty.urgency = urgency;
            let mut commit = commit(dirty, []);
            commit.firings = vec![firing("call", 1_500, &[stage(1)])];
            store.commit_scores(vec![commit]).await.unwrap();
        }
    }
    let (now, until) = (at(2_500), at(2_560));
    let first = store.claim_effects(&owner("w"), 1, now, until).await;
    assert_eq!(actions(&first.unwrap()), [(2, "set stage 1".to_owned())]);
    assert_eq!(
        actions(&claim(&store, 2_500).await),
        [(1, "set stage 1".to_owned())]
    );
}

pub(crate) async fn one_writer_of_intents_and_effects(store: SharedStore) {
    score(
        &store,
        1,
        &[(group(3), 5)],
        &[firing("call", 1_500, &[stage(1)])],
    )
    .await;
    assert_eq!(claim(&store, 2_500).await, [], "its score first");
    let intents = claim_at(&store, 2_500).await;
    finish(&store, 2_501, result(&intents, 1, group(3), holds(5))).await;
    assert_eq!(claim(&store, 2_502).await, [], "held by who writes scores");
    release(&store, &[1]).await;
    assert_eq!(claim(&store, 2_503).await.len(), 1);
    score(&store, 1, &[(group(3), 6)], &[]).await;
    assert_eq!(claim_at(&store, 2_504).await, [], "held by who does");
    release(&store, &[1]).await;
    assert_eq!(claim_at(&store, 2_505).await.len(), 1);
}

pub(crate) async fn parked_intents_hold_up_no_effects(store: SharedStore) {
    score(
        &store,
        1,
        &[(group(3), 5)],
        &[firing("call", 1_500, &[stage(1)])],
    )
    .await;
    let intents = claim_at(&store, 2_500).await;
    let outcome = crate::store::WriteOutcome::Parked { error: "no".into() };
    finish(&store, 2_501, result(&intents, 1, group(3), outcome)).await;
    release(&store, &[1]).await;
    assert_eq!(claim(&store, 2_503).await.len(), 1);
}

pub(crate) async fn effects_wait_only_for_their_own_lane(store: SharedStore) {
    let fires = [firing("a", 1_500, &[stage(1), webhook(), stage(2)])];
    fire(&store, 1, &fires).await;
    let claimed = claim(&store, 2_500).await;
    end(&store, claimed[0].effects[0].id, retry(2_600)).await;
    release(&store, &[1]).await;
    let claimed = claim(&store, 2_501).await;
    assert_eq!(actions(&claimed), [(1, "webhook crm".to_owned())]);
    end(&store, claimed[0].effects[0].id, done()).await;
    release(&store, &[1]).await;
    assert_eq!(
        claim(&store, 2_599).await,
        [],
        "the second stage waits for the first"
    );
    assert_eq!(
        store.next_effect_due(at(2_599)).await.unwrap(),
        Some(at(2_600))
    );
    assert_eq!(store.next_effect_due(at(2_600)).await.unwrap(), None);
    let claimed = claim(&store, 2_600).await;
    let stages = ["set stage 1", "set stage 2"].map(|what| (1, what.to_owned()));
    assert_eq!(actions(&claimed), stages);
    let first = &claimed[0].effects[0];
    assert_eq!(
        (first.attempts, first.last_error.as_deref()),
        (1, Some("503"))
    );
}

pub(crate) async fn started_effects_are_never_pending_again(store: SharedStore) {
    fire(&store, 1, &[firing("a", 1_500, &[email()])]).await;
    let claimed = claim(&store, 2_500).await;
    let effect = claimed[0].effects[0].id;
    let start = |who: &'static str, second| {
        let store = store.clone();
        async move {
            let now = at(second);
            store
                .mark_started(&owner(who), effect, Some(41), now)
                .await
                .unwrap()
        }
    };
    assert!(!start("other", 2_501).await, "the lease is another's");
    assert!(!start("w", 2_560).await, "the lease ran out");
    assert!(start("w", 2_502).await);
    assert!(!start("w", 2_503).await, "once");
    // Killed before the outcome was kept.
    store
        .end_leases_of_the_dead(at(2_504), at(2_504))
        .await
        .unwrap();
    let again = claim(&store, 2_505).await;
    let begun = &again[0].effects[0];
    assert_eq!(begun.state, EffectState::Started);
    let started = begun.started.unwrap();
    assert_eq!((started.at, started.mark), (at(2_502), Some(41)));
    let look = EffectOutcome::LookAt {
        not_before: at(2_600),
        error: "503".into(),
    };
    end(&store, effect, look).await;
    release(&store, &[1]).await;
    assert_eq!(claim(&store, 2_599).await, []);
    let begun = &claim(&store, 2_600).await[0].effects[0];
    assert_eq!(
        (begun.state, begun.started, begun.attempts),
        (EffectState::Started, Some(started), 1)
    );
    // Surely not sent after all: it may be started anew.
    end(&store, effect, retry(2_700)).await;
    assert_eq!(all(&store).await[0].started, None);
    release(&store, &[1]).await;
    claim(&store, 2_700).await;
    assert!(start("w", 2_701).await);
}

pub(crate) async fn an_effect_ends_once(store: SharedStore) {
    fire(&store, 1, &[firing("a", 1_500, &[email()])]).await;
    let effect = claim(&store, 2_500).await[0].effects[0].id;
    let unknown = EffectOutcome::Unknown {
        error: "lost".into(),
    };
    end(&store, effect, unknown).await;
    assert_eq!(states(&store).await, [EffectState::Unknown]);
    end(&store, effect, retry(2_600)).await;
    end(&store, effect, failed()).await;
    assert_eq!(states(&store).await, [EffectState::Unknown], "given up");
    // The answer came after all.
    end(&store, effect, done()).await;
    assert_eq!(states(&store).await, [EffectState::Done]);
    end(&store, effect, failed()).await;
    assert_eq!(states(&store).await, [EffectState::Done]);
}

pub(crate) async fn an_administrator_tries_again(store: SharedStore) {
    let fires = [firing(
        "a",
        1_500,
        &[stage(1), stage(2), stage(3), stage(4)],
    )];
    fire(&store, 1, &fires).await;
    let ids: Vec<EffectId> = all(&store).await.iter().map(|effect| effect.id).collect();
    let expired = EffectOutcome::Expired {
        error: "late".into(),
    };
    for (effect, outcome) in ids.iter().zip([failed(), expired, done()]) {
        end(&store, *effect, outcome).await;
    }
    let mut retried = Vec::new();
    for effect in &ids {
        retried.push(store.retry_effect(*effect, at(5_000)).await.unwrap());
    }
    assert_eq!(retried, [true, true, false, false]);
    assert!(!store.retry_effect(EffectId(999), at(5_000)).await.unwrap());
    let claimed = claim(&store, 5_000).await;
    let stages = ["set stage 1", "set stage 2", "set stage 4"].map(|what| (1, what.to_owned()));
    assert_eq!(actions(&claimed), stages);
    let again = &claimed[0].effects[0];
    assert_eq!((again.wanted_at, again.fired_at), (at(5_000), at(2_000)));
    assert_eq!((again.attempts, again.finished_at), (0, None));
}

pub(crate) async fn old_effects_expire_unless_tried(store: SharedStore) {
    fire(&store, 1, &[firing("a", 1_500, &[stage(1), webhook()])]).await;
    let tried = claim(&store, 2_500).await[0].effects[0].id;
    end(&store, tried, retry(2_600)).await;
    let expire = |before| {
        let store = store.clone();
        async move {
            let expired = store.expire_effects(at(before), "too old", at(9_000)).await;
            expired.unwrap()
        }
    };
    assert_eq!(expire(2_000).await, 0);
    assert_eq!(expire(2_001).await, 1);
    assert_eq!(
        states(&store).await,
        [EffectState::Pending, EffectState::Expired]
    );
    let expired = &all(&store).await[1];
    assert_eq!(expired.last_error.as_deref(), Some("too old"));
    assert_eq!(expired.finished_at, Some(at(9_000)));
}

pub(crate) async fn effects_follow_merges_and_deletions(store: SharedStore) {
    fire(&store, 1, &[firing("a", 1_500, &[stage(1), email()])]).await;
    fire(&store, 2, &[firing("a", 1_600, &[stage(2)])]).await;
    fire(&store, 3, &[firing("a", 1_500, &[stage(3)])]).await;
    let effect = claim(&store, 2_500).await[0].effects[1].id;
    let (now, who) = (at(2_501), owner("w"));
    assert!(store.mark_started(&who, effect, None, now).await.unwrap());
    tell(&store, [merged(1, 2, 10), deleted(3, 10)]).await;
    let left: Vec<_> = all(&store)
        .await
        .iter()
        .map(|effect| (effect.contact.0, effect.action.clone()))
        .collect();
    assert_eq!(left, [(2, stage(1)), (2, email()), (2, stage(2))]);
    // An outcome that was under way still finds its effect, and nothing more is begun under the
    // loser's lease.
    end(&store, effect, done()).await;
    let begun = store.mark_started(&who, left_id(&store, 0).await, None, now);
    assert!(begun.await.unwrap(), "the winner's lease is his, too");
    let fired = snapshot(&store, 2).await.unwrap().fired;
    assert_eq!(fired[&RuleKey("a".into())].crossed_at, at(1_600));
}

async fn left_id(store: &SharedStore, index: usize) -> EffectId {
    all(store).await[index].id
}

/// Both were scored from the same activities before they were known to be one.
pub(crate) async fn of_two_effects_of_a_crossing_the_begun_one_stays(store: SharedStore) {
    for (loser, winner, begun) in [(1, 2, 1), (3, 4, 4), (5, 6, 0)] {
        for contact in [loser, winner] {
            let trigger = format!("t{winner}");
            fire(
                &store,
                contact,
                &[firing(&trigger, 1_500, &[stage(contact)])],
            )
            .await;
        }
        let begun = all(&store)
            .await
            .into_iter()
            .find(|effect| effect.contact.0 == begun);
        if let Some(begun) = begun {
            end(&store, begun.id, done()).await;
        }
        tell(&store, [merged(loser, winner, 10)]).await;
    }
    let left: Vec<_> = all(&store)
        .await
        .iter()
        .map(|effect| (effect.contact.0, effect.action.clone(), effect.state))
        .collect();
    let (done, pending) = (EffectState::Done, EffectState::Pending);
    assert_eq!(
        left,
        [
            (2, stage(1), done),
            (4, stage(4), done),
            (6, stage(6), pending)
        ]
    );
}

pub(crate) async fn effects_are_listed_and_counted(store: SharedStore) {
    let fires = [firing("a", 1_500, &[stage(1), stage(2), email()])];
    fire(&store, 1, &fires).await;
    fire(&store, 2, &[firing("a", 1_500, &[stage(4)])]).await;
    tell(&store, [merged(9, 2, 10)]).await;
    let ids: Vec<EffectId> = all(&store).await.iter().map(|effect| effect.id).collect();
    end(&store, ids[0], failed()).await;
    let unknown = EffectOutcome::Unknown {
        error: "lost".into(),
    };
    end(&store, ids[2], unknown).await;
    let (failed, pending) = (EffectState::Failed, EffectState::Pending);
    for (contact, states, limit, expected) in [
        (None, vec![], 9, vec![3, 2, 1, 0]),
        (None, vec![], 2, vec![3, 2]),
        (None, vec![failed], 9, vec![0]),
        (None, vec![failed, pending], 9, vec![3, 1, 0]),
        (Some(1), vec![], 9, vec![2, 1, 0]),
        (Some(9), vec![], 9, vec![3]),
        (Some(77), vec![], 9, vec![]),
    ] {
        let query = EffectQuery {
            contact: contact.map(id),
            states,
        };
        let found = store.effects(&query, limit).await.unwrap();
        let found: Vec<_> = found
            .iter()
            .map(|effect| ids.iter().position(|id| *id == effect.id).unwrap())
            .collect();
        assert_eq!(found, expected, "{query:?}");
    }
    let Counts {
        pending_effects,
        failed_effects,
        unknown_effects,
        ..
    } = store.counts().await.unwrap();
    assert_eq!(
        (pending_effects, failed_effects, unknown_effects),
        (2, 1, 1)
    );
}
