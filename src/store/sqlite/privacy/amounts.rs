//! How much is held of a contact, counted where it lies: a very active one's would fill memory.

use super::super::{codec::SEGMENT, journal};
use super::held;
use crate::domain::ContactId;
use crate::store::{Amounts, Result};
use rusqlite::{Connection, Params, params};

pub(super) fn read(db: &Connection, asked: ContactId) -> Result<Option<Amounts>> {
    let Some(contact) = journal::resolve(db, asked)? else {
        return Ok(None);
    };
    let ids = held::ids(db, contact)?;
    let (mut deliveries, mut parked) = (0, 0);
    held::each_delivery(db, &ids, |_| deliveries += 1)?;
    held::each_parked(db, &ids, |_| parked += 1)?;
    let is_known = count(db, "contact WHERE id = ?1", [contact.0])? > 0;
    let of = |table: &str| count(db, &format!("{table} WHERE contact = ?1"), [contact.0]);
    let amounts = Amounts {
        profile: count(
            db,
            "contact WHERE id = ?1 AND profile IS NOT NULL",
            [contact.0],
        )? > 0,
        activities: of("activity")?,
        scores: of("score")?,
        points_log: of("points_log")?,
        adjustments: count(
            db,
            "adjustment WHERE contact = ?1 OR segment IN (
                 SELECT id FROM target WHERE contact = ?1 AND kind = ?2 AND observed = 1)",
            params![contact.0, SEGMENT],
        )?,
        effects: of("effect")?,
        writes: of("write_log")?,
        deliveries,
        parked,
        ids: ids.into_iter().collect(),
    };
    Ok((is_known || deliveries > 0 || parked > 0).then_some(amounts))
}

fn count(db: &Connection, from: &str, parameters: impl Params) -> Result<u64> {
    let mut statement = db.prepare(&format!("SELECT count(*) FROM {from}"))?;
    Ok(statement.query_row(parameters, |row| row.get(0))?)
}
