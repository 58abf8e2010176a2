//! One point action ─▶ one `[[point_action]]`.

use super::super::{Catalog, Named, parse::objects_key};
use super::text::{commented, decode_entities, string};
use super::topics::TopicKeys;
use super::value::Value;
use super::{ActionGroup, MauticAction, SeenAction};
use crate::domain::ActivityKind;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;
use std::fmt::Write as _;

/// What is not as in Mautic, and what to do.
pub(super) type Doubt = (String, &'static str);

/// A rule, to be written.
#[derive(Debug)]
pub(super) struct Rule {
    /// Mautic's id.
    pub(super) id: u32,
    /// Name.
    pub(super) name: String,
    /// The group it pays into; `None`: main points.
    pub(super) group: Option<u32>,
    /// Its keys, in the order in which they are written.
    pub(super) keys: Vec<(&'static str, Value)>,
    /// Whether it is a rule or a comment.
    pub(super) active: bool,
    /// Whether it could be a rule if it were published.
    pub(super) expressible: bool,
    /// Whether Mautic has it switched on.
    pub(super) published: bool,
    /// What is not as in Mautic.
    pub(super) doubts: Vec<Doubt>,
    /// What else people should know.
    notes: Vec<String>,
}

impl Rule {
    fn doubt(&mut self, message: impl Into<String>, hint: &'static str) {
        self.doubts.push((message.into(), hint));
    }

    /// Keeps the rule as a comment only.
    fn refuse(&mut self, message: &str, hint: &'static str) {
        self.active = false;
        self.doubt(
            format!("{message}, so it is only a comment in the plan"),
            hint,
        );
    }

    fn set(&mut self, key: &'static str, value: Value) {
        self.keys.push((key, value));
    }

    fn set_text(&mut self, key: &'static str, text: &str) {
        self.set(key, Value::Text(text.to_owned()));
    }

    /// The text, with notes and doubts above it and an empty line below.
    pub(super) fn text(&self, topics: &TopicKeys) -> String {
        let doubts = self.doubts.iter().map(|(doubt, _)| doubt);
        let above: String = self
            .notes
            .iter()
            .chain(doubts)
            .flat_map(|line| ["# ", line, ".\n"])
            .collect();
        let mut lines = "[[point_action]]\n".to_owned();
        for (key, value) in &self.keys {
            // Writing to a string cannot fail.
            let _ = writeln!(lines, "{key} = {}", value.text(topics));
        }
        let rule = if self.active {
            lines
        } else {
            commented(&lines)
        };
        format!("{above}{rule}\n")
    }

    /// Whether its group could be found out.
    pub(super) fn knows_group(&self) -> bool {
        let unknown = |(_, value): &(_, Value)| matches!(value, Value::Topic { known: false, .. });
        !self.keys.iter().any(unknown)
    }

    /// What a later import compares with.
    pub(super) fn seen(&self) -> SeenAction {
        let compared = |(key, value): &(&'static str, Value)| {
            // What was written: the main points where the group was not known.
            let written = value
                .compared()
                .unwrap_or_else(|| super::value::topic(None));
            ((*key).to_owned(), written)
        };
        SeenAction {
            name: self.name.clone(),
            published: self.published,
            active: self.active,
            keys: self
                .keys
                .iter()
                .filter(|(key, _)| !["key", "mautic", "made_at"].contains(key))
                .map(compared)
                .collect(),
        }
    }
}

/// Writes the rule for an action.
pub(super) fn write(action: &MauticAction, catalog: &Catalog) -> Rule {
    let mut rule = new(action);
    rule.set_text("key", &format!("mautic-{}", action.id));
    rule.set("mautic", Value::Integer(i64::from(action.id)));
    if let Some(made) = action.added_at {
        rule.set("made_at", Value::Moment(made));
    }
    rule.set_text("name", &rule.name.clone());
    write_group(&mut rule, action, catalog);
    rule.set_text("kind", &action.kind);
    write_points(&mut rule, action);
    let repeat = if action.repeatable { "always" } else { "once" };
    rule.set_text("repeat", repeat);
    match action.kind.parse::<ActivityKind>() {
        Ok(kind) if SIX.contains(&kind) => write_limits(&mut rule, action, kind, catalog),
        _ => rule.refuse(
            "its type is none of Mautic's own six",
            "describe what it does with other rules",
        ),
    }
    write_window(&mut rule, action);
    rule.expressible = rule.active;
    if !action.published {
        rule.refuse(
            "it is not published",
            "take the comment signs away to use it",
        );
    }
    rule
}

fn new(action: &MauticAction) -> Rule {
    let named = !action.name.trim().is_empty();
    Rule {
        id: action.id,
        name: if named {
            action.name.clone()
        } else {
            format!("Point action {}", action.id)
        },
        group: None,
        keys: Vec::new(),
        active: true,
        expressible: true,
        published: action.published,
        doubts: Vec::new(),
        notes: Vec::new(),
    }
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

fn write_group(rule: &mut Rule, action: &MauticAction, catalog: &Catalog) {
    let group = action.group.group();
    let lost = group.filter(|id| catalog.group_name(*id).is_none());
    let known = action.group != ActionGroup::Missing && lost.is_none();
    rule.group = group.filter(|_| known).map(|id| id.0);
    match (lost, action.group) {
        (Some(id), _) => rule.doubt(
            format!("group not known: Mautic does not show the point group {id} that it pays into; it pays into the main points here"),
            "name the right topic in the rule; may the login read all point groups?",
        ),
        (None, ActionGroup::Missing) => rule.doubt(
            "group not known: neither Mautic's lists nor its points log tell it, so it pays into the main points here",
            "look the group up in Mautic and name its topic in the rule",
        ),
        (None, ActionGroup::Inferred { rows, others, .. }) => {
            rule.notes.push(format!("group inferred from rows of the points log: {rows}"));
            if others > 0 {
                rule.doubt(
                    format!("it paid into another group before ({others} older rows of the points log); the newest row was followed"),
                    "look the group up in Mautic and compare",
                );
            }
        }
        (None, ActionGroup::Known { .. }) => {}
    }
    let group = rule.group;
    rule.set("topic", Value::Topic { group, known });
}

fn write_points(rule: &mut Rule, action: &MauticAction) {
    rule.set("points", Value::Integer(action.points));
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
        Some(ids) => rule.set(key, named(&ids, known)),
        None => rule.refuse(
            "its limits cannot be read",
            "open and save the action in Mautic, then import again",
        ),
    }
}

/// Ids of a list of numbers or texts, each once; nothing if there are none.
pub(super) fn ids(value: &Json) -> Option<Vec<u32>> {
    let items: Vec<&Json> = match value {
        Json::Null => Vec::new(),
        Json::Array(items) => items.iter().collect(),
        Json::Object(items) => items.values().collect(),
        _ => return None,
    };
    let mut ids = Vec::new();
    for item in items {
        let id = match item {
            Json::String(text) => text.parse().ok()?,
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

/// Ids with their names beside them.
pub(super) fn named(ids: &[u32], known: &[Named]) -> Value {
    let name = |id: u32| {
        let thing = known.iter().find(|thing| thing.id == id);
        let name = thing.map_or("not in Mautic any more".to_owned(), |thing| {
            string(&thing.name)
        });
        (id, name)
    };
    Value::Ids(ids.iter().copied().map(name).collect())
}

fn write_url(rule: &mut Rule, properties: &Json) {
    let written = properties["page_url"].as_str().unwrap_or_default();
    // PHP's trim.
    let trimmed = written.trim_matches([' ', '\t', '\n', '\r', '\0', '\u{b}']);
    let pattern = decode_entities(trimmed);
    rule.set_text("url", &pattern);
    if pattern.trim().is_empty() || pattern == "0" {
        rule.refuse("it has no URL pattern and never pays", "remove it");
    }
    write_number(
        rule,
        properties,
        "page_hits",
        u64::from(u32::MAX),
        Value::Integer,
    );
    for key in ["returns_within", "returns_after", "accumulative_time"] {
        write_number(rule, properties, key, LONGEST, duration);
    }
    if is_set(&properties["first_time"]) {
        rule.set("first_time", Value::Flag(true));
        rule.doubt(
            "in Mautic its option first_time never lets it pay",
            "with behaviour = \"corrected\" it pays for the first hit",
        );
    }
}

/// Longest time of an option in seconds, as in every plan.
const LONGEST: u64 = 3650 * 86_400;

/// An option of `url.hit`; Mautic stores numbers, and seconds for times (SEMANTICS 3).
fn write_number(
    rule: &mut Rule,
    properties: &Json,
    key: &'static str,
    most: u64,
    value: fn(i64) -> Value,
) {
    let option = &properties[key];
    if !is_set(option) {
        return;
    }
    match number(option).filter(|number| *number <= most) {
        Some(0) => {}
        Some(number) => rule.set(key, value(i64::try_from(number).unwrap_or(i64::MAX))),
        None => rule.refuse(
            &format!("its option {key} = {option} cannot be read or is too long"),
            "give it a smaller number in Mautic, then import again",
        ),
    }
}

fn number(value: &Json) -> Option<u64> {
    match value {
        Json::String(text) => text.trim().parse().ok(),
        _ => value.as_u64(),
    }
}

/// A time in its largest whole unit; seconds as a number.
fn duration(seconds: i64) -> Value {
    for (unit, name) in [(86_400, "day"), (3600, "hour"), (60, "minute")] {
        if seconds % unit == 0 {
            let ending = if seconds == unit { "" } else { "s" };
            return Value::Text(format!("{} {name}{ending}", seconds / unit));
        }
    }
    Value::Integer(seconds)
}

/// Whether PHP takes the value for true.
fn is_set(value: &Json) -> bool {
    match value {
        Json::Null => false,
        Json::Bool(set) => *set,
        Json::Number(number) => number.as_f64() != Some(0.0),
        Json::String(text) => !text.is_empty() && text != "0",
        Json::Array(items) => !items.is_empty(),
        Json::Object(items) => !items.is_empty(),
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
            rule.set(key, Value::Moment(moment));
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
