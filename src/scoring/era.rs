//! Stretches between entries into stages, where a topic begins anew with each.

use super::doings::Doing;
use crate::domain::{ActivityKind, StageId};
use crate::plan::CompiledTopic;
use jiff::Timestamp;

/// A stretch of time; `None` is open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Era {
    pub(super) from: Option<Timestamp>,
    pub(super) until: Option<Timestamp>,
}

impl Era {
    /// All time.
    pub(super) const ALWAYS: Self = Self {
        from: None,
        until: None,
    };

    pub(super) fn contains(&self, moment: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= moment) && self.until.is_none_or(|end| moment < end)
    }
}

/// The topic's eras, oldest first; at least one.
pub(super) fn eras(topic: &CompiledTopic, doings: &[Doing<'_>]) -> Vec<Era> {
    let Some(reset) = &topic.stages else {
        return vec![Era::ALWAYS];
    };
    let entries = doings.iter().filter(|doing| {
        let stage = doing.activity.object.map(StageId);
        doing.activity.kind == ActivityKind::StageEnter
            && (reset.stages.is_empty() || stage.is_some_and(|stage| reset.stages.contains(&stage)))
    });
    let mut eras = Vec::new();
    let mut from = None;
    for entry in entries {
        let at = Some(entry.activity.at);
        if from != at {
            eras.push(Era { from, until: at });
            from = at;
        }
    }
    eras.push(Era { from, until: None });
    eras
}
