//! Webhooks by HTTP, signed as the Standard Webhooks specification says.

use super::decide::Trouble;
use super::ports::{Hooks, WebhookCall};
use super::sign;
use crate::clock::Clock;
use jiff::{Timestamp, fmt::rfc2822};
use reqwest::{Client, Response, StatusCode, header, redirect};
use secrecy::{ExposeSecret, SecretString};
use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};
use url::Url;

const CONNECT: Duration = Duration::from_secs(10);
/// Longest wait for an answer; the specification recommends 15 to 30 s.
const ANSWER: Duration = Duration::from_secs(20);
/// So much of an answer is kept, in bytes.
const SHOWN: usize = 200;

/// A receiver of webhooks.
#[derive(Debug, Clone)]
pub struct HookTarget {
    /// Name that plans call it by.
    pub name: String,
    /// Its address.
    pub url: Url,
    /// Secret shared with it: `whsec_` and 24 to 64 bytes in base64.
    pub secret: SecretString,
}

/// Calls webhooks.
pub struct HttpHooks {
    receivers: BTreeMap<String, Receiver>,
    clock: Arc<dyn Clock>,
}

struct Receiver {
    url: Url,
    key: Vec<u8>,
    http: Client,
}

/// Keys and paths of addresses are secrets: only names are shown.
impl fmt::Debug for HttpHooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpHooks")
            .field("receivers", &self.receivers.keys())
            .finish_non_exhaustive()
    }
}

impl HttpHooks {
    /// Knows these receivers.
    ///
    /// # Errors
    /// When a secret is none, or TLS can't be set up; the text names the receiver.
    pub fn new(
        targets: impl IntoIterator<Item = HookTarget>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, String> {
        let mut receivers = BTreeMap::new();
        for target in targets {
            let name = target.name.clone();
            let receiver = receiver(target).map_err(|why| format!("webhook `{name}`: {why}"))?;
            receivers.insert(name, receiver);
        }
        Ok(Self { receivers, clock })
    }
}

fn receiver(target: HookTarget) -> Result<Receiver, String> {
    let key = sign::key(target.secret.expose_secret())
        .ok_or("the secret is not `whsec_` and 24 to 64 bytes in base64")?;
    let http = if is_loopback(&target.url) {
        // A proxy named in the environment would look for the receiver on its own machine.
        Client::builder().no_proxy()
    } else {
        Client::builder()
    };
    let http = http
        .user_agent(concat!("topicscore/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT)
        .timeout(ANSWER)
        .redirect(redirect::Policy::none())
        .build()
        .map_err(|error| format!("the HTTP client: {error}"))?;
    Ok(Receiver {
        url: target.url,
        key,
        http,
    })
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

#[async_trait::async_trait]
impl Hooks for HttpHooks {
    async fn call(&self, call: &WebhookCall) -> Result<String, Trouble> {
        let name = &call.target;
        let Some(receiver) = self.receivers.get(name) else {
            return Err(Trouble::Refused {
                what: format!(
                    "the config has no webhook `{name}`: add a [[webhook_target]] of this name"
                ),
            });
        };
        let now = self.clock.now();
        let seconds = now.as_second();
        let signature = sign::signature(&receiver.key, &call.id, seconds, &call.body);
        let request = receiver
            .http
            .post(receiver.url.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .header("webhook-id", &call.id)
            .header("webhook-timestamp", seconds)
            .header("webhook-signature", signature)
            .body(call.body.clone());
        match request.send().await {
            Ok(answer) => judge(name, answer, now).await,
            // Its text would show the address.
            Err(error) if error.is_connect() || error.is_builder() => Err(Trouble::later(format!(
                "webhook `{name}`: no connection; is the receiver running, and its address right?"
            ))),
            Err(error) => Err(Trouble::Unsure {
                what: if error.is_timeout() {
                    format!("webhook `{name}`: no answer in {} s", ANSWER.as_secs())
                } else {
                    format!("webhook `{name}`: the connection broke")
                },
            }),
        }
    }
}

/// Anything but 2xx is a failure; a receiver that answers 410 wants no more.
async fn judge(name: &str, mut answer: Response, now: Timestamp) -> Result<String, Trouble> {
    let (status, until) = (answer.status(), retry_after(&answer, now));
    let mut body = Vec::new();
    while body.len() < SHOWN {
        match answer.chunk().await {
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) | Err(_) => break,
        }
    }
    body.truncate(SHOWN);
    let said = format!("{} {}", status.as_u16(), String::from_utf8_lossy(&body));
    let said = said.trim().to_owned();
    if status.is_success() {
        return Ok(said);
    }
    let what = format!("webhook `{name}` answered {said}");
    Err(if status == StatusCode::GONE {
        Trouble::Refused {
            what: format!("{what}: it wants no more webhooks"),
        }
    } else {
        Trouble::Later { what, until }
    })
}

fn retry_after(answer: &Response, now: Timestamp) -> Option<Timestamp> {
    let text = answer.headers().get(header::RETRY_AFTER)?.to_str().ok()?;
    match text.parse() {
        Ok(seconds) => now.checked_add(Duration::from_secs(seconds)).ok(),
        Err(_) => Some(rfc2822::parse(text).ok()?.timestamp()),
    }
}
