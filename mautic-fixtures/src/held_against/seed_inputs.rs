//! What a stand-in is filled with before a recorded exchange is tried.

use serde_json::{Value, json};

use crate::state::Id;

/// Requests that leave a little of everything in a fresh stand-in, as method, path and JSON body.
pub(super) fn groundwork() -> Vec<(&'static str, &'static str, Value)> {
    let event = json!({"id": "new1", "name": "tag", "type": "lead.changetags", "eventType": "action", "order": 1,
        "properties": {"add_tags": ["in"]}, "triggerMode": "immediate"});
    let field = json!({"label": "Email", "alias": "email", "type": "email", "mappedObject": "contact", "mappedField": "email"});
    vec![
        (
            "POST",
            "/api/points/groups/new",
            json!({"name": "Dishwashers", "description": "machines"}),
        ),
        ("POST", "/api/points/groups/new", json!({"name": "Ovens"})),
        (
            "POST",
            "/api/contacts/new",
            json!({"firstname": "Ann", "email": "seed1@example.test", "tags": ["vip"]}),
        ),
        (
            "POST",
            "/api/contacts/new",
            json!({"firstname": "Bob", "email": "seed2@example.test"}),
        ),
        (
            "POST",
            "/api/points/new",
            json!({"name": "Any URL", "type": "url.hit", "delta": 1, "repeatable": true}),
        ),
        (
            "POST",
            "/api/points/triggers/new",
            json!({"name": "Hot", "points": 1000}),
        ),
        ("POST", "/api/segments/new", json!({"name": "Seg"})),
        (
            "POST",
            "/api/stages/new",
            json!({"name": "Stage", "weight": 1}),
        ),
        (
            "POST",
            "/api/forms/new",
            json!({"name": "Form", "formType": "standalone", "isPublished": true, "postAction": "return", "fields": [field]}),
        ),
        (
            "POST",
            "/api/emails/new",
            json!({"name": "Mail", "subject": "Mail", "emailType": "template", "isPublished": true, "customHtml": "<html><body>Hi</body></html>"}),
        ),
        (
            "POST",
            "/api/pages/new",
            json!({"title": "Page", "alias": "page", "isPublished": true, "template": "blank", "customHtml": "<html><body>Hi</body></html>"}),
        ),
        (
            "POST",
            "/api/campaigns/new",
            json!({"name": "Campaign", "lists": [{"id": 1}], "events": [event],
            "canvasSettings": {"nodes": [{"id": "new1", "positionX": "1", "positionY": "1"}], "connections": []}}),
        ),
        (
            "POST",
            "/api/hooks/new",
            json!({"name": "Hook", "webhookUrl": "http://127.0.0.1:9/hook", "triggers": []}),
        ),
        ("POST", "/api/contacts/1/points/plus/5", Value::Null),
        ("POST", "/api/contacts/2/points/groups/1/set/5", Value::Null),
        ("POST", "/api/segments/1/contact/1/add", Value::Null),
        ("POST", "/api/stages/1/contact/1/add", Value::Null),
        ("POST", "/api/emails/1/contact/1/send", Value::Null),
        (
            "GET",
            "/mtracking.gif?page_url=http%3A%2F%2Fshop.example.test%2Fa",
            Value::Null,
        ),
        ("GET", "/page", Value::Null),
    ]
}

/// Alias and type of every custom field's definition inside a value.
pub(super) fn definitions(value: &Value, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(members) => {
            let text = |key: &str| members.get(key).and_then(Value::as_str).map(str::to_owned);
            let id = members
                .get("id")
                .and_then(|id| id.as_u64().or_else(|| id.as_str()?.parse().ok()));
            if let (Some(alias), Some(kind), Some(_), true) = (
                text("alias"),
                text("type"),
                text("group"),
                id.is_some_and(|id| id > 43),
            ) {
                found.push((alias, kind));
            }
            members
                .values()
                .for_each(|member| definitions(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| definitions(item, found)),
        _ => {}
    }
}

/// A filter like the recorded one's, so that an edit finds one in its place.
pub(super) fn number_filter(shown: Option<&Value>) -> Value {
    let filters = shown
        .and_then(|shown| shown.get("filters"))
        .and_then(Value::as_array);
    let filter = json!({"glue": "and", "field": "group_points_1", "object": "groups", "type": "number",
        "operator": "gte", "properties": {"filter": "60"}});
    let had =
        filters.is_some_and(|filters| filters.iter().any(|filter| filter.get("filter").is_some()));
    if had { json!([filter]) } else { json!([]) }
}

/// What a contact of an answer was made of.
pub(super) fn contact_input(shown: Option<&Value>, id: Id) -> Value {
    let mut input = json!({"firstname": format!("Seed {id}"), "email": format!("seed{id}x@example.test"), "points": 24});
    let all = shown
        .and_then(|shown| shown.pointer("/fields/all"))
        .and_then(Value::as_object);
    let plain = |key: &&String| !matches!(key.as_str(), "id" | "email" | "last_active");
    if let (Value::Object(members), Some(all)) = (&mut input, all) {
        members.extend(
            all.iter()
                .filter(|(key, value)| plain(key) && !value.is_null())
                .map(|(k, v)| (k.clone(), v.clone())),
        );
    }
    if let Value::Object(members) = &mut input {
        for alias in ["company", "title", "position", "city"] {
            let value = shown
                .and_then(|shown| shown.get(alias))
                .filter(|value| value.is_string());
            members.extend(value.map(|value| (alias.to_owned(), value.clone())));
        }
        if shown.is_some_and(|shown| shown.get("owner").is_some_and(Value::is_object)) {
            members.insert("owner".to_owned(), json!(1));
        }
    }
    input
}
