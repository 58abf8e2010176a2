//! `/api/campaigns` (FACTS 133, 134).

use serde_json::{Value, json};

use super::Call;
use super::campaign_events::{bind_events, event_json, list_json, number_events};
use super::crud::{self, Resource, parse_id};
use super::errors::{not_found, returned};
use super::form::{Form, Missing};
use super::list::{Cell, php_array};
use crate::campaigns;
use crate::php::cast;
use crate::server::answer::{Answer, Exception, Handled};
use crate::state::campaigns::{Campaign, CampaignEvent};
use crate::state::clock::{iso, sql};
use crate::state::{Id, State, Table};

const NO_EVENTS: &str =
    "At least one event is required. Use the Launch Campaign Builder button to add one.";
const NO_SOURCES: &str =
    "At least one contact source is required. Use the Launch Campaign Builder button to add one.";

/// Campaigns in the API.
pub(super) struct CampaignApi;

/// Routes under `/api/campaigns`.
pub(super) fn handle(state: &mut State, call: Call<'_>, path: &[&str]) -> Handled {
    match (call.method(), path) {
        ("POST", [campaign, "contact", contact, "add"]) => change(state, campaign, contact, true),
        ("POST", [campaign, "contact", contact, "remove"]) => {
            change(state, campaign, contact, false)
        }
        ("GET", [campaign, "events", "contact", contact]) => {
            events_of(state, parse_id(campaign)?, parse_id(contact)?)
        }
        ("GET", [campaign, "contacts"]) => contacts_of(state, parse_id(campaign)?),
        ("POST", ["new"]) | ("PUT", [_, "edit"]) => {
            check_sources(call)?;
            crud::handle::<CampaignApi>(state, call, path)
        }
        _ => crud::handle::<CampaignApi>(state, call, path),
    }
}

/// `/api/contacts/ID/campaigns`: only campaigns the contact is in now.
pub(super) fn of_contact(state: &mut State, contact: Id) -> Handled {
    let contact = crate::contacts::load(state, contact).ok_or_else(not_found)?;
    let campaigns: Vec<(String, Value)> = state
        .campaigns
        .rows_of_contact(contact)
        .filter(|(_, member)| !member.manually_removed)
        .filter_map(|(id, member)| {
            state
                .campaigns
                .table
                .get(id)
                .map(|campaign| (campaign, member))
        })
        .map(|(campaign, member)| {
            let is_member = |list: &&Id| state.segments.is_member(**list, contact);
            let lists: Vec<Id> = campaign.lists.iter().filter(is_member).copied().collect();
            let json = json!({
                "id": campaign.id,
                "name": campaign.name,
                "listMembership": lists,
                "dateAdded": iso(member.added),
                "manuallyRemoved": member.manually_removed,
                "manuallyAdded": member.manually_added,
            });
            (campaign.id.to_string(), json)
        })
        .collect();
    let total = campaigns.len();
    Ok(Answer::api(
        200,
        &json!({"total": total, "campaigns": php_array(campaigns)}),
    ))
}

fn change(state: &mut State, campaign: &str, contact: &str, adds: bool) -> Handled {
    let (campaign, contact) = (parse_id(campaign)?, parse_id(contact)?);
    if !state.campaigns.table.contains(campaign) {
        return Err(not_found());
    }
    let contact = crate::contacts::load(state, contact);
    if adds {
        campaigns::add(state, contact.ok_or_else(not_found)?, campaign, true);
    } else {
        let contact = contact.ok_or_else(|| returned(404, "Contact not found.", &json!([])))?;
        campaigns::remove(state, contact, campaign, false);
    }
    Ok(Answer::api(200, &json!({"success": 1})))
}

fn contacts_of(state: &State, campaign: Id) -> Handled {
    if !state.campaigns.table.contains(campaign) {
        return Err(not_found());
    }
    let rows = state
        .campaigns
        .rows_of(campaign)
        .filter(|(_, member)| !member.manually_removed);
    let rows: Vec<Value> = rows
        .map(|(contact, member)| member_row(campaign, contact, &member))
        .collect();
    Ok(Answer::api(
        200,
        &json!({"total": rows.len().to_string(), "contacts": rows}),
    ))
}

/// A campaign's events as one contact sees them, without their settings.
fn events_of(state: &mut State, campaign: Id, contact: Id) -> Handled {
    let contact = crate::contacts::load(state, contact).ok_or_else(not_found)?;
    let row = state.campaigns.table.get(campaign).ok_or_else(not_found)?;
    let event = |event: &CampaignEvent| {
        let mut json = event_json(row, event);
        if let Value::Object(members) = &mut json {
            members.retain(|key, _| key != "properties" && key != "children");
            members.insert("contactLog".to_owned(), json!([]));
        }
        json
    };
    let events: Vec<Value> = row.events.iter().map(event).collect();
    let member = state.campaigns.members.get(&(campaign, contact));
    let membership = member.map(|member| {
        json!({
            "dateAdded": iso(member.added),
            "manuallyRemoved": member.manually_removed,
            "manuallyAdded": member.manually_added,
            "rotation": member.rotation,
            "dateLastExited": member.last_exited.map(iso),
        })
    });
    let about =
        json!({"id": row.id, "name": row.name, "category": null, "description": row.description});
    let membership: Vec<Value> = membership.into_iter().collect();
    let body = json!({"total": events.len(), "events": events, "campaign": about, "membership": membership});
    Ok(Answer::api(200, &body))
}

/// A row of `campaign_leads` as texts, NULL left out.
#[must_use]
pub(super) fn member_row(
    campaign: Id,
    contact: Id,
    member: &crate::state::campaigns::Member,
) -> Value {
    let flag = |flag: bool| if flag { "1" } else { "0" };
    let mut row = json!({
        "campaign_id": campaign.to_string(),
        "lead_id": contact.to_string(),
        "date_added": sql(member.added),
        "manually_removed": flag(member.manually_removed),
        "manually_added": flag(member.manually_added),
    });
    if let Value::Object(members) = &mut row {
        if let Some(exited) = member.last_exited {
            members.insert("date_last_exited".to_owned(), json!(sql(exited)));
        }
        members.insert("rotation".to_owned(), json!(member.rotation.to_string()));
    }
    row
}

/// Events and sources are asked for after the form was found valid, that is with a name.
fn check_sources(call: Call<'_>) -> Result<(), Answer> {
    let given = |key: &str| call.input.get(key).is_some_and(cast::truthy);
    if !given("name") {
        return Ok(());
    }
    if !given("events") {
        return Err(returned(400, NO_EVENTS, &json!([])));
    }
    if !given("lists") && !given("forms") {
        return Err(returned(400, NO_SOURCES, &json!([])));
    }
    Ok(())
}

impl Resource for CampaignApi {
    type Entity = Campaign;
    const ONE: &'static str = "campaign";
    const MANY: &'static str = "campaigns";
    const ROUTE: &'static str = "campaigns";
    const KEYED_LIST: bool = true;
    const DEFAULT_ORDER: &'static [(&'static str, bool)] = &[("name", false)];

    fn table(state: &State) -> &Table<Campaign> {
        &state.campaigns.table
    }

    fn blank(_: &State) -> Campaign {
        Campaign {
            canvas: json!([]),
            ..Campaign::default()
        }
    }

    fn id(campaign: &Campaign) -> Id {
        campaign.id
    }

    fn column(_: &State, campaign: &Campaign, column: &str) -> Option<Cell> {
        Some(match column {
            "id" => campaign.id.into(),
            "name" => campaign.name.as_str().into(),
            "description" => campaign.description.clone().into(),
            "allowRestart" | "allow_restart" => campaign.allow_restart.into(),
            "publishUp" | "publish_up" => campaign.publish_up.into(),
            "publishDown" | "publish_down" => campaign.publish_down.into(),
            _ => return campaign.stamp.column(column),
        })
    }

    fn found_by(_: &State, campaign: &Campaign, search: &str) -> bool {
        let search = search.to_lowercase();
        let description = campaign
            .description
            .as_deref()
            .unwrap_or_default()
            .to_lowercase();
        campaign.name.to_lowercase().contains(&search) || description.contains(&search)
    }

    fn bind(_: &State, campaign: &mut Campaign, form: &mut Form<'_>) {
        form.required_text("name", &mut campaign.name, "A name is required.");
        form.text("description", &mut campaign.description);
        form.flag("allowRestart", &mut campaign.allow_restart);
        form.flag("isPublished", &mut campaign.stamp.is_published);
        if let Some(canvas) = form.input.get("canvasSettings") {
            campaign.canvas = canvas.clone();
        }
        bind_lists(campaign, form);
        bind_events(campaign, form);
    }

    fn store(state: &mut State, mut campaign: Campaign) -> Result<Campaign, Exception> {
        let before = state.campaigns.table.get(campaign.id).cloned();
        let action = if before.is_some() { "update" } else { "create" };
        let changed = before
            .as_ref()
            .is_none_or(|before| is_changed(before, &campaign));
        if before.is_none() {
            campaign.stamp.created(state);
            campaign.id = state.campaigns.table.take_id();
        }
        // A new campaign is saved twice, the second time for its layout: it has an editor but no time of an edit.
        let modified = campaign.stamp.date_modified;
        campaign.stamp.modified(state);
        if before.is_none() || !changed {
            campaign.stamp.date_modified = modified;
        }
        number_events(state, &mut campaign);
        if changed {
            state.audit(
                "campaign",
                "campaign",
                campaign.id,
                action,
                json!({"name": campaign.name}),
            );
        }
        campaign
            .lists
            .retain(|list| state.segments.table.contains(*list));
        state.campaigns.table.put(campaign.id, campaign.clone());
        Ok(campaign)
    }

    fn delete(state: &mut State, campaign: &Campaign) -> Result<(), Exception> {
        state.campaigns.delete(campaign.id);
        state.audit(
            "campaign",
            "campaign",
            campaign.id,
            "delete",
            json!({"name": campaign.name}),
        );
        Ok(())
    }

    fn json(state: &State, campaign: &Campaign) -> Value {
        // A deleted campaign's links are gone by the time the answer is made.
        let exists = state.campaigns.table.contains(campaign.id);
        let events: Vec<Value> = campaign
            .events
            .iter()
            .filter(|_| exists)
            .map(|event| event_json(campaign, event))
            .collect();
        let lists = campaign
            .lists
            .iter()
            .filter(|_| exists)
            .filter_map(|id| state.segments.table.get(*id));
        let lists: Vec<Value> = lists.map(list_json).collect();
        let members = [
            ("id", json!(campaign.id)),
            ("name", json!(campaign.name)),
            ("category", Value::Null),
            ("description", json!(campaign.description)),
            ("allowRestart", json!(campaign.allow_restart)),
            ("publishUp", json!(campaign.publish_up.map(iso))),
            ("publishDown", json!(campaign.publish_down.map(iso))),
            ("events", json!(events)),
            ("forms", json!([])),
            ("lists", json!(lists)),
            ("canvasSettings", campaign.canvas.clone()),
        ];
        let mut json = campaign.stamp.json();
        json.extend(members.map(|(key, value)| (key.to_owned(), value)));
        Value::Object(json)
    }
}

fn is_changed(before: &Campaign, after: &Campaign) -> bool {
    let events = |campaign: &Campaign| {
        campaign
            .events
            .iter()
            .map(|event| event.id)
            .collect::<Vec<_>>()
    };
    before.name != after.name
        || before.description != after.description
        || before.allow_restart != after.allow_restart
        || before.stamp.is_published != after.stamp.is_published
        || before.lists != after.lists
        || events(before) != events(after)
}

/// Sources are objects with an id; plain ids are ignored (FACTS 134).
fn bind_lists(campaign: &mut Campaign, form: &Form<'_>) {
    let Some(Value::Array(given)) = form.input.get("lists") else {
        return;
    };
    let ids = given
        .iter()
        .filter_map(|list| list.get("id"))
        .filter_map(|id| Id::try_from(cast::int(id)).ok());
    let ids: Vec<Id> = ids.collect();
    if form.missing == Missing::Clear {
        campaign.lists.clear();
    }
    for id in ids {
        if !campaign.lists.contains(&id) {
            campaign.lists.push(id);
        }
    }
}
