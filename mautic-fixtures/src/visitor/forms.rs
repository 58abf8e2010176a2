//! Form submissions (`FormBundle/Controller/PublicController.php`, `FormBundle/Model/SubmissionModel.php`).

use serde_json::{Map, Value, json};

use super::form_actions;
use super::identification::{by_unique_fields, write_values};
use super::merge::{merge, profile};
use super::payloads;
use super::session::{Tracked, Visit, add_address, add_address_to, set_last_active};
use crate::contacts;
use crate::php::html::special_chars;
use crate::php::{cast, filter, url};
use crate::scoring::point_actions::{Happening, pay};
use crate::scoring::triggers::is_published;
use crate::server::answer::{Answer, Exception, Handled};
use crate::state::web::{Form, FormField, Submission};
use crate::state::{Id, Manipulator, State};
use crate::webhooks::EventType;

/// What a visitor is told when nothing can be submitted.
const UNAVAILABLE: &str = "This form is no longer available.";

/// What came of a submission.
enum Outcome {
    /// It was stored.
    Stored(Map<String, Value>),
    /// Validation refused it: messages by field.
    Refused(Map<String, Value>),
    /// There is no such form, or it is not published.
    Unavailable,
}

/// `/form/submit`.
pub(super) fn submit(state: &mut State, visit: &mut Visit<'_>, is_ajax: bool) -> Handled {
    if visit.request.method != "POST" {
        return Ok(Answer::html(403, "Forbidden"));
    }
    let post = visit
        .post
        .get("mauticform")
        .cloned()
        .unwrap_or_else(|| json!({}));
    let id = post.get("formId").map_or(0, cast::int).unsigned_abs();
    let form = state.web.forms.get(id).cloned();
    let in_use =
        |form: &Form| is_published(&form.stamp, form.publish_up, form.publish_down, state.now());
    let outcome = match form.as_ref().filter(|form| in_use(form)) {
        Some(form) => save(state, visit, form, &post)?,
        None => Outcome::Unavailable,
    };
    if is_ajax || post.get("messenger").is_some_and(cast::truthy) {
        return Ok(for_script(&post, form.as_ref(), &outcome, is_ajax));
    }
    Ok(for_browser(visit, &post, form.as_ref(), &outcome))
}

/// The answer for the form's own script: JSON, or a page that hands it to its parent.
fn for_script(post: &Value, form: Option<&Form>, outcome: &Outcome, is_ajax: bool) -> Answer {
    let mut data = match outcome {
        Outcome::Stored(results) => json!({"success": 1, "results": results}),
        Outcome::Refused(errors) => json!({"success": 0, "validationErrors": errors}),
        Outcome::Unavailable => json!({"success": 0, "errorMessage": UNAVAILABLE}),
    };
    if let (Outcome::Stored(_), Some(form)) = (outcome, form)
        && let Some(property) = form.post_action_property.as_ref()
    {
        let key = if form.post_action == "redirect" {
            "redirect"
        } else {
            "successMessage"
        };
        data[key] = json!(property);
    }
    if let Some(name) = post.get("formName") {
        data["formName"] = name.clone();
    }
    if is_ajax {
        return Answer::json(200, &data);
    }
    let page = format!(
        "<html><body><script>parent.postMessage({}, '*');</script></body></html>",
        json!(data.to_string())
    );
    Answer::new(200, "text/html; charset=UTF-8", page.into_bytes())
}

/// The answer for a browser without script: a redirect to where the form stands.
fn for_browser(visit: &Visit<'_>, post: &Value, form: Option<&Form>, outcome: &Outcome) -> Answer {
    let back = post
        .get("return")
        .map(cast::text)
        .filter(|back| !back.is_empty());
    let back = back
        .or_else(|| visit.request.header("referer").map(str::to_owned))
        .map(|back| url::clean(&back));
    let message = match outcome {
        Outcome::Stored(_) => None,
        Outcome::Refused(errors) => {
            let errors: Vec<String> = errors.values().map(cast::text).collect();
            Some(format!(
                "Errors:<br /><ol><li>{}</li></ol>",
                errors.join("</li><li>")
            ))
        }
        Outcome::Unavailable => Some(UNAVAILABLE.to_owned()),
    };
    let anchor = form
        .map(|form| format!("#{}", form.alias.to_lowercase()))
        .unwrap_or_default();
    let property = form.and_then(|form| form.post_action_property.clone());
    match (message, back, form.map(|form| form.post_action.as_str())) {
        (Some(message), Some(back), _) => Answer::redirect(
            302,
            &format!(
                "{}mauticError={}{}",
                with_joint(&back),
                url::encode_raw(&message),
                anchor
            ),
        ),
        (None, _, Some("redirect")) => Answer::redirect(302, &property.unwrap_or_default()),
        (None, Some(back), Some("return")) => match property {
            Some(text) => Answer::redirect(
                302,
                &format!(
                    "{}mauticMessage={}",
                    with_joint(&back),
                    url::encode_raw(&text)
                ),
            ),
            None => Answer::redirect(302, &back),
        },
        _ => Answer::redirect(302, "/form/message"),
    }
}

fn with_joint(target: &str) -> String {
    format!("{target}{}", if target.contains('?') { '&' } else { '?' })
}

/// Checks and stores a submission with all that follows (`saveSubmission`).
fn save(
    state: &mut State,
    visit: &mut Visit<'_>,
    form: &Form,
    post: &Value,
) -> Result<Outcome, Exception> {
    let submitted = state.now();
    let mut results = Map::new();
    let mut matches = Map::new();
    let mut errors = Map::new();
    for field in &form.fields {
        match read(field, post) {
            Ok(value) => {
                if let (Some(mapped), Some("contact" | "company")) =
                    (&field.mapped_field, field.mapped_object.as_deref())
                {
                    matches.insert(mapped.clone(), value.clone());
                }
                if field.save_result {
                    results.insert(field.alias.clone(), joined(value));
                }
            }
            Err(Some(message)) => {
                errors.insert(field.alias.clone(), json!(message));
            }
            Err(None) => {}
        }
    }
    state.current_ip();
    let mut tracked = visit.contact(state)?;
    if !errors.is_empty() {
        return Ok(Outcome::Refused(errors));
    }
    if !matches.is_empty() {
        tracked = Tracked::Contact(identify(state, visit, form, tracked, &matches)?);
    }
    let submission = Submission {
        id: 0,
        form: form.id,
        ip: state.current_ip(),
        contact: tracked.id(),
        page: post
            .get("mauticpage")
            .map(|page| cast::int(page).unsigned_abs())
            .filter(|page| state.web.pages.contains(*page)),
        tracking_id: visit.tracking_id(state),
        date_submitted: submitted,
        referer: referer(visit, post),
        results: results.clone(),
    };
    let id = state
        .web
        .submissions
        .insert_with(|id| Submission { id, ..submission });
    for action in &form.actions {
        form_actions::run(state, visit, form, id, action)?;
    }
    if let Some(payee) = visit.contact(state)?.id() {
        pay(state, payee, Happening::FormSubmit { form: form.id })?;
    }
    if let Some(submission) = state.web.submissions.get(id).cloned() {
        state.emit(
            EventType::FormOnSubmit,
            |state| json!({"submission": payloads::submission(state, &submission)}),
        )?;
    }
    Ok(Outcome::Stored(results))
}

fn referer(visit: &Visit<'_>, post: &Value) -> String {
    let sent = post
        .get("return")
        .map(cast::text)
        .filter(|sent| !sent.is_empty());
    let sent = sent.or_else(|| visit.request.header("referer").map(str::to_owned));
    sent.map(|sent| url::clean(&sent)).unwrap_or_default()
}

/// One field's value, filtered as its kind demands; `Err` with a message when it is refused, `Err(None)` for fields
/// without a value.
fn read(field: &FormField, post: &Value) -> Result<Value, Option<String>> {
    if matches!(
        field.kind.as_str(),
        "button" | "freetext" | "freehtml" | "pagebreak" | "captcha"
    ) {
        return Err(None);
    }
    let given = post.get(&field.alias).cloned().unwrap_or_else(|| json!(""));
    if field.is_required && given == "" {
        let label = format!("'{}' is required.", field.label);
        return Err(Some(field.validation_message.clone().unwrap_or(label)));
    }
    if !cast::truthy(&given) {
        return Ok(given);
    }
    let value = filtered(&field.kind, given);
    let text = cast::text(&value);
    match field.kind.as_str() {
        "email" if !is_email(&text) => Err(Some("The email is invalid.".to_owned())),
        "url" if !url::is_valid(&text) => Err(Some("The URL is invalid.".to_owned())),
        _ => Ok(value),
    }
}

fn filtered(kind: &str, value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(|item| filtered(kind, item)).collect(),
        Value::Object(items) => items
            .into_iter()
            .map(|(_, item)| filtered(kind, item))
            .collect(),
        other => {
            let text = cast::text(&other);
            json!(match kind {
                "email" => filter::sanitize_email(&text),
                "url" => url::clean(&text),
                _ => special_chars(&text),
            })
        }
    }
}

/// Several choices are kept as one text.
fn joined(value: Value) -> Value {
    match value {
        Value::Array(items) => json!(items.iter().map(cast::text).collect::<Vec<_>>().join(", ")),
        other => other,
    }
}

/// Whether a text is an address: one `@`, something before it, a host with a dot behind it.
pub(super) fn is_email(text: &str) -> bool {
    let Some((user, host)) = text.rsplit_once('@') else {
        return false;
    };
    let plain = |part: &str| {
        !part.is_empty()
            && !part.contains(['@', ' ', ','])
            && !part.starts_with('.')
            && !part.ends_with('.')
    };
    plain(user) && plain(host) && host.contains('.') && !host.contains("..")
}

/// The contact a submission belongs to: the tracked one, another known one, both merged, or a new one
/// (`createLeadFromSubmit`).
fn identify(
    state: &mut State,
    visit: &mut Visit<'_>,
    form: &Form,
    tracked: Tracked,
    matches: &Map<String, Value>,
) -> Result<Id, Exception> {
    let current = if form.in_kiosk_mode {
        None
    } else {
        tracked.id()
    };
    let is_known_field = |alias: &String| {
        state
            .contact_fields
            .values()
            .any(|field| field.alias == *alias && field.stamp.is_published)
    };
    let data: Map<String, Value> = matches
        .iter()
        .filter(|(alias, _)| is_known_field(alias))
        .map(|(alias, value)| (alias.clone(), value.clone()))
        .collect();
    let submitted = unique_values(state, &data);
    let mut contact = current;
    if let Some(found) = by_unique_fields(state, &data, current).first().copied() {
        contacts::load(state, found);
        let differs = current
            .is_some_and(|current| conflict(&values_of(state, found), &values_of(state, current)));
        match current {
            Some(current) if !differs => merge(state, current, found)?,
            _ => contact = Some(found),
        }
    }
    let known = contact
        .map(|contact| values_of(state, contact))
        .unwrap_or_default();
    if !form.in_kiosk_mode && conflict(&submitted, &known) {
        contact = None;
    }
    let id = write(state, visit, form, contact, &data)?;
    if form.in_kiosk_mode {
        visit.track_for_system(state, id);
    } else {
        visit.track(state, id);
    }
    Ok(id)
}

fn unique_values(state: &State, values: &Map<String, Value>) -> Map<String, Value> {
    let is_unique = |alias: &String| {
        state
            .contact_fields
            .values()
            .any(|field| field.alias == *alias && field.is_unique)
    };
    values
        .iter()
        .filter(|(alias, value)| is_unique(alias) && cast::truthy(value))
        .map(|(alias, value)| (alias.clone(), value.clone()))
        .collect()
}

fn values_of(state: &State, contact: Id) -> Map<String, Value> {
    state
        .contacts
        .get(contact)
        .map(|contact| unique_values(state, &profile(contact)))
        .unwrap_or_default()
}

/// Whether two sets of unique values contradict each other.
fn conflict(one: &Map<String, Value>, other: &Map<String, Value>) -> bool {
    one.iter().any(|(alias, value)| {
        other.get(alias).is_some_and(|known| {
            cast::text(known).to_lowercase() != cast::text(value).to_lowercase()
        })
    })
}

/// Writes the submitted values into the contact, or into a new one, and saves it.
fn write(
    state: &mut State,
    visit: &Visit<'_>,
    form: &Form,
    contact: Option<Id>,
    data: &Map<String, Value>,
) -> Result<Id, Exception> {
    let manipulator = Manipulator {
        bundle: "form",
        object: "submission",
        object_id: Some(form.id),
        description: Some(form.name.clone()),
    };
    let keeps_address = visit.is_trackable() && !form.in_kiosk_mode;
    let Some(id) = contact else {
        return create(state, data, manipulator, keeps_address);
    };
    if keeps_address {
        add_address_to(state, id);
    }
    write_values(state, id, data);
    set_last_active(state, id);
    if let Some(contact) = state.contacts.get_mut(id) {
        contact.memory.manipulator = Some(manipulator);
    }
    contacts::save(state, id)?;
    Ok(id)
}

fn create(
    state: &mut State,
    data: &Map<String, Value>,
    manipulator: Manipulator,
    keeps_address: bool,
) -> Result<Id, Exception> {
    let mut contact = contacts::constructed();
    contact.memory.newly_created = true;
    contact.preferred_profile_image = Some("gravatar".to_owned());
    if keeps_address {
        add_address(state, &mut contact);
    }
    contacts::set_field_values(&mut contact, &state.contact_fields, data, false);
    let now = state.now();
    contacts::set_last_active(&mut contact, now);
    contact.memory.manipulator = Some(manipulator);
    // The anonymous user's name is a blank.
    contact.stamp.date_added = Some(now);
    contact.stamp.created_by_user = Some(" ".to_owned());
    contacts::create(state, contact)
}

#[cfg(test)]
mod tests {
    use super::is_email;

    #[test]
    fn addresses() {
        assert!(is_email("ann@example.test"));
        assert!(!is_email("nomail"));
        assert!(!is_email("a@b"));
        assert!(!is_email("a@b..test"));
    }
}
