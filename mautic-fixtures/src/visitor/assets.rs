//! `/asset/ID:alias`: downloads (`AssetBundle/Controller/PublicController.php`, `AssetModel::trackDownload`).

use serde_json::Value;

use super::hits::source_of;
use super::identification::decode_click_through;
use super::session::{Tracked, Visit};
use crate::api::mime;
use crate::php::cast;
use crate::scoring::point_actions::{Happening, pay};
use crate::scoring::triggers::is_published;
use crate::server::answer::{Answer, Exception, Handled};
use crate::state::web::{Asset, Download};
use crate::state::{Id, State};

/// A download. Unpublished assets are refused, wrong aliases redirected; both are downloads as well (SEMANTICS 3).
pub(super) fn download(state: &mut State, visit: &mut Visit<'_>, slug: &str) -> Handled {
    let id = slug
        .split(':')
        .next()
        .and_then(|id| id.parse().ok())
        .unwrap_or(0);
    let Some(asset) = state.web.assets.get(id).cloned() else {
        track(state, visit, None, 404)?;
        return Ok(Answer::html(404, "Not Found"));
    };
    if !is_published(
        &asset.stamp,
        asset.publish_up,
        asset.publish_down,
        state.now(),
    ) {
        track(state, visit, Some(asset.id), 401)?;
        return Ok(Answer::html(403, "Forbidden"));
    }
    let expected = format!("/asset/{}:{}", asset.id, asset.alias);
    let is_exact = format!("/asset/{slug}") == expected;
    if visit.request.query_string.is_empty() && !is_exact {
        track(state, visit, Some(asset.id), 301)?;
        return Ok(Answer::redirect(301, &expected));
    }
    if let Some(remote) = &asset.remote_path {
        track(state, visit, Some(asset.id), 200)?;
        return Ok(Answer::redirect(302, remote));
    }
    let content = asset
        .path
        .as_ref()
        .and_then(|path| state.web.files.get(path))
        .cloned();
    let Some(content) = content else {
        track(state, visit, Some(asset.id), 404)?;
        return Ok(Answer::html(404, "Not Found"));
    };
    track(state, visit, Some(asset.id), 200)?;
    Ok(file(&asset, content))
}

fn file(asset: &Asset, content: Vec<u8>) -> Answer {
    let mime = mime(asset.extension.as_deref().unwrap_or(""));
    let kind = if mime.starts_with("text/") {
        format!("{mime}; charset=UTF-8")
    } else {
        mime.to_owned()
    };
    let name = format!(
        "attachment;filename=\"{}",
        asset.path.as_deref().unwrap_or("")
    );
    Answer::new(200, &kind, content).with_header("content-disposition", &name)
}

/// Counts a download, pays for it, and stores it. One of an unknown asset throws for browsers that are tracked.
fn track(
    state: &mut State,
    visit: &mut Visit<'_>,
    asset: Option<Id>,
    code: u16,
) -> Result<(), Exception> {
    let click_through = match visit.parameter("ct").filter(|ct| cast::truthy(ct)).cloned() {
        Some(ct) => decode_click_through(&ct)?,
        None => Value::Null,
    };
    let was_tracked = visit.tracked_device(state).is_some();
    let contact = who(state, visit, &click_through)?;
    let tracking_id = visit.tracking_id(state);
    let newly_tracked = tracking_id.is_some() && !was_tracked;
    if asset.is_none() && tracking_id.is_some() && !newly_tracked {
        return Err(Exception::new("Call to a member function getId() on null"));
    }
    if let Some(asset) = asset {
        count(
            state,
            asset,
            tracking_id.as_ref().filter(|_| !newly_tracked),
        );
        if let Some(payee) = visit.contact(state)?.id() {
            pay(state, payee, Happening::AssetDownload { asset })?;
        }
    }
    // A contact that is only pretended cannot be stored with the download.
    let Some(contact) = contact.id() else {
        return Ok(());
    };
    let row = row(
        state,
        visit,
        asset,
        contact,
        code,
        tracking_id,
        &click_through,
    );
    state.web.downloads.insert_with(|id| Download { id, ..row });
    Ok(())
}

/// The recipient of the email that led here, or whoever is tracked.
fn who(
    state: &mut State,
    visit: &mut Visit<'_>,
    click_through: &Value,
) -> Result<Tracked, Exception> {
    let named = click_through
        .get("lead")
        .map_or(0, cast::int)
        .unsigned_abs();
    match crate::contacts::load(state, named) {
        Some(contact) if named != 0 => {
            visit.track(state, contact);
            Ok(Tracked::Contact(contact))
        }
        _ => visit.contact(state),
    }
}

fn count(state: &mut State, asset: Id, tracking_id: Option<&String>) {
    let again = tracking_id.is_some_and(|tracking_id| {
        state.web.downloads.values().any(|known| {
            known.asset == Some(asset) && known.tracking_id.as_ref() == Some(tracking_id)
        })
    });
    if let Some(asset) = state.web.assets.get_mut(asset) {
        asset.download_count += 1;
        asset.unique_download_count += i64::from(!again);
    }
}

fn row(
    state: &mut State,
    visit: &Visit<'_>,
    asset: Option<Id>,
    contact: Id,
    code: u16,
    tracking_id: Option<String>,
    click_through: &Value,
) -> Download {
    let source = source_of(click_through);
    let email = click_through
        .get("email")
        .map_or(0, cast::int)
        .unsigned_abs();
    let utm = |name: &str| visit.parameter(name).map(cast::text);
    Download {
        id: 0,
        asset,
        ip: state.current_ip(),
        contact: Some(contact),
        email: Some(email).filter(|email| state.web.emails.contains(*email)),
        date_download: state.now(),
        code,
        referer: visit.request.header("referer").map(str::to_owned),
        tracking_id,
        source: source.as_ref().map(|(channel, _)| channel.clone()),
        source_id: source.map(|(_, id)| id),
        utm: [
            "utm_campaign",
            "utm_content",
            "utm_medium",
            "utm_source",
            "utm_term",
        ]
        .map(utm),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn source_of_a_click_through_is_its_channel() {
        let click_through = json!({"source": ["api", 0], "channel": {"email": 3}});
        assert_eq!(
            super::source_of(&click_through),
            Some(("email".to_owned(), 3))
        );
    }
}
