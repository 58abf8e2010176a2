//! `/api/emails`: emails; sending them is elsewhere.

use serde_json::{Map, Value, json};

use super::crud::Resource;
use super::errors::{not_found, not_found_text};
use super::form::Form;
use super::list::Cell;
use super::publishing::{self, put};
use crate::php::cast;
use crate::scoring::triggers::is_published;
use crate::server::answer::{Answer, Exception, Handled};
use crate::state::web::Email;
use crate::state::{Id, Stamp, State, Table};
use crate::visitor::mailing;

/// Emails in the API.
pub(crate) struct Emails;

impl Resource for Emails {
    type Entity = Email;
    const ONE: &'static str = "email";
    const MANY: &'static str = "emails";
    const ROUTE: &'static str = "emails";
    const AUDIT: Option<crate::api::crud::Audit> = Some(crate::api::crud::Audit {
        bundle: "email",
        object: "email",
        created: "create",
    });
    const KEYED_LIST: bool = true;
    const DEFAULT_ORDER: &'static [(&'static str, bool)] = &[("name", false)];

    fn table(state: &State) -> &Table<Email> {
        &state.web.emails
    }

    fn blank(_: &State) -> Email {
        blank()
    }

    fn id(email: &Email) -> Id {
        email.id
    }

    fn column(_: &State, email: &Email, column: &str) -> Option<Cell> {
        Some(match column {
            "id" => email.id.into(),
            "name" => email.name.as_str().into(),
            "subject" => email.subject.as_str().into(),
            "language" | "lang" => email.language.as_str().into(),
            "emailType" | "email_type" => email.email_type.as_str().into(),
            "readCount" | "read_count" => email.read_count.into(),
            "sentCount" | "sent_count" => email.sent_count.into(),
            "publishUp" | "publish_up" => email.publish_up.into(),
            "publishDown" | "publish_down" => email.publish_down.into(),
            _ => return email.stamp.column(column),
        })
    }

    fn found_by(_: &State, email: &Email, search: &str) -> bool {
        publishing::contains(&email.name, search) || publishing::contains(&email.subject, search)
    }

    fn bind(_: &State, email: &mut Email, form: &mut Form<'_>) {
        form.required_text("name", &mut email.name, "A name is required.");
        form.required_text("subject", &mut email.subject, "A subject is required.");
        publishing::bind(
            form,
            &mut email.stamp,
            &mut email.publish_up,
            &mut email.publish_down,
        );
        let mut kind = Some(email.email_type.clone());
        form.text("emailType", &mut kind);
        email.email_type = kind.unwrap_or_else(|| "template".to_owned());
        form.text("fromAddress", &mut email.from_address);
        form.text("fromName", &mut email.from_name);
        form.text("replyToAddress", &mut email.reply_to_address);
        form.text("bccAddress", &mut email.bcc_address);
        form.text("template", &mut email.template);
        form.flag("publicPreview", &mut email.public_preview);
        publishing::raw_text(form, "customHtml", &mut email.custom_html);
        publishing::raw_text(form, "plainText", &mut email.plain_text);
        if let Some(Value::Array(lists)) = form.given("lists") {
            email.lists = lists
                .iter()
                .map(|list| cast::int(list.get("id").unwrap_or(list)).unsigned_abs())
                .collect();
        }
        if let Some(Value::Object(tags)) = form.given("utmTags") {
            for (name, value) in tags {
                if let Some(slot) = email.utm_tags.get_mut(name) {
                    *slot = value.clone();
                }
            }
        }
        if let Some(content @ Value::Array(_)) = form.given("dynamicContent") {
            email.dynamic_content = content.clone();
        }
    }

    fn store(state: &mut State, mut email: Email) -> Result<Email, Exception> {
        if email.email_type != "list" {
            email.lists.clear();
        }
        if email.id == 0 {
            email.stamp.created(state);
            // Binding the form marks a new email as changed, without a name.
            email.stamp.date_modified = email.stamp.date_added;
            email.id = state.web.emails.take_id();
        } else {
            let before = state
                .web
                .emails
                .get(email.id)
                .map(|before| Self::json(state, before));
            let changed = before.is_none_or(|before| before != Self::json(state, &email));
            email.stamp.edited(state, changed);
            email.revision += 1;
        }
        state.web.emails.put(email.id, email.clone());
        Ok(email)
    }

    fn delete(state: &mut State, email: &Email) -> Result<(), Exception> {
        state.web.emails.remove(email.id);
        state.web.email_stats.forget_email(email.id);
        state.web.hits.forget_email(email.id);
        for download in state
            .web
            .downloads
            .values_mut()
            .filter(|row| row.email == Some(email.id))
        {
            download.email = None;
        }
        Ok(())
    }

    fn json(state: &State, email: &Email) -> Value {
        let mut json = email.stamp.json();
        if let Value::Object(details) = details(state, email) {
            json.extend(details);
        }
        Value::Object(json)
    }

    fn json_minimal(state: &State, email: &Email) -> Value {
        publishing::cut_after(Self::json(state, email), "category")
    }
}

/// A fresh email with its defaults.
fn blank() -> Email {
    Email {
        id: 0,
        stamp: Stamp::default(),
        name: String::new(),
        subject: String::new(),
        language: "en".to_owned(),
        category: None,
        from_address: None,
        from_name: None,
        reply_to_address: None,
        bcc_address: None,
        utm_tags: json!({"utmSource": null, "utmMedium": null, "utmCampaign": null, "utmContent": null}),
        custom_html: None,
        plain_text: None,
        template: None,
        email_type: "template".to_owned(),
        publish_up: None,
        publish_down: None,
        public_preview: false,
        read_count: 0,
        sent_count: 0,
        revision: 1,
        dynamic_content: default_dynamic_content(),
        lists: Vec::new(),
        headers: json!([]),
    }
}

/// The one empty block every email starts with.
fn default_dynamic_content() -> Value {
    let filter = json!({
        "glue": null, "field": null, "object": null, "type": "Symfony\\Component\\Form\\Extension\\Core\\Type\\TextType",
        "operator": null, "display": null, "filter": null,
    });
    json!([{
        "tokenName": "Dynamic Content 1", "content": "Default Dynamic Content",
        "filters": [{"content": null, "filters": [filter]}],
    }])
}

/// An email without author and times, as it is embedded in `email_on_open` and `page_on_hit`.
pub(crate) fn details(state: &State, email: &Email) -> Value {
    let mut json = Map::new();
    put(&mut json, "id", json!(email.id));
    put(&mut json, "name", json!(email.name));
    put(&mut json, "subject", json!(email.subject));
    put(&mut json, "language", json!(email.language));
    put(&mut json, "category", Value::Null);
    put(&mut json, "fromAddress", json!(email.from_address));
    put(&mut json, "fromName", json!(email.from_name));
    put(&mut json, "replyToAddress", json!(email.reply_to_address));
    put(&mut json, "bccAddress", json!(email.bcc_address));
    put(&mut json, "useOwnerAsMailer", Value::Null);
    put(&mut json, "utmTags", email.utm_tags.clone());
    put(&mut json, "customHtml", json!(email.custom_html));
    put(&mut json, "plainText", json!(email.plain_text));
    put(&mut json, "template", json!(email.template));
    put(&mut json, "emailType", json!(email.email_type));
    publishing::put_window(&mut json, email.publish_up, email.publish_down);
    put(&mut json, "publicPreview", json!(email.public_preview));
    put(&mut json, "readCount", json!(email.read_count));
    put(&mut json, "sentCount", json!(email.sent_count));
    put(&mut json, "revision", json!(email.revision));
    put(&mut json, "assetAttachments", json!([]));
    put(&mut json, "variantStartDate", Value::Null);
    put(&mut json, "variantSentCount", json!(0));
    put(&mut json, "variantReadCount", json!(0));
    put(&mut json, "variantParent", Value::Null);
    put(&mut json, "variantChildren", json!([]));
    put(&mut json, "translationParent", Value::Null);
    put(&mut json, "translationChildren", json!([]));
    put(&mut json, "unsubscribeForm", Value::Null);
    put(&mut json, "dynamicContent", email.dynamic_content.clone());
    put(&mut json, "lists", lists(state, email));
    put(&mut json, "headers", email.headers.clone());
    Value::Object(json)
}

/// The segments of a segment email.
fn lists(state: &State, email: &Email) -> Value {
    let known = email
        .lists
        .iter()
        .filter_map(|list| state.segments.table.get(*list));
    let json = known.map(|list| {
        json!({
            "createdByUser": list.stamp.created_by_user, "modifiedByUser": list.stamp.modified_by_user, "id": list.id,
            "name": list.name, "publicName": list.public_name, "alias": list.alias, "description": list.description,
            "category": null,
        })
    });
    json.collect()
}

/// `POST /api/emails/E/send`: sends a published segment email to the members of its segments that have not got it yet
/// and may be written to.
///
/// # Errors
/// 404 for an unknown or unpublished email, and what sending throws.
pub(super) fn send_to_lists(state: &mut State, email: Id) -> Handled {
    let in_use = |email: &&Email| {
        is_published(
            &email.stamp,
            email.publish_up,
            email.publish_down,
            state.now(),
        )
    };
    let Some(email) = state.web.emails.get(email).filter(in_use).cloned() else {
        return Err(not_found());
    };
    let mut sent = 0;
    for list in &email.lists {
        let members: Vec<Id> = state.segments.members_of(*list).collect();
        for contact in members {
            if mailing::may_get(state, email.id, contact) {
                mailing::send_to_member(state, email.id, contact, *list)?;
                sent += 1;
            }
        }
    }
    Ok(Answer::api(
        200,
        &json!({"success": 1, "sentCount": sent, "failedRecipients": 0}),
    ))
}

/// `POST /api/emails/E/contact/C/send` (FACTS 135, N5).
///
/// # Errors
/// 404 for an unknown email or contact, an exception for a contact without an address.
pub(super) fn send_to_contact(state: &mut State, email: Id, contact: Id) -> Handled {
    if !state.web.emails.contains(email) {
        return Err(not_found());
    }
    if crate::contacts::load(state, contact).is_none() {
        return Err(not_found_text("Contact not found."));
    }
    mailing::send(state, email, contact, ("api", 0))?;
    Ok(Answer::api(200, &json!({"success": true})))
}
