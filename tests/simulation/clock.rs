//! Our time and Mautic's: both go on with tokio's paused time and by being stepped, and either can jump.

use jiff::{SignedDuration, Timestamp};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::time::Instant;
use topicscore::clock::Clock;

/// The moment at which every run begins.
const BEGINNING: &str = "2026-03-02T08:00:00Z";

/// The time of a run.
#[derive(Debug, Clone)]
pub(crate) struct Time(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    beginning: Timestamp,
    /// Timeouts and pauses go by tokio's time, which jumps over them.
    began: Instant,
    offsets: Mutex<Offsets>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Offsets {
    stepped: SignedDuration,
    ours: SignedDuration,
    mautics: SignedDuration,
}

impl Time {
    /// Time at its beginning. To be made inside of a runtime with paused time.
    pub(crate) fn new() -> Self {
        Self(Arc::new(Inner {
            beginning: BEGINNING.parse().unwrap(),
            began: Instant::now(),
            offsets: Mutex::default(),
        }))
    }

    /// When it began.
    pub(crate) fn beginning(&self) -> Timestamp {
        self.0.beginning
    }

    /// Goes on.
    pub(crate) fn step(&self, by: SignedDuration) {
        self.offsets().stepped += by;
    }

    /// Lets our clock be so far off the true time.
    pub(crate) fn set_ours(&self, off: SignedDuration) {
        self.offsets().ours = off;
    }

    /// Lets Mautic's clock be so far off the true time.
    pub(crate) fn set_mautics(&self, off: SignedDuration) {
        self.offsets().mautics = off;
    }

    /// Sets Mautic's clock on, or back.
    pub(crate) fn move_mautics(&self, by: SignedDuration) {
        self.offsets().mautics += by;
    }

    /// The true time.
    pub(crate) fn now(&self) -> Timestamp {
        let passed = SignedDuration::try_from(self.0.began.elapsed()).unwrap();
        self.0.beginning + passed + self.offsets().stepped
    }

    /// What Mautic's clock shows.
    pub(crate) fn mautics(&self) -> Timestamp {
        let off = self.offsets().mautics;
        self.now() + off
    }

    fn offsets(&self) -> MutexGuard<'_, Offsets> {
        self.0
            .offsets
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for Time {
    fn now(&self) -> Timestamp {
        let off = self.offsets().ours;
        Self::now(self) + off
    }
}
