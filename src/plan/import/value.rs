//! Values of rules: written for people, and compared.

use super::text::string;
use super::topics::TopicKeys;
use jiff::Timestamp;
use std::fmt::Write as _;
use toml_edit::{Item, Value as Toml};

/// A value of a rule.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// A text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// `true` or `false`.
    Flag(bool),
    /// A moment.
    Moment(Timestamp),
    /// Ids, each with what is to be said of it.
    Ids(Vec<(u32, String)>),
    /// The topic of a group (`None`: main points).
    Topic {
        /// The group.
        group: Option<u32>,
        /// Whether it is known; else the main points stand in for it.
        known: bool,
    },
}

impl Value {
    /// As it stands in a plan.
    pub(super) fn text(&self, topics: &TopicKeys) -> String {
        match self {
            Self::Ids(ids) => list(ids),
            Self::Topic { group, .. } => string(topics.key(*group)),
            Self::Text(_) | Self::Integer(_) | Self::Flag(_) | Self::Moment(_) => {
                self.compared().unwrap_or_default()
            }
        }
    }

    /// The form in which values are compared; `None`: not known.
    pub(super) fn compared(&self) -> Option<String> {
        Some(match self {
            Self::Text(text) => string(text),
            Self::Integer(number) => number.to_string(),
            Self::Flag(flag) => flag.to_string(),
            Self::Moment(moment) => moment.to_string(),
            Self::Ids(ids) => sorted(ids.iter().map(|(id, _)| i64::from(*id)).collect()),
            Self::Topic { known: false, .. } => return None,
            Self::Topic { group, .. } => topic(*group),
        })
    }
}

fn list(ids: &[(u32, String)]) -> String {
    format!("[\n{}]", lines(ids))
}

/// Ids, each on its line with what is to be said of it.
pub(super) fn lines(ids: &[(u32, String)]) -> String {
    ids.iter().fold(String::new(), |mut text, (id, note)| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {id}, # {note}");
        text
    })
}

/// A topic in the form in which topics are compared: plans may rename them.
pub(super) fn topic(group: Option<u32>) -> String {
    group.map_or("main points".to_owned(), |id| format!("group {id}"))
}

/// The order of ids means nothing.
fn sorted(mut numbers: Vec<i64>) -> String {
    numbers.sort_unstable();
    numbers.dedup();
    let numbers: Vec<_> = numbers.iter().map(ToString::to_string).collect();
    format!("[{}]", numbers.join(", "))
}

/// A compared value as people know it: a topic by its key.
pub(super) fn shown(key: &str, compared: &str, topics: &TopicKeys) -> String {
    let group = match compared.strip_prefix("group ") {
        Some(id) => id.parse().ok().map(Some),
        None => (compared == "main points").then_some(None),
    };
    match group.filter(|_| key == "topic") {
        Some(group) => string(topics.key(group)),
        None => compared.to_owned(),
    }
}

/// A value of a plan's text in the form in which values are compared.
pub(super) fn compared(key: &str, item: &Item, topics: &TopicKeys) -> String {
    match item.as_value() {
        Some(value) if key == "topic" => {
            let group = value.as_str().and_then(|key| topics.group(key));
            group.map_or_else(|| plain(value), topic)
        }
        Some(value) => plain(value),
        None => "a table".to_owned(),
    }
}

fn plain(value: &Toml) -> String {
    match value {
        Toml::String(text) => string(text.value()),
        Toml::Integer(number) => number.value().to_string(),
        Toml::Boolean(flag) => flag.value().to_string(),
        Toml::Datetime(moment) => {
            let text = moment.value().to_string();
            text.parse::<Timestamp>()
                .map_or(text, |moment| moment.to_string())
        }
        Toml::Array(items) => {
            let numbers: Option<Vec<i64>> = items.iter().map(Toml::as_integer).collect();
            numbers.map_or_else(
                || {
                    let items: Vec<_> = items.iter().map(plain).collect();
                    format!("[{}]", items.join(", "))
                },
                sorted,
            )
        }
        Toml::InlineTable(table) => {
            let pairs: Vec<_> = table
                .iter()
                .map(|(key, value)| format!("{key} = {}", plain(value)))
                .collect();
            format!("{{ {} }}", pairs.join(", "))
        }
        Toml::Float(number) => number.value().to_string(),
    }
}
