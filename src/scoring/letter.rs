//! Point actions as Mautic 5.1.1 counts them, to the letter (SEMANTICS 1 to 3 and 7).
//!
//! Every contact that a history is made of is followed by itself until it is merged: what was
//! done once, how many hits there were, and whose group scores are lost.

use super::doings::Doing;
use super::matching::fits;
use super::options::stay;
use super::values::like;
use crate::domain::{Activity, ActivityKind, ContactId, Merge, Snapshot, attribute};
use crate::plan::{Compiled, CompiledAction, Repeat, UrlOptions};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// An activity that an action pays for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Claim {
    /// Index of the doing.
    pub(super) doing: usize,
    /// When a merge dropped it from group scores.
    pub(super) lost_at: Option<Timestamp>,
}

/// What each action pays for, by index of the action.
pub(super) fn claims(plan: &Compiled, history: &Snapshot, doings: &[Doing<'_>]) -> Vec<Vec<Claim>> {
    let mut mautic = Mautic {
        plan,
        doings,
        contacts: BTreeMap::new(),
    };
    let mut merges = history.merges.iter().peekable();
    for (index, doing) in doings.iter().enumerate() {
        // A form merges first and is paid for then (SEMANTICS 7).
        let is_form = doing.activity.kind == ActivityKind::FormSubmit;
        let at = doing.activity.at;
        while let Some(merge) = merges.next_if(|merge| merge.at < at || (is_form && merge.at == at))
        {
            mautic.merge(merge);
        }
        mautic.done(index);
    }
    merges.for_each(|merge| mautic.merge(merge));
    let mut claims = vec![Vec::new(); plan.point_actions.len()];
    for (action, claim) in mautic.contacts.into_values().flat_map(|one| one.claims) {
        claims[action].push(claim);
    }
    for claims in &mut claims {
        claims.sort_by_key(|claim| claim.doing);
    }
    claims
}

/// A contact as Mautic had it.
#[derive(Debug, Default)]
struct Contact {
    /// Rows of `page_hits`, by id.
    hits: BTreeMap<u64, usize>,
    /// Actions in `point_lead_action_log`.
    done: BTreeSet<usize>,
    claims: Vec<(usize, Claim)>,
}

struct Mautic<'a> {
    plan: &'a Compiled,
    doings: &'a [Doing<'a>],
    contacts: BTreeMap<ContactId, Contact>,
}

impl Mautic<'_> {
    /// The winner takes over all but the loser's group scores.
    fn merge(&mut self, merge: &Merge) {
        let Some(loser) = self.contacts.remove(&merge.loser) else {
            return;
        };
        let winner = self.contacts.entry(merge.winner).or_default();
        winner.hits.extend(loser.hits);
        winner.done.extend(loser.done);
        let lost = loser.claims.into_iter().map(|(action, mut claim)| {
            claim.lost_at = claim.lost_at.or(Some(merge.at));
            (action, claim)
        });
        winner.claims.extend(lost);
    }

    fn done(&mut self, index: usize) {
        let (plan, doings) = (self.plan, self.doings);
        let doing = &doings[index];
        let contact = self.contacts.entry(doing.done_by).or_default();
        if is_hit(doing.activity) {
            contact.hits.insert(doing.row(), index);
        }
        for (number, action) in plan.point_actions.iter().enumerate() {
            let once = action.repeat == Repeat::Once;
            // Nothing is retroactive (SEMANTICS 1).
            let made = action.made_at.is_none_or(|made| doing.activity.at >= made);
            let done = once && contact.done.contains(&number);
            if !made || done || !fits(plan, action, doing.activity) {
                continue;
            }
            let asked = action.url_options.is_set();
            if asked && !options_hold(action, &contact.hits, doings, doing) {
                continue;
            }
            if once {
                contact.done.insert(number);
            }
            let claim = Claim {
                doing: index,
                lost_at: None,
            };
            contact.claims.push((number, claim));
        }
    }
}

/// `page_hits` holds hits of landing pages, of other URLs and clicks.
fn is_hit(activity: &Activity) -> bool {
    matches!(
        activity.kind,
        ActivityKind::PageHit | ActivityKind::UrlHit | ActivityKind::EmailClick
    )
}

/// `PageBundle/Helper/PointActionHelper::validateUrlHit`.
fn options_hold(
    action: &CompiledAction,
    hits: &BTreeMap<u64, usize>,
    doings: &[Doing<'_>],
    doing: &Doing<'_>,
) -> bool {
    let options: &UrlOptions = &action.url_options;
    let at = doing.activity.at;
    // The current hit is stored already, so there is always one.
    if options.first_time {
        return false;
    }
    if options.returns_within > 0 || options.returns_after > 0 {
        // Asked for the last hit of the URL, it finds the contact's first one of any.
        let first = hits.iter().find(|(row, _)| **row != doing.row());
        let Some((_, first)) = first else {
            return false;
        };
        let ago = at.duration_since(doings[*first].activity.at).as_secs();
        let ago = u64::try_from(ago).unwrap_or(0);
        let within = options.returns_within == 0 || ago <= options.returns_within;
        let after = options.returns_after == 0 || ago >= options.returns_after;
        if !within || !after {
            return false;
        }
    }
    let pattern = action.urls.first().map_or("", String::as_str);
    let pattern = pattern.replace('*', "%").to_lowercase();
    let alike = hits.values().map(|index| &doings[*index]).filter(|hit| {
        let url = hit.activity.url.as_deref().unwrap_or_default();
        like(&pattern, &url.to_lowercase())
    });
    let (mut count, mut stayed) = (0, 0);
    for hit in alike {
        count += 1;
        if left_by(hit.activity, at) {
            stayed += stay(hit);
        }
    }
    count >= options.page_hits && u64::try_from(stayed).unwrap_or(0) >= options.accumulative_time
}

/// Whether Mautic had noted by then that the page was left. The hit that notes it may carry the
/// second before.
fn left_by(activity: &Activity, at: Timestamp) -> bool {
    let left = activity.attribute(attribute::LEFT_AT);
    let left: Option<Timestamp> = left.and_then(|text| text.parse().ok());
    let latest = at.checked_add(SignedDuration::from_secs(1)).unwrap_or(at);
    left.is_some_and(|left| left <= latest)
}
