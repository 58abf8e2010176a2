//! A request as the controllers see it.

use std::net::IpAddr;

use serde_json::Value;

use crate::php;

/// One request with its target and body already taken apart.
#[derive(Clone, Debug)]
pub struct Request {
    /// `GET`, `POST`, …
    pub method: String,
    /// Path as sent, without the query, percent-encoded.
    pub path: String,
    /// Path split at `/`, percent-decoded; `/api/points` is `["api", "points"]`, `/api/` is `["api", ""]`.
    pub segments: Vec<String>,
    /// Query as sent.
    pub query_string: String,
    /// Query as PHP's `$_GET`.
    pub query: Value,
    /// Header names in lower case, values.
    pub headers: Vec<(String, String)>,
    /// Cookies by name.
    pub cookies: Vec<(String, String)>,
    /// The raw body.
    pub body: Vec<u8>,
    /// Who asks.
    pub peer: IpAddr,
}

impl Request {
    /// Takes the target and the cookies apart.
    #[must_use]
    pub fn new(
        method: &str,
        target: &str,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
        peer: IpAddr,
    ) -> Self {
        let (path, query_string) = target.split_once('?').unwrap_or((target, ""));
        let segments = path
            .trim_start_matches('/')
            .split('/')
            .map(php::query::decode_path)
            .collect();
        let cookies = headers
            .iter()
            .filter(|(name, _)| name == "cookie")
            .flat_map(|(_, value)| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .map(|(name, value)| (name.to_owned(), php::query::decode(value)))
            .collect();
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            segments,
            query_string: query_string.to_owned(),
            query: php::query::parse(query_string),
            headers,
            cookies,
            body,
            peer,
        }
    }

    /// The first header of this (lower case) name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(header, _)| header == name)
            .map(|(_, value)| value.as_str())
    }

    /// The cookie of this name.
    #[must_use]
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies
            .iter()
            .find(|(cookie, _)| cookie == name)
            .map(|(_, value)| value.as_str())
    }

    /// The segments as slices, for matching.
    #[must_use]
    pub fn path_segments(&self) -> Vec<&str> {
        self.segments.iter().map(String::as_str).collect()
    }

    /// A query parameter as text, if it is a plain value.
    #[must_use]
    pub fn query_text(&self, name: &str) -> Option<&str> {
        self.query.get(name).and_then(Value::as_str)
    }

    /// The content type without parameters, in lower case; empty when none was sent.
    #[must_use]
    pub fn content_type(&self) -> String {
        let sent = self.header("content-type").unwrap_or("");
        sent.split(';')
            .next()
            .unwrap_or("")
            .trim()
            .to_ascii_lowercase()
    }

    /// A urlencoded body as PHP's `$_POST`.
    #[must_use]
    pub fn form(&self) -> Value {
        php::query::parse(&String::from_utf8_lossy(&self.body))
    }
}
