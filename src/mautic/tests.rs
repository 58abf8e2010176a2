//! The client against a server in this process: login, refresh, refusals, limits, lost answers.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed unwrap is a failed test"
)]

mod endpoints;
mod login;
mod trouble;

use super::budget::{Limits, LocalBudget};
use super::*;
use crate::clock::ManualClock;
use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Method, Response, Uri},
};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use url::Url;

const NOW: &str = "2026-11-21T20:00:00Z";
const SECRET: &str = "client-secret-27";

/// A request as the server saw it.
#[derive(Debug, Clone)]
struct Seen {
    method: Method,
    target: String,
    login: String,
    body: String,
}

impl Seen {
    fn is_login(&self) -> bool {
        self.target == "/oauth/v2/token"
    }
}

/// Status, headers, body.
type Reply = (u16, Vec<(&'static str, String)>, String);
/// Answers the n-th request (from 1) to this target's kind: API calls and logins count apart.
type Script = Box<dyn Fn(&Seen, usize) -> Option<Reply> + Send + Sync>;

struct Server {
    url: Url,
    seen: Arc<Mutex<Vec<Seen>>>,
}

struct Shared {
    script: Script,
    seen: Arc<Mutex<Vec<Seen>>>,
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let header = headers.get("authorization").and_then(|v| v.to_str().ok());
    let seen = Seen {
        method,
        target: uri.to_string(),
        login: header.unwrap_or_default().to_owned(),
        body: String::from_utf8(body.to_vec()).unwrap(),
    };
    let number = {
        let mut all = shared.seen.lock().unwrap();
        all.push(seen.clone());
        let kind = seen.is_login();
        all.iter().filter(|other| other.is_login() == kind).count()
    };
    let Some((status, headers, body)) = (shared.script)(&seen, number) else {
        return std::future::pending().await;
    };
    let mut response = Response::builder()
        .status(status)
        .header("content-type", "application/json");
    for (name, value) in headers {
        response = response.header(name, value);
    }
    response.body(Body::from(body)).unwrap()
}

impl Server {
    async fn start(script: impl Fn(&Seen, usize) -> Option<Reply> + Send + Sync + 'static) -> Self {
        let seen = Arc::<Mutex<Vec<Seen>>>::default();
        let shared = Arc::new(Shared {
            script: Box::new(script),
            seen: Arc::clone(&seen),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let app = Router::new().fallback(answer).with_state(shared);
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self {
            url: url.parse().unwrap(),
            seen,
        }
    }

    /// A server that logs everybody in and answers API calls by `script`.
    async fn api(script: impl Fn(&Seen, usize) -> Option<Reply> + Send + Sync + 'static) -> Self {
        Self::start(move |seen, number| {
            if seen.is_login() {
                Some(token(&format!("token-{number}")))
            } else {
                script(seen, number)
            }
        })
        .await
    }

    /// Requests that were no logins.
    fn calls(&self) -> Vec<Seen> {
        let seen = self.seen.lock().unwrap();
        seen.iter()
            .filter(|seen| !seen.is_login())
            .cloned()
            .collect()
    }

    fn logins(&self) -> usize {
        let seen = self.seen.lock().unwrap();
        seen.iter().filter(|seen| seen.is_login()).count()
    }
}

fn token(token: &str) -> Reply {
    let body =
        json!({"access_token": token, "expires_in": 3600, "token_type": "bearer", "scope": null});
    (200, Vec::new(), body.to_string())
}

#[allow(clippy::unnecessary_wraps, reason = "scripts answer with an Option")]
fn ok(body: &Value) -> Option<Reply> {
    let version = vec![("mautic-version", "5.1.1".to_owned())];
    Some((200, version, body.to_string()))
}

/// An error with Mautic's body, as its API (with a version) or its framework sends it.
fn refusal(status: u16, message: &str, kind: Option<&str>, from_api: bool) -> Reply {
    let body = json!({"errors": [{"message": message, "code": status, "type": kind}]});
    let version = ("mautic-version", "5.1.1".to_owned());
    (
        status,
        from_api.then_some(version).into_iter().collect(),
        body.to_string(),
    )
}

fn unauthorized() -> Reply {
    refusal(
        401,
        "The access token provided is invalid.",
        Some("invalid_grant"),
        false,
    )
}

struct Setup {
    client: Client,
    clock: ManualClock,
    tokens: Arc<MemoryTokens>,
}

fn client_credentials() -> Credentials {
    Credentials::ClientCredentials {
        id: "1_abc".to_owned(),
        secret: SECRET.into(),
    }
}

fn setup_with(url: &Url, credentials: Credentials, change: impl FnOnce(&mut Settings)) -> Setup {
    let clock = ManualClock::new(NOW.parse().unwrap());
    let tokens = Arc::new(MemoryTokens::default());
    let mut settings = Settings::new(url.clone(), credentials);
    settings.reads.first_pause = Duration::ZERO;
    settings.timeout = Duration::from_secs(20);
    change(&mut settings);
    let generous = Limits {
        per_minute: 10_000,
        burst: 10_000,
        in_flight: 64,
    };
    let parts = Parts {
        clock: Arc::new(clock.clone()),
        budget: Arc::new(LocalBudget::new(generous, Arc::new(clock.clone()))),
        tokens: tokens.clone(),
    };
    Setup {
        client: Client::new(settings, parts).unwrap(),
        clock,
        tokens,
    }
}

fn setup(server: &Server) -> Setup {
    setup_with(&server.url, client_credentials(), |_| {})
}
