//! Loading entities and writing values into them (`LeadModel::setFieldValues`, `CustomFieldEntityTrait`).
#![allow(clippy::similar_names)] // "state" and "stage" are both the right words

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::php::cast;
use crate::state::{
    Contact, ContactField, FieldShape, FieldValues, Id, StagesLogRow, State, Table, fields,
};

/// Columns of `leads` that are properties of the entity with a setter of their own.
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

/// Loads a contact's entity; a merged-away id gives the contact it was merged into (FACTS 94). The id found, or `None`.
pub fn load(state: &mut State, id: Id) -> Option<Id> {
    let mut found = id;
    while !state.contacts.contains(found) {
        found = *state.merged_into.get(&found)?;
    }
    enter(state, found, FieldShape::Row);
    Some(found)
}

/// Loads an entity as a list does: without following merges, its `fields` in the order of the columns, as texts.
pub fn load_as_list(state: &mut State, id: Id) -> Option<Id> {
    state.contacts.contains(id).then(|| {
        enter(state, id, FieldShape::List);
        id
    })
}

fn enter(state: &mut State, id: Id, shape: FieldShape) {
    let State {
        contacts,
        contact_fields,
        loaded_contacts,
        tags,
        ..
    } = state;
    let Some(contact) = contacts.get_mut(id) else {
        return;
    };
    if !contact.memory.loaded {
        contact.memory.loaded = true;
        contact.memory.points = contact.points;
        contact.memory.last_active = contact.last_active;
        loaded_contacts.push(id);
        let name = |tag: &Id| tags.get(*tag).map(|tag| tag.tag.to_lowercase());
        contact.tags.sort_by_cached_key(name);
    }
    // A list reads the fields again even if the entity has some; one contact does not.
    if contact.memory.fields.is_none() || shape == FieldShape::List {
        contact.memory.fields = Some(snapshot(contact, contact_fields, shape));
    }
}

/// Gives the entity `fields` if it has none, as reading one contact does.
pub fn ensure_fields(state: &mut State, id: Id) {
    enter(state, id, FieldShape::Row);
}

fn snapshot(contact: &Contact, fields: &Table<ContactField>, shape: FieldShape) -> FieldValues {
    let definitions = if shape == FieldShape::List {
        fields::in_column_order(fields)
    } else {
        fields::in_order(fields)
    };
    let value = |field: &ContactField| {
        let value = contact.column_value(&field.alias);
        match shape {
            FieldShape::Fresh => Value::Null,
            FieldShape::Row => as_read(&field.kind, &value),
            FieldShape::List if value.is_null() => Value::Null,
            FieldShape::List => cast::text(&value).into(),
        }
    };
    let values = definitions
        .into_iter()
        .map(|field| (field.alias.clone(), value(field)))
        .collect();
    FieldValues { shape, values }
}

fn as_read(kind: &str, value: &Value) -> Value {
    match (kind, value) {
        (_, Value::Null) => Value::Null,
        ("number", _) => json!(cast::float(value)),
        ("boolean", _) => json!(i32::from(cast::truthy(value))),
        ("select", _) => json!(cast::text(value)),
        _ => value.clone(),
    }
}

/// A contact that is not stored yet: `new Lead()`.
#[must_use]
pub fn constructed() -> Contact {
    let mut contact = Contact::default();
    contact.memory.loaded = true;
    contact.memory.constructed = true;
    contact
}

/// Writes values into a contact's fields (`setFieldValues`). Empty values are written only with `overwrite_with_blank`.
pub fn set_field_values(
    contact: &mut Contact,
    fields: &Table<ContactField>,
    data: &Map<String, Value>,
    overwrite_with_blank: bool,
) {
    let mut known = match contact.memory.fields.take() {
        Some(known) if !known.values.is_empty() => known,
        _ => snapshot(contact, fields, FieldShape::Fresh),
    };
    contact.memory.fields = Some(known.clone());
    for index in 0..known.values.len() {
        let alias = known.values[index].0.clone();
        let Some(field) = fields.values().find(|field| field.alias == alias) else {
            continue;
        };
        let Some(given) = data.get(&alias) else {
            continue;
        };
        let current = known.values[index].1.clone();
        let new = match cleaned(&field.kind, given) {
            Value::Null => json!(""),
            Value::Array(items) => {
                json!(items.iter().map(cast::text).collect::<Vec<_>>().join("|"))
            }
            other => other,
        };
        let is_empty = match &new {
            Value::String(text) => text.is_empty(),
            other => !cast::truthy(other),
        };
        if current != new && (!is_empty || overwrite_with_blank) {
            known.values[index].1 = new.clone();
            add_updated_field(contact, fields, &alias, new, &current);
        }
    }
    contact.memory.fields = Some(known);
}

/// `RequestTrait::cleanFields`.
fn cleaned(kind: &str, value: &Value) -> Value {
    match kind {
        _ if value.is_null() => Value::Null,
        "boolean" => match value {
            Value::String(text)
                if text.eq_ignore_ascii_case("false") || text == "off" || text == "no" =>
            {
                json!(false)
            }
            other => json!(cast::truthy(other)),
        },
        "email" => json!(crate::php::filter::sanitize_email(&cast::text(value))),
        "number" => json!(cast::float(value)),
        _ => value.clone(),
    }
}

/// `addUpdatedField`: sets one value, notes the change, and keeps it for the next save.
pub fn add_updated_field(
    contact: &mut Contact,
    fields: &Table<ContactField>,
    alias: &str,
    value: Value,
    current: &Value,
) {
    let field = fields
        .values()
        .find(|field| field.alias == alias && field.stamp.is_published);
    let known = field.is_some()
        && contact
            .memory
            .fields
            .as_ref()
            .is_some_and(|known| known.get(alias).is_some());
    let mut old = if matches!(current, Value::Null) || !cast::truthy(current) && current != "0" {
        field_value(contact, field, alias)
    } else {
        field.map_or_else(|| current.clone(), |field| fixed(&field.kind, current))
    };
    let mut value = value;
    if value == "" && (alias == "points" || PROPERTIES.contains(&alias)) {
        value = Value::Null;
    }
    if alias == "points" {
        set_points(contact, &value);
    } else if PROPERTIES.contains(&alias) {
        let before = contact.values.get(alias).cloned().unwrap_or(Value::Null);
        note_change(contact, alias, &before, &value);
    }
    if let Value::String(text) = &value {
        let trimmed = text.trim();
        if trimmed.is_empty() {
            value = Value::Null;
            if old == "" {
                old = Value::Null;
            }
        } else {
            value = json!(trimmed);
        }
    }
    if let (true, Some(field)) = (known, field) {
        value = fixed(&field.kind, &value);
    }
    let both_blank = (old == "" && value.is_null()) || (old.is_null() && value == "");
    if old != value && !both_blank {
        merge_field_change(contact, alias, &old, &value);
        contact
            .memory
            .updated
            .insert(alias.to_owned(), value.clone());
        write_column(contact, alias, value);
    } else if PROPERTIES.contains(&alias) {
        write_column(contact, alias, value);
    }
}

fn write_column(contact: &mut Contact, alias: &str, value: Value) {
    match alias {
        "points" => {}
        "last_active" => {
            contact.last_active = value.as_str().and_then(crate::state::clock::parse_sql);
        }
        _ if value.is_null() => {
            contact.values.remove(alias);
        }
        _ => {
            contact.values.insert(alias.to_owned(), value);
        }
    }
}

fn field_value(contact: &Contact, field: Option<&ContactField>, alias: &str) -> Value {
    if alias == "points" {
        return json!(
            contact
                .memory
                .actual_points
                .or(contact.memory.updated_points)
                .unwrap_or(contact.memory.points)
        );
    }
    if let Some(value) = PROPERTIES
        .contains(&alias)
        .then(|| contact.values.get(alias))
        .flatten()
    {
        return value.clone();
    }
    if let Some(value) = contact.memory.updated.get(alias) {
        return value.clone();
    }
    match (
        field,
        contact
            .memory
            .fields
            .as_ref()
            .and_then(|known| known.get(alias)),
    ) {
        (Some(field), Some(value)) => fixed(&field.kind, value),
        _ => Value::Null,
    }
}

/// `CustomFieldHelper::fixValueType`.
fn fixed(kind: &str, value: &Value) -> Value {
    match kind {
        _ if value.is_null() => Value::Null,
        "number" => json!(cast::float(value)),
        "boolean" => json!(cast::truthy(value)),
        "select" => json!(cast::text(value)),
        _ => value.clone(),
    }
}

/// `Lead::setPoints`: points given outright, not added.
fn set_points(contact: &mut Contact, value: &Value) {
    let memory = &contact.memory;
    let current = memory
        .actual_points
        .or(memory.updated_points)
        .unwrap_or(memory.points);
    // PHP compares loosely first, then strictly: 4 and 4.0 differ as well (FACTS 73).
    if json!(current) != *value {
        contact
            .memory
            .changes
            .insert("points".to_owned(), json!([current, value]));
    }
    let memory = &mut contact.memory;
    memory.points = cast::int(value);
    memory.points_set = true;
    memory.actual_points = None;
    memory.updated_points = None;
    memory.point_changes.clear();
}

/// `isChanged` of a plain property: notes old and new value unless only the kind of emptiness differs.
pub(super) fn note_change(contact: &mut Contact, property: &str, old: &Value, new: &Value) {
    let blank = |value: &Value| value.is_null() || value == "";
    if old != new && !(blank(old) && blank(new)) {
        contact
            .memory
            .changes
            .insert(property.to_owned(), json!([old, new]));
    }
}

fn merge_field_change(contact: &mut Contact, alias: &str, old: &Value, new: &Value) {
    let changed = contact
        .memory
        .changes
        .entry("fields")
        .or_insert_with(|| json!({}));
    if let Value::Object(changed) = changed {
        changed.insert(alias.to_owned(), json!([old, new]));
    }
}

/// `Lead::setOwner`.
pub fn set_owner(contact: &mut Contact, owner: Option<Id>) {
    if contact.owner != owner {
        contact
            .memory
            .changes
            .insert("owner".to_owned(), json!([contact.owner, owner]));
    }
    contact.owner = owner;
}

/// `Lead::setStage`, without a line in the stage log.
pub fn set_stage(contact: &mut Contact, stage: Option<Id>) {
    if contact.stage != stage {
        contact
            .memory
            .changes
            .insert("stage".to_owned(), json!([contact.stage, stage]));
    }
    contact.stage = stage;
}

impl Contact {
    /// `stageChangeLogEntry`: a line for the stage log, written by the next save.
    pub fn log_stage(&mut self, state: &State, stage: Id, event_name: &str, action_name: &str) {
        self.memory.pending_stages_log.push(StagesLogRow {
            id: 0,
            contact: self.id,
            stage: Some(stage),
            event_name: event_name.to_owned(),
            action_name: action_name.to_owned(),
            date_added: state.now(),
        });
    }
}

/// `Lead::setLastActive`.
pub fn set_last_active(contact: &mut Contact, at: Timestamp) {
    let before = contact.memory.last_active.map(crate::state::clock::iso);
    let change = json!([before, crate::state::clock::iso(at)]);
    contact
        .memory
        .changes
        .insert("dateLastActive".to_owned(), change);
    contact.memory.last_active = Some(at);
    contact.last_active = Some(at);
}

/// `Lead::addIpAddress`.
pub fn add_ip_address(contact: &mut Contact, ip: Id, address: &str) {
    if contact.ip_addresses.contains(&ip) {
        return;
    }
    contact.ip_addresses.push(ip);
    contact
        .memory
        .changes
        .insert("ipAddresses".to_owned(), json!(["", address]));
    contact
        .memory
        .changes
        .insert("ipAddressList".to_owned(), json!({address: {}}));
}
