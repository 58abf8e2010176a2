//! Whether and when to repeat a call that failed. PURE: time and randomness are parameters.

use jiff::Timestamp;
use std::time::Duration;

/// How patient to be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Policy {
    /// Pause after the first failure; doubles with each further one.
    pub first_pause: Duration,
    /// Longest pause between two attempts, except where Mautic names a time itself.
    pub longest_pause: Duration,
    /// Attempts in all, the first included. Being rate limited does not count.
    pub attempts: u32,
    /// Longest wait that a rate limit may impose before the call is given up.
    pub longest_rate_limit: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            first_pause: Duration::from_millis(500),
            longest_pause: Duration::from_mins(1),
            attempts: 5,
            longest_rate_limit: Duration::from_mins(65),
        }
    }
}

/// How a call ended that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The request never left: no connection, no budget, no token.
    NotSent,
    /// No whole answer within the time allowed, or the connection broke: it may have been applied.
    NoAnswer,
    /// 429: nothing was done. `until` = moment from which calls are allowed again, if told.
    RateLimited {
        /// From `X-RateLimit-Reset` or `Retry-After`.
        until: Option<Timestamp>,
    },
    /// Any other status that is no success.
    Status {
        /// The HTTP status.
        status: u16,
        /// Mautic's message, or an excerpt of the body.
        message: String,
    },
    /// A success whose body could not be understood: it was applied.
    Shape,
    /// The credentials were refused.
    Auth,
}

impl Outcome {
    /// Whether Mautic may have applied the call all the same. `false` = it surely did not.
    #[must_use]
    pub fn may_have_been_applied(&self) -> bool {
        match self {
            Self::NoAnswer | Self::Shape => true,
            Self::NotSent | Self::RateLimited { .. } | Self::Auth => false,
            Self::Status { status, message } => {
                matches!(judge(*status, message), Verdict::MaybeApplied)
            }
        }
    }
}

/// What is being repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// Number of the attempt that failed; 1 = the first.
    pub number: u32,
    /// Whether doing it twice has the effect of doing it once.
    pub idempotent: bool,
    /// Moment after which the result is of no use any more.
    pub deadline: Option<Timestamp>,
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Repeat after this pause.
    After(Duration),
    /// Do not repeat.
    GiveUp(Reason),
    /// It may have been applied: look first, then decide (FACTS 22, 32, 45, N1).
    Unknown,
}

/// Why a call is given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// Mautic will say the same again.
    #[error("Mautic refused the call")]
    Refused,
    /// Login failed even with a new token.
    #[error("Mautic refused the credentials")]
    Auth,
    /// [`Policy::attempts`] are used up.
    #[error("all attempts failed")]
    Attempts,
    /// The next attempt would come after the deadline.
    #[error("the deadline would pass before the next attempt")]
    Deadline,
    /// The rate limit lasts longer than [`Policy::longest_rate_limit`].
    #[error("Mautic's rate limit lasts longer than we wait")]
    RateLimit,
    /// The answer was a success of an unknown shape; the call itself worked.
    #[error("Mautic answered something unexpected")]
    Shape,
}

/// Decides. `fraction` is a random number from 0 to 1 that spreads the pauses of many callers.
#[must_use]
pub fn decide(
    policy: &Policy,
    attempt: Attempt,
    outcome: &Outcome,
    fraction: f64,
    now: Timestamp,
) -> Retry {
    let pause = backoff(policy, attempt.number, fraction);
    match outcome {
        Outcome::Shape => Retry::GiveUp(Reason::Shape),
        Outcome::Auth => Retry::GiveUp(Reason::Auth),
        Outcome::RateLimited { until } => rate_limited(policy, attempt, *until, pause, now),
        Outcome::NotSent => again(policy, attempt, pause, now),
        Outcome::NoAnswer => again_or_unknown(policy, attempt, pause, now),
        Outcome::Status { status, message } => match judge(*status, message) {
            Verdict::NotApplied => again(policy, attempt, pause, now),
            Verdict::MaybeApplied => again_or_unknown(policy, attempt, pause, now),
            Verdict::Refused => Retry::GiveUp(Reason::Refused),
        },
    }
}

enum Verdict {
    NotApplied,
    MaybeApplied,
    Refused,
}

/// What a status says about whether the call took effect.
fn judge(status: u16, message: &str) -> Verdict {
    match status {
        // One transaction, rolled back whole (FACTS 150).
        400 if message.contains("Deadlock found") => Verdict::NotApplied,
        // A failing webhook breaks the answer after the work was done (FACTS N1).
        400 if message.contains("is missing for a query of") => Verdict::MaybeApplied,
        408 | 500.. => Verdict::MaybeApplied,
        425 => Verdict::NotApplied,
        _ => Verdict::Refused,
    }
}

fn again_or_unknown(policy: &Policy, attempt: Attempt, pause: Duration, now: Timestamp) -> Retry {
    if attempt.idempotent {
        again(policy, attempt, pause, now)
    } else {
        Retry::Unknown
    }
}

fn again(policy: &Policy, attempt: Attempt, pause: Duration, now: Timestamp) -> Retry {
    if attempt.number >= policy.attempts {
        return Retry::GiveUp(Reason::Attempts);
    }
    in_time(attempt, pause, now)
}

fn rate_limited(
    policy: &Policy,
    attempt: Attempt,
    until: Option<Timestamp>,
    pause: Duration,
    now: Timestamp,
) -> Retry {
    // Never shorter than the pause: a reset in the past must not become a tight loop.
    let wait = until.map_or(pause, |until| pause.max(from_to(now, until)));
    if wait > policy.longest_rate_limit {
        return Retry::GiveUp(Reason::RateLimit);
    }
    in_time(attempt, wait, now)
}

fn in_time(attempt: Attempt, pause: Duration, now: Timestamp) -> Retry {
    match attempt.deadline {
        Some(deadline) if pause > from_to(now, deadline) => Retry::GiveUp(Reason::Deadline),
        _ => Retry::After(pause),
    }
}

/// Time from `now` until `then`; zero when it has passed.
fn from_to(now: Timestamp, then: Timestamp) -> Duration {
    Duration::try_from(now.duration_until(then)).unwrap_or(Duration::ZERO)
}

/// Exponential, capped, and spread over the upper half of each step.
fn backoff(policy: &Policy, number: u32, fraction: f64) -> Duration {
    let doublings = number.saturating_sub(1).min(31);
    let step = policy
        .first_pause
        .saturating_mul(1 << doublings)
        .min(policy.longest_pause);
    step.mul_f64(0.5 + 0.5 * fraction.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;
    use proptest::prelude::*;

    const DEADLOCK: &str = "An exception occurred while executing a query: SQLSTATE[40001]: \
        Serialization failure: 1213 Deadlock found when trying to get lock; try restarting transaction";
    const HOOK_KILLED: &str =
        "The identifier id is missing for a query of Mautic\\UserBundle\\Entity\\User";

    fn now() -> Timestamp {
        "2026-11-21T20:00:00Z".parse().unwrap()
    }

    fn policy() -> Policy {
        Policy {
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(10),
            attempts: 4,
            longest_rate_limit: Duration::from_secs(100),
        }
    }

    fn status(status: u16, message: &str) -> Outcome {
        Outcome::Status {
            status,
            message: message.to_owned(),
        }
    }

    fn first(outcome: &Outcome, idempotent: bool) -> Retry {
        let attempt = Attempt {
            number: 1,
            idempotent,
            deadline: None,
        };
        decide(&policy(), attempt, outcome, 1.0, now())
    }

    #[test]
    fn outcomes() {
        let after = |seconds| Retry::After(Duration::from_secs(seconds));
        let refused = Retry::GiveUp(Reason::Refused);
        let limited = |seconds| Outcome::RateLimited {
            until: Some(now() + jiff::SignedDuration::from_secs(seconds)),
        };
        // outcome, idempotent call, call that must not be doubled
        let table = [
            (Outcome::NotSent, after(1), after(1)),
            (Outcome::NoAnswer, after(1), Retry::Unknown),
            (status(500, "error #500"), after(1), Retry::Unknown),
            (status(502, ""), after(1), Retry::Unknown),
            (status(503, ""), after(1), Retry::Unknown),
            (status(504, ""), after(1), Retry::Unknown),
            (status(408, ""), after(1), Retry::Unknown),
            (status(400, DEADLOCK), after(1), after(1)),
            (status(400, HOOK_KILLED), after(1), Retry::Unknown),
            (status(400, "Invalid operator"), refused, refused),
            (status(301, ""), refused, refused),
            (status(403, ""), refused, refused),
            (status(404, ""), refused, refused),
            (status(422, ""), refused, refused),
            (Outcome::RateLimited { until: None }, after(1), after(1)),
            (limited(30), after(30), after(30)),
            (limited(-30), after(1), after(1)),
            (
                limited(101),
                Retry::GiveUp(Reason::RateLimit),
                Retry::GiveUp(Reason::RateLimit),
            ),
            (
                Outcome::Shape,
                Retry::GiveUp(Reason::Shape),
                Retry::GiveUp(Reason::Shape),
            ),
            (
                Outcome::Auth,
                Retry::GiveUp(Reason::Auth),
                Retry::GiveUp(Reason::Auth),
            ),
        ];
        for (outcome, idempotent, not_idempotent) in table {
            assert_eq!(first(&outcome, true), idempotent, "{outcome:?}");
            assert_eq!(first(&outcome, false), not_idempotent, "{outcome:?}, once");
        }
    }

    #[test]
    fn pauses_double_up_to_the_cap_then_it_is_given_up() {
        let at = |number, fraction| {
            let attempt = Attempt {
                number,
                idempotent: true,
                deadline: None,
            };
            let patient = Policy {
                attempts: 10,
                ..policy()
            };
            decide(&patient, attempt, &Outcome::NotSent, fraction, now())
        };
        let pauses: Vec<_> = (1..=6).map(|n| at(n, 1.0)).collect();
        assert_eq!(
            pauses,
            [1, 2, 4, 8, 10, 10].map(|s| Retry::After(Duration::from_secs(s)))
        );
        assert_eq!(at(2, 0.0), Retry::After(Duration::from_secs(1)));
        assert_eq!(at(10, 0.0), Retry::GiveUp(Reason::Attempts));
    }

    #[test]
    fn nothing_is_repeated_after_the_deadline() {
        let soon = Attempt {
            number: 1,
            idempotent: true,
            deadline: Some("2026-11-21T20:00:00.9Z".parse().unwrap()),
        };
        let outcome = Outcome::NotSent;
        let given_up = Retry::GiveUp(Reason::Deadline);
        assert_eq!(decide(&policy(), soon, &outcome, 1.0, now()), given_up);
        assert_eq!(
            decide(&policy(), soon, &outcome, 0.0, now()),
            Retry::After(Duration::from_millis(500))
        );
    }

    proptest! {
        #[test]
        fn pauses_stay_within_bounds(number in 0u32.., fraction in any::<f64>(), seconds in 0u64..1_000_000) {
            let policy = Policy { first_pause: Duration::from_secs(seconds), ..policy() };
            let pause = backoff(&policy, number, if fraction.is_nan() { 0.5 } else { fraction });
            prop_assert!(pause <= policy.longest_pause);
            prop_assert!(pause >= policy.first_pause.min(policy.longest_pause) / 2);
        }

        #[test]
        fn a_call_that_must_not_be_doubled_is_never_repeated_blindly(code in 500u16..600, number in 1u32..9) {
            let attempt = Attempt { number, idempotent: false, deadline: None };
            prop_assert_eq!(decide(&policy(), attempt, &status(code, ""), 0.5, now()), Retry::Unknown);
        }
    }
}
