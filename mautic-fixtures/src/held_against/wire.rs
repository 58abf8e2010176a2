//! A plain HTTP/1.1 client that sends exactly the path and headers it is given, one connection per request.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A request, ready to be sent.
#[derive(Debug, Clone)]
pub struct WireRequest {
    /// HTTP method.
    pub method: String,
    /// Path with query, sent as it is.
    pub path: String,
    /// Headers, sent as they are; Host, Content-Length and Connection are added.
    pub headers: Vec<(String, String)>,
    /// Body; `None` sends no Content-Length either.
    pub body: Option<Vec<u8>>,
}

/// An answer as it came.
#[derive(Debug, Clone, Default)]
pub struct WireResponse {
    /// HTTP status.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body, chunks joined.
    pub body: Vec<u8>,
}

impl WireResponse {
    /// The first header of that (lower-case) name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(known, _)| known == name);
        found.next().map(|(_, value)| value.as_str())
    }

    /// All headers of that (lower-case) name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers
            .iter()
            .filter(move |(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

/// Sends one request and reads the whole answer.
///
/// # Errors
/// When the connection fails or the answer is no HTTP.
pub async fn send(
    address: SocketAddr,
    host: &str,
    request: &WireRequest,
) -> std::io::Result<WireResponse> {
    let mut head = format!(
        "{} {} HTTP/1.1\r\nHost: {host}\r\n",
        request.method,
        request.path.replace(' ', "%20")
    );
    for (name, value) in &request.headers {
        head.extend([name.as_str(), ": ", value.as_str(), "\r\n"]);
    }
    if let Some(body) = &request.body {
        head.extend(["Content-Length: ", &body.len().to_string(), "\r\n"]);
    }
    head.push_str("Connection: close\r\n\r\n");
    let mut message = head.into_bytes();
    message.extend_from_slice(request.body.as_deref().unwrap_or_default());
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(&message).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    parse(&answer).ok_or_else(|| std::io::Error::other("the answer is no HTTP"))
}

fn parse(answer: &[u8]) -> Option<WireResponse> {
    let split = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&answer[..split]);
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let chunked = headers
        .iter()
        .any(|(name, value)| name == "transfer-encoding" && value == "chunked");
    let body = &answer[split + 4..];
    let body = if chunked {
        joined_chunks(body)?
    } else {
        body.to_vec()
    };
    Some(WireResponse {
        status,
        headers,
        body,
    })
}

fn joined_chunks(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut joined = Vec::new();
    loop {
        let end = rest.windows(2).position(|bytes| bytes == b"\r\n")?;
        let size = std::str::from_utf8(&rest[..end])
            .ok()?
            .split(';')
            .next()?
            .trim();
        let size = usize::from_str_radix(size, 16).ok()?;
        let start = end + 2;
        if size == 0 {
            return Some(joined);
        }
        joined.extend_from_slice(rest.get(start..start + size)?);
        rest = rest.get(start + size + 2..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_joined() {
        let answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nA: b: c\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
        let parsed = parse(answer).unwrap();
        assert_eq!(
            (parsed.status, parsed.body.as_slice()),
            (200, b"abcde".as_slice())
        );
        assert_eq!(parsed.header("a"), Some("b: c"));
    }
}
