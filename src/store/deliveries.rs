//! Webhook deliveries as they came.

use super::{HeldItem, Owner, Result};
use jiff::Timestamp;

/// Number of a delivery, rising in the order of commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeliveryId(pub i64);

/// A verified delivery to be kept.
#[derive(Debug, Clone)]
pub struct NewDelivery {
    /// When its last byte came.
    pub received_at: Timestamp,
    /// Raw body, exactly as signed.
    pub body: Vec<u8>,
}

/// A kept delivery.
#[derive(Debug, Clone)]
pub struct RawDelivery {
    /// Its number.
    pub id: DeliveryId,
    /// When it came.
    pub received_at: Timestamp,
    /// Raw body.
    pub body: Vec<u8>,
}

/// Keeps deliveries.
#[async_trait::async_trait]
pub trait Deliveries: Send + Sync {
    /// Keeps a delivery; returns once it is durable. Many calls at once share one fsync.
    async fn append_delivery(&self, delivery: NewDelivery) -> Result<DeliveryId>;

    /// Takes up to `limit` deliveries that nobody has decoded, oldest first, until `lease_until`;
    /// together they have at most `bytes` bytes of body, unless it is one that is bigger.
    async fn claim_deliveries(
        &self,
        owner: &Owner,
        limit: usize,
        bytes: usize,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Vec<RawDelivery>>;

    /// Forgets the bodies of decoded deliveries that came before `before`; the bodies of
    /// deliveries with parked items stay. Returns how many.
    async fn prune_bodies(&self, before: Timestamp) -> Result<u64>;

    /// Parked items of which there is nothing but the item itself (polled rows, and those whose
    /// delivery's body is gone), after the one of this number, rising. To be decoded again, and
    /// told as `Origin::Parked`.
    async fn parked_alone(&self, after: i64, limit: usize) -> Result<Vec<HeldItem>>;

    /// Makes deliveries with parked items undecoded again, for instance after an upgrade, and
    /// unparks their items. Returns how many deliveries.
    async fn retry_parked(&self) -> Result<u64>;
}
