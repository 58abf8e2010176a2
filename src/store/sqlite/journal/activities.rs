//! Activities: one row per natural key.

use super::{
    super::codec::{
        from_json, kind, kind_code, micros, source, source_code, time, to_json, truncated,
    },
    Applier,
};
use crate::domain::{Activity, ActivityKey, Attributes, ContactId, Source};
use crate::store::Result;
use rusqlite::{Connection, OptionalExtension, Row, params};

impl Applier<'_> {
    pub(super) fn activity(&mut self, told_by: Source, mut activity: Activity) -> Result<()> {
        let Some(contact) = self.subject(activity.contact)? else {
            return Ok(());
        };
        activity.contact = contact;
        activity.at = truncated(activity.at);
        if insert(self.db, &activity, told_by)? {
            self.applied.new_activities += 1;
            self.dirty(contact);
            return Ok(());
        }
        self.applied.known_activities += 1;
        let Some((mut known, known_by)) = load(self.db, &activity.key)? else {
            return Ok(());
        };
        let former = known.contact;
        let changed = known.absorb(known_by, &activity, told_by);
        if changed || told_by > known_by {
            remove(self.db, &known.key)?;
            insert(self.db, &known, known_by.max(told_by))?;
        }
        if changed {
            self.dirty(former);
            self.dirty(known.contact);
        }
        Ok(())
    }
}

/// Whether it was new.
fn insert(db: &Connection, activity: &Activity, told_by: Source) -> Result<bool> {
    let attributes = if activity.attributes.is_empty() {
        None
    } else {
        Some(to_json(&activity.attributes)?)
    };
    let mut statement = db.prepare_cached(
        "INSERT INTO activity (contact, at, key, kind, source, object, url, attributes)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING",
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
    ])?;
    Ok(inserted == 1)
}

fn remove(db: &Connection, key: &ActivityKey) -> Result<()> {
    db.prepare_cached("DELETE FROM activity WHERE key = ?1")?
        .execute([&key.0])?;
    Ok(())
}

fn load(db: &Connection, key: &ActivityKey) -> Result<Option<(Activity, Source)>> {
    let mut statement = db.prepare_cached(
        "SELECT contact, at, key, kind, object, url, attributes, source
         FROM activity WHERE key = ?1",
    )?;
    let found = statement
        .query_row([&key.0], |row| {
            Ok(activity(row).and_then(|activity| Ok((activity, source(row.get(7)?)?))))
        })
        .optional()?;
    found.transpose()
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

/// The activities of contacts (a list of ids as JSON), by contact, time and key.
pub(in super::super) fn read_activities(
    db: &Connection,
    contacts: &str,
    mut each: impl FnMut(Activity),
) -> Result<()> {
    let mut statement = db.prepare_cached(
        "SELECT contact, at, key, kind, object, url, attributes FROM activity
         WHERE contact IN (SELECT value FROM json_each(?1)) ORDER BY contact, at, key",
    )?;
    let mut rows = statement.query([contacts])?;
    while let Some(row) = rows.next()? {
        each(activity(row)?);
    }
    Ok(())
}
