//! A contact's hits as Mautic counts them for the URL options of `url.hit`
//! (`PageBundle/Helper/PointActionHelper::validateUrlHit`). Each hit is looked at once: what is asked
//! of them at every hit is kept as numbers.

use super::doings::Doing;
use super::options::{left_at, stay};
use super::values::like;
use crate::domain::Activity;
use crate::plan::{Compiled, UrlOptions};
use jiff::{SignedDuration, Timestamp};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

/// Of all hits only so many are asked for: the first one that is not the present one.
const FIRST: usize = 2;

/// Rows of `page_hits` of one contact. To be asked in order of time.
#[derive(Debug, Default)]
pub(super) struct Hits {
    /// The first rows, by id.
    first: BTreeMap<u64, Timestamp>,
    /// Hits whose URL is like an action's pattern, by action.
    alike: BTreeMap<usize, Alike>,
}

impl Hits {
    pub(super) fn add(&mut self, patterns: &Patterns, hit: &Doing<'_>) {
        self.first.insert(hit.row(), hit.activity.at);
        self.keep_first();
        for action in patterns.like(hit.activity) {
            self.alike.entry(action).or_default().add(hit);
        }
    }

    /// Those of a contact that was merged into this one.
    pub(super) fn take_over(&mut self, other: Self) {
        self.first.extend(other.first);
        self.keep_first();
        for (action, alike) in other.alike {
            self.alike.entry(action).or_default().take_over(alike);
        }
    }

    fn keep_first(&mut self) {
        while self.first.len() > FIRST {
            self.first.pop_last();
        }
    }

    /// Whether an action's options hold for a hit, which is among the hits already.
    pub(super) fn hold(&mut self, action: usize, options: &UrlOptions, hit: &Doing<'_>) -> bool {
        // The current hit is stored already, so there is always one.
        if options.first_time || !self.returned(options, hit) {
            return false;
        }
        let mut alike = self.alike.get_mut(&action);
        let count = alike.as_ref().map_or(0, |alike| alike.count);
        let mut stayed = || {
            alike
                .as_mut()
                .map_or(0, |alike| alike.stayed(hit.activity.at))
        };
        count >= options.page_hits as usize
            && (options.accumulative_time == 0 || stayed() >= options.accumulative_time)
    }

    /// Asked for the last hit of the URL, Mautic finds the contact's first one of any.
    fn returned(&self, options: &UrlOptions, hit: &Doing<'_>) -> bool {
        if options.returns_within == 0 && options.returns_after == 0 {
            return true;
        }
        let Some((_, first)) = self.first.iter().find(|(row, _)| **row != hit.row()) else {
            return false;
        };
        let ago = hit.activity.at.duration_since(*first).as_secs();
        let ago = u64::try_from(ago).unwrap_or(0);
        let within = options.returns_within == 0 || ago <= options.returns_within;
        let after = options.returns_after == 0 || ago >= options.returns_after;
        within && after
    }
}

/// Hits that are alike.
#[derive(Debug, Default)]
struct Alike {
    count: usize,
    /// Seconds stayed on pages that had been left when they were last asked for.
    stayed: i64,
    /// The other pages that were left: when, and seconds stayed.
    leaving: BinaryHeap<Reverse<(Timestamp, i64)>>,
}

impl Alike {
    fn add(&mut self, hit: &Doing<'_>) {
        self.count += 1;
        let leaving = left_at(hit.activity).map(|left| Reverse((left, stay(hit))));
        self.leaving.extend(leaving);
    }

    fn take_over(&mut self, mut other: Self) {
        self.count += other.count;
        self.stayed += other.stayed;
        self.leaving.append(&mut other.leaving);
    }

    /// Seconds stayed on pages of which Mautic had noted by then that they were left. The hit that
    /// notes it may carry the second before.
    fn stayed(&mut self, at: Timestamp) -> u64 {
        let latest = at.checked_add(SignedDuration::from_secs(1)).unwrap_or(at);
        while let Some(Reverse((left, stay))) = self.leaving.peek()
            && *left <= latest
        {
            self.stayed += stay;
            self.leaving.pop();
        }
        u64::try_from(self.stayed).unwrap_or(0)
    }
}

/// What actions count hits by: index of the action, and its pattern as SQL has it.
pub(super) struct Patterns(Vec<(usize, String)>);

impl Patterns {
    pub(super) fn of(plan: &Compiled) -> Self {
        let actions = plan.point_actions.iter().enumerate();
        let counting = actions.filter(|(_, action)| {
            action.url_options.page_hits > 0 || action.url_options.accumulative_time > 0
        });
        let patterns = counting.map(|(index, action)| {
            let pattern = action.urls.first().map_or("", String::as_str);
            (index, pattern.replace('*', "%").to_lowercase())
        });
        Self(patterns.collect())
    }

    fn like(&self, hit: &Activity) -> Vec<usize> {
        if self.0.is_empty() {
            return Vec::new();
        }
        let url = hit.url.as_deref().unwrap_or_default().to_lowercase();
        let like = self.0.iter().filter(|(_, pattern)| like(pattern, &url));
        like.map(|(action, _)| *action).collect()
    }
}
