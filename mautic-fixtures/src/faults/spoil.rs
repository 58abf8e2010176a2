//! Answers as faults make them.

use serde_json::{Map, Value, json};

use super::Fault;
use crate::php;
use crate::server::answer::Answer;

/// Requests per hour named by a made-up 429.
const LIMIT: &str = "20";

/// The answer a fault gives instead of the right one; `None` leaves the right one.
pub(crate) fn spoil(fault: &Fault, right: Option<Answer>) -> Option<Answer> {
    match fault {
        Fault::Answer {
            status,
            headers,
            body,
        } => {
            let content_type = headers
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
            let content_type = content_type.map_or("text/html; charset=UTF-8", |(_, value)| value);
            let answer = Answer::new(*status, content_type, body.clone().into_bytes());
            let others = headers
                .iter()
                .filter(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
            Some(others.fold(answer, |answer, (name, value)| {
                answer.with_header(&name.to_lowercase(), value)
            }))
        }
        Fault::TooManyRequests { retry_after } => Some(too_many(*retry_after)),
        Fault::TruncatedJson => right.map(|mut answer| {
            answer.body.truncate(answer.body.len() / 2);
            answer
        }),
        Fault::WrongTypeJson => right.map(|mut answer| {
            if let Ok(body) = serde_json::from_slice(&answer.body) {
                answer.body = php::json_encode(&other_types(&body)).into_bytes();
            }
            answer
        }),
        Fault::Delay(_) | Fault::Hang(_) | Fault::Drop | Fault::Stale | Fault::DieBetween => right,
    }
}

fn too_many(retry_after: Option<u64>) -> Answer {
    let message = "You exceeded the rate limit.";
    let body = json!({"errors": [{"code": 429, "message": message}]});
    let answer = Answer::new(
        429,
        "text/html; charset=UTF-8",
        php::json_encode(&body).into_bytes(),
    )
    .with_header("x-ratelimit-limit", LIMIT)
    .with_header("x-ratelimit-remaining", "0");
    match retry_after {
        Some(seconds) => answer.with_header("retry-after", &seconds.to_string()),
        None => answer,
    }
}

/// Every member becomes something else; an answer that is no object becomes one.
fn other_types(body: &Value) -> Value {
    let Value::Object(members) = body else {
        return json!({"unexpected": body});
    };
    members
        .iter()
        .map(|(key, member)| (key.clone(), other_type(member)))
        .collect::<Map<_, _>>()
        .into()
}

fn other_type(value: &Value) -> Value {
    match value {
        Value::Null => json!(0),
        Value::Bool(flag) => json!(flag.to_string()),
        Value::Number(_) => json!("n/a"),
        Value::String(text) => json!([text]),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(at, item)| (format!("k{at}"), item.clone()))
            .collect::<Map<_, _>>()
            .into(),
        Value::Object(members) => members.values().cloned().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_change() {
        let spoilt = other_types(&json!({"total": "8", "stats": [{"id": 1}], "x": {"a": 1}}));
        assert_eq!(
            spoilt,
            json!({"total": ["8"], "stats": {"k0": {"id": 1}}, "x": [1]})
        );
    }

    #[test]
    fn an_answer_of_choice() {
        let headers = [("Retry-After".to_owned(), "3".to_owned())].into();
        let answer = spoil(
            &Fault::Answer {
                status: 503,
                headers,
                body: "busy".to_owned(),
            },
            None,
        )
        .unwrap();
        assert_eq!(answer.status, 503);
        assert!(
            answer
                .headers
                .contains(&("retry-after".to_owned(), "3".to_owned()))
        );
    }
}
