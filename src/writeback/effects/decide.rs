//! What becomes of an effect: decided from what is known of an attempt. PURE.

use crate::domain::{Action, Effect, EffectOutcome, Nature};
use crate::mautic::retry::{self, Retry};
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// What can't be undone is of use for this long: a sales mail of three weeks ago is worse than
/// none.
pub const USEFUL: SignedDuration = SignedDuration::from_hours(24);
/// Until then the resolver has asked what became of a contact that vanished.
const RESOLVE: SignedDuration = SignedDuration::from_secs(30);
/// By then Mautic has ended whatever it was asked: PHP's time limits are shorter.
const SETTLED: SignedDuration = SignedDuration::from_mins(2);

/// How Mautic and the mail server are asked again.
const AGAIN: retry::Policy = retry::Policy {
    first_pause: Duration::from_secs(1),
    longest_pause: Duration::from_mins(15),
    attempts: u32::MAX,
    longest_rate_limit: Duration::from_hours(24),
};

/// How receivers of webhooks are asked again.
const RECEIVERS: retry::Policy = retry::Policy {
    first_pause: Duration::from_secs(5),
    longest_pause: Duration::from_hours(1),
    ..AGAIN
};

/// Why something was not done, by what is known of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// It was surely not done, and may work later.
    #[error("{what}")]
    Later {
        /// What happened.
        what: String,
        /// Not before this moment, if the other side named one.
        until: Option<Timestamp>,
    },
    /// It may have been done.
    #[error("{what}")]
    Unsure {
        /// What happened.
        what: String,
    },
    /// It was surely not done, and will not be.
    #[error("{what}")]
    Refused {
        /// What happened and what to do.
        what: String,
    },
    /// The contact does not exist (any more).
    #[error("{what}")]
    NoContact {
        /// What happened.
        what: String,
    },
}

impl Trouble {
    /// Something that may work later, at no time that anybody named.
    #[must_use]
    pub fn later(what: impl Into<String>) -> Self {
        Self::Later {
            what: what.into(),
            until: None,
        }
    }
}

/// What to do about an effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Do it.
    Do,
    /// Look whether it was done.
    Look,
    /// Nothing: it ends so.
    End(EffectOutcome),
}

/// What to do about an effect that was claimed.
#[must_use]
pub fn next_step(effect: &Effect, now: Timestamp) -> Step {
    match (effect.started, effect.action.nature()) {
        (Some(_), Nature::Once) if matches!(effect.action, Action::SendEmail { .. }) => Step::Look,
        (Some(_), Nature::Once) => Step::End(unknown("topicscore was stopped while it was sent")),
        (Some(_), Nature::Marked) if is_late(effect, now) => {
            Step::End(unknown("topicscore was stopped while it was sent"))
        }
        (None, Nature::Once | Nature::Marked) if is_late(effect, now) => {
            let last = effect.last_error.as_deref().unwrap_or("nothing was tried");
            let error = format!("it could not be done within 24 hours; last: {last}");
            Step::End(EffectOutcome::Expired { error })
        }
        _ => Step::Do,
    }
}

/// What an attempt means. `fraction` is a random number from 0 to 1.
#[must_use]
pub fn after(
    effect: &Effect,
    result: Result<String, Trouble>,
    now: Timestamp,
    fraction: f64,
) -> EffectOutcome {
    let trouble = match result {
        Ok(answer) => return EffectOutcome::Done { answer },
        Err(trouble) => trouble,
    };
    match trouble {
        Trouble::Later { what, until } => again(effect, what, until, now, fraction),
        Trouble::Unsure { what } => match (&effect.action, effect.action.nature()) {
            (Action::SendEmail { .. }, _) => look(effect, what, now, fraction),
            (_, Nature::Once) => unknown(&what),
            (_, Nature::Repeatable | Nature::Marked) => again(effect, what, None, now, fraction),
        },
        Trouble::Refused { what } => EffectOutcome::Failed { error: what },
        Trouble::NoContact { what } => EffectOutcome::RetryAt {
            not_before: later(now, RESOLVE),
            error: what,
        },
    }
}

/// What a look means at something that was begun: whether Mautic's `email_stats` have a row of it.
#[must_use]
pub fn looked(
    effect: &Effect,
    found: Result<bool, Trouble>,
    now: Timestamp,
    fraction: f64,
) -> EffectOutcome {
    let settled = effect
        .started
        .map_or(now, |started| later(started.at, SETTLED));
    let before = effect.last_error.as_deref();
    let before = before.unwrap_or("topicscore was stopped while it was sent");
    match found {
        Ok(true) => EffectOutcome::Done {
            answer: "email_stats shows that it was sent".to_owned(),
        },
        Ok(false) if now < settled => EffectOutcome::LookAt {
            not_before: settled,
            error: before.to_owned(),
        },
        Ok(false) => unknown(&format!("{before}; email_stats has no row of it")),
        Err(Trouble::NoContact { what }) => EffectOutcome::LookAt {
            not_before: later(now, RESOLVE),
            error: what,
        },
        Err(Trouble::Refused { what }) => {
            unknown(&format!("{before}; email_stats can't be read: {what}"))
        }
        Err(Trouble::Later { what, .. } | Trouble::Unsure { what }) if is_late(effect, now) => {
            unknown(&format!("{before}; email_stats can't be read: {what}"))
        }
        Err(Trouble::Later { what, .. } | Trouble::Unsure { what }) => {
            look(effect, what, now, fraction)
        }
    }
}

fn again(
    effect: &Effect,
    what: String,
    until: Option<Timestamp>,
    now: Timestamp,
    fraction: f64,
) -> EffectOutcome {
    let nature = effect.action.nature();
    let policy = if nature == Nature::Marked {
        &RECEIVERS
    } else {
        &AGAIN
    };
    let deadline = (nature != Nature::Repeatable).then(|| later(effect.wanted_at, USEFUL));
    let attempt = retry::Attempt {
        number: effect.attempts.saturating_add(1),
        idempotent: true,
        deadline,
    };
    let told = until.map_or(retry::Outcome::NotSent, |until| {
        retry::Outcome::RateLimited { until: Some(until) }
    });
    match retry::decide(policy, attempt, &told, fraction, now) {
        Retry::After(pause) => EffectOutcome::RetryAt {
            not_before: now.saturating_add(pause).unwrap_or(Timestamp::MAX),
            error: what,
        },
        Retry::GiveUp(_) | Retry::Unknown if deadline.is_some() => EffectOutcome::Failed {
            error: format!("given up after 24 hours; last: {what}"),
        },
        Retry::GiveUp(_) | Retry::Unknown => EffectOutcome::RetryAt {
            not_before: later(now, SignedDuration::from_mins(15)),
            error: what,
        },
    }
}

fn look(effect: &Effect, what: String, now: Timestamp, fraction: f64) -> EffectOutcome {
    let attempt = retry::Attempt {
        number: effect.attempts.saturating_add(1),
        idempotent: true,
        deadline: None,
    };
    let told = retry::Outcome::NotSent;
    let pause = match retry::decide(&RECEIVERS, attempt, &told, fraction, now) {
        Retry::After(pause) => pause,
        Retry::GiveUp(_) | Retry::Unknown => RECEIVERS.longest_pause,
    };
    EffectOutcome::LookAt {
        not_before: now.saturating_add(pause).unwrap_or(Timestamp::MAX),
        error: what,
    }
}

fn unknown(what: &str) -> EffectOutcome {
    EffectOutcome::Unknown {
        error: format!(
            "{what}. It may have gone out or not: ask the receiver, and have it tried again if it did not"
        ),
    }
}

fn is_late(effect: &Effect, now: Timestamp) -> bool {
    now > later(effect.wanted_at, USEFUL)
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests may fail loudly")]
mod tests {
    use super::super::tests::give::{actions, effect, now};
    use super::*;
    use crate::domain::{EffectState, Started};
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    /// Every kind of action by every result of an attempt.
    #[test]
    fn outcomes() {
        let until = now() + SignedDuration::from_secs(90);
        let what = || "it happened".to_owned();
        let results = [
            ("done", Ok("fine".to_owned())),
            ("not done", Err(Trouble::later("it happened"))),
            (
                "limited",
                Err(Trouble::Later {
                    what: what(),
                    until: Some(until),
                }),
            ),
            ("unsure", Err(Trouble::Unsure { what: what() })),
            ("refused", Err(Trouble::Refused { what: what() })),
            ("no contact", Err(Trouble::NoContact { what: what() })),
        ];
        let mut lines = Vec::new();
        for (name, result) in results {
            let mut by_end: BTreeMap<String, Vec<&str>> = BTreeMap::new();
            for action in actions() {
                let outcome = after(&effect(action.clone()), result.clone(), now(), 1.0);
                let wait = match &outcome {
                    EffectOutcome::RetryAt { not_before, .. }
                    | EffectOutcome::LookAt { not_before, .. } => {
                        format!(" in {} s", not_before.duration_since(now()).as_secs())
                    }
                    _ => String::new(),
                };
                let kind = match action.nature() {
                    Nature::Repeatable => "the others",
                    Nature::Marked | Nature::Once => action.kind(),
                };
                let kinds = by_end
                    .entry(format!("{}{wait}", outcome.state().name()))
                    .or_default();
                if !kinds.contains(&kind) {
                    kinds.push(kind);
                }
            }
            for (end, kinds) in by_end {
                lines.push(format!("{name}: {end}: {}", kinds.join(", ")));
            }
        }
        insta::assert_snapshot!(lines.join("\n"), @r"
        done: done: the others, send_email, mail, webhook
        not done: pending in 1 s: the others, send_email, mail
        not done: pending in 5 s: webhook
        limited: pending in 90 s: the others, send_email, mail, webhook
        unsure: pending in 1 s: the others
        unsure: pending in 5 s: webhook
        unsure: started in 5 s: send_email
        unsure: unknown: mail
        refused: failed: the others, send_email, mail, webhook
        no contact: pending in 30 s: the others, send_email, mail, webhook
        ");
    }

    #[test]
    fn what_comes_too_late_is_not_done() {
        let day = |hours| now() - SignedDuration::from_hours(hours);
        for action in actions() {
            for (hours, attempts) in [(23, 0), (25, 0), (25, 3)] {
                let mut effect = effect(action.clone());
                (effect.wanted_at, effect.attempts) = (day(hours), attempts);
                let step = next_step(&effect, now());
                let late = hours > 24 && action.nature() != Nature::Repeatable;
                let expired =
                    matches!(&step, Step::End(end) if end.state() == EffectState::Expired);
                assert_eq!(expired, late, "{action} {hours} {step:?}");
                assert_eq!(step == Step::Do, !late, "{action}");
                // The next attempt would come too late: given up now.
                effect.wanted_at = day(24) + SignedDuration::from_millis(400);
                let end = after(&effect, Err(Trouble::later("503")), now(), 1.0);
                let gives_up = action.nature() != Nature::Repeatable;
                assert_eq!(end.state() == EffectState::Failed, gives_up, "{action}");
            }
        }
    }

    #[test]
    fn what_was_begun_is_looked_up_or_left() {
        for action in actions() {
            let mut effect = effect(action.clone());
            effect.started = Some(Started {
                at: now(),
                mark: None,
            });
            let step = next_step(&effect, now());
            match action {
                Action::SendEmail { .. } => assert_eq!(step, Step::Look),
                Action::Mail { .. } => {
                    assert!(
                        matches!(&step, Step::End(EffectOutcome::Unknown { .. })),
                        "{step:?}"
                    );
                }
                _ => assert_eq!(step, Step::Do),
            }
        }
    }

    #[test]
    fn a_webhook_that_was_begun_is_repeated_for_a_day() {
        let mut begun = effect(Action::Webhook {
            webhook: "crm".to_owned(),
        });
        begun.started = Some(Started {
            at: now(),
            mark: None,
        });
        for (hours, goes_on) in [(23, true), (25, false)] {
            begun.wanted_at = now() - SignedDuration::from_hours(hours);
            let step = next_step(&begun, now());
            let left = matches!(&step, Step::End(end) if end.state() == EffectState::Unknown);
            assert_eq!((step == Step::Do, left), (goes_on, !goes_on), "{step:?}");
        }
    }

    #[test]
    fn looks() {
        let mut begun = effect(Action::SendEmail {
            email: crate::domain::EmailId(5),
        });
        let later = Err(Trouble::later("503"));
        let refused = Err(Trouble::Refused {
            what: "403".to_owned(),
        });
        let day = 24 * 3600;
        let table = [
            (10, Ok(true), EffectState::Done),
            (10, Ok(false), EffectState::Started),
            (119, Ok(false), EffectState::Started),
            (120, Ok(false), EffectState::Unknown),
            (500, later.clone(), EffectState::Started),
            (day + 1, later, EffectState::Unknown),
            (500, refused, EffectState::Unknown),
        ];
        for (seconds, found, state) in table {
            begun.wanted_at = now() - SignedDuration::from_secs(seconds);
            begun.started = Some(Started {
                at: begun.wanted_at,
                mark: Some(7),
            });
            let outcome = looked(&begun, found.clone(), now(), 0.5);
            assert_eq!(outcome.state(), state, "{seconds} {found:?} {outcome:?}");
        }
    }

    proptest! {
        /// Once something may have gone out, nothing but an administrator sends it again.
        #[test]
        fn nothing_that_may_have_gone_out_is_sent_again(
            attempts in 0u32.., age in 0i64..200_000, fraction in 0.0f64..1.0, email: bool,
        ) {
            let wanted = actions()
                .into_iter()
                .filter(|action| action.nature() == Nature::Once)
                .find(|action| matches!(action, Action::SendEmail { .. }) == email)
                .unwrap();
            let mut effect = effect(wanted);
            effect.attempts = attempts;
            effect.wanted_at = now() - SignedDuration::from_secs(age);
            let unsure = Trouble::Unsure { what: "lost".to_owned() };
            let outcome = after(&effect, Err(unsure), now(), fraction);
            prop_assert_ne!(outcome.state(), EffectState::Pending);
            effect.started = Some(Started { at: effect.wanted_at, mark: None });
            prop_assert_ne!(next_step(&effect, now()), Step::Do);
            for found in [Ok(true), Ok(false), Err(Trouble::later("503"))] {
                let outcome = looked(&effect, found, now(), fraction);
                prop_assert_ne!(outcome.state(), EffectState::Pending);
            }
        }
    }
}
