//! `/api/users` and `/api/roles`: one user, one role.

use serde_json::{Map, Value, json};

use super::Call;
use super::crud::{object, parse_id};
use super::errors::not_found;
use crate::server::answer::{Answer, Failure, Handled};
use crate::state::{Actor, State};

/// Routes under `/api/users`.
pub(super) fn handle(state: &State, call: Call<'_>, path: &[&str]) -> Handled {
    match (call.method(), path) {
        ("GET", []) => Ok(Answer::api(
            200,
            &object([("total", json!(1)), ("users", json!([user(state)]))]),
        )),
        ("GET", ["self"]) => Ok(Answer::api(200, &myself(state))),
        ("GET", ["list", "roles"]) => Ok(Answer::api(
            200,
            &json!([{"id": 1, "name": "Administrator"}]),
        )),
        ("POST", [id, "permissioncheck"]) if parse_id(id)? == 1 => {
            Ok(Answer::api(200, &permissions(call.input)))
        }
        ("GET", [id]) if parse_id(id)? == 1 => {
            Ok(Answer::api(200, &object([("user", user(state))])))
        }
        ("GET", [id]) => {
            parse_id(id)?;
            Err(not_found())
        }
        _ => Err(Failure::NoRoute),
    }
}

/// Routes under `/api/roles`.
pub(super) fn roles(call: Call<'_>, path: &[&str]) -> Handled {
    match (call.method(), path) {
        ("GET", []) => Ok(Answer::api(
            200,
            &object([("total", json!(1)), ("roles", json!([whole_role()]))]),
        )),
        ("GET", [id]) if parse_id(id)? == 1 => {
            Ok(Answer::api(200, &object([("role", whole_role())])))
        }
        ("GET", [id]) => {
            parse_id(id)?;
            Err(not_found())
        }
        _ => Err(Failure::NoRoute),
    }
}

fn unmarked() -> Map<String, Value> {
    crate::state::Stamp::default().json()
}

fn whole_role() -> Value {
    let mut role = unmarked();
    if let Value::Object(members) = role_of_user() {
        role.extend(members.into_iter().skip(2));
    }
    Value::Object(role)
}

fn role_of_user() -> Value {
    json!({
        "createdByUser": null, "modifiedByUser": null, "id": 1, "name": "Administrator",
        "description": "Full system access", "isAdmin": true, "rawPermissions": null
    })
}

fn user(state: &State) -> Value {
    let mut user = unmarked();
    let more = json!({
        "id": 1, "username": state.options.user.name, "firstName": "Admin", "lastName": "Mautic",
        "email": "admin@example.test", "position": null, "role": role_of_user(), "timezone": "", "locale": "",
        "lastLogin": null, "lastActive": null, "signature": null
    });
    if let Value::Object(members) = more {
        user.extend(members);
    }
    Value::Object(user)
}

/// Who asks: a client has a name, but neither id nor address.
fn myself(state: &State) -> Value {
    let role = json!({
        "isPublished": true, "id": 1, "name": "Administrator", "description": "Full system access", "isAdmin": true
    });
    if let Actor::Client { name } = &state.actor {
        let (first, last) = name.split_once(' ').unwrap_or((name, ""));
        return json!({
            "isPublished": true, "username": name, "firstName": first, "lastName": last, "role": role,
            "timezone": "", "locale": ""
        });
    }
    json!({
        "isPublished": true, "id": 1, "username": state.options.user.name, "firstName": "Admin",
        "lastName": "Mautic", "email": "admin@example.test", "role": role, "timezone": "", "locale": ""
    })
}

fn permissions(input: &Value) -> Value {
    let asked = input
        .get("permissions")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let granted = asked
        .iter()
        .filter_map(Value::as_str)
        .map(|name| (name.to_owned(), json!(true)));
    Value::Object(granted.collect())
}
