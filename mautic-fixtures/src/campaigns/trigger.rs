//! `mautic:campaigns:trigger`: starts the contacts that are new in a campaign, and does what was scheduled.

use std::cmp::Reverse;

use jiff::{Timestamp, ToSpan as _, tz::TimeZone};

use super::actions;
use crate::server::answer::Exception;
use crate::state::campaigns::{CampaignEvent, CampaignLogRow};
use crate::state::{Id, State};

/// Contacts per batch.
const BATCH: usize = 100;

/// Runs the running campaigns, the newest first; its exit code.
pub fn trigger(state: &mut State, only: Option<Id>) -> i32 {
    if only.is_some_and(|id| !state.campaigns.table.contains(id)) {
        return 1;
    }
    let now = state.clock.now();
    let mut campaigns: Vec<(Reverse<Option<Timestamp>>, Id)> = state
        .campaigns
        .table
        .iter()
        .filter(|(id, campaign)| campaign.runs_at(now) && only.is_none_or(|only| only == *id))
        .map(|(id, campaign)| (Reverse(campaign.stamp.date_added), id))
        .collect();
    campaigns.sort();
    for (_, campaign) in campaigns {
        // An exception ends this campaign's turn; it is logged and the command goes on.
        let turn = kick_off(state, campaign).and_then(|()| run_scheduled(state, campaign));
        if let Err(exception) = turn {
            tracing::debug!(%exception, campaign, "campaign ended early");
        }
    }
    0
}

fn events_below(state: &State, campaign: Id, parent: Option<Id>) -> Vec<CampaignEvent> {
    let campaign = state.campaigns.table.get(campaign);
    let events = campaign.into_iter().flat_map(|campaign| &campaign.events);
    let mut events: Vec<CampaignEvent> = events
        .filter(|event| event.parent == parent)
        .cloned()
        .collect();
    events.sort_by_key(|event| event.order);
    events
}

fn kick_off(state: &mut State, campaign: Id) -> Result<(), Exception> {
    let roots = events_below(state, campaign, None);
    if roots.is_empty() {
        return Ok(());
    }
    let has_started = |contact: Id, rotation: u32| {
        let mut log = state.campaigns.log.values();
        log.any(|row| {
            row.contact == contact && row.campaign == campaign && row.rotation == rotation
        })
    };
    let contacts: Vec<Id> = state
        .campaigns
        .rows_of(campaign)
        .filter(|(contact, member)| {
            !member.manually_removed && !has_started(*contact, member.rotation)
        })
        .map(|(contact, _)| contact)
        .collect();
    for batch in contacts.chunks(BATCH) {
        for contact in batch {
            crate::contacts::load_as_list(state, *contact);
        }
        let lines = state.points_log.len();
        for event in &roots {
            reach(state, campaign, event, batch)?;
        }
        release(state, batch, lines);
    }
    Ok(())
}

/// Lets go of a batch's entities; with points logged, the address entity goes with them.
fn release(state: &mut State, batch: &[Id], lines_before: usize) {
    for contact in batch {
        if let Some(contact) = state.contacts.get_mut(*contact) {
            contact.memory = crate::state::Memory::default();
        }
    }
    if state.points_log.len() > lines_before {
        state.detach_ip();
    }
}

/// Contacts reach an event: it is done now, or scheduled.
fn reach(
    state: &mut State,
    campaign: Id,
    event: &CampaignEvent,
    contacts: &[Id],
) -> Result<(), Exception> {
    if event.event_type == "decision" {
        return Ok(());
    }
    let due = due_date(event, state.clock.now());
    let rows: Vec<Id> = contacts
        .iter()
        .map(|contact| note(state, campaign, event.id, *contact, due))
        .collect();
    if due.is_none() {
        perform(state, campaign, event, &rows)
    } else {
        Ok(())
    }
}

fn note(state: &mut State, campaign: Id, event: Id, contact: Id, due: Option<Timestamp>) -> Id {
    let rotation = state
        .campaigns
        .members
        .get(&(campaign, contact))
        .map_or(1, |member| member.rotation);
    let row = CampaignLogRow {
        campaign,
        event,
        contact,
        rotation,
        date_triggered: due.is_none().then(|| state.now()),
        is_scheduled: due.is_some(),
        trigger_date: due,
    };
    state.campaigns.log.insert_with(|_| row)
}

fn perform(
    state: &mut State,
    campaign: Id,
    event: &CampaignEvent,
    rows: &[Id],
) -> Result<(), Exception> {
    let mut contacts = Vec::new();
    for row in rows {
        let Some(contact) = state.campaigns.log.get(*row).map(|row| row.contact) else {
            continue;
        };
        if state
            .contacts
            .get(contact)
            .is_some_and(|contact| !contact.memory.loaded)
        {
            crate::contacts::load_as_list(state, contact);
        }
        actions::perform(state, campaign, event, contact)?;
        contacts.push(contact);
    }
    for child in events_below(state, campaign, Some(event.id)) {
        reach(state, campaign, &child, &contacts)?;
    }
    Ok(())
}

fn run_scheduled(state: &mut State, campaign: Id) -> Result<(), Exception> {
    let now = state.now();
    for event in state
        .campaigns
        .table
        .get(campaign)
        .map_or_else(Vec::new, |campaign| campaign.events.clone())
    {
        let is_due = |row: &CampaignLogRow| {
            row.event == event.id
                && row.is_scheduled
                && row.trigger_date.is_some_and(|due| due <= now)
        };
        let due: Vec<Id> = state
            .campaigns
            .log
            .iter()
            .filter(|(_, row)| is_due(row))
            .map(|(id, _)| id)
            .collect();
        for id in &due {
            if let Some(row) = state.campaigns.log.get_mut(*id) {
                row.is_scheduled = false;
                row.date_triggered = Some(now);
            }
        }
        perform(state, campaign, &event, &due)?;
    }
    Ok(())
}

/// When a scheduled event is due; `None` for one that is done at once.
fn due_date(event: &CampaignEvent, now: Timestamp) -> Option<Timestamp> {
    let due = match event.trigger_mode.as_deref() {
        Some("date") => event.trigger_date?,
        Some("interval") => {
            let amount = event.trigger_interval.unwrap_or(0);
            let span = match event.trigger_interval_unit.as_deref() {
                Some("i") => amount.minutes(),
                Some("h") => amount.hours(),
                Some("m") => amount.months(),
                Some("y") => amount.years(),
                _ => amount.days(),
            };
            now.to_zoned(TimeZone::UTC)
                .checked_add(span)
                .ok()?
                .timestamp()
        }
        _ => return None,
    };
    (due > now).then_some(due)
}
