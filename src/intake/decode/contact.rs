//! A contact's JSON as a profile.

use super::{Fault, json};
use crate::{
    domain::{ContactId, Profile},
    mautic::wire::{Contact, Details},
};
use jiff::Timestamp;
use serde_json::Value;

/// The profile of a contact as a full answer or webhook shows it.
///
/// # Errors
/// What is missing: minimal lists and the contacts inside hits are no profiles.
pub fn profile(contact: &Contact, as_of: Timestamp) -> Result<Profile, Fault> {
    let id = contact
        .id
        .ok_or_else(|| Fault::Missing("contact.id".to_owned()))?;
    let Some(details) = &contact.details else {
        return Err(Fault::Missing("contact.tags".to_owned()));
    };
    Ok(with_details(id, contact, details, as_of))
}

fn with_details(id: ContactId, contact: &Contact, details: &Details, as_of: Timestamp) -> Profile {
    let mut fields = contact.fields.clone();
    // Main points stand beside the fields, and newer (FACTS 71).
    fields.remove("points");
    // Mautic shows no other: companies are a call of their own for every contact.
    let companies = fields.get("company").cloned().into_iter().collect();
    Profile {
        contact: id,
        as_of,
        added_at: contact.added_at,
        identified_at: details.identified_at,
        points: contact.points,
        owner: details.owner,
        stage: details.stage,
        fields,
        tags: details.tags.clone(),
        utm: details.utm.clone(),
        companies,
        do_not_contact: details.do_not_contact.clone(),
    }
}

/// What a webhook's contact tells.
pub(super) enum Shown {
    /// The whole.
    Whole(Box<Profile>),
    /// All but the id of the stage or what the UTM tags are, which webhooks leave out.
    InPart(ContactId),
    /// A contact that is deleted by now.
    Nobody,
}

/// The contact of a `lead_*` webhook.
pub(super) fn shown(item: &Value, as_of: Timestamp) -> Result<Shown, Fault> {
    let value = json::at(item, "contact");
    if json::at(value, "id").is_null() && value.is_object() {
        return Ok(Shown::Nobody);
    }
    let id = ContactId(json::id(item, "contact.id")?);
    if hides_stage(value) || hides_utm(value) {
        return Ok(Shown::InPart(id));
    }
    let contact: Contact = serde_json::from_value(value.clone())
        .map_err(|error| Fault::wrong("contact", "a contact", &error.to_string()))?;
    Ok(Shown::Whole(Box::new(profile(&contact, as_of)?)))
}

fn hides_stage(contact: &Value) -> bool {
    let stage = json::at(contact, "stage").as_object();
    stage.is_some_and(|stage| !stage.is_empty() && !stage.contains_key("id"))
}

/// An empty entry for each: `"utmtags": [[]]`.
fn hides_utm(contact: &Value) -> bool {
    let tags = json::at(contact, "utmtags").as_array();
    let hidden = |tag: &Value| tag.get("utmSource").is_none();
    tags.is_some_and(|tags| tags.iter().any(hidden))
}
