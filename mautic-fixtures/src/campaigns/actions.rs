//! What campaign actions do to a contact (`LeadBundle\EventListener\CampaignSubscriber`).

use serde_json::Value;

use crate::contacts::{self, Operator, PointsEntry};
use crate::php::cast;
use crate::scoring::triggers;
use crate::segments::{self, Origin};
use crate::server::answer::Exception;
use crate::state::campaigns::CampaignEvent;
use crate::state::{Id, State};
use crate::visitor::mailing;

/// Performs an action; unknown ones do nothing.
pub(super) fn perform(
    state: &mut State,
    campaign: Id,
    event: &CampaignEvent,
    contact: Id,
) -> Result<(), Exception> {
    let config = |key: &str| event.properties.get(key).cloned().unwrap_or(Value::Null);
    match event.kind.as_str() {
        "lead.changetags" => {
            if contacts::modify_tags(state, contact, &config("add_tags"), &config("remove_tags"))? {
                contacts::save(state, contact)?;
            }
            Ok(())
        }
        "lead.changepoints" => change_points(state, campaign, event, contact),
        "lead.changelist" => {
            for segment in ids(&config("addToLists")) {
                segments::add(state, contact, segment, Origin::Manual)?;
            }
            for segment in ids(&config("removeFromLists")) {
                segments::remove(state, contact, segment, Origin::Manual)?;
            }
            Ok(())
        }
        "email.send" => mailing::send_by_campaign(state, contact, event),
        "campaign.addremovelead" => {
            for campaign in ids(&config("addTo")) {
                super::add(state, contact, campaign, true);
            }
            for target in ids(&config("removeFrom")) {
                super::remove(state, contact, target, true);
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn ids(value: &Value) -> Vec<Id> {
    let items = value.as_array().map_or(&[][..], Vec::as_slice);
    items
        .iter()
        .filter_map(|item| Id::try_from(cast::int(item)).ok())
        .collect()
}

/// Points go to the group if there is one, else to the contact; both are logged (SEMANTICS 4).
fn change_points(
    state: &mut State,
    campaign: Id,
    event: &CampaignEvent,
    contact: Id,
) -> Result<(), Exception> {
    let points = event.properties.get("points").map_or(0, cast::int);
    if points == 0 {
        return Ok(());
    }
    let group = event.properties.get("group").map_or(0, cast::int);
    let group = Id::try_from(group)
        .ok()
        .filter(|group| state.point_groups.contains(*group));
    if let Some(group) = group {
        let score = state.group_scores.get(contact, group).unwrap_or(0);
        state.group_scores.set(contact, group, score + points);
        triggers::trigger_events(state, contact)?;
    } else if let Some(contact) = state.contacts.get_mut(contact) {
        contacts::adjust_points(contact, points, Operator::Plus)?;
    }
    let campaign_name = state
        .campaigns
        .table
        .get(campaign)
        .map_or("", |campaign| campaign.name.as_str());
    let event_name = format!("{campaign}: {campaign_name}");
    let action_name = format!("{}: {}", event.id, event.name);
    let entry = PointsEntry {
        kind: "campaign",
        event_name: &event_name,
        action_name: &action_name,
        delta: points,
        group,
    };
    contacts::log_points(state, contact, &entry);
    contacts::save(state, contact)
}
