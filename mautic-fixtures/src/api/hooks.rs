//! `/api/hooks` (FACTS 12).

use serde_json::{Map, Value, json};

use super::crud::Resource;
use super::form::{Form, Missing};
use super::list::Cell;
use crate::php::{cast, html};
use crate::server::answer::{Answer, Exception};
use crate::state::hooks::Hook;
use crate::state::{Id, State, Table};
use crate::webhooks::EventType;

/// Digits of a secret Mautic makes up.
const SECRET_LENGTH: usize = 64;
const URL_REQUIRED: &str = "A valid URL is required.";

/// Webhooks in the API.
pub(super) struct Hooks;

/// `/api/hooks/triggers`.
pub(super) fn triggers() -> Answer {
    let triggers: Map<String, Value> = EventType::ALL
        .iter()
        .map(|event| {
            let about = json!({"label": event.label(), "description": event.description()});
            (event.name().to_owned(), about)
        })
        .collect();
    Answer::api(200, &json!({"triggers": triggers}))
}

impl Resource for Hooks {
    type Entity = Hook;
    const ONE: &'static str = "hook";
    const MANY: &'static str = "hooks";
    const ROUTE: &'static str = "hooks";
    const AUDIT: Option<crate::api::crud::Audit> = Some(crate::api::crud::Audit {
        bundle: "webhook",
        object: "webhook",
        created: "create",
    });
    const KEYED_LIST: bool = true;
    const DEFAULT_ORDER: &'static [(&'static str, bool)] = &[("name", false)];

    fn table(state: &State) -> &Table<Hook> {
        &state.hooks.table
    }

    fn blank(_: &State) -> Hook {
        Hook::default()
    }

    fn id(hook: &Hook) -> Id {
        hook.id
    }

    fn column(_: &State, hook: &Hook, column: &str) -> Option<Cell> {
        Some(match column {
            "id" => hook.id.into(),
            "name" => hook.name.as_str().into(),
            "description" => hook.description.clone().into(),
            "webhookUrl" | "webhook_url" => hook.webhook_url.as_str().into(),
            "secret" => hook.secret.as_str().into(),
            "eventsOrderbyDir" | "events_orderby_dir" => hook.events_orderby_dir.clone().into(),
            _ => return hook.stamp.column(column),
        })
    }

    fn found_by(_: &State, hook: &Hook, search: &str) -> bool {
        hook.name.to_lowercase().contains(&search.to_lowercase())
    }

    fn bind(_: &State, hook: &mut Hook, form: &mut Form<'_>) {
        form.required_text("name", &mut hook.name, "A name is required.");
        form.text("description", &mut hook.description);
        bind_url(hook, form);
        if let Some(secret) = form.given("secret") {
            cast::text(secret).trim().clone_into(&mut hook.secret);
        }
        form.flag("isPublished", &mut hook.stamp.is_published);
        bind_order(hook, form);
        bind_triggers(hook, form);
    }

    fn store(state: &mut State, mut hook: Hook) -> Result<Hook, Exception> {
        if hook.secret.is_empty() {
            hook.secret = state.random.hex(SECRET_LENGTH);
        }
        for event in hook.events.iter_mut().filter(|event| event.id == 0) {
            *event = state.hooks.new_event(&event.event_type);
        }
        match state.hooks.table.get(hook.id).cloned() {
            None => {
                hook.stamp.created(state);
                hook.id = state.hooks.table.take_id();
            }
            Some(before) => {
                let modified = hook.stamp.date_modified;
                hook.stamp.modified(state);
                if !is_changed(&before, &hook) {
                    hook.stamp.date_modified = modified;
                }
            }
        }
        state.hooks.table.put(hook.id, hook.clone());
        Ok(hook)
    }

    fn delete(state: &mut State, hook: &Hook) -> Result<(), Exception> {
        state.hooks.delete(hook.id);
        Ok(())
    }

    fn json(_: &State, hook: &Hook) -> Value {
        let mut json = hook.stamp.json();
        let types: Vec<&str> = hook
            .events
            .iter()
            .map(|event| event.event_type.as_str())
            .collect();
        let members = [
            ("id", json!(hook.id)),
            ("name", json!(hook.name)),
            ("description", json!(hook.description)),
            ("webhookUrl", json!(hook.webhook_url)),
            ("secret", json!(hook.secret)),
            ("eventsOrderbyDir", json!(hook.events_orderby_dir)),
            ("category", Value::Null),
            ("triggers", json!(types)),
        ];
        json.extend(members.map(|(key, value)| (key.to_owned(), value)));
        Value::Object(json)
    }
}

fn bind_url(hook: &mut Hook, form: &mut Form<'_>) {
    if let Some(given) = form.given("webhookUrl") {
        hook.webhook_url = with_scheme(html::strip_tags(&cast::text(given)).trim());
    }
    if !is_url(&hook.webhook_url) {
        form.error("webhookUrl", URL_REQUIRED);
    }
}

/// A URL field puts `http://` before what has no scheme (Symfony's `FixUrlProtocolListener`).
fn with_scheme(url: &str) -> String {
    let scheme = url.split_once("://").map_or("", |(scheme, _)| scheme);
    let has_scheme = !scheme.is_empty()
        && scheme
            .chars()
            .all(|letter| letter.is_alphanumeric() || "_+.-".contains(letter));
    let is_mail = url
        .split_once('@')
        .is_some_and(|(user, _)| !user.is_empty() && !user.contains([':', '/', '?', '#']));
    if url.is_empty() || has_scheme || is_mail || url.starts_with(['/', '.']) {
        url.to_owned()
    } else {
        format!("http://{url}")
    }
}

/// Symfony's `Url` constraint: http or https, a host, no blanks.
fn is_url(url: &str) -> bool {
    let rest = url
        .strip_prefix("http://")
        .or_else(|| url.strip_prefix("https://"));
    let is_name = |letter: char| letter.is_alphanumeric() || "-_.[]:".contains(letter);
    rest.is_some_and(|rest| {
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host = authority.rsplit('@').next().unwrap_or_default();
        !host.is_empty()
            && host.chars().all(is_name)
            && !host.starts_with(['.', '-'])
            && !url.contains(char::is_whitespace)
            && url::Url::parse(url).is_ok()
    })
}

fn bind_order(hook: &mut Hook, form: &mut Form<'_>) {
    let Some(given) = form.given("eventsOrderbyDir") else {
        return;
    };
    match cast::text(given).as_str() {
        "" => hook.events_orderby_dir = None,
        order @ ("ASC" | "DESC") => hook.events_orderby_dir = Some(order.to_owned()),
        _ => form.error("eventsOrderbyDir", "This value is not valid."),
    }
}

/// New types are added; only PUT takes away those not named (FACTS 12). Unknown types are kept.
fn bind_triggers(hook: &mut Hook, form: &Form<'_>) {
    let given: Vec<String> = match form.input.get("triggers") {
        Some(Value::Array(types)) => types.iter().map(cast::text).collect(),
        Some(Value::Object(types)) => types.values().map(cast::text).collect(),
        _ => Vec::new(),
    };
    for event_type in &given {
        if !hook
            .events
            .iter()
            .any(|event| event.event_type == *event_type)
        {
            let event_type = event_type.clone();
            // The id is given when the hook is stored.
            hook.events
                .push(crate::state::hooks::HookEvent { id: 0, event_type });
        }
    }
    if form.missing == Missing::Clear {
        hook.events
            .retain(|event| given.contains(&event.event_type));
    }
}

fn is_changed(before: &Hook, after: &Hook) -> bool {
    let ids = |hook: &Hook| hook.events.iter().map(|event| event.id).collect::<Vec<_>>();
    before.name != after.name
        || before.description != after.description
        || before.webhook_url != after.webhook_url
        || before.secret != after.secret
        || before.events_orderby_dir != after.events_orderby_dir
        || before.stamp.is_published != after.stamp.is_published
        || ids(before) != ids(after)
}

#[cfg(test)]
mod tests {
    use super::{is_url, with_scheme};

    #[test]
    fn urls() {
        assert_eq!(with_scheme("x"), "http://x");
        assert!(is_url("http://x") && is_url("http://127.0.0.1:9731/hook?a=1"));
        assert!(!is_url("http://not a url") && !is_url("") && !is_url("ftp://x"));
    }
}
