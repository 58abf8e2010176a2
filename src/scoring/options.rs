//! Mautic's options of `url.hit`, as they were meant.

use super::doings::Doing;
use crate::domain::{Activity, attribute};
use crate::plan::UrlOptions;
use jiff::Timestamp;

/// The hits that matched before.
#[derive(Debug, Default)]
pub(super) struct Visits {
    count: u32,
    last: Option<Timestamp>,
    /// Seconds stayed altogether.
    stayed: i64,
}

impl Visits {
    /// Notes the next matching hit; says whether all options hold for it.
    pub(super) fn next(&mut self, options: &UrlOptions, doing: &Doing<'_>) -> bool {
        let at = doing.activity.at;
        let since = self.last.map(|last| at.duration_since(last).as_secs());
        let since = since.and_then(|seconds| u64::try_from(seconds).ok());
        let stayed = u64::try_from(self.stayed).unwrap_or(0);
        let asked = |option: u64, holds: bool| option == 0 || holds;
        let within = since.is_some_and(|since| since <= options.returns_within);
        let after = since.is_some_and(|since| since >= options.returns_after);
        let holds = self.count + 1 >= options.page_hits
            && asked(options.returns_within, within)
            && asked(options.returns_after, after)
            && stayed >= options.accumulative_time
            && (!options.first_time || self.count == 0);
        self.count += 1;
        self.last = Some(at);
        self.stayed += stay(doing);
        holds
    }
}

/// Seconds until the page was left; 0 if that is not known.
pub(super) fn stay(doing: &Doing<'_>) -> i64 {
    left_at(doing.activity).map_or(0, |left| {
        left.duration_since(doing.activity.at).as_secs().max(0)
    })
}

/// When the page was left, as far as is known.
pub(super) fn left_at(hit: &Activity) -> Option<Timestamp> {
    hit.attribute(attribute::LEFT_AT)?.parse().ok()
}
