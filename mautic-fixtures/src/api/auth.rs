//! Who may call the API: bearer tokens and Basic (FACTS 142).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::errors::outside;
use crate::server::answer::Failure;
use crate::server::request::Request;
use crate::state::{Actor, State};

/// Full name of the one user.
const ADMIN_NAME: &str = "Admin Mautic";

/// The caller, or 401. The scheme's name is case-sensitive (FACTS N7).
pub(super) fn login(state: &State, request: &Request) -> Result<Actor, Failure> {
    let header = request.header("authorization").unwrap_or("");
    if let Some(credentials) = header.strip_prefix("Basic ") {
        return basic(state, credentials);
    }
    let in_header = header
        .strip_prefix("Bearer ")
        .map(str::trim)
        .filter(|token| !token.is_empty());
    let Some(token) = in_header.or_else(|| request.query_text("access_token")) else {
        return Err(outside(401, "API authorization denied.", Some("access_denied")).into());
    };
    match state.tokens.expiry(token) {
        None => Err(outside(
            401,
            "The access token provided is invalid.",
            Some("invalid_grant"),
        )
        .into()),
        Some(expiry) if expiry <= state.clock.now() => Err(outside(
            401,
            "The access token provided has expired.",
            Some("invalid_grant"),
        )
        .into()),
        Some(_) => Ok(Actor::Client {
            name: format!("{} [1]", state.options.oauth_client.name),
        }),
    }
}

fn basic(state: &State, credentials: &str) -> Result<Actor, Failure> {
    let user = &state.options.user;
    let decoded = STANDARD.decode(credentials.trim()).unwrap_or_default();
    if decoded == format!("{}:{}", user.name, user.password).into_bytes() {
        Ok(Actor::User {
            id: 1,
            name: ADMIN_NAME.to_owned(),
        })
    } else {
        Err(outside(
            401,
            "Authorization denied, invalid credentials.",
            Some("access_denied"),
        )
        .into())
    }
}
