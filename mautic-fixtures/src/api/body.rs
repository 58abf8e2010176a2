//! Decoding of API bodies (FACTS 144, 145).

use serde_json::{Map, Value};

use super::errors::generic;
use crate::server::answer::Failure;
use crate::server::request::Request;

/// The body as a PHP array. JSON is decoded when the content type says so or is missing; a type that is neither JSON
/// nor a form leaves the input empty.
pub(super) fn decode(request: &Request) -> Result<Value, Failure> {
    let empty = Value::Object(Map::new());
    if request.body.is_empty() || request.method == "GET" || request.method == "HEAD" {
        return Ok(empty);
    }
    let kind = request.content_type();
    match kind.as_str() {
        "application/x-www-form-urlencoded" => Ok(request.form()),
        "" | "application/json" | "application/x-json" => {
            match serde_json::from_slice(&request.body) {
                Ok(input @ (Value::Object(_) | Value::Array(_))) => Ok(input),
                Ok(_) | Err(_) => Err(generic(400).into()),
            }
        }
        _ => Ok(empty),
    }
}
