//! Facts: each applied as the journal's contract says, whatever the order they come in.

mod activities;
mod erase;
mod identity;
mod ledger;
mod merges;
mod origin;
mod profiles;
mod sightings;

use super::{
    SqliteStore,
    codec::{limit, micros},
    dirty,
    leases::counter,
    privacy::{Mark, Register, Tombstones},
    targets::{self, Cause},
};
use crate::domain::{ContactId, SegmentId};
use crate::store::{Applied, Batch, Journal, Moment, Origin, Result, Urgency};
use identity::Identity;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::{BTreeMap, BTreeSet, HashMap};

pub(super) use activities::read_activities;
#[cfg(test)]
pub(super) use erase::ERASED_COLUMNS;
pub(super) use erase::erase;
pub(super) use ledger::{read_ledger, read_log};
pub(super) use merges::read_merges;

#[async_trait::async_trait]
impl Journal for SqliteStore {
    async fn apply(&self, batch: Batch) -> Result<Applied> {
        let register = self.register.clone();
        let applied = self.write(move |db| apply(db, &register, batch)).await?;
        self.told.count(applied);
        Ok(applied)
    }

    async fn moment(&self) -> Result<Moment> {
        self.read(|db| Ok(Moment(counter(db, profiles::BATCHES)?)))
            .await
    }

    async fn cursor(&self, name: &str) -> Result<Option<String>> {
        let name = name.to_owned();
        self.read(move |db| {
            let mut statement = db.prepare_cached("SELECT position FROM cursor WHERE name = ?1")?;
            Ok(statement.query_row([name], |row| row.get(0)).optional()?)
        })
        .await
    }

    async fn unresolved_gone(&self, most: usize, now: Timestamp) -> Result<Vec<ContactId>> {
        self.read(move |db| {
            let mut statement = db.prepare_cached(
                "SELECT contact FROM gone WHERE not_before <= ?2
                 ORDER BY not_before, at, contact LIMIT ?1",
            )?;
            let most = params![limit(most), micros(now)];
            let rows = statement.query_map(most, |row| row.get(0).map(ContactId))?;
            Ok(rows.collect::<std::result::Result<_, _>>()?)
        })
        .await
    }

    async fn put_off_gone(&self, contacts: &[ContactId], until: Timestamp) -> Result<()> {
        let contacts = contacts.to_vec();
        self.write(move |db| {
            let mut statement =
                db.prepare_cached("UPDATE gone SET not_before = ?2 WHERE contact = ?1")?;
            for contact in contacts {
                statement.execute(params![contact.0, micros(until)])?;
            }
            Ok(())
        })
        .await
    }

    async fn to_look_up(&self, most: usize) -> Result<Vec<ContactId>> {
        self.read(move |db| profiles::to_look_up(db, most)).await
    }

    async fn looked_up(
        &self,
        answered: &[ContactId],
        failed: &[ContactId],
        asked: Moment,
    ) -> Result<()> {
        let (answered, failed) = (answered.to_vec(), failed.to_vec());
        self.write(move |db| profiles::looked_up(db, &answered, &failed, asked))
            .await
    }

    async fn resolve(&self, contact: ContactId) -> Result<Option<ContactId>> {
        self.read(move |db| resolve(db, contact)).await
    }

    async fn members_of(&self, segment: SegmentId) -> Result<Vec<ContactId>> {
        self.read(move |db| targets::members(db, segment)).await
    }
}

/// The contact that an id stands for; `None` if erased.
pub(super) fn resolve(db: &Connection, contact: ContactId) -> Result<Option<ContactId>> {
    let tombstones = Tombstones::of(db)?;
    Ok(match identity::find(db, &tombstones, contact)? {
        Identity::Own => Some(contact),
        Identity::MergedInto(winner) => Some(winner),
        Identity::Erased => None,
    })
}

fn apply(db: &Connection, register: &Register, mut batch: Batch) -> Result<Applied> {
    let mut applier = Applier::new(db, micros(batch.received_at), batch.urgency)?;
    applier.asked = batch.asked;
    applier.is_lookup = matches!(batch.origin, Origin::Lookup);
    for sighting in std::mem::take(&mut batch.sightings) {
        applier.sighting(sighting)?;
    }
    applier.mark_dirty()?;
    applier.park(&batch)?;
    origin::move_on(db, &batch.origin, &applier.mentioned)?;
    applier.note_erasures(&batch.origin)?;
    // In this order: who was let in may have been erased later in the same batch.
    register.let_in(db, batch.received_at, &applier.let_in)?;
    register.bury(db, &applier.buried)?;
    Ok(applier.applied)
}

/// Applies the facts of one batch.
struct Applier<'db> {
    db: &'db Connection,
    /// When the oldest of it reached us, or when Mautic was asked for it.
    since: i64,
    asked: Option<Moment>,
    /// We asked, nobody told us.
    is_lookup: bool,
    /// The number of this batch among those that told profiles.
    number: Option<i64>,
    urgency: Urgency,
    applied: Applied,
    /// Contacts to be made dirty, with since when and how urgent.
    dirty: BTreeMap<ContactId, (i64, Urgency)>,
    /// Ids as they were told, whose facts are in the deliveries' bodies.
    mentioned: BTreeSet<ContactId>,
    tombstones: Tombstones,
    /// Ids erased by this batch, and the new tombstones with when.
    erased: BTreeSet<ContactId>,
    buried: Vec<(Mark, i64)>,
    /// Tombstones taken away: their ids are other people's now.
    let_in: Vec<Mark>,
    /// Ids erased before that the batch speaks of.
    late: BTreeSet<ContactId>,
    identities: HashMap<ContactId, Identity>,
    known: BTreeSet<ContactId>,
}

impl<'db> Applier<'db> {
    fn new(db: &'db Connection, since: i64, urgency: Urgency) -> Result<Self> {
        Ok(Self {
            db,
            since,
            asked: None,
            is_lookup: false,
            number: None,
            urgency,
            applied: Applied::default(),
            dirty: BTreeMap::new(),
            mentioned: BTreeSet::new(),
            tombstones: Tombstones::of(db)?,
            erased: BTreeSet::new(),
            buried: Vec::new(),
            let_in: Vec::new(),
            late: BTreeSet::new(),
            identities: HashMap::new(),
            known: BTreeSet::new(),
        })
    }

    fn cause(&self) -> Cause {
        Cause {
            at: self.since,
            urgency: self.urgency,
        }
    }

    fn dirty(&mut self, contact: ContactId) {
        self.dirty_since(contact, self.since, self.urgency);
    }

    fn dirty_since(&mut self, contact: ContactId, since: i64, urgency: Urgency) {
        let mark = self.dirty.entry(contact).or_insert((since, urgency));
        *mark = (mark.0.min(since), mark.1.max(urgency));
    }

    fn mark_dirty(&mut self) -> Result<()> {
        if self.dirty.is_empty() {
            return Ok(());
        }
        let generation = dirty::next_generation(self.db)?;
        for (contact, (since, urgency)) in &self.dirty {
            dirty::mark(self.db, *contact, generation, *since, *urgency)?;
        }
        self.applied.dirty_contacts = self.dirty.len() as u64;
        Ok(())
    }

    /// Makes a contact known.
    fn know(&mut self, contact: ContactId) -> Result<()> {
        if self.known.insert(contact) {
            self.db
                .prepare_cached("INSERT OR IGNORE INTO contact (id) VALUES (?1)")?
                .execute([contact.0])?;
        }
        Ok(())
    }
}
