//! Everything held of a contact.

use super::super::{
    adjustments, admin,
    codec::{id_list, target, time},
    deliveries::{each_parked_item, unpack_body},
    effects, journal, snapshots,
};
use crate::domain::{ContactId, speaks_of};
use crate::store::{DeliveryId, EffectQuery, Held, HeldCall, HeldDelivery, HeldItem, Result};
use rusqlite::Connection;
use std::collections::BTreeSet;

pub(super) fn read(db: &Connection, asked: ContactId) -> Result<Option<Held>> {
    let Some(contact) = journal::resolve(db, asked)? else {
        return Ok(None);
    };
    let ids = ids(db, contact)?;
    let (mut deliveries, mut parked) = (Vec::new(), Vec::new());
    each_delivery(db, &ids, |delivery| deliveries.push(delivery))?;
    each_parked(db, &ids, |item| parked.push(item))?;
    let query = EffectQuery {
        contact: Some(contact),
        ..EffectQuery::default()
    };
    let mut held = Held {
        contact,
        overview: admin::overview(db, contact)?,
        snapshot: snapshots::read(db, &[contact])?.pop(),
        points_log: journal::read_log(db, contact)?,
        adjustments: adjustments::of(db, contact, usize::MAX)?,
        effects: effects::list(db, &query, usize::MAX)?,
        writes: admin::writes_of(db, contact, usize::MAX)?,
        calls: calls(db, contact)?,
        deliveries,
        parked,
        ids: ids.into_iter().collect(),
    };
    held.adjustments.reverse();
    held.effects.reverse();
    held.writes.reverse();
    let is_known =
        held.overview.is_some() || !held.deliveries.is_empty() || !held.parked.is_empty();
    Ok(is_known.then_some(held))
}

/// All ids that the contact has or had.
pub(super) fn ids(db: &Connection, contact: ContactId) -> Result<BTreeSet<ContactId>> {
    let mut ids: BTreeSet<ContactId> = admin::merged_from(db, contact)?.into_iter().collect();
    ids.insert(contact);
    Ok(ids)
}

fn calls(db: &Connection, contact: ContactId) -> Result<Vec<HeldCall>> {
    let mut statement = db.prepare(
        "SELECT kind, target, marker, delta, before, sent_at, iif(ended IS NULL, NULL, ended = 1)
         FROM points_call
         WHERE contact = ?1 ORDER BY sent_at, marker",
    )?;
    let mut rows = statement.query([contact.0])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(HeldCall {
            target: target(row.get(0)?, row.get(1)?)?,
            marker: row.get(2)?,
            delta: row.get(3)?,
            before: row.get(4)?,
            sent_at: time(row.get(5)?)?,
            applied: row.get(6)?,
        });
    }
    Ok(found)
}

/// Raw deliveries that speak of the contact, by number.
pub(super) fn each_delivery(
    db: &Connection,
    ids: &BTreeSet<ContactId>,
    mut each: impl FnMut(HeldDelivery),
) -> Result<()> {
    let mut statement = db.prepare(
        "SELECT id, received_at, size, body FROM delivery WHERE body IS NOT NULL AND (
             decoded = 0 OR id IN (SELECT delivery FROM parked) OR batch IN (
                 SELECT batch FROM mention WHERE contact IN (SELECT value FROM json_each(?1))))
         ORDER BY id",
    )?;
    let mut rows = statement.query([id_list(ids.iter().map(|id| id.0))])?;
    while let Some(row) = rows.next()? {
        let packed: Vec<u8> = row.get(3)?;
        let body = unpack_body(&packed, row.get(2)?)?;
        if speaks_of(&body, ids) {
            each(HeldDelivery {
                id: DeliveryId(row.get(0)?),
                received_at: time(row.get(1)?)?,
                body,
            });
        }
    }
    Ok(())
}

/// Items not understood that speak of the contact, by number.
pub(super) fn each_parked(
    db: &Connection,
    ids: &BTreeSet<ContactId>,
    mut each: impl FnMut(HeldItem),
) -> Result<()> {
    each_parked_item(db, "ORDER BY id", [], |item| {
        if speaks_of(item.excerpt.as_bytes(), ids) {
            each(item);
        }
    })
}
