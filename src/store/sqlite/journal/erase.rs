//! Erasing contacts: their rows at once, with a tombstone for every id they had; their raw bodies
//! are noted to be looked for (see `privacy`), for that takes longer than a writer may.

use super::super::{privacy::tombstones, rereading};
use super::{Applier, identity};
use crate::domain::{ContactId, Urgency};
use crate::store::{Origin, Result};
use rusqlite::{Connection, params};

/// What Mautic tells of an id.
const TOLD: [&str; 4] = [
    "DELETE FROM look_up WHERE contact = ?1",
    "DELETE FROM points_call WHERE contact = ?1",
    "DELETE FROM activity WHERE contact = ?1",
    "DELETE FROM points_log WHERE contact = ?1",
];

/// What only we know of a person.
const PERSON: [&str; 6] = [
    "DELETE FROM adjustment WHERE contact = ?1",
    "DELETE FROM write_log WHERE contact = ?1",
    "DELETE FROM fired WHERE contact = ?1",
    "DELETE FROM effect WHERE contact = ?1",
    "DELETE FROM score WHERE contact = ?1",
    "DELETE FROM intent_lease WHERE contact = ?1",
];

/// What else is kept by a contact's id.
const ID: [&str; 3] = [
    "DELETE FROM target WHERE contact = ?1",
    "DELETE FROM dirty WHERE contact = ?1",
    "DELETE FROM contact WHERE id = ?1",
];

/// Nothing is known of whoever has the id; what Mautic holds by it is still to be seen to.
const NOBODY: &str = "UPDATE contact SET profile = NULL, points = NULL, points_at = NULL,
     plan = NULL, scored_at = NULL, next_change = NULL WHERE id = ?1";

/// What is kept of every id that a contact had.
const IDS: [&str; 4] = [
    // The newest row of the points log may be its own.
    "UPDATE cursor SET position = substr(position, 1, length(position) - length(' ' || ?1))
     WHERE name = 'lead_points_change_log' AND position LIKE '% ' || ?1",
    "DELETE FROM merge WHERE loser = ?1 OR winner = ?1",
    "DELETE FROM alias WHERE loser = ?1",
    "DELETE FROM gone WHERE contact = ?1",
];

/// Columns that hold a contact's id, all of which erasing knows: by the statements above, `mention`
/// and `erasure` when its raw bodies are forgotten. `done_by` is of the row's own contact.
#[cfg(test)]
pub(in super::super) const ERASED_COLUMNS: [&str; 21] = [
    "activity.contact",
    "activity.done_by",
    "adjustment.contact",
    "alias.loser",
    "alias.winner",
    "dirty.contact",
    "effect.contact",
    "erasure.contact",
    "fired.contact",
    "gone.contact",
    "intent_lease.contact",
    "look_up.contact",
    "mention.contact",
    "merge.loser",
    "merge.winner",
    "points_call.contact",
    "points_log.contact",
    "points_log.done_by",
    "score.contact",
    "target.contact",
    "write_log.contact",
];

impl Applier<'_> {
    /// Whatever id it was told by, the contact it stands for is erased.
    pub(super) fn deleted(&mut self, contact: ContactId, at: i64) -> Result<()> {
        self.mentioned.insert(contact);
        // That somebody was deleted tells of nobody new.
        if self.tombstones.has(self.db, contact)? {
            self.late.insert(contact);
            return Ok(());
        }
        if self.is_told_since_asked(contact)? {
            return self.gone(contact, at);
        }
        if rereading::is_lost(self.db, contact)? {
            return self.lose(contact);
        }
        self.erase(contact, at)
    }

    /// A restored Mautic does not know the contact: as erased, but without a tombstone, for whoever
    /// gets the id is somebody else.
    fn lose(&mut self, contact: ContactId) -> Result<()> {
        self.forget(contact)?;
        for sql in IDS {
            self.db.prepare_cached(sql)?.execute([contact.0])?;
        }
        self.erased.insert(contact);
        self.identities.clear();
        Ok(())
    }

    /// Erases the contact that an id stands for, whether or not it has a tombstone already.
    pub(super) fn erase(&mut self, contact: ContactId, at: i64) -> Result<()> {
        let root = identity::root(self.db, contact)?;
        let mut ids = merged_into(self.db, root)?;
        ids.push(root);
        self.forget(root)?;
        for id in ids {
            for sql in IDS {
                self.db.prepare_cached(sql)?.execute([id.0])?;
            }
            let mark = self.tombstones.mark(id);
            let at = rereading::erased_at(self.db, id, at)?;
            if tombstones::add(self.db, mark, at)? {
                self.buried.push((mark, at));
            }
            self.erased.insert(id);
        }
        self.identities.clear();
        Ok(())
    }

    /// Removes every row of a contact.
    pub(super) fn forget(&mut self, contact: ContactId) -> Result<()> {
        for sql in TOLD.iter().chain(&PERSON).chain(&ID) {
            self.db.prepare_cached(sql)?.execute([contact.0])?;
        }
        self.dirty.remove(&contact);
        self.known.remove(&contact);
        Ok(())
    }

    /// Notes whose raw bodies are to be looked for: everywhere, or, of who was erased before, in
    /// the deliveries of this batch.
    pub(super) fn note_erasures(&self, origin: &Origin) -> Result<()> {
        let mut note = self
            .db
            .prepare_cached("INSERT INTO erasure (contact, everywhere) VALUES (?1, ?2)")?;
        for contact in &self.erased {
            note.execute(params![contact.0, true])?;
        }
        if matches!(origin, Origin::Deliveries(_)) {
            for contact in self.late.difference(&self.erased) {
                note.execute(params![contact.0, false])?;
            }
        }
        Ok(())
    }
}

fn merged_into(db: &Connection, winner: ContactId) -> Result<Vec<ContactId>> {
    let mut statement = db.prepare_cached("SELECT loser FROM alias WHERE winner = ?1")?;
    let rows = statement.query_map([winner.0], |row| row.get(0).map(ContactId))?;
    Ok(rows.collect::<std::result::Result<_, _>>()?)
}

/// Forgets who had an id that is somebody else's by now; what Mautic told by that id since it was
/// restored is theirs. What was written by it is observed as before: with the next score it is set right.
pub(super) fn forget_person(db: &Connection, contact: ContactId) -> Result<()> {
    for sql in PERSON.iter().chain([&NOBODY]) {
        db.prepare_cached(sql)?.execute([contact.0])?;
    }
    Ok(())
}

/// Erases the contact that an id stands for, outside of any batch.
pub(in super::super) fn erase(db: &Connection, contact: ContactId, at: i64) -> Result<()> {
    let mut applier = Applier::new(db, at, Urgency::Bulk)?;
    applier.erase(contact, at)?;
    applier.note_erasures(&Origin::Lookup)
}
