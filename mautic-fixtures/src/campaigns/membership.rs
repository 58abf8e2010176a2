//! Contacts entering and leaving a campaign (`Membership\Action\Adder`, `Remover`).

use crate::state::campaigns::Member;
use crate::state::{Id, State};

/// Puts a contact into a campaign; whether it is now in it because of this.
pub fn add(state: &mut State, contact: Id, campaign: Id, by_hand: bool) -> bool {
    let Some(allow_restart) = state
        .campaigns
        .table
        .get(campaign)
        .map(|row| row.allow_restart)
    else {
        return false;
    };
    let now = state.now();
    let was_in_before = state
        .campaigns
        .log
        .values()
        .any(|row| row.contact == contact && row.campaign == campaign && row.rotation == 1);
    if let Some(member) = state.campaigns.members.get_mut(&(campaign, contact)) {
        let removed = member.manually_removed;
        let returns = (removed && by_hand) || allow_restart;
        let kept_out = removed && !by_hand && member.last_exited.is_none();
        if !returns || kept_out {
            return false;
        }
        member.manually_added |= removed && by_hand;
        member.manually_removed = false;
        member.last_exited = None;
        member.rotation += 1;
    } else {
        // Rows of an earlier membership that was deleted still count as the first rotation.
        let rotation = if was_in_before { 2 } else { 1 };
        let member = Member {
            added: now,
            manually_removed: false,
            manually_added: by_hand,
            last_exited: None,
            rotation,
        };
        state.campaigns.members.insert((campaign, contact), member);
    }
    true
}

/// Takes a contact out of a campaign. `exits`: by a segment or an action, so that it may come back by itself.
pub fn remove(state: &mut State, contact: Id, campaign: Id, exits: bool) {
    let now = state.now();
    let Some(member) = state.campaigns.members.get_mut(&(campaign, contact)) else {
        return;
    };
    member.last_exited = exits.then_some(now);
    if member.manually_removed {
        return;
    }
    member.manually_removed = true;
    member.manually_added = false;
    for row in state.campaigns.log.values_mut() {
        if row.campaign == campaign && row.contact == contact && row.is_scheduled {
            row.is_scheduled = false;
        }
    }
}
