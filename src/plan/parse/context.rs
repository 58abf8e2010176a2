//! What the tables of a plan have to know of each other while they are read.

use super::super::{
    Places, Ref, RuleKey, Scale, TopicKey,
    ownership::{Claims, repeated},
};
use crate::diagnostics::{Severity, Sheet, Table, Value, one_of, quote};
use jiff::tz::TimeZone;
use std::{cell::RefCell, collections::BTreeMap, ops::Range};

type Span = Range<usize>;

/// Shared while a plan is read.
pub(super) struct Context<'a, 's> {
    pub(super) sheet: &'a Sheet<'s>,
    /// Zone of dates without one.
    pub(super) zone: TimeZone,
    /// Scales of the topics; `None` for one that is wrong itself.
    topics: RefCell<BTreeMap<String, Option<Scale>>>,
    used_topics: RefCell<Vec<String>>,
    topic_keys: RefCell<Vec<(String, Span)>>,
    rule_keys: RefCell<Vec<(String, Span)>>,
    pub(super) claims: RefCell<Claims<Ref<u32>, Span>>,
    places: RefCell<Places>,
}

impl<'a, 's> Context<'a, 's> {
    pub(super) fn new(sheet: &'a Sheet<'s>, zone: TimeZone) -> Self {
        Self {
            sheet,
            zone,
            topics: RefCell::default(),
            used_topics: RefCell::default(),
            topic_keys: RefCell::default(),
            rule_keys: RefCell::default(),
            claims: RefCell::default(),
            places: RefCell::new(super::places_over(sheet)),
        }
    }

    /// Remembers a topic, whole or not.
    pub(super) fn add_topic(&self, key: &str, span: Span, scale: Option<Scale>) {
        self.topics.borrow_mut().insert(key.to_owned(), scale);
        self.topic_keys.borrow_mut().push((key.to_owned(), span));
    }

    /// Reads `topic`, which must exist; with its scale, if that is right.
    pub(super) fn topic(&self, table: &Table<'_, '_>) -> Option<(TopicKey, Option<Scale>)> {
        const HINT: &str = "name the `key` of a [[topic]]";
        let value = table.need("topic", HINT)?;
        let key = value.text(HINT)?;
        let topics = self.topics.borrow();
        let Some(scale) = topics.get(key) else {
            let known: Vec<&str> = topics.keys().map(String::as_str).collect();
            let message = format!("there is no topic {}", quote(key));
            let hint = one_of(key, &known);
            self.sheet
                .together(&value.span(), Severity::Error, message, hint);
            return None;
        };
        self.used_topics.borrow_mut().push(key.to_owned());
        Some((TopicKey(key.to_owned()), *scale))
    }

    /// Reads `name` and `key` of a rule; the key follows from the name if it is not given.
    pub(super) fn names(&self, table: &Table<'_, '_>) -> Option<(RuleKey, String)> {
        let name = table.need("name", "say what the rule is for, people will read it");
        let name = name.and_then(|value| Some((value.text("give it a name")?, value.span())));
        let key = match table.get("key") {
            Some(value) => read_key(&value).map(|key| (key.to_owned(), value.span())),
            None => name.clone().map(|(name, span)| (slug(name), span)),
        };
        let (key, span) = key?;
        self.rule_keys.borrow_mut().push((key.clone(), span));
        Some((RuleKey(key), name?.0.to_owned()))
    }

    /// Remembers where something stands.
    pub(super) fn note(&self, path: String, value: &Value<'_, '_>) {
        self.places.borrow_mut().note(path, value.span().start);
    }

    /// Reports what is wrong only with several parts together.
    pub(super) fn check_together(&self) {
        let error = |span: &Span, message: &str, hint: &str| {
            self.sheet.together(span, Severity::Error, message, hint);
        };
        for span in repeated(&self.topic_keys.borrow()) {
            error(
                span,
                "another topic has this key",
                "give each topic a key of its own",
            );
        }
        for span in repeated(&self.rule_keys.borrow()) {
            let message = "another rule has this key (it follows from the name if none is given)";
            error(
                span,
                message,
                "add a `key` of its own, such as `key = \"visit-2\"`",
            );
        }
        for (span, message, hint) in self.claims.borrow().conflicts() {
            error(span, message, hint);
        }
        self.check_use();
    }

    fn check_use(&self) {
        let used = self.used_topics.borrow();
        for (key, span) in self.topic_keys.borrow().iter() {
            if !used.contains(key) {
                let message = format!("nothing uses the topic {}", quote(key));
                let hint = "add a rule for it, or remove the topic";
                self.sheet.together(span, Severity::Warning, message, hint);
            }
        }
    }

    pub(super) fn into_places(self) -> Places {
        self.places.into_inner()
    }
}

/// A key: letters, digits, `_`, `-` and `.`; it stands in addresses and metrics.
pub(super) fn read_key<'a>(value: &Value<'a, '_>) -> Option<&'a str> {
    const HINT: &str = "use 1 to 64 letters, digits, `_`, `-` and `.`";
    let key = value.text(HINT)?;
    let fits = |c: char| c.is_alphanumeric() || "_-.".contains(c);
    if key.chars().count() > 64 || !key.chars().all(fits) {
        value.error(format!("{} is no key", quote(key)), HINT);
        return None;
    }
    Some(key)
}

/// A name as a key: small letters and digits, `-` for the rest.
pub(in crate::plan) fn slug(name: &str) -> String {
    let lower = name.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric());
    let key = words
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join("-");
    let key: String = key.chars().take(64).collect();
    if key.is_empty() {
        "rule".to_owned()
    } else {
        key
    }
}
