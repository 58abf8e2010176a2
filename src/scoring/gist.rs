//! What scores follow from, of all that a contact did. An active contact's history is read without
//! the rest: of a hundred thousand hits that no rule asks for, a few are left.
//!
//! Nothing may follow from what is left out: [`evaluate`](super::evaluate) gives the same either way.
//! Explanations are made of everything.

use super::doings::is_landing_like;
use super::machine::by_agent;
use super::matching::fits;
use super::silence::counts;
use crate::domain::{Activity, ActivityKind, attribute};
use crate::plan::{ActivityTest, Behaviour, Calendar, Compiled, Tree};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Attributes that are looked at whatever the plan asks for: what Mautic answered, whether a machine
/// did it, how long it lasted.
const ALWAYS: [&str; 3] = [attribute::CODE, attribute::USER_AGENT, attribute::LEFT_AT];

/// What a plan needs of activities.
#[derive(Debug, Clone)]
pub struct Gist {
    plan: Arc<Compiled>,
    /// Names of attributes that it looks at.
    attributes: BTreeSet<String>,
    /// It counts hits as Mautic does: by those that no rule pays for, too.
    counts_hits: bool,
}

impl Gist {
    /// That of a plan.
    #[must_use]
    pub fn of(plan: Arc<Compiled>) -> Self {
        let actions = plan.point_actions.iter();
        let tests = actions.filter_map(|action| action.when.as_ref());
        let named = tests.flat_map(Tree::leaves).filter_map(|test| match test {
            ActivityTest::Attribute { name, .. } => Some(name.clone()),
            _ => None,
        });
        let attributes = named.chain(ALWAYS.map(str::to_owned)).collect();
        let mut actions = plan.point_actions.iter();
        let counts_hits = plan.behaviour == Behaviour::Mautic
            && actions.any(|action| action.url_options.is_set());
        Self {
            attributes,
            counts_hits,
            plan,
        }
    }

    /// Adds an activity to those of its contact that were told before it, in order of time; leaves
    /// out what changes nothing.
    pub fn add(&self, kept: &mut Vec<Activity>, mut activity: Activity) {
        let names = |name: &String| self.attributes.contains(name);
        activity.attributes.retain(|name, _| names(name));
        // The first one tells since when the contact is known.
        if kept.is_empty() || self.is_asked_for(&activity) {
            kept.push(activity);
            return;
        }
        if !self.may_end_silence(&activity) {
            return;
        }
        match kept.as_mut_slice() {
            [.., before, last] if self.are_of_one_day(before, last, &activity) => *last = activity,
            _ => kept.push(activity),
        }
    }

    /// Whether points, or what is made of other activities, may follow from it. Of what is rare all
    /// is kept.
    fn is_asked_for(&self, activity: &Activity) -> bool {
        let plan = &*self.plan;
        !is_frequent(activity.kind)
            || (self.counts_hits && is_hit(activity.kind))
            || plan
                .point_actions
                .iter()
                .any(|action| fits(plan, action, activity))
    }

    fn may_end_silence(&self, activity: &Activity) -> bool {
        let mut rules = self.plan.inactivity_rules.iter();
        rules.any(|rule| counts(rule, activity.kind)) && !self.is_machine(activity)
    }

    fn is_machine(&self, activity: &Activity) -> bool {
        self.plan.behaviour == Behaviour::Corrected
            && by_agent(&self.plan.machine, activity).is_some()
    }

    /// Whether all of them only end a silence, for the same rules: none lasts from one to another
    /// then, so the one in the middle changes nothing.
    fn are_of_one_day(&self, before: &Activity, last: &Activity, next: &Activity) -> bool {
        let day = |one: &Activity| self.plan.ticks.begin(Calendar::Day, one.at);
        let same = |one: &Activity| {
            let mut rules = self.plan.inactivity_rules.iter();
            rules.all(|rule| counts(rule, one.kind) == counts(rule, next.kind))
                && day(one) == day(next)
                && self.only_ends_silence(one)
        };
        same(last) && same(before) && self.only_ends_silence(next)
    }

    /// Whether it surely ends a silence, whatever else the contact did, and nothing else follows.
    fn only_ends_silence(&self, activity: &Activity) -> bool {
        let told_alone = activity.kind != ActivityKind::EmailOpen && !is_landing_like(activity);
        told_alone && !self.is_asked_for(activity) && self.may_end_silence(activity)
    }
}

/// What a contact may do very often, and from which nothing follows for its other activities.
const fn is_frequent(kind: ActivityKind) -> bool {
    use ActivityKind::{AssetDownload, EmailOpen, PageHit, UrlHit, VideoPlay};
    matches!(
        kind,
        PageHit | UrlHit | EmailOpen | AssetDownload | VideoPlay
    )
}

const fn is_hit(kind: ActivityKind) -> bool {
    matches!(kind, ActivityKind::PageHit | ActivityKind::UrlHit)
}
