//! Once the writers are to stop (the process ends, or Mautic was noticed to be restored from a backup and ids
//! are other people's), no further call begins, in the middle of a batch either.
#![allow(clippy::unwrap_used, reason = "tests may fail loudly")]

use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio_util::sync::CancellationToken;
use topicscore::clock::{Clock, ManualClock};
use topicscore::domain::{
    ContactId, DesiredValue, Fact, GroupId, Profile, SegmentId, Sighting, Source, Target, Urgency,
    Way,
};
use topicscore::health::{Health, Weight};
use topicscore::store::sqlite::SqliteStore;
use topicscore::store::{Batch, Origin, Owner, ScoreCommit, SharedStore};
use topicscore::wake::Wake;
use topicscore::writeback::{
    Answered, CallError, Dispatcher, GroupWrite, Identity, MauticWrites, PointsWrite,
};

const CONTACTS: u32 = 20;
/// So many calls may be under way at once.
const UNDER_WAY: usize = 8;

/// A Mautic that tells the writers to stop at the first call that writes.
#[derive(Debug, Default)]
struct Stopping {
    written: Mutex<Vec<ContactId>>,
    stop: CancellationToken,
}

impl Stopping {
    fn wrote<T>(&self, contact: ContactId, value: T) -> Answered<T> {
        self.written.lock().unwrap().push(contact);
        self.stop.cancel();
        Answered {
            value,
            status: 200,
            text: String::new(),
        }
    }
}

type Called<T> = Result<T, CallError>;

#[async_trait::async_trait]
impl MauticWrites for Stopping {
    async fn identities(
        &self,
        contacts: &[ContactId],
        _: u32,
        _: Urgency,
    ) -> Called<BTreeMap<ContactId, Identity>> {
        Ok(contacts.iter().map(|id| (*id, Identity::Own)).collect())
    }
    fn there(&self, here: Timestamp) -> Timestamp {
        here
    }
    async fn group_scores(
        &self,
        _: ContactId,
        _: u32,
        _: Urgency,
    ) -> Called<BTreeMap<GroupId, i32>> {
        Ok(BTreeMap::new())
    }
    async fn set_group_score(&self, write: GroupWrite<'_>) -> Called<Answered<i32>> {
        Ok(self.wrote(write.contact, write.score))
    }
    async fn main_points(&self, _: ContactId, _: u32, _: Urgency) -> Called<i64> {
        Ok(0)
    }
    async fn points_log(
        &self,
        _: ContactId,
        _: u64,
        _: u32,
        _: u32,
        _: Urgency,
    ) -> Called<Vec<topicscore::mautic::LoggedPoints>> {
        Ok(Vec::new())
    }
    async fn add_points(&self, write: PointsWrite<'_>) -> Called<Answered<Option<i64>>> {
        Ok(self.wrote(write.contact, None))
    }
    async fn add_to_segment(
        &self,
        _: SegmentId,
        contacts: &[ContactId],
        _: u32,
        _: Urgency,
    ) -> Called<Answered<Vec<ContactId>>> {
        Ok(self.wrote(contacts[0], contacts.to_vec()))
    }
    async fn remove_from_segment(
        &self,
        _: SegmentId,
        contact: ContactId,
        _: u32,
        _: Urgency,
    ) -> Called<Answered<()>> {
        Ok(self.wrote(contact, ()))
    }
}

/// Everybody should have this.
async fn want(store: &SharedStore, clock: &ManualClock, wanted: &[(Target, Way)]) {
    let now = clock.now();
    let sighting = |contact| Sighting {
        source: Source::Poll,
        fact: Fact::Profile(Box::new(Profile::unknown(ContactId(contact), now))),
    };
    let batch = Batch {
        origin: Origin::Lookup,
        sightings: (1..=CONTACTS).map(sighting).collect(),
        parked: Vec::new(),
        received_at: now,
        urgency: Urgency::Fresh,
        asked: None,
    };
    store.apply(batch).await.unwrap();
    let (scorer, until) = (Owner("scorer".into()), now + SignedDuration::from_mins(1));
    let dirty = store.claim_dirty(&scorer, 99, now, until).await.unwrap();
    let desired = |(target, way): &(Target, Way)| DesiredValue {
        target: *target,
        way: *way,
        value: 1,
        reason: "of a test".to_owned(),
        urgency: Urgency::Fresh,
    };
    let commits = dirty.into_iter().map(|dirty| ScoreCommit {
        dirty,
        plan: "p".into(),
        at: now,
        scores: Vec::new(),
        desired: wanted.iter().map(desired).collect(),
        firings: Vec::new(),
        rearmed: Vec::new(),
        next_change: None,
    });
    store.commit_scores(commits.collect()).await.unwrap();
}

async fn stops_after(wanted: &[(Target, Way)], most: usize) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("s.db")).unwrap();
    let store: SharedStore = Arc::new(store);
    let clock = ManualClock::new("2026-03-01T12:00:00Z".parse().unwrap());
    want(&store, &clock, wanted).await;
    let mautic = Arc::new(Stopping::default());
    let dispatcher = Dispatcher {
        store: Arc::clone(&store),
        mautic: Arc::clone(&mautic) as _,
        owner: Owner("one".into()),
        least: Urgency::Bulk,
        intents: Wake::default(),
        effects: Wake::default(),
        dirty: Wake::default(),
        polls: Wake::default(),
        metrics: topicscore::metrics::register("0", "m").metrics.writeback,
        health: Health::new().component("writeback", Weight::Required, None, clock.now()),
        clock: Arc::new(clock.clone()),
    };
    dispatcher.clone().run(mautic.stop.clone()).await.unwrap();
    let written = mautic.written.lock().unwrap().len();
    assert!((1..=most).contains(&written), "{wanted:?}: {written}");
    // What was not begun is done by whoever comes next.
    let left = dispatcher.step().await.unwrap();
    assert!(left >= CONTACTS as usize - most, "{wanted:?}: {left} left");
}

#[tokio::test]
async fn no_further_call_begins() {
    let group = (Target::Group(GroupId(3)), Way::Set);
    stops_after(&[group], UNDER_WAY).await;
    let points = (Target::Points, Way::Add);
    stops_after(&[points], 1).await;
    // The segment comes after the points.
    let segment = (Target::Segment(SegmentId(4)), Way::Set);
    stops_after(&[points, segment], 1).await;
}
