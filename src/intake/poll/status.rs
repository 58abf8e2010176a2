//! How each feed is doing.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

/// How a feed is doing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FeedStatus {
    /// When it was last read to its end without an error.
    pub last_success: Option<Timestamp>,
    /// When it was last tried.
    pub last_attempt: Option<Timestamp>,
    /// Rows read since the start, overlaps included.
    pub rows: u64,
    /// Rows that could not be understood, since the start.
    pub unreadable: u64,
    /// Activities of deleted contacts among them, since the start.
    pub unattributed: u64,
    /// What went wrong at the last attempt.
    pub error: Option<String>,
    /// Attempts that failed in a row.
    pub failures: u32,
    /// Whether there was more to read at the last attempt.
    pub behind: bool,
}

impl FeedStatus {
    /// How old what we know may be: the time since it was last read to its end.
    #[must_use]
    pub fn lag(&self, now: Timestamp) -> Option<SignedDuration> {
        self.last_success.map(|last| now.duration_since(last))
    }

    /// When to try again after failures: 2 s, 4 s, … at most 5 min after the last attempt.
    #[must_use]
    pub fn retry_at(&self) -> Option<Timestamp> {
        const LONGEST: SignedDuration = SignedDuration::from_mins(5);
        if self.failures == 0 {
            return None;
        }
        let pause = SignedDuration::from_secs(1 << self.failures.min(9)).min(LONGEST);
        self.last_attempt?.checked_add(pause).ok()
    }
}
