//! What scores follow from.

use super::{
    adjustments,
    codec::{from_json, id_list, time},
    journal, targets,
};
use crate::domain::{Activity, ContactId, Fired, RuleKey, Scope, SegmentId};
use crate::store::{Histories, Result, Snapshot};
use rusqlite::Connection;
use std::collections::HashMap;

type Found = HashMap<ContactId, Snapshot>;

/// How an activity is added to those read before.
type Add<'a> = &'a (dyn Fn(&mut Vec<Activity>, Activity) + Send + Sync);

/// Snapshots in the order asked; those of unknown contacts are left out.
pub(super) fn read(db: &Connection, contacts: &[ContactId]) -> Result<Vec<Snapshot>> {
    Ok(read_some(db, contacts, usize::MAX, None)?.snapshots)
}

/// The same, of no further contact once so many activities and rows of the points log are read.
pub(super) fn read_some(
    db: &Connection,
    contacts: &[ContactId],
    rows: usize,
    keep: Option<Add<'_>>,
) -> Result<Histories> {
    let mut found = known(db, &ids_of(contacts))?;
    let (mut read, mut looked_at) = (0, 0);
    for contact in contacts {
        if looked_at > 0 && read >= rows {
            break;
        }
        looked_at += 1;
        if let Some(snapshot) = found.get_mut(contact) {
            let add = keep.unwrap_or(&|kept, activity| kept.push(activity));
            read += did(db, snapshot, add)? + logged(db, snapshot)?;
        }
    }
    let contacts = &contacts[..looked_at];
    rest(db, &ids_of(contacts), &mut found)?;
    let snapshots = contacts.iter().filter_map(|contact| found.remove(contact));
    Ok(Histories {
        snapshots: snapshots.collect(),
        looked_at,
    })
}

fn ids_of(contacts: &[ContactId]) -> String {
    id_list(contacts.iter().map(|contact| contact.0))
}

/// What is short.
fn rest(db: &Connection, ids: &str, found: &mut Found) -> Result<()> {
    journal::read_merges(db, ids, |contact, merges| {
        if let Some(snapshot) = found.get_mut(&contact) {
            snapshot.merges = merges;
        }
    })?;
    for (contact, segment) in targets::segments(db, ids)? {
        if let Some(snapshot) = found.get_mut(&ContactId(contact)) {
            snapshot.segments.insert(SegmentId(segment));
        }
    }
    adjusted(db, ids, found)?;
    fired(db, ids, found)
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

/// How many activities there were.
fn did(db: &Connection, snapshot: &mut Snapshot, add: Add<'_>) -> Result<usize> {
    let (activities, others) = (&mut snapshot.activities, &mut snapshot.done_by);
    let mut read = 0;
    journal::read_activities(db, snapshot.contact, |activity, done_by| {
        read += 1;
        let done_by = done_by.map(|contact| (activity.key.clone(), contact));
        add(activities, activity);
        let last = activities.last().map(|last| &last.key);
        others.extend(done_by.filter(|(key, _)| last == Some(key)));
    })?;
    Ok(read)
}

/// How many rows of the points log there were.
fn logged(db: &Connection, snapshot: &mut Snapshot) -> Result<usize> {
    journal::read_ledger(db, snapshot.contact, |row| snapshot.ledger.push(row))?;
    Ok(snapshot.ledger.len())
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
