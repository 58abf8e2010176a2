//! What goes back to a client.

use serde_json::Value;

use crate::php;

/// The version Mautic names in the header of its API controllers' answers (FACTS 140).
pub const MAUTIC_VERSION: &str = "5.1.1";

/// A whole answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Header names and values in order; a name may come twice (`set-cookie`).
    pub headers: Vec<(String, String)>,
    /// The body's bytes.
    pub body: Vec<u8>,
}

impl Answer {
    /// An answer of an API controller: JSON with `mautic-version`.
    #[must_use]
    pub fn api(status: u16, body: &Value) -> Self {
        Self::json(status, body).with_header("mautic-version", MAUTIC_VERSION)
    }

    /// JSON made outside the API controllers (login, routing, uncaught exceptions): without `mautic-version`.
    #[must_use]
    pub fn json(status: u16, body: &Value) -> Self {
        Self::new(
            status,
            "application/json",
            php::json_encode_exact(body).into_bytes(),
        )
    }

    /// A page; only its title matters to anybody.
    #[must_use]
    pub fn html(status: u16, title: &str) -> Self {
        let title = php::html::escape(title);
        let body =
            format!("<!DOCTYPE html><html><head><title>{title}</title></head><body></body></html>");
        Self::new(status, "text/html; charset=UTF-8", body.into_bytes())
    }

    /// An answer with this content type.
    #[must_use]
    pub fn new(status: u16, content_type: &str, body: Vec<u8>) -> Self {
        Self {
            status,
            headers: vec![("content-type".to_owned(), content_type.to_owned())],
            body,
        }
    }

    /// A redirect with Symfony's little page.
    #[must_use]
    pub fn redirect(status: u16, location: &str) -> Self {
        Self::html(status, &format!("Redirecting to {location}")).with_header("location", location)
    }

    /// The answer with one header more.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// An exception nobody catches: the request ends here, what was stored before stays stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Exception {
    /// The exception's message; shown only by the controllers that catch it themselves.
    pub message: String,
}

impl Exception {
    /// An exception with this message.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
        }
    }
}

/// Why a handler ended without its usual answer.
#[derive(Clone, Debug)]
pub enum Failure {
    /// An error answer made on purpose.
    Answer(Answer),
    /// Nothing answers this method and path.
    NoRoute,
    /// An uncaught exception: status 500 with the generic text.
    Exception(Exception),
}

impl From<Answer> for Failure {
    fn from(answer: Answer) -> Self {
        Self::Answer(answer)
    }
}

impl From<Exception> for Failure {
    fn from(exception: Exception) -> Self {
        Self::Exception(exception)
    }
}

/// What every handler returns.
pub type Handled = Result<Answer, Failure>;
