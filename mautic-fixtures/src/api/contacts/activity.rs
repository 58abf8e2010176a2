//! `/api/contacts/ID/activity` and `/api/contacts/activity` (FACTS 119).

use serde_json::{Map, Value, json};

use super::timeline;
use crate::api::Call;
use crate::api::errors::not_found;
use crate::contacts;
use crate::php::cast;
use crate::server::answer::{Answer, Handled};
use crate::state::clock::{iso, parse_sql};
use crate::state::{Id, State};

/// Event types with their names, in the order of the names.
const TYPES: &[(&str, &str)] = &[
    ("asset.download", "Asset downloaded"),
    ("campaign.event", "Campaign action triggered"),
    ("campaign.event.scheduled", "Campaign event scheduled"),
    ("campaign_membership", "Campaign membership change"),
    ("lead.source.created", "Contact created by source"),
    ("lead.source.identified", "Contact identified by source"),
    ("lead.donotcontact", "Do not contact"),
    ("dynamic.content.sent", "Dynamic Content Triggered"),
    ("email.failed", "Email failed"),
    ("email.read", "Email read"),
    ("email.replied", "Email replied"),
    ("email.sent", "Email sent"),
    ("sms.failed", "Failed"),
    ("focus.on_click", "Focus click"),
    ("focus.on_view", "Focus view"),
    ("form.submitted", "Form submitted"),
    ("lead.imported", "Imported"),
    ("integration_sync_issues", "Integration sync notice"),
    ("message.queue", "Message Queue"),
    ("page.hit", "Page hit"),
    ("point.gained", "Point gained"),
    ("segment_membership", "Segment membership change"),
    ("sms.sent", "Sent"),
    ("stage.changed", "Stage changed"),
    ("sms_reply", "Text message received"),
    ("lead.utmtagsadded", "UTM tags recorded"),
    ("page.videohit", "Video view event"),
];
/// Events of each type per page unless `limit` says otherwise.
const DEFAULT_LIMIT: i64 = 25;

/// The activity of one contact; a merged-away id gives that of the contact it was merged into.
pub(super) fn of_contact(state: &mut State, call: Call<'_>, id: Id) -> Handled {
    let id = contacts::load(state, id).ok_or_else(not_found)?;
    Ok(answer(state, call, Some(id)))
}

/// The activity of all contacts.
pub(super) fn of_all(state: &State, call: Call<'_>) -> Answer {
    answer(state, call, None)
}

fn answer(state: &State, call: Call<'_>, contact: Option<Id>) -> Answer {
    let query = &call.request.query;
    let filters = filters(query);
    let limit = usize::try_from(query.get("limit").map_or(DEFAULT_LIMIT, cast::int))
        .unwrap_or(0)
        .max(1);
    let page = usize::try_from(query.get("page").map_or(1, cast::int))
        .unwrap_or(1)
        .max(1);
    let (mut events, mut total, mut most) = (Vec::new(), 0, 0);
    for kind in timeline::KINDS {
        if !is_wanted(&filters, kind.name) {
            continue;
        }
        let found: Vec<_> = kind
            .events(state, contact)
            .into_iter()
            .filter(|event| in_window(&filters, event))
            .collect();
        total += found.len();
        most = most.max(found.len());
        // Each type is paged by itself, then the pages are put together.
        events.extend(found.into_iter().skip((page - 1) * limit).take(limit));
    }
    events.sort_by_key(|event| std::cmp::Reverse(event.at));
    let names: Map<String, Value> = TYPES
        .iter()
        .map(|(kind, name)| ((*kind).to_owned(), json!(name)))
        .collect();
    let pages = if most == 0 {
        json!(1)
    } else {
        json!(f64::from(u32::try_from(most.div_ceil(limit)).unwrap_or(0)))
    };
    let body = json!({
        "events": events.into_iter().map(|event| shown(&event)).collect::<Vec<_>>(),
        "filters": filters,
        "order": query.get("order").cloned().unwrap_or_else(|| json!(["timestamp", "DESC"])),
        "types": names,
        "total": total,
        "page": page,
        "limit": limit,
        "maxPages": pages,
    });
    Answer::api(200, &body)
}

/// The filters as given, with the missing ones empty.
fn filters(query: &Value) -> Map<String, Value> {
    let mut filters = query
        .get("filters")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    filters.entry("search").or_insert_with(|| json!(""));
    filters.entry("includeEvents").or_insert_with(|| json!([]));
    filters.entry("excludeEvents").or_insert_with(|| json!([]));
    filters
}

fn is_wanted(filters: &Map<String, Value>, kind: &str) -> bool {
    let names = |key: &str| {
        filters
            .get(key)
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default()
    };
    let included = names("includeEvents");
    let searched = filters.get("search").is_some_and(cast::truthy);
    (included.is_empty() || included.contains(&json!(kind)))
        && !names("excludeEvents").contains(&json!(kind))
        && !searched
}

fn in_window(filters: &Map<String, Value>, event: &timeline::Event) -> bool {
    let moment = |key: &str, end: &str| {
        let text = filters.get(key).map(cast::text)?;
        parse_sql(&text).or_else(|| parse_sql(&format!("{text} {end}")))
    };
    moment("dateFrom", "00:00:00").is_none_or(|from| event.at >= from)
        && moment("dateTo", "23:59:59").is_none_or(|to| event.at <= to)
}

fn shown(event: &timeline::Event) -> Value {
    let name = TYPES
        .iter()
        .find(|(kind, _)| *kind == event.kind)
        .map(|(_, name)| *name);
    let mut json = Map::new();
    json.insert("event".to_owned(), json!(event.kind));
    let (id, label) = (json!(event.id), event.label.clone());
    // The types differ in the order of their members.
    let members = match event.kind {
        "lead.utmtagsadded" => [
            ("eventType", json!(name)),
            ("eventId", id),
            ("eventLabel", label),
        ],
        "segment_membership"
        | "campaign_membership"
        | "lead.source.created"
        | "lead.source.identified" => [
            ("eventId", id),
            ("eventType", json!(name)),
            ("eventLabel", label),
        ],
        _ => [
            ("eventId", id),
            ("eventLabel", label),
            ("eventType", json!(name)),
        ],
    };
    json.extend(members.map(|(key, value)| (key.to_owned(), value)));
    json.insert("timestamp".to_owned(), json!(iso(event.at)));
    json.insert("contactId".to_owned(), json!(event.contact.to_string()));
    json.insert("details".to_owned(), event.details.clone());
    Value::Object(json)
}
