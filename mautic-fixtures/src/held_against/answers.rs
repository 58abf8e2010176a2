//! Compares an answer with the recorded one.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::compare::{Mismatch, mismatches, shortened_text};
use super::cookies::recorded_name;
use super::masks::Masks;
use super::session::Response;
use super::wire::WireResponse;

/// The headers that are compared; `x-ratelimit-reset` only for its presence.
const HEADERS: &[&str] = &[
    "content-type",
    "location",
    "mautic-version",
    "www-authenticate",
    "allow",
    "retry-after",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
];

/// Mautic's own cookies; others (the session's) are not recorded.
const COOKIES: &[&str] = &["mautic_device_id", "mtc_id", "mautic_referer_id"];

/// Stands in a recording where a rendered page was left out.
const HTML_NOTE: &str = "[html left out]";

/// A body as recordings write it: JSON if it can be read as such, else text, else `{binary_bytes, sha256}`.
#[must_use]
pub fn recorded_body(answer: &WireResponse) -> Value {
    let image = answer
        .header("content-type")
        .is_some_and(|content_type| content_type.starts_with("image/"));
    match std::str::from_utf8(&answer.body) {
        Ok(text) if !image => {
            serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
        }
        _ => {
            json!({"binary_bytes": answer.body.len(), "sha256": hex(&Sha256::digest(&answer.body))})
        }
    }
}

/// Where an answer differs from the recorded one. `body` is the answer's [`recorded_body`].
#[must_use]
pub fn differences(
    expected: &Response,
    answer: &WireResponse,
    body: &Value,
    masks: &Masks,
) -> Vec<Mismatch> {
    let mut found = mismatches("/status", &json!(expected.status), &json!(answer.status));
    for name in HEADERS {
        let recorded = expected.headers.get(*name).map(header_text);
        found.extend(header_difference(
            name,
            recorded.as_deref(),
            answer.header(name),
            masks,
        ));
    }
    found.extend(cookie_difference(expected, answer));
    match expected
        .body
        .as_str()
        .filter(|text| text.starts_with(HTML_NOTE))
    {
        Some(note) => found.extend(title_difference(expected.status, note, answer)),
        None => found.extend(mismatches(
            "/body",
            &masks.value(&expected.body),
            &masks.value(body),
        )),
    }
    found
}

fn header_text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn header_difference(
    name: &str,
    expected: Option<&str>,
    got: Option<&str>,
    masks: &Masks,
) -> Option<Mismatch> {
    let mask = |value: &str| match name {
        "x-ratelimit-reset" => "<masked>".to_owned(),
        _ => masks.text(value),
    };
    let (expected, got) = (expected.map(mask), got.map(mask));
    let text = |value: Option<String>| value.unwrap_or_else(|| "(missing)".to_owned());
    (expected != got).then(|| Mismatch {
        pointer: format!("/headers/{name}"),
        expected: text(expected),
        got: text(got),
    })
}

fn cookie_difference(expected: &Response, answer: &WireResponse) -> Option<Mismatch> {
    let own = |name: &String| COOKIES.contains(&name.trim_end_matches("(deleted)"));
    let mut recorded: Vec<String> = expected
        .set_cookie_names
        .iter()
        .filter(|name| own(name))
        .cloned()
        .collect();
    let mut got: Vec<String> = answer
        .all("set-cookie")
        .filter_map(recorded_name)
        .filter(own)
        .collect();
    recorded.sort();
    recorded.dedup();
    got.sort();
    got.dedup();
    (recorded != got).then(|| Mismatch {
        pointer: "/set_cookie_names".to_owned(),
        expected: recorded.join(", "),
        got: got.join(", "),
    })
}

/// Of a page that was left out, only the title of an error page can be compared.
fn title_difference(status: u16, note: &str, answer: &WireResponse) -> Option<Mismatch> {
    let got = title(&String::from_utf8_lossy(&answer.body)).to_owned();
    let expected = title(note);
    (status >= 400 && got != expected).then(|| Mismatch {
        pointer: "/body".to_owned(),
        expected: format!("<title>{expected}</title>"),
        got: shortened_text(&format!("<title>{got}</title>")),
    })
}

fn title(html: &str) -> &str {
    let after = html.split_once("<title>").map_or("", |(_, after)| after);
    after
        .split_once("</title>")
        .map_or("", |(title, _)| title)
        .trim()
}

/// Bytes as lower-case hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}
