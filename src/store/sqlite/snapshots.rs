//! What scores follow from: one question per table, for any number of contacts.

use super::{
    adjustments,
    codec::{from_json, id_list, time},
    journal, targets,
};
use crate::domain::{ContactId, Fired, RuleKey, Scope, SegmentId};
use crate::store::{Result, Snapshot};
use rusqlite::Connection;
use std::collections::HashMap;

type Found = HashMap<ContactId, Snapshot>;

/// Snapshots in the order asked; those of unknown contacts are left out.
pub(super) fn read(db: &Connection, contacts: &[ContactId]) -> Result<Vec<Snapshot>> {
    let ids = id_list(contacts.iter().map(|contact| contact.0));
    let mut found = known(db, &ids)?;
    did(db, &ids, &mut found)?;
    journal::read_merges(db, &ids, |contact, merges| {
        if let Some(snapshot) = found.get_mut(&contact) {
            snapshot.merges = merges;
        }
    })?;
    journal::read_ledger(db, &ids, |row| {
        if let Some(snapshot) = found.get_mut(&row.row.contact) {
            snapshot.ledger.push(row);
        }
    })?;
    for (contact, segment) in targets::segments(db, &ids)? {
        if let Some(snapshot) = found.get_mut(&ContactId(contact)) {
            snapshot.segments.insert(SegmentId(segment));
        }
    }
    adjusted(db, &ids, &mut found)?;
    fired(db, &ids, &mut found)?;
    Ok(contacts
        .iter()
        .filter_map(|contact| found.remove(contact))
        .collect())
}

fn known(db: &Connection, ids: &str) -> Result<Found> {
    let mut statement = db.prepare_cached(
        "SELECT id, profile FROM contact WHERE id IN (SELECT value FROM json_each(?1))",
    )?;
    let mut rows = statement.query([ids])?;
    let mut found = Found::new();
    while let Some(row) = rows.next()? {
        let contact = ContactId(row.get(0)?);
        let profile: Option<String> = row.get(1)?;
        let snapshot = Snapshot {
            profile: profile.as_deref().map(from_json).transpose()?,
            ..Snapshot::of(contact)
        };
        found.insert(contact, snapshot);
    }
    Ok(found)
}

fn did(db: &Connection, ids: &str, found: &mut Found) -> Result<()> {
    journal::read_activities(db, ids, |activity, done_by| {
        if let Some(snapshot) = found.get_mut(&activity.contact) {
            if let Some(done_by) = done_by {
                snapshot.done_by.insert(activity.key.clone(), done_by);
            }
            snapshot.activities.push(activity);
        }
    })
}

fn adjusted(db: &Connection, ids: &str, found: &mut Found) -> Result<()> {
    for adjustment in adjustments::concerning(db, ids)? {
        match adjustment.scope {
            Scope::Contact(contact) => {
                if let Some(snapshot) = found.get_mut(&contact) {
                    snapshot.adjustments.push(adjustment);
                }
            }
            Scope::Segment(_) => {
                for snapshot in found.values_mut() {
                    snapshot.adjustments.push(adjustment.clone());
                }
            }
        }
    }
    Ok(())
}

fn fired(db: &Connection, ids: &str, found: &mut Found) -> Result<()> {
    let mut statement = db.prepare_cached(
        "SELECT contact, rule, crossed_at, rearmed_at FROM fired
         WHERE contact IN (SELECT value FROM json_each(?1))",
    )?;
    let mut rows = statement.query([ids])?;
    while let Some(row) = rows.next()? {
        if let Some(snapshot) = found.get_mut(&ContactId(row.get(0)?)) {
            let fired = Fired {
                crossed_at: time(row.get(2)?)?,
                rearmed_at: row.get::<_, Option<i64>>(3)?.map(time).transpose()?,
            };
            snapshot.fired.insert(RuleKey(row.get(1)?), fired);
        }
    }
    Ok(())
}
