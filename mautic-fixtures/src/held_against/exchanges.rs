//! Holds the stand-in against recorded single exchanges: status, headers that mean something, and the body's shape.

use std::path::Path;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::answers::recorded_body;
use super::seeds::Ground;
use super::session::{Request, Response, SessionError};
use super::shape;
use super::wire::{self, WireRequest, WireResponse};
use crate::{ClockKind, Options, StandIn};

/// Headers that mean something.
const HEADERS: &[&str] = &[
    "content-type",
    "mautic-version",
    "www-authenticate",
    "location",
];

/// One recorded exchange.
#[derive(Debug, Clone, Deserialize)]
pub struct Exchange {
    /// Unique in its file.
    pub name: String,
    /// What it shows, and what the recorder shortened.
    #[serde(default)]
    pub about: String,
    /// The request.
    pub request: Request,
    /// The recorded answer.
    pub response: Response,
}

/// What came of all exchanges.
#[derive(Debug, Default, Serialize)]
pub struct ExchangeReport {
    /// Exchanges in the files.
    pub exchanges: usize,
    /// Exchanges sent.
    pub tried: usize,
    /// Exchanges that agree.
    pub agree: usize,
    /// Those that do not.
    pub differences: Vec<ExchangeDifference>,
    /// Those not tried, with the reason.
    pub not_covered: Vec<NotCovered>,
}

/// An exchange that does not agree.
#[derive(Debug, Serialize)]
pub struct ExchangeDifference {
    /// Area and name.
    pub exchange: String,
    /// Method and path.
    pub request: String,
    /// Where it disagrees.
    #[serde(rename = "where")]
    pub places: Vec<String>,
}

/// An exchange that was not tried.
#[derive(Debug, Serialize)]
pub struct NotCovered {
    /// Area and name.
    pub exchange: String,
    /// Why.
    pub reason: String,
}

/// Reads a file of exchanges.
///
/// # Errors
/// When it cannot be read or a line is no exchange.
pub fn read(path: &Path) -> Result<Vec<Exchange>, SessionError> {
    let text = std::fs::read_to_string(path).map_err(|source| SessionError::Io {
        path: path.to_owned(),
        source,
    })?;
    parse(&path.display().to_string(), &text)
}

/// Parses exchanges, one per line; `name` is used in errors.
///
/// # Errors
/// When a line is no exchange.
pub fn parse(name: &str, text: &str) -> Result<Vec<Exchange>, SessionError> {
    let lines = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty());
    let exchange = |(index, line): (usize, &str)| {
        serde_json::from_str(line).map_err(|error| SessionError::Line {
            name: name.to_owned(),
            line: index + 1,
            reason: format!("not an exchange: {error}"),
        })
    };
    lines.map(exchange).collect()
}

impl ExchangeReport {
    /// Tries the exchanges of one area.
    ///
    /// # Errors
    /// When a stand-in cannot be started or talked to.
    pub async fn add(&mut self, area: &str, exchanges: &[Exchange]) -> std::io::Result<()> {
        for exchange in exchanges {
            let name = format!("{area}/{}", exchange.name);
            self.exchanges += 1;
            if let Some(reason) = reason_not_to_try(area, exchange) {
                self.not_covered.push(NotCovered {
                    exchange: name,
                    reason: reason.to_owned(),
                });
                continue;
            }
            let places = attempt(exchange).await?;
            self.tried += 1;
            if places.is_empty() {
                self.agree += 1;
                continue;
            }
            let request = format!("{} {}", exchange.request.method, exchange.request.path);
            self.differences.push(ExchangeDifference {
                exchange: name,
                request,
                places,
            });
        }
        Ok(())
    }

    /// The report as text.
    #[must_use]
    pub fn human(&self) -> String {
        let mut lines = Vec::new();
        for ExchangeDifference {
            exchange,
            request,
            places,
        } in &self.differences
        {
            lines.push(format!("{exchange}: {request}"));
            lines.extend(places.iter().map(|place| format!("    {place}")));
        }
        lines.extend(
            self.not_covered
                .iter()
                .map(|not| format!("not tried: {} ({})", not.exchange, not.reason)),
        );
        lines.push(format!(
            "\n{} exchanges: {} tried, {} agree, {} differ, {} not tried",
            self.exchanges,
            self.tried,
            self.agree,
            self.differences.len(),
            self.not_covered.len()
        ));
        lines.join("\n")
    }
}

/// Words in the name or description of an exchange that a fresh stand-in with a few things in it cannot show, and why.
const BEYOND: &[(&[&str], &str)] = &[
    (
        &[
            "limited-role",
            "limited role",
            "role-",
            "other user",
            "second user",
        ],
        "needs another user with a limited role; the stand-in has one administrator",
    ),
    (
        &[
            "api-disabled",
            "API disabled",
            "basic-disabled",
            "basic auth disabled",
            "authorization code",
        ],
        "needs another login configuration",
    ),
    (
        &["token-refresh", "token-authorization-code"],
        "needs another login configuration",
    ),
    (
        &["timezone", "time zone"],
        "needs another time zone in the configuration",
    ),
    (
        &["concurrent", "parallel", "deadlock"],
        "shows a race; the stand-in takes one request at a time",
    ),
    (
        &["mail server", "smtp down"],
        "needs a mail server that is down",
    ),
    (
        &["basic-wrong", "basic-unknown-user"],
        "the recorder took the wrong credentials out",
    ),
    (
        &["json-invalid-utf8"],
        "the recorder could not write the invalid bytes down",
    ),
    (&["expired"], "needs a token that has expired"),
    (
        &["deleted-contact", "deleted contact", "trigger-event-throws"],
        "what went before cannot be told from the exchange",
    ),
];

/// Routes the stand-in does not have.
const NO_ROUTE: &[&str] = &["/api/notes", "/api/roles/new", "/api/users/new"];

/// Why an exchange is not tried, if it is not.
fn reason_not_to_try(area: &str, exchange: &Exchange) -> Option<&'static str> {
    let Exchange {
        name,
        about,
        request,
        response,
    } = exchange;
    if matches!(
        area,
        "companies" | "smses" | "dynamiccontents" | "categories"
    ) {
        return Some("the stand-in does not have this area");
    }
    if NO_ROUTE.iter().any(|route| request.path.starts_with(route)) {
        return Some(
            "the stand-in has no such route: it keeps no notes and one user with one role",
        );
    }
    if about.contains("request body cut") || response.status == 413 {
        return Some(
            "the recorder cut the request body, or the web server in front of Mautic answered",
        );
    }
    let said = |words: &&[&str]| {
        words
            .iter()
            .any(|word| name.contains(word) || about.contains(word))
    };
    if let Some((_, reason)) = BEYOND.iter().find(|(words, _)| said(words)) {
        return Some(reason);
    }
    let redacted = |value: &Value| {
        value
            .as_str()
            .is_some_and(|value| value.contains("redacted"))
    };
    let taken_out = request.path.contains('{') || request.headers.values().any(redacted);
    taken_out.then_some("refers to something the recorder took out")
}

async fn attempt(exchange: &Exchange) -> std::io::Result<Vec<String>> {
    let limit = if exchange.name.contains("rate-limit") {
        20
    } else {
        0
    };
    let options = Options {
        site_url: Some("http://127.0.0.1:8088".to_owned()),
        api_rate_limiter_limit: limit,
        clock: ClockKind::Manual(
            jiff::Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_hours(24 * 365 * 50),
        ),
        ..Options::default()
    };
    let client_id = options.oauth_client.id.clone();
    let client_secret = options.oauth_client.secret.clone();
    let basic = format!(
        "Basic {}",
        STANDARD.encode(format!("{}:{}", options.user.name, options.user.password))
    );
    let client = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}",
        options.oauth_client.id, options.oauth_client.secret
    );
    let stand_in = StandIn::start(options).await?;
    let token = token(&stand_in, client).await?;
    let ground = Ground::lay(&stand_in, &format!("Bearer {token}")).await?;
    let filled = |text: &str| {
        let both = STANDARD.encode(format!("{client_id}:{client_secret}"));
        text.replace("<base64 client_id:client_secret>", &both)
            .replace("<client_id>", &client_id)
            .replace("<client_secret>", &client_secret)
    };
    let message = filled_message(message(&exchange.request, &token, &basic), filled);
    ground
        .prepare(&exchange.request, &exchange.response)
        .await?;
    if exchange.response.status == 429 {
        for _ in 0..=limit {
            wire::send(stand_in.address(), "127.0.0.1:8088", &message).await?;
        }
    }
    let answer = wire::send(stand_in.address(), "127.0.0.1:8088", &message).await?;
    stand_in.stop().await;
    Ok(places(&exchange.response, &answer))
}

async fn token(stand_in: &StandIn, client: String) -> std::io::Result<String> {
    let request = WireRequest {
        method: "POST".to_owned(),
        path: "/oauth/v2/token".to_owned(),
        headers: vec![(
            "Content-Type".to_owned(),
            "application/x-www-form-urlencoded".to_owned(),
        )],
        body: Some(client.into_bytes()),
    };
    let answer = wire::send(stand_in.address(), "127.0.0.1:8088", &request).await?;
    let body: Value = serde_json::from_slice(&answer.body)?;
    Ok(body
        .get("access_token")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned())
}

fn message(request: &Request, token: &str, basic: &str) -> WireRequest {
    let value = |text: &str| match text {
        "Bearer <token>" => format!("Bearer {token}"),
        "Basic <ok>" | "Basic <base64 user:password>" => basic.to_owned(),
        other => other.to_owned(),
    };
    let headers = request
        .headers
        .iter()
        .map(|(name, text)| (name.clone(), value(text.as_str().unwrap_or_default())));
    let body = match &request.body {
        Value::Null => None,
        Value::String(text) => Some(text.clone().into_bytes()),
        json => Some(json.to_string().into_bytes()),
    };
    WireRequest {
        method: request.method.clone(),
        path: request.path.clone(),
        headers: headers.collect(),
        body,
    }
}

/// A message with the recorder's placeholders for the client's credentials replaced.
fn filled_message(message: WireRequest, filled: impl Fn(&str) -> String) -> WireRequest {
    let headers = message
        .headers
        .iter()
        .map(|(name, value)| (name.clone(), filled(value)));
    let body = message.body.map(|body| match String::from_utf8(body) {
        Ok(text) => filled(&text).into_bytes(),
        Err(bytes) => bytes.into_bytes(),
    });
    WireRequest {
        path: filled(&message.path),
        headers: headers.collect(),
        body,
        method: message.method,
    }
}

fn places(expected: &Response, answer: &WireResponse) -> Vec<String> {
    let mut found = Vec::new();
    if expected.status != answer.status {
        found.push(format!(
            "/status: expected {}, got {}",
            expected.status, answer.status
        ));
        return found;
    }
    for name in HEADERS {
        let recorded = expected
            .headers
            .get(*name)
            .and_then(Value::as_str)
            .map(without_ids);
        let got = answer.header(name).map(without_ids);
        if recorded != got {
            found.push(format!(
                "/headers/{name}: expected {recorded:?}, got {got:?}"
            ));
        }
    }
    let html = expected
        .body
        .as_str()
        .is_some_and(|text| text.starts_with("[html left out]") || text.contains("cut at"));
    if !html {
        found.extend(shape::disagreements(
            "/body",
            &expected.body,
            &recorded_body(answer),
        ));
    }
    found
}

fn without_ids(text: &str) -> String {
    text.split('/')
        .map(|part| {
            if part.parse::<u64>().is_ok() {
                "ID"
            } else {
                part
            }
        })
        .collect::<Vec<_>>()
        .join("/")
}
