//! `[[trigger]]` and `[[segment]]`, and how things of Mautic's are named.

use super::super::{
    Edge, Effect, Rearm, Ref, Scale, ScoreTest, SegmentRule, SegmentTest, Tree, Trigger,
};
use super::context::Context;
use super::topic::SCORES;
use crate::diagnostics::{Severity, Table, Value};
use crate::domain::SegmentId;
use jiff::SignedDuration;
use toml::de::DeValue;

const SCORE_HINT: &str = "write a score, a whole number";
const EFFECT_HINT: &str = "add `add_to = [\"A segment\"]` or `remove_from = […]`";

impl<Id> Ref<Id> {
    /// The same reference with another type of id.
    pub(in crate::plan) fn map<Other>(self, id: impl FnOnce(Id) -> Other) -> Ref<Other> {
        match self {
            Self::Id(bound) => Ref::Id(id(bound)),
            Self::Name(name) => Ref::Name(name),
        }
    }
}

/// Reads an id or a name.
pub(super) fn read_ref(value: &Value<'_, '_>, what: &str) -> Option<Ref<u32>> {
    let hint = format!("write the {what}'s id, or its name in quotes");
    match value.node() {
        DeValue::Integer(_) => value.integer(1..=i64::from(u32::MAX), &hint).map(Ref::Id),
        DeValue::String(_) => Some(Ref::Name(value.text(&hint)?.to_owned())),
        _ => value.mistyped("an id or a name", &hint),
    }
}

/// Reads a list of ids and names; each one once. They are noted as `path.0`, `path.1`, …
pub(super) fn read_refs(
    context: &Context<'_, '_>,
    value: &Value<'_, '_>,
    path: &str,
    empty_hint: &str,
) -> Option<Vec<Ref<u32>>> {
    let mut refs = Vec::new();
    let mut complete = true;
    for (index, item) in value.list(empty_hint)?.iter().enumerate() {
        context.note(format!("{path}.{index}"), item);
        match read_ref(item, "thing") {
            Some(again) if refs.contains(&again) => {
                item.error("this one is listed twice", "remove one of them");
            }
            Some(new) => refs.push(new),
            None => complete = false,
        }
    }
    complete.then_some(refs)
}

pub(super) fn trigger(
    context: &Context<'_, '_>,
    index: usize,
    table: &Table<'_, '_>,
) -> Option<Trigger> {
    let names = context.names(table);
    let topic = context.topic(table);
    let at = read_score(table, "at", topic.as_ref().and_then(|(_, scale)| *scale));
    let add_to = read_segments(context, index, table, "add_to");
    let remove_from = read_segments(context, index, table, "remove_from");
    if table.get("add_to").is_none() && table.get("remove_from").is_none() {
        let message = "this trigger does nothing";
        table
            .sheet
            .together(&table.span, Severity::Error, message, EFFECT_HINT);
    }
    let (add_to, remove_from) = (add_to?, remove_from?);
    if let Some(value) = table.get("remove_from")
        && add_to.iter().any(|segment| remove_from.contains(segment))
    {
        value.error(
            "a segment stands in `add_to` and in `remove_from`",
            "keep one of the two",
        );
    }
    let (key, name) = names?;
    Some(Trigger {
        key,
        name,
        when: Tree::Leaf(ScoreTest::AtLeast(topic?.0, at?)),
        edge: Edge::Rising,
        rearm: Rearm::Never,
        dwell: SignedDuration::ZERO,
        since: None,
        effects: {
            let added = add_to.into_iter().map(Effect::AddToSegment);
            let removed = remove_from.into_iter().map(Effect::RemoveFromSegment);
            added.chain(removed).collect()
        },
    })
}

fn read_segments(
    context: &Context<'_, '_>,
    index: usize,
    table: &Table<'_, '_>,
    key: &'static str,
) -> Option<Vec<Ref<SegmentId>>> {
    let Some(value) = table.get(key) else {
        return Some(Vec::new());
    };
    let path = format!("trigger.{index}.{key}");
    let segments = read_refs(context, &value, &path, EFFECT_HINT)?;
    let mut claims = context.claims.borrow_mut();
    for (segment, item) in segments.iter().zip(value.list(EFFECT_HINT)?) {
        claims.changed.push((segment.clone(), item.span()));
    }
    Some(segments.into_iter().map(|one| one.map(SegmentId)).collect())
}

/// A score to compare with; doubts one that the scale cannot reach.
fn read_score(table: &Table<'_, '_>, key: &'static str, scale: Option<Scale>) -> Option<i32> {
    let value = table.need(key, SCORE_HINT)?;
    let score = value.integer(SCORES, SCORE_HINT)?;
    if let Some(ceiling) = scale.and_then(|scale| scale.ceiling)
        && score > ceiling
    {
        let message = format!("`{key}` is above the topic's ceiling {ceiling} and never reached");
        value.warn(message, "lower it, or raise the topic's `ceiling`");
    }
    if let Some(floor) = scale.and_then(|scale| scale.floor)
        && score <= floor
    {
        let message = format!("every contact has at least the topic's floor {floor}");
        value.warn(
            message,
            format!("a `{key}` this low is true for everybody: raise it"),
        );
    }
    Some(score)
}

pub(super) fn segment(
    context: &Context<'_, '_>,
    index: usize,
    table: &Table<'_, '_>,
) -> Option<SegmentRule> {
    let value = table.need("segment", "write the segment's id, or its name in quotes");
    let segment = value.and_then(|value| {
        let segment = read_ref(&value, "segment")?;
        context.note(format!("segment.{index}.segment"), &value);
        let claim = (segment.clone(), value.span());
        context.claims.borrow_mut().declared.push(claim);
        Some(segment)
    });
    let topic = context.topic(table);
    let enter = read_score(table, "enter", topic.as_ref().and_then(|(_, scale)| *scale));
    let leave = match table.get("leave") {
        Some(value) => read_leave(&value, enter),
        None => enter,
    };
    Some(SegmentRule {
        segment: segment?.map(SegmentId),
        test: SegmentTest::Score {
            topic: topic?.0,
            enter: enter?,
            leave: leave?,
        },
    })
}

fn read_leave(value: &Value<'_, '_>, enter: Option<i32>) -> Option<i32> {
    let leave = value.integer(SCORES, SCORE_HINT)?;
    if let Some(enter) = enter.filter(|enter| leave > *enter) {
        let message = format!("`leave` is {leave}, above `enter` at {enter}");
        value.error(
            message,
            "a contact would enter and leave at once: make `leave` at most `enter`",
        );
    }
    Some(leave)
}
