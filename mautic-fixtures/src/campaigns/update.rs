//! `mautic:campaigns:update`.

use std::collections::BTreeSet;

use super::membership;
use crate::state::{Id, State};

/// Brings the members of running campaigns in line with their segments; its exit code.
pub fn update(state: &mut State, only: Option<Id>) -> i32 {
    if only.is_some_and(|id| !state.campaigns.table.contains(id)) {
        return 1;
    }
    let now = state.clock.now();
    let campaigns: Vec<Id> = state
        .campaigns
        .table
        .iter()
        .filter(|(id, campaign)| campaign.runs_at(now) && only.is_none_or(|only| only == *id))
        .map(|(id, _)| id)
        .collect();
    for campaign in campaigns {
        rebuild(state, campaign);
    }
    0
}

fn rebuild(state: &mut State, campaign: Id) {
    let Some(row) = state.campaigns.table.get(campaign).cloned() else {
        return;
    };
    let segments: Vec<Id> = row
        .lists
        .iter()
        .copied()
        .filter(|id| {
            state
                .segments
                .table
                .get(*id)
                .is_some_and(|segment| segment.stamp.is_published)
        })
        .collect();
    let sources: BTreeSet<Id> = segments
        .iter()
        .flat_map(|segment| state.segments.members_of(*segment))
        .collect();
    let has_history = |contact: Id| {
        state
            .campaigns
            .log
            .values()
            .any(|log| log.contact == contact && log.campaign == campaign)
    };
    let qualifies = |contact: &Id| match state.campaigns.members.get(&(campaign, *contact)) {
        Some(member) => {
            row.allow_restart && member.manually_removed && member.last_exited.is_some()
        }
        None => row.allow_restart || !has_history(*contact),
    };
    let new: Vec<Id> = sources.iter().copied().filter(qualifies).collect();
    for contact in new {
        membership::add(state, contact, campaign, false);
    }
    // Without a published segment everybody put in by a segment is an orphan, too.
    let orphans: Vec<Id> = state
        .campaigns
        .rows_of(campaign)
        .filter(|(contact, member)| {
            !member.manually_removed && !member.manually_added && !sources.contains(contact)
        })
        .map(|(contact, _)| contact)
        .collect();
    for contact in orphans {
        membership::remove(state, contact, campaign, true);
    }
}
