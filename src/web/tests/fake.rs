//! A store in memory that answers questions with what a test put in.

use crate::domain::{
    Adjustment, ContactEffects, ContactId, Effect, EffectId, EffectOutcome, NewCall, Scope,
    SegmentId, Snapshot, Target, Urgency, WentBack,
};
use crate::store::{
    Adjustments, Admin, Amounts, Applied, Batch, ContactIntents, ContactOverview, Counts,
    Deliveries, DeliveryId, DirtyContact, EffectQuery, Effects, Erasures, Forgotten, Held,
    HeldItem, Histories, Journal, Keep, Leases, Moment, NewAdjustment, NewDelivery, Outbox, Owner,
    ParkedItem, PlanRecord, Privacy, RawDelivery, Reading, Rereading, Result, ScoreCommit, Scores,
    Settings, StoreError, StoredScore, WriteResult, WriteSummary,
};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{
    Mutex,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

#[derive(Debug, Default)]
pub(super) struct FakeStore {
    pub(super) overviews: BTreeMap<ContactId, ContactOverview>,
    pub(super) snapshots: BTreeMap<ContactId, Snapshot>,
    pub(super) merged: BTreeMap<ContactId, ContactId>,
    pub(super) counts: Counts,
    pub(super) writes: Vec<WriteSummary>,
    pub(super) parked: Vec<ParkedItem>,
    pub(super) effects: Vec<Effect>,
    pub(super) delays: Vec<u64>,
    pub(super) adjustments: Mutex<Vec<Adjustment>>,
    /// Whether every question fails.
    pub(super) broken: AtomicBool,
    /// Whether nothing is ever answered.
    pub(super) hangs: AtomicBool,
    pub(super) probes: AtomicUsize,
}

impl FakeStore {
    async fn working(&self) -> Result<()> {
        if self.hangs.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        if self.broken.load(Ordering::SeqCst) {
            return Err(StoreError::Database("disk full (score.db)".to_owned()));
        }
        Ok(())
    }

    fn winner(&self, contact: ContactId) -> ContactId {
        self.merged.get(&contact).copied().unwrap_or(contact)
    }
}

#[async_trait::async_trait]
impl Admin for FakeStore {
    async fn counts(&self) -> Result<Counts> {
        self.working().await?;
        Ok(self.counts.clone())
    }
    async fn contact_overview(&self, contact: ContactId) -> Result<Option<ContactOverview>> {
        self.working().await?;
        Ok(self.overviews.get(&self.winner(contact)).cloned())
    }
    async fn contact_ids(&self, after: Option<ContactId>, limit: usize) -> Result<Vec<ContactId>> {
        self.working().await?;
        let behind = |id: &&ContactId| after.is_none_or(|after| **id > after);
        let ids = self.overviews.keys().filter(behind);
        Ok(ids.take(limit).copied().collect())
    }
    async fn recent_writes(&self, limit: usize) -> Result<Vec<WriteSummary>> {
        self.working().await?;
        Ok(self.writes.iter().take(limit).cloned().collect())
    }
    async fn contact_writes(&self, contact: ContactId, limit: usize) -> Result<Vec<WriteSummary>> {
        self.working().await?;
        let mine = self.writes.iter().filter(|write| write.contact == contact);
        Ok(mine.take(limit).cloned().collect())
    }
    async fn parked_items(&self, limit: usize) -> Result<Vec<ParkedItem>> {
        self.working().await?;
        Ok(self.parked.iter().take(limit).cloned().collect())
    }
    async fn write_delays(&self, _since: Timestamp, limit: usize) -> Result<Vec<u64>> {
        self.working().await?;
        Ok(self.delays.iter().take(limit).copied().collect())
    }
    async fn probe(&self) -> Result<()> {
        self.probes.fetch_add(1, Ordering::SeqCst);
        self.working().await
    }
}

#[async_trait::async_trait]
impl Scores for FakeStore {
    async fn claim_dirty(
        &self,
        _: &Owner,
        _: usize,
        _: Timestamp,
        _: Timestamp,
    ) -> Result<Vec<DirtyContact>> {
        Err(StoreError::Closed)
    }
    async fn snapshots(&self, contacts: &[ContactId]) -> Result<Vec<Snapshot>> {
        self.working().await?;
        let known = contacts.iter().filter_map(|id| self.snapshots.get(id));
        Ok(known.cloned().collect())
    }
    async fn histories(
        &self,
        contacts: &[ContactId],
        _: usize,
        _: Option<Keep>,
    ) -> Result<Histories> {
        Ok(Histories {
            snapshots: self.snapshots(contacts).await?,
            looked_at: contacts.len(),
        })
    }
    async fn commit_scores(&self, _: Vec<ScoreCommit>) -> Result<()> {
        Err(StoreError::Closed)
    }
    async fn mark_due(&self, _: Timestamp) -> Result<u64> {
        Err(StoreError::Closed)
    }
    async fn is_scored(&self, _: Timestamp, _: Timestamp) -> Result<bool> {
        Err(StoreError::Closed)
    }
    async fn mark_outdated(&self, _: &str, _: Timestamp) -> Result<u64> {
        Err(StoreError::Closed)
    }
    async fn scores(&self, contact: ContactId) -> Result<Vec<StoredScore>> {
        self.working().await?;
        let overview = self.overviews.get(&contact);
        Ok(overview.map(|o| o.scores.clone()).unwrap_or_default())
    }
}

#[async_trait::async_trait]
impl Privacy for FakeStore {
    async fn finish_erasures(&self) -> Result<Erasures> {
        Err(StoreError::Closed)
    }
    async fn held(&self, _: ContactId) -> Result<Option<Held>> {
        Err(StoreError::Closed)
    }
    async fn amounts(&self, _: ContactId) -> Result<Option<Amounts>> {
        Err(StoreError::Closed)
    }
    async fn allow_again(&self, _: ContactId, _: Timestamp) -> Result<bool> {
        Err(StoreError::Closed)
    }
}

#[async_trait::async_trait]
impl Rereading for FakeStore {
    async fn forget_told(&self, _: Timestamp) -> Result<Forgotten> {
        Err(StoreError::Closed)
    }
    async fn not_restored(&self, _: &WentBack) -> Result<()> {
        Err(StoreError::Closed)
    }
    async fn is_rereading(&self) -> Result<bool> {
        Ok(false)
    }
    async fn end_rereading(&self, _: ContactId, _: Timestamp) -> Result<u64> {
        Err(StoreError::Closed)
    }
}

#[async_trait::async_trait]
impl Journal for FakeStore {
    async fn to_look_up(&self, _: usize) -> Result<Vec<ContactId>> {
        Err(StoreError::Closed)
    }
    async fn looked_up(&self, _: &[ContactId], _: &[ContactId], _: Moment) -> Result<()> {
        Err(StoreError::Closed)
    }
    async fn moment(&self) -> Result<Moment> {
        Err(StoreError::Closed)
    }
    async fn apply(&self, _: Batch) -> Result<Applied> {
        Err(StoreError::Closed)
    }
    async fn cursor(&self, _: &str) -> Result<Option<String>> {
        Err(StoreError::Closed)
    }
    async fn unresolved_gone(&self, _: usize, _: Timestamp) -> Result<Vec<ContactId>> {
        Ok(Vec::new())
    }
    async fn put_off_gone(&self, _: &[ContactId], _: Timestamp) -> Result<()> {
        Err(StoreError::Closed)
    }
    async fn members_of(&self, _: SegmentId) -> Result<Vec<ContactId>> {
        Ok(vec![])
    }
    async fn resolve(&self, contact: ContactId) -> Result<Option<ContactId>> {
        self.working().await?;
        Ok(Some(self.winner(contact)))
    }
}

#[async_trait::async_trait]
impl Deliveries for FakeStore {
    async fn append_delivery(&self, _: NewDelivery) -> Result<DeliveryId> {
        Err(StoreError::Closed)
    }
    async fn claim_deliveries(
        &self,
        _: &Owner,
        _: usize,
        _: usize,
        _: Timestamp,
        _: Timestamp,
    ) -> Result<Vec<RawDelivery>> {
        Err(StoreError::Closed)
    }
    async fn prune_bodies(&self, _: Timestamp) -> Result<u64> {
        Err(StoreError::Closed)
    }
    async fn parked_alone(&self, _: i64, _: usize) -> Result<Vec<HeldItem>> {
        Err(StoreError::Closed)
    }
    async fn retry_parked(&self) -> Result<u64> {
        Err(StoreError::Closed)
    }
}

#[async_trait::async_trait]
impl Outbox for FakeStore {
    async fn claim_intents(
        &self,
        _: &Owner,
        _: usize,
        _: Urgency,
        _: Timestamp,
        _: Timestamp,
    ) -> Result<Vec<ContactIntents>> {
        Err(StoreError::Closed)
    }
    async fn begin_call(&self, _: &Owner, _: NewCall, _: Timestamp) -> Result<bool> {
        Err(StoreError::Closed)
    }
    async fn finish_writes(&self, _: &Owner, _: Vec<WriteResult>, _: Timestamp) -> Result<()> {
        Err(StoreError::Closed)
    }
    async fn release(&self, _: &Owner, _: &[ContactId]) -> Result<()> {
        Err(StoreError::Closed)
    }
    async fn observe(&self, _: Vec<(ContactId, Target, i32)>, _: Timestamp) -> Result<()> {
        Err(StoreError::Closed)
    }
    async fn compare(
        &self,
        _: Vec<(ContactId, Target, i32)>,
        _: Timestamp,
    ) -> Result<Vec<Reading>> {
        Err(StoreError::Closed)
    }
    async fn reconcile(
        &self,
        _: Vec<(ContactId, Target, i32)>,
        _: Timestamp,
    ) -> Result<Vec<Reading>> {
        Err(StoreError::Closed)
    }
    async fn unpark_intents_of(&self, _: &[ContactId]) -> Result<u64> {
        Err(StoreError::Closed)
    }
    async fn unpark_intents(&self) -> Result<u64> {
        Err(StoreError::Closed)
    }
    async fn next_due(&self, _: Urgency, _: Timestamp) -> Result<Option<Timestamp>> {
        Err(StoreError::Closed)
    }
}

#[async_trait::async_trait]
impl Effects for FakeStore {
    async fn claim_effects(
        &self,
        _: &Owner,
        _: usize,
        _: Timestamp,
        _: Timestamp,
    ) -> Result<Vec<ContactEffects>> {
        Err(StoreError::Closed)
    }
    async fn caught_up(&self, _: Timestamp) -> Result<()> {
        Err(StoreError::Closed)
    }
    async fn mark_started(
        &self,
        _: &Owner,
        _: EffectId,
        _: Option<u64>,
        _: Timestamp,
    ) -> Result<bool> {
        Err(StoreError::Closed)
    }
    async fn finish_effect(&self, _: EffectId, _: EffectOutcome, _: Timestamp) -> Result<()> {
        Err(StoreError::Closed)
    }
    async fn next_effect_due(&self, _: Timestamp) -> Result<Option<Timestamp>> {
        Err(StoreError::Closed)
    }
    async fn expire_effects(&self, _: Timestamp, _: &str, _: Timestamp) -> Result<u64> {
        Err(StoreError::Closed)
    }
    async fn effects(&self, query: &EffectQuery, limit: usize) -> Result<Vec<Effect>> {
        self.working().await?;
        let contact = query.contact.map(|contact| self.winner(contact));
        let asked = |effect: &&Effect| {
            contact.is_none_or(|contact| effect.contact == contact)
                && (query.states.is_empty() || query.states.contains(&effect.state))
        };
        let effects = self.effects.iter().filter(asked);
        Ok(effects.take(limit).cloned().collect())
    }
    async fn retry_effect(&self, _: EffectId, _: Timestamp) -> Result<bool> {
        Err(StoreError::Closed)
    }
}

#[async_trait::async_trait]
impl Adjustments for FakeStore {
    async fn add_adjustment(&self, new: NewAdjustment, _: Timestamp) -> Result<Option<Adjustment>> {
        self.working().await?;
        let mut kept = self.adjustments.lock().unwrap();
        let added = Adjustment {
            id: i64::try_from(kept.len()).unwrap() + 1,
            scope: new.scope,
            topic: new.topic,
            points: new.points,
            author: new.author,
            reason: new.reason,
            at: new.at,
            expires_at: new.expires_at,
        };
        kept.push(added.clone());
        Ok(Some(added))
    }
    async fn end_adjustment(&self, id: i64, at: Timestamp) -> Result<Option<Adjustment>> {
        self.working().await?;
        let mut kept = self.adjustments.lock().unwrap();
        let found = kept.iter_mut().find(|adjustment| adjustment.id == id);
        Ok(found.map(|adjustment| {
            adjustment.expires_at = Some(at);
            adjustment.clone()
        }))
    }
    async fn adjustments(
        &self,
        contact: Option<ContactId>,
        limit: usize,
    ) -> Result<Vec<Adjustment>> {
        self.working().await?;
        let kept = self.adjustments.lock().unwrap();
        let concerns = |adjustment: &&Adjustment| {
            contact.is_none_or(|contact| adjustment.scope == Scope::Contact(contact))
        };
        Ok(kept
            .iter()
            .rev()
            .filter(concerns)
            .take(limit)
            .cloned()
            .collect())
    }
    async fn adjusted_segments(&self, _: Timestamp) -> Result<BTreeSet<SegmentId>> {
        Err(StoreError::Closed)
    }
}

#[async_trait::async_trait]
impl Leases for FakeStore {
    async fn end_leases_of(&self, _: &Owner, _: Timestamp, _: Timestamp) -> Result<u64> {
        Err(StoreError::Closed)
    }

    async fn end_leases_of_the_dead(&self, _: Timestamp, _: Timestamp) -> Result<u64> {
        Err(StoreError::Closed)
    }
}

#[async_trait::async_trait]
impl Settings for FakeStore {
    async fn setting(&self, _: &str) -> Result<Option<String>> {
        Ok(None)
    }
    async fn put_setting(&self, _: &str, _: &str) -> Result<()> {
        Err(StoreError::Closed)
    }
    async fn activate_plan(&self, _: PlanRecord) -> Result<()> {
        Err(StoreError::Closed)
    }
    async fn active_plan(&self) -> Result<Option<PlanRecord>> {
        Err(StoreError::Closed)
    }
}
