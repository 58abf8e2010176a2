//! Binding of input to a thing's fields, as Symfony's forms do.

use serde_json::{Map, Value, json};

use crate::php::{cast, html};

/// A text without markup and without blanks at its ends; an empty one is null.
#[must_use]
pub fn clean_text(value: &Value) -> Option<String> {
    let text = html::strip_tags(&cast::text(value)).trim().to_owned();
    (!text.is_empty()).then_some(text)
}

/// Which fields the input touches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// A field not given keeps its value: PATCH, and POST on a fresh thing with its defaults.
    Keep,
    /// A field not given is emptied: PUT.
    Clear,
}

/// Input on its way into a thing, and what is wrong with it.
#[derive(Debug)]
pub struct Form<'a> {
    /// The input without `id`.
    pub input: &'a Map<String, Value>,
    /// What happens to fields that are not given.
    pub missing: Missing,
    errors: Vec<(String, String, u16)>,
}

impl<'a> Form<'a> {
    /// A form without errors yet.
    #[must_use]
    pub fn new(input: &'a Map<String, Value>, missing: Missing) -> Self {
        Self {
            input,
            missing,
            errors: Vec::new(),
        }
    }

    /// What to write into a field: the given value, null to empty it, or `None` to leave it.
    #[must_use]
    pub fn given(&self, name: &str) -> Option<&'a Value> {
        match (self.input.get(name), self.missing) {
            (Some(value), _) => Some(value),
            (None, Missing::Clear) => Some(&Value::Null),
            (None, Missing::Keep) => None,
        }
    }

    /// An optional text; markup is dropped, blanks at the ends are trimmed, an empty text is null.
    pub fn text(&self, name: &str, slot: &mut Option<String>) {
        if let Some(value) = self.given(name) {
            let text = html::strip_tags(&cast::text(value)).trim().to_owned();
            *slot = (!text.is_empty()).then_some(text);
        }
    }

    /// A text that must not be empty.
    pub fn required_text(&mut self, name: &str, slot: &mut String, message: &str) {
        let mut text = Some(slot.clone()).filter(|text| !text.is_empty());
        self.text(name, &mut text);
        *slot = text.unwrap_or_default();
        if slot.is_empty() {
            self.error(name, message);
        }
    }

    /// A number without decimals, rounded; null is 0.
    pub fn rounded(&mut self, name: &str, slot: &mut i64) {
        let Some(value) = self.given(name) else {
            return;
        };
        let text = cast::text(value);
        if text.is_empty() {
            *slot = 0;
        } else if cast::is_numeric(&text) {
            #[allow(clippy::cast_possible_truncation)] // PHP's cast to int
            let number = text.trim().parse::<f64>().unwrap_or(0.0).round() as i64;
            *slot = number;
        } else {
            self.error(name, "This value is not valid.");
        }
    }

    /// The id of another thing, or none; an unknown one is an error.
    pub fn choice(
        &mut self,
        name: &str,
        before: Option<u64>,
        exists: impl Fn(u64) -> bool,
    ) -> Option<u64> {
        let value = match self.given(name) {
            None => return before,
            Some(value) if value.is_null() || *value == "" => return None,
            Some(value) => value,
        };
        let id = u64::try_from(cast::int(value))
            .ok()
            .filter(|id| exists(*id));
        if id.is_none() {
            self.error(name, "This value is not valid.");
        }
        id
    }

    /// A yes or no; null is no.
    pub fn flag(&self, name: &str, slot: &mut bool) {
        if let Some(value) = self.given(name) {
            *slot = cast::truthy(value) && value != "false";
        }
    }

    /// Notes an error (status 400) of a field.
    pub fn error(&mut self, name: &str, message: &str) {
        self.error_with_code(name, message, 400);
    }

    /// Notes an error of a field with its own status; 422 wins over 400.
    pub fn error_with_code(&mut self, name: &str, message: &str, code: u16) {
        self.errors
            .push((name.to_owned(), message.to_owned(), code));
    }

    /// The error to answer, if there is one: status, message and details by field.
    #[must_use]
    pub fn failed(&self) -> Option<Invalid> {
        if self.errors.is_empty() {
            return None;
        }
        let code = if self.errors.iter().any(|(_, _, code)| *code == 422) {
            422
        } else {
            400
        };
        let mut details: Map<String, Value> = Map::new();
        for (name, message, _) in &self.errors {
            if let Value::Array(messages) = details.entry(name.clone()).or_insert_with(|| json!([]))
            {
                messages.push(json!(message));
            }
        }
        let fields = details.iter().map(|(name, messages)| {
            let messages = messages
                .as_array()
                .into_iter()
                .flatten()
                .map(cast::text)
                .collect::<Vec<_>>();
            format!("{name}: {}", messages.join(", "))
        });
        let message = fields.collect::<Vec<_>>().join(", ");
        Some(Invalid {
            code,
            message,
            details: Value::Object(details),
        })
    }
}

/// Input that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// 400, or 422 when a value must be unique.
    pub code: u16,
    /// `field: message, field: message`.
    pub message: String,
    /// Messages by field.
    pub details: Value,
}
