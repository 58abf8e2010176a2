//! Rules of a fault script.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// When a rule fires, and what it does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// HTTP method; any when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Shell pattern for the path without the query (`*`, `?`, `[…]`).
    pub path: String,
    /// Only the nth match, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nth: Option<u64>,
    /// At most this often.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// Only with this probability, 0 to 1, drawn from the stand-in's seed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// Before or after the request is applied.
    #[serde(default)]
    pub moment: Moment,
    /// What happens.
    pub fault: Fault,
}

impl Rule {
    /// A rule for every request to a path, before it is applied.
    #[must_use]
    pub fn new(path: &str, fault: Fault) -> Self {
        Self {
            method: None,
            path: path.to_owned(),
            nth: None,
            times: None,
            probability: None,
            moment: Moment::Before,
            fault,
        }
    }

    /// The same, only for this method.
    #[must_use]
    pub fn method(self, method: &str) -> Self {
        Self {
            method: Some(method.to_owned()),
            ..self
        }
    }

    /// The same, only at the nth match, counted from 1.
    #[must_use]
    pub fn nth(self, nth: u64) -> Self {
        Self {
            nth: Some(nth),
            ..self
        }
    }

    /// The same, at most this often.
    #[must_use]
    pub fn times(self, times: u64) -> Self {
        Self {
            times: Some(times),
            ..self
        }
    }

    /// The same, only with this probability (0 to 1).
    #[must_use]
    pub fn probability(self, probability: f64) -> Self {
        Self {
            probability: Some(probability),
            ..self
        }
    }

    /// The same, but the request is applied first and its answer is what suffers.
    #[must_use]
    pub fn after(self) -> Self {
        Self {
            moment: Moment::After,
            ..self
        }
    }
}

/// Whether the request takes effect before the fault strikes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// It does not, unless the fault lets it through afterwards (a delay).
    #[default]
    Before,
    /// It does.
    After,
}

/// What can happen to a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The answer comes later, by milliseconds.
    Delay(u64),
    /// No answer; the connection is closed when released or after that many milliseconds.
    Hang(Option<u64>),
    /// The connection is closed without an answer.
    Drop,
    /// Another answer: status, headers, body.
    Answer {
        /// HTTP status.
        status: u16,
        /// Headers.
        #[serde(default)]
        headers: BTreeMap<String, String>,
        /// Body.
        #[serde(default)]
        body: String,
    },
    /// Mautic's 429 with the headers of its rate limiter and `Retry-After`, in seconds, if given.
    TooManyRequests {
        /// Seconds to wait, as the header says; Mautic itself sends no such header (FACTS 143).
        #[serde(default)]
        retry_after: Option<u64>,
    },
    /// The answer's body ends in the middle, with a length that fits what is left.
    TruncatedJson,
    /// Well-formed JSON whose values have other types than they should.
    WrongTypeJson,
    /// A read is answered from the state kept when the rule was set.
    Stale,
    /// A group score is stored, its line in the points log is not (FACTS 45), or of main points the line and not they:
    /// answered 500. Other requests are answered as ever.
    DieBetween,
}

impl Fault {
    /// Whether the request's own answer is needed.
    pub(crate) fn spoils_the_answer(&self) -> bool {
        matches!(
            self,
            Self::Delay(_) | Self::TruncatedJson | Self::WrongTypeJson | Self::DieBetween
        )
    }
}
