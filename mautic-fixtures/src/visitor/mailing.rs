//! Sending emails: stats, links, the webhook, and what the web view shows (`EmailModel::sendEmail`, `MailHelper`).

use std::fmt::Write as _;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use serde_json::{Map, Value, json};

use super::mail_content::{content, links, plain_text};
use super::merge::profile;
use crate::api::crud::Resource;
use crate::api::emails::Emails;
use crate::contacts;
use crate::php::serialize::serialize;
use crate::php::{cast, html, url};
use crate::scoring::point_actions::{Happening, pay};
use crate::scoring::triggers::is_published;
use crate::server::answer::Exception;
use crate::state::campaigns::CampaignEvent;
use crate::state::web::{Email, EmailStat, Redirect, Trackable};
use crate::state::{Id, Stamp, State, TriggerEvent};
use crate::webhooks::EventType;

/// What stands for it in the web view.
const BLANK_PIXEL: &str = "data:image/gif;base64,R0lGODlhAQABAAD/ACwAAAAAAQABAAACADs=";

/// What came of a sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It was handed to the mailer.
    Yes,
    /// There is no such email or contact.
    Unknown,
}

/// Sends an email to a contact: `email.send` actions pay, `email_on_send` goes out, links become redirects, a stat row is
/// written. `source` is what caused it, such as `("api", 0)`.
///
/// # Errors
/// For a contact without an address, and when something that listens throws; no stat is left then (FACTS N1).
pub fn send(
    state: &mut State,
    email: Id,
    contact: Id,
    source: (&str, i64),
) -> Result<Sent, Exception> {
    send_of_list(state, email, contact, source, None)
}

/// Whether a segment email may go to a contact: it has an address, no do-not-contact entry, and has not got it yet.
#[must_use]
pub fn may_get(state: &State, email: Id, contact: Id) -> bool {
    let has_address = state
        .contacts
        .get(contact)
        .is_some_and(|contact| !contact.text("email").is_empty());
    let refuses = state
        .do_not_contact
        .values()
        .any(|row| row.contact == contact && row.channel == "email");
    let got = state
        .web
        .email_stats
        .values()
        .any(|stat| stat.email == Some(email) && stat.contact == Some(contact));
    has_address && !refuses && !got
}

/// [`send`] of a segment email to a member of a segment.
///
/// # Errors
/// As [`send`].
pub fn send_to_member(
    state: &mut State,
    email: Id,
    contact: Id,
    list: Id,
) -> Result<Sent, Exception> {
    let source = ("email", i64::try_from(email).unwrap_or(0));
    send_of_list(state, email, contact, source, Some(list))
}

fn send_of_list(
    state: &mut State,
    email: Id,
    contact: Id,
    source: (&str, i64),
    list: Option<Id>,
) -> Result<Sent, Exception> {
    let Some(email) = state.web.emails.get(email).cloned() else {
        return Ok(Sent::Unknown);
    };
    let Some(contact) = contacts::load(state, contact) else {
        return Ok(Sent::Unknown);
    };
    let recipient = state
        .contacts
        .get(contact)
        .map(|contact| (contact.text("email").to_owned(), flat(contact)));
    let Some((address, fields)) = recipient.filter(|(address, _)| !address.is_empty()) else {
        return Err(Exception::new(
            "An email must have a \"To\", \"Cc\", or \"Bcc\" header.",
        ));
    };
    let hash = state.random.hex(22);
    pay(state, contact, Happening::EmailSend { email: email.id })?;
    let content = content(&email);
    state.emit(EventType::EmailOnSend, |state| {
        payload(state, &email, &fields, &address, &hash, &content, source)
    })?;
    track_links(state, &email, &content);
    let stat = EmailStat {
        id: state.web.email_stats.take_id(),
        email: Some(email.id),
        contact: Some(contact),
        list,
        ip: None,
        email_address: address,
        date_sent: state.now(),
        date_read: None,
        viewed_in_browser: false,
        tracking_hash: hash,
        source: Some(source.0.to_owned()),
        source_id: Some(source.1),
        last_opened: None,
        opens: Vec::new(),
    };
    state.web.email_stats.put(stat);
    if let Some(email) = state.web.emails.get_mut(email.id) {
        email.sent_count += 1;
    }
    Ok(Sent::Yes)
}

/// A campaign's `email.send` action: a published email to a contact with an address. Marketing mail respects
/// do-not-contact and goes to nobody twice, transactional mail does neither (SEMANTICS 3).
///
/// # Errors
/// As [`send`].
pub fn send_by_campaign(
    state: &mut State,
    contact: Id,
    event: &CampaignEvent,
) -> Result<(), Exception> {
    let email = event
        .properties
        .get("email")
        .map_or(0, cast::int)
        .unsigned_abs();
    let transactional =
        event.properties.get("email_type").and_then(Value::as_str) == Some("transactional");
    let in_use = |email: &Email| {
        is_published(
            &email.stamp,
            email.publish_up,
            email.publish_down,
            state.now(),
        )
    };
    let has_address = state
        .contacts
        .get(contact)
        .is_some_and(|contact| !contact.text("email").is_empty());
    let wanted = if transactional {
        has_address
    } else {
        may_get(state, email, contact)
    };
    if wanted && state.web.emails.get(email).is_some_and(in_use) {
        send(
            state,
            email,
            contact,
            ("campaign.event", i64::try_from(event.id).unwrap_or(0)),
        )?;
    }
    Ok(())
}

/// A trigger's `email.send` event: sends to contacts with an address if the email is in use; whether it did.
///
/// # Errors
/// As [`send`].
pub fn send_by_trigger(
    state: &mut State,
    contact: Id,
    event: &TriggerEvent,
) -> Result<bool, Exception> {
    let email = event
        .properties
        .get("email")
        .map_or(0, cast::int)
        .unsigned_abs();
    let in_use = |email: &Email| {
        is_published(
            &email.stamp,
            email.publish_up,
            email.publish_down,
            state.now(),
        )
    };
    if !state.web.emails.get(email).is_some_and(in_use) {
        return Ok(false);
    }
    if state
        .contacts
        .get(contact)
        .is_none_or(|contact| contact.text("email").is_empty())
    {
        return Ok(false);
    }
    let source = ("trigger", i64::try_from(event.id).unwrap_or(0));
    Ok(send(state, email, contact, source)? == Sent::Yes)
}

/// The recipient as a flat list of fields (FACTS 76).
fn flat(contact: &crate::state::Contact) -> Value {
    let mut fields = Map::new();
    fields.insert("id".to_owned(), json!(contact.id.to_string()));
    fields.extend(profile(contact));
    if let Some(owner) = contact.owner {
        fields.insert("owner_id".to_owned(), json!(owner));
    }
    fields.insert("companies".to_owned(), json!([]));
    Value::Object(fields)
}

#[allow(clippy::too_many_arguments)] // the parts of one payload
fn payload(
    state: &State,
    email: &Email,
    fields: &Value,
    address: &str,
    hash: &str,
    content: &str,
    source: (&str, i64),
) -> Value {
    let text = email
        .plain_text
        .clone()
        .unwrap_or_else(|| plain_text(content));
    let digest = Md5::digest(format!("{content}{text}").as_bytes());
    let content_hash = digest.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    json!({
        "email": Emails::json(state, email), "contact": fields, "contentHash": content_hash, "idHash": hash,
        "subject": email.subject, "source": [source.0, source.1], "headers": [], "content": content,
        "tokens": tokens(state, email, address, hash),
    })
}

fn tokens(state: &State, email: &Email, address: &str, hash: &str) -> Value {
    let site = state.site_url();
    let unsubscribe = format!(
        "{site}/email/unsubscribe/{hash}/{address}/{}",
        secret(address)
    );
    let view = format!("{site}/email/view/{hash}");
    let mut tokens = Map::new();
    for block in email.dynamic_content.as_array().into_iter().flatten() {
        let name = format!("{{dynamiccontent=\"{}\"}}", cast::text(&block["tokenName"]));
        tokens.insert(name, block["content"].clone());
    }
    let mut add = |name: &str, value: String| tokens.insert(name.to_owned(), json!(value));
    add(
        "{unsubscribe_text}",
        format!("<a href='{unsubscribe}'>Unsubscribe</a> to no longer receive emails from us."),
    );
    add("{unsubscribe_url}", unsubscribe);
    add(
        "{webview_text}",
        format!("<a href='{view}'>Having trouble reading this email? Click here.</a>"),
    );
    add("{webview_url}", view);
    add("{signature}", String::new());
    add("{subject}", email.subject.clone());
    Value::Object(tokens)
}

/// 64 hex digits that belong to an address.
fn secret(address: &str) -> String {
    use sha2::Sha256;
    let digest = Sha256::digest(address.as_bytes());
    digest.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Every link of an email gets a redirect of its own when it is sent first.
fn track_links(state: &mut State, email: &Email, content: &str) {
    for target in links(content) {
        if redirect_of(state, email.id, &target).is_some() {
            continue;
        }
        let mut stamp = Stamp::default();
        stamp.created(state);
        let redirect_id = state.random.hex(25);
        let redirect = state.web.redirects.insert_with(|id| Redirect {
            id,
            stamp,
            redirect_id,
            url: target,
            hits: 0,
            unique_hits: 0,
        });
        let channel = "email".to_owned();
        state.web.trackables.push(Trackable {
            redirect,
            channel,
            channel_id: email.id,
            hits: 0,
            unique_hits: 0,
        });
    }
}

fn redirect_of<'s>(state: &'s State, email: Id, target: &str) -> Option<&'s Redirect> {
    let of_email = state
        .web
        .trackables
        .iter()
        .filter(|row| row.channel == "email" && row.channel_id == email);
    of_email
        .filter_map(|row| state.web.redirects.get(row.redirect))
        .find(|redirect| redirect.url == target)
}

/// The email as a browser shows it: links as redirects with the recipient's click-through, a pixel that does not count.
pub(super) fn web_view(state: &State, stat: &EmailStat) -> String {
    let Some(email) = stat.email.and_then(|email| state.web.emails.get(email)) else {
        return String::new();
    };
    let mut page = content(email);
    let ct = click_through(email.id, stat);
    for target in links(&page) {
        if let Some(redirect) = redirect_of(state, email.id, &target) {
            let tracked = format!("{}/r/{}?ct={ct}&", state.site_url(), redirect.redirect_id);
            page = page.replace(
                &format!("\"{}\"", target.replace('&', "&amp;")),
                &format!("\"{tracked}\""),
            );
            page = page.replace(&format!("\"{target}\""), &format!("\"{tracked}\""));
        }
    }
    page = page.replace("{tracking_pixel}", BLANK_PIXEL);
    for (token, value) in tokens(state, email, &stat.email_address, &stat.tracking_hash)
        .as_object()
        .into_iter()
        .flatten()
    {
        page = page.replace(token, &cast::text(value));
    }
    replace_contact_tokens(state, stat.contact, &page)
}

/// The parameter that tells whose email a link was clicked in.
fn click_through(email: Id, stat: &EmailStat) -> String {
    let data = json!({
        "source": [stat.source, stat.source_id], "email": email, "stat": stat.tracking_hash,
        "lead": stat.contact.map(|contact| contact.to_string()), "channel": {"email": email},
    });
    url::encode(&STANDARD.encode(serialize(&data)))
}

/// Replaces `{contactfield=alias}` by the contact's values, escaped.
pub(super) fn replace_contact_tokens(state: &State, contact: Option<Id>, text: &str) -> String {
    const START: &str = "{contactfield=";
    let contact = contact.and_then(|contact| state.contacts.get(contact));
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(START) {
        out.push_str(&rest[..at]);
        let Some((token, after)) = rest[at + START.len()..].split_once('}') else {
            break;
        };
        let alias = token.split('|').next().unwrap_or("");
        let value = contact
            .map(|contact| cast::text(&contact.column_value(alias)))
            .unwrap_or_default();
        out.push_str(&html::escape(&value));
        rest = after;
    }
    out.push_str(rest);
    out
}
