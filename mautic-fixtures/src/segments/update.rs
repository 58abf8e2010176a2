//! `mautic:segments:update`.

use super::membership::{self, Origin};
use crate::server::answer::Exception;
use crate::state::{Id, State};

/// Contacts per batch of the command.
const BATCH: usize = 300;

/// Brings the published segments in line with their filters, in the order of their names; its exit code.
pub fn update(state: &mut State, only: Option<Id>) -> i32 {
    if only.is_some_and(|id| !state.segments.table.contains(id)) {
        return 1;
    }
    let mut segments: Vec<(String, Id)> = state
        .segments
        .table
        .iter()
        .filter(|(id, segment)| segment.stamp.is_published && only.is_none_or(|only| only == *id))
        .map(|(id, segment)| (segment.name.to_lowercase(), id))
        .collect();
    segments.sort();
    for (_, segment) in segments {
        if rebuild(state, segment).is_err() {
            return 1;
        }
        touch(state, segment);
    }
    0
}

fn rebuild(state: &mut State, segment: Id) -> Result<(), Exception> {
    let Some(filters) = state
        .segments
        .table
        .get(segment)
        .map(|segment| segment.filters.clone())
    else {
        return Ok(());
    };
    let matching: Vec<Id> = if filters.is_empty() {
        state.contacts.iter().map(|(id, _)| id).collect()
    } else {
        state
            .contacts
            .iter()
            .map(|(id, _)| id)
            .filter(|id| super::filter::matches(state, *id, &filters))
            .collect()
    };
    if !filters.is_empty() {
        let has_row = |id: &Id| state.segments.members.contains_key(&(segment, *id));
        let new: Vec<Id> = matching.iter().copied().filter(|id| !has_row(id)).collect();
        change(state, segment, &new, true)?;
    }
    let orphans: Vec<Id> = state
        .segments
        .rows_of(segment)
        .filter(|(contact, row)| !row.manually_added && matching.binary_search(contact).is_err())
        .map(|(contact, _)| contact)
        .collect();
    change(state, segment, &orphans, false)
}

/// A batch's rows are written first, then its timeline lines, then its webhooks.
fn change(state: &mut State, segment: Id, contacts: &[Id], added: bool) -> Result<(), Exception> {
    for batch in contacts.chunks(BATCH) {
        for contact in batch {
            if added {
                membership::put(state, *contact, segment, Origin::Filter);
            } else {
                membership::take(state, *contact, segment, Origin::Filter);
            }
        }
        for contact in batch {
            membership::log(state, *contact, segment, added);
        }
        for contact in batch {
            membership::emit(state, *contact, segment, added)?;
        }
    }
    Ok(())
}

/// The update saves the segment, which names the (nameless) console as its last editor.
fn touch(state: &mut State, segment: Id) {
    let Some(mut stamp) = state
        .segments
        .table
        .get(segment)
        .map(|segment| segment.stamp.clone())
    else {
        return;
    };
    let modified = stamp.date_modified;
    stamp.modified(state);
    stamp.date_modified = modified;
    if let Some(segment) = state.segments.table.get_mut(segment) {
        segment.stamp = stamp;
    }
}
