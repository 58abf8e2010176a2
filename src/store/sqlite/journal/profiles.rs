//! Contacts as Mautic shows them.
//!
//! The newest by Mautic's clock is kept; but what Mautic was asked for when something was known already
//! is newer than that, whatever its clock says: it may have been set back.

use super::{
    super::{
        codec::{from_json, limit, micros, to_json},
        leases::{counter, set_counter},
        privacy::tombstones,
        rereading,
    },
    Applier,
    erase::forget_person,
    identity::Identity,
};
use crate::domain::{ContactId, Profile};
use crate::store::{Moment, Result};
use rusqlite::{Connection, params};

/// How many batches told profiles.
pub(super) const BATCHES: &str = "profile_batches";

/// A contact's profile as it is known.
struct Known {
    profile: Profile,
    json: String,
    /// The number of the batch that told it.
    told_in: Option<i64>,
}

impl Applier<'_> {
    pub(super) fn profile(&mut self, profile: &Profile) -> Result<()> {
        self.let_in(profile)?;
        let Some(contact) = self.shown(profile.contact)? else {
            return Ok(());
        };
        if self.is_lookup {
            self.is_there_after_all(contact)?;
        }
        let known = self.known(contact, profile)?;
        if let Some(known) = &known
            && rereading::notice(self.db, &known.profile, profile, self.since)?
        {
            self.applied.went_back = true;
            return Ok(());
        }
        let asked_later = self.is_asked_later(known.as_ref());
        if asked_later {
            self.forget_points(contact)?;
        }
        self.see_points(contact, profile.points, micros(profile.as_of))?;
        let text = to_json(profile)?;
        let Some(known) = known else {
            return self.keep(contact, &text);
        };
        let newer = (known.profile.as_of, &known.json) > (profile.as_of, &text);
        if known.json == text {
            return Ok(());
        }
        if newer && !asked_later {
            return self.ask_about(contact, known.profile, profile);
        }
        self.keep(contact, &text)?;
        if differs(known.profile, profile) {
            self.dirty(contact);
        }
        Ok(())
    }

    /// Mautic gave an id of somebody who was erased to somebody else.
    fn let_in(&mut self, profile: &Profile) -> Result<()> {
        let contact = profile.contact;
        if self.identity(contact)? != Identity::Erased {
            return Ok(());
        }
        let mark = self.tombstones.mark(contact);
        let erased_at = tombstones::erased_at(self.db, mark)?;
        if rereading::is_made_since(self.db, profile, erased_at, self.since)? {
            self.take_off(contact)?;
        }
        Ok(())
    }

    /// What is known of a contact; nothing, if its id was another person's before Mautic was restored.
    fn known(&mut self, contact: ContactId, told: &Profile) -> Result<Option<Known>> {
        let (json, told_in): (Option<String>, _) = self
            .db
            .prepare_cached("SELECT profile, told_in FROM contact WHERE id = ?1")?
            .query_row([contact.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let Some(json) = json else {
            self.dirty(contact);
            return Ok(None);
        };
        let profile: Profile = from_json(&json)?;
        rereading::found(self.db, &profile)?;
        if rereading::is_another(self.db, &profile, told)? {
            forget_person(self.db, contact)?;
            self.dirty(contact);
            return Ok(None);
        }
        rereading::is_the_same(self.db, &profile)?;
        Ok(Some(Known {
            profile,
            json,
            told_in,
        }))
    }

    fn is_asked_later(&self, known: Option<&Known>) -> bool {
        let told_in = known.and_then(|known| known.told_in);
        // Those of earlier versions have no number: they were known before.
        let known_by_then = |Moment(asked)| told_in.unwrap_or(0) <= asked;
        known.is_some() && self.asked.is_some_and(known_by_then)
    }

    /// Whether somebody with this id was told of after Mautic was asked: a restored Mautic may have
    /// given the id to somebody else meanwhile.
    pub(super) fn is_told_since_asked(&self, contact: ContactId) -> Result<bool> {
        let Some(Moment(asked)) = self.asked else {
            return Ok(false);
        };
        let mut told = self
            .db
            .prepare_cached("SELECT 1 FROM contact WHERE id = ?1 AND told_in > ?2")?;
        Ok(told.exists(params![contact.0, asked])?)
    }

    /// A delivery came late, or Mautic's clock was set back; an answer, which may be newer than what was
    /// told meanwhile.
    fn ask_about(&mut self, contact: ContactId, mut known: Profile, told: &Profile) -> Result<()> {
        // Points are told with every activity, and are known with a time of their own.
        known.points = told.points;
        if !differs(known, told) {
            return Ok(());
        }
        let number = self.number()?;
        self.db
            .prepare_cached(
                "INSERT INTO look_up (contact, number) VALUES (?1, ?2)
                 ON CONFLICT (contact) DO UPDATE SET number = excluded.number",
            )?
            .execute(params![contact.0, number])?;
        Ok(())
    }

    /// What is asked for already may be older than what is told now.
    pub(super) fn tell_anew(&mut self, contact: ContactId) -> Result<()> {
        let number = self.number()?;
        self.db
            .prepare_cached("UPDATE contact SET told_in = ?2 WHERE id = ?1")?
            .execute(params![contact.0, number])?;
        Ok(())
    }

    fn number(&mut self) -> Result<i64> {
        if let Some(number) = self.number {
            return Ok(number);
        }
        let number = counter(self.db, BATCHES)? + 1;
        set_counter(self.db, BATCHES, number)?;
        self.number = Some(number);
        Ok(number)
    }

    fn keep(&mut self, contact: ContactId, profile: &str) -> Result<()> {
        let number = self.number()?;
        self.db
            .prepare_cached("UPDATE contact SET profile = ?2, told_in = ?3 WHERE id = ?1")?
            .execute(params![contact.0, profile, number])?;
        Ok(())
    }

    /// What was seen of main points may seem newer than what is seen now.
    fn forget_points(&self, contact: ContactId) -> Result<()> {
        self.db
            .prepare_cached("UPDATE contact SET points_at = NULL WHERE id = ?1")?
            .execute([contact.0])?;
        Ok(())
    }
}

pub(super) fn to_look_up(db: &Connection, most: usize) -> Result<Vec<ContactId>> {
    let mut statement =
        db.prepare_cached("SELECT contact FROM look_up ORDER BY number, contact LIMIT ?1")?;
    let rows = statement.query_map([limit(most)], |row| row.get(0).map(ContactId))?;
    Ok(rows.collect::<std::result::Result<_, _>>()?)
}

pub(super) fn looked_up(
    db: &Connection,
    answered: &[ContactId],
    failed: &[ContactId],
    Moment(asked): Moment,
) -> Result<()> {
    let mut done = db.prepare_cached("DELETE FROM look_up WHERE contact = ?1 AND number <= ?2")?;
    for contact in answered {
        done.execute(params![contact.0, asked])?;
    }
    let mut last = db.prepare_cached(
        "UPDATE look_up SET number = (SELECT max(number) FROM look_up) WHERE contact = ?1",
    )?;
    for contact in failed {
        last.execute([contact.0])?;
    }
    Ok(())
}

/// Whether anything but the time it was shown differs.
fn differs(mut known: Profile, shown: &Profile) -> bool {
    known.as_of = shown.as_of;
    known != *shown
}
