//! Small questions to listeners, without credentials.

use jiff::{SignedDuration, Timestamp};
use std::{net::SocketAddr, time::Duration};
use url::Url;

const TIMEOUT: Duration = Duration::from_secs(5);

/// A plain HTTP client: no redirects, and no proxy for what is near.
fn client(near: bool) -> Option<reqwest::Client> {
    let builder = reqwest::Client::builder()
        .timeout(TIMEOUT)
        .redirect(reqwest::redirect::Policy::none());
    let builder = if near { builder.no_proxy() } else { builder };
    builder.build().ok()
}

/// Whether the daemon answers at its admin address.
pub(super) async fn daemon_runs(admin: SocketAddr) -> bool {
    let Some(client) = client(true) else {
        return false;
    };
    let asked = client.get(format!("http://{admin}/healthz")).send().await;
    asked.is_ok_and(|answer| answer.status().is_success())
}

/// What answers an unsigned, empty delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Receiver {
    /// 401, as a receiver of topicscore does.
    Answers,
    /// Something else answers, with this status.
    Stranger(u16),
    /// Nothing does; why.
    Silent(String),
}

/// Sends an unsigned, empty delivery: a receiver refuses it and keeps nothing.
pub(super) async fn receiver(url: &Url) -> Receiver {
    let Some(client) = client(is_loopback(url)) else {
        return Receiver::Silent("no HTTP client to be had".to_owned());
    };
    match client.post(url.clone()).send().await {
        Ok(answer) if answer.status() == reqwest::StatusCode::UNAUTHORIZED => Receiver::Answers,
        Ok(answer) => Receiver::Stranger(answer.status().as_u16()),
        Err(error) => Receiver::Silent(root_cause(&error)),
    }
}

/// How far Mautic's clock is ahead of ours, by the `Date` of an answer (whole seconds). A path
/// of the API without a login: any other unknown path makes a contact in Mautic (FACTS N10).
pub(super) async fn clock_ahead(
    base_url: &Url,
    now: impl Fn() -> Timestamp,
) -> Option<SignedDuration> {
    let url = base_url.join("api/contacts?limit=1").ok()?;
    let client = client(is_loopback(base_url))?;
    let asked = now();
    let answer = client.get(url).send().await.ok()?;
    let middle = asked + now().duration_since(asked) / 2;
    let date = answer.headers().get(reqwest::header::DATE)?.to_str().ok()?;
    let date = jiff::fmt::rfc2822::parse(date).ok()?.timestamp();
    Some(date.duration_since(middle))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// reqwest's own texts say only that something went wrong.
fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
