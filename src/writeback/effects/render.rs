//! What mails and webhooks say. PURE.

use crate::domain::{Effect, Profile};
use serde_json::json;

/// What is known of the contact that a mail or webhook is about.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// The effect.
    pub effect: &'a Effect,
    /// The contact's profile, if there is one.
    pub profile: Option<&'a Profile>,
    /// Name of the instance.
    pub instance: &'a str,
}

impl About<'_> {
    /// First and last name.
    fn full_name(&self) -> Option<String> {
        let part = |alias| self.profile.and_then(|profile| profile.field(alias));
        let parts: Vec<_> = [part("firstname"), part("lastname")]
            .into_iter()
            .flatten()
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    }

    fn email(&self) -> Option<&str> {
        self.profile.and_then(|profile| profile.field("email"))
    }

    /// What stands for a placeholder; `None` for one that nobody knows.
    fn value(&self, placeholder: &str) -> Option<String> {
        let effect = self.effect;
        Some(match placeholder {
            "name" => self
                .full_name()
                .or_else(|| self.email().map(str::to_owned))
                .unwrap_or_else(|| format!("contact {}", effect.contact)),
            "email" => self.email().unwrap_or_default().to_owned(),
            "contact" => effect.contact.to_string(),
            "trigger" => effect.name.clone(),
            "reason" => effect.reason.clone(),
            "instance" => self.instance.to_owned(),
            other => {
                let topic = other.strip_prefix("score:")?;
                let found = effect.scores.iter().find(|(key, _)| key == topic);
                found.map(|(_, score)| score.to_string())?
            }
        })
    }

    /// Fills in placeholders such as `{name}` and `{score:ovens}`; unknown ones stay as they are.
    /// What is filled in is not looked at again: a contact can call itself `{reason}`.
    #[must_use]
    pub fn fill(&self, template: &str) -> String {
        let mut filled = String::with_capacity(template.len());
        let mut rest = template;
        while let Some(open) = rest.find('{') {
            filled.push_str(&rest[..open]);
            rest = &rest[open..];
            let value = rest
                .find('}')
                .and_then(|close| Some((close, self.value(&rest[1..close])?)));
            let taken = if let Some((close, value)) = value {
                filled.push_str(&value);
                close + 1
            } else {
                filled.push('{');
                1
            };
            rest = &rest[taken..];
        }
        filled.push_str(rest);
        filled
    }

    /// [`About::fill`] on one line: a name with a line break in it must not begin a new header.
    #[must_use]
    pub fn fill_line(&self, template: &str) -> String {
        let filled = self.fill(template);
        let words = filled.split(|c: char| c.is_control() || c.is_whitespace());
        let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
        words.join(" ")
    }

    /// Body of a webhook: the same for every attempt at an effect.
    #[must_use]
    pub fn webhook_body(&self) -> String {
        let effect = self.effect;
        let scores = effect.scores.iter();
        let scores: serde_json::Map<_, _> = scores
            .map(|(topic, score)| (topic.clone(), json!(score)))
            .collect();
        json!({
            "type": "trigger.fired",
            "timestamp": effect.fired_at,
            "data": {
                "contact": {
                    "id": effect.contact,
                    "email": self.email(),
                    "name": self.full_name(),
                },
                "trigger": effect.trigger.0,
                "name": effect.name,
                "reason": effect.reason,
                "crossed_at": effect.crossed_at,
                "scores": scores,
                "instance": self.instance,
            },
        })
        .to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::give::{actions, effect, profile};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn placeholders() {
        let effect = effect(actions().remove(0));
        let (known, hostile) = (profile("Ann", "Bee"), profile("{reason}\r\nBcc: x", ""));
        let about = |profile| About {
            effect: &effect,
            profile,
            instance: "m.example.test",
        };
        for (profile, template, expected) in [
            (
                Some(&known),
                "{name} <{email}>",
                "Ann Bee <ann@example.test>",
            ),
            (None, "{name} <{email}>", "contact 7 <>"),
            (
                Some(&known),
                "{trigger}: {reason} ({contact}, {instance})",
                "Call: ovens 62 reached 60 (7, m.example.test)",
            ),
            (
                Some(&known),
                "{score:ovens} {score:none} {score:} {x} {} {",
                "62 {score:none} {score:} {x} {} {",
            ),
            (Some(&known), "{{name}} {{", "{Ann Bee} {{"),
            (Some(&known), "", ""),
            (Some(&known), "Grüße {name}", "Grüße Ann Bee"),
            (Some(&hostile), "Hi {name}", "Hi {reason} Bcc: x"),
        ] {
            assert_eq!(about(profile).fill_line(template), expected, "{template}");
        }
        assert_eq!(
            about(Some(&hostile)).fill("{name}\n-- \n"),
            "{reason}\r\nBcc: x\n-- \n"
        );
    }

    #[test]
    fn webhook_bodies() {
        let (effect, known) = (effect(actions().remove(0)), profile("Ann", "Bee"));
        let body = |profile| {
            let about = About {
                effect: &effect,
                profile,
                instance: "m.example.test",
            };
            about.webhook_body()
        };
        insta::assert_snapshot!(body(Some(&known)), @r#"{"type":"trigger.fired","timestamp":"2026-11-21T20:00:00Z","data":{"contact":{"id":7,"email":"ann@example.test","name":"Ann Bee"},"trigger":"call","name":"Call","reason":"ovens 62 reached 60","crossed_at":"2026-11-21T19:59:00Z","scores":{"ovens":62,"hobs":3},"instance":"m.example.test"}}"#);
        insta::assert_snapshot!(body(None), @r#"{"type":"trigger.fired","timestamp":"2026-11-21T20:00:00Z","data":{"contact":{"id":7,"email":null,"name":null},"trigger":"call","name":"Call","reason":"ovens 62 reached 60","crossed_at":"2026-11-21T19:59:00Z","scores":{"ovens":62,"hobs":3},"instance":"m.example.test"}}"#);
    }

    proptest! {
        #[test]
        fn text_without_placeholders_stays(text in "[^{}]*") {
            let effect = effect(actions().remove(0));
            let about = About { effect: &effect, profile: None, instance: "m" };
            prop_assert_eq!(about.fill(&text), text);
        }

        #[test]
        fn any_template_is_filled_in(text in any::<String>()) {
            let effect = effect(actions().remove(0));
            let about = About { effect: &effect, profile: None, instance: "m" };
            let line = about.fill_line(&text);
            prop_assert!(!line.contains(char::is_control));
        }
    }
}
