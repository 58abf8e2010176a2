//! Who an id stands for: merges and erasures.
//!
//! Seen as a set, the merges told make trees of ids; a tree's root is the contact that lives on,
//! and if any id of the tree was told as deleted, the root is erased. Mautic writes the record of
//! a merge before it deletes the loser, and drops it with the winner (`ContactMerger.php`): so a
//! merged-away id that answers 404 says that its winner was deleted.

use super::{super::dirty, super::effects, super::points_calls, super::targets, Applier, merges};
use crate::domain::ContactId;
use crate::store::Result;
use rusqlite::{Connection, OptionalExtension, params};

/// What an id is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Identity {
    /// A contact of its own, as far as known.
    Own,
    /// It lives on as this contact.
    MergedInto(ContactId),
    /// Erased, or merged into a contact that was.
    Erased,
}

pub(super) fn find(db: &Connection, contact: ContactId) -> Result<Identity> {
    let root = root(db, contact)?;
    let mut statement = db.prepare_cached("SELECT 1 FROM tombstone WHERE contact = ?1")?;
    Ok(if statement.exists([root.0])? {
        Identity::Erased
    } else if root == contact {
        Identity::Own
    } else {
        Identity::MergedInto(root)
    })
}

pub(super) fn root(db: &Connection, contact: ContactId) -> Result<ContactId> {
    let mut statement = db.prepare_cached("SELECT winner FROM alias WHERE loser = ?1")?;
    let winner = statement
        .query_row([contact.0], |row| row.get(0).map(ContactId))
        .optional()?;
    Ok(winner.unwrap_or(contact))
}

impl Applier<'_> {
    pub(super) fn identity(&mut self, contact: ContactId) -> Result<Identity> {
        self.mentioned.insert(contact);
        if let Some(known) = self.identities.get(&contact) {
            return Ok(*known);
        }
        let found = find(self.db, contact)?;
        self.identities.insert(contact, found);
        Ok(found)
    }

    /// The contact that a fact is of; `None`, counted, if it is erased.
    pub(super) fn subject(&mut self, contact: ContactId) -> Result<Option<ContactId>> {
        let subject = match self.identity(contact)? {
            Identity::Own => contact,
            Identity::MergedInto(winner) => winner,
            Identity::Erased => {
                self.drop_fact(contact);
                return Ok(None);
            }
        };
        self.know(subject)?;
        Ok(Some(subject))
    }

    pub(super) fn drop_fact(&mut self, contact: ContactId) {
        self.applied.dropped += 1;
        self.erased.insert(contact);
    }

    pub(super) fn gone(&mut self, contact: ContactId, at: i64) -> Result<()> {
        match self.identity(contact)? {
            Identity::Own => {
                self.db
                    .prepare_cached(
                        "INSERT INTO gone (contact, at) VALUES (?1, ?2)
                         ON CONFLICT (contact) DO UPDATE SET at = min(at, excluded.at)",
                    )?
                    .execute(params![contact.0, at])?;
            }
            Identity::MergedInto(_) => {}
            Identity::Erased => self.drop_fact(contact),
        }
        Ok(())
    }

    /// A later answer for the same loser means that its former winner was merged on, and an
    /// earlier answer that comes late means the same of the winner it names.
    pub(super) fn merged(&mut self, loser: ContactId, winner: ContactId, at: i64) -> Result<()> {
        self.mentioned.extend([loser, winner]);
        let noted = merges::note(self.db, loser, winner, at)?;
        let told: Option<i64> = self
            .db
            .prepare_cached("SELECT told_at FROM alias WHERE loser = ?1")?
            .query_row([loser.0], |row| row.get(0))
            .optional()?;
        let (mut from, mut into) = (root(self.db, loser)?, root(self.db, winner)?);
        if told.is_some_and(|told| told >= at) {
            std::mem::swap(&mut from, &mut into);
        }
        self.db
            .prepare_cached("UPDATE alias SET told_at = max(told_at, ?2) WHERE loser = ?1")?
            .execute(params![loser.0, at])?;
        if from != into {
            return self.join(from, into, at);
        }
        if self.is_erased(into)? {
            return merges::forget(self.db, into);
        }
        if noted && loser != into {
            self.know(into)?;
            self.dirty(into);
        }
        Ok(())
    }

    fn join(&mut self, loser: ContactId, winner: ContactId, at: i64) -> Result<()> {
        let erased = self.is_erased(loser)? || self.is_erased(winner)?;
        for (sql, parameters) in [
            ("UPDATE alias SET winner = ?2 WHERE winner = ?1", 2),
            (
                "INSERT INTO alias (loser, winner, told_at) VALUES (?1, ?2, ?3)",
                3,
            ),
            ("DELETE FROM gone WHERE contact = ?1", 1),
            // Only roots carry tombstones.
            ("DELETE FROM tombstone WHERE contact = ?1", 1),
        ] {
            let all: [&dyn rusqlite::ToSql; 3] = [&loser.0, &winner.0, &at];
            self.db.prepare_cached(sql)?.execute(&all[..parameters])?;
        }
        self.identities.clear();
        if erased {
            self.forget(loser)?;
            return self.erase(winner, at);
        }
        self.know(winner)?;
        self.move_history(loser, winner)?;
        self.forget(loser)
    }

    fn is_erased(&self, contact: ContactId) -> Result<bool> {
        let mut statement = self
            .db
            .prepare_cached("SELECT 1 FROM tombstone WHERE contact = ?1")?;
        Ok(statement.exists([contact.0])?)
    }

    fn move_history(&mut self, loser: ContactId, winner: ContactId) -> Result<()> {
        for sql in [
            "UPDATE activity SET contact = ?2, done_by = coalesce(done_by, ?1) WHERE contact = ?1",
            "UPDATE points_log SET contact = ?2, done_by = coalesce(done_by, ?1) WHERE contact = ?1",
            "UPDATE adjustment SET contact = ?2 WHERE contact = ?1",
            "UPDATE write_log SET contact = ?2 WHERE contact = ?1",
            "INSERT INTO fired (contact, rule, crossed_at, rearmed_at)
             SELECT ?2, rule, crossed_at, rearmed_at FROM fired WHERE contact = ?1
             ON CONFLICT DO UPDATE SET crossed_at = excluded.crossed_at,
                 rearmed_at = excluded.rearmed_at
             WHERE excluded.crossed_at > crossed_at",
        ] {
            self.db.prepare_cached(sql)?.execute([loser.0, winner.0])?;
        }
        effects::merge(self.db, loser, winner)?;
        points_calls::merge(self.db, loser, winner)?;
        targets::merge(self.db, loser, winner, self.cause())?;
        if let Some((since, urgency)) = dirty::take(self.db, loser)? {
            self.dirty_since(winner, since, urgency);
        }
        if let Some((since, urgency)) = self.dirty.remove(&loser) {
            self.dirty_since(winner, since, urgency);
        }
        self.dirty(winner);
        Ok(())
    }
}
