//! Takes Mautic's webhook deliveries: checks the signature, commits the raw body, answers 204.
//!
//! Mautic 5 forgets an event that was answered with any status, and keeps (in queue mode) only one
//! that got no answer (FACTS 5 to 7). So what can't be stored is not answered at all: see
//! [`serve`]. 410 is never answered: it kills the hook (FACTS 10). A visitor's request may be
//! waiting for our answer (FACTS 8), so decoding comes later.

mod secrets;
mod server;

#[cfg(test)]
mod tests;

pub use secrets::Secrets;
pub use server::{ServerLimits, serve};

use crate::{
    clock::Clock,
    metrics::{self, IntakeMetrics},
    store::{Deliveries, NewDelivery},
    wake::Wake,
};
use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header::CONTENT_LENGTH},
    response::{IntoResponse, Response},
    routing::post,
};
use futures::StreamExt;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};
use tokio::{sync::Semaphore, time::timeout};

/// Name of the header with the signature (FACTS 3).
const SIGNATURE: &str = "webhook-signature";

/// Most bodies are not larger, in bytes.
const USUAL: usize = 64 << 10;

/// How much is taken, and for how long it is waited for.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Largest body in bytes. Mautic puts whole emails into it (FACTS 76).
    pub body: usize,
    /// Bytes of bodies held at the same time; at least `body`.
    pub in_flight: usize,
    /// Longest time from the head of a request to the end of its body.
    pub read: Duration,
    /// Longest time for a delivery to become durable.
    pub store: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 32 << 20,
            in_flight: 256 << 20,
            read: Duration::from_secs(30),
            store: Duration::from_secs(10),
        }
    }
}

/// What became of the deliveries since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Received {
    /// Committed, and answered 204.
    pub accepted: u64,
    /// Bytes of those.
    pub bytes: u64,
    /// Unsigned or wrongly signed, answered 401.
    pub refused: u64,
    /// Larger than allowed, answered 413.
    pub too_large: u64,
    /// Cut off, or slower than allowed; not answered.
    pub unfinished: u64,
    /// Not storable; not answered, so that Mautic may send them again.
    pub not_stored: u64,
}

#[derive(Debug, Default)]
struct Counters {
    accepted: AtomicU64,
    bytes: AtomicU64,
    refused: AtomicU64,
    too_large: AtomicU64,
    unfinished: AtomicU64,
    not_stored: AtomicU64,
}

/// Takes deliveries for one instance.
#[derive(Debug)]
pub struct Receiver<S: ?Sized> {
    secrets: Arc<Secrets>,
    clock: Arc<dyn Clock>,
    limits: Limits,
    memory: Semaphore,
    counters: Counters,
    metrics: IntakeMetrics,
    arrived: Wake,
    store: Arc<S>,
}

impl<S: Deliveries + ?Sized + 'static> Receiver<S> {
    /// A receiver that keeps deliveries in `store` and rings `arrived`.
    #[must_use]
    pub fn new(
        store: Arc<S>,
        secrets: Arc<Secrets>,
        clock: Arc<dyn Clock>,
        arrived: Wake,
        limits: Limits,
        metrics: IntakeMetrics,
    ) -> Arc<Self> {
        Arc::new(Self {
            secrets,
            clock,
            memory: Semaphore::new(kibibytes(limits.in_flight.max(limits.body)) as usize),
            limits,
            counters: Counters::default(),
            metrics,
            arrived,
            store,
        })
    }

    /// `POST /webhook`. To be served by [`serve`]: only there can an answer be withheld.
    pub fn router(self: &Arc<Self>) -> Router {
        Router::new()
            .route("/webhook", post(take::<S>))
            .with_state(Arc::clone(self))
    }

    /// What became of the deliveries since the start.
    #[must_use]
    pub fn received(&self) -> Received {
        let counters = &self.counters;
        Received {
            accepted: counters.accepted.load(Relaxed),
            bytes: counters.bytes.load(Relaxed),
            refused: counters.refused.load(Relaxed),
            too_large: counters.too_large.load(Relaxed),
            unfinished: counters.unfinished.load(Relaxed),
            not_stored: counters.not_stored.load(Relaxed),
        }
    }

    async fn delivered(&self, request: Request) -> Result<(), Refusal> {
        let (head, body) = request.into_parts();
        let signature = head.headers.get(SIGNATURE).and_then(|it| it.to_str().ok());
        let signature = signature.ok_or(Refusal::Unsigned)?.to_owned();
        let length = self.announced(&head.headers)?;
        let reading = async {
            let memory = self.memory.acquire_many(kibibytes(length)).await;
            let body = self.read(body, length).await?;
            if !self.secrets.signed(&body, &signature) {
                return Err(Refusal::Unsigned);
            }
            Ok((body, memory))
        };
        let (body, memory) = timeout(self.limits.read, reading)
            .await
            .unwrap_or(Err(Refusal::Unfinished))?;
        let kept = self.keep(body).await;
        drop(memory);
        kept
    }

    /// The bytes to expect: Mautic always says how many (FACTS 3).
    fn announced(&self, headers: &HeaderMap) -> Result<usize, Refusal> {
        let length = headers
            .get(CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok()?.parse().ok())
            .unwrap_or(self.limits.body);
        if length > self.limits.body {
            return Err(Refusal::TooLarge);
        }
        Ok(length)
    }

    async fn read(&self, body: Body, length: usize) -> Result<Vec<u8>, Refusal> {
        let mut chunks = body.into_data_stream();
        // What is announced need not come: large bodies get their memory as they grow.
        let mut whole = Vec::with_capacity(length.min(USUAL));
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|_| Refusal::Unfinished)?;
            if whole.len() + chunk.len() > self.limits.body {
                return Err(Refusal::TooLarge);
            }
            whole.extend_from_slice(&chunk);
        }
        Ok(whole)
    }

    async fn keep(&self, body: Vec<u8>) -> Result<(), Refusal> {
        let size = body.len();
        let bytes = size as u64;
        let delivery = NewDelivery {
            received_at: self.clock.now(),
            body,
        };
        let began = Instant::now();
        let kept = timeout(self.limits.store, self.store.append_delivery(delivery)).await;
        match kept {
            Ok(Ok(_)) => {
                self.counters.accepted.fetch_add(1, Relaxed);
                self.counters.bytes.fetch_add(bytes, Relaxed);
                self.metrics.accepted(size, began.elapsed());
                self.arrived.ring();
                Ok(())
            }
            Ok(Err(error)) => {
                tracing::error!(%error, bytes, "a webhook delivery could not be stored");
                Err(Refusal::NotStored)
            }
            Err(_) => {
                let limit = self.limits.store;
                tracing::error!(?limit, bytes, "a webhook delivery was not stored in time");
                Err(Refusal::NotStored)
            }
        }
    }

    fn count(&self, refusal: Refusal) {
        let counters = &self.counters;
        let (counter, reason) = match refusal {
            Refusal::Unsigned => (&counters.refused, metrics::Refusal::WrongSignature),
            Refusal::TooLarge => (&counters.too_large, metrics::Refusal::TooLarge),
            Refusal::Unfinished => (&counters.unfinished, metrics::Refusal::TooSlow),
            Refusal::NotStored => (&counters.not_stored, metrics::Refusal::NotStored),
        };
        counter.fetch_add(1, Relaxed);
        self.metrics.refused(reason);
    }
}

/// Rounded up, so that many small bodies count, too.
fn kibibytes(bytes: usize) -> u32 {
    u32::try_from(bytes / 1024 + 1).unwrap_or(u32::MAX)
}

/// Why a delivery was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    Unsigned,
    TooLarge,
    Unfinished,
    NotStored,
}

/// Marks a response that must not be sent: [`serve`] closes the connection instead.
#[derive(Debug, Clone, Copy)]
struct NoAnswer;

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Unsigned => StatusCode::UNAUTHORIZED.into_response(),
            // It would be too large again: no answer would stop Mautic's queue for good.
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE.into_response(),
            Self::Unfinished | Self::NotStored => {
                let mut response = StatusCode::SERVICE_UNAVAILABLE.into_response();
                response.extensions_mut().insert(NoAnswer);
                response
            }
        }
    }
}

async fn take<S: Deliveries + ?Sized + 'static>(
    State(receiver): State<Arc<Receiver<S>>>,
    request: Request,
) -> Response {
    match receiver.delivered(request).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(refusal) => {
            receiver.count(refusal);
            refusal.into_response()
        }
    }
}
