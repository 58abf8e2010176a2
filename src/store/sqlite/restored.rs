//! Noticing that this store is an older copy of itself.
//!
//! Every write of ours leaves a mark in Mautic's points log, with the name of the store and a
//! generation that only ever rises. A mark of this store with a generation that it never gave out
//! says that it was restored from a backup: what it believes of Mautic is old, and what its
//! triggers are about to do may have been done. What triggers did leaves no such mark, and is
//! numbered in a file beside the store ([`begun`](super::begun)).

use super::{
    codec::micros,
    leases::{counter, set_counter},
    settings,
};
use crate::domain::PointsLogRow;
use crate::store::RUN;
use crate::store::Result;
use jiff::Timestamp;
use rusqlite::{Connection, params};

/// Name of the store, made with it.
pub(super) const STORE_ID: &str = "store_id";
/// When the store was last found to be restored, in microseconds.
const RESTORED_AT: &str = "restored_at";
/// Until when the moment of scoring may stand for one before the store was restored, in
/// microseconds: what has no history, as a profile, crosses when it is first scored as it is.
const CATCHING_UP: &str = "catching_up";
/// So long the first scores after a restore that nobody noticed at the start may take.
const CATCHES_UP_IN: i64 = 60 * 60 * 1_000_000;
/// Said of what may have been done since the backup was made.
const WHY: &str = "the store or Mautic was restored from a backup: this may have been done before; \
                   look, and retry it if it was not";

/// The newest generation when the daemon began.
const BEGAN_WITH: &str = "began_with";
/// 1 once this run has noticed that the store was restored.
const NOTICED: &str = "restored_noticed";

/// A daemon begins: what it gives out from now on is its own.
pub(super) fn begin(db: &Connection) -> Result<()> {
    set_counter(db, BEGAN_WITH, counter(db, "generation")?)?;
    set_counter(db, NOTICED, 0)
}

/// A mark of ours: `…:OWNER:GENERATION.…`, where the owner is `STORE-RUN…`.
struct Mark<'m> {
    store: &'m str,
    run: &'m str,
    generation: i64,
}

fn read(mark: &str) -> Option<Mark<'_>> {
    let (rest, serial) = mark.rsplit_once(':')?;
    let (_, owner) = rest.rsplit_once(':')?;
    let (store, run) = owner.split_once('-')?;
    let generation = serial.split('.').next()?.parse().ok()?;
    Some(Mark {
        store,
        run,
        generation,
    })
}

/// What a row of ours in Mautic's points log says of this store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Notice {
    /// This run wrote it.
    Ours,
    /// A run before this one did, or another store's: this store may know nothing of it.
    Older,
    /// A run of this store that it knows nothing of: it was restored, as nobody had noticed yet.
    Restored,
}

/// Looks at a row of ours.
///
/// The store was restored if another run of it wrote with a generation that was not given out when
/// this one began. When that is noticed, everything wanted is to be looked at before it is
/// written, and what can't be undone is left to an administrator. (Not every write since the backup
/// has such a generation: what was wanted before it may have been written after it.)
pub(super) fn notice(db: &Connection, row: &PointsLogRow, now: i64) -> Result<Notice> {
    let Some(mark) = read(&row.action_name) else {
        return Ok(Notice::Older);
    };
    if settings::get(db, STORE_ID)?.as_deref() != Some(mark.store) {
        return Ok(Notice::Older);
    }
    if settings::get(db, RUN)?.is_some_and(|run| mark.run.starts_with(&run)) {
        return Ok(Notice::Ours);
    }
    if mark.generation > counter(db, "generation")? {
        // Never given out again, or two writes had one mark.
        set_counter(db, "generation", mark.generation)?;
    }
    if mark.generation <= counter(db, BEGAN_WITH)? || counter(db, NOTICED)? == 1 {
        return Ok(Notice::Older);
    }
    take_for_restored(
        db,
        now,
        now.max(micros(row.at)),
        now.saturating_add(CATCHES_UP_IN),
    )?;
    Ok(Notice::Restored)
}

/// The store was restored from a backup: nothing it believes of Mautic is sure, and what triggers
/// do for crossings before `until` may have been done, as for moments of scoring up to `caught_up`.
pub(super) fn take_for_restored(
    db: &Connection,
    now: i64,
    until: i64,
    caught_up: i64,
) -> Result<()> {
    set_counter(db, NOTICED, 1)?;
    leave_what_was_crossed(db, until, caught_up)?;
    doubt_everything(db, now)?;
    Ok(())
}

/// What triggers do for crossings up to this moment, and for moments of scoring up to `caught_up`,
/// may have been done: see [`leave_old_effects`].
pub(super) fn leave_what_was_crossed(db: &Connection, until: i64, caught_up: i64) -> Result<()> {
    set_counter(db, CATCHING_UP, caught_up.max(counter(db, CATCHING_UP)?))?;
    settings::put(db, RESTORED_AT, &until.to_string())
}

/// All that happened is read and scored: from now on the moment of scoring is one of today.
pub(super) fn caught_up(db: &Connection, now: i64) -> Result<()> {
    set_counter(db, CATCHING_UP, now.min(counter(db, CATCHING_UP)?))
}

/// Effects of triggers, too, that fired since the daemon began: what they fired for was long ago.
/// Returns how many are left to an administrator.
pub(super) fn doubt_everything(db: &Connection, now: i64) -> Result<u64> {
    db.execute(
        "UPDATE target SET suspect_at = ?1, pending = 1 WHERE desired IS NOT NULL",
        [now],
    )?;
    let left = db.execute(
        "UPDATE effect SET state = 4, last_error = ?1
         WHERE state < 2
             AND json_extract(action, '$.do') IN ('send_email', 'mail', 'webhook')",
        [WHY],
    )?;
    Ok(left as u64)
}

/// Leaves to an administrator what a trigger does for a crossing from before the store was
/// restored, if it can't be undone: it may have been done then. `at`: the moment of scoring, which
/// is that of the crossing where nobody knows when it was.
pub(super) fn leave_old_effects(
    db: &Connection,
    contact: u32,
    rule: &str,
    crossed_at: Timestamp,
    at: Timestamp,
) -> Result<()> {
    let restored_at: Option<i64> =
        settings::get(db, RESTORED_AT)?.and_then(|text| text.parse().ok());
    let crossed = micros(crossed_at);
    let before = restored_at.is_some_and(|restored_at| crossed <= restored_at);
    let unknown = crossed == micros(at) && crossed <= counter(db, CATCHING_UP)?;
    if !before && !unknown {
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
    fn marks_name_store_run_and_generation() {
        for (mark, expected) in [
            (
                "topicscore:7:group:3:set:ab12-99-ff-writeback:42.0.1767225600000000",
                Some(("ab12", "99-ff-writeback", 42)),
            ),
            (
                "topicscore:7:points:minus:ab12-99-ff-writeback:42.1.5",
                Some(("ab12", "99-ff-writeback", 42)),
            ),
            ("topicscore:7:3:42", None),
            ("topicscore:7:points:plus:w:42.1.5", None),
            ("topicscore:", None),
            ("topicscore:7:points:plus:ab12-w:x.1.5", None),
        ] {
            let found = read(mark);
            let found = found.map(|mark| (mark.store, mark.run, mark.generation));
            assert_eq!(found, expected, "{mark}");
        }
    }
}
