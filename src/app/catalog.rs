//! Mautic's names: read when it can be asked, kept for when it can't.

use crate::mautic::wire::Item;
use crate::mautic::{Client, Error, Priority};
use crate::plan::{Catalog, Named};
use crate::store::{Result, SharedStore, StoreError};

const KEY: &str = "mautic.catalog";

/// Reads all names that a plan can use.
///
/// # Errors
/// Mautic's.
pub async fn read_catalog(client: &Client) -> std::result::Result<Catalog, Error> {
    let priority = Priority::Interactive;
    let groups = client.point_groups(priority).await?;
    let segments = client.segments(priority).await?;
    Ok(Catalog {
        groups: groups
            .into_iter()
            .map(|group| named(group.id.0, group.name))
            .collect(),
        filtered_segments: segments
            .iter()
            .filter(|segment| !segment.filters.is_empty())
            .map(|segment| segment.id)
            .collect(),
        segments: segments
            .into_iter()
            .map(|segment| named(segment.id.0, segment.name))
            .collect(),
        emails: items(client.emails(priority).await?),
        pages: items(client.pages(priority).await?),
        forms: items(client.forms(priority).await?),
        assets: items(client.assets(priority).await?),
        ..Catalog::default()
    })
}

fn items(items: Vec<Item>) -> Vec<Named> {
    items
        .into_iter()
        .map(|item| named(item.id, item.name))
        .collect()
}

fn named(id: u32, name: String) -> Named {
    Named { id, name }
}

/// Keeps a catalog.
///
/// # Errors
/// The store's.
pub async fn keep_catalog(store: &SharedStore, catalog: &Catalog) -> Result<()> {
    let text = serde_json::to_string(catalog)
        .map_err(|error| StoreError::Corrupt(format!("the catalog: {error}")))?;
    store.put_setting(KEY, &text).await
}

/// The catalog kept last.
///
/// # Errors
/// The store's.
pub async fn kept_catalog(store: &SharedStore) -> Result<Option<Catalog>> {
    let text = store.setting(KEY).await?;
    text.map(|text| serde_json::from_str(&text))
        .transpose()
        .map_err(|error| StoreError::Corrupt(format!("the catalog: {error}")))
}
