//! What opening a store does about the erased: the key, tombstones of earlier formats, and the
//! register beside the store, which may know more than a restored backup.

use super::super::journal;
use super::register::{Content, Register, Word};
use super::tombstones::{self, Key, Mark, Tombstones};
use crate::domain::ContactId;
use crate::store::{
    Result,
    sqlite::codec::{micros, time},
};
use rusqlite::{Connection, TransactionBehavior};
use std::collections::{BTreeMap, BTreeSet};

/// Brings store and register to the same state.
pub(in super::super) fn settle(db: &mut Connection, register: &Register) -> Result<()> {
    let told = register.read()?;
    if is_settled(db, told.as_ref())? {
        return Ok(());
    }
    let work = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Again: another process may have been first.
    let told = register.read()?;
    let key = agree_on_key(&work, register, told.as_ref())?;
    hash_bare_tombstones(&work)?;
    if let Some(told) = &told {
        register.mend(told)?;
        take_over(&work, told)?;
    }
    complete(&work, register, &key, told.as_ref())?;
    Ok(work.commit()?)
}

fn is_settled(db: &Connection, told: Option<&Content>) -> Result<bool> {
    let Some(key) = tombstones::key(db)? else {
        return Ok(false);
    };
    let known = tombstones::all(db)?;
    let agrees = match told {
        None => known.is_empty(),
        Some(told) => {
            let erased = told.last.keys().filter(|mark| told.is_erased(mark));
            told.is_whole() && told.key == key && erased.eq(known.iter().map(|(mark, _)| mark))
        }
    };
    Ok(agrees && !has_bare_tombstones(db)?)
}

/// A store that has no key yet (it is new, or a backup of long ago) takes the register's.
fn agree_on_key(db: &Connection, register: &Register, told: Option<&Content>) -> Result<Key> {
    let kept = tombstones::key(db)?;
    let key = match (kept, told) {
        (Some(kept), Some(told)) if kept != told.key => {
            // Nothing is hashed with it yet.
            if !tombstones::all(db)?.is_empty() {
                return Err(register.strange());
            }
            told.key
        }
        (Some(kept), _) => return Ok(kept),
        (None, Some(told)) => told.key,
        (None, None) => rand::random(),
    };
    tombstones::keep_key(db, &key)?;
    Ok(key)
}

fn has_bare_tombstones(db: &Connection) -> Result<bool> {
    let mut statement =
        db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'bare_tombstone'")?;
    Ok(statement.exists([])?)
}

/// Formats 1 and 2 kept the ids themselves, and those merged into them.
fn hash_bare_tombstones(db: &Connection) -> Result<()> {
    if !has_bare_tombstones(db)? {
        return Ok(());
    }
    let mut statement = db.prepare("SELECT contact, at FROM bare_tombstone")?;
    let rows = statement.query_map([], |row| Ok((ContactId(row.get(0)?), row.get(1)?)))?;
    let bare: Vec<(ContactId, i64)> = rows.collect::<std::result::Result<_, _>>()?;
    drop(statement);
    for (contact, at) in bare {
        journal::erase(db, contact, at)?;
    }
    db.execute_batch("DROP TABLE bare_tombstone")?;
    Ok(())
}

/// What the register says and the store does not know.
fn take_over(db: &Connection, told: &Content) -> Result<()> {
    let known: BTreeSet<Mark> = tombstones::all(db)?.into_iter().map(|it| it.0).collect();
    let mut missing = BTreeSet::new();
    for (mark, (word, at)) in &told.last {
        match word {
            Word::Allowed => _ = tombstones::remove(db, *mark)?,
            Word::Erased if !known.contains(mark) => {
                tombstones::add(db, *mark, micros(*at))?;
                missing.insert(*mark);
            }
            Word::Erased => {}
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let found = contacts_of(db, &missing)?;
    for (contact, at) in &found {
        journal::erase(db, *contact, *at)?;
    }
    tracing::warn!(
        tombstones = missing.len(),
        contacts = found.len(),
        "the store is older than the register of the erased (a restored backup?): erased them again"
    );
    Ok(())
}

/// The ids in the store that have one of these marks.
fn contacts_of(db: &Connection, marks: &BTreeSet<Mark>) -> Result<Vec<(ContactId, i64)>> {
    let tombstones = Tombstones::of(db)?;
    let mut statement = db.prepare(
        "SELECT id FROM contact UNION SELECT loser FROM alias UNION SELECT winner FROM alias
         UNION SELECT loser FROM merge UNION SELECT winner FROM merge
         UNION SELECT contact FROM gone UNION SELECT contact FROM mention",
    )?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let contact = ContactId(row.get(0)?);
        let mark = tombstones.mark(contact);
        if marks.contains(&mark) {
            found.push((contact, tombstones::erased_at(db, mark)?));
        }
    }
    Ok(found)
}

/// What the store knows and the register does not say.
fn complete(db: &Connection, register: &Register, key: &Key, told: Option<&Content>) -> Result<()> {
    let mut missing: BTreeMap<i64, Vec<Mark>> = BTreeMap::new();
    for (mark, at) in tombstones::all(db)? {
        if !told.is_some_and(|told| told.is_erased(&mark)) {
            missing.entry(at).or_default().push(mark);
        }
    }
    for (at, marks) in missing {
        if !register.append(Word::Erased, time(at)?, &marks)? {
            // Made anew it holds all of them.
            return register.create(key, &tombstones::dated(db)?);
        }
    }
    Ok(())
}
