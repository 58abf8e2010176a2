//! A contact's JSON, in the shapes the serializer's groups give it.
#![allow(clippy::similar_names)] // "state" and "stage" are both the right words

use serde_json::{Map, Value, json};

use crate::php::{cast, serialize::serialize};
use crate::state::clock::iso;
use crate::state::{Contact, ContactField, FieldShape, FieldValues, Id, State};

/// Which shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// Answers about contacts: with `fields.all` and whole numbers.
    Api,
    /// Answers about contacts whose entity was not prepared, because its input was refused: fields as they were read.
    Unprepared,
    /// `minimal=1` lists.
    Minimal,
    /// Webhooks about contacts.
    Webhook,
    /// `lead_post_delete`: tags are empty, the id is null.
    DeletedWebhook,
    /// Without groups (`lead_list_change`): every column, nulls kept.
    Everything,
    /// Without groups and nulls (answers of do-not-contact calls).
    Plain,
    /// `{id, points, color, fields}` inside hits and submissions.
    Lead,
}

/// Columns that are properties of the entity, in their order without groups.
const PROPERTIES: &[&str] = &[
    "title",
    "firstname",
    "lastname",
    "company",
    "position",
    "email",
    "phone",
    "mobile",
    "address1",
    "address2",
    "city",
    "state",
    "zipcode",
    "timezone",
    "country",
];

/// The JSON of a stored contact as its entity remembers it; null for an unknown id.
#[must_use]
pub fn view(state: &State, id: Id, shape: View) -> Value {
    state
        .contacts
        .get(id)
        .map_or(Value::Null, |contact| contact_view(state, contact, shape))
}

/// The JSON of a contact, stored or not.
#[must_use]
pub fn contact_view(state: &State, contact: &Contact, shape: View) -> Value {
    let memory = &contact.memory;
    let mut out = if shape == View::Lead {
        Map::new()
    } else {
        contact.stamp.json()
    };
    let id = if memory.deleted_id.is_some() || contact.id == 0 {
        Value::Null
    } else {
        json!(contact.id)
    };
    let points = if memory.loaded {
        memory.points
    } else {
        contact.points
    };
    out.insert("id".to_owned(), id);
    out.insert("points".to_owned(), json!(points));
    out.insert("color".to_owned(), Value::Null);
    if matches!(shape, View::Everything | View::Plain) {
        for alias in PROPERTIES {
            out.insert(
                (*alias).to_owned(),
                contact.values.get(*alias).cloned().unwrap_or(Value::Null),
            );
        }
    }
    out.insert(
        "fields".to_owned(),
        fields(state, contact, matches!(shape, View::Api | View::Minimal)),
    );
    if !matches!(shape, View::Lead | View::Minimal) {
        add_details(state, contact, shape, &mut out);
    }
    let mut out = Value::Object(out);
    if shape == View::Plain {
        drop_nulls(&mut out);
    }
    out
}

fn add_details(state: &State, contact: &Contact, shape: View, out: &mut Map<String, Value>) {
    let plain = shape == View::Plain;
    let mut add = |name: &str, value: Value| out.insert(name.to_owned(), value);
    let last_active = if contact.memory.loaded {
        contact.memory.last_active
    } else {
        contact.last_active
    };
    add("lastActive", json!(last_active.map(iso)));
    add(
        "owner",
        contact.owner.map_or(Value::Null, |_| owner(state, plain)),
    );
    add("ipAddresses", ip_addresses(state, contact));
    add("tags", tags(state, contact, shape));
    add(
        "utmtags",
        if contact.memory.constructed {
            Value::Null
        } else {
            utm_tags(state, contact, shape)
        },
    );
    add(
        "stage",
        contact
            .stage
            .map_or(Value::Null, |stage| stage_json(state, stage, shape)),
    );
    add("dateIdentified", json!(contact.date_identified.map(iso)));
    add(
        "preferredProfileImage",
        json!(contact.preferred_profile_image),
    );
    add("doNotContact", do_not_contact(state, contact, plain));
    add("frequencyRules", json!([]));
}

fn owner(state: &State, plain: bool) -> Value {
    let user = &state.options.user.name;
    if plain {
        json!({
            "isPublished": true, "id": 1, "username": user, "firstName": "Admin", "lastName": "Mautic",
            "email": "admin@example.test",
            "role": {
                "isPublished": true, "id": 1, "name": "Administrator", "description": "Full system access",
                "isAdmin": true
            },
            "timezone": "", "locale": ""
        })
    } else {
        json!({
            "createdByUser": null, "modifiedByUser": null, "id": 1, "username": user, "firstName": "Admin",
            "lastName": "Mautic"
        })
    }
}

/// Doctrine keeps them by address: of several rows of one address only the last is seen.
pub(crate) fn ip_addresses(state: &State, contact: &Contact) -> Value {
    let mut shown: Map<String, Value> = Map::new();
    for id in &contact.ip_addresses {
        let Some(known) = state.web.ip_addresses.get(*id) else {
            continue;
        };
        let details = json!({
            "city": "", "region": "", "zipcode": "", "country": "", "latitude": "", "longitude": "", "isp": "",
            "organization": "", "timezone": "", "extra": ""
        });
        let id = state.shown_ip(*id);
        let json = json!({"ipAddress": known.address, "id": id, "ipDetails": details});
        shown.insert(known.address.clone(), json);
    }
    shown.into_iter().map(|(_, json)| json).collect()
}

fn tags(state: &State, contact: &Contact, shape: View) -> Value {
    let tags = contact.tags.iter().filter_map(|tag| state.tags.get(*tag));
    tags.map(|tag| match shape {
        View::DeletedWebhook => json!([]),
        _ => json!({"id": tag.id, "tag": tag.tag, "description": tag.description}),
    })
    .collect()
}

fn utm_tags(state: &State, contact: &Contact, shape: View) -> Value {
    let of_contact = state
        .web
        .utm_tags
        .values()
        .filter(|tag| tag.contact == contact.id);
    let row = |tag: &crate::state::web::UtmTag| {
        if matches!(shape, View::Webhook | View::DeletedWebhook) {
            return json!([]);
        }
        let [campaign, content, medium, source, term] = &tag.tags;
        json!({
            "id": tag.id, "query": tag.query, "referer": tag.referer, "remoteHost": null, "url": tag.url,
            "userAgent": tag.user_agent, "utmCampaign": campaign, "utmContent": content, "utmMedium": medium,
            "utmSource": source, "utmTerm": term
        })
    };
    of_contact.map(row).collect()
}

fn stage_json(state: &State, id: Id, shape: View) -> Value {
    let Some(stage) = state.stages.get(id) else {
        return Value::Null;
    };
    let (created, modified) = (&stage.stamp.created_by_user, &stage.stamp.modified_by_user);
    match shape {
        View::Api | View::Unprepared => json!({
            "createdByUser": created, "modifiedByUser": modified, "id": id, "name": stage.name, "category": null,
            "weight": stage.weight, "description": stage.description
        }),
        View::Plain | View::Everything => {
            let mut json = stage.stamp.json();
            json.insert("id".to_owned(), json!(id));
            json.insert("name".to_owned(), json!(stage.name));
            json.insert("description".to_owned(), json!(stage.description));
            json.insert("weight".to_owned(), json!(stage.weight));
            Value::Object(json)
        }
        _ => json!({"createdByUser": created, "modifiedByUser": modified}),
    }
}

fn do_not_contact(state: &State, contact: &Contact, plain: bool) -> Value {
    let deleted = contact.memory.deleted_id.is_some();
    let of_contact = state
        .do_not_contact
        .values()
        .filter(|row| row.contact == contact.id);
    let row = |row: &crate::state::DoNotContact| {
        let mut json = Map::new();
        json.insert(
            "id".to_owned(),
            if deleted { Value::Null } else { json!(row.id) },
        );
        if plain {
            json.insert("dateAdded".to_owned(), json!(iso(row.date_added)));
        }
        json.insert("reason".to_owned(), json!(row.reason));
        json.insert("comments".to_owned(), json!(row.comments));
        json.insert("channel".to_owned(), json!(row.channel));
        json.insert("channelId".to_owned(), json!(row.channel_id));
        Value::Object(json)
    };
    of_contact.map(row).collect()
}

/// Takes members that are null away, at every depth: without groups the serializer writes none.
pub(crate) fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

/// `fields`: by group, and for answers `all` with whole numbers (`fixNumbers`).
fn fields(state: &State, contact: &Contact, for_api: bool) -> Value {
    let Some(known) = &contact.memory.fields else {
        return json!([]);
    };
    let mut groups: Map<String, Value> = Map::new();
    let mut numbers = Map::new();
    for (alias, value) in &known.values {
        let Some(field) = state
            .contact_fields
            .values()
            .find(|field| field.alias == *alias)
        else {
            continue;
        };
        let is_number = field.kind == "number" && !value.is_null() && for_api;
        let shown = if is_number {
            rounded(field, value)
        } else {
            value.clone()
        };
        if alias == "points" {
            numbers.insert(alias.clone(), json!(cast::int(value)));
        }
        if is_number {
            numbers.insert(alias.clone(), shown.clone());
        }
        let group = groups
            .entry(field.group.clone())
            .or_insert_with(|| json!({}));
        if let Value::Object(group) = group {
            group.insert(alias.clone(), definition(field, known.shape, shown));
        }
    }
    for group in ["core", "social", "personal", "professional"] {
        groups.entry(group).or_insert_with(|| json!([]));
    }
    if for_api {
        let all = all_values(contact, known, &groups, numbers);
        groups.insert("all".to_owned(), Value::Object(all));
    } else if let Some(all) = &contact.memory.prepared {
        groups.insert("all".to_owned(), all.clone());
    }
    Value::Object(groups)
}

/// `fields.all`: id and values group by group, with the edits of this request.
fn all_values(
    contact: &Contact,
    known: &FieldValues,
    groups: &Map<String, Value>,
    numbers: Map<String, Value>,
) -> Map<String, Value> {
    let mut all = Map::new();
    let id = if contact.memory.deleted_id.is_some() {
        Value::Null
    } else {
        json!(contact.id.to_string())
    };
    all.insert("id".to_owned(), id);
    let aliases = groups
        .values()
        .filter_map(Value::as_object)
        .flat_map(Map::keys);
    for alias in aliases {
        let value = known.get(alias).cloned().unwrap_or_default();
        all.insert(alias.clone(), value);
    }
    all.extend(contact.memory.updated.clone());
    all.extend(numbers);
    all
}

fn rounded(field: &ContactField, value: &Value) -> Value {
    let has_scale = field.properties.get("scale").is_some_and(cast::truthy);
    if has_scale {
        json!(cast::float(value))
    } else {
        json!(cast::int(value))
    }
}

fn definition(field: &ContactField, shape: FieldShape, value: Value) -> Value {
    let normalized = normalized(field, &value);
    let mut json = if shape == FieldShape::Fresh {
        json!({
            "id": field.id, "group": field.group, "label": field.label, "alias": field.alias, "type": field.kind,
            "properties": field.properties
        })
    } else {
        json!({
            "id": field.id.to_string(), "label": field.label, "alias": field.alias, "type": field.kind,
            "group": field.group, "object": "lead", "is_fixed": u8::from(field.is_fixed).to_string(),
            "properties": serialize(&field.properties), "default_value": field.default_value
        })
    };
    json["value"] = value;
    json["normalizedValue"] = normalized;
    json
}

/// `CustomFieldValueHelper::normalizeValue`: labels instead of values for choices and yes/no.
fn normalized(field: &ContactField, value: &Value) -> Value {
    if value.is_null() || *value == "" {
        return json!("");
    }
    match field.kind.as_str() {
        "boolean" => {
            let key = if cast::truthy(value) { "yes" } else { "no" };
            field
                .properties
                .get(key)
                .cloned()
                .unwrap_or_else(|| value.clone())
        }
        "select" => json!(label(field, &cast::text(value))),
        "multiselect" => {
            let chosen = cast::text(value);
            json!(
                chosen
                    .split('|')
                    .map(|one| label(field, one))
                    .collect::<Vec<_>>()
                    .join("|")
            )
        }
        _ => value.clone(),
    }
}

fn label(field: &ContactField, value: &str) -> String {
    let choices = field.properties.get("list").and_then(Value::as_array);
    choices
        .into_iter()
        .flatten()
        .find(|choice| {
            choice
                .get("value")
                .is_some_and(|known| cast::text(known) == value)
        })
        .and_then(|choice| choice.get("label"))
        .map_or_else(|| value.to_owned(), cast::text)
}

/// Prepares the entity's `fields` for an answer before anything else happens to it (`fixNumbers`): numbers without
/// decimals become ints, which differ from the floats they were, and webhooks show `all` as it was then.
pub fn prepare(state: &mut State, id: Id) {
    if let Some(mut contact) = state.contacts.get(id).cloned() {
        prepare_entity(state, &mut contact);
        state.contacts.put(id, contact);
    }
}

/// [`prepare`] of an entity at hand.
pub fn prepare_entity(state: &State, contact: &mut Contact) {
    let all = fields(state, contact, true).get("all").cloned();
    contact.memory.prepared = all;
    let Some(known) = &mut contact.memory.fields else {
        return;
    };
    for (alias, value) in &mut known.values {
        let mut fields = state.contact_fields.values();
        let field = fields.find(|field| field.alias == *alias);
        if let Some(field) = field.filter(|field| field.kind == "number" && !value.is_null()) {
            *value = rounded(field, value);
        }
    }
}
