//! Error bodies (FACTS 140 to 144).

use serde_json::{Value, json};

use crate::server::answer::{Answer, Failure};
use crate::server::request::Request;

/// The answer for a handler that failed.
#[must_use]
pub fn answer(request: &Request, failure: Failure) -> Answer {
    match failure {
        Failure::Answer(answer) => answer,
        Failure::NoRoute => outside(
            404,
            &format!("Requested URL not found: {}", request.path),
            None,
        ),
        Failure::Exception(exception) => {
            tracing::debug!(%exception, path = request.path, "uncaught exception");
            generic(500)
        }
    }
}

/// An error of the layers around the controllers: no `mautic-version`.
#[must_use]
pub fn outside(code: u16, message: &str, kind: Option<&str>) -> Answer {
    Answer::json(
        code,
        &json!({"errors": [{"message": message, "code": code, "type": kind}]}),
    )
}

/// What is shown instead of an exception's text.
#[must_use]
pub fn generic(code: u16) -> Answer {
    let message = format!(
        "Looks like I encountered an error (error #{code}). If I do it again, please report me to the system administrator!"
    );
    outside(code, &message, None)
}

/// An error made by a controller (`returnError`).
#[must_use]
pub fn returned(code: u16, message: &str, details: &Value) -> Answer {
    Answer::api(
        code,
        &json!({"errors": [{"code": code, "message": message, "details": details}]}),
    )
}

/// 404 of a controller that looked for a row.
#[must_use]
pub fn not_found() -> Failure {
    returned(404, "Item was not found.", &json!([])).into()
}

/// 404 of a controller with its own text.
#[must_use]
pub fn not_found_text(message: &str) -> Failure {
    returned(404, message, &json!([])).into()
}
