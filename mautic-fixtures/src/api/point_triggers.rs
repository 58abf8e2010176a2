//! `/api/points/triggers` (FACTS 46 to 49).

use serde_json::{Map, Value, json};

use super::Call;
use super::crud::{self, Resource};
use super::errors::{not_found, returned};
use super::form::{Form, Missing};
use super::list::Cell;
use super::publishing::{self, contains, cut_after, put, put_window};
use crate::contacts::json::drop_nulls;
use crate::php::cast;
use crate::scoring::triggers::trigger_existing;
use crate::server::answer::{Answer, Exception, Handled};
use crate::state::{Id, PointTrigger, State, Table, TriggerEvent};

/// Types of events with their labels; others are stored as well.
const EVENT_TYPES: &[(&str, &str)] = &[
    ("campaign.changecampaign", "Modify contact's campaigns"),
    ("lead.changelists", "Modify contact's segments"),
    ("lead.changetags", "Modify contact's tags"),
    ("plugin.leadpush", "Push contact to integration"),
    ("email.send", "Send an email"),
    ("email.send_to_user", "Send an email to user"),
];
/// Colour of a trigger that is given none.
const DEFAULT_COLOR: &str = "a0acb8";

/// Point triggers in the API.
pub(super) struct PointTriggers;

/// Routes under `/api/points/triggers`.
pub(super) fn handle(state: &mut State, call: Call<'_>, path: &[&str]) -> Handled {
    match (call.method(), path) {
        ("GET", ["events", "types"]) => {
            let types: Map<String, Value> = EVENT_TYPES
                .iter()
                .map(|(kind, label)| ((*kind).to_owned(), json!(label)))
                .collect();
            Ok(Answer::api(
                200,
                &crud::object([("eventTypes", Value::Object(types))]),
            ))
        }
        ("DELETE", [id, "events", "delete"]) => delete_events(state, call, crud::parse_id(id)?),
        _ => crud::handle::<PointTriggers>(state, call, path),
    }
}

/// Deletes some of a trigger's events; nothing is flushed, so they only vanish from this answer.
fn delete_events(state: &mut State, call: Call<'_>, id: Id) -> Handled {
    let mut trigger = state
        .point_triggers
        .get(id)
        .cloned()
        .ok_or_else(not_found)?;
    let Some(doomed) = call.input.get("events").and_then(Value::as_array) else {
        return Err(returned(400, "The events attribute must be array.", &json!([])).into());
    };
    let doomed: Vec<i64> = doomed.iter().map(cast::int).collect();
    trigger
        .events
        .retain(|event| !doomed.iter().any(|id| u64::try_from(*id) == Ok(event.id)));
    let mut shown = PointTriggers::json(state, &trigger);
    drop_nulls(&mut shown);
    Ok(Answer::api(200, &crud::object([("trigger", shown)])))
}

impl Resource for PointTriggers {
    type Entity = PointTrigger;
    const ONE: &'static str = "trigger";
    const MANY: &'static str = "triggers";
    const ROUTE: &'static str = "points/triggers";
    const DEFAULT_ORDER: &'static [(&'static str, bool)] = &[];

    fn table(state: &State) -> &Table<PointTrigger> {
        &state.point_triggers
    }

    fn blank(_: &State) -> PointTrigger {
        PointTrigger {
            color: DEFAULT_COLOR.to_owned(),
            ..PointTrigger::default()
        }
    }

    fn id(trigger: &PointTrigger) -> Id {
        trigger.id
    }

    fn column(_: &State, trigger: &PointTrigger, column: &str) -> Option<Cell> {
        Some(match column {
            "id" => trigger.id.into(),
            "name" => trigger.name.as_str().into(),
            "description" => trigger.description.clone().into(),
            "points" => trigger.points.into(),
            "color" => trigger.color.as_str().into(),
            "group" => trigger.group.into(),
            "triggerExistingLeads" => trigger.trigger_existing_leads.into(),
            "category" => Cell::Null,
            "publishUp" => trigger.publish_up.into(),
            "publishDown" => trigger.publish_down.into(),
            _ => return trigger.stamp.column(column),
        })
    }

    fn found_by(_: &State, trigger: &PointTrigger, search: &str) -> bool {
        match search {
            "is:unpublished" => !trigger.stamp.is_published,
            "is:published" => trigger.stamp.is_published,
            _ => {
                contains(&trigger.name, search)
                    || trigger
                        .description
                        .as_deref()
                        .is_some_and(|text| contains(text, search))
            }
        }
    }

    fn bind(state: &State, trigger: &mut PointTrigger, form: &mut Form<'_>) {
        form.required_text("name", &mut trigger.name, "A name is required.");
        form.text("description", &mut trigger.description);
        form.rounded("points", &mut trigger.points);
        if let Some(color) = form.given("color").map(cast::text) {
            trigger.color = if color.is_empty() {
                DEFAULT_COLOR.to_owned()
            } else {
                color
            };
        }
        trigger.group = form.choice("group", trigger.group, |id| state.point_groups.contains(id));
        form.flag("triggerExistingLeads", &mut trigger.trigger_existing_leads);
        publishing::bind(
            form,
            &mut trigger.stamp,
            &mut trigger.publish_up,
            &mut trigger.publish_down,
        );
        bind_events(trigger, form);
    }

    fn store(state: &mut State, mut trigger: PointTrigger) -> Result<PointTrigger, Exception> {
        let before = state.point_triggers.get(trigger.id).cloned();
        let is_new = before.is_none();
        if is_new {
            // Stored once before its events, and saved again with them: so it counts as modified at once.
            trigger.stamp.created(state);
            trigger.id = state.point_triggers.take_id();
        }
        let adds_events = trigger.events.iter().any(|event| event.id == 0);
        for event in trigger.events.iter_mut().filter(|event| event.id == 0) {
            event.id = state.trigger_events.take_id();
        }
        if let Some(before) = before.filter(|_| trigger.replaces_events && adds_events) {
            // The new event is inserted, then the request breaks on the event without an id (FACTS 48).
            let events = trigger
                .events
                .into_iter()
                .filter(|event| !before.events.iter().any(|known| known.id == event.id));
            let mut kept = before.clone();
            kept.events.extend(events);
            kept.events.sort_by_key(|event| (event.order, event.id));
            state.point_triggers.put(kept.id, kept);
            return Err(Exception::new("Undefined array key \"id\""));
        }
        let changed = state
            .point_triggers
            .get(trigger.id)
            .is_none_or(|before| is_changed(before, &trigger))
            || adds_events;
        trigger.stamp.edited(state, changed);
        trigger.replaces_events = false;
        let mut stored = trigger.clone();
        stored.events.sort_by_key(|event| (event.order, event.id));
        state.point_triggers.put(trigger.id, stored);
        if changed {
            let kind = if is_new { "create" } else { "update" };
            state.audit(
                "point",
                "trigger",
                trigger.id,
                kind,
                json!({"name": trigger.name}),
            );
        }
        if trigger.trigger_existing_leads {
            trigger_existing(state, trigger.id)?;
        }
        Ok(trigger)
    }

    fn delete(state: &mut State, trigger: &PointTrigger) -> Result<(), Exception> {
        state.point_triggers.remove(trigger.id);
        let events: Vec<Id> = trigger.events.iter().map(|event| event.id).collect();
        state
            .trigger_log
            .retain(|(event, _), _| !events.contains(event));
        state.audit(
            "point",
            "trigger",
            trigger.id,
            "delete",
            json!({"name": trigger.name}),
        );
        Ok(())
    }

    fn json_minimal(state: &State, trigger: &PointTrigger) -> Value {
        cut_after(Self::json(state, trigger), "description")
    }

    fn json(_: &State, trigger: &PointTrigger) -> Value {
        let mut json = trigger.stamp.json();
        put(&mut json, "id", json!(trigger.id));
        put(&mut json, "name", json!(trigger.name));
        put(&mut json, "category", Value::Null);
        put(&mut json, "description", json!(trigger.description));
        put_window(&mut json, trigger.publish_up, trigger.publish_down);
        put(&mut json, "points", json!(trigger.points));
        put(&mut json, "color", json!(trigger.color));
        put(
            &mut json,
            "events",
            trigger.events.iter().map(event_json).collect(),
        );
        put(
            &mut json,
            "triggerExistingLeads",
            json!(trigger.trigger_existing_leads),
        );
        Value::Object(json)
    }

    fn json_deleted(state: &State, trigger: &PointTrigger) -> Value {
        let mut json = Self::json(state, trigger);
        json["id"] = Value::Null;
        if let Value::Array(events) = &mut json["events"] {
            for event in events {
                event["id"] = Value::Null;
            }
        }
        json
    }
}

fn event_json(event: &TriggerEvent) -> Value {
    json!({
        "id": event.id, "name": event.name, "description": event.description, "type": event.kind,
        "order": event.order, "properties": event.properties
    })
}

/// Whether a setter that keeps track of changes was given another value; colour and group do not.
fn is_changed(before: &PointTrigger, after: &PointTrigger) -> bool {
    before.name != after.name
        || before.description != after.description
        || before.points != after.points
        || before.publish_up != after.publish_up
        || before.publish_down != after.publish_down
        || before.stamp.is_published != after.stamp.is_published
        || before
            .events
            .iter()
            .map(event_json)
            .ne(after.events.iter().map(event_json))
}

/// Events with a known id are changed, others are added; PUT takes away those it does not name.
fn bind_events(trigger: &mut PointTrigger, form: &mut Form<'_>) {
    trigger.replaces_events = form.missing == Missing::Clear;
    let given = form
        .input
        .get("events")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let mut named = Vec::new();
    for (position, input) in given.iter().enumerate() {
        let order = i64::try_from(position).unwrap_or(0) + 1;
        let id = input
            .get("id")
            .map(cast::int)
            .and_then(|id| Id::try_from(id).ok())
            .filter(|id| *id != 0);
        let known = trigger.events.iter_mut().find(|event| Some(event.id) == id);
        if let Some(event) = known {
            named.push(event.id);
            fill_event(event, input, order);
        } else {
            let mut event = TriggerEvent {
                properties: json!([]),
                ..TriggerEvent::default()
            };
            fill_event(&mut event, input, order);
            trigger.events.push(event);
        }
    }
    if trigger.replaces_events && trigger.id != 0 {
        trigger
            .events
            .retain(|event| event.id == 0 || named.contains(&event.id));
    }
}

fn fill_event(event: &mut TriggerEvent, input: &Value, order: i64) {
    event.order = order;
    if let Some(name) = input.get("name") {
        event.name = super::form::clean_text(name);
    }
    if let Some(description) = input.get("description") {
        event.description = super::form::clean_text(description);
    }
    if let Some(kind) = input.get("type") {
        event.kind = cast::text(kind);
    }
    if let Some(properties) = input.get("properties") {
        let empty = properties.as_object().is_some_and(Map::is_empty);
        event.properties = if empty { json!([]) } else { properties.clone() };
    }
}
