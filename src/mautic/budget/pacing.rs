//! How fast Mautic may be asked, learnt from its answers. PURE.

use jiff::Timestamp;
use std::{collections::HashMap, time::Duration};

/// What an administrator allows one Mautic to be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Requests per minute in the long run; at least 1.
    pub per_minute: u32,
    /// Requests that may go at once after a pause; at least 1.
    pub burst: u32,
    /// Requests under way at the same time; at least 1.
    pub in_flight: u32,
}

impl Default for Limits {
    /// A third of what a small machine of two cores can do (see the recorded latencies).
    fn default() -> Self {
        Self {
            per_minute: 1200,
            burst: 20,
            in_flight: 4,
        }
    }
}

/// How a call went, as far as the pace is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feedback {
    /// An answer below 500 other than 429.
    Answered {
        /// From sending to the whole answer.
        latency: Duration,
    },
    /// 429; `until` = moment from which calls are allowed again, if Mautic told (FACTS 143).
    RateLimited {
        /// From `X-RateLimit-Reset` or `Retry-After`.
        until: Option<Timestamp>,
    },
    /// 5xx, or no answer in time.
    Overloaded,
}

/// Full pace; each halving is one bad sign, each step up takes [`STEP_UP_AFTER`] good answers.
const FULL: u8 = 16;
const STEP_UP_AFTER: u8 = 10;
/// Signs that come together are one sign: the calls under way all saw the same trouble.
const ONE_SIGN: Duration = Duration::from_secs(2);
/// Pause after a 429 that does not say how long.
const UNNAMED_PAUSE: Duration = Duration::from_secs(5);
/// Answers this many times slower than usual, for a while, mean that Mautic is busy.
const SLOW: f64 = 3.0;
/// Below this an answer is never slow.
const QUICK: Duration = Duration::from_millis(200);

/// The pace: multiplicative decrease, additive increase.
#[derive(Debug, Clone)]
pub struct Pacing {
    limits: Limits,
    level: u8,
    good: u8,
    slowed_at: Option<Timestamp>,
    closed_until: Option<Timestamp>,
    usual: HashMap<&'static str, f64>,
    slowness: f64,
}

impl Pacing {
    /// Starts at full pace. Limits of 0 count as 1.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits: Limits {
                per_minute: limits.per_minute.max(1),
                burst: limits.burst.max(1),
                in_flight: limits.in_flight.max(1),
            },
            level: FULL,
            good: 0,
            slowed_at: None,
            closed_until: None,
            usual: HashMap::new(),
            slowness: 1.0,
        }
    }

    /// What is allowed at the present pace.
    #[must_use]
    pub fn allowed(&self) -> Limits {
        let scaled = |full: u32| {
            let share = u64::from(full) * u64::from(self.level) / u64::from(FULL);
            u32::try_from(share).unwrap_or(full).max(1)
        };
        Limits {
            per_minute: scaled(self.limits.per_minute),
            burst: scaled(self.limits.burst),
            in_flight: scaled(self.limits.in_flight),
        }
    }

    /// Share of the full pace, 1/16 to 1, for metrics.
    #[must_use]
    pub fn share(&self) -> f64 {
        f64::from(self.level) / f64::from(FULL)
    }

    /// The moment before which nothing may be sent, if it lies ahead.
    #[must_use]
    pub fn closed_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.closed_until.filter(|until| *until > now)
    }

    /// Learns from one call; `call` names its kind, because a list takes longer than one contact.
    pub fn learn(&mut self, call: &'static str, feedback: Feedback, now: Timestamp) {
        match feedback {
            Feedback::Overloaded => self.slow_down(now),
            Feedback::RateLimited { until } => {
                let until = until.unwrap_or_else(|| now + UNNAMED_PAUSE);
                self.closed_until = self.closed_until.max(Some(until));
                self.slow_down(now);
            }
            Feedback::Answered { latency } if self.is_slow(call, latency) => self.slow_down(now),
            Feedback::Answered { .. } => self.speed_up(),
        }
    }

    fn slow_down(&mut self, now: Timestamp) {
        self.good = 0;
        let recent = self.slowed_at.is_some_and(|at| now < at + ONE_SIGN);
        if !recent {
            self.level = (self.level / 2).max(1);
            self.slowed_at = Some(now);
        }
    }

    fn speed_up(&mut self) {
        self.good += 1;
        if self.good >= STEP_UP_AFTER {
            self.good = 0;
            self.level = (self.level + 1).min(FULL);
        }
    }

    /// Compares with what is usual for this kind of call, smoothed over about five answers.
    /// What is usual follows slowly, so that a Mautic that stays slower gets its pace back.
    fn is_slow(&mut self, call: &'static str, latency: Duration) -> bool {
        let seconds = latency.as_secs_f64().max(0.001);
        let usual = self.usual.entry(call).or_insert(seconds);
        let times = seconds / *usual;
        *usual += (seconds - *usual) * if times < 1.0 { 0.2 } else { 0.02 };
        self.slowness += (times - self.slowness) * 0.2;
        latency > QUICK && self.slowness > SLOW
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;
    use jiff::SignedDuration;
    use proptest::prelude::*;

    const LIMITS: Limits = Limits {
        per_minute: 32,
        burst: 16,
        in_flight: 8,
    };

    fn start() -> Timestamp {
        "2026-11-21T20:00:00Z".parse().unwrap()
    }

    fn answered(milliseconds: u64) -> Feedback {
        Feedback::Answered {
            latency: Duration::from_millis(milliseconds),
        }
    }

    #[test]
    fn halves_on_trouble_and_climbs_back_step_by_step() {
        let mut pacing = Pacing::new(LIMITS);
        let mut now = start();
        let mut rates = vec![pacing.allowed().per_minute];
        for _ in 0..6 {
            pacing.learn("get", Feedback::Overloaded, now);
            rates.push(pacing.allowed().per_minute);
            now += SignedDuration::from_secs(3);
        }
        assert_eq!(rates, [32, 16, 8, 4, 2, 2, 2]);
        assert_eq!(pacing.allowed().in_flight, 1);
        for answers in [10, 10, 129, 1, 50] {
            for _ in 0..answers {
                pacing.learn("get", answered(30), now);
            }
            rates.push(pacing.allowed().per_minute);
        }
        assert_eq!(rates[7..], [4, 6, 30, 32, 32]);
        assert_eq!(pacing.allowed(), LIMITS);
    }

    #[test]
    fn calls_that_fail_together_count_once() {
        let mut pacing = Pacing::new(LIMITS);
        for _ in 0..8 {
            pacing.learn("get", Feedback::Overloaded, start());
        }
        assert_eq!(pacing.allowed().per_minute, 16);
    }

    #[test]
    fn a_rate_limit_closes_until_the_reset() {
        let mut pacing = Pacing::new(LIMITS);
        let reset = start() + SignedDuration::from_secs(1800);
        pacing.learn("get", Feedback::RateLimited { until: Some(reset) }, start());
        pacing.learn("get", Feedback::RateLimited { until: None }, start());
        assert_eq!(pacing.closed_until(start()), Some(reset));
        assert_eq!(pacing.closed_until(reset), None);
        assert_eq!(pacing.allowed().per_minute, 16);
        let mut unnamed = Pacing::new(LIMITS);
        unnamed.learn("get", Feedback::RateLimited { until: None }, start());
        assert_eq!(
            unnamed.closed_until(start()),
            Some(start() + SignedDuration::from_secs(5))
        );
    }

    #[test]
    fn rising_latency_slows_down_but_slow_kinds_of_calls_do_not() {
        let mut pacing = Pacing::new(LIMITS);
        for _ in 0..50 {
            pacing.learn("contact", answered(30), start());
            pacing.learn("list", answered(2000), start());
        }
        assert_eq!(pacing.allowed(), LIMITS);
        for _ in 0..5 {
            pacing.learn("contact", answered(600), start());
        }
        assert_eq!(pacing.allowed().per_minute, 16);
    }

    #[test]
    fn one_slow_answer_or_microscopic_jitter_changes_nothing() {
        let mut pacing = Pacing::new(LIMITS);
        for _ in 0..20 {
            pacing.learn("contact", answered(50), start());
        }
        pacing.learn("contact", answered(400), start());
        for _ in 0..20 {
            pacing.learn("ping", answered(1), start());
            pacing.learn("ping", answered(20), start());
        }
        assert_eq!(pacing.allowed(), LIMITS);
    }

    proptest! {
        #[test]
        fn always_between_one_and_the_limits(
            limits in (0u32..100, 0u32..100, 0u32..100),
            events in proptest::collection::vec((0u8..3, 0u64..10_000), 0..200),
        ) {
            let limits = Limits { per_minute: limits.0, burst: limits.1, in_flight: limits.2 };
            let mut pacing = Pacing::new(limits);
            let mut now = start();
            for (kind, milliseconds) in events {
                now += SignedDuration::from_millis(i64::try_from(milliseconds).unwrap());
                pacing.learn("x", match kind {
                    0 => answered(milliseconds),
                    1 => Feedback::Overloaded,
                    _ => Feedback::RateLimited { until: None },
                }, now);
                let allowed = pacing.allowed();
                for (allowed, limit) in [
                    (allowed.per_minute, limits.per_minute),
                    (allowed.burst, limits.burst),
                    (allowed.in_flight, limits.in_flight),
                ] {
                    prop_assert!((1..=limit.max(1)).contains(&allowed));
                }
            }
        }
    }
}
