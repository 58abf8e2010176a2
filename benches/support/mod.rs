//! What the benches share: recorded bodies, a client that costs little, and numbers.
#![allow(dead_code, reason = "each bench uses its part")]

use anyhow::{Context, bail};
use mautic_fixtures::recordings;
use secrecy::SecretString;
use serde::Serialize;
use serde_json::Value;
use std::{net::SocketAddr, time::Duration};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use topicscore::mautic::signature;

/// What deliveries are signed with.
pub(crate) const SECRET: &str = "a secret of the length that Mautic makes: 64 hexadecimal digits.";
/// A single event's delivery has this size in bytes; queue runs of ten events are larger.
const USUAL: std::ops::RangeInclusive<usize> = 6 << 10..=20 << 10;

/// Whether to measure, or only to see that it works (`cargo test --benches`).
pub(crate) fn is_measured() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}

/// Page hits as Mautic sent them.
pub(crate) fn page_hits() -> anyhow::Result<Vec<String>> {
    let all = recordings::webhooks()?;
    let hits = all
        .into_iter()
        .find(|lines| lines.name == "mautic.page_on_hit")
        .context("there are no recorded page hits")?;
    let bodies = hits.lines.into_iter().filter_map(|mut line| {
        let Value::String(body) = line.get_mut("body_raw")?.take() else {
            return None;
        };
        USUAL.contains(&body.len()).then_some(body)
    });
    Ok(bodies.collect())
}

/// A delivery as Mautic sends it, ready for the wire.
pub(crate) fn delivery(body: &[u8]) -> Vec<u8> {
    let signature = signature::sign(&SecretString::from(SECRET), body);
    let mut request = format!(
        "POST /webhook HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: GuzzleHttp/7\r\n\
         Content-Type: application/json\r\nWebhook-Signature: {signature}\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    request.extend_from_slice(body);
    request
}

/// A connection that is kept open.
pub(crate) struct Connection {
    stream: TcpStream,
    answer: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let answer = Vec::with_capacity(512);
        Ok(Self { stream, answer })
    }

    /// Sends a delivery and waits until it is acknowledged with 204.
    pub(crate) async fn deliver(&mut self, request: &[u8]) -> anyhow::Result<()> {
        self.stream.write_all(request).await?;
        self.answer.clear();
        // 204 has no body: the head is all there is.
        while !self.answer.ends_with(b"\r\n\r\n") {
            if self.stream.read_buf(&mut self.answer).await? == 0 {
                bail!("the connection was closed without an answer");
            }
        }
        if !self.answer.starts_with(b"HTTP/1.1 204 ") {
            bail!(
                "not acknowledged: {}",
                String::from_utf8_lossy(&self.answer)
            );
        }
        Ok(())
    }
}

/// The value that a share of all values does not exceed.
pub(crate) fn quantile<T: PartialOrd + Copy>(values: &mut [T], percent: usize) -> Option<T> {
    values.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    let last = values.len().checked_sub(1)?;
    values
        .get((values.len() * percent / 100).min(last))
        .copied()
}

/// Median, least and greatest of some runs.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Spread {
    pub(crate) fn of(mut values: Vec<f64>) -> Self {
        let at = |values: &mut Vec<f64>, percent| quantile(values, percent).unwrap_or(f64::NAN);
        Self {
            median: at(&mut values, 50),
            min: at(&mut values, 0),
            max: at(&mut values, 100),
        }
    }
}

/// How long single things took, in milliseconds.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Delays {
    pub(crate) count: usize,
    pub(crate) median_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) max_ms: f64,
}

impl Delays {
    pub(crate) fn of(delays: &[Duration]) -> Self {
        let mut ms: Vec<f64> = delays.iter().map(|it| it.as_secs_f64() * 1e3).collect();
        let at = |ms: &mut Vec<f64>, percent| {
            let value = quantile(ms, percent).unwrap_or(f64::NAN);
            (value * 1000.0).round() / 1000.0
        };
        Self {
            count: ms.len(),
            median_ms: at(&mut ms, 50),
            p99_ms: at(&mut ms, 99),
            max_ms: at(&mut ms, 100),
        }
    }
}

impl std::fmt::Display for Delays {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            count,
            median_ms,
            p99_ms,
            max_ms,
        } = self;
        write!(
            f,
            "median {median_ms:.2} ms, p99 {p99_ms:.2} ms, max {max_ms:.2} ms ({count} times)"
        )
    }
}
