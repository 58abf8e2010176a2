//! What reports can read: `group.score`, `leads` and `lead.pointlog`, with their columns as the real ones name them.

use serde_json::Value;

use super::list::Cell;
use crate::php::cast;
use crate::state::{Contact, Id, State};

/// A joined row: column and value.
pub(super) type Row = Vec<(String, Cell)>;

/// Columns of `leads` and `lead.pointlog` beside the contact fields: what they are sorted by, alias, column. The
/// labels of some are not known; their place among the others is.
const MORE: &[(&str, &str, &str)] = &[
    ("company 01", "companyaddress1", "comp.companyaddress1"),
    ("company 02", "companyaddress2", "comp.companyaddress2"),
    (
        "company 03",
        "companyannual_revenue",
        "comp.companyannual_revenue",
    ),
    ("company 04", "companycity", "comp.companycity"),
    ("company 05", "companyemail", "comp.companyemail"),
    ("company 06", "companyname", "comp.companyname"),
    ("company 07", "companycountry", "comp.companycountry"),
    (
        "company 08",
        "companydescription",
        "comp.companydescription",
    ),
    ("company 09", "companyfax", "comp.companyfax"),
    ("company 10", "comp_id", "comp.id"),
    ("company 11", "companyindustry", "comp.companyindustry"),
    (
        "company 12",
        "companynumber_of_employees",
        "comp.companynumber_of_employees",
    ),
    ("company 13", "companyphone", "comp.companyphone"),
    ("company 14", "companystate", "comp.companystate"),
    ("company 15", "companywebsite", "comp.companywebsite"),
    ("company 16", "companyzipcode", "comp.companyzipcode"),
    ("contact id", "id", "l.id"),
    ("date added", "date_added", "l.date_added"),
    (
        "date last active 1",
        "date_added1",
        "companies_lead.date_added",
    ),
    ("date last active 2", "date_identified", "l.date_identified"),
    ("im", "ip_address", "i.ip_address"),
    ("is primary", "is_primary", "companies_lead.is_primary"),
    ("owner 1", "owner_id", "l.owner_id"),
    ("owner 2", "first_name", "u.first_name"),
    ("owner 3", "last_name", "u.last_name"),
];
const POINT_LOG: &[(&str, &str, &str)] = &[
    ("group 1", "group_id", "pl.id"),
    ("group 2", "group_name", "pl.name"),
    ("point 1", "id1", "lp.id"),
    ("point 2", "delta", "lp.delta"),
    ("point 3", "date_added2", "lp.date_added"),
    ("point 4", "action_name", "lp.action_name"),
    ("point 5", "event_name", "lp.event_name"),
    ("point 6", "type", "lp.type"),
];
const STAGES: &[(&str, &str, &str)] = &[
    ("stage 1", "stage_date_added", "ss.date_added"),
    ("stage 2", "stage_id", "l.stage_id"),
    ("stage 3", "stage_name", "ss.name"),
];

/// Alias and column of everything a source can show, in the order of the answer's `dataColumns`.
pub(super) fn columns(state: &State, source: &str) -> Vec<(String, String)> {
    let mut columns: Vec<(String, String, String)> = state
        .contact_fields
        .values()
        .filter(|field| field.stamp.is_published)
        .map(|field| {
            (
                field.label.clone(),
                field.alias.clone(),
                format!("l.{}", field.alias),
            )
        })
        .collect();
    let owned = |(label, alias, column): &(&str, &str, &str)| {
        (
            (*label).to_owned(),
            (*alias).to_owned(),
            (*column).to_owned(),
        )
    };
    if source == "group.score" {
        columns.push(("ID".to_owned(), "contactId".to_owned(), "l.id".to_owned()));
        columns.sort();
        let group = [
            ("", "group_id", "pl.id"),
            ("", "group_name", "pl.name"),
            ("", "group_score", "ls.score"),
        ];
        columns.extend(group.iter().map(owned));
    } else {
        let own = if source == "lead.pointlog" {
            POINT_LOG
        } else {
            STAGES
        };
        columns.extend(MORE.iter().chain(own).map(owned));
        columns.sort_by_key(|(label, _, _)| label.to_lowercase());
    }
    columns
        .into_iter()
        .map(|(_, alias, column)| (alias, column))
        .collect()
}

/// The rows of a source; none for one that is not known here.
pub(super) fn rows(state: &State, source: &str) -> Vec<Row> {
    match source {
        "group.score" => state
            .group_scores
            .iter()
            .filter_map(|(contact, group, score)| {
                let (contact, group) =
                    (state.contacts.get(contact)?, state.point_groups.get(group)?);
                let mut row = contact_row(state, contact);
                row.push(("pl.id".to_owned(), group.id.into()));
                row.push(("pl.name".to_owned(), group.name.as_str().into()));
                row.push(("ls.score".to_owned(), score.into()));
                Some(row)
            })
            .collect(),
        "leads" => state
            .contacts
            .values()
            .map(|contact| contact_row(state, contact))
            .collect(),
        "lead.pointlog" => state
            .points_log
            .iter()
            .filter_map(|(id, _)| log_row(state, id))
            .collect(),
        _ => Vec::new(),
    }
}

fn log_row(state: &State, id: Id) -> Option<Row> {
    let line = state.points_log.get(id)?;
    let mut row = contact_row(state, state.contacts.get(line.contact)?);
    let group = line.group.and_then(|group| state.point_groups.get(group));
    let mut add = |column: &str, cell: Cell| row.push((column.to_owned(), cell));
    add("pl.id", line.group.into());
    add("pl.name", group.map(|group| group.name.clone()).into());
    add("lp.id", id.into());
    add("lp.type", line.kind.as_str().into());
    add("lp.event_name", line.event_name.as_str().into());
    add("lp.action_name", line.action_name.as_str().into());
    add("lp.delta", line.delta.into());
    add("lp.date_added", line.date_added.into());
    Some(row)
}

fn contact_row(state: &State, contact: &Contact) -> Row {
    let text = |value: Value| {
        if value.is_null() {
            Cell::Null
        } else {
            Cell::Text(cast::text(&value))
        }
    };
    let fields = state.contact_fields.values();
    let mut row: Row = fields
        .map(|field| {
            (
                format!("l.{}", field.alias),
                text(contact.column_value(&field.alias)),
            )
        })
        .collect();
    let in_stage = contact.stage.and_then(|stage| state.stages.get(stage));
    let mut add = |column: &str, cell: Cell| row.push((column.to_owned(), cell));
    add("l.id", contact.id.into());
    add("l.date_added", contact.stamp.date_added.into());
    add("l.date_identified", contact.date_identified.into());
    add("l.owner_id", contact.owner.into());
    add("l.stage_id", contact.stage.into());
    add("ss.name", in_stage.map(|stage| stage.name.clone()).into());
    row
}
