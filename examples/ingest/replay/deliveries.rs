//! Recorded webhooks.

use super::recording::header;
use jiff::Timestamp;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Map, Value};
use topicscore::{intake::decode, mautic::signature};

/// A delivery as it was recorded.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Recorded {
    pub(crate) received_at: Timestamp,
    pub(crate) body_raw: String,
    #[serde(default)]
    headers: Map<String, Value>,
    secret: Option<String>,
}

impl Recorded {
    /// Whether Mautic signed it, as the receiver would see it; without a recorded secret nobody knows.
    pub(crate) fn is_genuine(&self) -> bool {
        let claimed = header(&self.headers, "Webhook-Signature").unwrap_or_default();
        self.secret.as_ref().is_none_or(|secret| {
            let secret = SecretString::from(secret.as_str());
            signature::verify(&[secret], self.body_raw.as_bytes(), claimed)
        })
    }
}

/// How many deliveries decode.
#[derive(Debug, Default, Clone)]
pub(crate) struct Decodes {
    pub(crate) decoded: u64,
    pub(crate) all: u64,
    /// What is wrong with the others.
    pub(crate) problems: Vec<String>,
}

/// Decodes single bodies, nothing else.
pub(crate) fn decodes<'b>(bodies: impl IntoIterator<Item = &'b str>) -> Decodes {
    let mut count = Decodes::default();
    for body in bodies {
        count.all += 1;
        let told = decode::body(body.as_bytes());
        if told.unreadable.is_empty() {
            count.decoded += 1;
        }
        let problem = |item: decode::Unreadable| format!("{}: {}", item.kind, item.reason);
        count
            .problems
            .extend(told.unreadable.into_iter().map(problem));
    }
    count
}
