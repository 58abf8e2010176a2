//! Landing pages, unknown URLs, and the redirects of links in emails (`PageBundle/Controller/PublicController.php`).

use serde_json::{Map, Value, json};

use super::hits::{Target, hit_page, hit_query};
use super::identification::{INVALID_CLICK_THROUGH, contact_from_query, decode_click_through};
use super::session::Visit;
use crate::php::{cast, filter, url};
use crate::scoring::triggers::is_published;
use crate::server::answer::{Answer, Exception, Handled};
use crate::state::{Id, State};

/// A landing page; anything Mautic does not know is 404 and still leaves a contact and a hit (FACTS N10).
pub(super) fn page(state: &mut State, visit: &mut Visit<'_>) -> Handled {
    let slug = visit
        .request
        .segments
        .last()
        .map(String::as_str)
        .unwrap_or_default();
    let known = state
        .web
        .pages
        .values()
        .find(|page| page.alias == slug)
        .cloned();
    let Some(page) = known else {
        hit_page(state, visit, Target::Elsewhere, 404, None)?;
        return Ok(Answer::html(404, "Not Found"));
    };
    let target = Target::Page(page.id);
    if !is_published(&page.stamp, page.publish_up, page.publish_down, state.now()) {
        if let Some(status) = page
            .redirect_type
            .as_deref()
            .and_then(|kind| kind.parse().ok())
        {
            hit_page(state, visit, target, status, None)?;
            return Ok(Answer::redirect(
                status,
                page.redirect_url.as_deref().unwrap_or_default(),
            ));
        }
        hit_page(state, visit, target, 401, None)?;
        return Ok(Answer::html(403, "Forbidden"));
    }
    let query = hit_query(state, visit, target)?;
    let tracked = contact_from_query(state, visit, &query)?;
    let expected = format!("/{}", page.alias);
    if visit.request.query_string.is_empty() && visit.request.path != expected {
        hit_page(state, visit, target, 301, Some((tracked, query)))?;
        return Ok(Answer::redirect(301, &expected));
    }
    hit_page(state, visit, target, 200, Some((tracked, query)))?;
    let html = page.custom_html.unwrap_or_default();
    Ok(Answer::new(
        200,
        "text/html; charset=UTF-8",
        html.into_bytes(),
    ))
}

/// `/r/HASH`: counts the click of the `ct` parameter's recipient, then sends the browser on.
pub(super) fn redirect(state: &mut State, visit: &mut Visit<'_>, id: &str) -> Handled {
    let known = state
        .web
        .redirects
        .values()
        .find(|redirect| redirect.redirect_id == id && redirect.stamp.is_published);
    let Some(redirect) = known.cloned() else {
        return Ok(Answer::html(404, "Not Found"));
    };
    let mut target = redirect.url.replace("&amp;", "&");
    let query = &visit.request.query;
    if query.as_object().is_some_and(|query| !query.is_empty()) {
        target = append_query(&target, &url::build_query(query));
    }
    let ct = query.get("ct").filter(|ct| cast::truthy(ct)).cloned();
    if let (Some(ct), true) = (ct, visit.is_trackable()) {
        let contact = click(state, visit, redirect.id, &ct)?;
        target = super::mailing::replace_contact_tokens(state, contact, &target);
    }
    let target = filter::sanitize_url(&target);
    if !target.contains("://") {
        return Ok(Answer::html(404, "Not Found"));
    }
    Ok(Answer::redirect(302, &target))
}

/// A click; a `ct` that cannot be decoded is dropped.
fn click(
    state: &mut State,
    visit: &mut Visit<'_>,
    redirect: Id,
    ct: &Value,
) -> Result<Option<Id>, Exception> {
    let mut given = Map::new();
    let is_broken =
        decode_click_through(ct).is_err_and(|exception| exception.message == INVALID_CLICK_THROUGH);
    if !is_broken {
        given.insert("ct".to_owned(), ct.clone());
    }
    let tracked = contact_from_query_of_click(state, visit, &given, is_broken)?;
    let target = Target::Redirect(redirect);
    let query = if is_broken {
        let page_url = state
            .web
            .redirects
            .get(redirect)
            .map(|redirect| redirect.url.clone());
        Map::from_iter([
            ("ct".to_owned(), json!("")),
            ("page_url".to_owned(), json!(page_url)),
        ])
    } else {
        hit_query(state, visit, target)?
    };
    hit_page(state, visit, target, 200, Some((tracked, query)))?;
    Ok(tracked.id())
}

fn contact_from_query_of_click(
    state: &mut State,
    visit: &mut Visit<'_>,
    given: &Map<String, Value>,
    is_broken: bool,
) -> Result<super::session::Tracked, Exception> {
    if is_broken {
        visit.contact(state)
    } else {
        contact_from_query(state, visit, given)
    }
}

fn append_query(target: &str, query: &str) -> String {
    let (base, fragment) = match target.split_once('#') {
        Some((base, fragment)) => (base, format!("#{fragment}")),
        None => (target, String::new()),
    };
    let joint = if base.contains('?') { '&' } else { '?' };
    format!("{base}{joint}{query}{fragment}")
}
