//! `/api/fields/contact` (FACTS 116).

use serde_json::{Map, Value, json};

use super::Call;
use super::crud::{self, Resource};
use super::form::Form;
use super::list::Cell;
use crate::php::{alias, cast};
use crate::server::answer::{Answer, Exception, Handled};
use crate::state::{ContactField, Id, Stamp, State, Table, fields};

/// Types a field can have, and the ones whose texts have a length limit.
const TYPES: &[&str] = &[
    "boolean",
    "country",
    "date",
    "datetime",
    "email",
    "html",
    "locale",
    "lookup",
    "multiselect",
    "number",
    "region",
    "select",
    "tel",
    "text",
    "textarea",
    "time",
    "timezone",
    "url",
];

/// Contact fields in the API.
pub(super) struct ContactFields;

/// Routes under `/api/fields/contact`.
pub(super) fn handle(state: &mut State, call: Call<'_>, path: &[&str]) -> Handled {
    crud::handle::<ContactFields>(state, call, path)
}

/// `GET /api/contacts/list/fields`: the published fields as a list.
pub(super) fn list_for_contacts(state: &State) -> Answer {
    let shown = |field: &&ContactField| {
        json!({
            "id": field.id, "label": field.label, "alias": field.alias, "type": field.kind, "group": field.group,
            "order": field.order
        })
    };
    let mut published = fields::in_order(&state.contact_fields);
    published.sort_by_key(|field| field.id);
    Answer::api(200, &published.iter().map(shown).collect())
}

impl Resource for ContactFields {
    type Entity = ContactField;
    const ONE: &'static str = "field";
    const MANY: &'static str = "fields";
    const ROUTE: &'static str = "fields/contact";
    const AUDIT: Option<crate::api::crud::Audit> = Some(crate::api::crud::Audit {
        bundle: "lead",
        object: "field",
        created: "create",
    });
    const KEYED_LIST: bool = true;
    const DEFAULT_ORDER: &'static [(&'static str, bool)] = &[("order", false)];

    fn table(state: &State) -> &Table<ContactField> {
        &state.contact_fields
    }

    fn blank(_: &State) -> ContactField {
        ContactField {
            id: 0,
            stamp: Stamp::default(),
            label: String::new(),
            alias: String::new(),
            kind: "text".to_owned(),
            group: "core".to_owned(),
            order: 1,
            default_value: None,
            is_required: false,
            is_fixed: false,
            is_listable: true,
            is_visible: true,
            is_short_visible: true,
            is_unique: false,
            is_publicly_updatable: false,
            length_limit: 64,
            properties: json!([]),
        }
    }

    fn id(field: &ContactField) -> Id {
        field.id
    }

    fn column(_: &State, field: &ContactField, column: &str) -> Option<Cell> {
        Some(match column {
            "id" => field.id.into(),
            "label" => field.label.as_str().into(),
            "alias" => field.alias.as_str().into(),
            "type" => field.kind.as_str().into(),
            "group" => field.group.as_str().into(),
            "order" => field.order.into(),
            "object" => "lead".into(),
            "isRequired" => field.is_required.into(),
            "isFixed" => field.is_fixed.into(),
            "isVisible" => field.is_visible.into(),
            "isListable" => field.is_listable.into(),
            "isUniqueIdentifer" => field.is_unique.into(),
            "isPubliclyUpdatable" => field.is_publicly_updatable.into(),
            _ => return field.stamp.column(column),
        })
    }

    fn found_by(_: &State, field: &ContactField, search: &str) -> bool {
        let search = search.to_lowercase();
        field.label.to_lowercase().contains(&search) || field.alias.to_lowercase().contains(&search)
    }

    fn bind(state: &State, field: &mut ContactField, form: &mut Form<'_>) {
        form.required_text("label", &mut field.label, "A label is required.");
        if let Some(kind) = form.given("type").filter(|_| field.id == 0) {
            field.kind = cast::text(kind);
        }
        bind_alias(state, field, form);
        if !TYPES.contains(&field.kind.as_str()) {
            form.error("type", "This value is not valid.");
            form.error("charLengthLimit", "This value should not be blank.");
        }
        if let Some(group) = form
            .given("group")
            .map(cast::text)
            .filter(|group| !group.is_empty())
        {
            field.group = group;
        }
        form.text("defaultValue", &mut field.default_value);
        form.flag("isPublished", &mut field.stamp.is_published);
        form.flag("isRequired", &mut field.is_required);
        form.flag("isListable", &mut field.is_listable);
        form.flag("isVisible", &mut field.is_visible);
        form.flag("isShortVisible", &mut field.is_short_visible);
        form.flag("isPubliclyUpdatable", &mut field.is_publicly_updatable);
        form.flag("isUniqueIdentifier", &mut field.is_unique);
        if let Some(limit) = form.given("charLengthLimit").map(cast::int) {
            field.length_limit = usize::try_from(limit).unwrap_or(0);
        }
        if let Some(properties) = form
            .given("properties")
            .filter(|properties| !properties.is_null())
        {
            field.properties = as_stored(properties);
        } else if field.id == 0 && field.kind == "number" {
            field.properties = json!({"roundmode": "4", "scale": ""});
        }
    }

    fn store(state: &mut State, mut field: ContactField) -> Result<ContactField, Exception> {
        if field.id == 0 {
            field.stamp.created(state);
            field.id = state.contact_fields.take_id();
            field.order = next_order(state);
        } else {
            field.stamp.modified(state);
        }
        state.contact_fields.put(field.id, field.clone());
        renumber(state);
        Ok(field)
    }

    fn delete(state: &mut State, field: &ContactField) -> Result<(), Exception> {
        state.contact_fields.remove(field.id);
        for contact in state.contacts.values_mut() {
            contact.values.remove(&field.alias);
        }
        Ok(())
    }

    fn json(_: &State, field: &ContactField) -> Value {
        let mut json = field.stamp.json();
        let mut add = |name: &str, value: Value| json.insert(name.to_owned(), value);
        add("id", json!(field.id));
        add("label", json!(field.label));
        add("alias", json!(field.alias));
        add("type", json!(field.kind));
        add("group", json!(field.group));
        add("order", json!(field.order));
        add("object", json!("lead"));
        add("defaultValue", json!(field.default_value));
        add("isRequired", json!(field.is_required));
        add("isFixed", json!(field.is_fixed));
        add("isListable", json!(field.is_listable));
        add("isVisible", json!(field.is_visible));
        add("isShortVisible", json!(field.is_short_visible));
        add("isUniqueIdentifier", json!(field.is_unique));
        add("isPubliclyUpdatable", json!(field.is_publicly_updatable));
        let empty = field.properties.as_array().is_some_and(Vec::is_empty);
        add(
            "properties",
            if empty {
                json!({})
            } else {
                field.properties.clone()
            },
        );
        Value::Object(json)
    }
}

fn bind_alias(state: &State, field: &mut ContactField, form: &mut Form<'_>) {
    if field.id != 0 {
        return;
    }
    let wanted = form
        .input
        .get("alias")
        .map(cast::text)
        .filter(|alias| !alias.is_empty());
    field.alias = alias::clean_alias(wanted.as_deref().unwrap_or(&field.label), '_');
    let taken = state
        .contact_fields
        .values()
        .any(|other| other.alias == field.alias);
    if taken {
        form.error(
            "alias",
            "Another field is already using this alias. Please choose another or leave blank to have it autogenerated.",
        );
    }
}

/// Scalars of properties are stored as texts, as a form sends them.
fn as_stored(properties: &Value) -> Value {
    match properties {
        Value::Number(_) => json!(cast::text(properties)),
        Value::Array(items) => items.iter().map(as_stored).collect(),
        Value::Object(members) => Value::Object(
            members
                .iter()
                .map(|(key, value)| (key.clone(), as_stored(value)))
                .collect::<Map<_, _>>(),
        ),
        other => other.clone(),
    }
}

/// A new field comes after the custom fields made before, at the head of all others.
fn next_order(state: &State) -> i64 {
    let custom = state
        .contact_fields
        .values()
        .filter(|field| is_custom(field));
    i64::try_from(custom.count()).unwrap_or(0) + 1
}

fn is_custom(field: &ContactField) -> bool {
    field.id > fields::LAST_INSTALLED
}

/// Company fields at installation; they are numbered together with the contact fields.
const COMPANY_FIELDS: i64 = 15;

/// Making a field numbers all others anew: those of the installation follow the custom ones, contact and company
/// fields by turns as long as there are both.
fn renumber(state: &mut State) {
    let custom = next_order(state) - 1;
    for field in state
        .contact_fields
        .values_mut()
        .filter(|field| !is_custom(field))
    {
        let place = i64::try_from(field.id).unwrap_or(0);
        let paired = if place <= COMPANY_FIELDS {
            2 * place - 1
        } else {
            place + COMPANY_FIELDS
        };
        field.order = custom + paired;
    }
}
