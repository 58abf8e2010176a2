//! How each feed is doing.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

/// How a feed is doing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FeedStatus {
    /// When it was last read to its end without an error; `None` also if our clock was set back since.
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

    /// Whether it is to be read now, at least `pause` after it was last read to its end.
    pub(super) fn is_due(&self, now: Timestamp, pause: SignedDuration) -> bool {
        if let Some(retry_at) = self.retry_at() {
            return now >= retry_at;
        }
        self.behind || self.lag(now).is_none_or(|lag| lag >= pause)
    }

    /// What is noted of a time after now is of before our clock was set back: nobody knows how long ago.
    pub(super) fn forget_later(&mut self, now: Timestamp) {
        for at in [&mut self.last_success, &mut self.last_attempt] {
            *at = at.filter(|at| *at <= now);
        }
    }
}
