//! Page hits (`PageBundle/Model/PageModel.php`: `hitPage` and `processPageHit`).

use serde_json::{Map, Value, json};

use super::identification;
use super::payloads;
use super::session::{Tracked, Visit};
use crate::contacts;
use crate::php::html::special_chars;
use crate::php::{cast, query, url};
use crate::scoring::point_actions::{Happening, pay};
use crate::server::answer::Exception;
use crate::state::web::{Hit, UtmTag};
use crate::state::{Id, Manipulator, State};
use crate::webhooks::EventType;

/// What is hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// A landing page.
    Page(Id),
    /// A link of an email.
    Redirect(Id),
    /// Something outside of Mautic, or nothing Mautic knows.
    Elsewhere,
}

/// The parameters of a hit: those of the URL that is hit, then those of the request, with `page_url` and the decoded
/// `ct` (`getHitQuery`).
///
/// # Errors
/// When `ct` is no serialized array.
pub(super) fn hit_query(
    state: &State,
    visit: &Visit<'_>,
    target: Target,
) -> Result<Map<String, Value>, Exception> {
    let mut given = visit.request.query.as_object().cloned().unwrap_or_default();
    given.extend(visit.post.as_object().cloned().unwrap_or_default());
    let page_url = page_url(state, visit, target);
    let mut all = Map::new();
    if let Some(parts) = page_url.as_deref().and_then(query_of) {
        for (name, value) in parts.as_object().into_iter().flatten() {
            if let Value::String(text) = value {
                all.insert(name.to_lowercase(), json!(query::decode(text)));
            }
        }
    }
    given.insert("page_url".to_owned(), json!(page_url));
    for (name, value) in given {
        all.insert(name, value);
    }
    if let Some(ct) = all.get("ct").filter(|ct| cast::truthy(ct)).cloned() {
        all.insert("ct".to_owned(), identification::decode_click_through(&ct)?);
    }
    Ok(all)
}

fn query_of(page_url: &str) -> Option<Value> {
    let without_fragment = page_url.split('#').next().unwrap_or("");
    without_fragment
        .split_once('?')
        .map(|(_, query)| query::parse(query))
}

fn page_url(state: &State, visit: &Visit<'_>, target: Target) -> Option<String> {
    let sent = visit.parameter("page_url");
    if let Some(sent) = sent.filter(|sent| cast::truthy(sent)) {
        return Some(cast::text(sent));
    }
    if let Target::Redirect(id) = target {
        return state
            .web
            .redirects
            .get(id)
            .map(|redirect| redirect.url.clone());
    }
    let path = visit.request.path.as_str();
    if matches!(path, "/mtracking.gif" | "/mtc/event") {
        return sent
            .map(cast::text)
            .or_else(|| visit.request.header("referer").map(str::to_owned));
    }
    let query = &visit.request.query_string;
    let query = if query.is_empty() {
        String::new()
    } else {
        format!("?{query}")
    };
    Some(format!("{}{path}{query}", state.site_url()))
}

/// Stores and processes a hit. A processing that throws is done once more, whatever it did before (SEMANTICS 5).
///
/// # Errors
/// When the second processing throws, too, or `ct` is broken.
pub(super) fn hit_page(
    state: &mut State,
    visit: &mut Visit<'_>,
    target: Target,
    code: u16,
    known: Option<(Tracked, Map<String, Value>)>,
) -> Result<(), Exception> {
    let (tracked, query) = if let Some(known) = known {
        known
    } else {
        let query = hit_query(state, visit, target)?;
        let tracked = identification::contact_from_query(state, visit, &query)?;
        (tracked, query)
    };
    let Some(contact) = tracked.id() else {
        return Ok(());
    };
    let hit = new_hit(state, visit, contact, code, query);
    visit.remember_hit(hit.id);
    let id = hit.id;
    state.web.hits.put(hit);
    let is_new_device = visit.device_changed();
    if let Err(exception) = process(
        state,
        visit,
        id,
        target,
        contact,
        is_new_device,
        Processing::Handler,
    ) {
        tracing::debug!(%exception, "a hit is processed a second time");
        process(
            state,
            visit,
            id,
            target,
            contact,
            is_new_device,
            Processing::Fallback,
        )?;
    }
    Ok(())
}

fn new_hit(
    state: &mut State,
    visit: &mut Visit<'_>,
    contact: Id,
    code: u16,
    query: Map<String, Value>,
) -> Hit {
    let ip = state.current_ip();
    let device = visit.device_of(state, contact);
    let tracking_id = state
        .web
        .devices
        .get(device)
        .map(|device| device.tracking_id.clone())
        .unwrap_or_default();
    Hit {
        id: state.web.hits.take_id(),
        page: None,
        redirect: None,
        email: None,
        contact: None,
        ip,
        device: Some(device),
        date_hit: state.now(),
        date_left: None,
        code,
        referer: None,
        url: None,
        url_title: None,
        user_agent: None,
        page_language: None,
        browser_languages: Vec::new(),
        tracking_id,
        source: None,
        source_id: None,
        query: Value::Object(query),
    }
}

/// Which of the two runs processes a hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Processing {
    /// The message handler's: it works for the contact as a system process does.
    Handler,
    /// The one after the handler failed.
    Fallback,
}

fn process(
    state: &mut State,
    visit: &mut Visit<'_>,
    id: Id,
    target: Target,
    contact: Id,
    is_new_device: bool,
    processing: Processing,
) -> Result<(), Exception> {
    let Some(mut hit) = state.web.hits.get(id).cloned() else {
        return Ok(());
    };
    let click_through = hit.query.get("ct").cloned().unwrap_or(Value::Null);
    fill(state, visit, &mut hit, target, &click_through);
    let email = hit
        .email
        .and_then(|email| state.web.emails.get(email))
        .cloned();
    save_manipulated(state, &hit, target, contact)?;
    hit.contact = Some(contact);
    if processing == Processing::Handler {
        visit.track_for_system(state, contact);
    }
    if let (false, Some(last)) = (is_new_device, visit.last_hit()) {
        let now = state.now();
        state.web.hits.left(last, now);
    }
    count(state, &hit, target, contact);
    tag_campaign(state, &hit, contact)?;
    // `date_left` may have been written to this very row by another hit of the browser; ours is written without it.
    state.web.hits.put(hit.clone());
    if let (Target::Redirect(_), Some(_)) = (target, hit.email) {
        super::emails::open_by_click(state, visit, &hit, &click_through)?;
    }
    let happening = match hit.page {
        Some(page) => Happening::PageHit {
            page: variant_parent(state, page),
        },
        None => Happening::UrlHit { hit: &hit },
    };
    pay(state, contact, happening)?;
    state.emit(
        EventType::PageOnHit,
        |state| json!({"hit": payloads::hit(state, &hit, email.as_ref())}),
    )?;
    if processing == Processing::Handler {
        let now = state.now();
        if let Some(contact) = state.contacts.get_mut(contact) {
            contact.last_active = Some(now);
        }
    }
    Ok(())
}

fn variant_parent(state: &State, page: Id) -> Id {
    state
        .web
        .pages
        .get(page)
        .and_then(|page| page.variant_parent)
        .unwrap_or(page)
}

/// Everything of the hit that comes from the request.
fn fill(state: &State, visit: &Visit<'_>, hit: &mut Hit, target: Target, click_through: &Value) {
    match target {
        Target::Page(page) => hit.page = Some(page),
        Target::Redirect(redirect) => hit.redirect = Some(redirect),
        Target::Elsewhere => {}
    }
    if let Some((source, id)) = source_of(click_through) {
        hit.source = Some(source);
        hit.source_id = Some(id);
    }
    let email = click_through
        .get("email")
        .map_or(0, cast::int)
        .unsigned_abs();
    if state.web.emails.contains(email) {
        hit.email = Some(email);
    }
    let mut query = hit.query.as_object().cloned().unwrap_or_default();
    query.values_mut().for_each(clean);
    let page = hit.page.and_then(|page| state.web.pages.get(page));
    let text = |name: &str| query.get(name).map(cast::text);
    hit.referer =
        text("page_referrer").or_else(|| visit.request.header("referer").map(str::to_owned));
    hit.page_language = page
        .map(|page| page.language.clone())
        .or_else(|| text("page_language"));
    hit.url = text("page_url").or_else(|| Some(visit.request.path.clone()));
    let title = text("page_title").or_else(|| page.map(|page| page.title.clone()));
    if let Some(title) = title.filter(|title| !title.is_empty() && title != "0") {
        query.insert("page_title".to_owned(), json!(title));
        hit.url_title = Some(title);
    }
    hit.query = Value::Object(query);
    hit.user_agent = visit.user_agent().map(str::to_owned);
    if let Some(languages) = visit
        .request
        .header("accept-language")
        .filter(|languages| !languages.is_empty())
    {
        hit.browser_languages = languages.split(',').map(str::to_owned).collect();
    }
}

/// Channel and id of a click-through: `channel` wins over `source`.
pub(super) fn source_of(click_through: &Value) -> Option<(String, i64)> {
    match click_through
        .get("channel")
        .filter(|channel| cast::truthy(channel))
    {
        Some(Value::Object(channel)) if channel.len() == 1 => channel
            .iter()
            .next()
            .map(|(name, id)| (name.clone(), cast::int(id))),
        Some(channel) => Some((cast::text(channel.get(0)?), cast::int(channel.get(1)?))),
        None => {
            let source = click_through
                .get("source")
                .filter(|source| cast::truthy(source))?;
            Some((
                cast::text(source.get(0)?),
                source.get(1).map_or(0, cast::int),
            ))
        }
    }
}

/// `cleanQuery`: URLs are rebuilt, everything else is escaped; numbers become texts on the way.
fn clean(value: &mut Value) {
    match value {
        Value::Object(members) => members.values_mut().for_each(escape),
        Value::Array(items) => items.iter_mut().for_each(escape),
        other => {
            let text = cast::text(other);
            *other = json!(if url::is_valid(&text) {
                url::clean(&text)
            } else {
                special_chars(&text)
            });
        }
    }
}

fn escape(value: &mut Value) {
    match value {
        Value::Object(members) => members.values_mut().for_each(escape),
        Value::Array(items) => items.iter_mut().for_each(escape),
        other => *other = json!(special_chars(&cast::text(other))),
    }
}

/// Saves the contact with a note of the hit (`setLeadManipulator`).
fn save_manipulated(
    state: &mut State,
    hit: &Hit,
    target: Target,
    contact: Id,
) -> Result<(), Exception> {
    let (object, object_id) = match target {
        Target::Page(page) => ("page", page),
        Target::Redirect(redirect) => ("redirect", redirect),
        Target::Elsewhere => ("hit", hit.id),
    };
    if let Some(contact) = state.contacts.get_mut(contact) {
        contact.memory.manipulator = Some(Manipulator {
            bundle: "page",
            object,
            object_id: Some(object_id),
            description: hit.url.clone(),
        });
    }
    contacts::save(state, contact)
}

/// Raises the counters of pages, redirects and trackables.
fn count(state: &mut State, hit: &Hit, target: Target, contact: Id) {
    let seen = |same: &dyn Fn(&Hit) -> bool| state.web.hits.of_contact(contact).any(same);
    let unique = match target {
        Target::Page(page) => !seen(&|known| known.page == Some(page)),
        Target::Redirect(redirect) => !seen(&|known| known.redirect == Some(redirect)),
        Target::Elsewhere => return,
    };
    let first = i64::from(unique);
    match target {
        Target::Page(page) => {
            if let Some(page) = state.web.pages.get_mut(page) {
                page.hits += 1;
                page.unique_hits += first;
            }
        }
        Target::Redirect(id) => {
            if let Some(redirect) = state.web.redirects.get_mut(id) {
                redirect.hits += 1;
                redirect.unique_hits += first;
            }
            let (Some(source), Some(source_id)) = (&hit.source, hit.source_id) else {
                return;
            };
            let of_channel = state.web.trackables.iter_mut().filter(|row| {
                row.redirect == id
                    && row.channel == *source
                    && i64::try_from(row.channel_id) == Ok(source_id)
            });
            for trackable in of_channel {
                trackable.hits += 1;
                trackable.unique_hits += first;
            }
        }
        Target::Elsewhere => {}
    }
}

/// A hit with campaign parameters leaves a row with them and saves the contact.
fn tag_campaign(state: &mut State, hit: &Hit, contact: Id) -> Result<(), Exception> {
    let Some(query) = hit
        .query
        .as_object()
        .filter(|query| query.keys().any(|name| name.contains("utm_")))
    else {
        return Ok(());
    };
    let tag = |name: &str| query.get(name).map(cast::text);
    let tags = [
        "utm_campaign",
        "utm_content",
        "utm_medium",
        "utm_source",
        "utm_term",
    ]
    .map(tag);
    let mut change = None;
    for (name, place) in [
        ("utm_content", 1),
        ("utm_medium", 2),
        ("utm_campaign", 0),
        ("utm_term", 4),
        ("utm_source", 3),
    ] {
        if let Some(value) = tags[place].as_ref().filter(|value| !value.is_empty()) {
            change = Some(json!([name, value]));
        }
    }
    let row = UtmTag {
        id: 0,
        contact,
        date_added: hit.date_hit,
        query: hit.query.clone(),
        referer: hit.referer.clone(),
        user_agent: hit.user_agent.clone(),
        url: hit.url.clone(),
        tags,
    };
    state.web.utm_tags.insert_with(|id| UtmTag { id, ..row });
    if let (Some(change), Some(contact)) = (change, state.contacts.get_mut(contact)) {
        contact.memory.changes.insert("utmtags".to_owned(), change);
    }
    contacts::save(state, contact)
}
