//! `/api/points` (FACTS 46 to 50).

use serde_json::{Map, Value, json};

use super::Call;
use super::crud::{self, Resource};
use super::form::{Form, Missing};
use super::list::Cell;
use super::publishing::{self, contains, cut_after, put, put_window};
use crate::php::cast;
use crate::server::answer::{Answer, Exception, Handled};
use crate::state::{Id, PointAction, State, Table};

/// Types with their labels.
const TYPES: &[(&str, &str)] = &[
    ("asset.download", "Downloads an asset"),
    ("email.send", "Is sent an email"),
    ("email.open", "Opens an email"),
    ("form.submit", "Submits a form"),
    ("page.hit", "Visits a landing page"),
    ("url.hit", "Visits specific URL"),
];

/// The fields of the form of `url.hit`, in the order they are stored; a unit comes before its time.
const URL_HIT: &[&str] = &[
    "page_url",
    "page_hits",
    "accumulative_time_unit",
    "accumulative_time",
    "returns_within_unit",
    "returns_within",
    "returns_after_unit",
    "returns_after",
];

/// Point actions in the API.
pub(super) struct PointActions;

/// Routes under `/api/points` that are neither groups nor triggers.
pub(super) fn handle(state: &mut State, call: Call<'_>, path: &[&str]) -> Handled {
    match (call.method(), path) {
        ("GET", ["actions", "types"]) => {
            let types: Map<String, Value> = TYPES
                .iter()
                .map(|(kind, label)| ((*kind).to_owned(), json!(label)))
                .collect();
            Ok(Answer::api(
                200,
                &crud::object([("pointActionTypes", Value::Object(types))]),
            ))
        }
        _ => crud::handle::<PointActions>(state, call, path),
    }
}

impl Resource for PointActions {
    type Entity = PointAction;
    const ONE: &'static str = "point";
    const MANY: &'static str = "points";
    const ROUTE: &'static str = "points";
    const DEFAULT_ORDER: &'static [(&'static str, bool)] = &[];

    fn table(state: &State) -> &Table<PointAction> {
        &state.point_actions
    }

    fn blank(_: &State) -> PointAction {
        PointAction {
            properties: json!([]),
            ..PointAction::default()
        }
    }

    fn id(action: &PointAction) -> Id {
        action.id
    }

    fn column(_: &State, action: &PointAction, column: &str) -> Option<Cell> {
        Some(match column {
            "id" => action.id.into(),
            "name" => action.name.as_str().into(),
            "description" => action.description.clone().into(),
            "type" => action.kind.as_str().into(),
            "delta" => action.delta.into(),
            "repeatable" => action.repeatable.into(),
            "group" => action.group.into(),
            "category" => Cell::Null,
            "publishUp" => action.publish_up.into(),
            "publishDown" => action.publish_down.into(),
            _ => return action.stamp.column(column),
        })
    }

    fn found_by(_: &State, action: &PointAction, search: &str) -> bool {
        match search {
            "is:unpublished" => !action.stamp.is_published,
            "is:published" => action.stamp.is_published,
            _ => {
                contains(&action.name, search)
                    || action
                        .description
                        .as_deref()
                        .is_some_and(|text| contains(text, search))
            }
        }
    }

    fn bind(state: &State, action: &mut PointAction, form: &mut Form<'_>) {
        form.required_text("name", &mut action.name, "A name is required.");
        form.text("description", &mut action.description);
        let known = action.kind.clone();
        bind_type(action, form);
        form.rounded("delta", &mut action.delta);
        // The form only has the fields of the type the action had before (FACTS 50).
        if !known.is_empty() {
            bind_properties(&known, action, form);
        }
        action.group = form.choice("group", action.group, |id| state.point_groups.contains(id));
        form.flag("repeatable", &mut action.repeatable);
        action.repeatable_missing =
            form.missing == Missing::Clear && form.input.get("repeatable").is_none();
        publishing::bind(
            form,
            &mut action.stamp,
            &mut action.publish_up,
            &mut action.publish_down,
        );
    }

    fn store(state: &mut State, mut action: PointAction) -> Result<PointAction, Exception> {
        if std::mem::take(&mut action.repeatable_missing) {
            return Err(Exception::new("Column 'repeatable' cannot be null"));
        }
        let is_new = action.id == 0;
        let changed = match state.point_actions.get(action.id) {
            None => true,
            Some(before) => is_changed(before, &action),
        };
        if is_new {
            action.stamp.created(state);
            action.id = state.point_actions.take_id();
        } else {
            action.stamp.edited(state, changed);
        }
        state.point_actions.put(action.id, action.clone());
        if changed {
            let kind = if is_new { "create" } else { "update" };
            state.audit(
                "point",
                "point",
                action.id,
                kind,
                json!({"name": action.name}),
            );
        }
        Ok(action)
    }

    fn delete(state: &mut State, action: &PointAction) -> Result<(), Exception> {
        state.point_actions.remove(action.id);
        state.web.forget_point_action(action.id);
        state.audit(
            "point",
            "point",
            action.id,
            "delete",
            json!({"name": action.name}),
        );
        Ok(())
    }

    fn json_minimal(state: &State, action: &PointAction) -> Value {
        cut_after(Self::json(state, action), "description")
    }

    fn json(_: &State, action: &PointAction) -> Value {
        let mut json = action.stamp.json();
        put(&mut json, "id", json!(action.id));
        put(&mut json, "name", json!(action.name));
        put(&mut json, "category", Value::Null);
        put(&mut json, "type", json!(action.kind));
        put(&mut json, "description", json!(action.description));
        put_window(&mut json, action.publish_up, action.publish_down);
        put(&mut json, "delta", json!(action.delta));
        put(&mut json, "properties", action.properties.clone());
        put(&mut json, "repeatable", json!(action.repeatable));
        Value::Object(json)
    }
}

/// Whether a setter that keeps track of changes was given another value; points and group do not.
fn is_changed(before: &PointAction, after: &PointAction) -> bool {
    before.name != after.name
        || before.description != after.description
        || before.kind != after.kind
        || before.properties != after.properties
        || before.repeatable != after.repeatable
        || before.publish_up != after.publish_up
        || before.publish_down != after.publish_down
        || before.stamp.is_published != after.stamp.is_published
}

fn bind_type(action: &mut PointAction, form: &mut Form<'_>) {
    if let Some(kind) = form.given("type") {
        action.kind = cast::text(kind);
    }
    if action.kind.is_empty() {
        form.error("type", "A point action must be selected.");
    } else if !TYPES.iter().any(|(kind, _)| *kind == action.kind) {
        form.error("type", "This value is not valid.");
    }
}

fn bind_properties(kind: &str, action: &mut PointAction, form: &mut Form<'_>) {
    let Some(given) = form.given("properties") else {
        return;
    };
    let given = given.as_object().cloned().unwrap_or_default();
    let mut stored = action.properties.as_object().cloned().unwrap_or_default();
    let allowed: &[&str] = match kind {
        "page.hit" => &["pages"],
        "form.submit" => &["forms"],
        "asset.download" => &["assets"],
        "email.open" | "email.send" => &["emails"],
        _ => URL_HIT,
    };
    if given.keys().any(|key| !allowed.contains(&key.as_str())) {
        form.error("properties", "This form should not contain extra fields.");
        return;
    }
    for key in allowed {
        let value = match (given.get(*key), form.missing) {
            (Some(value), _) => value,
            (None, Missing::Clear) => &Value::Null,
            (None, Missing::Keep) => continue,
        };
        let value = if kind == "url.hit" {
            url_hit_option(key, value, &given)
        } else {
            ids(value)
        };
        stored.insert((*key).to_owned(), value);
    }
    action.properties = in_form_order(stored, allowed);
}

fn in_form_order(mut stored: Map<String, Value>, order: &[&str]) -> Value {
    let sorted = order.iter().filter_map(|key| {
        stored
            .shift_remove(*key)
            .map(|value| ((*key).to_owned(), value))
    });
    let sorted: Map<String, Value> = sorted.collect();
    if sorted.is_empty() {
        json!([])
    } else {
        Value::Object(sorted)
    }
}

fn ids(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(|item| json!(cast::int(item))).collect(),
        Value::Object(items) => items.values().map(|item| json!(cast::int(item))).collect(),
        _ => json!([]),
    }
}

/// Times are stored in seconds; units other than i, H, d and m mean seconds (SEMANTICS 3).
fn url_hit_option(key: &str, value: &Value, given: &Map<String, Value>) -> Value {
    match key {
        "page_url" => super::form::clean_text(value).map_or(Value::Null, Value::String),
        "page_hits" if value.is_null() || *value == "" => Value::Null,
        "page_hits" => json!(cast::int(value)),
        _ if key.ends_with("_unit") => {
            if value.is_null() {
                Value::Null
            } else {
                json!(cast::text(value))
            }
        }
        _ => {
            let unit = given
                .get(&format!("{key}_unit"))
                .map_or_else(|| "H".to_owned(), cast::text);
            let factor = match unit.as_str() {
                "i" => 60,
                "H" => 3600,
                "d" => 86_400,
                "m" => 2_592_000,
                _ => 1,
            };
            json!(cast::int(value) * factor)
        }
    }
}
