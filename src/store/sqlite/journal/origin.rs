//! Where a batch came from moves on with it; what was not understood is parked.

use super::{super::privacy::names, Applier};
use crate::domain::{ContactId, numbers};
use crate::store::{Batch, DeliveryId, NewParked, Origin, Result};
use rusqlite::{Connection, params};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// Excerpts are cut to this, on a character's border.
const EXCERPT: usize = 64 * 1024;

impl Applier<'_> {
    /// Parks what was not understood, each once: a delivery decoded twice, or a row polled again,
    /// adds nothing. What names an erased contact is not kept, nor the raw body it came in.
    pub(super) fn park(&mut self, batch: &Batch) -> Result<()> {
        if let Origin::Parked(items) = &batch.origin {
            let mut retried = self.db.prepare_cached("DELETE FROM parked WHERE id = ?1")?;
            for item in items {
                retried.execute([item])?;
            }
        }
        for item in &batch.parked {
            if !self.speaks_of_erased(item)? {
                keep(self.db, item, self.since)?;
            }
        }
        Ok(())
    }

    fn speaks_of_erased(&mut self, item: &NewParked) -> Result<bool> {
        let mut named = names::named(&item.excerpt);
        if must_forget(self.db, item.delivery)? {
            named.extend(numbers(item.excerpt.as_bytes()));
        }
        let mut erased = Vec::new();
        for contact in named {
            if self.is_erased(contact)? {
                erased.push(contact);
            }
        }
        self.mentioned.extend(&erased);
        self.late.extend(&erased);
        Ok(!erased.is_empty())
    }
}

/// Whether the delivery is known to speak of a contact that was erased before it was decoded.
fn must_forget(db: &Connection, delivery: Option<DeliveryId>) -> Result<bool> {
    let Some(DeliveryId(delivery)) = delivery else {
        return Ok(false);
    };
    let mut statement = db.prepare_cached("SELECT 1 FROM delivery WHERE id = ?1 AND forget = 1")?;
    Ok(statement.exists([delivery])?)
}

fn keep(db: &Connection, item: &NewParked, at: i64) -> Result<()> {
    let delivery = item.delivery.map(|DeliveryId(id)| id);
    let digest = digest(item);
    let known = db
        .prepare_cached("SELECT 1 FROM parked WHERE delivery IS ?1 AND digest = ?2")?
        .exists(params![delivery, digest])?;
    if known {
        return Ok(());
    }
    let excerpt = &item.excerpt[..item.excerpt.floor_char_boundary(EXCERPT)];
    db.prepare_cached(
        "INSERT INTO parked (delivery, kind, reason, excerpt, digest, at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        delivery,
        item.kind,
        item.reason,
        excerpt,
        digest,
        at
    ])?;
    Ok(())
}

fn digest(item: &NewParked) -> Vec<u8> {
    let mut hasher = Sha256::new();
    hasher.update(&item.kind);
    hasher.update([0]);
    hasher.update(&item.excerpt);
    hasher.finalize()[..16].to_vec()
}

/// Marks deliveries as decoded, with the contacts they speak of, or moves cursors.
pub(super) fn move_on(
    db: &Connection,
    origin: &Origin,
    mentioned: &BTreeSet<ContactId>,
) -> Result<()> {
    match origin {
        Origin::Deliveries(deliveries) => decoded(db, deliveries, mentioned),
        Origin::Poll(moves) => {
            let mut statement = db
                .prepare_cached("INSERT OR REPLACE INTO cursor (name, position) VALUES (?1, ?2)")?;
            for cursor in moves {
                statement.execute([&cursor.name, &cursor.position])?;
            }
            Ok(())
        }
        Origin::Parked(_) | Origin::Lookup => Ok(()),
    }
}

fn decoded(
    db: &Connection,
    deliveries: &[DeliveryId],
    mentioned: &BTreeSet<ContactId>,
) -> Result<()> {
    let Some(batch) = deliveries.iter().map(|DeliveryId(id)| *id).min() else {
        return Ok(());
    };
    let mut mark = db.prepare_cached(
        "UPDATE delivery SET decoded = 1, batch = ?2, owner = NULL, lease_until = NULL,
             body = iif(forget = 1, NULL, body)
         WHERE id = ?1",
    )?;
    for DeliveryId(id) in deliveries {
        mark.execute([*id, batch])?;
    }
    let mut mention =
        db.prepare_cached("INSERT OR IGNORE INTO mention (contact, batch) VALUES (?1, ?2)")?;
    for contact in mentioned {
        mention.execute([i64::from(contact.0), batch])?;
    }
    Ok(())
}
