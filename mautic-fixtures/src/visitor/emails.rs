//! Opens of emails: the pixel, the web view, and clicks in unopened emails (`EmailModel::hitEmail`).

use serde_json::{Value, json};

use super::payloads;
use super::session::Visit;
use super::{mailing, pixel_image};
use crate::contacts;
use crate::php::cast;
use crate::scoring::point_actions::{Happening, pay};
use crate::server::answer::{Answer, Exception, Handled};
use crate::state::web::{EmailOpen, EmailStat, Hit, OpenDetail};
use crate::state::{Id, State};
use crate::webhooks::EventType;

/// Reason of a do-not-contact entry made by the contact.
const UNSUBSCRIBED: i64 = 1;

/// `/email/HASH.gif`. An open that throws is done once more (FACTS N1).
pub(super) fn pixel(state: &mut State, visit: &mut Visit<'_>, hash: &str) -> Handled {
    let known = state.web.email_stats.by_hash(hash).map(|stat| stat.id);
    if let Some(stat) = known
        && let Err(exception) = open(state, visit, stat, false)
    {
        tracing::debug!(%exception, "an open is processed a second time");
        open(state, visit, stat, false)?;
    }
    Ok(pixel_image())
}

/// `/email/view/HASH`: the email in a browser.
pub(super) fn web_view(state: &mut State, visit: &mut Visit<'_>, hash: &str) -> Handled {
    let Some(stat) = state.web.email_stats.by_hash(hash).map(|stat| stat.id) else {
        return Ok(Answer::html(404, "Not Found"));
    };
    open(state, visit, stat, true)?;
    let html = state
        .web
        .email_stats
        .get(stat)
        .map(|stat| mailing::web_view(state, stat))
        .unwrap_or_default();
    Ok(Answer::new(
        200,
        "text/html; charset=UTF-8",
        html.into_bytes(),
    ))
}

/// `/email/unsubscribe/HASH`: the recipient wants no more emails; a second time changes nothing.
pub(super) fn unsubscribe(state: &mut State, visit: &mut Visit<'_>, hash: &str) -> Handled {
    let Some(stat) = state.web.email_stats.by_hash(hash).cloned() else {
        return Ok(message("Record not found"));
    };
    if let Some(contact) = stat.contact {
        contacts::load(state, contact);
        visit.track(state, contact);
        contacts::add_do_not_contact(
            state,
            contact,
            "email",
            stat.email,
            UNSUBSCRIBED,
            "User unsubscribed.",
        )?;
    }
    Ok(message("Unsubscribed"))
}

/// `/email/resubscribe/HASH`: the recipient wants emails again.
pub(super) fn resubscribe(state: &mut State, visit: &mut Visit<'_>, hash: &str) -> Handled {
    let Some(stat) = state.web.email_stats.by_hash(hash).cloned() else {
        return Ok(message("Record not found"));
    };
    if let Some(contact) = stat.contact {
        contacts::load(state, contact);
        visit.track(state, contact);
        contacts::remove_do_not_contact(state, contact, "email")?;
    }
    Ok(message("Resubscribed"))
}

fn message(title: &str) -> Answer {
    Answer::html(200, title)
}

/// A click marks an email nobody has opened yet as opened (FACTS 57).
pub(super) fn open_by_click(
    state: &mut State,
    visit: &mut Visit<'_>,
    hit: &Hit,
    click_through: &Value,
) -> Result<(), Exception> {
    let named = click_through.get("stat").map(cast::text);
    let named = named.and_then(|hash| state.web.email_stats.by_hash(&hash).map(|stat| stat.id));
    let of_contact = |stat: &&EmailStat| {
        stat.contact.is_some()
            && stat.contact == hit.contact
            && stat.email.and_then(|id| i64::try_from(id).ok()) == hit.source_id
    };
    let stat = named.or_else(|| {
        state
            .web
            .email_stats
            .values()
            .find(of_contact)
            .map(|stat| stat.id)
    });
    match stat.and_then(|stat| state.web.email_stats.get(stat)) {
        Some(stat) if !stat.is_read() => open(state, visit, stat.id, false),
        _ => Ok(()),
    }
}

/// One open: the recipient becomes the browser's contact, `email.open` actions pay, the webhook goes out.
fn open(
    state: &mut State,
    visit: &mut Visit<'_>,
    id: Id,
    in_browser: bool,
) -> Result<(), Exception> {
    let Some(mut stat) = state.web.email_stats.get(id).cloned() else {
        return Ok(());
    };
    let now = state.now();
    let email = stat
        .email
        .and_then(|email| state.web.emails.get(email))
        .cloned();
    if let Some(contact) = stat.contact {
        contacts::load(state, contact);
        visit.track(state, contact);
    }
    let first = !stat.is_read();
    stat.last_opened = Some(now);
    stat.date_read.get_or_insert(now);
    stat.viewed_in_browser |= in_browser;
    stat.opens.push(OpenDetail {
        at: now,
        user_agent: visit.user_agent().map(str::to_owned),
        in_browser,
    });
    let known_ip = stat.ip;
    stat.ip = Some(state.current_ip());
    state.web.email_stats.put(stat.clone());
    if let Some(payee) = visit.contact(state)?.id() {
        pay(state, payee, Happening::EmailOpen { email: stat.email })?;
    }
    state.emit(
        EventType::EmailOnOpen,
        |state| json!({"stat": payloads::stat(state, &stat, email.as_ref())}),
    )?;
    // The row is written at the end, with the address entity as it stands by then; the same entity as before is no
    // change, even if it was stored as another row meanwhile.
    let ip = state.current_ip();
    let is_same = known_ip.is_some() && known_ip == state.ip_entity.map(|entity| entity.found);
    stat.ip = if is_same { known_ip } else { Some(ip) };
    state.web.email_stats.put(stat.clone());
    if let (true, Some(email), Some(_)) = (first, stat.email, stat.contact)
        && let Some(email) = state.web.emails.get_mut(email)
    {
        email.read_count += 1;
    }
    if let Some(contact) = stat.contact {
        let device = visit.device_of(state, contact);
        let ip = state.current_ip();
        state.web.email_opens.insert_with(|id| EmailOpen {
            id,
            device: Some(device),
            stat: stat.id,
            ip,
            date_opened: now,
        });
    }
    Ok(())
}
