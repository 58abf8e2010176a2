//! What can go wrong when Mautic is asked, and what a person can do about it.

use super::retry::Outcome;
use jiff::Timestamp;
use std::fmt;

/// Which call it was: method and path template, without ids or parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// `GET`, `POST`, …
    pub method: &'static str,
    /// Such as `/api/contacts/{id}`.
    pub path: &'static str,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// How far a request came that got no whole answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// It was never sent: no connection.
    NotConnected,
    /// It was sent, or may have been, and no whole answer came in time.
    TimedOut,
    /// It was sent, or may have been, and the connection broke before the answer was whole.
    Broken,
}

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No whole answer.
    #[error("{call}: {}: {detail}", match lost {
        Lost::NotConnected => "no connection to Mautic",
        Lost::TimedOut => "no answer from Mautic in time",
        Lost::Broken => "the connection to Mautic broke",
    })]
    Transport {
        /// The call.
        call: Call,
        /// How far the request came.
        lost: Lost,
        /// What the network said.
        detail: String,
    },
    /// An answer that is no success.
    #[error("{call}: Mautic answered {status}: {message}")]
    Status {
        /// The call.
        call: Call,
        /// The HTTP status.
        status: u16,
        /// Mautic's message, or the beginning of the body.
        message: String,
        /// Mautic's kind of error, such as `api_disabled`.
        kind: Option<String>,
        /// Whether one of Mautic's API controllers answered (it sends `Mautic-Version`, FACTS 140),
        /// not a proxy, the router or another web site.
        from_api: bool,
    },
    /// A success whose body is not what was expected. The call took effect.
    #[error("{call}: Mautic's answer is not what was expected: {problem} (it begins: {excerpt})")]
    Shape {
        /// The call.
        call: Call,
        /// What is wrong.
        problem: String,
        /// The beginning of the body.
        excerpt: String,
    },
    /// 401, also with a new token.
    #[error("{call}: Mautic refused the credentials: {message}")]
    Auth {
        /// The call.
        call: Call,
        /// Mautic's message.
        message: String,
    },
    /// 429, or no call made because of an earlier one.
    #[error("{call}: Mautic's rate limit is used up{}", match until {
        Some(until) => format!(" until {until}"),
        None => String::new(),
    })]
    RateLimited {
        /// The call.
        call: Call,
        /// When calls are allowed again, if known.
        until: Option<Timestamp>,
    },
    /// No token could be had, so the call was not made.
    #[error("login failed: {0}")]
    Login(#[source] Box<Error>),
    /// A new token could not be kept, so it was not used.
    #[error("the access token could not be stored: {0}")]
    TokenStore(String),
    /// The call can't be made as it stands; nothing was sent.
    #[error("{0}")]
    Unsendable(String),
}

impl Error {
    /// Whether Mautic may have applied the call. `false` = it surely did not.
    #[must_use]
    pub fn may_have_been_applied(&self) -> bool {
        self.outcome().may_have_been_applied()
    }

    /// Whether the thing asked for does not exist, said by Mautic's API itself.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(
            self,
            Self::Status {
                status: 404,
                from_api: true,
                ..
            }
        )
    }

    /// Whether it is the contact that does not exist, not the group or segment ("Contact could not
    /// be found.", "Contact not found.": FACTS 24, 130).
    #[must_use]
    pub fn is_contact_not_found(&self) -> bool {
        let names_contact = |message: &str| message.starts_with("Contact ");
        self.is_not_found()
            && matches!(self, Self::Status { message, .. } if names_contact(message))
    }

    /// What the retry decision needs to know.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Transport {
                lost: Lost::NotConnected,
                ..
            }
            | Self::TokenStore(_) => Outcome::NotSent,
            Self::Transport { .. } => Outcome::NoAnswer,
            Self::Status {
                status, message, ..
            } => Outcome::Status {
                status: *status,
                message: message.clone(),
            },
            Self::Shape { .. } => Outcome::Shape,
            Self::Auth { .. } => Outcome::Auth,
            Self::RateLimited { until, .. } => Outcome::RateLimited { until: *until },
            Self::Login(error) => login_outcome(error),
            Self::Unsendable(message) => Outcome::Status {
                status: 400,
                message: message.clone(),
            },
        }
    }

    /// What a person can do.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Transport { lost, .. } => match lost {
                Lost::NotConnected => {
                    "Is the base URL right, is Mautic running, and may this machine reach it?"
                }
                Lost::TimedOut => {
                    "Mautic is busy, or one of its webhook receivers holds it up. Lower the budget or raise the timeout."
                }
                Lost::Broken => "Look into the logs of Mautic's web server and PHP.",
            },
            Self::Status {
                status,
                kind,
                from_api,
                ..
            } => status_hint(*status, kind.as_deref(), *from_api),
            Self::Shape { .. } => {
                "Is the base URL that of Mautic 5.1? A proxy or a plugin may change its answers."
            }
            Self::Auth { .. } => {
                "Check the credentials in Mautic under Settings, API Credentials, and that they were not deleted."
            }
            Self::RateLimited { .. } => {
                "It goes on by itself. Lower the budget, or raise api_rate_limiter_limit in Mautic."
            }
            Self::Login(error) => error.hint(),
            Self::TokenStore(_) => "Is the store writable, and is there space on its disk?",
            Self::Unsendable(_) => "Correct the value named in the message.",
        }
    }
}

/// A login that failed has not done anything else either.
fn login_outcome(error: &Error) -> Outcome {
    match error.outcome() {
        Outcome::Status { status, .. } if status < 500 => Outcome::Auth,
        limited @ Outcome::RateLimited { .. } => limited,
        Outcome::Auth => Outcome::Auth,
        _ => Outcome::NotSent,
    }
}

fn status_hint(status: u16, kind: Option<&str>, from_api: bool) -> &'static str {
    match (status, kind) {
        (_, Some("api_disabled")) => "Enable the API in Mautic under Configuration, API Settings.",
        (400, Some("invalid_client")) => {
            "Client id or secret is wrong. Create the credentials with grant type client credentials under Settings, API Credentials."
        }
        (400, Some("unauthorized_client")) => {
            "These credentials are for another grant type. Create new ones for client credentials (OAuth 2)."
        }
        (403, Some("access_denied")) => {
            "Enable HTTP basic auth under Configuration, API Settings, or use client credentials."
        }
        (300..400, _) => {
            "Use the address that Mautic redirects to as base URL (https, host, path)."
        }
        (403, _) => {
            "The role behind the credentials lacks a permission, or the segment is unpublished."
        }
        (404, _) if !from_api => {
            "No page of Mautic's API. Is the base URL right, and is the API enabled?"
        }
        (404, _) => "It was deleted in Mautic, or it belongs to another Mautic.",
        (500.., _) => "Look into Mautic's var/logs; the error is logged there.",
        _ => "Mautic's message says what it does not accept.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALL: Call = Call {
        method: "GET",
        path: "/api/contacts/{id}",
    };

    fn status(status: u16, kind: Option<&str>, from_api: bool) -> Error {
        Error::Status {
            call: CALL,
            status,
            message: "no".to_owned(),
            kind: kind.map(str::to_owned),
            from_api,
        }
    }

    #[test]
    fn messages_say_what_and_why() {
        insta::assert_snapshot!(status(403, None, true), @"GET /api/contacts/{id}: Mautic answered 403: no");
        let limited = Error::RateLimited {
            call: CALL,
            until: "2026-11-21T20:00:00Z".parse().ok(),
        };
        insta::assert_snapshot!(limited, @"GET /api/contacts/{id}: Mautic's rate limit is used up until 2026-11-21T20:00:00Z");
        let lost = Error::Transport {
            call: CALL,
            lost: Lost::TimedOut,
            detail: "30 s".to_owned(),
        };
        insta::assert_snapshot!(lost, @"GET /api/contacts/{id}: no answer from Mautic in time: 30 s");
    }

    #[test]
    fn a_wrong_base_url_is_no_missing_contact() {
        assert!(status(404, None, true).is_not_found());
        assert!(!status(404, None, false).is_not_found());
        assert!(status(404, None, false).hint().contains("base URL"));
        assert!(!status(404, None, true).hint().contains("base URL"));
    }

    #[test]
    fn a_failed_login_never_counts_as_applied() {
        let lost = |lost| Error::Transport {
            call: CALL,
            lost,
            detail: String::new(),
        };
        for (inner, outcome) in [
            (lost(Lost::TimedOut), Outcome::NotSent),
            (status(502, None, false), Outcome::NotSent),
            (status(400, Some("invalid_client"), false), Outcome::Auth),
            (status(403, Some("api_disabled"), false), Outcome::Auth),
            (
                Error::Auth {
                    call: CALL,
                    message: String::new(),
                },
                Outcome::Auth,
            ),
        ] {
            let login = Error::Login(Box::new(inner.clone()));
            assert_eq!(login.outcome(), outcome, "{inner}");
            assert!(!login.may_have_been_applied());
        }
        assert_eq!(lost(Lost::TimedOut).outcome(), Outcome::NoAnswer);
        assert!(lost(Lost::Broken).may_have_been_applied());
        assert!(!lost(Lost::NotConnected).may_have_been_applied());
    }
}
