//! `[[trigger]]`.

use super::super::{Edge, Rearm, ScoreTest, Tree, Trigger};
use super::action::{optional, read_dwell};
use super::condition::{SCORE_HINT, doubt_at_least, read_score};
use super::context::Context;
use super::effects::read_effects;
use super::time::read_moment;
use super::topic::SCORES;
use crate::diagnostics::{Severity, Table, Told};

const WHEN_HINT: &str = "add `topic = \"…\"` and `at = 30`, or `when = { … }`";

pub(super) fn read(
    context: &Context<'_, '_>,
    index: usize,
    table: &Table<'_, '_>,
) -> Option<Trigger> {
    let names = context.names(table);
    let when = read_when(context, table);
    let edge = read_edge(table);
    let rearm = read_rearm(context, table);
    if let (Some(when), Some(edge), Ok(rearm)) = (&when, edge, &rearm) {
        check_rearm(table, when, edge, rearm);
    }
    let dwell = read_dwell(table);
    let since = optional(table, "since", |value| read_moment(context, value));
    let effects = read_effects(context, index, table);
    let (key, name) = names?;
    Some(Trigger {
        key,
        name,
        when: when?,
        edge: edge?,
        rearm: rearm.ok()?,
        dwell: dwell?,
        since: since.ok()?,
        effects: effects?,
    })
}

fn read_when(context: &Context<'_, '_>, table: &Table<'_, '_>) -> Option<Tree<ScoreTest>> {
    let (topic, at) = (table.get("topic"), table.get("at"));
    let Some(when) = table.get("when") else {
        if topic.is_none() && at.is_none() {
            if !table.may_mean(&["topic", "at", "when"]) {
                let message = "this trigger has no condition";
                let sheet = table.sheet;
                sheet.together(&table.span, Severity::Error, message, WHEN_HINT);
            }
            return None;
        }
        return read_at(context, table);
    };
    if let Some(odd) = topic.or(at) {
        let message = format!("a trigger has either `when` or `{}`", odd.key());
        odd.error(message, "put it into `when`, or keep one of the two");
        return None;
    }
    read_score(context, &when)
}

/// Reads `topic` and `at`.
fn read_at(context: &Context<'_, '_>, table: &Table<'_, '_>) -> Option<Tree<ScoreTest>> {
    let topic = table.need("topic", "name the `key` of a [[topic]]");
    let topic = topic.and_then(|value| context.topic(&value));
    let at = table.need("at", SCORE_HINT)?;
    let score = at.integer(SCORES, SCORE_HINT)?;
    doubt_at_least(&at, score, context.scale(topic.as_ref()));
    Some(Tree::Leaf(ScoreTest::AtLeast(topic?, score)))
}

fn read_edge(table: &Table<'_, '_>) -> Option<Edge> {
    match table.get("on") {
        Some(value) => value.choice(&[("rising", Edge::Rising), ("falling", Edge::Falling)]),
        None => Some(Edge::Rising),
    }
}

fn read_rearm(context: &Context<'_, '_>, table: &Table<'_, '_>) -> Result<Rearm, Told> {
    let repeat = optional(table, "repeat", |value| {
        value.choice(&[("once", false), ("always", true)])
    });
    let rearm = optional(table, "rearm", |value| read_score(context, value));
    match (repeat?, rearm?) {
        (Some(false), Some(_)) => {
            if let Some(value) = table.get("rearm") {
                let message = "this trigger fires once, so it is never armed again";
                value.error(message, "remove `repeat`, or remove `rearm`");
            }
            Err(Told)
        }
        (_, Some(when)) => Ok(Rearm::When(when)),
        (Some(true), None) => Ok(Rearm::AtOnce),
        (_, None) => Ok(Rearm::Never),
    }
}

/// Doubts a `rearm` that always holds before the next crossing, so that it asks nothing.
fn check_rearm(table: &Table<'_, '_>, when: &Tree<ScoreTest>, edge: Edge, rearm: &Rearm) {
    let Rearm::When(Tree::Leaf(again)) = rearm else {
        return;
    };
    let idle = match (when, edge, again) {
        (
            Tree::Leaf(ScoreTest::AtLeast(topic, at)),
            Edge::Rising,
            ScoreTest::Below(same, below),
        )
        | (Tree::Leaf(ScoreTest::Below(topic, at)), Edge::Falling, ScoreTest::Below(same, below)) => {
            topic == same && below >= at
        }
        (
            Tree::Leaf(ScoreTest::AtLeast(topic, at)),
            Edge::Falling,
            ScoreTest::AtLeast(same, from),
        )
        | (Tree::Leaf(ScoreTest::Below(topic, at)), Edge::Rising, ScoreTest::AtLeast(same, from)) => {
            topic == same && from <= at
        }
        _ => false,
    };
    if let Some(value) = table.get("rearm").filter(|_| idle) {
        let message = "this holds before every crossing, so the trigger fires at each of them";
        let hint = "ask for a score farther away, or write `repeat = \"always\"` instead";
        value.warn(message, hint);
    }
}
