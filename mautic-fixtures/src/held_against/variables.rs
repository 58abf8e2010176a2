//! Variables captured from answers, and the placeholders that use them.

use std::collections::HashMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};

use super::session::{BasicUser, Capture};

/// The variables of one run.
#[derive(Debug, Default)]
pub struct Variables {
    values: HashMap<String, String>,
}

impl Variables {
    /// Stores what a step captures from its answer; a pointer that leads nowhere gives the text `None`.
    pub fn capture(&mut self, captures: &[Capture], body: &Value) {
        for capture in captures {
            let value = match body.pointer(&capture.from) {
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
                None => "None".to_owned(),
            };
            self.values.insert(capture.var.clone(), value);
        }
    }

    /// A text with its placeholders replaced; unknown ones stay as they are.
    #[must_use]
    pub fn fill(&self, text: &str) -> String {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            filled.push_str(before);
            let Some((name, tail)) = after.split_once("}}") else {
                filled.push_str("{{");
                rest = after;
                continue;
            };
            match self.lookup(name) {
                Some(value) => filled.push_str(&value),
                None => filled.extend(["{{", name, "}}"]),
            }
            rest = tail;
        }
        filled.push_str(rest);
        filled
    }

    /// A JSON value with the placeholders of all its strings replaced.
    #[must_use]
    pub fn fill_value(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.fill(text)),
            Value::Array(list) => {
                Value::Array(list.iter().map(|value| self.fill_value(value)).collect())
            }
            Value::Object(map) => Value::Object(
                map.iter()
                    .map(|(key, value)| (key.clone(), self.fill_value(value)))
                    .collect::<Map<_, _>>(),
            ),
            other => other.clone(),
        }
    }

    /// A header's value: `Bearer <token>` is the newest token, `Basic <ok>` the right user.
    #[must_use]
    pub fn header(&self, value: &str, basic: &BasicUser) -> String {
        match value {
            "Bearer <token>" => format!(
                "Bearer {}",
                self.values.get("token").map_or("", String::as_str)
            ),
            "Basic <ok>" => format!(
                "Basic {}",
                STANDARD.encode(format!("{}:{}", basic.user, basic.password))
            ),
            other => self.fill(other),
        }
    }

    fn lookup(&self, name: &str) -> Option<String> {
        match name.strip_prefix("ct:") {
            Some(arguments) => self.click_through(arguments),
            None => self.values.get(name).cloned(),
        }
    }

    /// The click-through parameter of an email link: `E,HASHVAR,LEAD`.
    fn click_through(&self, arguments: &str) -> Option<String> {
        let mut parts = arguments.split(',');
        let (email, hash, lead) = (parts.next()?, parts.next()?, parts.next()?);
        let hash = self.values.get(hash)?;
        let serialized = format!(
            "a:5:{{s:6:\"source\";a:2:{{i:0;s:3:\"api\";i:1;i:0;}}s:5:\"email\";i:{email};s:4:\"stat\";s:{}:\"{hash}\";s:4:\"lead\";s:{}:\"{lead}\";s:7:\"channel\";a:1:{{s:5:\"email\";i:{email};}}}}",
            hash.len(),
            lead.len(),
        );
        let encoded = STANDARD.encode(serialized);
        Some(
            encoded
                .replace('+', "%2B")
                .replace('/', "%2F")
                .replace('=', "%3D"),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn captured_values_fill_placeholders() {
        let mut variables = Variables::default();
        let captures = [
            Capture {
                var: "h1".into(),
                from: "/stats/0/hash".into(),
            },
            Capture {
                var: "gone".into(),
                from: "/nothing".into(),
            },
        ];
        variables.capture(&captures, &json!({"stats": [{"hash": "abc"}]}));
        assert_eq!(
            variables.fill("/email/{{h1}}.gif?x={{gone}}&y={{unknown}}"),
            "/email/abc.gif?x=None&y={{unknown}}"
        );
        let encoded = variables.fill("{{ct:1,h1,12}}");
        let decoded = STANDARD
            .decode(
                encoded
                    .replace("%3D", "=")
                    .replace("%2B", "+")
                    .replace("%2F", "/"),
            )
            .unwrap();
        assert!(
            String::from_utf8(decoded)
                .unwrap()
                .contains("s:4:\"lead\";s:2:\"12\"")
        );
    }
}
