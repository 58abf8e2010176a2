//! What a form does with a submission (`LeadBundle/EventListener/FormSubscriber.php` and others).

use serde_json::Value;

use super::mailing;
use super::session::Visit;
use crate::contacts::{self, Operator};
use crate::php::cast;
use crate::scoring::triggers::trigger_events;
use crate::segments;
use crate::server::answer::Exception;
use crate::state::web::{Form, FormAction};
use crate::state::{Id, PointsLogRow, State};

/// Runs one action for the contact of the submission.
pub(super) fn run(
    state: &mut State,
    visit: &mut Visit<'_>,
    form: &Form,
    submission: Id,
    action: &FormAction,
) -> Result<(), Exception> {
    let Some(contact) = visit.contact(state)?.id() else {
        return Ok(());
    };
    let option = |name: &str| action.properties.get(name).cloned().unwrap_or(Value::Null);
    match action.kind.as_str() {
        "lead.pointschange" => change_points(state, form, action, contact, submission),
        "lead.changetags" => {
            contacts::modify_tags(state, contact, &option("add_tags"), &option("remove_tags"))?;
            contacts::save(state, contact)
        }
        "lead.changelist" => {
            for segment in ids(&option("addToLists")) {
                segments::add(state, contact, segment, segments::Origin::Manual)?;
            }
            for segment in ids(&option("removeFromLists")) {
                segments::remove(state, contact, segment, segments::Origin::Manual)?;
            }
            Ok(())
        }
        "email.send.lead" => {
            let email = cast::int(&option("email")).unsigned_abs();
            mailing::send(
                state,
                email,
                contact,
                ("form", i64::try_from(form.id).unwrap_or(0)),
            )
            .map(|_| ())
        }
        _ => Ok(()),
    }
}

fn ids(list: &Value) -> Vec<Id> {
    let items = list.as_array().map(Vec::as_slice).unwrap_or_default();
    items
        .iter()
        .map(|item| cast::int(item).unsigned_abs())
        .collect()
}

/// Main points change by the operator; with a group its score does, and the log row shows neither group nor points
/// (FACTS 70).
fn change_points(
    state: &mut State,
    form: &Form,
    action: &FormAction,
    contact: Id,
    submission: Id,
) -> Result<(), Exception> {
    let points = action.properties.get("points").map_or(0, cast::int);
    let operator = action
        .properties
        .get("operator")
        .map(cast::text)
        .unwrap_or_default();
    let operator = Operator::parse(&operator).ok_or_else(|| Exception::new("Invalid operator"))?;
    let group = action
        .properties
        .get("group")
        .map_or(0, cast::int)
        .unsigned_abs();
    let ip = state.current_ip();
    let before = points_of(state, contact);
    if state.point_groups.contains(group) {
        change_group(state, contact, group, points, operator)?;
    } else if let Some(contact) = state.contacts.get_mut(contact) {
        contacts::adjust_points(contact, points, operator)?;
    }
    let delta = points_of(state, contact) - before;
    let row = PointsLogRow {
        id: 0,
        contact,
        ip,
        group: None,
        kind: "form".to_owned(),
        event_name: format!("{}:{}", form.id, form.name),
        action_name: action.name.clone(),
        delta,
        date_added: state.now(),
    };
    if let Some(contact) = state.contacts.get_mut(contact) {
        contact.memory.pending_points_log.push(row);
    }
    contacts::save(state, contact)?;
    show_new_points(state, submission);
    Ok(())
}

fn change_group(
    state: &mut State,
    contact: Id,
    group: Id,
    points: i64,
    operator: Operator,
) -> Result<(), Exception> {
    let score = state.group_scores.get(contact, group).unwrap_or(0);
    let new = match operator {
        Operator::Plus => score.saturating_add(points),
        Operator::Minus => score.saturating_sub(points),
        Operator::Times => score.saturating_mul(points),
        Operator::Divide if points == 0 || score % points != 0 => {
            return Err(Exception::new("the score is no whole number"));
        }
        Operator::Divide => score / points,
        Operator::Set => points,
    };
    state.group_scores.set(contact, group, new);
    trigger_events(state, contact)
}

fn points_of(state: &State, contact: Id) -> i64 {
    let memory = state.contacts.get(contact).map(|contact| &contact.memory);
    memory.map_or(0, |memory| {
        memory
            .actual_points
            .or(memory.updated_points)
            .unwrap_or(memory.points)
    })
}

/// The action ends by setting the points of the submission's contact to what they are by now: from here on its JSON
/// shows them.
fn show_new_points(state: &mut State, submission: Id) {
    let Some(contact) = state
        .web
        .submissions
        .get(submission)
        .and_then(|submission| submission.contact)
    else {
        return;
    };
    let points = points_of(state, contact);
    if let Some(contact) = state.contacts.get_mut(contact) {
        let memory = &mut contact.memory;
        memory.points_set |= memory.points != points;
        memory.points = points;
        memory.actual_points = None;
        memory.updated_points = None;
        memory.point_changes.clear();
    }
}
