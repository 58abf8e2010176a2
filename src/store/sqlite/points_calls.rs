//! Calls that add points, and what the points log says of what was added.

use super::codec::{micros, target_code, time};
use crate::domain::{CallFate, ContactId, GroupId, KnownPoints, NewCall, PointsCall, Target};
use crate::store::{OUR_MARK, Result};
use rusqlite::{Connection, OptionalExtension, params};

/// How long a call that was taken for not applied is remembered, in microseconds: its row would
/// turn up in the log much sooner.
const REMEMBERED: i64 = 30 * 24 * 60 * 60 * 1_000_000;

/// How a call ended that is remembered: it did not take effect,
const REFUTED: u8 = 0;
/// it took effect without a row in the log,
const UNLOGGED: u8 = 1;
/// or its row is in the log and nothing was added.
const LOGGED_ONLY: u8 = 2;
/// it took effect, and its row is awaited.
const APPLIED: u8 = 3;

/// What is known of a target that is added to.
pub(super) fn known(db: &Connection, contact: ContactId, target: Target) -> Result<KnownPoints> {
    let newest: Option<(u64, bool)> = db
        .prepare_cached(
            "SELECT id, point_group IS NOT NULL FROM points_log WHERE contact = ?1
             ORDER BY id DESC LIMIT 1",
        )?
        .query_row([contact.0], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (newest_row, newest_of_group) = newest.unwrap_or((0, false));
    Ok(KnownPoints {
        newest_row,
        newest_of_group,
        logged: match target {
            Target::Points => logged(db, contact, None)?,
            Target::Group(group) => logged(db, contact, Some(group))?,
            Target::Segment(_) => None,
        },
        open: calls(db, contact, target, None)?,
        awaited: calls(db, contact, target, Some(APPLIED))?.pop(),
    })
}

/// Sum of what the log says was added, corrected by calls of which it does not tell the truth. Main
/// points that the API takes away are logged without a sign, which then stands in our mark or in Mautic's own words; multiplied or divided ones with
/// the operand (FACTS 56): `None`.
fn logged(db: &Connection, contact: ContactId, group: Option<GroupId>) -> Result<Option<i64>> {
    let (kind, id) = target_code(group.map_or(Target::Points, Target::Group));
    let mut statement = db.prepare_cached(
        "SELECT coalesce(sum(iif(unsigned AND minus, -delta, delta)), 0), coalesce(sum(unsigned AND operand), 0)
         FROM (SELECT delta, point_group IS NULL AND log_type = 'API' AS unsigned,
                 event_name = 'subtract (-)' OR
                     (substr(action_name, 1, length(?3)) = ?3 AND instr(action_name, ':minus:')) AS minus,
                 event_name IN ('multiply (x)', 'divide (/)') AS operand
             FROM points_log WHERE contact = ?1 AND point_group IS ?2)",
    )?;
    let (sum, operands): (i64, i64) = statement
        .query_row(params![contact.0, group.map(|id| id.0), OUR_MARK], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    let corrected: i64 = db
        .prepare_cached(
            "SELECT coalesce(sum(iif(ended = 1, delta, -delta)), 0) FROM points_call
             WHERE contact = ?1 AND kind = ?2 AND target = ?3 AND ended IN (1, 2)",
        )?
        .query_row(params![contact.0, kind, id], |row| row.get(0))?;
    Ok((operands == 0).then_some(sum.saturating_add(corrected)))
}

/// Whether nobody knows yet what became of a call.
pub(super) fn any_open(db: &Connection, contact: ContactId, target: Target) -> Result<bool> {
    Ok(!calls(db, contact, target, None)?.is_empty())
}

/// The calls of a target that ended so, oldest first; `None`: that are open.
fn calls(
    db: &Connection,
    contact: ContactId,
    target: Target,
    ended: Option<u8>,
) -> Result<Vec<PointsCall>> {
    let (kind, id) = target_code(target);
    let mut statement = db.prepare_cached(
        "SELECT marker, delta, before, newest_row, sent_at, looks, moved FROM points_call
         WHERE contact = ?1 AND kind = ?2 AND target = ?3 AND ended IS ?4
         ORDER BY sent_at, marker",
    )?;
    let mut rows = statement.query(params![contact.0, kind, id, ended])?;
    let mut calls = Vec::new();
    while let Some(row) = rows.next()? {
        calls.push(PointsCall {
            marker: row.get(0)?,
            delta: row.get(1)?,
            before: row.get(2)?,
            newest_row: row.get(3)?,
            sent_at: time(row.get(4)?)?,
            looks: row.get(5)?,
            moved: row.get(6)?,
        });
    }
    Ok(calls)
}

/// Writes a call down. `false` if another one of the target is open.
pub(super) fn begin(db: &Connection, new: &NewCall) -> Result<bool> {
    let (kind, id) = target_code(new.target);
    let mut statement = db.prepare_cached(
        "INSERT OR IGNORE INTO points_call (marker, contact, kind, target, delta, before, newest_row, sent_at)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 WHERE NOT EXISTS (
             SELECT 1 FROM points_call
             WHERE contact = ?2 AND kind = ?3 AND target = ?4 AND ended IS NULL)",
    )?;
    let call = &new.call;
    let newest = i64::try_from(call.newest_row).unwrap_or(i64::MAX);
    let begun = statement.execute(params![
        call.marker,
        new.contact.0,
        kind,
        id,
        call.delta,
        call.before,
        newest,
        micros(call.sent_at),
    ])?;
    Ok(begun == 1)
}

/// Keeps what became of a call.
pub(super) fn end(db: &Connection, marker: &str, fate: CallFate, now: i64) -> Result<()> {
    match fate {
        CallFate::Applied if is_logged(db, marker)? => {
            db.prepare_cached("DELETE FROM points_call WHERE marker = ?1")?
                .execute([marker])?;
        }
        CallFate::Applied
        | CallFate::AppliedUnlogged
        | CallFate::NotApplied
        | CallFate::LoggedOnly => {
            let ended = match fate {
                CallFate::Applied => APPLIED,
                CallFate::AppliedUnlogged => UNLOGGED,
                CallFate::LoggedOnly => LOGGED_ONLY,
                _ => REFUTED,
            };
            db.prepare_cached(
                "UPDATE points_call SET ended = ?2, ended_at = ?3 WHERE marker = ?1",
            )?
            .execute(params![marker, ended, now])?;
            db.prepare_cached("DELETE FROM points_call WHERE ended IN (0, 3) AND ended_at < ?1")?
                .execute([now.saturating_sub(REMEMBERED)])?;
        }
        CallFate::Unknown => {
            db.prepare_cached("UPDATE points_call SET looks = looks + 1 WHERE marker = ?1")?
                .execute([marker])?;
        }
    }
    Ok(())
}

/// Whether the journal knows the row of a call.
fn is_logged(db: &Connection, marker: &str) -> Result<bool> {
    let mut statement = db.prepare_cached(
        "SELECT 1 FROM points_log
         WHERE action_name = ?1 AND contact = (SELECT contact FROM points_call WHERE marker = ?1)",
    )?;
    Ok(statement.exists([marker])?)
}

/// A row of the log bears this mark. Returns the target of the call if it had been decided that
/// there is no such row: it took effect later than any call should.
pub(super) fn turned_up(db: &Connection, marker: &str) -> Result<Option<Target>> {
    db.prepare_cached("DELETE FROM points_call WHERE marker = ?1 AND ended = 3")?
        .execute([marker])?;
    let found: Option<(u8, u32)> = db
        .prepare_cached(
            "DELETE FROM points_call WHERE marker = ?1 AND ended IN (0, 1)
             RETURNING kind, target",
        )?
        .query_row([marker], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    found
        .map(|(kind, id)| super::codec::target(kind, id))
        .transpose()
}

/// Calls made to a contact that was merged away changed the winner, or nothing.
pub(super) fn merge(db: &Connection, loser: ContactId, winner: ContactId) -> Result<()> {
    db.prepare_cached("UPDATE points_call SET contact = ?2, moved = 1 WHERE contact = ?1")?
        .execute([loser.0, winner.0])?;
    Ok(())
}
