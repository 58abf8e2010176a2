//! `[[grade]]`.

use super::super::{Grade, TopicKey};
use super::condition::doubt_at_least;
use super::context::{Context, read_key};
use super::topic::SCORES;
use crate::diagnostics::{Table, Value};

const STEPS_HINT: &str = "write the lowest score of each but the last, falling: [75, 50, 25]";
const MOST_STEPS: usize = 25;

pub(super) fn read(context: &Context<'_, '_>, table: &Table<'_, '_>) -> Option<Grade> {
    let key_value = table.need("key", "give it a short name that conditions can use");
    let key = key_value.as_ref().and_then(read_key);
    let label = match table.get("label") {
        Some(value) => value.text("write a name for people").map(str::to_owned),
        None => key.map(str::to_owned),
    };
    let (fit, fit_from) = read_side(context, table, "fit", "fit_from");
    let (engagement, engagement_from) = read_side(context, table, "engagement", "engagement_from");
    let grade = || {
        Some(Grade {
            key: key?.to_owned(),
            label: label?,
            fit: fit?,
            fit_from: fit_from?,
            engagement: engagement?,
            engagement_from: engagement_from?,
        })
    };
    let grade = grade();
    if let (Some(key), Some(value)) = (key, key_value) {
        context.add_grade(key, value.span(), grade.as_ref().map(Grade::all));
    }
    grade
}

fn read_side(
    context: &Context<'_, '_>,
    table: &Table<'_, '_>,
    topic: &'static str,
    from: &'static str,
) -> (Option<TopicKey>, Option<Vec<i32>>) {
    let value = table.need(topic, "name the `key` of a [[topic]]");
    let topic = value.and_then(|value| context.topic(&value));
    let steps = table.need(from, STEPS_HINT);
    let steps = steps.and_then(|value| read_steps(context, &value, topic.as_ref()));
    (topic, steps)
}

fn read_steps(
    context: &Context<'_, '_>,
    value: &Value<'_, '_>,
    topic: Option<&TopicKey>,
) -> Option<Vec<i32>> {
    let items = value.list(STEPS_HINT)?;
    if items.len() > MOST_STEPS {
        value.error(
            "more than 25 steps",
            "the letters end with Z: leave some out",
        );
        return None;
    }
    let mut steps: Vec<i32> = Vec::new();
    let mut complete = true;
    for item in items {
        let Some(step) = item.integer::<i32>(SCORES, STEPS_HINT) else {
            complete = false;
            continue;
        };
        if steps.last().is_some_and(|last| *last <= step) {
            let message = format!("the step {step} is not below the one before");
            item.error(message, STEPS_HINT);
            complete = false;
        } else {
            doubt_at_least(&item, step, context.scale(topic));
        }
        steps.push(step);
    }
    complete.then_some(steps)
}
