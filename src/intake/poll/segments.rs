//! Which segments' members are polled.

use crate::domain::SegmentId;
use std::{collections::BTreeSet, fmt, sync::Arc};

/// Segments whose members are compared with what we know; asked for anew at every poll, since a
/// plan may be loaded at any time.
#[derive(Clone)]
pub struct Segments(Arc<dyn Fn() -> BTreeSet<SegmentId> + Send + Sync>);

impl Segments {
    /// Those that `now` names whenever it is asked.
    pub fn of(now: impl Fn() -> BTreeSet<SegmentId> + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// Those of this moment.
    #[must_use]
    pub fn now(&self) -> BTreeSet<SegmentId> {
        (self.0)()
    }
}

impl Default for Segments {
    fn default() -> Self {
        Self::of(BTreeSet::new)
    }
}

impl From<Vec<SegmentId>> for Segments {
    fn from(segments: Vec<SegmentId>) -> Self {
        let segments: BTreeSet<_> = segments.into_iter().collect();
        Self::of(move || segments.clone())
    }
}

impl fmt::Debug for Segments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Segments").field(&self.now()).finish()
    }
}
