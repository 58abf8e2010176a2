//! Who an id stands for: merges and erasures.
//!
//! Seen as a set, the merges told make trees of ids; a tree's root is the contact that lives on,
//! and if any id of the tree was told as deleted, all of the tree is erased. Mautic writes the record
//! of a merge before it deletes the loser, and drops it with the winner (`ContactMerger.php`): so a
//! merged-away id that answers 404 says that its winner was deleted. Of an erased tree a tombstone
//! for each of its ids is left, which says nothing of who was merged into whom.

use super::super::privacy::{Tombstones, tombstones};
use super::super::rereading;
use super::super::{dirty, effects, points_calls, targets};
use super::erase::forget_person;
use super::{Applier, merges};
use crate::domain::ContactId;
use crate::store::Result;
use rusqlite::{Connection, OptionalExtension, params};

/// `gone.lost`: Mautic told that the contact vanished. (1: a restored Mautic lost it, see `rereading`.)
const TOLD: i64 = 0;
/// `gone.lost`: only we missed it.
const MISSED: i64 = 2;

/// A deletion that Mautic told of is carried out by then (microseconds), or never.
const CARRIED_OUT: i64 = 60 * 60 * 1_000_000;

/// What an id is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Identity {
    /// A contact of its own, as far as known.
    Own,
    /// It lives on as this contact.
    MergedInto(ContactId),
    /// Erased, by this id or as part of the contact it was merged into.
    Erased,
}

pub(super) fn find(
    db: &Connection,
    tombstones: &Tombstones,
    contact: ContactId,
) -> Result<Identity> {
    let root = root(db, contact)?;
    Ok(if root != contact {
        // Erasing takes all of a tree: no part of one that stands is erased.
        Identity::MergedInto(root)
    } else if tombstones.has(db, contact)? {
        Identity::Erased
    } else {
        Identity::Own
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
        let mut found = find(self.db, &self.tombstones, contact)?;
        if found == Identity::Erased && !self.is_erased(contact)? {
            found = Identity::Own;
        }
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
        self.late.insert(contact);
    }

    pub(super) fn mentioned_only(&mut self, contact: ContactId) -> Result<()> {
        if self.identity(contact)? == Identity::Erased {
            self.drop_fact(contact);
        }
        Ok(())
    }

    pub(super) fn gone(&mut self, contact: ContactId, at: i64) -> Result<()> {
        match self.identity(contact)? {
            Identity::Own => {
                // Mautic itself tells of what it did; what we miss may be lost by a restore.
                let (not_before, lost) = if self.is_lookup {
                    (self.since.saturating_add(rereading::NOTICED), MISSED)
                } else {
                    (0, TOLD)
                };
                self.db
                    .prepare_cached(
                        "INSERT INTO gone (contact, at, not_before, lost) VALUES (?1, ?2, ?3, ?4)
                         ON CONFLICT (contact) DO UPDATE SET at = min(at, excluded.at),
                             not_before = iif(lost = 2 AND excluded.lost = 0, 0, not_before),
                             lost = iif(excluded.lost = 2, lost, 0)",
                    )?
                    .execute(params![contact.0, at, not_before, lost])?;
            }
            Identity::MergedInto(_) => {}
            Identity::Erased => self.drop_fact(contact),
        }
        Ok(())
    }

    /// Asked, Mautic shows who had vanished: we missed him by an error of Mautic's, or it told of a
    /// deletion that it did not carry out. It tells before it is done, so that shows only later.
    pub(super) fn is_there_after_all(&self, contact: ContactId) -> Result<()> {
        self.db
            .prepare_cached(
                "DELETE FROM gone WHERE contact = ?1 AND (lost = 2 OR lost = 0 AND at <= ?2)",
            )?
            .execute(params![contact.0, self.since.saturating_sub(CARRIED_OUT)])?;
        Ok(())
    }

    /// A later answer for the same loser means that its former winner was merged on, and an
    /// earlier answer that comes late means the same of the winner it names.
    pub(super) fn merged(&mut self, loser: ContactId, winner: ContactId, at: i64) -> Result<()> {
        self.mentioned.extend([loser, winner]);
        let erased = (self.is_erased(loser)?, self.is_erased(winner)?);
        if erased != (false, false) {
            return self.merged_with_erased(loser, winner, erased, at);
        }
        let noted = merges::note(self.db, loser, winner, at)?;
        let told: Option<i64> = self
            .db
            .prepare_cached("SELECT told_at FROM alias WHERE loser = ?1")?
            .query_row([loser.0], |row| row.get(0))
            .optional()?;
        let (mut from, mut into) = (root(self.db, loser)?, root(self.db, winner)?);
        // What follows from a later answer was so when that was given.
        let later = told.filter(|told| *told >= at);
        if later.is_some() {
            std::mem::swap(&mut from, &mut into);
        }
        self.db
            .prepare_cached("UPDATE alias SET told_at = max(told_at, ?2) WHERE loser = ?1")?
            .execute(params![loser.0, at])?;
        if from != into {
            return self.join(from, into, later.unwrap_or(at));
        }
        if loser == into && loser != winner && !merges::is_loser(self.db, winner)? {
            return self.turn_round(loser, winner, at);
        }
        if noted && loser != into {
            self.know(into)?;
            self.dirty(into);
        }
        Ok(())
    }

    /// One of them was erased: so is the other, for they are one. While Mautic is read anew nobody
    /// knows yet whether the id is another person's by now; who vanished is asked for afterwards.
    fn merged_with_erased(
        &mut self,
        loser: ContactId,
        winner: ContactId,
        erased: (bool, bool),
        at: i64,
    ) -> Result<()> {
        let unsure = erased != (true, true) && rereading::is_under_way(self.db)?;
        for (contact, erased) in [(loser, erased.0), (winner, erased.1)] {
            if erased {
                self.late.insert(contact);
            } else if !unsure {
                self.erase(contact, at)?;
            }
        }
        Ok(())
    }

    /// Who was taken for the one that lives on was merged away, which is for good: Mautic's clock was
    /// set back between two answers, so that they seemed to be given the other way round.
    fn turn_round(&mut self, loser: ContactId, winner: ContactId, at: i64) -> Result<()> {
        self.db
            .prepare_cached("DELETE FROM alias WHERE loser = ?1")?
            .execute([winner.0])?;
        self.identities.clear();
        self.join(loser, winner, at)
    }

    fn join(&mut self, loser: ContactId, winner: ContactId, at: i64) -> Result<()> {
        if rereading::was_anothers(self.db, loser)? {
            forget_person(self.db, loser)?;
        }
        // Before the loser's comes to it: the id is somebody else's by now.
        if rereading::is_lost(self.db, winner)? {
            rereading::clear_lost(self.db, winner)?;
            forget_person(self.db, winner)?;
        }
        for (sql, parameters) in [
            ("UPDATE alias SET winner = ?2 WHERE winner = ?1", 2),
            (
                "INSERT INTO alias (loser, winner, told_at) VALUES (?1, ?2, ?3)",
                3,
            ),
            ("DELETE FROM gone WHERE contact = ?1", 1),
        ] {
            let all: [&dyn rusqlite::ToSql; 3] = [&loser.0, &winner.0, &at];
            self.db.prepare_cached(sql)?.execute(&all[..parameters])?;
        }
        self.identities.clear();
        self.know(winner)?;
        self.move_history(loser, winner)?;
        self.forget(loser)
    }

    /// Whether this id has a tombstone, of whoever has it.
    pub(super) fn is_erased(&mut self, contact: ContactId) -> Result<bool> {
        if !self.tombstones.has(self.db, contact)? {
            return Ok(false);
        }
        let mark = self.tombstones.mark(contact);
        let erased_at = tombstones::erased_at(self.db, mark)?;
        if !rereading::is_given_anew(self.db, contact, erased_at)? {
            return Ok(true);
        }
        self.take_off(contact)?;
        Ok(false)
    }

    /// The id is another person's than the one's who was erased.
    pub(super) fn take_off(&mut self, contact: ContactId) -> Result<()> {
        let mark = self.tombstones.mark(contact);
        tombstones::remove(self.db, mark)?;
        self.identities.remove(&contact);
        self.let_in.push(mark);
        Ok(())
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
