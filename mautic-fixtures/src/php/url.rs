//! URLs as PHP takes them apart and puts them together again.

use std::fmt::Write as _;

use serde_json::Value;

use super::cast;
use super::filter::sanitize_url;
use super::html::special_chars;
use super::query;

/// The parts of an absolute URL; what is missing is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// `http`.
    pub scheme: String,
    /// Host with port and user, as written.
    pub authority: String,
    /// Path with its leading slash.
    pub path: String,
    /// What follows `?`.
    pub query: Option<String>,
    /// What follows `#`.
    pub fragment: Option<String>,
}

/// Takes an absolute URL apart; nothing for anything that is not `scheme://authority…`.
#[must_use]
pub fn parse(url: &str) -> Option<Parts> {
    let (scheme, rest) = url.split_once("://")?;
    if scheme.is_empty()
        || !scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
    {
        return None;
    }
    let (rest, fragment) = match rest.split_once('#') {
        Some((rest, fragment)) => (rest, Some(fragment.to_owned())),
        None => (rest, None),
    };
    let (rest, query) = match rest.split_once('?') {
        Some((rest, query)) => (rest, Some(query.to_owned())),
        None => (rest, None),
    };
    let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    Some(Parts {
        scheme: scheme.to_owned(),
        authority: authority.to_owned(),
        path: path.to_owned(),
        query,
        fragment,
    })
}

/// `filter_var($url, FILTER_VALIDATE_URL)`: printable ASCII, a scheme, and a plausible host.
#[must_use]
pub fn is_valid(url: &str) -> bool {
    let Some(parts) = parse(url) else {
        return false;
    };
    let host = parts
        .authority
        .rsplit('@')
        .next()
        .unwrap_or("")
        .split(':')
        .next()
        .unwrap_or("");
    let label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    url.bytes().all(|byte| byte.is_ascii_graphic())
        && sanitize_url(url) == url
        && host.split('.').all(label)
}

/// `InputHelper::url`: a valid URL is rebuilt with its query encoded anew, anything else is escaped as a text.
#[must_use]
pub fn clean(url: &str) -> String {
    let sanitized = sanitize_url(url);
    let Some(parts) = parse(&sanitized).filter(|_| is_valid(&sanitized)) else {
        return special_chars(&sanitized);
    };
    let scheme = if ["https", "http", "ftp"].contains(&parts.scheme.as_str()) {
        parts.scheme.as_str()
    } else {
        "http"
    };
    let mut out = format!("{scheme}://{}{}", parts.authority, strip_tags(&parts.path));
    if let Some(query) = parts.query.filter(|query| !query.is_empty()) {
        out.push('?');
        out.push_str(&build_query(&query::parse(&query)));
    }
    if let Some(fragment) = parts.fragment.filter(|fragment| !fragment.is_empty()) {
        out.push('#');
        out.push_str(&strip_tags(&fragment));
    }
    out
}

fn strip_tags(text: &str) -> String {
    super::html::strip_tags(text)
}

/// `http_build_query`.
#[must_use]
pub fn build_query(query: &Value) -> String {
    let mut pairs = Vec::new();
    collect("", query, &mut pairs);
    pairs.join("&")
}

fn collect(prefix: &str, value: &Value, pairs: &mut Vec<String>) {
    let name = |key: &str| {
        if prefix.is_empty() {
            encode(key)
        } else {
            format!("{prefix}%5B{}%5D", encode(key))
        }
    };
    match value {
        Value::Object(members) => members
            .iter()
            .for_each(|(key, member)| collect(&name(key), member, pairs)),
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(at, item)| collect(&name(&at.to_string()), item, pairs));
        }
        Value::Null => {}
        other => pairs.push(format!("{prefix}={}", encode(&cast::text(other)))),
    }
}

/// `urlencode`.
#[must_use]
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' ' => out.push('+'),
            _ if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.') => {
                out.push(char::from(byte));
            }
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

/// `rawurlencode`.
#[must_use]
pub fn encode_raw(text: &str) -> String {
    encode(text).replace('+', "%20").replace("%7E", "~")
}

#[cfg(test)]
mod tests {
    use super::{clean, is_valid};

    #[test]
    fn urls_are_rebuilt_and_other_texts_escaped() {
        assert_eq!(
            clean("http://s.test/a?x=1&y[]=a b#f"),
            "http://s.test/a?x=1&y%5B0%5D=ab#f"
        );
        assert_eq!(
            clean("http://s.test/a?plan=pro"),
            "http://s.test/a?plan=pro"
        );
        assert_eq!(clean("<b>"), "&#60;b&#62;");
        assert!(is_valid("http://127.0.0.1:8088/page-one"));
        assert!(!is_valid("not a url"));
        assert!(!is_valid("http://s.test/ü"));
    }
}
