//! The way every call takes: budget, login, exchange, retry of reads.

use super::auth::{Authenticator, Credentials, TokenStore};
use super::budget::{Budget, Feedback};
use super::error::{Error, Lost};
use super::outside::{Dice, Outside};
use super::request::Request;
use super::retry::{self, Attempt, Retry};
use super::transport::{Answer, Http, exchange};
use super::wire::{Page, entity, excerpt};
use crate::clock::Clock;
use jiff::{SignedDuration, Timestamp};
use reqwest::{Method, header::CONTENT_TYPE, header::HeaderValue};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::atomic::{AtomicI64, Ordering};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::Instant;
use tracing::{Instrument, field};
use url::Url;

/// Longest wait of a write for its turn in the budget.
const WRITE_TURN: Duration = Duration::from_secs(20);
/// Longest wait of a read for its turn: bulk reads may have to let many others go first.
const READ_TURN: Duration = Duration::from_mins(10);

/// How to reach one Mautic.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Mautic's address, with the folder it lives in if any: `https://m.example.test/mautic`.
    pub base_url: Url,
    /// How to log in.
    pub credentials: Credentials,
    /// Longest time for a connection to be made.
    pub connect_timeout: Duration,
    /// Longest time from sending a request to having the whole answer.
    pub timeout: Duration,
    /// How reads are repeated. Writes never are: who writes decides by [`retry::decide`].
    /// Its `longest_rate_limit` is also how long any call waits for a rate limit to end.
    pub reads: retry::Policy,
}

impl Settings {
    /// Settings with timeouts of 5 s and 30 s, and reads tried three times.
    #[must_use]
    pub fn new(base_url: Url, credentials: Credentials) -> Self {
        Self {
            base_url,
            credentials,
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(30),
            reads: retry::Policy {
                attempts: 3,
                longest_pause: Duration::from_secs(10),
                longest_rate_limit: Duration::from_secs(30),
                ..retry::Policy::default()
            },
        }
    }
}

/// What a client works with; another instance has others.
#[derive(Debug, Clone)]
pub struct Parts {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Leave to make requests.
    pub budget: Arc<dyn Budget>,
    /// Keeps the access token.
    pub tokens: Arc<dyn TokenStore>,
}

/// A client of one Mautic. Clones are cheap and share login, budget and connections.
#[derive(Debug, Clone)]
pub struct Client(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    outside: Outside,
    base_url: Url,
    auth: Authenticator,
    budget: Arc<dyn Budget>,
    clock: Arc<dyn Clock>,
    reads: retry::Policy,
    version: Mutex<Option<String>>,
    /// How far Mautic's clock is ahead of ours, in seconds, as its last answer said.
    ahead: AtomicI64,
}

impl Client {
    /// A client. Sends nothing yet.
    ///
    /// # Errors
    /// [`Error::Unsendable`] when the base URL is no http(s) address or TLS can't be set up.
    pub fn new(settings: Settings, parts: Parts) -> Result<Self, Error> {
        let outside = Outside {
            transport: Arc::new(Http::new(&settings)?),
            chance: Arc::new(Dice),
        };
        Self::with(settings, parts, outside)
    }

    /// A client with another outside than the network: the timeouts of the settings are then up to
    /// that. Sends nothing yet.
    ///
    /// # Errors
    /// [`Error::Unsendable`] when the base URL is no http(s) address.
    pub fn with(settings: Settings, parts: Parts, outside: Outside) -> Result<Self, Error> {
        let base_url = folder(settings.base_url)?;
        let auth = Authenticator::new(
            settings.credentials,
            Arc::clone(&outside.transport),
            at(&base_url, "/oauth/v2/token"),
            parts.tokens,
            Arc::clone(&parts.clock),
        );
        Ok(Self(Arc::new(Inner {
            outside,
            base_url,
            auth,
            budget: parts.budget,
            clock: parts.clock,
            reads: settings.reads,
            version: Mutex::default(),
            ahead: AtomicI64::new(0),
        })))
    }

    /// The version that Mautic named last, such as `5.1.1` (FACTS 140).
    #[must_use]
    pub fn version(&self) -> Option<String> {
        self.0.version().clone()
    }

    /// A number from 0 to 1 by which the pauses of many callers are spread.
    #[must_use]
    pub fn fraction(&self) -> f64 {
        self.0.outside.chance.fraction()
    }

    /// What Mautic's clock shows when ours shows `here`, as far as its answers tell: to the second,
    /// and the same where the two differ by no more than a slow answer explains.
    #[must_use]
    pub fn there(&self, here: Timestamp) -> Timestamp {
        let ahead = SignedDuration::from_secs(self.0.ahead.load(Ordering::Relaxed));
        here.saturating_add(ahead).unwrap_or(here)
    }

    /// Makes a call and reads the JSON of its answer.
    pub(super) async fn json(&self, request: Request) -> Result<Value, Error> {
        self.read(request, Ok).await
    }

    /// Makes a call and reads its answer with `read`.
    pub(super) async fn read<T>(
        &self,
        request: Request,
        read: impl FnOnce(Value) -> Result<T, String>,
    ) -> Result<T, Error> {
        let call = request.call.clone();
        let body = self.0.call(request).await?.body;
        let answer = serde_json::from_slice(&body).map_err(|error| format!("no JSON: {error}"));
        answer.and_then(read).map_err(|problem| Error::Shape {
            call,
            problem,
            excerpt: excerpt(&body),
        })
    }

    /// The single entity called `key` in an answer.
    pub(super) async fn one<T: DeserializeOwned>(
        &self,
        request: Request,
        key: &str,
    ) -> Result<T, Error> {
        self.read(request, |answer| entity(answer, key)).await
    }

    /// One page of the list called `key`.
    pub(super) async fn page<T: DeserializeOwned>(
        &self,
        request: Request,
        key: &str,
    ) -> Result<Page<T>, Error> {
        self.read(request, |answer| Page::read(answer, key)).await
    }

    /// All entities of a list, by id, in pages of `size`.
    pub(super) async fn all<T: DeserializeOwned>(
        &self,
        request: Request,
        key: &str,
        size: u32,
    ) -> Result<Vec<T>, Error> {
        let mut found = Vec::new();
        loop {
            let page = request
                .clone()
                .query("start", found.len())
                .query("limit", size)
                .query("orderBy", "id")
                .query("orderByDir", "asc");
            let page: Page<T> = self.page(page, key).await?;
            let last = page.items.len() < size as usize;
            found.extend(page.items);
            if last || found.len() as u64 >= page.total {
                return Ok(found);
            }
        }
    }
}

impl Inner {
    /// Makes a call in its span. Reads are repeated while that can help.
    async fn call(&self, request: Request) -> Result<Answer, Error> {
        let span = tracing::info_span!(
            "mautic",
            method = request.call.method,
            path = request.call.path,
            status = field::Empty,
            latency_ms = field::Empty,
        );
        self.attempts(&request).instrument(span).await
    }

    async fn attempts(&self, request: &Request) -> Result<Answer, Error> {
        let mut number = 1;
        loop {
            let error = match self.attempt(request).await {
                Err(error) if request.method == Method::GET => error,
                result => return result,
            };
            let attempt = Attempt {
                number,
                idempotent: true,
                deadline: None,
            };
            let (fraction, now) = (self.outside.chance.fraction(), self.clock.now());
            match retry::decide(&self.reads, attempt, &error.outcome(), fraction, now) {
                Retry::After(pause) => {
                    tracing::debug!(%error, number, ?pause, "will be repeated");
                    tokio::time::sleep(pause).await;
                }
                Retry::GiveUp(_) | Retry::Unknown => return Err(error),
            }
            number += 1;
        }
    }

    /// One attempt, within the budget.
    async fn attempt(&self, request: &Request) -> Result<Answer, Error> {
        let limited = |until| Error::RateLimited {
            call: request.call.clone(),
            until,
        };
        let leave = self
            .budget
            .acquire(request.priority, self.reads.longest_rate_limit);
        // What a write rests on (whose an id is) grows old while it waits for its turn.
        let longest = if request.method == Method::GET {
            READ_TURN
        } else {
            WRITE_TURN
        };
        let leave = tokio::time::timeout(longest, leave)
            .await
            .map_err(|_| limited(None))?;
        let permit = leave.map_err(|closed| limited(Some(closed.until)))?;
        let started = Instant::now();
        let result = self.send(request).await;
        let latency = started.elapsed();
        if let Some(feedback) = feedback(&result, latency) {
            self.budget.report(request.call.path, feedback).await;
        }
        drop(permit);
        note(&result, latency);
        result
    }

    /// Sends with a login; after a 401 once more with a new one. Nothing was done by a 401.
    async fn send(&self, request: &Request) -> Result<Answer, Error> {
        let login = self.auth.login().await?;
        let refused = match self.exchange(request, &login).await {
            Err(error @ Error::Auth { .. }) => error,
            result => return result,
        };
        match self.auth.renew(&login).await? {
            Some(login) => self.exchange(request, &login).await,
            None => Err(refused),
        }
    }

    async fn exchange(
        &self,
        request: &Request,
        login: &super::auth::Login,
    ) -> Result<Answer, Error> {
        let mut url = at(&self.base_url, &request.path);
        if !request.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&request.query);
        }
        let mut sent = reqwest::Request::new(request.method.clone(), url);
        if let Some(body) = &request.body {
            let json = HeaderValue::from_static("application/json");
            sent.headers_mut().insert(CONTENT_TYPE, json);
            *sent.body_mut() = Some(body.to_string().into());
        }
        login.apply(sent.headers_mut());
        let answer = exchange(&request.call, &*self.outside.transport, sent).await?;
        if let Some(ahead) = answer.ahead_of(self.clock.now()) {
            self.ahead.store(ahead, Ordering::Relaxed);
        }
        if let Some(version) = answer.version() {
            let mut known = self.version();
            if known.as_deref() != Some(version) {
                *known = Some(version.to_owned());
            }
        }
        match answer.refused(&request.call, self.clock.now()) {
            Some(error) => Err(error),
            None => Ok(answer),
        }
    }

    fn version(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.version.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What an attempt tells of Mautic's state; nothing when Mautic was not asked.
fn feedback(result: &Result<Answer, Error>, latency: Duration) -> Option<Feedback> {
    match result {
        Err(Error::RateLimited { until, .. }) => Some(Feedback::RateLimited { until: *until }),
        Err(Error::Transport { .. } | Error::Status { status: 500.., .. }) => {
            Some(Feedback::Overloaded)
        }
        Err(Error::Login(_) | Error::TokenStore(_) | Error::Unsendable(_)) => None,
        _ => Some(Feedback::Answered { latency }),
    }
}

/// Writes the outcome of an attempt into its span and the log; bodies stay out of it.
fn note(result: &Result<Answer, Error>, latency: Duration) {
    let span = tracing::Span::current();
    let latency = u64::try_from(latency.as_millis()).unwrap_or(u64::MAX);
    span.record("latency_ms", latency);
    let status = match result {
        Ok(answer) => answer.status.as_u16(),
        Err(Error::Status { status, .. }) => *status,
        Err(Error::Auth { .. }) => 401,
        Err(Error::RateLimited { .. }) => 429,
        Err(Error::Transport { lost, .. }) => {
            return tracing::info!(connected = *lost != Lost::NotConnected, "no answer");
        }
        Err(_) => return tracing::info!("not sent"),
    };
    span.record("status", status);
    tracing::debug!("answered");
}

/// The base URL as a folder, so that paths can be put behind it.
fn folder(mut url: Url) -> Result<Url, Error> {
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(Error::Unsendable(
            "the base URL is no http:// or https:// address".to_owned(),
        ));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Error::Unsendable(
            "the base URL has a user or password in it; these belong into the credentials"
                .to_owned(),
        ));
    }
    url.set_query(None);
    url.set_fragment(None);
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(url)
}

fn at(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}{path}", base.path().trim_end_matches('/')));
    url
}
