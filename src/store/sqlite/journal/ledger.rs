//! Rows of Mautic's points log.

use super::{
    super::{
        codec::{micros, time},
        leases, points_calls,
        restored::{self, Notice},
        targets,
    },
    Applier,
};
use crate::domain::{ContactId, GroupId, LedgerRow, PointsLogRow};
use crate::store::{OUR_MARK, Result, Target};
use rusqlite::{Connection, Row, params};

impl Applier<'_> {
    pub(super) fn points_log(&mut self, row: &PointsLogRow) -> Result<()> {
        let Some(contact) = self.subject(row.contact)? else {
            return Ok(());
        };
        if !insert(self.db, row, contact)? {
            return Ok(());
        }
        let target = row.group.map_or(Target::Points, Target::Group);
        if row.action_name.starts_with(OUR_MARK) {
            let notice = restored::notice(self.db, row, self.since)?;
            self.applied.restored |= notice == Notice::Restored;
            if notice != Notice::Ours {
                self.written_before(contact, target, row)?;
            }
            return self.turned_up(contact, &row.action_name);
        }
        // A topic may adopt it, one of the main points, too.
        self.dirty(contact);
        let from = leases::doubt_from(self.db, contact, self.since)?;
        targets::change(self.db, contact, target, self.cause(), |state| {
            let ours = target != Target::Points || state.desired.is_some();
            if ours && state.may_postdate(micros(row.at)) {
                state.doubt(from);
            }
        })
    }

    /// A write of a run before this one. Was the store restored since, it may know nothing of the
    /// write, nor that anything was ever wanted of its target. Else that costs a look.
    fn written_before(
        &mut self,
        contact: ContactId,
        target: Target,
        row: &PointsLogRow,
    ) -> Result<()> {
        let from = leases::doubt_from(self.db, contact, self.since)?;
        targets::change(self.db, contact, target, self.cause(), |state| {
            if state.may_postdate(micros(row.at)) {
                state.doubt(from);
            }
        })
    }

    /// A call that was taken for not applied took effect after all: its target is wrong now.
    fn turned_up(&mut self, contact: ContactId, marker: &str) -> Result<()> {
        let Some(target) = points_calls::turned_up(self.db, marker)? else {
            return Ok(());
        };
        let from = leases::doubt_from(self.db, contact, self.since)?;
        targets::change(self.db, contact, target, self.cause(), |state| {
            state.doubt(from);
        })
    }
}

/// Whether it was new. `contact` is the one that the row's contact stands for.
fn insert(db: &Connection, row: &PointsLogRow, contact: ContactId) -> Result<bool> {
    let mut statement = db.prepare_cached(
        "INSERT OR IGNORE INTO points_log
             (id, contact, point_group, delta, log_type, event_name, action_name, at, done_by)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    let inserted = statement.execute(params![
        i64::try_from(row.id).unwrap_or(i64::MAX),
        contact.0,
        row.group.map(|group| group.0),
        row.delta,
        row.log_type,
        row.event_name,
        row.action_name,
        micros(row.at),
        (row.contact != contact).then_some(row.contact.0),
    ])?;
    Ok(inserted == 1)
}

/// The rows of a contact that are not ours, by id.
pub(in super::super) fn read_ledger(
    db: &Connection,
    contact: ContactId,
    mut each: impl FnMut(LedgerRow),
) -> Result<()> {
    let mut statement = db.prepare_cached(
        "SELECT id, contact, point_group, delta, log_type, event_name, action_name, at, done_by
         FROM points_log
         WHERE contact = ?1 AND substr(action_name, 1, length(?2)) <> ?2
         ORDER BY id",
    )?;
    let mut rows = statement.query(params![contact.0, OUR_MARK])?;
    while let Some(row) = rows.next()? {
        each(ledger_row(row)?);
    }
    Ok(())
}

/// All rows of a contact, ours included, by id.
pub(in super::super) fn read_log(db: &Connection, contact: ContactId) -> Result<Vec<LedgerRow>> {
    let mut statement = db.prepare_cached(
        "SELECT id, contact, point_group, delta, log_type, event_name, action_name, at, done_by
         FROM points_log WHERE contact = ?1 ORDER BY id",
    )?;
    let mut rows = statement.query([contact.0])?;
    let mut log = Vec::new();
    while let Some(row) = rows.next()? {
        log.push(ledger_row(row)?);
    }
    Ok(log)
}

fn ledger_row(row: &Row<'_>) -> Result<LedgerRow> {
    let contact = ContactId(row.get(1)?);
    let done_by: Option<u32> = row.get(8)?;
    let id: i64 = row.get(0)?;
    Ok(LedgerRow {
        row: PointsLogRow {
            id: id.unsigned_abs(),
            contact,
            group: row.get::<_, Option<u32>>(2)?.map(GroupId),
            delta: row.get(3)?,
            log_type: row.get(4)?,
            event_name: row.get(5)?,
            action_name: row.get(6)?,
            at: time(row.get(7)?)?,
        },
        done_by: done_by.map_or(contact, ContactId),
    })
}
