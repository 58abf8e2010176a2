//! Compares webhook deliveries with the recorded ones, and each with itself: signature, length, PHP's JSON style.

use std::collections::BTreeSet;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::compare::{Mismatch, mismatches, shortened_text};
use super::masks::Masks;
use super::receiver::Received;
use super::session::Delivery;

/// Headers that every delivery has for itself, or that depend on the receiver's address.
const OWN_HEADERS: &[&str] = &["webhook-signature", "content-length", "host", "connection"];

/// The secrets a delivery may be signed with: all that were sent to or shown by the server.
#[derive(Debug, Default)]
pub struct Secrets(BTreeSet<String>);

impl Secrets {
    /// Remembers every `secret` inside a JSON value.
    pub fn learn(&mut self, value: &Value) {
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    match value {
                        Value::String(text) if key == "secret" => drop(self.0.insert(text.clone())),
                        _ => self.learn(value),
                    }
                }
            }
            Value::Array(list) => list.iter().for_each(|value| self.learn(value)),
            _ => {}
        }
    }

    fn verify(&self, signature: &str, body: &[u8]) -> bool {
        self.0
            .iter()
            .any(|secret| signature_of(secret, body) == signature)
    }
}

/// Base64 of the HMAC-SHA256 of the raw body, as in the header `Webhook-Signature`.
#[must_use]
pub fn signature_of(secret: &str, body: &[u8]) -> String {
    // HMAC takes keys of any length, so this cannot fail.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return String::new();
    };
    mac.update(body);
    STANDARD.encode(mac.finalize().into_bytes())
}

/// Where the deliveries of a step differ, and how many of the recorded ones came as recorded.
#[must_use]
pub fn differences(
    expected: &[Delivery],
    got: &[Received],
    secrets: &Secrets,
    recorded: &Masks,
    now: &Masks,
) -> (Vec<Mismatch>, usize) {
    let mut found = Vec::new();
    let mut equal = 0;
    for (index, (delivery, received)) in expected.iter().zip(got).enumerate() {
        let differing = one(index, delivery, received, secrets, recorded, now);
        equal += usize::from(differing.is_empty());
        found.extend(differing);
    }
    if expected.len() != got.len() {
        let types = |bodies: &mut dyn Iterator<Item = Value>| {
            let names: Vec<String> = bodies.map(|body| event_types(&body)).collect();
            shortened_text(&format!("{} deliveries: {}", names.len(), names.join(" ")))
        };
        found.push(Mismatch {
            pointer: "/webhooks".to_owned(),
            expected: types(
                &mut expected
                    .iter()
                    .map(|delivery| parsed(delivery.body_raw.as_bytes())),
            ),
            got: types(&mut got.iter().map(|received| parsed(&received.body))),
        });
    }
    (found, equal)
}

fn one(
    index: usize,
    expected: &Delivery,
    got: &Received,
    secrets: &Secrets,
    recorded: &Masks,
    now: &Masks,
) -> Vec<Mismatch> {
    let at = format!("/webhooks/{index}");
    let mut found = mismatches(
        &format!("{at}/path"),
        &json!(expected.path),
        &json!(got.path),
    );
    let left: Value = expected
        .headers
        .iter()
        .filter(|(name, _)| !own(name))
        .map(|(n, v)| (n.clone(), v.clone()))
        .collect();
    let right: Value = got
        .headers
        .iter()
        .filter(|(name, _)| !own(name))
        .map(|(n, v)| (n.clone(), json!(v)))
        .collect();
    found.extend(mismatches(
        &format!("{at}/headers"),
        &sorted(left),
        &sorted(right),
    ));
    let left = recorded.value(&parsed(expected.body_raw.as_bytes()));
    found.extend(mismatches(
        &format!("{at}/body"),
        &left,
        &now.value(&parsed(&got.body)),
    ));
    let wrong = |what: &str| Mismatch {
        pointer: at.clone(),
        expected: what.to_owned(),
        got: "not so".to_owned(),
    };
    if !secrets.verify(header(got, "webhook-signature"), &got.body) {
        found.push(wrong("a signature that fits the body and a known secret"));
    }
    if header(got, "content-length") != got.body.len().to_string() {
        found.push(wrong("a content-length that fits the body"));
    }
    if !is_php_json(&got.body) {
        found.push(wrong("a body in the style of PHP's json_encode"));
    }
    found
}

fn own(name: &str) -> bool {
    OWN_HEADERS.contains(&name)
}

fn sorted(object: Value) -> Value {
    let Value::Object(map) = object else {
        return object;
    };
    let mut pairs: Vec<(String, Value)> = map.into_iter().collect();
    pairs.sort_by(|a, b| a.0.cmp(&b.0));
    Value::Object(pairs.into_iter().collect())
}

fn header<'a>(received: &'a Received, name: &str) -> &'a str {
    received
        .headers
        .iter()
        .find(|(known, _)| known == name)
        .map_or("", |(_, value)| value)
}

fn parsed(body: &[u8]) -> Value {
    serde_json::from_slice(body)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned()))
}

fn event_types(body: &Value) -> String {
    let keys = body.as_object().into_iter().flat_map(|map| map.keys());
    let names: Vec<&str> = keys.map(|key| key.trim_start_matches("mautic.")).collect();
    names.join("+")
}

/// ASCII only, every slash escaped, no blanks between tokens.
fn is_php_json(body: &[u8]) -> bool {
    let mut in_string = false;
    let mut escaped = false;
    body.iter().all(|&byte| {
        let fine = match byte {
            b'/' => escaped,
            b' ' | b'\n' | b'\t' => in_string,
            _ => byte.is_ascii(),
        };
        in_string ^= byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        fine
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn php_style() {
        assert!(is_php_json(br#"{"a":"b c\/d\u00e4 \"x\""}"#));
        assert!(!is_php_json(br#"{"a":"b/c"}"#));
        assert!(!is_php_json(br#"{"a": 1}"#));
    }

    #[test]
    fn signatures_need_a_known_secret() {
        let mut secrets = Secrets::default();
        secrets.learn(&json!({"hook": {"secret": "s"}}));
        assert!(secrets.verify(&signature_of("s", b"x"), b"x"));
        assert!(!secrets.verify(&signature_of("t", b"x"), b"x"));
    }
}
