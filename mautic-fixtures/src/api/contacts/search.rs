//! Search texts of contact lists: commands and words (`LeadRepository::addSearchCommandWhereClause`).

use super::list::column_cell;
use crate::php::like::like;
use crate::state::{Contact, State, fields};

/// Columns a word without a command is looked for in.
const CATCH_ALL: &[&str] = &[
    "firstname",
    "lastname",
    "email",
    "company",
    "city",
    "state",
    "zipcode",
    "country",
];

/// Whether all parts of a search text hold for a contact.
pub(super) fn found_by(state: &State, contact: &Contact, search: &str) -> bool {
    parts(search).iter().all(|part| {
        let (negated, part) = part
            .strip_prefix('!')
            .map_or((false, part.as_str()), |rest| (true, rest));
        part_holds(state, contact, part) != negated
    })
}

/// Parts are separated by blanks; quotes keep blanks together.
fn parts(search: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quoted = false;
    for letter in search.trim().chars() {
        match letter {
            '"' => quoted = !quoted,
            ' ' if !quoted => parts.push(String::new()),
            other => {
                if let Some(part) = parts.last_mut() {
                    part.push(other);
                }
            }
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

fn part_holds(state: &State, contact: &Contact, part: &str) -> bool {
    let Some((command, value)) = part.split_once(':') else {
        return CATCH_ALL
            .iter()
            .any(|column| contains(contact.text(column), part));
    };
    match command {
        "is" => is(contact, value),
        "ids" => value
            .split(',')
            .any(|id| id.trim() == contact.id.to_string()),
        "tag" => contact
            .tags
            .iter()
            .filter_map(|tag| state.tags.get(*tag))
            .any(|tag| tag.tag.to_lowercase() == value.to_lowercase()),
        "segment" => in_segment(state, contact, value),
        "name" => ["firstname", "lastname"]
            .iter()
            .any(|column| begins(contact.text(column), value)),
        "owner" => {
            contact.owner.is_some() && ["Admin", "Mautic"].iter().any(|name| begins(name, value))
        }
        "stage" => contact
            .stage
            .and_then(|stage| state.stages.get(stage))
            .is_some_and(|stage| begins(&stage.name, value)),
        column if is_field(state, column) => {
            let cell = column_cell(state, contact, column);
            cell.and_then(|cell| cell.text())
                .is_some_and(|text| begins(&text, value))
        }
        // What is no command is looked for as it stands.
        _ => CATCH_ALL
            .iter()
            .any(|column| contains(contact.text(column), part)),
    }
}

fn is_field(state: &State, column: &str) -> bool {
    fields::in_order(&state.contact_fields)
        .iter()
        .any(|field| field.alias == column)
}

/// Commands compare with the beginning.
fn begins(text: &str, value: &str) -> bool {
    like(&format!("{value}%"), text)
}

fn is(contact: &Contact, value: &str) -> bool {
    match value {
        "anonymous" => contact.date_identified.is_none(),
        "unowned" => contact.owner.is_none(),
        "mine" => contact.owner == Some(1),
        _ => false,
    }
}

fn in_segment(state: &State, contact: &Contact, alias: &str) -> bool {
    let wanted = state
        .segments
        .table
        .values()
        .find(|segment| segment.alias == alias);
    wanted.is_some_and(|segment| state.segments.is_member(segment.id, contact.id))
}

fn contains(text: &str, part: &str) -> bool {
    text.to_lowercase().contains(&part.to_lowercase())
}
