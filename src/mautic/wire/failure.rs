//! Error bodies: `{"errors":[{"message":…,"code":…,"type":…}]}`.

use super::tolerant::text;
use serde_json::Value;

/// What Mautic says went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The messages, joined with "; ".
    pub message: String,
    /// Kind of error where Mautic names one: `invalid_grant`, `access_denied`, `api_disabled`.
    pub kind: Option<String>,
}

/// Reads an error body; `None` when it is none, such as a page of HTML.
///
/// Understands also OAuth's own `{"error":…,"error_description":…}`.
#[must_use]
pub fn failure(body: &[u8]) -> Option<Failure> {
    let body: Value = serde_json::from_slice(body).ok()?;
    failures(&body).or_else(|| oauth(&body))
}

/// Reads `errors` out of any answer, also out of a 200 (FACTS 102).
pub(super) fn failures(body: &Value) -> Option<Failure> {
    let errors = match body.get("errors")? {
        Value::Array(errors) => errors.iter().collect(),
        Value::Object(errors) => errors.values().collect::<Vec<_>>(),
        _ => return None,
    };
    let field = |error: &Value, key| error.get(key).and_then(text).filter(|t| !t.is_empty());
    let messages: Vec<_> = errors.iter().filter_map(|e| field(e, "message")).collect();
    let kind = errors.iter().find_map(|error| field(error, "type"));
    (!errors.is_empty()).then(|| Failure {
        message: if messages.is_empty() {
            "no message".to_owned()
        } else {
            messages.join("; ")
        },
        kind,
    })
}

fn oauth(body: &Value) -> Option<Failure> {
    let kind = text(body.get("error")?)?;
    let message = body.get("error_description").and_then(text);
    Some(Failure {
        message: message.unwrap_or_else(|| kind.clone()),
        kind: Some(kind),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recorded_error_bodies() {
        for (body, message, kind) in [
            (
                r#"{"errors":[{"code":404,"message":"Item was not found.","details":[]}]}"#,
                "Item was not found.",
                None,
            ),
            (
                r#"{"errors":[{"message":"The access token provided is invalid.","code":401,"type":"invalid_grant"}]}"#,
                "The access token provided is invalid.",
                Some("invalid_grant"),
            ),
            (
                r#"{"errors":[{"message":"Looks like I encountered an error (error #500).","code":500,"type":null}]}"#,
                "Looks like I encountered an error (error #500).",
                None,
            ),
            (
                r#"{"errors":{"0":{"message":"a"},"3":{"message":"b","type":"api"}}}"#,
                "a; b",
                Some("api"),
            ),
            (
                r#"{"error":"invalid_client","error_description":"no"}"#,
                "no",
                Some("invalid_client"),
            ),
        ] {
            let expected = Failure {
                message: message.to_owned(),
                kind: kind.map(str::to_owned),
            };
            assert_eq!(failure(body.as_bytes()), Some(expected), "{body}");
        }
    }

    #[test]
    fn other_bodies_are_no_failures() {
        for body in [
            "",
            "<html>",
            "{}",
            "[]",
            r#"{"errors":[]}"#,
            r#"{"success":1}"#,
        ] {
            assert_eq!(failure(body.as_bytes()), None, "{body}");
        }
    }
}
