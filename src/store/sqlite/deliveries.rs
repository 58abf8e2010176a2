//! Raw deliveries.

use super::{
    SqliteStore,
    codec::{limit, micros, time},
    writer::Turn,
};
use crate::store::{
    Deliveries, DeliveryId, HeldItem, NewDelivery, Owner, RawDelivery, Result, StoreError,
};
use jiff::Timestamp;
use rusqlite::{Connection, Params, params};
use std::cell::RefCell;
use zstd::bulk::Compressor;

/// Fast; JSON shrinks to a fifth all the same.
const LEVEL: i32 = 1;
/// Bigger bodies are packed where blocking is allowed.
const LARGE: usize = 128 * 1024;
/// Bodies forgotten per transaction, so that deliveries never wait long.
const CHUNK: usize = 2_000;

struct Packed {
    id: i64,
    received_at: i64,
    size: usize,
    body: Vec<u8>,
}

#[async_trait::async_trait]
impl Deliveries for SqliteStore {
    async fn append_delivery(&self, delivery: NewDelivery) -> Result<DeliveryId> {
        let (received_at, size) = (micros(delivery.received_at), delivery.body.len());
        let packed = if size > LARGE {
            blocking(move || pack(&delivery.body)).await?
        } else {
            pack(&delivery.body)?
        };
        let insert = move |db: &Connection| {
            let mut statement = db.prepare_cached(
                "INSERT INTO delivery (received_at, size, body) VALUES (?1, ?2, ?3)",
            )?;
            Ok(DeliveryId(statement.insert(params![
                received_at,
                limit(size),
                packed
            ])?))
        };
        self.writer.run(Turn::Next, insert).await
    }

    async fn claim_deliveries(
        &self,
        owner: &Owner,
        limit: usize,
        bytes: usize,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Vec<RawDelivery>> {
        let (owner, now, until) = (owner.clone(), micros(now), micros(lease_until));
        let packed = self
            .write(move |db| claim(db, &owner, (limit, bytes), now, until))
            .await?;
        if packed.is_empty() {
            return Ok(Vec::new());
        }
        blocking(move || packed.iter().map(unpack).collect()).await
    }

    async fn prune_bodies(&self, before: Timestamp) -> Result<u64> {
        let (before, mut pruned) = (micros(before), 0);
        loop {
            let count = self.write(move |db| prune(db, before)).await?;
            pruned += count as u64;
            if count < CHUNK {
                return Ok(pruned);
            }
        }
    }

    async fn parked_alone(&self, after: i64, most: usize) -> Result<Vec<HeldItem>> {
        self.read(move |db| parked_alone(db, after, most)).await
    }

    async fn retry_parked(&self) -> Result<u64> {
        self.write(retry_parked).await
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| StoreError::Database(format!("the program is stopping: {error}")))?
}

thread_local! {
    /// Making a compressor takes longer than packing a usual body.
    static PACKER: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
}

fn pack(body: &[u8]) -> Result<Vec<u8>> {
    let packed = PACKER.with_borrow_mut(|packer| match packer {
        Some(packer) => packer.compress(body),
        None => packer.insert(Compressor::new(LEVEL)?).compress(body),
    });
    packed.map_err(|error| StoreError::Database(format!("a body can't be compressed: {error}")))
}

pub(super) fn unpack_body(body: &[u8], size: usize) -> Result<Vec<u8>> {
    zstd::bulk::decompress(body, size).map_err(|error| {
        StoreError::Corrupt(format!(
            "a delivery's body is damaged ({error}); restore the latest backup"
        ))
    })
}

fn unpack(packed: &Packed) -> Result<RawDelivery> {
    Ok(RawDelivery {
        id: DeliveryId(packed.id),
        received_at: time(packed.received_at)?,
        body: unpack_body(&packed.body, packed.size)?,
    })
}

fn claim(
    db: &Connection,
    owner: &Owner,
    (most, bytes): (usize, usize),
    now: i64,
    until: i64,
) -> Result<Vec<Packed>> {
    let mut statement = db.prepare_cached(
        "SELECT id, received_at, size, body FROM delivery
         WHERE decoded = 0 AND body IS NOT NULL AND (lease_until IS NULL OR lease_until <= ?1)
         ORDER BY id LIMIT ?2",
    )?;
    let rows = statement.query_map(params![now, limit(most)], |row| {
        Ok(Packed {
            id: row.get(0)?,
            received_at: row.get(1)?,
            size: row.get(2)?,
            body: row.get(3)?,
        })
    })?;
    let (mut found, mut taken): (Vec<Packed>, usize) = (Vec::new(), 0);
    for delivery in rows {
        let delivery = delivery?;
        taken = taken.saturating_add(delivery.size);
        if taken > bytes && !found.is_empty() {
            break;
        }
        found.push(delivery);
    }
    let mut lease =
        db.prepare_cached("UPDATE delivery SET owner = ?2, lease_until = ?3 WHERE id = ?1")?;
    for delivery in &found {
        lease.execute(params![delivery.id, owner.0, until])?;
    }
    Ok(found)
}

fn prune(db: &Connection, before: i64) -> Result<usize> {
    let mut statement = db.prepare_cached(
        "UPDATE delivery SET body = NULL WHERE id IN (
             SELECT id FROM delivery
             WHERE decoded = 1 AND body IS NOT NULL AND received_at < ?1
               AND NOT EXISTS (SELECT 1 FROM parked WHERE parked.delivery = delivery.id)
             LIMIT ?2)",
    )?;
    let count = statement.execute(params![before, limit(CHUNK)])?;
    if count < CHUNK {
        // Nothing is left to be erased by these.
        db.prepare_cached(
            "DELETE FROM mention WHERE NOT EXISTS (
                 SELECT 1 FROM delivery WHERE delivery.batch = mention.batch AND body IS NOT NULL)",
        )?
        .execute([])?;
    }
    Ok(count)
}

fn parked_alone(db: &Connection, after: i64, most: usize) -> Result<Vec<HeldItem>> {
    let which = "WHERE id > ?1 AND NOT EXISTS (
             SELECT 1 FROM delivery WHERE delivery.id = parked.delivery AND body IS NOT NULL)
         ORDER BY id LIMIT ?2";
    parked_items(db, which, params![after, limit(most)])
}

/// Parked items with their excerpts.
pub(super) fn parked_items(
    db: &Connection,
    which: &str,
    parameters: impl Params,
) -> Result<Vec<HeldItem>> {
    let mut found = Vec::new();
    each_parked_item(db, which, parameters, |item| found.push(item))?;
    Ok(found)
}

/// The same, one by one.
pub(super) fn each_parked_item(
    db: &Connection,
    which: &str,
    parameters: impl Params,
    mut each: impl FnMut(HeldItem),
) -> Result<()> {
    let mut statement = db.prepare_cached(&format!(
        "SELECT id, kind, reason, excerpt, at FROM parked {which}"
    ))?;
    let mut rows = statement.query(parameters)?;
    while let Some(row) = rows.next()? {
        each(HeldItem {
            id: row.get(0)?,
            kind: row.get(1)?,
            reason: row.get(2)?,
            excerpt: row.get(3)?,
            at: time(row.get(4)?)?,
        });
    }
    Ok(())
}

fn retry_parked(db: &Connection) -> Result<u64> {
    let again = db
        .prepare_cached(
            "UPDATE delivery SET decoded = 0, owner = NULL, lease_until = NULL
             WHERE decoded = 1 AND body IS NOT NULL
               AND id IN (SELECT delivery FROM parked WHERE delivery IS NOT NULL)",
        )?
        .execute([])?;
    db.prepare_cached(
        "DELETE FROM parked
         WHERE delivery IN (SELECT id FROM delivery WHERE decoded = 0)",
    )?
    .execute([])?;
    Ok(again as u64)
}
