//! Topics with weights: what a rule pays into, what a total is made of.

use super::super::{Pays, TopicKey, Weight};
use super::context::{Context, Span};
use crate::diagnostics::{Severity, Table, Value, quote};
use toml::de::DeValue;

const TOPIC_HINT: &str = "name the `key` of a [[topic]]";
const LIST_HINT: &str = "write [\"a\", \"b\"], or with weights { a = 1, b = 0.5 }";
const WEIGHT_HINT: &str =
    "write a number from -1000 to 1000, not 0, with at most 3 decimals, such as 0.5";

/// Reads `topic` or `topics`: what a rule pays into.
pub(super) fn read_pays(
    context: &Context<'_, '_>,
    table: &Table<'_, '_>,
) -> Option<Pays<TopicKey>> {
    match (table.get("topic"), table.get("topics")) {
        (Some(_), Some(several)) => {
            let message = "a rule has either `topic` or `topics`";
            several.error(message, "keep one of the two");
            None
        }
        (None, Some(several)) => {
            let parts = read_weighted(context, &several)?;
            let known = parts.into_iter().map(|part| {
                let topic = context.topic_called(&part.topic, &part.span)?;
                Some((topic, part.weight))
            });
            // All are asked before the first unknown one ends it.
            known.collect::<Vec<_>>().into_iter().collect()
        }
        (one, None) => {
            let value = one.or_else(|| table.need("topic", TOPIC_HINT))?;
            Some(vec![(context.topic(&value)?, Weight::ONE)])
        }
    }
}

/// A topic with a weight, as written.
pub(super) struct Weighted {
    pub(super) topic: String,
    pub(super) span: Span,
    pub(super) weight: Weight,
}

/// Reads a list of topics, or a table of topics with weights. Whether they exist is not asked.
pub(super) fn read_weighted(
    context: &Context<'_, '_>,
    value: &Value<'_, '_>,
) -> Option<Vec<Weighted>> {
    match value.node() {
        DeValue::Table(_) => read_weights(context, value),
        DeValue::Array(_) => read_equal(value),
        _ => value.mistyped("a list or a table of topics", LIST_HINT),
    }
}

fn read_equal(value: &Value<'_, '_>) -> Option<Vec<Weighted>> {
    let mut parts: Vec<Weighted> = Vec::new();
    let mut complete = true;
    for item in value.list(LIST_HINT)? {
        let Some(topic) = item.text(TOPIC_HINT) else {
            complete = false;
            continue;
        };
        if parts.iter().any(|part| part.topic == topic) {
            let message = format!("the topic {} is listed twice", quote(topic));
            item.error(message, "give it a weight: { a = 2 }");
            complete = false;
        }
        parts.push(Weighted {
            topic: topic.to_owned(),
            span: item.span(),
            weight: Weight::ONE,
        });
    }
    complete.then_some(parts)
}

fn read_weights(context: &Context<'_, '_>, value: &Value<'_, '_>) -> Option<Vec<Weighted>> {
    let entries = value.table(LIST_HINT)?.entries();
    if entries.is_empty() {
        let message = format!("`{}` is empty", value.key());
        context
            .sheet
            .at(&value.span(), Severity::Error, message, LIST_HINT);
        return None;
    }
    let parts = entries.into_iter().map(|(topic, span, weight)| {
        Some(Weighted {
            topic: topic.to_owned(),
            span,
            weight: read_weight(&weight)?,
        })
    });
    parts.collect::<Vec<_>>().into_iter().collect()
}

/// A factor with at most three decimals.
fn read_weight(value: &Value<'_, '_>) -> Option<Weight> {
    let factor = value.number(WEIGHT_HINT)?;
    let thousandths = (factor * 1000.0).round();
    let exact = (factor * 1000.0 - thousandths).abs() < 1e-6;
    if !exact || thousandths == 0.0 || thousandths.abs() > 1_000_000.0 {
        value.error(format!("{factor} is no weight"), WEIGHT_HINT);
        return None;
    }
    // Whole by now: its digits are those of a whole number.
    thousandths.to_string().parse().ok().map(Weight)
}
