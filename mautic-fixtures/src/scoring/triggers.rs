//! Evaluation of point triggers (`PointBundle/Model/TriggerModel.php`, `triggerEvents`), bug #13817 included.

use jiff::Timestamp;
use serde_json::Value;

use crate::contacts;
use crate::segments;
use crate::server::answer::Exception;
use crate::state::web::Once;
use crate::state::{Id, PointTrigger, Stamp, State, TriggerEvent};

/// Looks at all published triggers for a contact: main triggers against the points its entity believes to have, group
/// triggers against its scores. Events done before are skipped. After a run that did something, the last event that
/// was done is deleted (FACTS 41).
///
/// # Errors
/// When one of the events throws, or was deleted by a run inside this one (SEMANTICS 5).
pub fn trigger_events(state: &mut State, contact: Id) -> Result<(), Exception> {
    let due = due_events(state, contact);
    if due.is_empty() {
        return Ok(());
    }
    let already: Vec<Id> = due
        .iter()
        .map(|event| event.id)
        .filter(|event| state.trigger_log.contains_key(&(*event, contact)))
        .collect();
    let mut done = Vec::new();
    for event in due.iter().filter(|event| !already.contains(&event.id)) {
        if run_event(state, contact, event)? {
            if find(state, event.id).is_none() {
                return Err(Exception::new(
                    "LeadTriggerLog::setEvent(): Argument #1 must be of type TriggerEvent, null given",
                ));
            }
            done.push(event.id);
        }
    }
    let Some(last) = done.last().copied() else {
        return Ok(());
    };
    log(state, contact, &done);
    state.detach_ip();
    delete_event(state, last);
    Ok(())
}

/// A trigger was saved that is to reach contacts above it already (`triggerExistingLeads`): its events run for
/// contacts older than the trigger, are logged, and stay (FACTS 47).
///
/// # Errors
/// When one of the events throws.
pub fn trigger_existing(state: &mut State, trigger: Id) -> Result<(), Exception> {
    let Some(trigger) = state.point_triggers.get(trigger).cloned() else {
        return Ok(());
    };
    if !trigger.trigger_existing_leads
        || !is_published(
            &trigger.stamp,
            trigger.publish_up,
            trigger.publish_down,
            state.now(),
        )
    {
        return Ok(());
    }
    for event in &trigger.events {
        for contact in contacts_above(state, &trigger) {
            if state.trigger_log.contains_key(&(event.id, contact))
                || contacts::load_as_list(state, contact).is_none()
            {
                continue;
            }
            if run_event(state, contact, event)? {
                log(state, contact, &[event.id]);
            }
        }
    }
    Ok(())
}

fn contacts_above(state: &State, trigger: &PointTrigger) -> Vec<Id> {
    let score = |contact: &crate::state::Contact| match trigger.group {
        None => Some(contact.points),
        Some(group) => state.group_scores.get(contact.id, group),
    };
    let older = state
        .contacts
        .values()
        .filter(|contact| contact.stamp.date_added <= trigger.stamp.date_added);
    let mut above: Vec<_> = older
        .filter(|contact| score(contact).is_some_and(|score| score >= trigger.points))
        .collect();
    above.sort_by_key(|contact| std::cmp::Reverse(contact.last_active));
    above.into_iter().map(|contact| contact.id).collect()
}

/// Whether something is in use at this moment.
#[must_use]
pub fn is_published(
    stamp: &Stamp,
    up: Option<Timestamp>,
    down: Option<Timestamp>,
    now: Timestamp,
) -> bool {
    stamp.is_published && up.is_none_or(|up| up <= now) && down.is_none_or(|down| down >= now)
}

/// Events of published triggers the contact has reached: first those of main points, then those of groups.
fn due_events(state: &State, contact: Id) -> Vec<TriggerEvent> {
    let Some(row) = state.contacts.get(contact) else {
        return Vec::new();
    };
    let memory = &row.memory;
    let points = if memory.loaded {
        memory
            .actual_points
            .or(memory.updated_points)
            .unwrap_or(memory.points)
    } else {
        row.points
    };
    let scores = state.group_scores.of_contact(contact);
    let now = state.now();
    let mut main = Vec::new();
    let mut grouped = Vec::new();
    for trigger in state.point_triggers.values() {
        if !is_published(
            &trigger.stamp,
            trigger.publish_up,
            trigger.publish_down,
            now,
        ) {
            continue;
        }
        let of_trigger = trigger
            .events
            .iter()
            .cloned()
            .map(|event| (event.order, trigger.points, event));
        match trigger.group {
            None if trigger.points <= points => main.extend(of_trigger),
            Some(group)
                if scores
                    .get(&group)
                    .is_some_and(|score| trigger.points <= *score) =>
            {
                grouped.extend(of_trigger);
            }
            _ => {}
        }
    }
    main.sort_by_key(|(order, points, event)| (*order, *points, event.id));
    grouped.sort_by_key(|(order, _, event)| (*order, event.id));
    main.into_iter()
        .chain(grouped)
        .map(|(_, _, event)| event)
        .collect()
}

fn find(state: &State, event: Id) -> Option<&TriggerEvent> {
    state
        .point_triggers
        .values()
        .flat_map(|trigger| &trigger.events)
        .find(|known| known.id == event)
}

fn log(state: &mut State, contact: Id, events: &[Id]) {
    let once = Once {
        ip: state.current_ip(),
        fired: state.now(),
    };
    for event in events {
        state.trigger_log.insert((*event, contact), once);
    }
}

fn delete_event(state: &mut State, event: Id) {
    for trigger in state.point_triggers.values_mut() {
        trigger.events.retain(|known| known.id != event);
    }
    state.trigger_log.retain(|(of, _), _| *of != event);
}

/// Does one event; whether it reports success. `lead.changelists` never does (FACTS 42), `campaign.changecampaign`
/// does nothing, unknown types do nothing.
fn run_event(state: &mut State, contact: Id, event: &TriggerEvent) -> Result<bool, Exception> {
    match event.kind.as_str() {
        "email.send" => crate::visitor::mailing::send_by_trigger(state, contact, event),
        "lead.changetags" | "lead.changelists" if find(state, event.id).is_none() => {
            Err(Exception::new(
                "TriggerExecutedEvent::__construct(): Argument #1 must be of type TriggerEvent, null given",
            ))
        }
        "lead.changetags" => change_tags(state, contact, &event.properties),
        "lead.changelists" => change_segments(state, contact, &event.properties).map(|()| false),
        _ => Ok(false),
    }
}

fn change_tags(state: &mut State, contact: Id, properties: &Value) -> Result<bool, Exception> {
    let list = |name: &str| properties.get(name).cloned().unwrap_or(Value::Null);
    let (add, remove) = (list("add_tags"), list("remove_tags"));
    let is_empty = |list: &Value| !crate::php::cast::truthy(list);
    if is_empty(&add) && is_empty(&remove) {
        return Ok(false);
    }
    let changed = contacts::modify_tags(state, contact, &add, &remove)?;
    contacts::save(state, contact)?;
    Ok(changed)
}

fn change_segments(state: &mut State, contact: Id, properties: &Value) -> Result<(), Exception> {
    for segment in ids(properties.get("addToLists")) {
        segments::add(state, contact, segment, segments::Origin::Manual)?;
    }
    for segment in ids(properties.get("removeFromLists")) {
        segments::remove(state, contact, segment, segments::Origin::Manual)?;
    }
    Ok(())
}

fn ids(list: Option<&Value>) -> Vec<Id> {
    let id = |value: &Value| crate::php::cast::int(value).unsigned_abs();
    match list {
        Some(Value::Array(items)) => items.iter().map(id).collect(),
        Some(Value::Object(items)) => items.values().map(id).collect(),
        _ => Vec::new(),
    }
}
