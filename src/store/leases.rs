//! Leases that outlived their holders.

use super::{Owner, Result};
use jiff::Timestamp;

/// Ends leases.
#[async_trait::async_trait]
pub trait Leases: Send + Sync {
    /// Ends the leases of processes that can't be alive any more, as if their time had run out.
    /// To be called before the first worker starts, so that after a crash nothing waits for
    /// leases of the dead. Returns how many. What they were about to write is not written before
    /// `settled_at`: a call of theirs may still take effect until then.
    ///
    /// A store that one daemon has for itself ends them all; one that several share, none: there
    /// only time tells who is dead.
    async fn end_leases_of_the_dead(&self, now: Timestamp, settled_at: Timestamp) -> Result<u64>;

    /// Ends a worker's own leases of contacts to score and to write in the same way: it gave up
    /// in the middle, and goes on. Returns how many.
    async fn end_leases_of(
        &self,
        owner: &Owner,
        now: Timestamp,
        settled_at: Timestamp,
    ) -> Result<u64>;
}
