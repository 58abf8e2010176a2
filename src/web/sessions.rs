//! Who is logged in: sessions, CSRF tokens and the brake on guessing. In memory, so that a
//! restart logs everybody out; the time is a parameter.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How long a login lasts.
pub(super) const SESSION_LIFE: SignedDuration = SignedDuration::from_hours(12);
/// Failed logins that one address has within [`WINDOW`].
const MAX_FAILURES: u32 = 5;
/// How long failures count.
const WINDOW: SignedDuration = SignedDuration::from_mins(5);
/// Sessions and addresses remembered; the oldest go first.
const MAX_REMEMBERED: usize = 1000;

/// Sessions of one instance.
pub(super) struct Sessions {
    /// Signs CSRF tokens and compares secrets; new at every start.
    key: [u8; 64],
    cookie: String,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    /// Hash of a session's token, and when it ends.
    sessions: HashMap<[u8; 32], Timestamp>,
    failures: HashMap<Option<IpAddr>, Failures>,
}

struct Failures {
    count: u32,
    since: Timestamp,
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").finish_non_exhaustive()
    }
}

impl Sessions {
    pub(super) fn new(instance: &str) -> Self {
        // Cookies don't tell ports apart: two instances on one machine need two names.
        let name: String = instance
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
            .collect();
        Self {
            key: rand::random(),
            cookie: format!("topicscore_{name}"),
            inner: Mutex::default(),
        }
    }

    /// Name of the session's cookie.
    pub(super) fn cookie(&self) -> &str {
        &self.cookie
    }

    /// Name of the login form's cookie.
    pub(super) fn form_cookie(&self) -> String {
        format!("{}_form", self.cookie)
    }

    /// Name of the cookie that forms belong to where there is no session.
    pub(super) fn page_cookie(&self) -> String {
        format!("{}_page", self.cookie)
    }

    /// A token that nobody can guess.
    pub(super) fn token() -> String {
        URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
    }

    /// The CSRF token that belongs to a cookie's value.
    pub(super) fn csrf(&self, cookie: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.mac(cookie.as_bytes()))
    }

    /// Whether a form's CSRF token belongs to the cookie that came with it.
    pub(super) fn csrf_fits(&self, cookie: &str, token: &str) -> bool {
        self.same(self.csrf(cookie).as_bytes(), token.as_bytes())
    }

    /// Whether the password is right, in constant time; `Err`: too many failures, try again
    /// after so many seconds.
    pub(super) fn password_fits(
        &self,
        wanted: &SecretString,
        given: &str,
        from: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<bool, i64> {
        let mut inner = self.lock();
        inner
            .failures
            .retain(|_, failures| now.duration_since(failures.since) < WINDOW);
        if let Some(failures) = inner.failures.get(&from)
            && failures.count >= MAX_FAILURES
        {
            let left = WINDOW - now.duration_since(failures.since);
            return Err(left.as_secs().max(1));
        }
        let fits = self.same(wanted.expose_secret().as_bytes(), given.as_bytes());
        if fits {
            inner.failures.remove(&from);
        } else {
            inner.failed(from, now);
        }
        Ok(fits)
    }

    /// Starts a session; returns its token.
    pub(super) fn start(&self, now: Timestamp) -> String {
        let token = Self::token();
        let ends = now.saturating_add(SESSION_LIFE).unwrap_or(Timestamp::MAX);
        let mut inner = self.lock();
        inner.sessions.retain(|_, ends| *ends > now);
        if inner.sessions.len() >= MAX_REMEMBERED {
            let oldest = inner.sessions.iter().min_by_key(|(_, ends)| **ends);
            if let Some(oldest) = oldest.map(|(hash, _)| *hash) {
                inner.sessions.remove(&oldest);
            }
        }
        inner.sessions.insert(hash(&token), ends);
        token
    }

    /// Whether a session is alive.
    pub(super) fn alive(&self, token: &str, now: Timestamp) -> bool {
        let ends = self.lock().sessions.get(&hash(token)).copied();
        ends.is_some_and(|ends| ends > now)
    }

    /// Ends a session.
    pub(super) fn end(&self, token: &str) {
        self.lock().sessions.remove(&hash(token));
    }

    /// Compares digests under a key that nobody knows: time tells nothing of the texts.
    fn same(&self, one: &[u8], other: &[u8]) -> bool {
        let mut mac = self.keyed();
        mac.update(one);
        mac.verify_slice(&self.mac(other)).is_ok()
    }

    fn mac(&self, text: &[u8]) -> [u8; 32] {
        let mut mac = self.keyed();
        mac.update(text);
        mac.finalize().into_bytes().into()
    }

    fn keyed(&self) -> Hmac<Sha256> {
        Hmac::new(&self.key.into())
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn failed(&mut self, from: Option<IpAddr>, now: Timestamp) {
        if self.failures.len() >= MAX_REMEMBERED && !self.failures.contains_key(&from) {
            let oldest = self.failures.iter().min_by_key(|(_, f)| f.since);
            if let Some(oldest) = oldest.map(|(from, _)| *from) {
                self.failures.remove(&oldest);
            }
        }
        let failures = self.failures.entry(from).or_insert(Failures {
            count: 0,
            since: now,
        });
        failures.count += 1;
    }
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}
