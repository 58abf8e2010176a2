//! The keys of one rule: Mautic's values then and now, and the plan's.

use super::super::rule::Rule;
use super::super::topics::TopicKeys;
use super::super::value::{Value, compared, shown};
use super::super::{SeenAction, text::string};
use super::document::last_value;
use super::edit::Edits;
use super::{What, ids};
use std::ops::Range;
use toml_edit::Table;

/// Keys that an import writes; all others are people's own.
const WRITTEN: [&str; 17] = [
    "name",
    "topic",
    "kind",
    "points",
    "repeat",
    "pages",
    "emails",
    "forms",
    "assets",
    "url",
    "page_hits",
    "returns_within",
    "returns_after",
    "accumulative_time",
    "first_time",
    "since",
    "until",
];

/// A key whose values differ.
pub(super) struct Difference {
    pub(super) key: &'static str,
    pub(super) what: What,
    pub(super) plan: Option<String>,
    pub(super) before: Option<String>,
    pub(super) mautic: Option<String>,
}

/// Compares a rule with what the plan says.
pub(super) fn compare(
    rule: &Rule,
    table: &Table,
    base: Option<&SeenAction>,
    topics: &TopicKeys,
) -> Vec<Difference> {
    let one = |key: &'static str| {
        let value = value(rule, key);
        let mautic = value.and_then(Value::compared);
        if value.is_some() && mautic.is_none() {
            // Not known this time.
            return None;
        }
        let plan = table.get(key).map(|item| compared(key, item, topics));
        let before = base.map(|seen| seen.keys.get(key).cloned());
        let what = judge(before.as_ref(), plan.as_ref(), mautic.as_ref())?;
        let shown = |value: Option<String>| Some(shown(key, &value?, topics));
        Some(Difference {
            key,
            what,
            plan: shown(plan),
            before: shown(before.flatten()),
            mautic: shown(mautic),
        })
    };
    WRITTEN.into_iter().filter_map(one).collect()
}

/// What is to be done about a key; `None`: nothing.
fn judge(
    before: Option<&Option<String>>,
    plan: Option<&String>,
    mautic: Option<&String>,
) -> Option<What> {
    if plan == mautic {
        return None;
    }
    Some(match before.map(Option::as_ref) {
        Some(before) if before == mautic => What::Kept,
        Some(before) if before == plan => What::Changed,
        _ => What::Conflict,
    })
}

fn value<'r>(rule: &'r Rule, key: &str) -> Option<&'r Value> {
    let found = rule.keys.iter().find(|(one, _)| *one == key);
    found.map(|(_, value)| value)
}

/// Writes Mautic's value of a key into the plan.
pub(super) fn write(
    edits: &mut Edits<'_>,
    rule: &Rule,
    table: &Table,
    key: &str,
    topics: &TopicKeys,
) {
    let there: Option<(Range<usize>, Range<usize>)> = table
        .get_key_value(key)
        .and_then(|(key, item)| Some((key.span()?, item.span()?)));
    match (there, value(rule, key)) {
        (Some((_, place)), Some(value)) => {
            let list = table.get(key).and_then(|item| item.as_array());
            if let (Value::Ids(new), Some(list)) = (value, list)
                && ids::write(edits, list, new)
            {
                return;
            }
            edits.replace(place, value.text(topics));
        }
        (None, Some(value)) => {
            let line = format!("{key} = {}\n", value.text(topics));
            edits.insert_below(last_value(table), &line);
        }
        (Some((key, value)), None) => edits.remove(&(key.start..value.end)),
        (None, None) => {}
    }
}

/// A new rule in a few words.
pub(super) fn summary(rule: &Rule, topics: &TopicKeys) -> String {
    let text = |key: &str| {
        value(rule, key)
            .and_then(Value::compared)
            .unwrap_or_default()
    };
    format!(
        "{} of {} points, topic {}",
        text("kind").trim_matches('"'),
        text("points"),
        string(topics.key(rule.group))
    )
}
