//! `POST /api/contacts/ID/points/OPERATOR/N` (SEMANTICS 4).

use serde_json::{Value, json};

use crate::api::Call;
use crate::api::crud::object;
use crate::api::errors::{not_found_text, returned};
use crate::contacts::{self, Operator, PointsEntry};
use crate::php::{cast, html};
use crate::server::answer::{Answer, Exception, Failure, Handled};
use crate::state::{Id, State};

/// Largest value of a 32 bit column.
const MAX: i64 = 2_147_483_647;
/// Longest text of `event_name` and `action_name`.
pub(super) const LONGEST: usize = 191;

/// Changes main points; whatever is thrown on the way is answered as 400 with its text, also after the points are
/// stored (FACTS N1).
pub(super) fn adjust(
    state: &mut State,
    call: Call<'_>,
    id: Id,
    operator: &str,
    delta: &str,
) -> Handled {
    let id = contacts::load(state, id).ok_or_else(|| not_found_text("Contact not found."))?;
    match change(state, call, id, operator, delta) {
        Ok(()) => Ok(Answer::api(200, &object([("success", json!(1))]))),
        Err(Failure::Exception(exception)) => {
            Err(returned(400, &exception.message, &json!([])).into())
        }
        Err(other) => Err(other),
    }
}

fn change(
    state: &mut State,
    call: Call<'_>,
    id: Id,
    operator: &str,
    delta: &str,
) -> Result<(), Failure> {
    let known = Operator::parse(operator).filter(|operator| *operator != Operator::Set);
    let default_name = default_event_name(operator);
    let event_name = named(call.input, "eventName", &default_name)?;
    let action_name = named(call.input, "actionName", "API")?;
    let points = cast::intval(delta);
    let Some(known) = known else {
        // Nothing is done for 0, so the operator is never looked at.
        return if points == 0 {
            finish(state, id, delta, (&event_name, &action_name))
        } else {
            Err(Exception::new("Invalid operator").into())
        };
    };
    if let Some(contact) = state.contacts.get_mut(id) {
        contacts::adjust_points(contact, points, known)?;
    }
    finish(state, id, delta, (&event_name, &action_name))
}

fn finish(state: &mut State, id: Id, delta: &str, names: (&str, &str)) -> Result<(), Failure> {
    // The delta of the log line is an int parameter: text that is no number is a TypeError, which nobody catches.
    if !cast::is_numeric(delta) {
        return Err(Failure::Answer(crate::api::errors::generic(500)));
    }
    let points = cast::intval(delta);
    check_columns(points, names)?;
    let (event_name, action_name) = names;
    contacts::log_points(
        state,
        id,
        &PointsEntry {
            kind: "API",
            event_name,
            action_name,
            delta: points,
            group: None,
        },
    );
    let dies = std::mem::take(&mut state.dies_between);
    if let Some(contact) = state.contacts.get_mut(id).filter(|_| dies) {
        // The row is inserted first, the points are changed by a statement after it (`contacts::save`).
        contact.memory.point_changes.clear();
    }
    contacts::save(state, id)?;
    if dies {
        return Err(Failure::Answer(crate::api::errors::generic(500)));
    }
    Ok(())
}

fn check_columns(points: i64, (event_name, action_name): (&str, &str)) -> Result<(), Exception> {
    let fault = |state: &str, text: &str| {
        Err(Exception::new(format!(
            "An exception occurred while executing a query: SQLSTATE[{state}]: {text}"
        )))
    };
    if points == 0 {
        return Ok(());
    }
    for (column, text) in [("event_name", event_name), ("action_name", action_name)] {
        if text.chars().count() > LONGEST {
            let text = format!(
                "String data, right truncated: 1406 Data too long for column '{column}' at row 1"
            );
            return fault("22001", &text);
        }
    }
    if points.unsigned_abs() > MAX.unsigned_abs() {
        return fault(
            "22003",
            "Numeric value out of range: 1264 Out of range value for column 'delta' at row 1",
        );
    }
    Ok(())
}

fn default_event_name(operator: &str) -> String {
    match operator {
        "plus" => "add (+)".to_owned(),
        "minus" => "subtract (-)".to_owned(),
        "times" => "multiply (x)".to_owned(),
        "divide" => "divide (/)".to_owned(),
        other => format!("mautic.lead.lead.submitaction.operator_{other}"),
    }
}

/// A name of the body, escaped (FACTS 33); null and empty are stored empty, a list cannot be.
pub(super) fn named(input: &Value, key: &str, default: &str) -> Result<String, Exception> {
    match input.get(key) {
        None => Ok(default.to_owned()),
        Some(Value::Array(_) | Value::Object(_)) => {
            Err(Exception::new("Array given where text is expected"))
        }
        Some(value) => Ok(html::special_chars(&cast::text(value))),
    }
}
