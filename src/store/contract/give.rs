//! Short words for facts, batches and commits.

use crate::domain::{
    Activity, ActivityKey, ActivityKind, ContactId, DesiredValue, Fact, Firing, GroupId,
    PointsLogRow, Profile, RuleKey, SegmentId, Sighting, Snapshot, Source, Target, TopicKey,
    Urgency, Way,
};
use crate::store::{
    Applied, Batch, ContactIntents, DeliveryId, DirtyContact, NewDelivery, NewParked, Origin,
    Owner, ScoreCommit, SharedStore, StoredScore, TargetState, WriteOutcome, WriteRecord,
    WriteResult,
};
use jiff::Timestamp;

/// Second `n` of the tests' time.
pub(crate) fn at(n: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + n).unwrap()
}

pub(crate) fn id(n: u32) -> ContactId {
    ContactId(n)
}

pub(crate) fn owner(name: &str) -> Owner {
    Owner(name.to_owned())
}

pub(crate) fn hit(key: u64, contact: u32, second: i64) -> Activity {
    Activity {
        key: ActivityKey::hit(key),
        contact: id(contact),
        at: at(second),
        kind: ActivityKind::PageHit,
        object: Some(5),
        url: Some("https://example.test/ofen".into()),
        attributes: [("code".to_owned(), "200".to_owned())].into(),
    }
}

pub(crate) fn did(key: u64, contact: u32, second: i64) -> Fact {
    Fact::Activity(hit(key, contact, second))
}

pub(crate) fn profile(contact: u32, second: i64, city: &str, points: i64) -> Fact {
    let mut profile = Profile::unknown(id(contact), at(second));
    profile.fields.insert("city".into(), city.into());
    profile.points = points;
    Fact::Profile(Box::new(profile))
}

pub(crate) fn member(contact: u32, segment: u32, member: bool, second: i64) -> Fact {
    Fact::Membership {
        contact: id(contact),
        segment: SegmentId(segment),
        member,
        at: at(second),
    }
}

pub(crate) fn seen(contact: u32, points: i64, second: i64) -> Fact {
    Fact::PointsSeen {
        contact: id(contact),
        points,
        at: at(second),
    }
}

pub(crate) fn logged(row: u64, contact: u32, group: u32, action: &str, second: i64) -> Fact {
    Fact::PointsLog(logged_row(row, contact, group, action, second))
}

pub(crate) fn logged_row(
    row: u64,
    contact: u32,
    group: u32,
    action: &str,
    second: i64,
) -> PointsLogRow {
    PointsLogRow {
        id: row,
        contact: id(contact),
        group: Some(GroupId(group)),
        delta: 5,
        log_type: "API".into(),
        event_name: "Manual change".into(),
        action_name: action.into(),
        at: at(second),
    }
}

pub(crate) fn gone(contact: u32, second: i64) -> Fact {
    Fact::Gone {
        contact: id(contact),
        at: at(second),
    }
}

pub(crate) fn merged(loser: u32, winner: u32, second: i64) -> Fact {
    Fact::Merged {
        loser: id(loser),
        winner: id(winner),
        at: at(second),
    }
}

pub(crate) fn deleted(contact: u32, second: i64) -> Fact {
    Fact::Deleted {
        contact: id(contact),
        at: at(second),
    }
}

pub(crate) fn batch(origin: Origin, facts: Vec<Fact>) -> Batch {
    Batch {
        origin,
        sightings: facts
            .into_iter()
            .map(|fact| Sighting {
                source: Source::Poll,
                fact,
            })
            .collect(),
        parked: Vec::new(),
        received_at: at(1_000),
        urgency: Urgency::Fresh,
        asked: None,
    }
}

/// Applies polled facts that reached us at second 1000.
pub(crate) async fn tell(store: &SharedStore, facts: impl IntoIterator<Item = Fact>) -> Applied {
    let facts = facts.into_iter().collect();
    store.apply(batch(Origin::Lookup, facts)).await.unwrap()
}

/// Applies facts that reached us at another second.
pub(crate) async fn tell_at(store: &SharedStore, second: i64, facts: Vec<Fact>) -> Applied {
    let mut batch = batch(Origin::Lookup, facts);
    batch.received_at = at(second);
    store.apply(batch).await.unwrap()
}

pub(crate) async fn tell_by(store: &SharedStore, source: Source, fact: Fact) -> Applied {
    let mut batch = batch(Origin::Lookup, vec![fact]);
    batch.sightings[0].source = source;
    store.apply(batch).await.unwrap()
}

pub(crate) async fn deliver(store: &SharedStore, second: i64, body: &str) -> DeliveryId {
    let delivery = NewDelivery {
        received_at: at(second),
        body: body.into(),
    };
    store.append_delivery(delivery).await.unwrap()
}

pub(crate) fn parked(delivery: Option<DeliveryId>, excerpt: &str) -> NewParked {
    NewParked {
        delivery,
        kind: "mautic.unknown".into(),
        reason: "unknown kind of event".into(),
        excerpt: excerpt.into(),
    }
}

/// Claims every dirty contact.
pub(crate) async fn claim_dirty(store: &SharedStore) -> Vec<DirtyContact> {
    store
        .claim_dirty(&owner("a"), 1_000, at(2_000), at(2_060))
        .await
        .unwrap()
}

/// Makes all contacts clean: a commit of nothing.
pub(crate) async fn clean(store: &SharedStore) {
    let commits = claim_dirty(store)
        .await
        .into_iter()
        .map(|dirty| commit(dirty, []));
    store.commit_scores(commits.collect()).await.unwrap();
}

pub(crate) async fn dirty_contacts(store: &SharedStore) -> Vec<u32> {
    // Leases of a claim long past: nothing is held by it.
    let claimed = store
        .claim_dirty(&owner("look"), 1_000, at(900_000), at(0))
        .await;
    let mut ids: Vec<u32> = claimed
        .unwrap()
        .iter()
        .map(|dirty| dirty.contact.0)
        .collect();
    ids.sort_unstable();
    ids
}

pub(crate) fn group(n: u32) -> Target {
    Target::Group(GroupId(n))
}

pub(crate) fn segment(n: u32) -> Target {
    Target::Segment(SegmentId(n))
}

pub(crate) fn commit(
    dirty: DirtyContact,
    desired: impl IntoIterator<Item = (Target, i32)>,
) -> ScoreCommit {
    let desired = desired.into_iter().map(|(target, value)| DesiredValue {
        target,
        way: Way::Set,
        value,
        reason: format!("{target} {value}"),
        urgency: Urgency::Bulk,
    });
    ScoreCommit {
        dirty,
        plan: "p1".into(),
        at: at(2_000),
        scores: vec![StoredScore {
            topic: TopicKey("ovens".into()),
            score: 62,
            raw: 70,
            band: Some("hot".into()),
        }],
        desired: desired.collect(),
        firings: vec![Firing {
            trigger: RuleKey("call".into()),
            name: "Call".into(),
            crossed_at: at(1_999),
            reason: "ovens 62 reached 60".into(),
            scores: vec![("ovens".into(), 62)],
            actions: Vec::new(),
        }],
        rearmed: Vec::new(),
        next_change: None,
    }
}

/// Makes a contact known, scored, and wanting these values; cause: second 1000, fresh.
pub(crate) async fn want(store: &SharedStore, contact: u32, desired: &[(Target, i32)]) {
    tell(store, [did(u64::from(contact) + 10_000, contact, 1)]).await;
    store.mark_outdated("none", at(1_000)).await.unwrap();
    for dirty in claim_dirty(store).await {
        if dirty.contact == id(contact) {
            let commit = commit(dirty, desired.iter().copied());
            store.commit_scores(vec![commit]).await.unwrap();
        }
    }
}

/// Claims everything that is due at a second, for a minute.
pub(crate) async fn claim_at(store: &SharedStore, second: i64) -> Vec<ContactIntents> {
    let (now, until) = (at(second), at(second + 60));
    store
        .claim_intents(&owner("w"), 1_000, Urgency::Bulk, now, until)
        .await
        .unwrap()
}

pub(crate) async fn release(store: &SharedStore, contacts: &[u32]) {
    let contacts: Vec<ContactId> = contacts.iter().copied().map(id).collect();
    store.release(&owner("w"), &contacts).await.unwrap();
}

/// The result of trying an intent that was claimed.
pub(crate) fn result(
    claimed: &[ContactIntents],
    contact: u32,
    target: Target,
    outcome: WriteOutcome,
) -> WriteResult {
    let contact = claimed.iter().find(|c| c.contact == id(contact)).unwrap();
    let intent = contact.intents.iter().find(|i| i.target == target).unwrap();
    WriteResult {
        contact: contact.contact,
        target,
        generation: intent.generation,
        desired: intent.desired,
        outcome,
        record: Some(WriteRecord {
            at: at(3_000),
            request: format!("POST {target}"),
            status: Some(200),
            answer: "{}".into(),
            took_ms: 40,
        }),
        fates: Vec::new(),
    }
}

pub(crate) fn holds(value: i32) -> WriteOutcome {
    WriteOutcome::Holds {
        value,
        written: true,
    }
}

pub(crate) async fn finish(store: &SharedStore, second: i64, result: WriteResult) {
    store
        .finish_writes(&owner("w"), vec![result], at(second))
        .await
        .unwrap();
}

/// Writes all that is pending as it is wanted, at second 3000.
pub(crate) async fn write_all(store: &SharedStore) {
    let claimed = claim_at(store, 3_000).await;
    for contact in &claimed {
        for intent in &contact.intents {
            let outcome = holds(intent.desired);
            let result = result(&claimed, contact.contact.0, intent.target, outcome);
            finish(store, 3_000, result).await;
        }
        release(store, &[contact.contact.0]).await;
    }
}

pub(crate) async fn target_of(
    store: &SharedStore,
    contact: u32,
    target: Target,
) -> Option<TargetState> {
    let overview = store.contact_overview(id(contact)).await.unwrap()?;
    overview
        .targets
        .into_iter()
        .find(|state| state.target == target)
}

/// (desired, observed, suspect, pending)
pub(crate) async fn state(
    store: &SharedStore,
    contact: u32,
    target: Target,
) -> (Option<i32>, Option<i32>, bool, bool) {
    let state = target_of(store, contact, target).await;
    state.map_or((None, None, false, false), |state| {
        (state.desired, state.observed, state.suspect, state.pending)
    })
}

pub(crate) async fn snapshot(store: &SharedStore, contact: u32) -> Option<Snapshot> {
    store.snapshots(&[id(contact)]).await.unwrap().pop()
}

pub(crate) async fn keys(store: &SharedStore, contact: u32) -> Vec<String> {
    let snapshot = snapshot(store, contact).await;
    let activities = snapshot
        .map(|snapshot| snapshot.activities)
        .unwrap_or_default();
    activities
        .into_iter()
        .map(|activity| activity.key.0)
        .collect()
}
