//! Point actions as Mautic 5.1.1 counts them, to the letter (SEMANTICS 1 to 3 and 7).
//!
//! Every contact that a history is made of is followed by itself until it is merged: what was
//! done once, how many hits there were, and whose group scores are lost.

use super::doings::Doing;
use super::hits::{Hits, Patterns};
use super::matching::fits;
use crate::domain::{Activity, ActivityKind, ContactId, Merge, Snapshot};
use crate::plan::{Compiled, Repeat};
use jiff::Timestamp;
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
        patterns: Patterns::of(plan),
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
    hits: Hits,
    /// Actions in `point_lead_action_log`.
    done: BTreeSet<usize>,
    claims: Vec<(usize, Claim)>,
}

struct Mautic<'a> {
    plan: &'a Compiled,
    doings: &'a [Doing<'a>],
    patterns: Patterns,
    contacts: BTreeMap<ContactId, Contact>,
}

impl Mautic<'_> {
    /// The winner takes over all but the loser's group scores.
    fn merge(&mut self, merge: &Merge) {
        let Some(loser) = self.contacts.remove(&merge.loser) else {
            return;
        };
        let winner = self.contacts.entry(merge.winner).or_default();
        winner.hits.take_over(loser.hits);
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
            contact.hits.add(&self.patterns, doing);
        }
        for (number, action) in plan.point_actions.iter().enumerate() {
            let once = action.repeat == Repeat::Once;
            // Nothing is retroactive (SEMANTICS 1).
            let made = action.made_at.is_none_or(|made| doing.activity.at >= made);
            let done = once && contact.done.contains(&number);
            if !made || done || !fits(plan, action, doing.activity) {
                continue;
            }
            let options = &action.url_options;
            if options.is_set() && !contact.hits.hold(number, options, doing) {
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
