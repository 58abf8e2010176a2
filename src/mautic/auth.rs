//! Login: `OAuth2` client credentials (recommended) or Basic.

use super::error::{Call, Error};
use super::outside::Transport;
use super::transport::exchange;
use crate::clock::Clock;
use async_trait::async_trait;
use base64::{Engine, prelude::BASE64_STANDARD};
use futures::future::{BoxFuture, FutureExt};
use jiff::{SignedDuration, Timestamp};
use oauth2::{
    AsyncHttpClient, AuthType, ClientId, ClientSecret, RequestTokenError, TokenResponse, TokenUrl,
    basic::{BasicClient, BasicTokenResponse},
    http,
};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::{fmt, sync::Arc, time::Duration};
use tokio::sync::Mutex;
use url::Url;

const TOKEN_CALL: Call = Call {
    method: "POST",
    path: "/oauth/v2/token",
};
/// A new token is fetched this long before the old one ends, or a tenth of its life if shorter.
const EARLY: SignedDuration = SignedDuration::from_mins(5);
/// Mautic's own default, for answers without `expires_in` (FACTS 141).
const USUAL_LIFE: Duration = Duration::from_hours(1);
/// After Mautic refused a login it is not asked again for so long: every call would ask.
const REFUSED_FOR: SignedDuration = SignedDuration::from_secs(15);

/// How to log in to Mautic.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// `OAuth2` client credentials.
    ClientCredentials {
        /// Public key of the API credentials.
        id: String,
        /// Secret key.
        secret: SecretString,
    },
    /// A user's name and password. Mautic checks the password with bcrypt at every call: about
    /// half a second of its CPU each (FACTS 142).
    Basic {
        /// User name.
        user: String,
        /// Password.
        password: SecretString,
    },
}

/// An access token.
#[derive(Debug, Clone)]
pub struct Token {
    /// The bearer token.
    pub secret: SecretString,
    /// End of its life, by our clock.
    pub expires_at: Timestamp,
    /// From then on a new one is fetched.
    renew_at: Timestamp,
    /// Client it was given to: a token of other credentials is not used.
    client: String,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    token: String,
    expires_at: Timestamp,
    renew_at: Timestamp,
    client: String,
}

impl Token {
    fn new(client: &str, secret: &str, life: Duration, now: Timestamp) -> Self {
        let life = SignedDuration::try_from(life).unwrap_or(SignedDuration::from_hours(1));
        let expires_at = now.saturating_add(life).unwrap_or(now);
        Self {
            secret: SecretString::from(secret),
            expires_at,
            renew_at: expires_at
                .saturating_sub(EARLY.min(life / 10))
                .unwrap_or(now),
            client: client.to_owned(),
        }
    }

    fn is_fresh(&self, now: Timestamp) -> bool {
        now < self.renew_at
    }

    fn is_valid(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }

    /// The token as text for a [`TokenStore`]. It is a secret.
    #[must_use]
    pub fn to_text(&self) -> SecretString {
        let stored = Stored {
            token: self.secret.expose_secret().to_owned(),
            expires_at: self.expires_at,
            renew_at: self.renew_at,
            client: self.client.clone(),
        };
        serde_json::to_string(&stored).unwrap_or_default().into()
    }

    /// Reads [`Token::to_text`]; `None` when it is something else: then a new token is fetched.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let stored: Stored = serde_json::from_str(text).ok()?;
        Some(Self {
            secret: stored.token.into(),
            expires_at: stored.expires_at,
            renew_at: stored.renew_at,
            client: stored.client,
        })
    }
}

/// Keeps the token of one instance, so that restarts and other processes use the same one.
#[async_trait]
pub trait TokenStore: Send + Sync + fmt::Debug {
    /// The token kept last.
    ///
    /// # Errors
    /// What a person should know of the store's failure.
    async fn load(&self) -> Result<Option<Token>, String>;

    /// Keeps a token. When it returns, the token is durable.
    ///
    /// # Errors
    /// What a person should know of the store's failure. The token is then not used.
    async fn save(&self, token: &Token) -> Result<(), String>;
}

/// A [`TokenStore`] that forgets with the process, for one-off commands and tests.
#[derive(Debug, Default)]
pub struct MemoryTokens(Mutex<Option<Token>>);

#[async_trait]
impl TokenStore for MemoryTokens {
    async fn load(&self) -> Result<Option<Token>, String> {
        Ok(self.0.lock().await.clone())
    }
    async fn save(&self, token: &Token) -> Result<(), String> {
        *self.0.lock().await = Some(token.clone());
        Ok(())
    }
}

/// Puts credentials on requests, and keeps the token fresh: one refresher at a time.
#[derive(Debug)]
pub(super) struct Authenticator {
    credentials: Credentials,
    transport: Arc<dyn Transport>,
    token_url: Url,
    store: Arc<dyn TokenStore>,
    clock: Arc<dyn Clock>,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    token: Option<Token>,
    loaded: bool,
    refused: Option<(Timestamp, Error)>,
}

/// What was put on a request: handed back when Mautic refuses it.
#[derive(Clone)]
pub(super) struct Login(SecretString);

impl Login {
    /// Puts it on a request; the header never shows in `Debug`.
    pub(super) fn apply(&self, headers: &mut HeaderMap) {
        // Without it Mautic answers 401, which says it best.
        if let Ok(mut value) = HeaderValue::from_str(self.0.expose_secret()) {
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
    }
}

impl Authenticator {
    pub(super) fn new(
        credentials: Credentials,
        transport: Arc<dyn Transport>,
        token_url: Url,
        store: Arc<dyn TokenStore>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            credentials,
            transport,
            token_url,
            store,
            clock,
            held: Mutex::default(),
        }
    }

    /// The login for the next request.
    pub(super) async fn login(&self) -> Result<Login, Error> {
        match &self.credentials {
            Credentials::Basic { user, password } => {
                let pair = format!("{user}:{}", password.expose_secret());
                Ok(Login(
                    format!("Basic {}", BASE64_STANDARD.encode(pair)).into(),
                ))
            }
            Credentials::ClientCredentials { id, secret } => {
                Ok(bearer(&self.token(id, secret).await?))
            }
        }
    }

    /// After a 401: a new login, or `None` when there can be no other one.
    pub(super) async fn renew(&self, refused: &Login) -> Result<Option<Login>, Error> {
        let Credentials::ClientCredentials { id, secret } = &self.credentials else {
            return Ok(None);
        };
        let mut held = self.held.lock().await;
        let usable = |token: &Token| {
            bearer(token).0.expose_secret() != refused.0.expose_secret()
                && token.is_valid(self.clock.now())
        };
        // Another task, or another process by way of the store, may have been quicker.
        let mut newer = held.token.clone().filter(usable);
        if newer.is_none() {
            newer = self.load(id).await?.filter(usable);
        }
        let token = match newer {
            Some(token) => token,
            None => self.fetch(&mut held, id, secret).await?,
        };
        let login = bearer(&token);
        held.token = Some(token);
        Ok(Some(login))
    }

    async fn token(&self, id: &str, secret: &SecretString) -> Result<Token, Error> {
        let mut held = self.held.lock().await;
        if !held.loaded {
            held.token = self.load(id).await?;
            held.loaded = true;
        }
        let now = self.clock.now();
        if let Some(token) = held.token.as_ref().filter(|token| token.is_fresh(now)) {
            return Ok(token.clone());
        }
        // Near the end of its life: another process may have stored a newer one.
        if let Some(token) = self.load(id).await?.filter(|token| token.is_fresh(now)) {
            held.token = Some(token.clone());
            return Ok(token);
        }
        match self.fetch(&mut held, id, secret).await {
            Err(error) => match held.token.as_ref().filter(|token| token.is_valid(now)) {
                Some(token) => {
                    tracing::warn!(%error, "no new access token; the old one is used while it lasts");
                    Ok(token.clone())
                }
                None => Err(error),
            },
            fetched => fetched,
        }
    }

    async fn load(&self, id: &str) -> Result<Option<Token>, Error> {
        let stored = self.store.load().await.map_err(Error::TokenStore)?;
        Ok(stored.filter(|token| token.client == id))
    }

    async fn fetch(
        &self,
        held: &mut Held,
        id: &str,
        secret: &SecretString,
    ) -> Result<Token, Error> {
        let now = self.clock.now();
        if let Some((until, error)) = held.refused.as_ref().filter(|(until, _)| now < *until) {
            tracing::debug!(%until, "login was refused a moment ago");
            return Err(error.clone());
        }
        let fetched = self.ask(id, secret).await;
        held.refused = None;
        let answer = fetched.map_err(|error| {
            let error = Error::Login(Box::new(error));
            let until = now.saturating_add(REFUSED_FOR).unwrap_or(now);
            held.refused = Some((until, error.clone()));
            error
        })?;
        let life = answer.expires_in().unwrap_or(USUAL_LIFE);
        let token = Token::new(id, answer.access_token().secret(), life, now);
        self.store.save(&token).await.map_err(Error::TokenStore)?;
        tracing::info!(expires_at = %token.expires_at, "new access token");
        held.token = Some(token.clone());
        Ok(token)
    }

    async fn ask(&self, id: &str, secret: &SecretString) -> Result<BasicTokenResponse, Error> {
        BasicClient::new(ClientId::new(id.to_owned()))
            .set_client_secret(ClientSecret::new(secret.expose_secret().to_owned()))
            .set_auth_type(AuthType::RequestBody)
            .set_token_uri(TokenUrl::from_url(self.token_url.clone()))
            .exchange_client_credentials()
            .request_async(self)
            .await
            .map_err(|error| match error {
                RequestTokenError::Request(error) => error,
                // The body may hold a token: only the problem is told.
                RequestTokenError::Parse(problem, _) => unexpected(&problem.to_string()),
                other => unexpected(&other.to_string()),
            })
    }

    async fn send(&self, request: oauth2::HttpRequest) -> Result<oauth2::HttpResponse, Error> {
        let request = reqwest::Request::try_from(request)
            .map_err(|error| Error::Unsendable(error.to_string()))?;
        let answer = exchange(&TOKEN_CALL, &*self.transport, request).await?;
        if let Some(error) = answer.refused(&TOKEN_CALL, self.clock.now()) {
            return Err(error);
        }
        let mut response = http::Response::new(answer.body);
        *response.status_mut() = answer.status;
        *response.headers_mut() = answer.headers;
        Ok(response)
    }
}

/// The `oauth2` crate's way to our own connection, with our timeouts and errors.
impl<'c> AsyncHttpClient<'c> for Authenticator {
    type Error = Error;
    type Future = BoxFuture<'c, Result<oauth2::HttpResponse, Error>>;

    fn call(&'c self, request: oauth2::HttpRequest) -> Self::Future {
        self.send(request).boxed()
    }
}

fn bearer(token: &Token) -> Login {
    // Mautic knows the scheme only with a capital B (FACTS N7).
    Login(format!("Bearer {}", token.secret.expose_secret()).into())
}

fn unexpected(problem: &str) -> Error {
    Error::Shape {
        call: TOKEN_CALL,
        problem: problem.to_owned(),
        excerpt: "not shown".to_owned(),
    }
}
