//! A store in memory: what the workers of this room ask for, without the journal's merging.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failing test may panic"
)]

use crate::{
    domain::{Adjustment, ContactId, Fact, SegmentId},
    store::{
        Adjustments, Applied, Batch, Deliveries, DeliveryId, HeldItem, Journal, Moment,
        NewAdjustment, NewDelivery, Origin, Owner, PlanRecord, RawDelivery, Result, Settings,
        StoreError,
    },
};
use jiff::Timestamp;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[derive(Debug, Default)]
struct Held {
    deliveries: BTreeMap<i64, (NewDelivery, Option<Timestamp>)>,
    next: i64,
    batches: Vec<Batch>,
    cursors: BTreeMap<String, String>,
    settings: BTreeMap<String, String>,
    /// With the moment they are put off to.
    gone: BTreeMap<ContactId, Timestamp>,
    merged: BTreeMap<ContactId, ContactId>,
}

/// A store in memory.
#[derive(Debug, Default)]
pub(crate) struct MemoryStore {
    held: Mutex<Held>,
    /// Segments with adjustments.
    pub(crate) adjusted: Mutex<BTreeSet<SegmentId>>,
    /// Refuses batches with facts of contact 666.
    pub(crate) picky: AtomicBool,
    /// Refuses everything.
    pub(crate) broken: AtomicBool,
}

impl MemoryStore {
    pub(crate) fn batches(&self) -> Vec<Batch> {
        self.held.lock().unwrap().batches.clone()
    }

    /// The facts told so far, in order.
    pub(crate) fn facts(&self) -> Vec<Fact> {
        let batches = self.batches().into_iter();
        batches
            .flat_map(|batch| batch.sightings)
            .map(|told| told.fact)
            .collect()
    }

    /// Keys of the activities told so far, each once.
    pub(crate) fn keys(&self) -> BTreeSet<String> {
        let key = |fact| match fact {
            Fact::Activity(it) => Some(it.key.0),
            Fact::PointsLog(row) => Some(format!("log:{}", row.id)),
            _ => None,
        };
        self.facts().into_iter().filter_map(key).collect()
    }

    pub(crate) fn forget_facts(&self) {
        self.held.lock().unwrap().batches.clear();
    }

    pub(crate) fn cursors(&self) -> BTreeMap<String, String> {
        self.held.lock().unwrap().cursors.clone()
    }

    fn check(&self) -> Result<()> {
        if self.broken.load(Relaxed) {
            return Err(StoreError::Database("disk full".to_owned()));
        }
        Ok(())
    }
}

#[async_trait::async_trait]
impl Deliveries for MemoryStore {
    async fn append_delivery(&self, delivery: NewDelivery) -> Result<DeliveryId> {
        self.check()?;
        let mut held = self.held.lock().unwrap();
        held.next += 1;
        let id = held.next;
        held.deliveries.insert(id, (delivery, None));
        Ok(DeliveryId(id))
    }

    async fn claim_deliveries(
        &self,
        _: &Owner,
        limit: usize,
        bytes: usize,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Vec<RawDelivery>> {
        self.check()?;
        let mut held = self.held.lock().unwrap();
        let free = held
            .deliveries
            .iter_mut()
            .filter(|(_, (_, lease))| lease.is_none_or(|lease| lease <= now));
        let mut taken = 0;
        let fits = |size: usize| {
            let first = taken == 0;
            taken += size;
            first || taken <= bytes
        };
        let sizes = free.map(|one| (one.1.0.body.len(), one));
        Ok(sizes
            .scan(fits, |fits, (size, one)| fits(size).then_some(one))
            .take(limit)
            .map(|(id, (delivery, lease))| {
                *lease = Some(lease_until);
                RawDelivery {
                    id: DeliveryId(*id),
                    received_at: delivery.received_at,
                    body: delivery.body.clone(),
                }
            })
            .collect())
    }

    async fn prune_bodies(&self, _: Timestamp) -> Result<u64> {
        Ok(0)
    }

    async fn parked_alone(&self, _: i64, _: usize) -> Result<Vec<HeldItem>> {
        Ok(Vec::new())
    }

    async fn retry_parked(&self) -> Result<u64> {
        Ok(0)
    }
}

fn is_bad(fact: &Fact) -> bool {
    matches!(fact, Fact::Activity(it) if it.contact == ContactId(666))
}

#[async_trait::async_trait]
impl Journal for MemoryStore {
    async fn to_look_up(&self, _: usize) -> Result<Vec<ContactId>> {
        Ok(Vec::new())
    }
    async fn looked_up(&self, _: &[ContactId], _: &[ContactId], _: Moment) -> Result<()> {
        Ok(())
    }

    async fn moment(&self) -> Result<Moment> {
        let batches = self.held.lock().unwrap().batches.len();
        Ok(Moment(i64::try_from(batches).unwrap()))
    }

    async fn apply(&self, batch: Batch) -> Result<Applied> {
        self.check()?;
        if self.picky.load(Relaxed) && batch.sightings.iter().any(|told| is_bad(&told.fact)) {
            return Err(StoreError::Database("a fact is refused".to_owned()));
        }
        let mut held = self.held.lock().unwrap();
        match &batch.origin {
            Origin::Deliveries(ids) => ids.iter().for_each(|id| {
                held.deliveries.remove(&id.0).unwrap();
            }),
            Origin::Poll(moves) => held.cursors.extend(
                moves
                    .iter()
                    .map(|cursor| (cursor.name.clone(), cursor.position.clone())),
            ),
            Origin::Parked(_) | Origin::Lookup => {}
        }
        for told in &batch.sightings {
            match &told.fact {
                Fact::Gone { contact, .. } => _ = held.gone.insert(*contact, Timestamp::MIN),
                Fact::Deleted { contact, .. } => _ = held.gone.remove(contact),
                Fact::Merged { loser, winner, .. } => {
                    held.gone.remove(loser);
                    held.merged.insert(*loser, *winner);
                }
                _ => {}
            }
        }
        let dirty_contacts = batch.sightings.len() as u64;
        held.batches.push(batch);
        Ok(Applied {
            dirty_contacts,
            ..Applied::default()
        })
    }

    async fn cursor(&self, name: &str) -> Result<Option<String>> {
        self.check()?;
        Ok(self.held.lock().unwrap().cursors.get(name).cloned())
    }

    async fn unresolved_gone(&self, limit: usize, now: Timestamp) -> Result<Vec<ContactId>> {
        self.check()?;
        let held = self.held.lock().unwrap();
        let due = held.gone.iter().filter(|(_, until)| **until <= now);
        let mut due: Vec<_> = due.map(|(contact, until)| (*until, *contact)).collect();
        due.sort();
        Ok(due.into_iter().map(|(_, id)| id).take(limit).collect())
    }

    async fn put_off_gone(&self, contacts: &[ContactId], until: Timestamp) -> Result<()> {
        self.check()?;
        let mut held = self.held.lock().unwrap();
        for contact in contacts {
            if let Some(put_off) = held.gone.get_mut(contact) {
                *put_off = until;
            }
        }
        Ok(())
    }

    async fn resolve(&self, contact: ContactId) -> Result<Option<ContactId>> {
        let held = self.held.lock().unwrap();
        Ok(Some(*held.merged.get(&contact).unwrap_or(&contact)))
    }

    async fn members_of(&self, segment: SegmentId) -> Result<Vec<ContactId>> {
        self.check()?;
        let mut newest = BTreeMap::new();
        for fact in self.facts() {
            match fact {
                Fact::Membership {
                    contact,
                    segment: of,
                    member,
                    at,
                } if of == segment => {
                    let known = newest.entry(contact).or_insert((at, member));
                    *known = (at, member).max(*known);
                }
                _ => {}
            }
        }
        let members = newest.into_iter().filter(|(_, (_, member))| *member);
        Ok(members.map(|(contact, _)| contact).collect())
    }
}

#[async_trait::async_trait]
impl Adjustments for MemoryStore {
    async fn add_adjustment(&self, _: NewAdjustment, _: Timestamp) -> Result<Option<Adjustment>> {
        Err(StoreError::Closed)
    }

    async fn end_adjustment(&self, _: i64, _: Timestamp) -> Result<Option<Adjustment>> {
        Err(StoreError::Closed)
    }

    async fn adjustments(&self, _: Option<ContactId>, _: usize) -> Result<Vec<Adjustment>> {
        Err(StoreError::Closed)
    }

    async fn adjusted_segments(&self, _: Timestamp) -> Result<BTreeSet<SegmentId>> {
        self.check()?;
        Ok(self.adjusted.lock().unwrap().clone())
    }
}

#[async_trait::async_trait]
impl Settings for MemoryStore {
    async fn setting(&self, key: &str) -> Result<Option<String>> {
        self.check()?;
        Ok(self.held.lock().unwrap().settings.get(key).cloned())
    }

    async fn put_setting(&self, key: &str, value: &str) -> Result<()> {
        self.check()?;
        let mut held = self.held.lock().unwrap();
        held.settings.insert(key.to_owned(), value.to_owned());
        Ok(())
    }

    async fn activate_plan(&self, _: PlanRecord) -> Result<()> {
        Ok(())
    }

    async fn active_plan(&self) -> Result<Option<PlanRecord>> {
        Ok(None)
    }
}
