//! Values read in Mautic beside those desired: what nobody is writing at the moment is taken over.

use super::{journal, leases, outbox, points_calls, targets, targets::TargetRow};
use crate::domain::{ContactId, Way};
use crate::store::{Reading, Result, Target};
use rusqlite::Connection;

/// A value beside the desired one, if one is, the contact is known by this id, and nothing newer
/// is known than what was asked for `at` this moment.
pub(super) fn compare(
    db: &Connection,
    contact: ContactId,
    target: Target,
    found: i32,
    at: i64,
) -> Result<Option<Reading>> {
    Ok(look(db, contact, target, found, at)?.map(|(reading, _)| reading))
}

/// As [`compare`]; what nobody is writing is taken over.
pub(super) fn take_over(
    db: &Connection,
    contact: ContactId,
    target: Target,
    found: i32,
    at: i64,
) -> Result<Option<Reading>> {
    let Some((reading, before)) = look(db, contact, target, found, at)? else {
        return Ok(None);
    };
    if !reading.busy {
        let mut after = before.clone();
        after.look(found, at, at);
        outbox::keep(db, contact, target, &before, after, at)?;
    }
    Ok(Some(reading))
}

fn look(
    db: &Connection,
    contact: ContactId,
    target: Target,
    found: i32,
    at: i64,
) -> Result<Option<(Reading, TargetRow)>> {
    if journal::resolve(db, contact)? != Some(contact) {
        return Ok(None);
    }
    let row = targets::load(db, contact, target)?;
    let Some(wanted) = row.desired.filter(|_| row.way != Way::AddToLogged) else {
        return Ok(None);
    };
    // Within one moment nobody can tell which was first.
    if row.observed_at.is_some_and(|seen| seen >= at) {
        return Ok(None);
    }
    let reading = Reading {
        contact,
        target,
        way: row.way,
        found,
        wanted,
        observed: row.observed,
        pending: row.pending(),
        busy: is_busy(db, contact, target, &row, at)?,
    };
    Ok(Some((reading, row)))
}

/// Whether somebody writes to the contact, or what was sent may have taken effect after we asked.
/// A lease that ran out counts, too: nobody knows what its holder did until it was looked at.
fn is_busy(
    db: &Connection,
    contact: ContactId,
    target: Target,
    row: &TargetRow,
    at: i64,
) -> Result<bool> {
    Ok(row.unsettled_until > at
        || leases::held_since(db, contact)?.is_some()
        || points_calls::any_open(db, contact, target)?)
}
