//! `/api/contacts/ID/points/groups` (FACTS 20 to 34).

use serde_json::{Map, Value, json};

use super::points::{LONGEST, named};
use crate::api::Call;
use crate::api::crud::{object, parse_id};
use crate::api::errors::{not_found_text, returned};
use crate::contacts::{self, Operator, PointsEntry};
use crate::php::cast;
use crate::scoring::triggers;
use crate::server::answer::{Answer, Exception, Failure, Handled};
use crate::state::{Id, State};

pub(super) fn handle(state: &mut State, call: Call<'_>, contact: Id, path: &[&str]) -> Handled {
    match (call.method(), path) {
        ("GET", []) => list(state, contact),
        ("GET", [group]) => get(state, contact, parse_id(group)?),
        ("POST", [group, operator, value]) if !value.is_empty() => {
            adjust(state, call, (contact, parse_id(group)?), operator, value)
        }
        _ => Err(Failure::NoRoute),
    }
}

fn load(state: &mut State, contact: Id) -> Result<Id, Failure> {
    contacts::load(state, contact).ok_or_else(|| not_found_text("Contact could not be found."))
}

fn require_group(state: &State, group: Id) -> Result<(), Failure> {
    if state.point_groups.contains(group) {
        Ok(())
    } else {
        Err(not_found_text("The specified point group was not found."))
    }
}

/// A score with its group; null fields of the group are left out (FACTS 27).
fn score_json(state: &State, group: Id, score: i64) -> Value {
    let mut shown = Map::new();
    if let Some(group) = state.point_groups.get(group) {
        shown.insert("id".to_owned(), json!(group.id));
        shown.insert("name".to_owned(), json!(group.name));
        if let Some(description) = &group.description {
            shown.insert("description".to_owned(), json!(description));
        }
    }
    json!({"score": score, "group": shown})
}

fn list(state: &mut State, contact: Id) -> Handled {
    let contact = load(state, contact)?;
    let scores = state.group_scores.of_contact(contact);
    let shown: Vec<Value> = scores
        .iter()
        .map(|(group, score)| score_json(state, *group, *score))
        .collect();
    Ok(Answer::api(
        200,
        &object([
            ("total", json!(shown.len())),
            ("groupScores", Value::Array(shown)),
        ]),
    ))
}

fn get(state: &mut State, contact: Id, group: Id) -> Handled {
    let contact = load(state, contact)?;
    require_group(state, group)?;
    Ok(score_answer(state, contact, group))
}

fn score_answer(state: &State, contact: Id, group: Id) -> Answer {
    match state.group_scores.get(contact, group) {
        Some(score) => Answer::api(
            200,
            &object([("groupScore", score_json(state, group, score))]),
        ),
        None => Answer::api(200, &super::empty()),
    }
}

/// The value of the path is an int parameter: PHP takes numeric texts, cuts fractions, and refuses the rest.
fn int_parameter(text: &str) -> Result<i64, Exception> {
    let refused = || Exception::new("Argument must be of type int, string given");
    if !cast::is_numeric(text) {
        return Err(refused());
    }
    match text.trim().parse::<i64>() {
        Ok(number) => Ok(number),
        #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)] // checked to fit
        Err(_) => match text.trim().parse::<f64>() {
            Ok(float) if float.abs() < i64::MAX as f64 => Ok(float as i64),
            _ => Err(refused()),
        },
    }
}

fn adjust(
    state: &mut State,
    call: Call<'_>,
    (contact, group): (Id, Id),
    operator: &str,
    value: &str,
) -> Handled {
    let value = int_parameter(value)?;
    let contact = load(state, contact)?;
    require_group(state, group)?;
    let Some(operator) = Operator::parse(operator) else {
        return Err(returned(400, "The requested operation is not permitted.", &json!([])).into());
    };
    let old = state.group_scores.get(contact, group).unwrap_or(0);
    let new = applied(old, operator, value)?;
    if i32::try_from(new).is_err() {
        return Err(Exception::new("Out of range value for column 'score'").into());
    }
    state.group_scores.set(contact, group, new);
    if std::mem::take(&mut state.dies_between) {
        return Err(Exception::new("a trigger's event threw").into());
    }
    triggers::trigger_events(state, contact)?;
    let delta = new - old;
    let event_name = named(call.input, "eventName", "Manual change")?;
    let action_name = named(call.input, "actionName", "API")?;
    if delta != 0 {
        let too_long = [&event_name, &action_name]
            .iter()
            .any(|text| text.chars().count() > LONGEST);
        if too_long || i32::try_from(delta).is_err() {
            return Err(
                Exception::new("the line of the points log does not fit its columns").into(),
            );
        }
    }
    let entry = PointsEntry {
        kind: "API",
        event_name: &event_name,
        action_name: &action_name,
        delta,
        group: Some(group),
    };
    contacts::log_points(state, contact, &entry);
    contacts::save(state, contact)?;
    Ok(score_answer(state, contact, group))
}

/// A division with a remainder gives a float, which the score does not take (FACTS 23).
fn applied(old: i64, operator: Operator, value: i64) -> Result<i64, Exception> {
    Ok(match operator {
        Operator::Plus => old.saturating_add(value),
        Operator::Minus => old.saturating_sub(value),
        Operator::Times => old.saturating_mul(value),
        Operator::Set => value,
        Operator::Divide if value == 0 => return Err(Exception::new("Division by zero")),
        Operator::Divide if old.checked_rem(value) != Some(0) => {
            return Err(Exception::new("float given where int is expected"));
        }
        Operator::Divide => old / value,
    })
}
