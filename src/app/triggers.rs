//! Since when triggers are in force: a crossing from before does not fire by itself.

use crate::domain::RuleKey;
use crate::plan::Compiled;
use crate::store::{Result, SharedStore, StoreError};
use jiff::Timestamp;
use std::collections::BTreeMap;

const KEY: &str = "triggers.made";

/// Notes triggers that are new in this plan and forgets those that are gone; tells the plan since
/// when each is in force.
///
/// # Errors
/// The store's.
pub(super) async fn date(store: &SharedStore, plan: &mut Compiled, now: Timestamp) -> Result<()> {
    let corrupt = |error| StoreError::Corrupt(format!("the triggers' dates: {error}"));
    let kept: Option<String> = store.setting(KEY).await?;
    let before: BTreeMap<RuleKey, Timestamp> = match &kept {
        Some(text) => serde_json::from_str(text).map_err(corrupt)?,
        None => BTreeMap::new(),
    };
    let made = dated(&before, plan, now);
    if made != before || kept.is_none() {
        let text = serde_json::to_string(&made).map_err(corrupt)?;
        store.put_setting(KEY, &text).await?;
    }
    for trigger in &mut plan.triggers {
        trigger.made_at = made.get(&trigger.key).copied();
    }
    Ok(())
}

fn dated(
    before: &BTreeMap<RuleKey, Timestamp>,
    plan: &Compiled,
    now: Timestamp,
) -> BTreeMap<RuleKey, Timestamp> {
    let triggers = plan.triggers.iter();
    triggers
        .map(|trigger| {
            let made = before.get(&trigger.key).copied().unwrap_or(now);
            (trigger.key.clone(), made)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Catalog, Plan, compile};
    use crate::store::sqlite::SqliteStore;
    use std::sync::Arc;

    fn plan(triggers: &[&str]) -> Compiled {
        let head = "format = 1\n[[topic]]\nkey = 'a'\n".to_owned();
        let text = triggers.iter().fold(head, |text, key| {
            format!(
                "{text}[[trigger]]\nname = '{key}'\ntopic = 'a'\nat = 5\nadd_tags = ['{key}']\n"
            )
        });
        let (plan, _) = Plan::parse("plan.toml", &text).unwrap();
        compile(&plan, &Catalog::default()).unwrap()
    }

    #[tokio::test]
    async fn triggers_are_dated_when_they_first_come_into_force() {
        let folder = tempfile::tempdir().unwrap();
        let store: SharedStore = Arc::new(SqliteStore::open(folder.path().join("store")).unwrap());
        let at = |day: &str| {
            format!("2026-01-{day}T00:00:00Z")
                .parse::<Timestamp>()
                .unwrap()
        };
        for (triggers, day, expected) in [
            (&["one"][..], "01", vec![at("01")]),
            (&["one", "two"], "02", vec![at("01"), at("02")]),
            (&["two"], "03", vec![at("02")]),
            // Gone and back: new.
            (&["two", "one"], "04", vec![at("02"), at("04")]),
        ] {
            let mut plan = plan(triggers);
            date(&store, &mut plan, at(day)).await.unwrap();
            let made: Vec<_> = plan.triggers.iter().filter_map(|one| one.made_at).collect();
            assert_eq!(made, expected, "{triggers:?}");
        }
    }
}
