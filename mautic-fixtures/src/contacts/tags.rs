//! Tags of contacts (`LeadModel::modifyTags`).

use serde_json::{Value, json};

use crate::php::cast;
use crate::server::answer::Exception;
use crate::state::{Contact, Id, State, Table, Tag};

/// Longest tag the column takes.
const LONGEST: usize = 191;

/// Adds the named tags and removes those named with a leading `-` or in `remove`; unknown ones are made. Whether
/// anything changed. Nothing is saved here but new tags.
///
/// # Errors
/// When a tag is too long for its column.
pub fn modify_tags(
    state: &mut State,
    contact: Id,
    add: &Value,
    remove: &Value,
) -> Result<bool, Exception> {
    let State { contacts, tags, .. } = state;
    contacts.get_mut(contact).map_or(Ok(false), |contact| {
        modify_tags_of(tags, contact, add, remove)
    })
}

/// [`modify_tags`] of an entity that may not be stored yet.
///
/// # Errors
/// When a tag is too long for its column.
pub fn modify_tags_of(
    tags: &mut Table<Tag>,
    contact: &mut Contact,
    add: &Value,
    remove: &Value,
) -> Result<bool, Exception> {
    let (mut adding, mut removing) = (Vec::new(), names(remove));
    for name in names(add) {
        match name.strip_prefix('-') {
            Some(name) => removing.push(name.to_owned()),
            None => adding.push(name),
        }
    }
    let mut changed = false;
    for name in &adding {
        let tag = find_or_make(tags, name)?;
        changed |= attach(contact, tag, name);
    }
    for name in &removing {
        changed |= detach(tags, contact, name);
    }
    Ok(changed)
}

fn names(value: &Value) -> Vec<String> {
    let texts: Vec<String> = match value {
        Value::String(text) => text.split(',').map(str::to_owned).collect(),
        Value::Array(items) => items.iter().map(cast::text).collect(),
        Value::Object(items) => items.values().map(cast::text).collect(),
        _ => Vec::new(),
    };
    let clean = |text: String| crate::php::html::strip_tags(&text).trim().to_owned();
    texts
        .into_iter()
        .map(clean)
        .filter(|text| !text.is_empty())
        .collect()
}

fn find_or_make(tags: &mut Table<Tag>, name: &str) -> Result<Id, Exception> {
    let known = tags
        .values()
        .find(|tag| tag.tag.to_lowercase() == name.to_lowercase());
    if let Some(tag) = known {
        return Ok(tag.id);
    }
    if name.chars().count() > LONGEST {
        return Err(Exception::new(
            "SQLSTATE[22001]: String data, right truncated: 1406 Data too long for column 'tag'",
        ));
    }
    Ok(tags.insert_with(|id| Tag {
        id,
        tag: name.to_owned(),
        description: None,
    }))
}

fn attach(contact: &mut Contact, tag: Id, name: &str) -> bool {
    if contact.tags.contains(&tag) {
        return false;
    }
    contact.tags.push(tag);
    note(contact, "added", name);
    true
}

fn detach(tags: &Table<Tag>, contact: &mut Contact, name: &str) -> bool {
    let Some(tag) = tags
        .values()
        .find(|tag| tag.tag.to_lowercase() == name.to_lowercase())
        .map(|tag| tag.id)
    else {
        return false;
    };
    if !contact.tags.contains(&tag) {
        return false;
    }
    contact.tags.retain(|known| *known != tag);
    note(contact, "removed", name);
    true
}

fn note(contact: &mut Contact, kind: &str, name: &str) {
    let changes = contact
        .memory
        .changes
        .entry("tags")
        .or_insert_with(|| json!({}));
    let list = changes
        .as_object_mut()
        .map(|changes| changes.entry(kind).or_insert_with(|| json!([])));
    if let Some(Value::Array(list)) = list {
        list.push(json!(name));
    }
}
