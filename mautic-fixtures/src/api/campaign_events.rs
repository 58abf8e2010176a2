//! Events of campaigns: from input to rows, and their JSON.

use serde_json::{Map, Value, json};

use super::form::{Form, Missing};
use crate::php::cast;
use crate::state::campaigns::{Campaign, CampaignEvent};
use crate::state::clock::iso;
use crate::state::{Id, State};

/// Writes the input's events into the campaign; PUT drops those it does not name.
pub(super) fn bind_events(campaign: &mut Campaign, form: &Form<'_>) {
    let Some(Value::Array(given)) = form.input.get("events") else {
        return;
    };
    let sent: Vec<String> = given
        .iter()
        .map(|event| event.get("id").map(cast::text).unwrap_or_default())
        .collect();
    if form.missing == Missing::Clear {
        campaign
            .events
            .retain(|event| sent.contains(&event.id.to_string()));
    }
    for (event, sent_id) in given.iter().zip(sent) {
        let known = campaign
            .events
            .iter_mut()
            .find(|known| known.id != 0 && known.id.to_string() == sent_id);
        if let Some(known) = known {
            bind_event(known, event);
        } else {
            let mut new = CampaignEvent {
                sent_id,
                properties: json!([]),
                ..CampaignEvent::default()
            };
            bind_event(&mut new, event);
            campaign.events.push(new);
        }
    }
}

fn bind_event(event: &mut CampaignEvent, given: &Value) {
    let optional = |key: &str| {
        given
            .get(key)
            .filter(|value| !value.is_null())
            .map(cast::text)
    };
    event.name = optional("name").unwrap_or_else(|| std::mem::take(&mut event.name));
    event.description = optional("description").or_else(|| event.description.take());
    event.kind = optional("type").unwrap_or_else(|| std::mem::take(&mut event.kind));
    event.event_type =
        optional("eventType").unwrap_or_else(|| std::mem::take(&mut event.event_type));
    event.order = given.get("order").map_or(event.order, cast::int);
    if let Some(properties) = given.get("properties") {
        event.properties = properties.clone();
    }
    event.trigger_mode = optional("triggerMode").or_else(|| event.trigger_mode.take());
    event.trigger_interval = given
        .get("triggerInterval")
        .filter(|value| !value.is_null())
        .map(cast::int);
    event.trigger_interval_unit =
        optional("triggerIntervalUnit").or_else(|| event.trigger_interval_unit.take());
    event.trigger_date = optional("triggerDate").and_then(|date| {
        let naive = date.replace('T', " ").chars().take(19).collect::<String>();
        let time: Option<jiff::civil::DateTime> = naive.parse().ok();
        time.and_then(|time| time.to_zoned(jiff::tz::TimeZone::UTC).ok())
            .map(|time| time.timestamp())
    });
    event.decision_path = optional("decisionPath");
    let parent = given
        .get("parent")
        .map(|parent| parent.get("id").unwrap_or(parent));
    event.parent = parent
        .and_then(|parent| Id::try_from(cast::int(parent)).ok())
        .filter(|parent| *parent != 0);
    if let Some(parent) = parent
        .and_then(Value::as_str)
        .filter(|_| event.parent.is_none())
    {
        // Named by the id it was sent with; resolved when the events get their ids.
        event.sent_id = format!("{}<{parent}", event.sent_id);
    }
}

/// New events get ids, and the layout and the parents get them too.
pub(super) fn number_events(state: &mut State, campaign: &mut Campaign) {
    let mut given: Map<String, Value> = Map::new();
    for event in campaign.events.iter_mut().filter(|event| event.id == 0) {
        event.id = state.campaigns.event_ids.insert_with(|_| ());
        let own = event.sent_id.split('<').next().unwrap_or_default();
        given.insert(own.to_owned(), json!(event.id));
    }
    for event in &mut campaign.events {
        if let Some((_, parent)) = event.sent_id.split_once('<') {
            event.parent = given.get(parent).and_then(Value::as_u64);
        }
        event.sent_id.clear();
    }
    renumber(&mut campaign.canvas, &given);
}

fn renumber(value: &mut Value, given: &Map<String, Value>) {
    match value {
        Value::String(text) => {
            if let Some(id) = given.get(text.as_str()) {
                *value = Value::String(id.to_string());
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| renumber(item, given)),
        Value::Object(members) => members
            .values_mut()
            .for_each(|member| renumber(member, given)),
        _ => {}
    }
}

/// An event in answers.
pub(super) fn event_json(campaign: &Campaign, event: &CampaignEvent) -> Value {
    let email = event
        .properties
        .get("email")
        .map(cast::int)
        .filter(|_| event.kind.starts_with("email.send"));
    let by_id = |id: Id| campaign.events.iter().find(|other| other.id == id);
    let parent = event
        .parent
        .and_then(by_id)
        .map(|parent| json!({"id": parent.id, "name": parent.name}));
    let children = campaign
        .events
        .iter()
        .filter(|other| other.parent == Some(event.id));
    let children: Vec<Value> = children
        .map(|child| json!({"id": child.id, "name": child.name}))
        .collect();
    json!({
        "id": event.id,
        "name": event.name,
        "description": event.description,
        "type": event.kind,
        "eventType": event.event_type,
        "channel": email.map(|_| "email"),
        "channelId": email,
        "order": event.order,
        "properties": event.properties,
        "triggerDate": event.trigger_date.map(iso),
        "triggerInterval": event.trigger_interval,
        "triggerIntervalUnit": event.trigger_interval_unit,
        "triggerHour": null,
        "triggerRestrictedStartHour": null,
        "triggerRestrictedStopHour": null,
        "triggerRestrictedDaysOfWeek": [],
        "triggerMode": event.trigger_mode,
        "decisionPath": event.decision_path,
        "parent": parent,
        "children": children,
    })
}

/// A source segment in answers.
pub(super) fn list_json(list: &crate::state::segments::Segment) -> Value {
    json!({
        "createdByUser": list.stamp.created_by_user,
        "modifiedByUser": list.stamp.modified_by_user,
        "id": list.id,
        "name": list.name,
        "publicName": list.public_name,
        "alias": list.alias,
        "description": list.description,
        "category": null,
    })
}
