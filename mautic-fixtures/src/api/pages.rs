//! `/api/pages`: landing pages.

use serde_json::{Value, json};

use super::crud::Resource;
use super::form::Form;
use super::list::Cell;
use super::publishing::{self, put};
use crate::server::answer::Exception;
use crate::state::web::Page;
use crate::state::{Id, State, Table};

/// Landing pages in the API.
pub(super) struct Pages;

impl Resource for Pages {
    type Entity = Page;
    const ONE: &'static str = "page";
    const MANY: &'static str = "pages";
    const ROUTE: &'static str = "pages";
    const AUDIT: Option<crate::api::crud::Audit> = Some(crate::api::crud::Audit {
        bundle: "page",
        object: "page",
        created: "create",
    });
    const DEFAULT_ORDER: &'static [(&'static str, bool)] = &[("title", false)];

    fn table(state: &State) -> &Table<Page> {
        &state.web.pages
    }

    fn blank(_: &State) -> Page {
        Page {
            language: "en".to_owned(),
            revision: 1,
            ..Page::default()
        }
    }

    fn id(page: &Page) -> Id {
        page.id
    }

    fn column(_: &State, page: &Page, column: &str) -> Option<Cell> {
        Some(match column {
            "id" => page.id.into(),
            "title" => page.title.as_str().into(),
            "alias" => page.alias.as_str().into(),
            "language" | "lang" => page.language.as_str().into(),
            "hits" => page.hits.into(),
            "uniqueHits" | "unique_hits" => page.unique_hits.into(),
            "template" => page.template.clone().into(),
            "publishUp" | "publish_up" => page.publish_up.into(),
            "publishDown" | "publish_down" => page.publish_down.into(),
            _ => return page.stamp.column(column),
        })
    }

    fn found_by(_: &State, page: &Page, search: &str) -> bool {
        publishing::contains(&page.title, search) || publishing::contains(&page.alias, search)
    }

    fn bind(_: &State, page: &mut Page, form: &mut Form<'_>) {
        form.required_text("title", &mut page.title, "A title is required.");
        let mut alias = Some(page.alias.clone());
        form.text("alias", &mut alias);
        page.alias = alias.unwrap_or_default();
        let mut language = Some(page.language.clone());
        form.text("language", &mut language);
        page.language = language.unwrap_or_else(|| "en".to_owned());
        publishing::bind(
            form,
            &mut page.stamp,
            &mut page.publish_up,
            &mut page.publish_down,
        );
        form.text("metaDescription", &mut page.meta_description);
        form.text("redirectType", &mut page.redirect_type);
        form.text("redirectUrl", &mut page.redirect_url);
        form.text("template", &mut page.template);
        publishing::raw_text(form, "customHtml", &mut page.custom_html);
    }

    fn store(state: &mut State, mut page: Page) -> Result<Page, Exception> {
        let wanted = if page.alias.is_empty() {
            page.title.clone()
        } else {
            page.alias.clone()
        };
        let alias = publishing::alias(&wanted, '-');
        let taken = |alias: &str| {
            state
                .web
                .pages
                .values()
                .any(|other| other.id != page.id && other.alias == alias)
        };
        page.alias = publishing::free_alias(&alias, 1, taken);
        if page.id == 0 {
            page.stamp.created(state);
            page.id = state.web.pages.take_id();
        } else {
            let before = state
                .web
                .pages
                .get(page.id)
                .map(|before| Self::json(state, before));
            let changed = before.is_none_or(|before| before != Self::json(state, &page));
            page.stamp.edited(state, changed);
            page.revision += 1;
        }
        state.web.pages.put(page.id, page.clone());
        Ok(page)
    }

    fn delete(state: &mut State, page: &Page) -> Result<(), Exception> {
        state.web.pages.remove(page.id);
        state.web.hits.forget_page(page.id);
        for submission in state
            .web
            .submissions
            .values_mut()
            .filter(|row| row.page == Some(page.id))
        {
            submission.page = None;
        }
        Ok(())
    }

    fn json(_: &State, page: &Page) -> Value {
        let mut json = page.stamp.json();
        put(&mut json, "id", json!(page.id));
        put(&mut json, "title", json!(page.title));
        put(&mut json, "alias", json!(page.alias));
        put(&mut json, "category", Value::Null);
        put(&mut json, "language", json!(page.language));
        publishing::put_window(&mut json, page.publish_up, page.publish_down);
        put(&mut json, "hits", json!(page.hits));
        put(&mut json, "uniqueHits", json!(page.unique_hits));
        put(&mut json, "variantHits", json!(0));
        put(&mut json, "revision", json!(page.revision));
        put(&mut json, "metaDescription", json!(page.meta_description));
        put(&mut json, "redirectType", json!(page.redirect_type));
        put(&mut json, "redirectUrl", json!(page.redirect_url));
        put(&mut json, "isPreferenceCenter", Value::Null);
        put(&mut json, "noIndex", Value::Null);
        put(&mut json, "variantSettings", json!([]));
        put(&mut json, "variantStartDate", Value::Null);
        put(&mut json, "variantParent", Value::Null);
        put(&mut json, "variantChildren", json!([]));
        put(&mut json, "translationParent", Value::Null);
        put(&mut json, "translationChildren", json!([]));
        put(&mut json, "template", json!(page.template));
        put(&mut json, "customHtml", json!(page.custom_html));
        Value::Object(json)
    }

    /// Without an id its translations are looked up as "those of no page": all top-level pages.
    fn json_deleted(state: &State, page: &Page) -> Value {
        let mut json = Self::json(state, page);
        json["id"] = Value::Null;
        json["translationChildren"] = state
            .web
            .pages
            .values()
            .map(|other| as_translation(state, other))
            .collect();
        json
    }

    fn json_minimal(state: &State, page: &Page) -> Value {
        publishing::cut_after(Self::json(state, page), "category")
    }
}

/// A page as it is shown inside another one.
fn as_translation(state: &State, page: &Page) -> Value {
    const HIDDEN: [&str; 6] = [
        "isPublished",
        "dateAdded",
        "dateModified",
        "createdBy",
        "modifiedBy",
        "translationParent",
    ];
    let mut json = Pages::json(state, page);
    if let Value::Object(members) = &mut json {
        members.retain(|name, _| !HIDDEN.contains(&name.as_str()));
    }
    json
}
