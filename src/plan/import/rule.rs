//! One point action ─▶ one `[[point_action]]`.

use super::super::{Catalog, Named, parse::objects_key};
use super::MauticAction;
use super::text::{commented, decode_entities, string};
use crate::domain::ActivityKind;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::fmt::Write as _;

/// A rule as text.
pub(super) struct Rule {
    lines: String,
    /// Whether it is a rule or a comment.
    pub(super) active: bool,
    /// What is not as in Mautic, and what to do.
    pub(super) doubts: Vec<(String, &'static str)>,
}

impl Rule {
    /// Remembers a difference from Mautic.
    pub(super) fn doubt(&mut self, message: &str, hint: &'static str) {
        self.doubts.push((message.to_owned(), hint));
    }

    /// Keeps the rule as a comment only.
    fn refuse(&mut self, message: &str, hint: &'static str) {
        self.active = false;
        self.doubt(
            &format!("{message}, so it is only a comment in the plan"),
            hint,
        );
    }

    fn set(&mut self, key: &str, value: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.lines, "{key} = {value}");
    }

    /// The text, with the doubts above it.
    pub(super) fn text(&self) -> String {
        let doubts = self.doubts.iter().map(|(doubt, _)| ["# ", doubt, ".\n"]);
        let doubts: String = doubts.flatten().collect();
        let rule = if self.active {
            self.lines.clone()
        } else {
            commented(&self.lines)
        };
        format!("{doubts}{rule}\n")
    }
}

/// Writes the rule for an action.
pub(super) fn write(action: &MauticAction, topic: &str, catalog: &Catalog) -> Rule {
    let mut rule = Rule {
        lines: "[[point_action]]\n".to_owned(),
        active: true,
        doubts: Vec::new(),
    };
    let named = !action.name.trim().is_empty();
    let name = if named {
        action.name.clone()
    } else {
        format!("Point action {}", action.id)
    };
    rule.set("key", &string(&format!("mautic-{}", action.id)));
    rule.set("name", &string(&name));
    rule.set("topic", &string(topic));
    rule.set("kind", &string(&action.kind));
    write_points(&mut rule, action);
    let repeat = if action.repeatable { "always" } else { "once" };
    rule.set("repeat", &string(repeat));
    match action.kind.parse::<ActivityKind>() {
        Ok(kind) if SIX.contains(&kind) => write_limits(&mut rule, action, kind, catalog),
        _ => rule.refuse(
            "its type is none of Mautic's own six",
            "describe what it does with other rules",
        ),
    }
    write_window(&mut rule, action);
    if !action.published {
        rule.refuse(
            "it is not published",
            "take the comment signs away to use it",
        );
    }
    rule
}

/// Mautic's kinds of point actions; the others are topicscore's own.
const SIX: [ActivityKind; 6] = [
    ActivityKind::PageHit,
    ActivityKind::UrlHit,
    ActivityKind::EmailOpen,
    ActivityKind::EmailSend,
    ActivityKind::FormSubmit,
    ActivityKind::AssetDownload,
];

fn write_points(rule: &mut Rule, action: &MauticAction) {
    rule.set("points", &action.points.to_string());
    if action.points == 0 {
        rule.refuse("it gives no points", "remove it");
    } else if i32::try_from(action.points).is_err() {
        rule.refuse("its points are beyond 32 bits", "give it fewer points");
    }
}

fn write_limits(rule: &mut Rule, action: &MauticAction, kind: ActivityKind, catalog: &Catalog) {
    if kind == ActivityKind::UrlHit {
        write_url(rule, &action.properties);
        return;
    }
    let Some(key) = objects_key(kind) else {
        return;
    };
    let known = match key {
        "pages" => &catalog.pages,
        "emails" => &catalog.emails,
        "forms" => &catalog.forms,
        _ => &catalog.assets,
    };
    match ids(&action.properties[key]) {
        Some(ids) if ids.is_empty() => {}
        Some(ids) => rule.set(key, &list(&ids, known)),
        None => rule.refuse(
            "its limits cannot be read",
            "open and save the action in Mautic, then import again",
        ),
    }
}

/// Ids of a list of numbers or texts, each once; nothing if there are none.
fn ids(value: &Value) -> Option<Vec<u32>> {
    let items: Vec<&Value> = match value {
        Value::Null => Vec::new(),
        Value::Array(items) => items.iter().collect(),
        Value::Object(items) => items.values().collect(),
        _ => return None,
    };
    let mut ids = Vec::new();
    for item in items {
        let id = match item {
            Value::String(text) => text.parse().ok()?,
            _ => u32::try_from(item.as_u64()?).ok()?,
        };
        if id == 0 {
            return None;
        }
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Some(ids)
}

fn list(ids: &[u32], known: &[Named]) -> String {
    let item = |text: String, id: &u32| {
        let thing = known.iter().find(|thing| thing.id == *id);
        let name = thing.map_or("not in Mautic any more".to_owned(), |thing| {
            string(&thing.name)
        });
        text + &format!("  {id}, # {name}\n")
    };
    let items = ids.iter().fold(String::new(), item);
    format!("[\n{items}]")
}

fn write_url(rule: &mut Rule, properties: &Value) {
    let written = properties["page_url"].as_str().unwrap_or_default();
    // PHP's trim.
    let trimmed = written.trim_matches([' ', '\t', '\n', '\r', '\0', '\u{b}']);
    let pattern = decode_entities(trimmed);
    rule.set("url", &string(&pattern));
    if pattern.trim().is_empty() || pattern == "0" {
        rule.refuse("it has no URL pattern and never pays", "remove it");
    }
    for option in OPTIONS {
        if is_set(&properties[option]) {
            let message = format!(
                "its option {option} = {} cannot be expressed",
                properties[option]
            );
            rule.refuse(
                &message,
                "without the option it would pay more often than in Mautic",
            );
        }
    }
}

/// Options of url.hit (SEMANTICS 3).
const OPTIONS: [&str; 5] = [
    "page_hits",
    "returns_within",
    "returns_after",
    "accumulative_time",
    "first_time",
];

/// Whether PHP takes the value for true.
fn is_set(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(set) => *set,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty() && text != "0",
        Value::Array(items) => !items.is_empty(),
        Value::Object(items) => !items.is_empty(),
    }
}

/// Mautic pays from `publish_up` up to and including `publish_down`, in whole seconds.
fn write_window(rule: &mut Rule, action: &MauticAction) {
    let one_second = SignedDuration::from_secs(1);
    let since = action.publish_up;
    let until = action
        .publish_down
        .map(|end| end.saturating_add(one_second).unwrap_or(Timestamp::MAX));
    for (key, moment) in [("since", since), ("until", until)] {
        if let Some(moment) = moment {
            rule.set(key, &moment.to_string());
        }
    }
    if since.is_some() || until.is_some() {
        rule.doubt(
            "its publish window became `since` and `until`, which look at the time of the activity",
            "nothing, unless activities reach Mautic late",
        );
    }
    let years = [since, until]
        .into_iter()
        .flatten()
        .map(|moment| moment.to_string());
    if years.into_iter().any(|text| text.starts_with('-')) {
        rule.refuse(
            "its publish window begins before the year 0",
            "remove `since` or `until`",
        );
    }
    if let (Some(since), Some(until)) = (since, until)
        && since >= until
    {
        rule.refuse("its publish window is empty and it never pays", "remove it");
    }
}
