//! Who may change something: forms and requests are tied to the browser they were shown in.
//!
//! With a session, a change needs the CSRF token of that session. Without one (no password is
//! set, or Basic credentials are sent), a form needs the token of its own cookie; the JSON API
//! then stands on what browsers do not let other sites send: JSON bodies and DELETE. What comes
//! from another site is refused before all that, see [`same_origin`](super::guard::same_origin).

use super::cookies;
use super::guard::Session;
use super::problem::Problem;
use super::sessions::{SESSION_LIFE, Sessions};
use super::state::Admin;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use std::convert::Infallible;
use std::sync::Arc;

/// Where programs with a session put its CSRF token.
const HEADER: &str = "x-csrf-token";

/// The token of a page's forms, and the cookie it belongs to if that is new.
#[derive(Debug)]
pub(super) struct FormToken {
    pub(super) csrf: String,
    pub(super) cookie: Option<HeaderValue>,
}

impl FromRequestParts<Arc<Admin>> for FormToken {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, admin: &Arc<Admin>) -> Result<Self, Infallible> {
        if let Some(known) = Browser::of(parts, admin) {
            return Ok(Self {
                csrf: admin.sessions.csrf(&known.0),
                cookie: None,
            });
        }
        let token = Sessions::token();
        let name = admin.sessions.page_cookie();
        let life = SESSION_LIFE.as_secs();
        Ok(Self {
            csrf: admin.sessions.csrf(&token),
            cookie: cookies::set(&parts.headers, &name, &token, life),
        })
    }
}

/// What a browser is known by: its session, else the cookie of its forms.
#[derive(Debug)]
struct Browser(String);

impl Browser {
    fn of(parts: &Parts, admin: &Admin) -> Option<Self> {
        if let Some(Session(token)) = parts.extensions.get() {
            return Some(Self(token.clone()));
        }
        let cookie = cookies::get(&parts.headers, &admin.sessions.page_cookie());
        cookie.map(|cookie| Self(cookie.to_owned()))
    }
}

/// The browser that sent a form; its token is still to be looked at.
#[derive(Debug)]
pub(super) struct Sender(Option<Browser>);

impl FromRequestParts<Arc<Admin>> for Sender {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, admin: &Arc<Admin>) -> Result<Self, Infallible> {
        Ok(Self(Browser::of(parts, admin)))
    }
}

impl Sender {
    /// Whether the form was shown to this browser.
    pub(super) fn check(&self, admin: &Admin, csrf: &str) -> Result<(), Problem> {
        let known = self.0.as_ref();
        if known.is_some_and(|Browser(known)| admin.sessions.csrf_fits(known, csrf)) {
            return Ok(());
        }
        Err(Problem::new(
            StatusCode::FORBIDDEN,
            "Nothing was changed",
            "this form had expired, or cookies are off",
            "open the page again and send its form",
        ))
    }
}

/// A request of a program that may change something.
#[derive(Debug)]
pub(super) struct Trusted;

impl FromRequestParts<Arc<Admin>> for Trusted {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, admin: &Arc<Admin>) -> Result<Self, Problem> {
        let Some(Session(session)) = parts.extensions.get() else {
            return Ok(Self);
        };
        let token = parts.headers.get(HEADER);
        let token = token.and_then(|token| token.to_str().ok());
        if token.is_some_and(|token| admin.sessions.csrf_fits(session, token)) {
            return Ok(Self);
        }
        Err(Problem::new(
            StatusCode::FORBIDDEN,
            "Nothing was changed",
            "the request has a session's cookie without its token in the header X-CSRF-Token",
            "take the token from the field `csrf` of any page's form, or send Basic credentials \
             instead of the cookie",
        ))
    }
}
