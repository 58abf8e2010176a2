//! `[[segment]]`.

use super::super::{Ref, SegmentRule, SegmentTest};
use super::condition::{SCORE_HINT, doubt_at_least, doubt_below, read_score};
use super::context::Context;
use super::refs::read_noted;
use super::topic::SCORES;
use crate::diagnostics::{Severity, Table, Value};
use crate::domain::SegmentId;

const TEST_HINT: &str = "add `topic = \"…\"` and `enter = 50`, or `when = { … }`";

pub(super) fn read(
    context: &Context<'_, '_>,
    index: usize,
    table: &Table<'_, '_>,
) -> Option<SegmentRule> {
    let segment = read_segment(context, index, table);
    let test = read_test(context, table);
    Some(SegmentRule {
        segment: segment?.map(SegmentId),
        test: test?,
    })
}

fn read_segment(
    context: &Context<'_, '_>,
    index: usize,
    table: &Table<'_, '_>,
) -> Option<Ref<u32>> {
    let value = table.need("segment", "write the segment's id, or its name in quotes")?;
    let path = format!("segment.{index}.segment");
    let segment = read_noted(context, &value, &path, "segment")?;
    let claim = (segment.clone(), value.span());
    context.claims.borrow_mut().declared.push(claim);
    Some(segment)
}

fn read_test(context: &Context<'_, '_>, table: &Table<'_, '_>) -> Option<SegmentTest> {
    let keys = ["topic", "enter", "leave"];
    let odd = keys.into_iter().find_map(|key| table.get(key));
    match (table.get("when"), odd) {
        (Some(when), None) => read_score(context, &when).map(SegmentTest::When),
        (Some(_), Some(odd)) => {
            let message = format!("a segment has either `when` or `{}`", odd.key());
            odd.error(message, "put it into `when`, or keep one of the two");
            None
        }
        (None, Some(_)) => read_bounds(context, table),
        (None, None) => {
            if !table.may_mean(&["topic", "enter", "when"]) {
                let message = "this segment has no condition";
                let sheet = table.sheet;
                sheet.together(&table.span, Severity::Error, message, TEST_HINT);
            }
            None
        }
    }
}

fn read_bounds(context: &Context<'_, '_>, table: &Table<'_, '_>) -> Option<SegmentTest> {
    let topic = table.need("topic", "name the `key` of a [[topic]]");
    let topic = topic.and_then(|value| context.topic(&value));
    let scale = context.scale(topic.as_ref());
    let enter_value = table.need("enter", SCORE_HINT);
    let enter = enter_value.and_then(|value| {
        let enter = value.integer(SCORES, SCORE_HINT)?;
        doubt_at_least(&value, enter, scale);
        Some(enter)
    });
    let leave = match table.get("leave") {
        Some(value) => {
            read_leave(&value, enter).inspect(|leave| doubt_below(&value, *leave, scale))
        }
        None => enter,
    };
    Some(SegmentTest::Score {
        topic: topic?,
        enter: enter?,
        leave: leave?,
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
        return None;
    }
    Some(leave)
}
