//! The real store, with a crash or a failure before and after everything that it makes durable.

use super::crash::Crash;
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::future::Future;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake};
use std::thread::Thread;
use tokio::task::unconstrained;
use topicscore::domain::{
    Adjustment, ContactEffects, ContactId, Effect, EffectId, EffectOutcome, NewCall, SegmentId,
    WentBack,
};
use topicscore::store::sqlite::SqliteStore;
use topicscore::store::{
    Adjustments, Admin, Amounts, Applied, Batch, ContactIntents, ContactOverview, Counts,
    Deliveries, DeliveryId, DirtyContact, EffectQuery, Effects, Erasures, Forgotten, Held,
    HeldItem, Histories, Journal, Keep, Leases, Moment, NewAdjustment, NewDelivery, Outbox, Owner,
    ParkedItem, PlanRecord, Privacy, RUN, RawDelivery, Reading, Rereading, Result, ScoreCommit,
    Scores, Settings, Snapshot, StoreError, StoredScore, Target, Urgency, WriteResult,
    WriteSummary,
};

/// The real store and its crashes.
#[derive(Debug)]
pub(crate) struct FaultyStore {
    real: SqliteStore,
    crash: Crash,
}

impl FaultyStore {
    /// Opens the store's file.
    pub(crate) fn open(path: &Path, crash: &Crash) -> Self {
        Self {
            real: SqliteStore::open(path).unwrap(),
            crash: crash.clone(),
        }
    }

    /// A process begins; returns the store's name, which stands in marks.
    pub(crate) fn begin_run(&self, Owner(run): &Owner) -> String {
        wait_for(self.real.put_setting(RUN, run)).unwrap();
        let name = wait_for(self.real.setting("store_id")).unwrap();
        name.unwrap_or_default()
    }
}

/// Wakes the thread that waits.
struct Waiter(Thread);

impl Wake for Waiter {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits without giving way: the real store works on threads of its own, and paused time must not
/// go on meanwhile.
fn wait_for<F: Future>(work: F) -> F::Output {
    let mut work = pin!(unconstrained(work));
    let waker = Arc::new(Waiter(std::thread::current())).into();
    let mut context = Context::from_waker(&waker);
    loop {
        match work.as_mut().poll(&mut context) {
            Poll::Ready(done) => return done,
            Poll::Pending => std::thread::park(),
        }
    }
}

/// Hands the methods of a trait through.
macro_rules! hands_through {
    (@write $self:ident $name:ident($($arg:ident),*)) => {{
        if $self.crash.store_edge(concat!("before ", stringify!($name))).await {
            return Err(StoreError::Database("the disk is full".to_owned()));
        }
        let done = wait_for($self.real.$name($($arg),*));
        $self.crash.store_edge(concat!("after ", stringify!($name))).await;
        done
    }};
    (@read $self:ident $name:ident($($arg:ident),*)) => {
        wait_for($self.real.$name($($arg),*))
    };
    ($trait:ident: $($kind:ident $name:ident($($arg:ident: $of:ty),*) -> $answer:ty;)*) => {
        #[async_trait::async_trait]
        impl $trait for FaultyStore {
            $(async fn $name(&self, $($arg: $of),*) -> Result<$answer> {
                hands_through!(@$kind self $name($($arg),*))
            })*
        }
    };
}

hands_through! { Deliveries:
    write append_delivery(delivery: NewDelivery) -> DeliveryId;
    write claim_deliveries(owner: &Owner, limit: usize, bytes: usize, now: Timestamp, until: Timestamp) -> Vec<RawDelivery>;
    write prune_bodies(before: Timestamp) -> u64;
    read parked_alone(after: i64, limit: usize) -> Vec<HeldItem>;
    write retry_parked() -> u64;
}

hands_through! { Journal:
    read moment() -> Moment;
    read to_look_up(limit: usize) -> Vec<ContactId>;
    write looked_up(answered: &[ContactId], failed: &[ContactId], asked: Moment) -> ();
    write apply(batch: Batch) -> Applied;
    read cursor(name: &str) -> Option<String>;
    read unresolved_gone(limit: usize, now: Timestamp) -> Vec<ContactId>;
    write put_off_gone(contacts: &[ContactId], until: Timestamp) -> ();
    read resolve(contact: ContactId) -> Option<ContactId>;
    read members_of(segment: SegmentId) -> Vec<ContactId>;
}

hands_through! { Scores:
    write claim_dirty(owner: &Owner, limit: usize, now: Timestamp, until: Timestamp) -> Vec<DirtyContact>;
    read snapshots(contacts: &[ContactId]) -> Vec<Snapshot>;
    read histories(contacts: &[ContactId], rows: usize, keep: Option<Keep>) -> Histories;
    write commit_scores(commits: Vec<ScoreCommit>) -> ();
    read is_scored(up_to: Timestamp, now: Timestamp) -> bool;
    write mark_due(now: Timestamp) -> u64;
    write mark_outdated(plan: &str, now: Timestamp) -> u64;
    read scores(contact: ContactId) -> Vec<StoredScore>;
}

hands_through! { Adjustments:
    write add_adjustment(adjustment: NewAdjustment, now: Timestamp) -> Option<Adjustment>;
    write end_adjustment(id: i64, at: Timestamp) -> Option<Adjustment>;
    read adjustments(contact: Option<ContactId>, limit: usize) -> Vec<Adjustment>;
    read adjusted_segments(now: Timestamp) -> BTreeSet<SegmentId>;
}

hands_through! { Outbox:
    write claim_intents(owner: &Owner, limit: usize, least: Urgency, now: Timestamp, until: Timestamp) -> Vec<ContactIntents>;
    write begin_call(owner: &Owner, call: NewCall, now: Timestamp) -> bool;
    write finish_writes(owner: &Owner, results: Vec<WriteResult>, now: Timestamp) -> ();
    write release(owner: &Owner, contacts: &[ContactId]) -> ();
    write observe(values: Vec<(ContactId, Target, i32)>, at: Timestamp) -> ();
    read next_due(least: Urgency, now: Timestamp) -> Option<Timestamp>;
    write unpark_intents() -> u64;
    write unpark_intents_of(contacts: &[ContactId]) -> u64;
    read compare(values: Vec<(ContactId, Target, i32)>, at: Timestamp) -> Vec<Reading>;
    write reconcile(values: Vec<(ContactId, Target, i32)>, at: Timestamp) -> Vec<Reading>;
}

hands_through! { Effects:
    write claim_effects(owner: &Owner, limit: usize, now: Timestamp, until: Timestamp) -> Vec<ContactEffects>;
    write caught_up(now: Timestamp) -> ();
    write mark_started(owner: &Owner, effect: EffectId, mark: Option<u64>, now: Timestamp) -> bool;
    write finish_effect(effect: EffectId, outcome: EffectOutcome, now: Timestamp) -> ();
    read next_effect_due(now: Timestamp) -> Option<Timestamp>;
    write expire_effects(wanted_before: Timestamp, why: &str, now: Timestamp) -> u64;
    read effects(query: &EffectQuery, limit: usize) -> Vec<Effect>;
    write retry_effect(effect: EffectId, now: Timestamp) -> bool;
}

hands_through! { Privacy:
    write finish_erasures() -> Erasures;
    read held(contact: ContactId) -> Option<Held>;
    read amounts(contact: ContactId) -> Option<Amounts>;
    write allow_again(contact: ContactId, now: Timestamp) -> bool;
}

hands_through! { Rereading:
    write forget_told(now: Timestamp) -> Forgotten;
    write not_restored(sign: &WentBack) -> ();
    read is_rereading() -> bool;
    write end_rereading(newest: ContactId, now: Timestamp) -> u64;
}

hands_through! { Leases:
    write end_leases_of_the_dead(now: Timestamp, settled_at: Timestamp) -> u64;
    write end_leases_of(owner: &Owner, now: Timestamp, settled_at: Timestamp) -> u64;
}

hands_through! { Settings:
    read setting(key: &str) -> Option<String>;
    write put_setting(key: &str, value: &str) -> ();
    write activate_plan(plan: PlanRecord) -> ();
    read active_plan() -> Option<PlanRecord>;
}

hands_through! { Admin:
    read counts() -> Counts;
    read contact_overview(contact: ContactId) -> Option<ContactOverview>;
    read contact_ids(after: Option<ContactId>, limit: usize) -> Vec<ContactId>;
    read recent_writes(limit: usize) -> Vec<WriteSummary>;
    read contact_writes(contact: ContactId, limit: usize) -> Vec<WriteSummary>;
    read parked_items(limit: usize) -> Vec<ParkedItem>;
    read write_delays(since: Timestamp, limit: usize) -> Vec<u64>;
    write probe() -> ();
}
