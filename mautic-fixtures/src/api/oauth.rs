//! The token endpoint (FACTS 141).

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::errors::outside;
use crate::server::answer::{Answer, Failure, Handled};
use crate::server::request::Request;
use crate::state::State;

/// Life of an access token in seconds.
const LIFETIME: i64 = 3600;

/// The access tokens given out so far.
#[derive(Clone, Debug, Default)]
pub struct Tokens {
    expiries: HashMap<String, Timestamp>,
}

impl Tokens {
    /// When a token ends; `None` for a token never given out.
    #[must_use]
    pub fn expiry(&self, token: &str) -> Option<Timestamp> {
        self.expiries.get(token).copied()
    }
}

/// Answers `/oauth/v2/token`, by GET and by POST.
pub(super) fn token(state: &mut State, request: &Request) -> Handled {
    let input = parameters(request);
    let text = |name: &str| input.get(name).and_then(Value::as_str);
    let grant = text("grant_type").unwrap_or("");
    if !matches!(
        grant,
        "client_credentials" | "authorization_code" | "refresh_token" | "password"
    ) {
        return Err(denied(
            "Invalid grant_type parameter or parameter missing",
            "invalid_request",
        ));
    }
    let in_header = basic(request);
    let (id, secret) = match &in_header {
        Some((id, secret)) => (id.as_str(), secret.as_str()),
        None => (
            text("client_id").unwrap_or(""),
            text("client_secret").unwrap_or(""),
        ),
    };
    if id.is_empty() {
        return Err(denied(
            "Client id was not found in the headers or body",
            "invalid_client",
        ));
    }
    let client = &state.options.oauth_client;
    if id != client.id || secret != client.secret {
        return Err(denied(
            "The client credentials are invalid",
            "invalid_client",
        ));
    }
    match grant {
        "client_credentials" => Ok(issue(state)),
        "refresh_token" => Err(denied("Invalid refresh token", "invalid_grant")),
        "authorization_code" => Err(denied(
            "Missing parameter. \"code\" is required",
            "invalid_request",
        )),
        _ => Err(denied(
            "The grant type is unauthorized for this client_id",
            "unauthorized_client",
        )),
    }
}

fn issue(state: &mut State) -> Answer {
    let token = STANDARD_NO_PAD.encode(state.random.hex(64));
    let expiry = state.clock.now() + SignedDuration::from_secs(LIFETIME);
    state.tokens.expiries.insert(token.clone(), expiry);
    Answer::json(
        200,
        &json!({"access_token": token, "expires_in": LIFETIME, "token_type": "bearer", "scope": null}),
    )
}

fn denied(message: &str, kind: &str) -> Failure {
    outside(400, message, Some(kind)).into()
}

fn parameters(request: &Request) -> Map<String, Value> {
    let input = match (request.method.as_str(), request.content_type().as_str()) {
        ("GET", _) => request.query.clone(),
        (_, "application/json") => serde_json::from_slice(&request.body).unwrap_or_default(),
        _ => request.form(),
    };
    if let Value::Object(map) = input {
        map
    } else {
        Map::new()
    }
}

fn basic(request: &Request) -> Option<(String, String)> {
    let credentials = request.header("authorization")?.strip_prefix("Basic ")?;
    let decoded = String::from_utf8(STANDARD.decode(credentials).ok()?).ok()?;
    decoded
        .split_once(':')
        .map(|(id, secret)| (id.to_owned(), secret.to_owned()))
}
