//! One HTTP exchange with Mautic: bytes out, bytes in.

use super::client::Settings;
use super::error::{Call, Error, Lost};
use super::outside::{NotCarried, Transport};
use super::wire::{excerpt, failure};
use async_trait::async_trait;
use jiff::{Timestamp, fmt::rfc2822};
use reqwest::{Response, StatusCode, header::HeaderMap, redirect};
use std::time::Duration;
use url::Url;

/// Clocks that differ by no more than so many seconds show the same time: `Date` is cut to the
/// second, and an answer is on its way for a while.
const SAME_TIME: i64 = 5;

/// Larger answers are refused; a page of large emails stays below.
const LARGEST_BODY: usize = 128 << 20;

/// A whole answer, whatever its status.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// The whole body, unpacked.
    pub body: Vec<u8>,
}

/// The ordinary [`Transport`]: HTTP/1.1, by TLS where the address says so.
#[derive(Debug, Clone)]
pub struct Http(reqwest::Client);

impl Http {
    /// A transport with the timeouts of these settings. Connects to nobody yet.
    ///
    /// # Errors
    /// [`Error::Unsendable`] when TLS can't be set up.
    pub fn new(settings: &Settings) -> Result<Self, Error> {
        let http = if is_loopback(&settings.base_url) {
            // A proxy named in the environment would look for Mautic on its own machine.
            reqwest::Client::builder().no_proxy()
        } else {
            reqwest::Client::builder()
        };
        http.user_agent(concat!("topicscore/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(settings.connect_timeout)
            .timeout(settings.timeout)
            // Following a redirect would turn a POST into a GET and carry the login elsewhere.
            .redirect(redirect::Policy::none())
            .build()
            .map(Self)
            .map_err(|error| Error::Unsendable(format!("the HTTP client: {error}")))
    }
}

#[async_trait]
impl Transport for Http {
    async fn carry(&self, request: reqwest::Request) -> Result<Answer, NotCarried> {
        let mut response: Response = self.0.execute(request).await.map_err(lost)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(lost)? {
            if body.len() + chunk.len() > LARGEST_BODY {
                return Err(NotCarried::TooLarge {
                    beginning: body,
                    limit: LARGEST_BODY,
                });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer {
            status,
            headers,
            body,
        })
    }
}

/// Sends a request and reads the whole answer.
pub(super) async fn exchange(
    call: &Call,
    transport: &dyn Transport,
    request: reqwest::Request,
) -> Result<Answer, Error> {
    let carried = transport.carry(request).await;
    carried.map_err(|not_carried| match not_carried {
        NotCarried::Lost { lost, detail } => Error::Transport {
            call: call.clone(),
            lost,
            detail,
        },
        NotCarried::TooLarge { beginning, limit } => Error::Shape {
            call: call.clone(),
            problem: format!("larger than {limit} bytes"),
            excerpt: excerpt(&beginning),
        },
    })
}

#[allow(clippy::needless_pass_by_value, reason = "as map_err hands it over")]
fn lost(error: reqwest::Error) -> NotCarried {
    let lost = if error.is_connect() || error.is_builder() {
        Lost::NotConnected
    } else if error.is_timeout() {
        Lost::TimedOut
    } else {
        Lost::Broken
    };
    NotCarried::Lost {
        lost,
        detail: innermost(&error),
    }
}

/// Whether the address is on this machine.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// The cause at the bottom: the layers above it only repeat the URL, ids and all.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The version of the Mautic whose API answered (FACTS 140).
    pub(super) fn version(&self) -> Option<&str> {
        self.header("mautic-version")
    }

    /// The error an answer stands for, if it is no success.
    pub(super) fn refused(&self, call: &Call, now: Timestamp) -> Option<Error> {
        if self.status.is_success() {
            return None;
        }
        let failure = failure(&self.body);
        let message = failure
            .as_ref()
            .map_or_else(|| excerpt(&self.body), |failure| failure.message.clone());
        let call = call.clone();
        Some(match self.status.as_u16() {
            401 => Error::Auth { call, message },
            429 => Error::RateLimited {
                call,
                until: self.open_again(now),
            },
            status => Error::Status {
                call,
                status,
                message,
                kind: failure.and_then(|failure| failure.kind),
                from_api: self.version().is_some(),
            },
        })
    }

    /// How far the server's clock was ahead of ours when it answered, in seconds; `None` if it does
    /// not say.
    pub(super) fn ahead_of(&self, now: Timestamp) -> Option<i64> {
        let date = rfc2822::parse(self.header("date")?).ok()?.timestamp();
        let ahead = date.as_second() - now.as_second();
        Some(if ahead.abs() <= SAME_TIME { 0 } else { ahead })
    }

    /// When calls are allowed again, by our clock: the server's `Date` corrects for its clock.
    fn open_again(&self, now: Timestamp) -> Option<Timestamp> {
        let date = |text: &str| rfc2822::parse(text).ok().map(|date| date.timestamp());
        let after = self.header("retry-after");
        if let Some(seconds) = after.and_then(|text| text.parse().ok()) {
            return now.checked_add(Duration::from_secs(seconds)).ok();
        }
        let reset = || self.header("x-ratelimit-reset")?.parse().ok();
        let named = after
            .and_then(date)
            .or_else(|| Timestamp::from_second(reset()?).ok())?;
        let their_now = self.header("date").and_then(date).unwrap_or(now);
        now.checked_add(their_now.duration_until(named)).ok()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    const CALL: Call = Call {
        method: "GET",
        path: "/api/contacts",
    };

    #[test]
    fn this_machine_by_any_name() {
        for (url, here) in [
            ("http://127.0.0.1:8088/", true),
            ("http://127.9.9.9/mautic", true),
            ("http://[::1]:8088", true),
            ("https://localhost", true),
            ("https://m.example.test", false),
            ("https://localhost.example.test", false),
            ("http://192.0.2.1", false),
        ] {
            assert_eq!(url.parse().as_ref().map(is_loopback), Ok(here), "{url}");
        }
    }

    fn answer(status: u16, headers: &[(&'static str, &str)], body: &str) -> Answer {
        Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: headers
                .iter()
                .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
                .collect(),
            body: body.as_bytes().to_vec(),
        }
    }

    fn now() -> Timestamp {
        "2026-11-21T20:00:00Z".parse().unwrap()
    }

    #[test]
    fn rate_limits_name_their_end_in_several_ways() {
        let reset = now().as_second() + 90;
        for (headers, seconds) in [
            (vec![("x-ratelimit-reset", reset.to_string())], Some(90)),
            (
                vec![
                    ("retry-after", "7".to_owned()),
                    ("x-ratelimit-reset", reset.to_string()),
                ],
                Some(7),
            ),
            (
                vec![("retry-after", "Sat, 21 Nov 2026 20:00:30 GMT".to_owned())],
                Some(30),
            ),
            // Mautic's clock is a minute ahead of ours.
            (
                vec![
                    ("x-ratelimit-reset", reset.to_string()),
                    ("date", "Sat, 21 Nov 2026 20:01:00 GMT".to_owned()),
                ],
                Some(30),
            ),
            (vec![("x-ratelimit-reset", "soon".to_owned())], None),
            (vec![], None),
        ] {
            let pairs: Vec<_> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
            let Some(Error::RateLimited { until, .. }) =
                answer(429, &pairs, "").refused(&CALL, now())
            else {
                panic!("a 429 is a rate limit")
            };
            assert_eq!(
                until.map(|until| until.as_second() - now().as_second()),
                seconds,
                "{headers:?}"
            );
        }
    }

    #[test]
    fn refusals_carry_mautics_words_or_the_beginning_of_the_page() {
        let body = r#"{"errors":[{"code":404,"message":"Item was not found.","details":[]}]}"#;
        let refused = answer(404, &[("mautic-version", "5.1.1")], body).refused(&CALL, now());
        assert!(
            refused.as_ref().is_some_and(Error::is_not_found),
            "{refused:?}"
        );
        let page = answer(404, &[], "<html>\n<body>nginx")
            .refused(&CALL, now())
            .unwrap();
        assert_eq!(
            page.to_string(),
            "GET /api/contacts: Mautic answered 404: <html> <body>nginx"
        );
        assert_eq!(answer(200, &[], "").refused(&CALL, now()), None);
        assert_eq!(answer(201, &[], "").refused(&CALL, now()), None);
        assert!(answer(301, &[], "").refused(&CALL, now()).is_some());
    }
}
