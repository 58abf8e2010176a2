//! What the tables of a plan have to know of each other while they are read.

use super::super::{Places, Ref, RuleKey, Scale, TopicKey, ownership::Claims};
use super::together::Feedback;
use crate::diagnostics::{Severity, Sheet, Table, Value, one_of, quote};
use crate::domain::PointActionId;
use jiff::tz::TimeZone;
use std::{cell::RefCell, collections::BTreeMap, ops::Range};

/// Where something stands: bytes of the text.
pub(super) type Span = Range<usize>;

/// What others need to know of a topic; `None`: that part of it is wrong itself.
#[derive(Default)]
pub(super) struct TopicFacts {
    pub(super) scale: Option<Scale>,
    pub(super) bands: Option<Vec<String>>,
}

/// A total and its parts, each with where it is named.
pub(super) type Total = (String, Vec<(String, Span)>);

/// Shared while a plan is read.
pub(super) struct Context<'a, 's> {
    pub(super) sheet: &'a Sheet<'s>,
    /// Zone of dates without one.
    pub(super) zone: TimeZone,
    topics: RefCell<BTreeMap<String, TopicFacts>>,
    /// All grades that a [[grade]] has, best first.
    grades: RefCell<BTreeMap<String, Option<Vec<String>>>>,
    pub(super) used_topics: RefCell<Vec<String>>,
    pub(super) topic_keys: RefCell<Vec<(String, Span)>>,
    pub(super) grade_keys: RefCell<Vec<(String, Span)>>,
    pub(super) rule_keys: RefCell<Vec<(String, Span)>>,
    /// Totals with the parts they are made of.
    pub(super) totals: RefCell<Vec<Total>>,
    /// Topics that stand for the main points.
    pub(super) main_points: RefCell<Vec<((), Span)>>,
    /// Mautic's own actions that rules stand for.
    pub(super) stood_for: RefCell<Vec<PointActionId>>,
    /// Mautic's own actions whose logged points topics adopt.
    pub(super) adopted: RefCell<Vec<(PointActionId, Span)>>,
    pub(super) claims: RefCell<Claims<Ref<u32>, Span>>,
    pub(super) feedback: RefCell<Feedback>,
    places: RefCell<Places>,
}

impl<'a, 's> Context<'a, 's> {
    pub(super) fn new(sheet: &'a Sheet<'s>, zone: TimeZone) -> Self {
        Self {
            sheet,
            zone,
            topics: RefCell::default(),
            grades: RefCell::default(),
            used_topics: RefCell::default(),
            topic_keys: RefCell::default(),
            grade_keys: RefCell::default(),
            rule_keys: RefCell::default(),
            totals: RefCell::default(),
            main_points: RefCell::default(),
            stood_for: RefCell::default(),
            adopted: RefCell::default(),
            claims: RefCell::default(),
            feedback: RefCell::default(),
            places: RefCell::new(super::places_over(sheet)),
        }
    }

    /// Remembers a topic, whole or not.
    pub(super) fn add_topic(&self, key: &str, span: Span, facts: TopicFacts) {
        self.topics.borrow_mut().insert(key.to_owned(), facts);
        self.topic_keys.borrow_mut().push((key.to_owned(), span));
    }

    /// Remembers a grade, whole or not.
    pub(super) fn add_grade(&self, key: &str, span: Span, all: Option<Vec<String>>) {
        self.grades.borrow_mut().insert(key.to_owned(), all);
        self.grade_keys.borrow_mut().push((key.to_owned(), span));
    }

    /// Reads the key of a topic that must exist.
    pub(super) fn topic(&self, value: &Value<'_, '_>) -> Option<TopicKey> {
        let key = value.text("name the `key` of a [[topic]]")?;
        self.topic_called(key, &value.span())
    }

    /// A topic that must exist; from now on it is used.
    pub(super) fn topic_called(&self, key: &str, span: &Span) -> Option<TopicKey> {
        let topics = self.topics.borrow();
        if !topics.contains_key(key) {
            let known: Vec<&str> = topics.keys().map(String::as_str).collect();
            let message = format!("there is no topic {}", quote(key));
            let hint = one_of(key, &known);
            self.sheet.together(span, Severity::Error, message, hint);
            return None;
        }
        self.used_topics.borrow_mut().push(key.to_owned());
        Some(TopicKey(key.to_owned()))
    }

    /// The scale of a topic, if that is right.
    pub(super) fn scale(&self, topic: Option<&TopicKey>) -> Option<Scale> {
        self.topics.borrow().get(&topic?.0)?.scale
    }

    /// The names of a topic's bands, if they are right.
    pub(super) fn bands(&self, topic: &TopicKey) -> Option<Vec<String>> {
        self.topics.borrow().get(&topic.0)?.bands.clone()
    }

    /// Reads the key of a grade that must exist; with all grades it has, if it is right.
    pub(super) fn grade(&self, value: &Value<'_, '_>) -> Option<(String, Option<Vec<String>>)> {
        let key = value.text("name the `key` of a [[grade]]")?;
        let grades = self.grades.borrow();
        let Some(all) = grades.get(key) else {
            let known: Vec<&str> = grades.keys().map(String::as_str).collect();
            let message = format!("there is no grade {}", quote(key));
            let hint = match known.as_slice() {
                [] => "add a [[grade]] with this `key`".to_owned(),
                known => one_of(key, known),
            };
            self.sheet
                .together(&value.span(), Severity::Error, message, hint);
            return None;
        };
        Some((key.to_owned(), all.clone()))
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
