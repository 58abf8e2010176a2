//! Mautic's names: read when it can be asked, kept for when it can't.

use crate::mautic::wire::{Item, LandingPage};
use crate::mautic::{Client, Error, Priority};
use crate::plan::{Catalog, Named};
use crate::store::{Result, SharedStore, StoreError};

const KEY: &str = "mautic.catalog";

/// Reads all names that a plan can use. What the login may not see is left out, but groups and
/// segments, without which there is nothing to do; a plan that names what was left out is told so.
///
/// # Errors
/// Mautic's.
pub async fn read_catalog(client: &Client) -> std::result::Result<Catalog, Error> {
    let priority = Priority::Interactive;
    let groups = client.point_groups(priority).await?;
    let segments = client.segments(priority).await?;
    let mut catalog = Catalog {
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
        emails: items(seen("emails", client.emails(priority).await)?),
        forms: items(seen("forms", client.forms(priority).await)?),
        assets: items(seen("assets", client.assets(priority).await)?),
        messages: items(seen("text messages", client.messages(priority).await)?),
        stages: items(seen("stages", client.stages(priority).await)?),
        campaigns: items(seen("campaigns", client.campaigns(priority).await)?),
        users: items(seen("users", client.users(priority).await)?),
        ..Catalog::default()
    };
    for page in seen("landing pages", client.pages(priority).await)? {
        add_page(&mut catalog, page, None);
    }
    Ok(catalog)
}

/// What Mautic does not let the login see (403), or does not have at all (404), is as good as none.
fn seen<T>(
    what: &str,
    answer: std::result::Result<Vec<T>, Error>,
) -> std::result::Result<Vec<T>, Error> {
    match answer {
        Err(
            error @ Error::Status {
                status: 403 | 404, ..
            },
        ) => {
            tracing::warn!(%error, "{what} can't be read: a plan can't name any; give the role the right to view them");
            Ok(Vec::new())
        }
        answer => answer,
    }
}

/// Adds a page with its children: lists have them inside. A variant stands for its parent; a
/// translation stands for itself (SEMANTICS 3, page.hit), and so do its own variants for it.
fn add_page(catalog: &mut Catalog, page: LandingPage, parent: Option<u32>) {
    let id = page.id;
    if let Some(parent) = parent {
        catalog.page_variants.insert(id, parent);
    }
    if catalog.pages.iter().all(|known| known.id != id) {
        catalog.pages.push(named(id, page.title));
    }
    for variant in page.variants {
        add_page(catalog, variant, Some(id));
    }
    for translation in page.translations {
        add_page(catalog, translation, None);
    }
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may fail loudly")]

    use super::*;
    use crate::mautic::Call;
    use serde_json::json;

    #[test]
    fn variants_stand_for_their_parent_and_translations_for_themselves() {
        let page: LandingPage = serde_json::from_value(json!({
            "id": 1, "title": "Ovens",
            "variantChildren": [{"id": 2, "title": "Ovens, red"}],
            "translationChildren": [
                {"id": 3, "title": "Four", "variantChildren": [{"id": 4, "title": "Four, red"}]},
                {"id": 1, "title": "Ovens"},
            ],
        }))
        .unwrap();
        let mut catalog = Catalog::default();
        add_page(&mut catalog, page, None);
        let pages: Vec<_> = catalog
            .pages
            .iter()
            .map(|page| (page.id, page.name.as_str()))
            .collect();
        let expected = [
            (1, "Ovens"),
            (2, "Ovens, red"),
            (3, "Four"),
            (4, "Four, red"),
        ];
        assert_eq!(pages, expected);
        assert_eq!(catalog.page_variants, [(2, 1), (4, 3)].into());
    }

    #[test]
    fn what_the_login_may_not_see_is_left_out() {
        let refused = |status| Error::Status {
            call: Call {
                method: "GET",
                path: "/api/users",
            },
            status,
            message: "no".to_owned(),
            kind: None,
            from_api: true,
        };
        for (status, left_out) in [(403, true), (404, true), (500, false)] {
            let answer = seen::<Item>("users", Err(refused(status)));
            assert_eq!(answer.is_ok(), left_out, "{status}");
        }
        assert_eq!(seen("users", Ok(vec![7])).unwrap(), [7]);
    }
}
