//! What hangs on a contact: devices, companies, notes, do-not-contact.

use serde_json::{Map, Value, json};

use crate::api::Call;
use crate::api::crud::object;
use crate::api::errors::{not_found, returned};
use crate::contacts;
use crate::contacts::json::{View, view};
use crate::php::{cast, html};
use crate::server::answer::{Answer, Failure, Handled};
use crate::state::{Id, State};

pub(super) fn handle(state: &mut State, call: Call<'_>, id: Id, path: &[&str]) -> Handled {
    match (call.method(), path) {
        ("GET", ["devices"]) => {
            let id = contacts::load(state, id).ok_or_else(not_found)?;
            Ok(counted("devices", devices(state, id)))
        }
        ("GET", [kind @ ("companies" | "notes")]) => {
            contacts::load(state, id).ok_or_else(not_found)?;
            Ok(counted(kind, Vec::new()))
        }
        ("POST", ["dnc", channel, "add"]) => add_do_not_contact(state, call, id, channel),
        ("POST", ["dnc", channel, "remove"]) => remove_do_not_contact(state, id, channel),
        _ => Err(Failure::NoRoute),
    }
}

fn counted(kind: &str, things: Vec<Value>) -> Answer {
    Answer::api(
        200,
        &object([("total", json!(things.len())), (kind, Value::Array(things))]),
    )
}

fn devices(state: &State, contact: Id) -> Vec<Value> {
    let mut of_contact: Vec<_> = state
        .web
        .devices
        .values()
        .filter(|device| device.contact == contact)
        .collect();
    of_contact.sort_by_key(|device| std::cmp::Reverse(device.date_added));
    let shown = |device: &&crate::state::web::Device| {
        let detected = &device.detected;
        let mut json = Map::new();
        json.insert("id".to_owned(), json!(device.id));
        json.insert("lead".to_owned(), json!({}));
        json.insert(
            "clientInfo".to_owned(),
            detected.client_info.clone().unwrap_or(Value::Null),
        );
        json.insert("device".to_owned(), json!(detected.device));
        json.insert("deviceBrand".to_owned(), json!(detected.brand));
        json.insert("deviceModel".to_owned(), json!(detected.model));
        if let Some(os) = &detected.os {
            json.insert("deviceOsName".to_owned(), json!(os.name));
            json.insert("deviceOsShortName".to_owned(), json!(os.short_name));
            json.insert("deviceOsVersion".to_owned(), json!(os.version));
            json.insert("deviceOsPlatform".to_owned(), json!(os.platform));
        }
        Value::Object(json)
    };
    of_contact.iter().map(shown).collect()
}

fn add_do_not_contact(state: &mut State, call: Call<'_>, id: Id, channel: &str) -> Handled {
    let id = contacts::load(state, id).ok_or_else(not_found)?;
    let input = call.input;
    let reason = input.get("reason").map_or(3, cast::int);
    if reason == 0 {
        let details = json!(["Reason code needs to be an integer and higher than 0."]);
        return Err(returned(400, "Invalid reason code given", &details).into());
    }
    let comments = html::special_chars(&input.get("comments").map(cast::text).unwrap_or_default());
    let channel_id = input
        .get("channelId")
        .map(cast::int)
        .and_then(|id| Id::try_from(id).ok())
        .filter(|id| *id != 0);
    contacts::add_do_not_contact(state, id, channel, channel_id, reason, &comments)?;
    Ok(Answer::api(
        200,
        &object([("contact", view(state, id, View::Plain))]),
    ))
}

fn remove_do_not_contact(state: &mut State, id: Id, channel: &str) -> Handled {
    let id = contacts::load(state, id).ok_or_else(not_found)?;
    let found = contacts::remove_do_not_contact(state, id, channel)?;
    Ok(Answer::api(
        200,
        &object([
            ("recordFound", json!(found)),
            ("contact", view(state, id, View::Plain)),
        ]),
    ))
}
