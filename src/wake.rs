//! How workers tell each other to look: they meet in the store and nowhere else.

use std::{sync::Arc, time::Duration};
use tokio::sync::{Notify, futures::OwnedNotified};

/// A bell. A worker arms it *before* it looks for work, so that work which comes while it looks
/// is not slept through.
#[derive(Debug, Clone, Default)]
pub struct Wake(Arc<Notify>);

impl Wake {
    /// Tells the worker to look.
    pub fn ring(&self) {
        self.0.notify_waiters();
    }

    /// Arms the bell; wait on the result after having looked.
    #[must_use]
    pub fn armed(&self) -> Armed {
        let mut notified = Box::pin(Arc::clone(&self.0).notified_owned());
        notified.as_mut().enable();
        Armed(notified)
    }
}

/// An armed bell.
#[derive(Debug)]
pub struct Armed(std::pin::Pin<Box<OwnedNotified>>);

impl Armed {
    /// Waits for a ring, at most so long: other processes ring no bell here.
    pub async fn wait(self, at_most: Duration) {
        let _ = tokio::time::timeout(at_most, self.0).await;
    }
}

/// The bells of one instance.
#[derive(Debug, Clone, Default)]
pub struct Bells {
    /// A delivery was kept.
    pub deliveries: Wake,
    /// Contacts became dirty.
    pub dirty: Wake,
    /// Intents became pending.
    pub intents: Wake,
    /// A contact's intents were written, for which what triggers do may wait.
    pub effects: Wake,
    /// An id vanished.
    pub gone: Wake,
    /// Mautic knows more than the journal: poll now.
    pub polls: Wake,
}
