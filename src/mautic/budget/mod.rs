//! One budget of requests per Mautic: how fast, how many at once, and who goes first.
//!
//! [`Pacing`] decides (pure), [`LocalBudget`] makes one process keep to it. Several processes
//! share a budget by another [`Budget`].

mod local;
mod pacing;

pub use local::LocalBudget;
pub use pacing::{Feedback, Limits, Pacing};

use async_trait::async_trait;
use jiff::Timestamp;
use std::{any::Any, fmt, time::Duration};

/// Who goes first when the budget is short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// A person is waiting for the answer.
    Interactive,
    /// A contact just did something or crosses a threshold.
    Urgent,
    /// Polls, reconciliation, backfill, recomputed scores.
    Bulk,
}

/// Leave to make one request; the place is free again when it is dropped.
pub struct Permit(
    #[allow(dead_code, reason = "held only for its Drop")] Box<dyn Any + Send + Sync>,
);

impl Permit {
    /// Wraps whatever gives the place back when it is dropped.
    pub fn new(place: impl Any + Send + Sync) -> Self {
        Self(Box::new(place))
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Permit")
    }
}

/// Mautic's rate limit is used up for longer than the caller wants to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no requests are allowed before {until}")]
pub struct Closed {
    /// When requests are allowed again.
    pub until: Timestamp,
}

/// Hands out leave to make requests.
#[async_trait]
pub trait Budget: Send + Sync + fmt::Debug {
    /// Waits for a place. Dropping the future gives up the place in the queue.
    ///
    /// # Errors
    /// [`Closed`] at once when Mautic is known to refuse requests for longer than `patience`.
    async fn acquire(&self, priority: Priority, patience: Duration) -> Result<Permit, Closed>;

    /// Tells how a call of this kind went.
    async fn report(&self, call: &'static str, feedback: Feedback);
}
