//! Payloads of `page_on_hit`, `form_on_submit` and `email_on_open`.

use serde_json::{Value, json};

use crate::api::emails::details;
use crate::contacts::json::{View, view};
use crate::state::clock::iso;
use crate::state::web::{Email, EmailStat, Hit, Submission};
use crate::state::{Id, State};

/// `hit`; the email is shown as it was before the hit was counted.
pub(super) fn hit(state: &State, hit: &Hit, email: Option<&Email>) -> Value {
    let languages: Vec<&String> = hit.browser_languages.iter().collect();
    json!({
        "id": hit.id, "dateHit": iso(hit.date_hit), "dateLeft": hit.date_left.map(iso), "page": page(state, hit.page),
        "redirect": hit.redirect.map(|_| json!([])), "email": email.map(|email| details(state, email)),
        "lead": lead(state, hit.contact), "ipAddress": [], "country": "", "region": "", "city": "", "isp": "",
        "organization": "", "code": hit.code, "referer": hit.referer, "url": hit.url, "urlTitle": hit.url_title,
        "userAgent": hit.user_agent, "remoteHost": null, "pageLanguage": hit.page_language, "browserLanguages": languages,
        "trackingId": hit.tracking_id, "source": hit.source, "sourceId": hit.source_id, "query": hit.query,
    })
}

/// `submission`.
pub(super) fn submission(state: &State, submission: &Submission) -> Value {
    let form = state.web.forms.get(submission.form);
    let form = form.map(
        |form| json!({"id": form.id, "name": form.name, "alias": form.alias, "category": null}),
    );
    json!({
        "id": submission.id, "ipAddress": ip_address(state, submission.ip), "form": form,
        "lead": lead(state, submission.contact), "trackingId": submission.tracking_id,
        "dateSubmitted": iso(submission.date_submitted), "referer": submission.referer,
        "page": page(state, submission.page), "results": submission.results,
    })
}

/// `stat`; the email is shown as it was before the open was counted.
pub(super) fn stat(state: &State, stat: &EmailStat, email: Option<&Email>) -> Value {
    json!({
        "id": stat.id, "emailAddress": stat.email_address, "ipAddress": [], "dateSent": iso(stat.date_sent),
        "isRead": stat.is_read(), "isFailed": false, "dateRead": stat.date_read.map(iso), "retryCount": 0,
        "source": stat.source, "openCount": stat.opens.len(), "lastOpened": stat.last_opened.map(iso),
        "sourceId": stat.source_id, "trackingHash": stat.tracking_hash, "viewedInBrowser": stat.viewed_in_browser,
        "lead": lead(state, stat.contact), "email": email.map(|email| details(state, email)),
    })
}

fn lead(state: &State, contact: Option<Id>) -> Value {
    contact.map_or(Value::Null, |contact| view(state, contact, View::Lead))
}

fn page(state: &State, page: Option<Id>) -> Value {
    let page = page.and_then(|page| state.web.pages.get(page));
    page.map_or(
        Value::Null,
        |page| json!({"id": page.id, "title": page.title, "alias": page.alias, "category": null}),
    )
}

fn ip_address(state: &State, id: Id) -> Value {
    let address = state.web.ip_addresses.get(id).map(|ip| ip.address.clone());
    let details = json!({
        "city": "", "region": "", "zipcode": "", "country": "", "latitude": "", "longitude": "", "isp": "",
        "organization": "", "timezone": "", "extra": "",
    });
    json!({"ipAddress": address, "id": state.shown_ip(id), "ipDetails": details})
}
