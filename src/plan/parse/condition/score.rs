//! Conditions on scores.

use super::super::super::{Scale, ScoreTest, TopicKey, Tree};
use super::super::context::Context;
use super::super::topic::SCORES;
use super::{Leaf, read_tree};
use crate::diagnostics::{Value, one_of, quote};

const HINT: &str = "write one of { topic = \"sales\", at_least = 30 }, \
    { topic = \"sales\", below = 20 }, { topic = \"sales\", band = \"hot\" }, \
    { grade = \"lead\", is = \"A1\" }";
/// What to write where a score is asked for.
pub(in super::super) const SCORE_HINT: &str = "write a score, a whole number";

/// Reads a condition on scores.
pub(in super::super) fn read_score<'s>(
    context: &Context<'_, 's>,
    value: &Value<'_, 's>,
) -> Option<Tree<ScoreTest>> {
    read_tree(context, value, "", HINT, read)
}

fn read(leaf: &Leaf<'_, '_, '_>) -> Option<Tree<ScoreTest>> {
    let keys = ["at_least", "below", "band", "is"];
    let [at_least, below, band, is] = keys.map(|key| leaf.table.get(key));
    let subject = leaf.subject(&["topic", "grade"], HINT)?;
    if subject.key() == "grade" {
        let odd = [&at_least, &below, &band].into_iter().flatten().next();
        return match (odd, is) {
            (Some(odd), _) => misfit(&subject, odd),
            (None, Some(is)) => read_grade(leaf.context, &subject, &is).map(Tree::Leaf),
            (None, None) => leaf.says_nothing(),
        };
    }
    match (at_least, below, band, is) {
        (_, _, _, Some(odd)) => misfit(&subject, &odd),
        (None, None, None, None) => leaf.says_nothing(),
        (None, None, Some(band), None) => {
            let topic = leaf.context.topic(&subject)?;
            read_band(leaf.context, topic, &band).map(Tree::Leaf)
        }
        (_, _, Some(band), None) => {
            let message = "a condition asks for a `band` or for a score";
            band.error(message, "write two: { all = [{ … }, { … }] }");
            None
        }
        (at_least, below, None, None) => read_range(leaf, &subject, at_least, below),
    }
}

fn misfit<T>(subject: &Value<'_, '_>, odd: &Value<'_, '_>) -> Option<T> {
    let message = format!("`{}` does not fit `{}`", odd.key(), subject.key());
    odd.error(message, HINT);
    None
}

impl Leaf<'_, '_, '_> {
    fn says_nothing<T>(&self) -> Option<T> {
        if !self.table.has_unknown() {
            let message = "this condition does not say what must be so";
            self.value.error(message, HINT);
        }
        None
    }
}

fn read_range(
    leaf: &Leaf<'_, '_, '_>,
    subject: &Value<'_, '_>,
    at_least: Option<Value<'_, '_>>,
    below: Option<Value<'_, '_>>,
) -> Option<Tree<ScoreTest>> {
    let topic = leaf.context.topic(subject);
    let scale = leaf.context.scale(topic.as_ref());
    let low = at_least.map(|value| (value.integer(SCORES, SCORE_HINT), value));
    let high = below.map(|value| (value.integer(SCORES, SCORE_HINT), value));
    if let (Some((Some(low), _)), Some((Some(high), value))) = (&low, &high)
        && low >= high
    {
        let message = format!("no score is at least {low} and below {high}");
        value.error(message, "make `below` more than `at_least`");
        return None;
    }
    if let Some((Some(score), value)) = &low {
        doubt_at_least(value, *score, scale);
    }
    if let Some((Some(score), value)) = &high {
        doubt_below(value, *score, scale);
    }
    let topic = topic?;
    let mut parts = Vec::new();
    if let Some((score, _)) = low {
        parts.push(Tree::Leaf(ScoreTest::AtLeast(topic.clone(), score?)));
    }
    if let Some((score, _)) = high {
        parts.push(Tree::Leaf(ScoreTest::Below(topic, score?)));
    }
    match parts.len() {
        1 => parts.pop(),
        _ => Some(Tree::All(parts)),
    }
}

fn read_band(
    context: &Context<'_, '_>,
    topic: TopicKey,
    value: &Value<'_, '_>,
) -> Option<ScoreTest> {
    let bands = context.bands(&topic);
    let unknown = |name: &str| format!("the topic {} has no band {}", quote(&topic.0), quote(name));
    let names = read_known(value, bands.as_deref(), unknown)?;
    Some(ScoreTest::Band(topic, names))
}

fn read_grade(
    context: &Context<'_, '_>,
    grade: &Value<'_, '_>,
    is: &Value<'_, '_>,
) -> Option<ScoreTest> {
    let (key, all) = context.grade(grade)?;
    let unknown = |name: &str| format!("{} is no grade of {}", quote(name), quote(&key));
    let grades = read_known(is, all.as_deref(), unknown)?;
    Some(ScoreTest::Grade(key, grades))
}

/// Reads one or more of these words; of `None` nothing is known, so that all are right.
fn read_known(
    value: &Value<'_, '_>,
    known: Option<&[String]>,
    unknown: impl Fn(&str) -> String,
) -> Option<Vec<String>> {
    let mut names: Vec<String> = Vec::new();
    let mut complete = true;
    for item in value.one_or_more("write a name, or a list of names")? {
        let Some(name) = item.text("write a name in quotes") else {
            complete = false;
            continue;
        };
        if known.is_some_and(|known| !known.iter().any(|one| one == name)) {
            let known: Vec<&str> = known.into_iter().flatten().map(String::as_str).collect();
            item.error(unknown(name), one_of(name, &known));
            complete = false;
        } else if names.iter().any(|other| other == name) {
            item.error("this one is listed twice", "remove one of them");
            complete = false;
        }
        names.push(name.to_owned());
    }
    complete.then_some(names)
}

/// Doubts a lowest score that the scale makes true for nobody or for everybody.
pub(in super::super) fn doubt_at_least(value: &Value<'_, '_>, score: i32, scale: Option<Scale>) {
    let key = value.key();
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
        let hint = "so low it is true for everybody: raise it";
        value.warn(message, hint);
    }
}

/// Doubts a bound that the scale makes true for nobody or for everybody.
pub(in super::super) fn doubt_below(value: &Value<'_, '_>, score: i32, scale: Option<Scale>) {
    if let Some(floor) = scale.and_then(|scale| scale.floor)
        && score <= floor
    {
        let message = format!("no contact is below the topic's floor {floor}");
        let hint = "so low it is true for nobody: raise it, or lower the topic's `floor`";
        value.warn(message, hint);
    }
    if let Some(ceiling) = scale.and_then(|scale| scale.ceiling)
        && score > ceiling
    {
        let message = format!("no contact is above the topic's ceiling {ceiling}");
        let hint = "so high it is true for everybody: lower it";
        value.warn(message, hint);
    }
}
