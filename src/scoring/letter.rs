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
        patterns: patterns(plan),
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
    /// Those among them whose URL is like an action's pattern, by action.
    alike: BTreeMap<usize, Vec<usize>>,
    /// Actions in `point_lead_action_log`.
    done: BTreeSet<usize>,
    claims: Vec<(usize, Claim)>,
}

struct Mautic<'a> {
    plan: &'a Compiled,
    doings: &'a [Doing<'a>],
    /// What hits are counted by: index of the action, pattern.
    patterns: Vec<(usize, String)>,
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
        for (action, alike) in loser.alike {
            winner.alike.entry(action).or_default().extend(alike);
        }
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
            for (action, pattern) in &self.patterns {
                if like(pattern, &lower(doing.activity)) {
                    contact.alike.entry(*action).or_default().push(index);
                }
            }
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
            let alike = contact.alike.get(&number).map_or(&[][..], Vec::as_slice);
            if asked && !options_hold(action, &contact.hits, alike, doings, doing) {
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
    alike: &[usize],
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
    let enough = alike.len() >= options.page_hits as usize;
    enough
        && (options.accumulative_time == 0
            || stayed(alike, doings, at) >= options.accumulative_time)
}

/// Seconds that the contact stayed on pages that it had left by then.
fn stayed(hits: &[usize], doings: &[Doing<'_>], at: Timestamp) -> u64 {
    let hits = hits.iter().map(|index| &doings[*index]);
    let left = hits.filter(|hit| left_by(hit.activity, at));
    u64::try_from(left.map(stay).sum::<i64>()).unwrap_or(0)
}

/// Patterns of the actions that count hits, as SQL has them.
fn patterns(plan: &Compiled) -> Vec<(usize, String)> {
    let actions = plan.point_actions.iter().enumerate();
    let counting = actions.filter(|(_, action)| {
        action.url_options.page_hits > 0 || action.url_options.accumulative_time > 0
    });
    counting
        .map(|(index, action)| {
            let pattern = action.urls.first().map_or("", String::as_str);
            (index, pattern.replace('*', "%").to_lowercase())
        })
        .collect()
}

fn lower(hit: &Activity) -> String {
    hit.url.as_deref().unwrap_or_default().to_lowercase()
}

/// Whether Mautic had noted by then that the page was left. The hit that notes it may carry the
/// second before.
fn left_by(activity: &Activity, at: Timestamp) -> bool {
    let left = activity.attribute(attribute::LEFT_AT);
    let left: Option<Timestamp> = left.and_then(|text| text.parse().ok());
    let latest = at.checked_add(SignedDuration::from_secs(1)).unwrap_or(at);
    left.is_some_and(|left| left <= latest)
}
