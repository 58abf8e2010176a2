//! `[[profile_rule]]` and `[[inactivity_rule]]`.

use super::super::{
    InactivityRule, Operand, ProfileRule, ProfileTest, SilenceStep, Test, Tree, Weight,
};
use super::action::read_points;
use super::context::Context;
use super::targets::read_ref;
use crate::diagnostics::{Table, Value};
use crate::domain::{ActivityKind, SegmentId};
use std::collections::BTreeSet;
use toml::de::DeValue;

const WHEN_HINT: &str = "write one of { field = \"position\", is = \"Director\" }, \
    { field = \"phone\", filled = true }, { tag = \"vip\" }, { segment = \"Customers\" }";
const IS_HINT: &str = "write a value, or a list of values: is = [\"Berlin\", \"Bern\"]";

pub(super) fn profile(
    context: &Context<'_, '_>,
    index: usize,
    table: &Table<'_, '_>,
) -> Option<ProfileRule> {
    let names = context.names(table);
    let topic = context.topic(table);
    let points = read_points(table);
    let when = table.need("when", WHEN_HINT);
    let when = when.and_then(|value| read_when(context, index, &value));
    let (key, name) = names?;
    Some(ProfileRule {
        key,
        name,
        pays: vec![(topic?.0, Weight::ONE)],
        points: points?,
        when: Tree::Leaf(when?),
    })
}

fn read_when(
    context: &Context<'_, '_>,
    index: usize,
    value: &Value<'_, '_>,
) -> Option<ProfileTest> {
    let table = value.table(WHEN_HINT)?;
    let (field, tag, segment) = (table.get("field"), table.get("tag"), table.get("segment"));
    let (is, filled) = (table.get("is"), table.get("filled"));
    table.finish();
    match (field, tag, segment) {
        (Some(field), None, None) => read_field(value, &field, is, filled),
        _ if is.is_some() || filled.is_some() => {
            value.error("`is` and `filled` ask about one `field`", WHEN_HINT);
            None
        }
        (None, Some(tag), None) => Some(ProfileTest::Tag(tag.text(WHEN_HINT)?.to_owned())),
        (None, None, Some(segment)) => {
            let bound = read_ref(&segment, "segment")?;
            context.note(format!("profile_rule.{index}.segment"), &segment);
            let claim = (bound.clone(), segment.span());
            context.claims.borrow_mut().asked.push(claim);
            Some(ProfileTest::Segment(bound.map(SegmentId)))
        }
        _ => {
            value.error("`when` must ask exactly one thing", WHEN_HINT);
            None
        }
    }
}

fn read_field(
    when: &Value<'_, '_>,
    field: &Value<'_, '_>,
    is: Option<Value<'_, '_>>,
    filled: Option<Value<'_, '_>>,
) -> Option<ProfileTest> {
    let alias = field
        .text("write the field's alias as Mautic shows it")
        .map(str::to_owned);
    match (is, filled) {
        (Some(is), None) => {
            let values = read_values(&is);
            Some(ProfileTest::Field {
                field: alias?,
                test: Test::Is(values?.into_iter().map(Operand::Text).collect()),
            })
        }
        (None, Some(filled)) => {
            if !filled.boolean("write `filled = true`")? {
                filled.error(
                    "only `filled = true` can be asked",
                    "turn the rule round: give points to those who have a value",
                );
                return None;
            }
            Some(ProfileTest::Field {
                field: alias?,
                test: Test::Not(Box::new(Test::Empty)),
            })
        }
        _ => {
            when.error("`field` needs either `is` or `filled`", WHEN_HINT);
            None
        }
    }
}

fn read_values(is: &Value<'_, '_>) -> Option<BTreeSet<String>> {
    let mut values = BTreeSet::new();
    for item in is.one_or_more(IS_HINT)? {
        let text = match item.node() {
            DeValue::Integer(number) => number.to_string(),
            _ => item.text(IS_HINT)?.to_owned(),
        };
        if values
            .iter()
            .any(|other: &String| other.to_lowercase() == text.to_lowercase())
        {
            item.warn(
                "this value is listed twice (case does not matter)",
                "remove one of them",
            );
        }
        values.insert(text);
    }
    Some(values)
}

pub(super) fn inactivity(
    context: &Context<'_, '_>,
    table: &Table<'_, '_>,
) -> Option<InactivityRule> {
    const HINT: &str = "write a number of days, from 1 to 3650";
    let names = context.names(table);
    let topic = context.topic(table);
    let points = read_points(table);
    let after_days = table.need("after_days", HINT);
    let after_days = after_days.and_then(|value| value.integer(1..=3650, HINT));
    let kinds = match table.get("kinds") {
        Some(value) => read_kinds(&value),
        None => Some(engagement()),
    };
    let (key, name) = names?;
    Some(InactivityRule {
        key,
        name,
        pays: vec![(topic?.0, Weight::ONE)],
        steps: vec![SilenceStep {
            after_days: after_days?,
            points: points?,
        }],
        kinds: kinds?,
    })
}

fn engagement() -> BTreeSet<ActivityKind> {
    let kinds = ActivityKind::ALL.into_iter();
    kinds.filter(|kind| kind.is_engagement()).collect()
}

fn read_kinds(value: &Value<'_, '_>) -> Option<BTreeSet<ActivityKind>> {
    let choices = ActivityKind::ALL.map(|kind| (kind.name(), kind));
    let items = value.list("leave `kinds` out to mean all that a contact does himself")?;
    let mut kinds = BTreeSet::new();
    let mut complete = true;
    for item in items {
        match item.choice(&choices) {
            Some(kind) if kinds.insert(kind) => {}
            Some(kind) => item.warn(format!("{kind} is listed twice"), "remove one of them"),
            None => complete = false,
        }
    }
    complete.then_some(kinds)
}
