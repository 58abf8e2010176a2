//! The events of a contact's timeline, type by type.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::php::serialize::serialize;
use crate::state::clock::iso;
use crate::state::{EventLogRow, Id, State};

/// One event.
pub(super) struct Event {
    /// Its type.
    pub(super) kind: &'static str,
    /// Its id; unique only within the type.
    pub(super) id: String,
    /// Text, or text with a link.
    pub(super) label: Value,
    /// When.
    pub(super) at: Timestamp,
    /// Whose.
    pub(super) contact: Id,
    /// What the type has to say.
    pub(super) details: Value,
}

/// One type of events, with what finds them.
pub(super) struct Kind {
    /// Its name.
    pub(super) name: &'static str,
    find: fn(&State, Option<Id>) -> Vec<Event>,
}

impl Kind {
    /// The events of a contact or of all, in the order in which those of one second are shown.
    pub(super) fn events(&self, state: &State, contact: Option<Id>) -> Vec<Event> {
        let mut events = (self.find)(state, contact);
        events.sort_by_key(|event| std::cmp::Reverse(event.at));
        events
    }
}

/// The types, in the order in which events of one second are shown.
pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "point.gained",
        find: points,
    },
    Kind {
        name: "page.hit",
        find: hits,
    },
    Kind {
        name: "segment_membership",
        find: memberships,
    },
    Kind {
        name: "lead.utmtagsadded",
        find: utm_tags,
    },
    Kind {
        name: "form.submitted",
        find: submissions,
    },
    Kind {
        name: "stage.changed",
        find: stages,
    },
    Kind {
        name: "lead.source.identified",
        find: identified,
    },
    Kind {
        name: "lead.source.created",
        find: created,
    },
];

fn is_of(wanted: Option<Id>, contact: Id) -> bool {
    wanted.is_none_or(|wanted| wanted == contact)
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(
            members
                .into_iter()
                .filter(|(_, member)| !member.is_null())
                .collect(),
        ),
        other => other,
    }
}

fn points(state: &State, contact: Option<Id>) -> Vec<Event> {
    let event = |row: &crate::state::PointsLogRow| {
        let group = row
            .group
            .and_then(|group| state.point_groups.get(group))
            .map(|group| group.name.clone());
        let of_group = group
            .as_ref()
            .map(|name| format!(" ({name})"))
            .unwrap_or_default();
        let log = json!({
            "eventName": row.event_name, "actionName": row.action_name, "dateAdded": iso(row.date_added),
            "type": row.kind, "delta": row.delta.to_string(), "id": row.id.to_string(),
            "lead_id": row.contact.to_string(), "groupName": group
        });
        Event {
            kind: "point.gained",
            id: format!("point.gained{}", row.id),
            label: json!(format!("{} / {}{of_group}", row.event_name, row.delta)),
            at: row.date_added,
            contact: row.contact,
            details: json!({"log": without_nulls(log)}),
        }
    };
    state
        .points_log
        .values()
        .filter(|row| is_of(contact, row.contact))
        .map(event)
        .collect()
}

fn hits(state: &State, contact: Option<Id>) -> Vec<Event> {
    let mut events = Vec::new();
    for hit in state.web.hits.values() {
        let Some(of) = hit.contact.filter(|of| is_of(contact, *of)) else {
            continue;
        };
        let device = state
            .web
            .devices
            .values()
            .find(|device| Some(device.id) == hit.device);
        let detected = device.map(|device| &device.detected);
        let client = detected
            .map(|detected| serialize(detected.client_info.as_ref().unwrap_or(&Value::Null)));
        let details = json!({
            "hitId": hit.id.to_string(), "userAgent": hit.user_agent, "dateHit": iso(hit.date_hit), "url": hit.url,
            "urlTitle": hit.url_title, "query": hit.query, "clientInfo": client,
            "device": detected.map(|detected| detected.device),
            "deviceOsName": detected.and_then(|detected| detected.os.as_ref()).map(|os| os.name),
            "deviceBrand": detected.map(|detected| detected.brand),
            "deviceModel": detected.map(|detected| detected.model)
        });
        let label = hit
            .url_title
            .as_ref()
            .filter(|title| !title.is_empty())
            .or(hit.url.as_ref());
        events.push(Event {
            kind: "page.hit",
            id: hit.id.to_string(),
            label: json!({"label": label, "href": hit.url, "isExternal": true}),
            at: hit.date_hit,
            contact: of,
            details: json!({"hit": without_nulls(details)}),
        });
    }
    events
}

fn logged(
    state: &State,
    contact: Option<Id>,
    kind: &'static str,
    wanted: impl Fn(&EventLogRow) -> bool,
    label: impl Fn(&EventLogRow, &str) -> String,
) -> Vec<Event> {
    let mut events = Vec::new();
    for row in state.event_log.values().filter(|row| wanted(row)) {
        let Some(of) = row.contact.filter(|of| is_of(contact, *of)) else {
            continue;
        };
        let name = row
            .properties
            .get("object_description")
            .and_then(Value::as_str)
            .unwrap_or("");
        events.push(Event {
            kind,
            id: format!("{kind}{}", row.id),
            label: json!(label(row, name)),
            at: row.date_added,
            contact: of,
            details: json!({"objectDescription": name}),
        });
    }
    events
}

fn memberships(state: &State, contact: Option<Id>) -> Vec<Event> {
    let label = |row: &EventLogRow, name: &str| {
        let change = if row.action == "added" {
            "added to"
        } else {
            "removed from"
        };
        format!("Contact {change} segment, {name}")
    };
    logged(
        state,
        contact,
        "segment_membership",
        |row| row.object == "segment",
        label,
    )
}

fn identified(state: &State, contact: Option<Id>) -> Vec<Event> {
    let label = |_: &EventLogRow, name: &str| format!("Contact was identified by {name}");
    logged(
        state,
        contact,
        "lead.source.identified",
        |row| row.action == "identified_contact",
        label,
    )
}

fn created(state: &State, contact: Option<Id>) -> Vec<Event> {
    let label = |_: &EventLogRow, name: &str| format!("Contact was created by {name}");
    logged(
        state,
        contact,
        "lead.source.created",
        |row| row.action == "created_contact",
        label,
    )
}

fn utm_tags(state: &State, contact: Option<Id>) -> Vec<Event> {
    let event = |tag: &crate::state::web::UtmTag| {
        let [campaign, content, medium, source, term] = &tag.tags;
        let details = json!({
            "id": tag.id.to_string(), "lead_id": tag.contact.to_string(), "date_added": iso(tag.date_added),
            "query": tag.query, "referer": tag.referer, "url": tag.url, "user_agent": tag.user_agent,
            "utm_campaign": campaign, "utm_content": content, "utm_medium": medium, "utm_source": source,
            "utm_term": term
        });
        Event {
            kind: "lead.utmtagsadded",
            id: format!("lead.utmtagsadded{}", tag.id),
            label: json!("UTM tags recorded"),
            at: tag.date_added,
            contact: tag.contact,
            details: json!({"utmtags": without_nulls(details)}),
        }
    };
    state
        .web
        .utm_tags
        .values()
        .filter(|tag| is_of(contact, tag.contact))
        .map(event)
        .collect()
}

fn stages(state: &State, contact: Option<Id>) -> Vec<Event> {
    let event = |row: &crate::state::StagesLogRow| {
        let reference = row.stage.map(|stage| stage.to_string());
        let href = row
            .stage
            .map(|stage| format!("{}/s/stages/edit/{stage}", state.site_url()));
        let log = json!({
            "id": row.id.to_string(), "reference": reference, "eventName": row.event_name,
            "actionName": row.action_name, "dateAdded": iso(row.date_added), "lead_id": row.contact.to_string()
        });
        Event {
            kind: "stage.changed",
            id: format!("stage.changed{}", row.id),
            label: json!({"label": row.event_name, "href": href, "isExternal": false}),
            at: row.date_added,
            contact: row.contact,
            details: json!({"log": without_nulls(log)}),
        }
    };
    state
        .stages_log
        .values()
        .rev()
        .filter(|row| is_of(contact, row.contact))
        .map(event)
        .collect()
}

fn submissions(state: &State, contact: Option<Id>) -> Vec<Event> {
    let mut events = Vec::new();
    for row in state.web.submissions.values() {
        let Some(of) = row.contact.filter(|of| is_of(contact, *of)) else {
            continue;
        };
        let form = state.web.forms.get(row.form);
        let (name, alias) = form.map_or((json!(null), json!(null)), |form| {
            (json!(form.name), json!(form.alias))
        });
        let form = json!({"id": row.form, "name": name, "alias": alias});
        let address = state
            .web
            .ip_addresses
            .get(row.ip)
            .map(|ip| ip.address.clone());
        let mut results = Map::new();
        results.insert("form_id".to_owned(), json!(row.form.to_string()));
        results.extend(row.results.clone());
        let submission = json!({
            "id": row.id, "ipAddress": {"ipAddress": address}, "form": form, "trackingId": row.tracking_id,
            "dateSubmitted": iso(row.date_submitted), "referer": row.referer, "results": results
        });
        let href = format!("{}/s/forms/view/{}", state.site_url(), row.form);
        events.push(Event {
            kind: "form.submitted",
            id: format!("form.submitted{}", row.id),
            label: json!({"label": name, "href": href}),
            at: row.date_submitted,
            contact: of,
            details: json!({"submission": without_nulls(submission), "form": form, "page": {}}),
        });
    }
    events
}
