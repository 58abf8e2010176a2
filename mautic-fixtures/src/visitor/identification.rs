//! Who a request is for, judged by its parameters (`LeadBundle/Helper/ContactRequestHelper.php`).

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value, json};

use super::session::{Tracked, Visit, add_address_to};
use crate::contacts;
use crate::php::serialize::unserialize;
use crate::php::{cast, like, query};
use crate::server::answer::Exception;
use crate::state::{Id, Manipulator, State};

/// Text of the exception for a `ct` that is no serialized array; the tracking controllers catch it.
pub(super) const INVALID_CLICK_THROUGH: &str = "the string is not a valid serialized click-through";

/// The array inside a `ct` parameter; an empty one for nothing (`ClickthroughHelper::decodeArrayFromUrl`).
///
/// # Errors
/// When it decodes to something that does not look like an array.
pub(super) fn decode_click_through(ct: &Value) -> Result<Value, Exception> {
    if !ct.is_string() {
        return Ok(ct.clone());
    }
    let decoded = decode_base64(&query::decode(&cast::text(ct)));
    match decoded.first() {
        None => Ok(json!([])),
        Some(b'a' | b'A') => Ok(unserialize(&decoded).unwrap_or(Value::Bool(false))),
        Some(_) => Err(Exception::new(INVALID_CLICK_THROUGH)),
    }
}

/// PHP's `base64_decode`: characters outside of the alphabet are skipped, missing padding is fine.
fn decode_base64(text: &str) -> Vec<u8> {
    let kept: String = text
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '/'))
        .collect();
    let lenient = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    GeneralPurpose::new(&STANDARD, lenient)
        .decode(kept)
        .unwrap_or_default()
}

/// Finds the contact of a request: by a click-through, by publicly updatable fields, by its cookies; makes an anonymous
/// one if all fail (`getContactFromQuery`).
///
/// # Errors
/// When `ct` is broken, or something that listens throws.
pub(super) fn contact_from_query(
    state: &mut State,
    visit: &mut Visit<'_>,
    query: &Map<String, Value>,
) -> Result<Tracked, Exception> {
    let click_through = match query.get("ct").or_else(|| visit.parameter("ct")) {
        Some(ct) if cast::truthy(ct) => decode_click_through(ct)?,
        _ => json!([]),
    };
    let is_array = click_through.is_array() || click_through.is_object();
    let public = if is_array {
        public_values(state, query)
    } else {
        Map::new()
    };
    let found = if is_array {
        by_click_through(state, &click_through).or_else(|| by_values(state, &public))
    } else {
        None
    };
    if let Some(found) = found {
        contacts::load(state, found);
        visit.track(state, found);
    }
    let tracked = match found {
        Some(found) => Tracked::Contact(found),
        None => visit.contact(state)?,
    };
    if let Some(contact) = tracked.id() {
        prepare(state, contact, query, &public)?;
    }
    Ok(tracked)
}

/// The recipient of the email that was clicked in.
fn by_click_through(state: &State, click_through: &Value) -> Option<Id> {
    let channel = click_through.get("channel")?.get("email")?;
    let stat = state
        .web
        .email_stats
        .by_hash(click_through.get("stat")?.as_str()?)?;
    let same_email = stat.email == Some(cast::int(channel).unsigned_abs());
    stat.contact.filter(|_| same_email)
}

/// The parameters that are fields visitors may set.
fn public_values(state: &State, query: &Map<String, Value>) -> Map<String, Value> {
    let is_public = |name: &String| {
        state.contact_fields.values().any(|field| {
            field.alias == *name && field.stamp.is_published && field.is_publicly_updatable
        })
    };
    query
        .iter()
        .filter(|(name, value)| is_public(name) && cast::truthy(value))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// The newest contact with the same unique values.
fn by_values(state: &State, public: &Map<String, Value>) -> Option<Id> {
    by_unique_fields(state, public, None).first().copied()
}

/// Contacts that share a unique value, newest first (`getLeadsByUniqueFields`).
pub(super) fn by_unique_fields(
    state: &State,
    values: &Map<String, Value>,
    except: Option<Id>,
) -> Vec<Id> {
    let unique: Vec<(&str, String)> = state
        .contact_fields
        .values()
        .filter(|field| field.is_unique && field.stamp.is_published)
        .filter_map(|field| {
            let value = values
                .get(&field.alias)
                .filter(|value| cast::truthy(value))?;
            Some((field.alias.as_str(), cast::text(value)))
        })
        .collect();
    if unique.is_empty() {
        return Vec::new();
    }
    let same = |contact: &&crate::state::Contact| {
        unique
            .iter()
            .any(|(alias, value)| like::same_text(contact.text(alias), value))
    };
    let mut found: Vec<_> = state
        .contacts
        .values()
        .filter(|contact| Some(contact.id) != except)
        .filter(same)
        .collect();
    found.sort_by_key(|contact| std::cmp::Reverse((contact.stamp.date_added, contact.id)));
    found.into_iter().map(|contact| contact.id).collect()
}

/// Address, public values, tags and the note who did it (`prepareContactFromRequest`).
fn prepare(
    state: &mut State,
    contact: Id,
    query: &Map<String, Value>,
    public: &Map<String, Value>,
) -> Result<(), Exception> {
    add_address_to(state, contact);
    if !public.is_empty() {
        write_values(state, contact, public);
    }
    if let Some(contact) = state.contacts.get_mut(contact) {
        contact.memory.manipulator = Some(Manipulator {
            bundle: "page",
            object: "hit",
            object_id: None,
            description: Some(String::new()),
        });
    }
    if let Some(tags) = query.get("tags") {
        contacts::modify_tags(state, contact, tags, &Value::Null)?;
        contacts::save(state, contact)?;
    }
    Ok(())
}

/// Writes values as a contact form does: what its validation refuses is left out (a unique value that exists already,
/// an address that is none).
pub(super) fn write_values(state: &mut State, contact: Id, values: &Map<String, Value>) {
    let kept: Map<String, Value> = values
        .iter()
        .filter(|(alias, value)| is_acceptable(state, alias, value))
        .map(|(alias, value)| (alias.clone(), value.clone()))
        .collect();
    let State {
        contacts,
        contact_fields,
        ..
    } = state;
    if let Some(contact) = contacts.get_mut(contact) {
        contacts::set_field_values(contact, contact_fields, &kept, false);
    }
}

fn is_acceptable(state: &State, alias: &str, value: &Value) -> bool {
    let Some(field) = state
        .contact_fields
        .values()
        .find(|field| field.alias == alias)
    else {
        return true;
    };
    let text = cast::text(value);
    let exists = field.is_unique
        && state
            .contacts
            .values()
            .any(|contact| like::same_text(contact.text(alias), &text));
    let is_address = field.kind != "email" || text.is_empty() || super::forms::is_email(&text);
    !exists && is_address
}
