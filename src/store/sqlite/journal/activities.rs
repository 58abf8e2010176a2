//! Activities: one row per natural key.

use super::{
    super::codec::{
        from_json, kind, kind_code, micros, source, source_code, time, to_json, truncated,
    },
    super::rereading,
    Applier,
};
use crate::domain::{Activity, ActivityKey, Attributes, ContactId, Source};
use crate::store::Result;
use rusqlite::{Connection, OptionalExtension, Row, params};

impl Applier<'_> {
    pub(super) fn activity(&mut self, told_by: Source, mut activity: Activity) -> Result<()> {
        let told_of = activity.contact;
        let Some(contact) = self.subject(told_of)? else {
            return Ok(());
        };
        activity.contact = contact;
        activity.at = truncated(activity.at);
        if insert(self.db, &activity, told_by, told_of)? {
            self.applied.new_activities += 1;
            self.dirty(contact);
            return Ok(());
        }
        self.applied.known_activities += 1;
        let Some((mut known, known_by, known_of)) = load(self.db, &activity.key)? else {
            return Ok(());
        };
        // A webhook tells who did it then; rows change their contact later (SEMANTICS 7).
        let by_webhooks = known_by == Source::Webhook && told_by == Source::Webhook;
        let another =
            (by_webhooks && known_of != told_of) || is_of_something_else(&known, &activity);
        if another && rereading::notice_row(self.db, &known, &activity, self.since)? {
            self.applied.went_back = true;
            return Ok(());
        }
        let former = known.contact;
        // As in `Activity::absorb`: the first seen, but a webhook knows better than a poll.
        let of = if told_by > known_by {
            told_of
        } else {
            known_of
        };
        let changed = known.absorb(known_by, &activity, told_by) || of != known_of;
        if changed || told_by > known_by {
            remove(self.db, &known.key)?;
            insert(self.db, &known, known_by.max(told_by), of)?;
        }
        if changed {
            self.dirty(former);
            self.dirty(known.contact);
        }
        Ok(())
    }
}

/// Whether it was done to another thing; what is not told of either says nothing.
fn is_of_something_else(known: &Activity, told: &Activity) -> bool {
    let differ =
        |known: Option<&str>, told: Option<&str>| known.zip(told).is_some_and(|(a, b)| a != b);
    let objects = known.object.zip(told.object);
    objects.is_some_and(|(known, told)| known != told)
        || differ(known.url.as_deref(), told.url.as_deref())
}

/// Whether it was new. `of` is the contact as it was told.
fn insert(db: &Connection, activity: &Activity, told_by: Source, of: ContactId) -> Result<bool> {
    let attributes = if activity.attributes.is_empty() {
        None
    } else {
        Some(to_json(&activity.attributes)?)
    };
    let mut statement = db.prepare_cached(
        "INSERT INTO activity (contact, at, key, kind, source, object, url, attributes, done_by)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING",
    )?;
    let inserted = statement.execute(params![
        activity.contact.0,
        micros(activity.at),
        activity.key.0,
        kind_code(activity.kind),
        source_code(told_by),
        activity.object,
        activity.url,
        attributes,
        (of != activity.contact).then_some(of.0),
    ])?;
    Ok(inserted == 1)
}

fn remove(db: &Connection, key: &ActivityKey) -> Result<()> {
    db.prepare_cached("DELETE FROM activity WHERE key = ?1")?
        .execute([&key.0])?;
    Ok(())
}

/// The activity, who told it, and the contact as it was told.
fn load(db: &Connection, key: &ActivityKey) -> Result<Option<(Activity, Source, ContactId)>> {
    let mut statement = db.prepare_cached(
        "SELECT contact, at, key, kind, object, url, attributes, done_by, source
         FROM activity WHERE key = ?1",
    )?;
    let read = |row: &Row<'_>| {
        let activity = activity(row)?;
        let of = done_by(row)?.unwrap_or(activity.contact);
        Ok((activity, source(row.get(8)?)?, of))
    };
    let found = statement
        .query_row([&key.0], |row| Ok(read(row)))
        .optional()?;
    found.transpose()
}

fn done_by(row: &Row<'_>) -> Result<Option<ContactId>> {
    Ok(row.get::<_, Option<u32>>(7)?.map(ContactId))
}

fn activity(row: &Row<'_>) -> Result<Activity> {
    let attributes: Option<Attributes> = row
        .get_ref(6)?
        .as_str_or_null()
        .map_err(rusqlite::Error::from)?
        .map(from_json)
        .transpose()?;
    Ok(Activity {
        contact: ContactId(row.get(0)?),
        at: time(row.get(1)?)?,
        key: ActivityKey(row.get(2)?),
        kind: kind(row.get(3)?)?,
        object: row.get(4)?,
        url: row.get(5)?,
        attributes: attributes.unwrap_or_default(),
    })
}

/// The activities of a contact, by time and key; each with the contact that did it, where that was
/// merged away.
pub(in super::super) fn read_activities(
    db: &Connection,
    contact: ContactId,
    mut each: impl FnMut(Activity, Option<ContactId>),
) -> Result<()> {
    let mut statement = db.prepare_cached(
        "SELECT contact, at, key, kind, object, url, attributes, done_by FROM activity
         WHERE contact = ?1 ORDER BY at, key",
    )?;
    let mut rows = statement.query([contact.0])?;
    while let Some(row) = rows.next()? {
        each(activity(row)?, done_by(row)?);
    }
    Ok(())
}
