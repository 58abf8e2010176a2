//! Settings and plans.

use super::{
    SqliteStore,
    codec::{micros, time},
};
use crate::store::{PlanRecord, Result, Settings};
use rusqlite::{Connection, OptionalExtension, params};

#[async_trait::async_trait]
impl Settings for SqliteStore {
    async fn setting(&self, key: &str) -> Result<Option<String>> {
        let key = key.to_owned();
        self.read(move |db| get(db, &key)).await
    }

    async fn put_setting(&self, key: &str, value: &str) -> Result<()> {
        let (key, value) = (key.to_owned(), value.to_owned());
        self.write(move |db| put(db, &key, &value)).await
    }

    async fn activate_plan(&self, plan: PlanRecord) -> Result<()> {
        self.write(move |db| {
            if newest(db)?.is_some_and(|active| active.version == plan.version) {
                return Ok(());
            }
            db.prepare_cached(
                "INSERT INTO plan (version, text, activated_at) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![plan.version, plan.text, micros(plan.activated_at)])?;
            Ok(())
        })
        .await
    }

    async fn active_plan(&self) -> Result<Option<PlanRecord>> {
        self.read(newest).await
    }
}

pub(super) fn get(db: &Connection, key: &str) -> Result<Option<String>> {
    let mut statement = db.prepare_cached("SELECT value FROM setting WHERE key = ?1")?;
    Ok(statement.query_row([key], |row| row.get(0)).optional()?)
}

pub(super) fn put(db: &Connection, key: &str, value: &str) -> Result<()> {
    db.prepare_cached("INSERT OR REPLACE INTO setting (key, value) VALUES (?1, ?2)")?
        .execute([key, value])?;
    Ok(())
}

fn newest(db: &Connection) -> Result<Option<PlanRecord>> {
    let mut statement =
        db.prepare_cached("SELECT version, text, activated_at FROM plan ORDER BY id DESC LIMIT 1")?;
    let found: Option<(String, String, i64)> = statement
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    found
        .map(|(version, text, activated_at)| {
            Ok(PlanRecord {
                version,
                text,
                activated_at: time(activated_at)?,
            })
        })
        .transpose()
}
