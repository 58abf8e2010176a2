//! Noticing that this store is an older copy of itself.
//!
//! Every write of ours leaves a mark in Mautic's points log, with the name of the store and a
//! generation that only ever rises. A mark of this store with a generation that it never gave out
//! says that it was restored from a backup: what it believes of Mautic is old, and what its
//! triggers are about to do may have been done.

use super::{codec::micros, settings};
use crate::domain::PointsLogRow;
use crate::store::Result;
use jiff::Timestamp;
use rusqlite::{Connection, params};

/// Name of the store, made with it.
pub(super) const STORE_ID: &str = "store_id";
/// When the store was last found to be restored, in microseconds.
const RESTORED_AT: &str = "restored_at";
/// Said of what may have been done since the backup was made.
const WHY: &str = "the store was restored from a backup: this may have been done before; \
                   look, and retry it if it was not";

/// The store's name and the generation in a mark of ours: `…:OWNER:GENERATION.…`, where the owner
/// begins with the store's name.
fn read(mark: &str) -> Option<(&str, i64)> {
    let (rest, serial) = mark.rsplit_once(':')?;
    let (_, owner) = rest.rsplit_once(':')?;
    let (store, _) = owner.split_once('-')?;
    let generation = serial.split('.').next()?.parse().ok()?;
    Some((store, generation))
}

/// Looks at a row of ours. `true` if it says that the store was restored; from then on everything
/// wanted is looked at before it is written, and what can't be undone is left to an administrator.
pub(super) fn notice(db: &Connection, row: &PointsLogRow, now: i64) -> Result<bool> {
    let Some((store, generation)) = read(&row.action_name) else {
        return Ok(false);
    };
    let newest: i64 = db
        .prepare_cached("SELECT value FROM counter WHERE name = 'generation'")?
        .query_row([], |row| row.get(0))?;
    if generation <= newest || settings::get(db, STORE_ID)?.as_deref() != Some(store) {
        return Ok(false);
    }
    db.execute(
        "UPDATE counter SET value = ?1 WHERE name = 'generation'",
        [generation],
    )?;
    let at = now.max(micros(row.at));
    settings::put(db, RESTORED_AT, &at.to_string())?;
    doubt_everything(db, now, at)?;
    Ok(true)
}

fn doubt_everything(db: &Connection, now: i64, restored_at: i64) -> Result<()> {
    db.execute(
        "UPDATE target SET suspect_at = ?1, pending = 1 WHERE desired IS NOT NULL",
        [now],
    )?;
    db.execute(
        "UPDATE effect SET state = 4, last_error = ?1
         WHERE state < 2 AND wanted_at <= ?2
             AND json_extract(action, '$.do') IN ('send_email', 'mail', 'webhook')",
        params![WHY, restored_at],
    )?;
    Ok(())
}

/// Leaves to an administrator what a trigger does for a crossing from before the store was
/// restored, if it can't be undone: it may have been done then.
pub(super) fn leave_old_effects(
    db: &Connection,
    contact: u32,
    rule: &str,
    crossed_at: Timestamp,
) -> Result<()> {
    let restored_at: Option<i64> =
        settings::get(db, RESTORED_AT)?.and_then(|text| text.parse().ok());
    if restored_at.is_none_or(|restored_at| micros(crossed_at) > restored_at) {
        return Ok(());
    }
    db.prepare_cached(
        "UPDATE effect SET state = 4, last_error = ?4
         WHERE contact = ?1 AND rule = ?2 AND crossed_at = ?3 AND state = 0
             AND json_extract(action, '$.do') IN ('send_email', 'mail', 'webhook')",
    )?
    .execute(params![contact, rule, micros(crossed_at), WHY])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_name_store_and_generation() {
        for (mark, expected) in [
            (
                "topicscore:7:group:3:set:ab12-99-ff-writeback:42.0.1767225600000000",
                Some(("ab12", 42)),
            ),
            (
                "topicscore:7:points:minus:ab12-99-ff-writeback:42.1.5",
                Some(("ab12", 42)),
            ),
            ("topicscore:7:3:42", None),
            ("topicscore:7:points:plus:w:42.1.5", None),
            ("topicscore:", None),
            ("topicscore:7:points:plus:ab12-w:x.1.5", None),
        ] {
            assert_eq!(read(mark), expected, "{mark}");
        }
    }
}
