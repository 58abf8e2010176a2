//! How far the sweep is, kept over restarts; and how fast it goes. PURE.

use crate::domain::ContactId;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The setting that keeps [`SweepState`].
pub const SWEEP: &str = "sweep";

/// How group scores were read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// Contact by contact.
    #[default]
    Contact,
    /// From reports that an administrator made.
    Report,
}

/// A look at all contacts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pass {
    /// When it began.
    pub began: Timestamp,
    /// When it was through; `None`: under way.
    pub ended: Option<Timestamp>,
    /// The contact looked at last.
    pub after: Option<ContactId>,
    /// Contacts known when it began.
    pub total: u64,
    /// Contacts looked at.
    pub contacts: u64,
    /// Values that somebody had changed without our hearing of it.
    pub drift: u64,
    /// Ids that Mautic does not know any more.
    pub gone: u64,
    /// Contacts that could not be read.
    pub unread: u64,
    /// How group scores are read.
    pub by: By,
}

/// What is kept of the sweep.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweepState {
    /// The pass under way.
    pub now: Option<Pass>,
    /// The last whole pass.
    pub last: Option<Pass>,
    /// A report was not whole: the next pass reads contact by contact.
    #[serde(default)]
    pub distrust_reports: bool,
}

impl SweepState {
    /// How it is, for people.
    #[must_use]
    pub fn words(&self, now: Timestamp) -> String {
        let last = self.last.as_ref().map_or_else(
            || "no whole pass yet".to_owned(),
            |pass| {
                let by = match pass.by {
                    By::Contact => "one by one",
                    By::Report => "by report",
                };
                let ended = pass.ended.unwrap_or(pass.began);
                let hours = now.duration_since(ended).as_hours();
                format!(
                    "last whole pass {hours} h ago: {} contacts {by}, {} drifted{}",
                    pass.contacts,
                    pass.drift,
                    rest(pass)
                )
            },
        );
        match &self.now {
            None => last,
            Some(pass) => format!(
                "{last}; under way: {} contacts, {} drifted{}",
                pass.contacts,
                pass.drift,
                rest(pass)
            ),
        }
    }
}

fn rest(pass: &Pass) -> String {
    let gone = (pass.gone > 0).then(|| format!(", {} gone", pass.gone));
    let unread = (pass.unread > 0).then(|| format!(", {} could not be read", pass.unread));
    gone.into_iter().chain(unread).collect()
}

/// Part of the budget that the sweep takes at most.
const SHARE: f64 = 0.2;
/// No pass is begun sooner than this after the last one ended.
const REST: Duration = Duration::from_mins(1);

/// Time until the next contacts are looked at, so that a pass over `total` takes about `interval`;
/// longer where that would be more than a fifth of the budget.
#[must_use]
pub fn pause(
    interval: Duration,
    looked_at: u64,
    total: u64,
    calls: u32,
    requests_per_second: f64,
) -> Duration {
    let total = u32::try_from(total.max(1)).unwrap_or(u32::MAX);
    let even = interval / total * u32::try_from(looked_at).unwrap_or(u32::MAX);
    let least = f64::from(calls) / (requests_per_second * SHARE);
    let least = Duration::try_from_secs_f64(least).unwrap_or(interval);
    even.max(least)
}

/// Time until the next pass is due; zero if it is.
#[must_use]
pub fn until_due(last: Option<&Pass>, interval: Duration, now: Timestamp) -> Duration {
    let Some(last) = last else {
        return Duration::ZERO;
    };
    let passed = |since: Timestamp| now.duration_since(since);
    let left = |whole: Duration, passed: SignedDuration| {
        whole.saturating_sub(Duration::try_from(passed).unwrap_or_default())
    };
    let rest = left(REST, passed(last.ended.unwrap_or(last.began)));
    left(interval, passed(last.began)).max(rest)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may end at once")]

    use super::*;

    const DAY: Duration = Duration::from_hours(24);

    #[test]
    fn a_pass_takes_its_time_within_a_fifth_of_the_budget() {
        let table = [
            // 1000 contacts a day are 50 in 72 minutes, whatever the budget.
            (50, 1_000, 51, 5.0, 4_320.0),
            // A million are more than the budget allows: one call a second.
            (50, 1_000_000, 51, 5.0, 51.0),
            // From a report it is two calls.
            (50, 1_000_000, 2, 5.0, 4.32),
            (50, 1_000_000, 2, 0.1, 100.0),
            (1, 0, 1, 5.0, 86_400.0),
        ];
        for (looked_at, total, calls, rate, seconds) in table {
            let found = pause(DAY, looked_at, total, calls, rate).as_secs_f64();
            assert!((found - seconds).abs() < 0.01, "{total} {calls}: {found}");
        }
    }

    #[test]
    fn passes_begin_an_interval_apart() {
        let at = |second: i64| Timestamp::from_second(1_790_000_000 + second).unwrap();
        let pass = |ended| Pass {
            began: at(0),
            ended: Some(at(ended)),
            ..Pass::default()
        };
        let table = [
            (None, 0, 0),
            (Some(pass(3_600)), 3_600, 82_800),
            (Some(pass(90_000)), 90_000, 60),
            (Some(pass(90_000)), 90_061, 0),
        ];
        for (last, now, seconds) in table {
            let due = until_due(last.as_ref(), DAY, at(now));
            assert_eq!(due, Duration::from_secs(seconds), "{last:?} {now}");
        }
    }

    #[test]
    fn its_state_in_words() {
        let began = Timestamp::from_second(1_790_000_000).unwrap();
        let pass = Pass {
            began,
            contacts: 12,
            drift: 3,
            gone: 1,
            by: By::Report,
            ..Pass::default()
        };
        let mut state = SweepState::default();
        assert_eq!(state.words(began), "no whole pass yet");
        state.now = Some(pass.clone());
        assert_eq!(
            state.words(began),
            "no whole pass yet; under way: 12 contacts, 3 drifted, 1 gone"
        );
        state.now = None;
        state.last = Some(Pass {
            ended: Some(began),
            unread: 2,
            ..pass
        });
        assert_eq!(
            state.words(began + SignedDuration::from_hours(5)),
            "last whole pass 5 h ago: 12 contacts by report, 3 drifted, 1 gone, 2 could not be read"
        );
    }
}
