//! Decodes kept deliveries into the journal.

use super::{
    decode::{self, Decoded},
    refresh::Refresh,
};
use crate::{
    clock::Clock,
    store::{
        Applied, Batch, Deliveries, Journal, NewParked, Origin, Owner, RawDelivery, Result,
        StoreError, Urgency,
    },
    wake::Bells,
};
use jiff::{SignedDuration, Timestamp};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// Deliveries decoded in one transaction.
const BATCH: usize = 200;
/// Bytes of their bodies, unpacked: what they tell takes several times as much memory.
const BYTES: usize = 32 * 1024 * 1024;
/// A process that took deliveries and died holds them back for so long.
const LEASE: SignedDuration = SignedDuration::from_secs(60);
/// How often it looks without having been told: for what other processes received or dropped.
const LOOK: Duration = Duration::from_secs(5);

/// What decoding told since the start, beside what the store counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Decodings {
    /// Deliveries decoded.
    pub deliveries: u64,
    /// Items parked.
    pub parked: u64,
    /// Activities of contacts that were deleted by then.
    pub unattributed: u64,
    /// Items that tell nothing worth keeping, test deliveries among them.
    pub ignored: u64,
}

#[derive(Debug, Default)]
struct Counters {
    deliveries: AtomicU64,
    parked: AtomicU64,
    unattributed: AtomicU64,
    ignored: AtomicU64,
}

/// How the workers of this room tell others, and each other, to look.
#[derive(Debug, Clone, Default)]
pub struct Signals {
    /// The bells of the instance.
    pub bells: Bells,
    /// Contacts that Mautic has to be asked about.
    pub refresh: Arc<Refresh>,
    /// Cancelled when Mautic turns out to have been restored from a backup: nothing is to be read,
    /// scored or written any more.
    pub standstill: CancellationToken,
}

/// Decodes kept deliveries into the journal.
#[derive(Debug)]
pub struct Decoder<S: ?Sized> {
    store: Arc<S>,
    owner: Owner,
    clock: Arc<dyn Clock>,
    signals: Signals,
    decode: fn(&[u8]) -> Decoded,
    counters: Arc<Counters>,
}

impl<S: Deliveries + Journal + ?Sized> Decoder<S> {
    /// A decoder that takes its work as `owner`.
    #[must_use]
    pub fn new(store: Arc<S>, owner: Owner, clock: Arc<dyn Clock>, signals: Signals) -> Self {
        Self {
            store,
            owner,
            clock,
            signals,
            decode: decode::body,
            counters: Arc::default(),
        }
    }

    /// What decoding told since the start.
    #[must_use]
    pub fn decodings(&self) -> Decodings {
        Decodings {
            deliveries: self.counters.deliveries.load(Relaxed),
            parked: self.counters.parked.load(Relaxed),
            unattributed: self.counters.unattributed.load(Relaxed),
            ignored: self.counters.ignored.load(Relaxed),
        }
    }

    /// Decodes until `stop`; what was taken is finished first.
    pub async fn run(&self, stop: CancellationToken) {
        loop {
            // Armed before looking: a delivery that comes meanwhile is not missed.
            let arrived = self.signals.bells.deliveries.armed();
            let more = match self.decode_once(self.clock.now()).await {
                Ok(decoded) => decoded > 0,
                Err(error) => {
                    tracing::error!(%error, "deliveries could not be decoded; trying again");
                    false
                }
            };
            if stop.is_cancelled() {
                return;
            }
            if more {
                continue;
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = arrived.wait(LOOK) => {}
            }
        }
    }

    /// Takes the oldest deliveries that wait and decodes them; returns how many.
    ///
    /// # Errors
    /// [`StoreError`] if none of them could be kept. What was taken is free again after a minute.
    pub async fn decode_once(&self, now: Timestamp) -> Result<usize> {
        let until = now.saturating_add(LEASE).unwrap_or(Timestamp::MAX);
        let taken = self
            .store
            .claim_deliveries(&self.owner, BATCH, BYTES, now, until)
            .await?;
        if taken.is_empty() {
            return Ok(0);
        }
        let decode = self.decode;
        let work = tokio::task::spawn_blocking(move || {
            let told = taken.iter().map(|delivery| guarded(decode, delivery));
            told.collect::<Vec<_>>()
        });
        let told = work
            .await
            .map_err(|error| StoreError::Database(format!("decoding was cut off: {error}")))?;
        self.keep(told).await
    }

    /// All in one transaction; if that fails each in its own, so that one bad delivery does not
    /// hold up the others.
    async fn keep(&self, told: Vec<Told>) -> Result<usize> {
        let Err(error) = self.apply(&told).await else {
            return Ok(told.len());
        };
        if told.len() == 1 {
            return Err(error);
        }
        let mut kept = 0;
        for one in &told {
            match self.apply(std::slice::from_ref(one)).await {
                Ok(_) => kept += 1,
                Err(error) => {
                    let delivery = one.delivery.id.0;
                    tracing::error!(%error, delivery, "a delivery could not be kept; trying again later");
                }
            }
        }
        if kept == 0 { Err(error) } else { Ok(kept) }
    }

    async fn apply(&self, told: &[Told]) -> Result<Applied> {
        let oldest = told.iter().map(|one| one.delivery.received_at).min();
        let batch = Batch {
            origin: Origin::Deliveries(told.iter().map(|one| one.delivery.id).collect()),
            sightings: told
                .iter()
                .flat_map(|one| one.decoded.sightings.iter().cloned())
                .collect(),
            parked: told.iter().flat_map(Told::parked).collect(),
            received_at: oldest.unwrap_or_else(|| self.clock.now()),
            urgency: Urgency::Fresh,
            asked: None,
        };
        let parked = batch.parked.len() as u64;
        let applied = self.store.apply(batch).await?;
        self.count(told, parked);
        self.signals.tell(told, &applied);
        Ok(applied)
    }

    fn count(&self, told: &[Told], parked: u64) {
        let counters = &self.counters;
        let sum = |of: fn(&Decoded) -> u64| told.iter().map(|one| of(&one.decoded)).sum::<u64>();
        counters.deliveries.fetch_add(told.len() as u64, Relaxed);
        counters.parked.fetch_add(parked, Relaxed);
        counters
            .unattributed
            .fetch_add(sum(|told| told.unattributed), Relaxed);
        counters
            .ignored
            .fetch_add(sum(|told| told.ignored), Relaxed);
    }
}

impl Signals {
    fn tell(&self, told: &[Told], applied: &Applied) {
        if applied.dirty_contacts > 0 {
            self.bells.dirty.ring();
        }
        if applied.went_back {
            self.standstill.cancel();
        }
        for one in told {
            self.refresh.ask(one.decoded.incomplete.iter().copied());
        }
        if told
            .iter()
            .any(|one| one.gone || !one.decoded.incomplete.is_empty())
        {
            self.bells.gone.ring();
        }
    }
}

/// A delivery and what it told.
struct Told {
    delivery: RawDelivery,
    decoded: Decoded,
    gone: bool,
}

impl Told {
    fn parked(&self) -> impl Iterator<Item = NewParked> {
        self.decoded.unreadable.iter().map(|item| NewParked {
            delivery: Some(self.delivery.id),
            kind: item.kind.clone(),
            reason: item.reason.clone(),
            excerpt: item.excerpt.clone(),
        })
    }
}

/// A panic parks the delivery that caused it, not its neighbours.
fn guarded(decode: fn(&[u8]) -> Decoded, delivery: &RawDelivery) -> Told {
    let decoded = catch_unwind(AssertUnwindSafe(|| decode(&delivery.body)));
    let decoded = decoded.unwrap_or_else(|_| Decoded {
        unreadable: vec![decode::error_item(&delivery.body)],
        ..Decoded::default()
    });
    let gone =
        |told: &crate::domain::Sighting| matches!(told.fact, crate::domain::Fact::Gone { .. });
    Told {
        gone: decoded.sightings.iter().any(gone),
        decoded,
        delivery: RawDelivery {
            body: Vec::new(),
            ..*delivery
        },
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        reason = "a failing test may panic"
    )]

    use super::*;
    use crate::{
        clock::ManualClock,
        domain::ContactId,
        intake::testing::{MemoryStore, at},
        store::{DeliveryId, NewDelivery},
    };
    use serde_json::json;

    const NOW: &str = "2026-11-21T20:30:00Z";

    fn hit(id: u64, contact: u32) -> serde_json::Value {
        json!({"hit": {"id": id, "dateHit": "2026-11-21T20:25:04+00:00", "lead": {"id": contact}}})
    }

    fn hits(items: &[serde_json::Value]) -> String {
        json!({ "mautic.page_on_hit": items }).to_string()
    }

    async fn decoder(bodies: &[&str]) -> (Arc<MemoryStore>, Decoder<MemoryStore>) {
        let store = Arc::new(MemoryStore::default());
        for (second, body) in bodies.iter().enumerate() {
            let delivery = NewDelivery {
                received_at: at("2026-11-21T20:25:00Z")
                    + SignedDuration::from_secs(i64::try_from(second).unwrap()),
                body: body.as_bytes().to_vec(),
            };
            store.append_delivery(delivery).await.unwrap();
        }
        let clock = Arc::new(ManualClock::new(at(NOW)));
        let (owner, signals) = (Owner("me".to_owned()), Signals::default());
        let decoder = Decoder::new(Arc::clone(&store), owner, clock, signals);
        (store, decoder)
    }

    #[tokio::test]
    async fn many_deliveries_are_one_transaction() {
        let (first, second) = (hits(&[hit(1, 5), json!(3)]), hits(&[hit(2, 5)]));
        let (store, decoder) = decoder(&[&first, &second, r#"{"timestamp":"x"}"#]).await;
        let dirty = decoder.signals.bells.dirty.armed();
        assert_eq!(decoder.decode_once(at(NOW)).await.unwrap(), 3);
        assert_eq!(decoder.decode_once(at(NOW)).await.unwrap(), 0);
        let batches = store.batches();
        assert_eq!(batches.len(), 1);
        assert_eq!(batches[0].received_at, at("2026-11-21T20:25:00Z"));
        assert_eq!(batches[0].parked[0].delivery, Some(DeliveryId(1)));
        assert_eq!(batches[0].parked[0].kind, "mautic.page_on_hit");
        assert_eq!(store.keys(), ["hit:1", "hit:2"].map(str::to_owned).into());
        let counted = Decodings {
            deliveries: 3,
            parked: 1,
            unattributed: 0,
            ignored: 1,
        };
        assert_eq!(decoder.decodings(), counted);
        dirty.wait(Duration::MAX).await;
    }

    #[tokio::test]
    async fn big_deliveries_are_decoded_a_few_at_a_time() {
        let big = " ".repeat(BYTES / 3);
        let (store, decoder) = decoder(&[&big, &big, &big, &big]).await;
        assert_eq!(decoder.decode_once(at(NOW)).await.unwrap(), 3);
        assert_eq!(decoder.decode_once(at(NOW)).await.unwrap(), 1);
        assert_eq!(store.batches().len(), 2);
    }

    fn touchy(body: &[u8]) -> Decoded {
        assert!(!body.starts_with(b"bad"), "a mistake");
        decode::body(body)
    }

    #[tokio::test]
    async fn a_panic_parks_its_delivery_only() {
        let (store, mut decoder) = decoder(&["bad", &hits(&[hit(1, 5)])]).await;
        decoder.decode = touchy;
        assert_eq!(decoder.decode_once(at(NOW)).await.unwrap(), 2);
        assert_eq!(store.keys(), ["hit:1".to_owned()].into());
        let parked = &store.batches()[0].parked;
        assert_eq!((parked.len(), &*parked[0].excerpt), (1, "bad"));
        assert!(parked[0].reason.contains("mistake in topicscore"));
    }

    #[tokio::test]
    async fn a_delivery_the_store_refuses_does_not_hold_up_the_others() {
        let bodies = [hits(&[hit(1, 5)]), hits(&[hit(2, 666)]), hits(&[hit(3, 5)])];
        let (store, decoder) = decoder(&[&bodies[0], &bodies[1], &bodies[2]]).await;
        store.picky.store(true, Relaxed);
        assert_eq!(decoder.decode_once(at(NOW)).await.unwrap(), 2);
        assert_eq!(store.keys(), ["hit:1", "hit:3"].map(str::to_owned).into());
        // Its turn comes again when the lease is over, and it is an error if it is alone.
        assert_eq!(decoder.decode_once(at(NOW)).await.unwrap(), 0);
        let later = at("2026-11-21T20:31:00Z");
        assert!(decoder.decode_once(later).await.is_err());
        store.picky.store(false, Relaxed);
        let later = at("2026-11-21T20:32:00Z");
        assert_eq!(decoder.decode_once(later).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn contacts_shown_in_part_are_asked_for() {
        let update = json!({"mautic.lead_post_save_update": [{
            "contact": {"id": 7, "stage": {"createdByUser": null}, "tags": []},
            "timestamp": "2026-11-21T20:25:05+00:00"}]});
        let (_, decoder) = decoder(&[&update.to_string()]).await;
        let gone = decoder.signals.bells.gone.armed();
        decoder.decode_once(at(NOW)).await.unwrap();
        gone.wait(Duration::MAX).await;
        assert_eq!(decoder.signals.refresh.take(9), [ContactId(7)]);
    }

    #[tokio::test]
    async fn runs_until_stopped_and_goes_on_after_errors() {
        let (store, decoder) = decoder(&[]).await;
        store.broken.store(true, Relaxed);
        let stop = CancellationToken::new();
        let signals = decoder.signals.clone();
        let running = tokio::spawn({
            let stop = stop.clone();
            async move { decoder.run(stop).await }
        });
        tokio::task::yield_now().await;
        store.broken.store(false, Relaxed);
        let body = hits(&[hit(1, 5)]).into_bytes();
        let delivery = NewDelivery {
            received_at: at(NOW),
            body,
        };
        store.append_delivery(delivery).await.unwrap();
        let dirty = signals.bells.dirty.armed();
        signals.bells.deliveries.ring();
        dirty.wait(Duration::MAX).await;
        assert_eq!(store.keys(), ["hit:1".to_owned()].into());
        stop.cancel();
        running.await.unwrap();
    }
}
