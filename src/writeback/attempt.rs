//! One attempt at one intent and how it ended.

use super::mautic::{Answered, CallError};
use crate::domain::{CallFate, ContactId, PointsCall};
use crate::store::{Intent, WriteOutcome, WriteRecord, WriteResult};
use jiff::{SignedDuration, Timestamp};
use std::time::{Duration, Instant};

/// Longest answer kept in a write's record, in bytes.
const LONGEST_ANSWER: usize = 1024;
/// Until then the resolver has asked what became of a contact that vanished.
const RESOLVE: SignedDuration = SignedDuration::from_secs(30);

/// A result, and whether the contact turned out not to be there.
#[derive(Debug)]
pub(super) struct Attempt {
    pub result: WriteResult,
    pub vanished: bool,
    /// When the delivery or poll came that led to it.
    caused_at: Timestamp,
}

impl Attempt {
    /// How long it took from delivery to write-back, if it wrote.
    pub(super) fn delay(&self, now: Timestamp) -> Option<Duration> {
        match self.result.outcome {
            WriteOutcome::Holds { written: true, .. } => {
                Some(Duration::try_from(now.duration_since(self.caused_at)).unwrap_or_default())
            }
            _ => None,
        }
    }
}

/// A call under way.
#[derive(Debug, Clone)]
pub(super) struct Made {
    at: Timestamp,
    request: String,
    began: Instant,
}

impl Made {
    pub(super) fn begin(at: Timestamp, request: String) -> Self {
        Self {
            at,
            request,
            began: Instant::now(),
        }
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    pub(super) fn answered<T>(self, answer: &Answered<T>) -> WriteRecord {
        self.record(Some(answer.status), &answer.text)
    }

    fn record(self, status: Option<u16>, text: &str) -> WriteRecord {
        let end = text.floor_char_boundary(LONGEST_ANSWER);
        WriteRecord {
            at: self.at,
            request: self.request,
            status,
            answer: text[..end].to_owned(),
            took_ms: u32::try_from(self.began.elapsed().as_millis()).unwrap_or(u32::MAX),
        }
    }
}

pub(super) fn holds(
    contact: ContactId,
    intent: &Intent,
    value: i32,
    written: bool,
    record: Option<WriteRecord>,
) -> Attempt {
    attempt(
        contact,
        intent,
        WriteOutcome::Holds { value, written },
        record,
        false,
    )
}

pub(super) fn failed(
    contact: ContactId,
    intent: &Intent,
    error: &CallError,
    call: Option<Made>,
    now: Timestamp,
) -> Attempt {
    let (outcome, status) = match error {
        CallError::Again {
            what,
            status,
            not_before,
            maybe_applied,
            unsettled_until,
        } => {
            let outcome = WriteOutcome::RetryAt {
                not_before: *not_before,
                error: what.clone(),
                suspect: *maybe_applied,
                unsettled_until: *unsettled_until,
            };
            (outcome, *status)
        }
        CallError::NoContact(what) => {
            let not_before = now.saturating_add(RESOLVE).unwrap_or(now);
            let outcome = WriteOutcome::RetryAt {
                not_before,
                error: what.clone(),
                suspect: true,
                unsettled_until: None,
            };
            (outcome, None)
        }
        CallError::Refused { what, status } => (
            WriteOutcome::Parked {
                error: what.clone(),
            },
            *status,
        ),
    };
    let record = call.map(|call| call.record(status, &error.to_string()));
    attempt(
        contact,
        intent,
        outcome,
        record,
        matches!(error, CallError::NoContact(_)),
    )
}

/// Not tried yet, for this reason.
pub(super) fn put_off(
    contact: ContactId,
    intent: &Intent,
    why: &str,
    not_before: Timestamp,
) -> Attempt {
    let outcome = WriteOutcome::RetryAt {
        not_before,
        error: why.to_owned(),
        suspect: false,
        unsettled_until: None,
    };
    attempt(contact, intent, outcome, None, false)
}

/// Answered well, but what was read since does not bear it out: the log has to tell.
pub(super) fn doubtful(
    contact: ContactId,
    intent: &Intent,
    record: Option<WriteRecord>,
    now: Timestamp,
) -> Attempt {
    let outcome = WriteOutcome::RetryAt {
        not_before: now,
        error: "Mautic answered well, but the points are as before: looking into its log"
            .to_owned(),
        suspect: true,
        unsettled_until: None,
    };
    attempt(contact, intent, outcome, record, false)
}

/// What was found out about calls of which no clear answer came.
pub(super) fn looked_up(
    contact: ContactId,
    intent: &Intent,
    fates: &[(&PointsCall, CallFate)],
    score: i64,
    now: Timestamp,
    again: Timestamp,
) -> Attempt {
    let told = fates.iter().map(|(call, fate)| {
        let what = match fate {
            CallFate::Applied => "it took effect",
            CallFate::AppliedUnlogged => "it took effect, without a row in the log",
            CallFate::LoggedOnly => "it is in the log, but the points were not added",
            CallFate::NotApplied => "it did not take effect",
            CallFate::Unknown => "nobody can tell yet",
        };
        format!("{:+} of {}: {what}", call.delta, call.marker)
    });
    let told = told.collect::<Vec<_>>().join("; ");
    let mut attempt = put_off(contact, intent, &told, again);
    let call = Made::begin(now, format!("GET points log of contact {contact}"));
    attempt.result.record = Some(call.record(Some(200), &format!("{told}; score {score}")));
    let fates = fates
        .iter()
        .map(|(call, fate)| (call.marker.clone(), *fate));
    attempt.result.fates = fates.collect();
    attempt
}

fn attempt(
    contact: ContactId,
    intent: &Intent,
    outcome: WriteOutcome,
    record: Option<WriteRecord>,
    vanished: bool,
) -> Attempt {
    let result = WriteResult {
        contact,
        target: intent.target,
        generation: intent.generation,
        desired: intent.desired,
        outcome,
        record,
        fates: Vec::new(),
    };
    Attempt {
        result,
        vanished,
        caused_at: intent.caused_at,
    }
}
