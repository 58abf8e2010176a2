//! `/api/forms`: forms and their submissions.

use serde_json::{Map, Value, json};

use super::Call;
use super::crud::Resource;
use super::errors::not_found;
use super::form::{Form as Binding, Missing};
use super::list::{Cell, Page};
use super::publishing::{self, put};
use crate::php::{cast, html};
use crate::server::answer::{Answer, Exception, Handled};
use crate::state::clock::iso;
use crate::state::web::{Form, FormAction, FormField, Submission};
use crate::state::{Id, State, Table};

/// Longest alias made of a form's name.
const ALIAS_LENGTH: usize = 10;

/// Forms in the API.
pub(super) struct Forms;

impl Resource for Forms {
    type Entity = Form;
    const ONE: &'static str = "form";
    const MANY: &'static str = "forms";
    const ROUTE: &'static str = "forms";
    const AUDIT: Option<crate::api::crud::Audit> = Some(crate::api::crud::Audit {
        bundle: "form",
        object: "form",
        created: "update",
    });
    const DEFAULT_ORDER: &'static [(&'static str, bool)] = &[("name", false)];

    fn table(state: &State) -> &Table<Form> {
        &state.web.forms
    }

    fn blank(_: &State) -> Form {
        Form {
            post_action: "return".to_owned(),
            ..Form::default()
        }
    }

    fn id(form: &Form) -> Id {
        form.id
    }

    fn column(_: &State, form: &Form, column: &str) -> Option<Cell> {
        Some(match column {
            "id" => form.id.into(),
            "name" => form.name.as_str().into(),
            "alias" => form.alias.as_str().into(),
            "description" => form.description.clone().into(),
            "formType" | "form_type" => form.form_type.as_str().into(),
            "publishUp" | "publish_up" => form.publish_up.into(),
            "publishDown" | "publish_down" => form.publish_down.into(),
            _ => return form.stamp.column(column),
        })
    }

    fn found_by(_: &State, form: &Form, search: &str) -> bool {
        publishing::contains(&form.name, search)
            || form
                .description
                .as_deref()
                .is_some_and(|text| publishing::contains(text, search))
    }

    fn bind(_: &State, form: &mut Form, input: &mut Binding<'_>) {
        input.required_text("name", &mut form.name, "A name is required.");
        input.text("description", &mut form.description);
        publishing::bind(
            input,
            &mut form.stamp,
            &mut form.publish_up,
            &mut form.publish_down,
        );
        input.text("template", &mut form.template);
        input.flag("inKioskMode", &mut form.in_kiosk_mode);
        input.flag("renderStyle", &mut form.render_style);
        let mut form_type = Some(form.form_type.clone());
        input.text("formType", &mut form_type);
        form.form_type = form_type.unwrap_or_default();
        let mut post_action = Some(form.post_action.clone());
        input.text("postAction", &mut post_action);
        form.post_action = post_action.unwrap_or_else(|| "return".to_owned());
        publishing::raw_text(input, "postActionProperty", &mut form.post_action_property);
        if let Some(fields) = input.input.get("fields") {
            bind_fields(form, fields, input.missing);
        }
        if let Some(actions) = input.input.get("actions") {
            bind_actions(form, actions, input.missing);
        }
    }

    fn store(state: &mut State, mut form: Form) -> Result<Form, Exception> {
        if form.id == 0 {
            let alias: String = publishing::alias(&form.name, '_')
                .chars()
                .take(ALIAS_LENGTH)
                .collect();
            alias
                .strip_suffix('_')
                .unwrap_or(&alias)
                .clone_into(&mut form.alias);
            form.stamp.created(state);
            form.id = state.web.forms.take_id();
        }
        // The API saves a form, adds fields and actions, and saves it again: also a new one is "modified".
        form.stamp.modified(state);
        for field in form.fields.iter_mut().filter(|field| field.id == 0) {
            field.id = state.web.form_fields.take_id();
        }
        for action in form.actions.iter_mut().filter(|action| action.id == 0) {
            action.id = state.web.form_actions.take_id();
        }
        state.web.forms.put(form.id, form.clone());
        Ok(form)
    }

    fn delete(state: &mut State, form: &Form) -> Result<(), Exception> {
        state.web.forms.remove(form.id);
        state
            .web
            .submissions
            .retain(|submission| submission.form != form.id);
        Ok(())
    }

    fn json(_: &State, form: &Form) -> Value {
        let mut json = form.stamp.json();
        put(&mut json, "id", json!(form.id));
        put(&mut json, "name", json!(form.name));
        put(&mut json, "alias", json!(form.alias));
        put(&mut json, "category", Value::Null);
        put(&mut json, "description", json!(form.description));
        put(
            &mut json,
            "cachedHtml",
            json!(format!("<form id=\"mauticform_{}\"></form>", form.alias)),
        );
        publishing::put_window(&mut json, form.publish_up, form.publish_down);
        let fields: Vec<Value> = form
            .fields
            .iter()
            .zip(1..)
            .map(|(field, order)| field_json(field, order))
            .collect();
        put(&mut json, "fields", json!(fields));
        let actions: Vec<Value> = form
            .actions
            .iter()
            .zip(1..)
            .map(|(action, order)| action_json(action, order))
            .collect();
        put(&mut json, "actions", json!(actions));
        put(&mut json, "template", json!(form.template));
        put(&mut json, "inKioskMode", json!(form.in_kiosk_mode));
        put(&mut json, "renderStyle", json!(form.render_style));
        put(&mut json, "formType", json!(form.form_type));
        put(&mut json, "postAction", json!(form.post_action));
        put(
            &mut json,
            "postActionProperty",
            json!(form.post_action_property),
        );
        put(&mut json, "noIndex", json!(form.no_index));
        put(&mut json, "formAttributes", Value::Null);
        put(&mut json, "language", Value::Null);
        Value::Object(json)
    }

    fn json_minimal(state: &State, form: &Form) -> Value {
        publishing::cut_after(Self::json(state, form), "category")
    }

    fn json_deleted(state: &State, form: &Form) -> Value {
        let mut json = Self::json(state, form);
        for part in ["fields", "actions"] {
            for entry in json[part].as_array_mut().into_iter().flatten() {
                entry["id"] = Value::Null;
            }
        }
        json["id"] = Value::Null;
        json
    }
}

fn items(value: &Value) -> Vec<&Map<String, Value>> {
    match value {
        Value::Array(items) => items.iter().filter_map(Value::as_object).collect(),
        Value::Object(items) => items.values().filter_map(Value::as_object).collect(),
        _ => Vec::new(),
    }
}

fn bind_fields(form: &mut Form, given: &Value, missing: Missing) {
    let before = std::mem::take(&mut form.fields);
    let mut kept = if missing == Missing::Keep {
        before.clone()
    } else {
        Vec::new()
    };
    for input in items(given) {
        let id = input.get("id").map_or(0, cast::int).unsigned_abs();
        let known = before.iter().find(|field| field.id == id && id != 0);
        let field = bind_field(known, input, kept.len());
        match kept
            .iter_mut()
            .find(|kept| kept.id == field.id && field.id != 0)
        {
            Some(slot) => *slot = field,
            None => kept.push(field),
        }
    }
    form.fields = kept;
}

fn bind_field(known: Option<&FormField>, input: &Map<String, Value>, position: usize) -> FormField {
    let text = |name: &str, before: Option<String>| match input.get(name) {
        Some(value) => Some(html::strip_tags(&cast::text(value))).filter(|text| !text.is_empty()),
        None => before,
    };
    let flag = |name: &str, before: bool| input.get(name).map_or(before, cast::truthy);
    let of = |get: fn(&FormField) -> Option<String>| known.and_then(get);
    let label = text("label", of(|field| Some(field.label.clone()))).unwrap_or_default();
    let alias = text("alias", of(|field| Some(field.alias.clone())));
    let alias = alias.unwrap_or_else(|| publishing::alias(&label, '_'));
    let mapped_field = text("mappedField", of(|field| field.mapped_field.clone()))
        .or_else(|| text("leadField", None));
    let mapped_object = text("mappedObject", of(|field| field.mapped_object.clone()));
    FormField {
        id: known.map_or(0, |field| field.id),
        alias: if alias.is_empty() {
            format!("f{position}")
        } else {
            alias
        },
        show_label: flag("showLabel", known.is_none_or(|field| field.show_label)),
        kind: text("type", of(|field| Some(field.kind.clone())))
            .unwrap_or_else(|| "text".to_owned()),
        default_value: text("defaultValue", of(|field| field.default_value.clone())),
        is_required: flag("isRequired", known.is_some_and(|field| field.is_required)),
        validation_message: text(
            "validationMessage",
            of(|field| field.validation_message.clone()),
        ),
        help_message: text("helpMessage", of(|field| field.help_message.clone())),
        properties: input
            .get("properties")
            .cloned()
            .or_else(|| known.map(|field| field.properties.clone()))
            .unwrap_or(json!([])),
        mapped_object: mapped_object
            .or_else(|| mapped_field.is_some().then(|| "contact".to_owned())),
        mapped_field,
        save_result: flag("saveResult", known.is_none_or(|field| field.save_result)),
        is_auto_fill: flag("isAutoFill", known.is_some_and(|field| field.is_auto_fill)),
        label,
    }
}

fn bind_actions(form: &mut Form, given: &Value, missing: Missing) {
    let before = std::mem::take(&mut form.actions);
    let mut kept = if missing == Missing::Keep {
        before.clone()
    } else {
        Vec::new()
    };
    for input in items(given) {
        let id = input.get("id").map_or(0, cast::int).unsigned_abs();
        let known = before
            .iter()
            .find(|action| action.id == id && id != 0)
            .cloned();
        let mut action = known.unwrap_or(FormAction {
            id: 0,
            name: String::new(),
            description: None,
            kind: String::new(),
            properties: json!([]),
        });
        let text = |name: &str| {
            input
                .get(name)
                .map(|value| html::strip_tags(&cast::text(value)))
        };
        action.name = text("name").unwrap_or(action.name);
        action.kind = text("type").unwrap_or(action.kind);
        action.description = text("description").or(action.description);
        if let Some(properties) = input.get("properties") {
            action.properties = action_properties(&action.kind, properties);
        }
        match kept
            .iter_mut()
            .find(|kept| kept.id == action.id && action.id != 0)
        {
            Some(slot) => *slot = action,
            None => kept.push(action),
        }
    }
    form.actions = kept;
}

/// The points action always has its three options (`PointBundle/Form/Type/FormSubmitActionPointsChangeType`).
fn action_properties(kind: &str, given: &Value) -> Value {
    if kind != "lead.pointschange" {
        return given.clone();
    }
    let option = |name: &str| given.get(name).cloned().unwrap_or(Value::Null);
    json!({"operator": option("operator"), "points": option("points"), "group": option("group")})
}

fn field_json(field: &FormField, order: usize) -> Value {
    let lead_field = field
        .mapped_field
        .clone()
        .filter(|_| field.mapped_object.is_some());
    json!({
        "id": field.id, "label": field.label, "showLabel": field.show_label, "alias": field.alias, "type": field.kind,
        "defaultValue": field.default_value, "isRequired": field.is_required,
        "validationMessage": field.validation_message, "helpMessage": field.help_message, "order": order,
        "properties": field.properties, "validation": [], "parent": null, "conditions": [], "labelAttributes": null,
        "inputAttributes": null, "containerAttributes": null, "leadField": lead_field, "saveResult": field.save_result,
        "isAutoFill": field.is_auto_fill, "mappedObject": field.mapped_object, "mappedField": field.mapped_field,
    })
}

fn action_json(action: &FormAction, order: usize) -> Value {
    json!({
        "id": action.id, "name": action.name, "description": action.description, "type": action.kind, "order": order,
        "properties": action.properties,
    })
}

/// `GET /api/forms/ID/submissions`: what was submitted, oldest first. Sorting by `id` fails (FACTS N6).
///
/// # Errors
/// 404 for an unknown form, an exception for an order that is not `s.…`.
pub(super) fn submissions(
    state: &State,
    call: Call<'_>,
    form: Id,
    of_contact: Option<Id>,
) -> Handled {
    if !state.web.forms.contains(form) {
        return Err(not_found());
    }
    let page = Page::of(call);
    let order_by = call.request.query_text("orderBy").unwrap_or("");
    if !order_by.is_empty() && !order_by.contains('.') {
        return Err(Exception::new("unknown column in the order of submissions").into());
    }
    let rows: Vec<&Submission> = state
        .web
        .submissions
        .values()
        .filter(|row| {
            row.form == form && of_contact.is_none_or(|contact| row.contact == Some(contact))
        })
        .collect();
    let total = rows.len();
    let rows: Vec<Value> = page
        .cut(rows)
        .into_iter()
        .map(|row| submission_json(state, row))
        .collect();
    let rows = if rows.is_empty() {
        json!({})
    } else {
        json!(rows)
    };
    Ok(Answer::api(
        200,
        &json!({"total": total.to_string(), "submissions": rows}),
    ))
}

/// Properties of a contact shown in a submission, whether published or not.
const CONTACT_PROPERTIES: [&str; 15] = [
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

fn submission_json(state: &State, row: &Submission) -> Value {
    let ip = state
        .web
        .ip_addresses
        .get(row.ip)
        .map(|ip| ip.address.clone());
    let form = state.web.forms.get(row.form);
    let form = form.map(
        |form| json!({"id": form.id, "name": form.name, "alias": form.alias, "category": null}),
    );
    let page = row.page.and_then(|page| state.web.pages.get(page));
    let page = page.map(
        |page| json!({"id": page.id, "title": page.title, "alias": page.alias, "category": null}),
    );
    let contact = row
        .contact
        .and_then(|contact| state.contacts.get(contact))
        .map(|contact| {
            let mut json = Map::new();
            put(&mut json, "id", json!(contact.id));
            put(&mut json, "points", json!(contact.points));
            put(&mut json, "color", Value::Null);
            for alias in CONTACT_PROPERTIES {
                put(&mut json, alias, contact.column_value(alias));
            }
            json
        });
    json!({
        "id": row.id, "ipAddress": {"ipAddress": ip}, "form": form, "lead": contact, "trackingId": row.tracking_id,
        "dateSubmitted": iso(row.date_submitted), "referer": row.referer, "page": page, "results": row.results,
    })
}
