//! Reading Mautic anew: forgetting what it told, and telling people apart that have the same id.

use super::{
    SqliteStore,
    codec::{SEGMENT, from_json, micros, time, to_json},
    dirty,
    leases::{counter, set_counter},
    restored, settings,
};
use crate::domain::{Activity, ContactId, Profile, WENT_BACK, WentBack};
use crate::store::{Forgotten, Rereading, Result};
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

/// The setting that is there while Mautic is read anew.
const REREADING: &str = "rereading";
/// The setting that says since when ids may be given anew; never taken away.
const REREAD_AT: &str = "reread_at";
/// The setting up to when (microseconds) contacts may have been dated anew by an import.
const DATED_ANEW: &str = "dated_anew";
/// The settings, by table, up to which row other dates are no sign of a restore: so an administrator said.
const NO_SIGN_UP_TO: &str = "no_sign_up_to.";
/// So many rows are read again, at most, when a row was no sign of a restore.
const READ_AGAIN: i64 = 10_000;
/// Times told of one row are no farther apart: they are told by the second.
const SAME_ROW: SignedDuration = SignedDuration::from_mins(1);
/// The cursor of the poll of edited contacts, which is a moment.
const CHANGED_CONTACTS: &str = "contacts.changed";
/// 1 if Mautic is being read anew because it was seen to be restored; else it gives no id anew.
const RESTORED: &str = "reread_restored";
/// The highest id of a contact when a restored Mautic had been read anew; 0: there was none such.
const REREAD_UP_TO: &str = "reread_up_to";
/// Mautic's table of contacts.
const LEADS: &str = "leads";
/// The highest id of a contact that is the same as before the restore: who had a higher one is lost.
const SAME_UP_TO: &str = "same_up_to";
/// The lowest id that is known to be another person's since the restore.
const GIVEN_ANEW_FROM: &str = "given_anew_from";
/// A restore of Mautic from a backup is noticed within this time (microseconds), if its polls work.
pub(super) const NOTICED: i64 = 10 * 60 * 1_000_000;
/// Mautic's clock is ahead of ours by no more than this.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_hours(24);
/// A profile that Mautic has not told again yet is as old as this.
const FORGOTTEN: Timestamp = Timestamp::UNIX_EPOCH;

#[async_trait::async_trait]
impl Rereading for SqliteStore {
    async fn forget_told(&self, now: Timestamp) -> Result<Forgotten> {
        self.write(move |db| forget(db, micros(now))).await
    }

    async fn not_restored(&self, sign: &WentBack) -> Result<()> {
        let sign = sign.clone();
        self.write(move |db| {
            if sign.is.is_some() && sign.table != LEADS {
                no_sign_up_to(db, &sign)?;
            }
            // A webhook may have told of rows that are still to be polled, or of very old ones.
            db.execute(
                "UPDATE cursor SET position = ?2
                 WHERE name = ?1 AND CAST(position AS INTEGER) - CAST(?2 AS INTEGER) BETWEEN 0 AND ?3",
                params![sign.table, sign.row.to_string(), READ_AGAIN],
            )?;
            if let (LEADS, Some(is)) = (sign.table.as_str(), sign.is) {
                let dated_by = micros(is.max(sign.noticed_at));
                settings::put(db, DATED_ANEW, &dated_by.to_string())?;
                // What was told of contacts dated anew was not taken over.
                db.execute(
                    "UPDATE cursor SET position = ?2 WHERE name = ?1",
                    [CHANGED_CONTACTS, &Timestamp::UNIX_EPOCH.to_string()],
                )?;
            }
            db.execute("DELETE FROM setting WHERE key = ?1", [WENT_BACK])?;
            Ok(())
        })
        .await
    }

    async fn is_rereading(&self) -> Result<bool> {
        self.read(|db| Ok(settings::get(db, REREADING)?.is_some()))
            .await
    }

    async fn end_rereading(&self, newest: ContactId, now: Timestamp) -> Result<u64> {
        self.write(move |db| end(db, newest, micros(now))).await
    }
}

fn forget(db: &Connection, now: i64) -> Result<Forgotten> {
    let count = |sql: &str| Ok::<_, crate::store::StoreError>(db.execute(sql, [])? as u64);
    set_counter(db, SAME_UP_TO, 0)?;
    set_counter(db, GIVEN_ANEW_FROM, i64::MAX)?;
    set_counter(db, REREAD_UP_TO, 0)?;
    let restored = settings::get(db, WENT_BACK)?.is_some();
    set_counter(db, RESTORED, restored.into())?;
    let effects = restored::doubt_everything(db, now)?;
    restored::leave_what_was_crossed(db, now, i64::MAX)?;
    let forgotten = Forgotten {
        activities: count("DELETE FROM activity")?,
        points_log: count("DELETE FROM points_log")?,
        // What is known of others corrects the log, if that still has their rows; see `end`.
        calls: count("DELETE FROM points_call WHERE ended IS NULL")?,
        contacts: db.execute(
            "UPDATE contact SET points = NULL, points_at = NULL, scored_at = NULL, plan = NULL,
                 next_change = NULL, profile = json_set(profile, '$.as_of', ?1)",
            [FORGOTTEN.to_string()],
        )? as u64,
        effects,
    };
    // A membership is dated by when it began: after a restore an older one may be the newest.
    db.execute(
        "DELETE FROM target WHERE kind = ?1 AND desired IS NULL",
        [SEGMENT],
    )?;
    db.execute(
        "UPDATE target SET observed = NULL, observed_at = NULL, looked = 0 WHERE kind = ?1",
        [SEGMENT],
    )?;
    // Polls tell the same; what was told before the restore is of others. Of whom these speak nobody
    // will know any more: who is erased could not be found in them.
    db.execute(
        "UPDATE delivery SET decoded = 1, body = NULL, owner = NULL, lease_until = NULL
         WHERE decoded = 0 OR id IN (SELECT delivery FROM parked)",
        [],
    )?;
    for table in ["merge", "alias", "gone", "look_up", "cursor", "parked"] {
        db.execute(&format!("DELETE FROM {table}"), [])?;
    }
    let generation = dirty::next_generation(db)?;
    db.execute("DELETE FROM dirty", [])?;
    db.execute(
        "INSERT INTO dirty (contact, generation, since, urgency) SELECT id, ?1, ?2, 0 FROM contact",
        params![generation, now],
    )?;
    db.execute("DELETE FROM setting WHERE key = ?1", [WENT_BACK])?;
    settings::put(db, REREADING, &now.to_string())?;
    settings::put(db, REREAD_AT, &now.to_string())?;
    Ok(forgotten)
}

fn end(db: &Connection, newest: ContactId, now: i64) -> Result<u64> {
    let vanished = db.execute(
        "INSERT OR IGNORE INTO gone (contact, at, lost)
         SELECT id, ?1, 1 FROM contact WHERE json_extract(profile, '$.as_of') = ?2",
        params![now, FORGOTTEN.to_string()],
    )?;
    db.execute(
        "DELETE FROM points_call WHERE ended IN (2, 3) AND NOT EXISTS (
             SELECT 1 FROM points_log
             WHERE points_log.contact = points_call.contact AND action_name = marker)",
        [],
    )?;
    if counter(db, RESTORED)? == 1 {
        set_counter(db, REREAD_UP_TO, newest.0.into())?;
    }
    db.execute("DELETE FROM setting WHERE key = ?1", [REREADING])?;
    Ok(vanished as u64)
}

/// Whether an id that somebody had who was erased is another person's, since Mautic, which was
/// restored, gave it anew after it was read again.
pub(super) fn is_given_anew(db: &Connection, contact: ContactId, erased_at: i64) -> Result<bool> {
    Ok(given_anew_since(db, contact)?.is_some_and(|reread_at| erased_at <= reread_at))
}

/// The date of an erasure: of an id that was given anew it is after the reread, whatever the clocks
/// say, or it would count as one of before.
pub(super) fn erased_at(db: &Connection, contact: ContactId, at: i64) -> Result<i64> {
    let since = given_anew_since(db, contact)?;
    Ok(since.map_or(at, |reread_at| at.max(reread_at.saturating_add(1))))
}

/// When Mautic was read again, if it gave this id after that.
fn given_anew_since(db: &Connection, contact: ContactId) -> Result<Option<i64>> {
    let up_to = counter(db, REREAD_UP_TO)?;
    if up_to == 0 || i64::from(contact.0) <= up_to {
        return Ok(None);
    }
    Ok(settings::get(db, REREAD_AT)?.and_then(|text| text.parse().ok()))
}

/// Whether a contact that Mautic does not know is one that a restored Mautic lost: its id may be
/// somebody else's soon.
pub(super) fn is_lost(db: &Connection, contact: ContactId) -> Result<bool> {
    let mut lost = db.prepare_cached(
        "SELECT 1 FROM gone JOIN contact ON contact.id = gone.contact
         WHERE gone.contact = ?1 AND lost = 1 AND json_extract(profile, '$.as_of') = ?2",
    )?;
    Ok(lost.exists(params![contact.0, FORGOTTEN.to_string()])?)
}

/// Somebody has the id of a contact that seemed to be lost: himself or another one. What was wanted
/// before is not written any more; with the next score it is wanted anew.
pub(super) fn found(db: &Connection, known: &Profile) -> Result<()> {
    if known.as_of != FORGOTTEN {
        return Ok(());
    }
    clear_lost(db, known.contact)
}

/// The id of a contact that seemed to be lost is somebody's.
pub(super) fn clear_lost(db: &Connection, contact: ContactId) -> Result<()> {
    let seemed_lost = db
        .prepare_cached("DELETE FROM gone WHERE contact = ?1 AND lost = 1")?
        .execute([contact.0])?;
    if seemed_lost == 1 {
        db.prepare_cached("UPDATE target SET desired = NULL, pending = 0 WHERE contact = ?1")?
            .execute([contact.0])?;
    }
    Ok(())
}

/// Whether Mautic is being read anew.
pub(super) fn is_under_way(db: &Connection) -> Result<bool> {
    Ok(settings::get(db, REREADING)?.is_some())
}

/// Notices that an id is another person's: made after the one we know by it was last seen. An import
/// may date a contact anew, but hardly so. Returns whether it is so.
pub(super) fn notice(db: &Connection, known: &Profile, told: &Profile, now: i64) -> Result<bool> {
    let (Some(was), Some(is)) = (known.added_at, told.added_at) else {
        return Ok(false);
    };
    // Mautic dates contacts to the second.
    let seen_since = is.as_second() < known.as_of.as_second();
    // Mautic dates by its clock: who is dated beyond that was imported so.
    let to_come = is.duration_since(time(now)?) > CLOCKS_DIFFER;
    if known.as_of == FORGOTTEN || is == was || seen_since || to_come || is_dated_anew(db, is)? {
        return Ok(false);
    }
    note(
        db,
        &WentBack {
            table: LEADS.to_owned(),
            row: known.contact.0.into(),
            was,
            is: Some(is),
            noticed_at: time(now)?,
        },
    )?;
    Ok(true)
}

/// Notices that the id of what somebody did is another row's: made at another moment, by somebody else
/// or to something else, as the caller knows. (By the moment alone rows may have been edited.) Returns
/// whether it is so.
pub(super) fn notice_row(
    db: &Connection,
    known: &Activity,
    told: &Activity,
    now: i64,
) -> Result<bool> {
    let Some((table, row)) = told.key.dated_row() else {
        return Ok(false);
    };
    let apart = told.at.duration_since(known.at).abs();
    if apart <= SAME_ROW || is_no_sign(db, table, row)? {
        return Ok(false);
    }
    note(
        db,
        &WentBack {
            table: table.to_owned(),
            row,
            was: known.at,
            is: Some(told.at),
            noticed_at: time(now)?,
        },
    )?;
    Ok(true)
}

/// After a start the polls need their time again to notice a restore: until then nobody is taken for
/// deleted whom only we missed.
pub(super) fn put_off_the_missed(db: &Connection, now: i64) -> Result<()> {
    db.execute(
        "UPDATE gone SET not_before = max(not_before, ?1) WHERE lost = 2",
        [now.saturating_add(NOTICED)],
    )?;
    Ok(())
}

/// Whoever takes rows away by hand may have their ids given anew, all that are known by now.
fn no_sign_up_to(db: &Connection, sign: &WentBack) -> Result<()> {
    let polled: Option<u64> = db
        .prepare_cached("SELECT CAST(position AS INTEGER) FROM cursor WHERE name = ?1")?
        .query_row([&sign.table], |row| row.get(0))
        .optional()?;
    let newest = polled.map_or(sign.row, |polled| polled.max(sign.row));
    let key = format!("{NO_SIGN_UP_TO}{}", sign.table);
    settings::put(db, &key, &newest.to_string())
}

fn is_no_sign(db: &Connection, table: &str, row: u64) -> Result<bool> {
    let up_to = settings::get(db, &format!("{NO_SIGN_UP_TO}{table}"))?;
    let up_to = up_to.and_then(|up_to| up_to.parse::<u64>().ok());
    Ok(up_to.is_some_and(|up_to| row <= up_to))
}

/// The first sign is kept.
fn note(db: &Connection, sign: &WentBack) -> Result<()> {
    if settings::get(db, WENT_BACK)?.is_none() {
        settings::put(db, WENT_BACK, &to_json(sign)?)?;
    }
    Ok(())
}

/// Whether an administrator said later than that, that contacts are dated anew.
fn is_dated_anew(db: &Connection, made_at: Timestamp) -> Result<bool> {
    let until = settings::get(db, DATED_ANEW)?;
    let until = until.and_then(|until| until.parse::<i64>().ok());
    Ok(until.is_some_and(|until| micros(made_at) <= until))
}

/// A contact was told of again.
pub(super) fn is_the_same(db: &Connection, known: &Profile) -> Result<()> {
    let contact = i64::from(known.contact.0);
    if known.as_of == FORGOTTEN && contact > counter(db, SAME_UP_TO)? {
        set_counter(db, SAME_UP_TO, contact)?;
    }
    Ok(())
}

/// Whether a merged-away id that was known before the restore was somebody else's: who had it is lost.
pub(super) fn was_anothers(db: &Connection, loser: ContactId) -> Result<bool> {
    let profile: Option<String> = db
        .prepare_cached("SELECT profile FROM contact WHERE id = ?1")?
        .query_row([loser.0], |row| row.get(0))
        .optional()?
        .flatten();
    let Some(profile) = profile else {
        return Ok(false);
    };
    let profile: Profile = from_json(&profile)?;
    // Ids are given upwards: one below another's is of before.
    let same = match counter(db, GIVEN_ANEW_FROM)? {
        0 | i64::MAX => counter(db, SAME_UP_TO)?,
        lowest => (lowest - 1).max(counter(db, SAME_UP_TO)?),
    };
    Ok(profile.as_of == FORGOTTEN && i64::from(loser.0) > same)
}

/// Whether a profile is of another person than the one that is known by this id; noted.
pub(super) fn is_another(db: &Connection, known: &Profile, told: &Profile) -> Result<bool> {
    let another =
        known.as_of == FORGOTTEN && known.added_at.is_some() && known.added_at != told.added_at;
    if another {
        let lowest = counter(db, GIVEN_ANEW_FROM)?.min(known.contact.0.into());
        set_counter(db, GIVEN_ANEW_FROM, lowest)?;
    }
    Ok(another)
}

/// Whether a profile is of somebody who was made after the one of this id was erased, both by
/// Mautic's clock.
pub(super) fn is_made_since(
    db: &Connection,
    told: &Profile,
    erased_at: i64,
    now: i64,
) -> Result<bool> {
    let (Some(added_at), Some(_)) = (told.added_at, settings::get(db, REREAD_AT)?) else {
        return Ok(false);
    };
    // An import may date contacts far ahead.
    if added_at.duration_since(time(now)?) > CLOCKS_DIFFER {
        return Ok(false);
    }
    // Mautic dates contacts to the second.
    Ok(added_at.as_second() >= time(erased_at)?.as_second())
}
