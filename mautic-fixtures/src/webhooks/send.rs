//! The POST itself: signed, over a plain socket, without a time limit (FACTS 3, 8).

use std::io::{Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use url::Url;

use crate::state::State;
use crate::state::hooks::Posted;

const CURL_HELP: &str = "(see https://curl.haxx.se/libcurl/c/libcurl-errors.html)";

/// How a delivery ended.
pub(super) enum Outcome {
    /// The receiver answered.
    Answered {
        /// HTTP status.
        status: u16,
        /// The answer's body.
        body: String,
    },
    /// No answer; the message is curl's.
    Failed(String),
}

/// Posts a body. Redirects are not followed.
pub(super) fn post(state: &mut State, url: &str, secret: &str, body: &str) -> Outcome {
    let failed = |number: u8, what: &str| {
        Outcome::Failed(format!("cURL error {number}: {what} {CURL_HELP} for {url}"))
    };
    if state.options.mailbox {
        if state.hooks.mailbox_closed {
            return failed(7, "Couldn't connect to server");
        }
        state.hooks.posted.push(Posted {
            url: url.to_owned(),
            signature: signature(secret, body),
            body: body.to_owned(),
        });
        return Outcome::Answered {
            status: 204,
            body: String::new(),
        };
    }
    let Ok(parsed) = Url::parse(url) else {
        return failed(3, "URL rejected");
    };
    let (Some(host), Some(port)) = (parsed.host_str(), parsed.port_or_known_default()) else {
        return failed(3, "URL rejected: No host part in the URL");
    };
    if parsed.scheme() != "http" {
        return failed(35, "TLS connect error");
    }
    let mapped = state
        .options
        .receivers
        .iter()
        .find(|(authority, _)| authority == parsed.authority());
    let address = match mapped {
        Some((_, address)) => Some(*address),
        None => (host, port)
            .to_socket_addrs()
            .ok()
            .and_then(|mut all| all.next()),
    };
    let Some(address) = address else {
        return failed(6, &format!("Could not resolve host: {host}"));
    };
    let Ok(stream) = TcpStream::connect(address) else {
        let what = format!(
            "Failed to connect to {host} port {port} after 0 ms: Couldn't connect to server"
        );
        return failed(7, &what);
    };
    match exchange(stream, &request(state, &parsed, secret, body)) {
        Ok(answer) if answer.is_empty() => failed(52, "Empty reply from server"),
        Ok(answer) => {
            parse(&answer).unwrap_or_else(|| failed(1, "Received HTTP/0.9 when not allowed"))
        }
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => {
            failed(56, "Recv failure: Connection reset by peer")
        }
        Err(_) => failed(52, "Empty reply from server"),
    }
}

fn request(state: &State, url: &Url, secret: &str, body: &str) -> Vec<u8> {
    let query = url
        .query()
        .map(|query| format!("?{query}"))
        .unwrap_or_default();
    let head = format!(
        "POST {}{query} HTTP/1.1\r\nHost: {}\r\nUser-Agent: GuzzleHttp/7\r\nContent-Type: application/json\r\n\
         X-Origin-Base-URL: {}\r\nWebhook-Signature: {}\r\nContent-Length: {}\r\n\r\n",
        url.path(),
        url.authority(),
        state.site_url(),
        signature(secret, body),
        body.len()
    );
    let mut message = head.into_bytes();
    message.extend_from_slice(body.as_bytes());
    message
}

/// Base64 of HMAC-SHA256 of the raw body; an empty secret is a key as well (FACTS 12).
fn signature(secret: &str, body: &str) -> String {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return String::new();
    };
    mac.update(body.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

fn exchange(mut stream: TcpStream, message: &[u8]) -> std::io::Result<Vec<u8>> {
    stream.write_all(message)?;
    let mut answer = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let read = stream.read(&mut chunk)?;
        answer.extend_from_slice(&chunk[..read]);
        if read == 0 || is_complete(&answer) {
            return Ok(answer);
        }
    }
}

/// Head and, by Content-Length, body are there; without a length only the end of the connection tells.
fn is_complete(answer: &[u8]) -> bool {
    let Some((head, body)) = split(answer) else {
        return false;
    };
    if head.contains("transfer-encoding: chunked") {
        return body.ends_with(b"0\r\n\r\n");
    }
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"));
    let bodyless = head
        .get(9..12)
        .is_some_and(|status| status.starts_with('1') || status == "204" || status == "304");
    bodyless
        || length
            .and_then(|length| length.trim().parse().ok())
            .is_some_and(|length: usize| body.len() >= length)
}

fn split(answer: &[u8]) -> Option<(String, &[u8])> {
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
    Some((
        String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase(),
        &answer[end + 4..],
    ))
}

fn parse(answer: &[u8]) -> Option<Outcome> {
    let (head, body) = split(answer)?;
    let status = head.split(' ').nth(1)?.get(..3)?.parse().ok()?;
    Some(Outcome::Answered {
        status,
        body: String::from_utf8_lossy(body).into_owned(),
    })
}
