//! Errors as people and programs can use them: `application/problem+json` (RFC 9457).

use crate::people::Refusal;
use crate::store::StoreError;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoResponses, ToSchema};

/// What went wrong, why, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// What happened, in a few words; the same for the same kind of problem.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// Why, for this request.
    pub detail: String,
    /// What to do.
    pub hint: String,
}

impl Problem {
    pub(super) fn new(
        status: StatusCode,
        title: &str,
        detail: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self {
            title: title.to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
            hint: hint.into(),
        }
    }

    pub(super) fn bad_request(detail: impl Into<String>, hint: impl Into<String>) -> Self {
        let title = "The request can't be understood";
        Self::new(StatusCode::BAD_REQUEST, title, detail, hint)
    }

    pub(super) fn not_found(detail: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "Not found", detail, hint)
    }

    pub(super) fn no_plan() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "No plan is loaded",
            "without a plan there are no topics and no scores",
            "run `topicscore check`: it names what is wrong with the plan",
        )
    }

    pub(super) fn code(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}; {}", self.title, self.detail, self.hint)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::warn!(%error, "the admin interface can't use the store");
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "The store can't be read",
            error.to_string(),
            "see /readyz and the log; free disk space and the file's owner are the usual causes",
        )
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unknown { what, hint } => Self::not_found(what, hint),
            Refusal::Wrong { what, hint } => Self::bad_request(what, hint),
            Refusal::Store(error) => error.into(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.code(), axum::Json(&self)).into_response();
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response
    }
}

/// What every route can answer before it is asked.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "only describes answers in the OpenAPI document")]
pub(super) enum Foreign {
    /// No password is set and the request names a host that is not this machine.
    #[response(status = 421, content_type = "application/problem+json")]
    WrongHost(Problem),
}

/// What every route behind the login can answer before it is asked.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "only describes answers in the OpenAPI document")]
pub(super) enum Guarded {
    /// A password is set and the request has neither a session nor Basic credentials.
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthorized(Problem),
    /// No password is set and the request names a host that is not this machine.
    #[response(status = 421, content_type = "application/problem+json")]
    WrongHost(Problem),
    /// Too many wrong passwords came from this address; `Retry-After` says when to try again.
    #[response(status = 429, content_type = "application/problem+json")]
    TooMany(Problem),
}

/// What a route that reads the store can answer.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "only describes answers in the OpenAPI document")]
pub(super) enum Reading {
    /// The store can't be read, no plan is loaded, or the answer took too long.
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(Problem),
}

/// What a route that changes something can answer.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "only describes answers in the OpenAPI document")]
pub(super) enum Changing {
    /// The request comes from another site, or has a session's cookie without its CSRF token.
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(Problem),
}

/// What a route with parameters can answer.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "only describes answers in the OpenAPI document")]
pub(super) enum Parameters {
    /// A parameter can't be understood.
    #[response(status = 400, content_type = "application/problem+json")]
    BadRequest(Problem),
}
