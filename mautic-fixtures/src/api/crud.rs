//! What all of Mautic's API controllers share: list, get, new, edit, delete, one by one or in batches.

use serde_json::{Map, Value, json};

use super::Call;
use super::clauses;
use super::errors::{not_found, returned};
use super::form::{Form, Invalid, Missing};
use super::list::{Cell, Page, php_array};
use crate::php::cast;
use crate::server::answer::{Answer, Exception, Failure, Handled};
use crate::state::{Id, State, Table};

/// Most items one batch may have (FACTS 112).
const BATCH_LIMIT: usize = 200;

/// How saving one kind of thing shows in the audit log.
#[derive(Clone, Copy, Debug)]
pub struct Audit {
    /// `page`, `lead`, …
    pub bundle: &'static str,
    /// `page`, `field`, …
    pub object: &'static str,
    /// `create`, or `update` for forms, which are saved twice when they are made.
    pub created: &'static str,
}

/// One kind of thing the API keeps.
pub trait Resource {
    /// Its row.
    type Entity: Clone;
    /// Key of one thing in answers: `pointGroup`.
    const ONE: &'static str;
    /// Key of many: `pointGroups`.
    const MANY: &'static str;
    /// Path under `/api/`: `points/groups`.
    const ROUTE: &'static str;
    /// Whether a list is an object keyed by id (contacts, hooks) or a plain list.
    const KEYED_LIST: bool = false;
    /// Bundle and object of its rows in the audit log, unless storing writes them.
    const AUDIT: Option<Audit> = None;
    /// Order of lists when none is asked for: columns, and whether descending.
    const DEFAULT_ORDER: &'static [(&'static str, bool)];

    /// Its table.
    fn table(state: &State) -> &Table<Self::Entity>;
    /// A fresh thing with its defaults.
    fn blank(state: &State) -> Self::Entity;
    /// Its id, 0 while not stored.
    fn id(entity: &Self::Entity) -> Id;
    /// A column by the property's name; `None` if there is no such column.
    fn column(state: &State, entity: &Self::Entity, column: &str) -> Option<Cell>;
    /// Whether the search text finds it.
    fn found_by(state: &State, entity: &Self::Entity, search: &str) -> bool;
    /// Writes input into it; errors go to the form.
    fn bind(state: &State, entity: &mut Self::Entity, form: &mut Form<'_>);
    /// Stores it, new (id 0) or changed, with all that follows; gives it back as stored.
    ///
    /// # Errors
    /// When something throws on the way.
    fn store(state: &mut State, entity: Self::Entity) -> Result<Self::Entity, Exception>;
    /// Deletes it, with all that follows.
    ///
    /// # Errors
    /// When something throws on the way.
    fn delete(state: &mut State, entity: &Self::Entity) -> Result<(), Exception>;
    /// Its JSON.
    fn json(state: &State, entity: &Self::Entity) -> Value;
    /// Its JSON in lists asked for with `minimal=1`.
    fn json_minimal(state: &State, entity: &Self::Entity) -> Value {
        Self::json(state, entity)
    }
    /// Its JSON after deletion: Doctrine empties the id before the answer is made (FACTS 49).
    fn json_deleted(state: &State, entity: &Self::Entity) -> Value {
        let mut json = Self::json(state, entity);
        if let Some(id) = json.get_mut("id") {
            *id = Value::Null;
        }
        json
    }
}

/// Routes under the resource's path.
///
/// # Errors
/// [`Failure::NoRoute`] for anything that is not one of the common actions.
pub fn handle<R: Resource>(state: &mut State, call: Call<'_>, path: &[&str]) -> Handled {
    match (call.method(), path) {
        ("GET", []) => list::<R>(state, call),
        ("POST", ["new"]) => new::<R>(state, call),
        ("POST", ["batch", "new"]) => batch_new::<R>(state, call),
        ("PUT" | "PATCH", ["batch", "edit"]) => batch_edit::<R>(state, call),
        ("DELETE", ["batch", "delete"]) => batch_delete::<R>(state, call),
        ("GET", [id]) => get::<R>(state, parse_id(id)?),
        ("PUT" | "PATCH", [id, "edit"]) => edit::<R>(state, call, parse_id(id)?),
        ("DELETE", [id, "delete"]) => delete::<R>(state, parse_id(id)?),
        _ => Err(Failure::NoRoute),
    }
}

/// An id in a path: digits only, else there is no route.
///
/// # Errors
/// [`Failure::NoRoute`].
pub fn parse_id(text: &str) -> Result<Id, Failure> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // A number beyond 64 bits is no id of anything.
    is_number
        .then(|| text.parse().unwrap_or(Id::MAX))
        .ok_or(Failure::NoRoute)
}

fn find<R: Resource>(state: &State, id: Id) -> Option<R::Entity> {
    R::table(state).get(id).cloned()
}

fn list<R: Resource>(state: &State, call: Call<'_>) -> Handled {
    let page = Page::of(call);
    let conditions = clauses::read(&json!({"where": call.request.query.get("where")}));
    let blank = R::blank(state);
    let known = |column: &str| R::column(state, &blank, column);
    let all_known = clauses::hold(&conditions, &known).is_ok()
        && page.order.iter().all(|(column, _)| known(column).is_some());
    if !all_known {
        return Err(Exception::new("the entity has no such field").into());
    }
    let mut rows: Vec<&R::Entity> = R::table(state)
        .values()
        .filter(|row| {
            clauses::hold(&conditions, &|column| R::column(state, row, column)).unwrap_or(false)
        })
        .filter(|row| {
            !page.published_only || R::column(state, row, "isPublished") == Some(Cell::Int(1))
        })
        .filter(|row| page.search.is_empty() || R::found_by(state, row, &page.search))
        .collect();
    page.sort(&mut rows, R::DEFAULT_ORDER, |row, column| {
        R::column(state, row, column)
    })?;
    let total = rows.len();
    let rows = page.cut(rows);
    let minimal = call.request.query.get("minimal").is_some_and(cast::truthy);
    let json = if minimal { R::json_minimal } else { R::json };
    let things = if R::KEYED_LIST && !rows.is_empty() {
        Value::Object(
            rows.iter()
                .map(|row| (R::id(row).to_string(), json(state, row)))
                .collect(),
        )
    } else {
        Value::Array(rows.iter().map(|row| json(state, row)).collect())
    };
    Ok(Answer::api(
        200,
        &object([("total", json!(total)), (R::MANY, things)]),
    ))
}

fn get<R: Resource>(state: &State, id: Id) -> Handled {
    let entity = find::<R>(state, id).ok_or_else(not_found)?;
    Ok(Answer::api(
        200,
        &object([(R::ONE, R::json(state, &entity))]),
    ))
}

fn new<R: Resource>(state: &mut State, call: Call<'_>) -> Handled {
    let entity = R::blank(state);
    save_one::<R>(state, call, entity, Missing::Keep)
}

fn edit<R: Resource>(state: &mut State, call: Call<'_>, id: Id) -> Handled {
    let missing = missing_of(call);
    let entity = match find::<R>(state, id) {
        Some(entity) => entity,
        None if call.method() == "PATCH" => return Err(not_found()),
        // PUT makes what is not there, under an id of its own.
        None => return new::<R>(state, call),
    };
    save_one::<R>(state, call, entity, missing)
}

fn missing_of(call: Call<'_>) -> Missing {
    if call.method() == "PATCH" {
        Missing::Keep
    } else {
        Missing::Clear
    }
}

fn save_one<R: Resource>(
    state: &mut State,
    call: Call<'_>,
    entity: R::Entity,
    missing: Missing,
) -> Handled {
    let is_new = R::id(&entity) == 0;
    match process::<R>(state, entity, call.input, missing)? {
        Err(invalid) => Err(returned(invalid.code, &invalid.message, &invalid.details).into()),
        Ok(stored) => {
            let body = object([(R::ONE, R::json(state, &stored))]);
            if is_new {
                let location = format!("/api/{}/{}", R::ROUTE, R::id(&stored));
                Ok(Answer::api(201, &body).with_header("location", &location))
            } else {
                Ok(Answer::api(200, &body))
            }
        }
    }
}

fn process<R: Resource>(
    state: &mut State,
    mut entity: R::Entity,
    input: &Value,
    missing: Missing,
) -> Result<Result<R::Entity, Invalid>, Exception> {
    let mut input = input.as_object().cloned().unwrap_or_default();
    input.shift_remove("id");
    let mut form = Form::new(&input, missing);
    R::bind(state, &mut entity, &mut form);
    if let Some(invalid) = form.failed() {
        return Ok(Err(invalid));
    }
    let before = find::<R>(state, R::id(&entity)).map(|before| R::json(state, &before));
    let stored = R::store(state, entity)?;
    audit_save::<R>(state, before, &stored);
    Ok(Ok(stored))
}

/// Notes a save that changed something.
fn audit_save<R: Resource>(state: &mut State, before: Option<Value>, stored: &R::Entity) {
    let Some(audit) = R::AUDIT else { return };
    let unmarked = |mut json: Value| {
        if let Value::Object(members) = &mut json {
            for mark in ["dateModified", "modifiedBy", "modifiedByUser"] {
                members.shift_remove(mark);
            }
        }
        json
    };
    let now = unmarked(R::json(state, stored));
    let action = match before.map(unmarked) {
        None => audit.created,
        Some(before) if before == now => return,
        Some(_) => "update",
    };
    let name = now.get("name").or_else(|| now.get("title")).cloned();
    let details = json!({"name": name});
    state.audit(audit.bundle, audit.object, R::id(stored), action, details);
}

fn delete<R: Resource>(state: &mut State, id: Id) -> Handled {
    let entity = find::<R>(state, id).ok_or_else(not_found)?;
    R::delete(state, &entity)?;
    if let Some(audit) = R::AUDIT {
        state.audit(audit.bundle, audit.object, id, "delete", json!({}));
    }
    Ok(Answer::api(
        200,
        &object([(R::ONE, R::json_deleted(state, &entity))]),
    ))
}

/// The items of a batch with their keys.
///
/// # Errors
/// More than 200 items (FACTS 112).
pub fn batch_items(input: &Value) -> Result<Vec<(String, &Value)>, Failure> {
    let items: Vec<(String, &Value)> = match input {
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(at, item)| (at.to_string(), item))
            .collect(),
        Value::Object(items) => items
            .iter()
            .map(|(key, item)| (key.clone(), item))
            .collect(),
        _ => Vec::new(),
    };
    if items.len() > BATCH_LIMIT {
        let message = format!("A max of {BATCH_LIMIT} entities are supported at a time.");
        return Err(returned(500, &message, &json!([])).into());
    }
    Ok(items)
}

/// What a batch has come to so far.
#[derive(Debug, Default)]
pub struct Batch {
    /// Things by the input's keys.
    pub entities: Vec<(String, Value)>,
    /// Status by key.
    pub codes: Vec<(String, Value)>,
    /// Errors by key.
    pub errors: Vec<(String, Value)>,
}

impl Batch {
    /// A thing was saved.
    pub fn saved(&mut self, key: &str, code: u16, entity: Value) {
        self.entities.push((key.to_owned(), entity));
        self.codes.push((key.to_owned(), json!(code)));
    }

    /// An item was refused by validation.
    pub fn refused(&mut self, key: &str, invalid: &Invalid) {
        let error = json!({
            "code": invalid.code, "message": invalid.message, "details": invalid.details, "type": null
        });
        self.codes.push((key.to_owned(), json!(invalid.code)));
        self.put_error(key, error);
    }

    /// An item names nothing.
    pub fn not_found(&mut self, key: &str) {
        self.codes.push((key.to_owned(), json!(404)));
        self.put_error(
            key,
            json!({"message": "Item was not found.", "code": 404, "type": "api"}),
        );
    }

    /// An item of an edit has no id. This is noticed before any item is looked at, so it comes first in the errors.
    pub fn id_missing(&mut self, key: &str) {
        let message = "mautic.api.call.id_missing";
        self.put_error(key, json!({"message": message, "code": 400, "type": "api"}));
    }

    /// The status of a saved item: an error noted before wins.
    #[must_use]
    pub fn code_of_saved(&self, key: &str, code: u16) -> u16 {
        let is_wrong = self.errors.iter().any(|(known, _)| known == key);
        if is_wrong { 400 } else { code }
    }

    fn put_error(&mut self, key: &str, error: Value) {
        match self.errors.iter_mut().find(|(known, _)| known == key) {
            Some((_, known)) => *known = error,
            None => self.errors.push((key.to_owned(), error)),
        }
    }

    /// The answer's body.
    #[must_use]
    pub fn body(self, many: &str) -> Value {
        let mut body = object([
            (many, php_array(self.entities)),
            ("statusCodes", php_array(self.codes)),
        ]);
        if let (false, Value::Object(members)) = (self.errors.is_empty(), &mut body) {
            members.insert("errors".to_owned(), php_array(self.errors));
        }
        body
    }
}

fn batch_new<R: Resource>(state: &mut State, call: Call<'_>) -> Handled {
    let mut batch = Batch::default();
    for (key, item) in batch_items(call.input)? {
        let blank = R::blank(state);
        match process::<R>(state, blank, item, Missing::Keep)? {
            Ok(stored) => batch.saved(&key, 201, R::json(state, &stored)),
            Err(invalid) => batch.refused(&key, &invalid),
        }
    }
    Ok(Answer::api(201, &batch.body(R::MANY)))
}

fn batch_edit<R: Resource>(state: &mut State, call: Call<'_>) -> Handled {
    let mut batch = Batch::default();
    let items = batch_items(call.input)?;
    for (key, _) in items.iter().filter(|(_, item)| item.get("id").is_none()) {
        batch.id_missing(key);
    }
    for (key, item) in items {
        let id = item.get("id").map_or(0, cast::int);
        let found = find::<R>(state, Id::try_from(id).unwrap_or(0));
        let (entity, missing, code) = match found {
            Some(entity) => (entity, missing_of(call), 200),
            None if call.method() == "PATCH" => {
                batch.not_found(&key);
                continue;
            }
            None => (R::blank(state), Missing::Keep, 201),
        };
        match process::<R>(state, entity.clone(), item, missing)? {
            Ok(stored) => {
                let code = batch.code_of_saved(&key, code);
                batch.saved(&key, code, R::json(state, &stored));
            }
            Err(invalid) => {
                batch.refused(&key, &invalid);
                if code == 200 {
                    batch.entities.push((key.clone(), R::json(state, &entity)));
                }
            }
        }
    }
    Ok(Answer::api(200, &batch.body(R::MANY)))
}

/// Ids that are not there are left out silently; answers show the things as they were before.
fn batch_delete<R: Resource>(state: &mut State, call: Call<'_>) -> Handled {
    let mut shown = Vec::new();
    for (_, id) in batch_ids(&call.request.query) {
        if let Some(entity) = find::<R>(state, id) {
            shown.push(R::json(state, &entity));
            R::delete(state, &entity)?;
        }
    }
    Ok(Answer::api(200, &object([(R::MANY, Value::Array(shown))])))
}

/// The ids of a batch deletion: `ids=1,2` or `ids[]=1&ids[]=2`.
#[must_use]
pub fn batch_ids(query: &Value) -> Vec<(String, Id)> {
    let ids: Vec<i64> = match query.get("ids") {
        Some(Value::String(text)) => text.split(',').map(cast::intval).collect(),
        Some(Value::Array(items)) => items.iter().map(cast::int).collect(),
        Some(Value::Object(items)) => items.values().map(cast::int).collect(),
        _ => Vec::new(),
    };
    ids.into_iter()
        .enumerate()
        .map(|(at, id)| (at.to_string(), Id::try_from(id).unwrap_or(0)))
        .collect()
}

/// An object with these members in this order.
#[must_use]
pub fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    Value::Object(
        members
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect::<Map<_, _>>(),
    )
}
