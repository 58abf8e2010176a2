//! Where the parts of a plan stand in its text, for mistakes that only Mautic's names reveal.

use crate::diagnostics::{Finding, Severity, Source};
use std::collections::BTreeMap;

/// Places of a plan's parts, by paths such as `trigger.0.add_to.1`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places {
    source: Source,
    offsets: BTreeMap<String, usize>,
}

impl Places {
    pub(super) fn new(source: Source) -> Self {
        Self {
            source,
            offsets: BTreeMap::new(),
        }
    }

    pub(super) fn note(&mut self, path: String, offset: usize) {
        self.offsets.insert(path, offset);
    }

    /// A finding about the part at `path`; without a line if the path is unknown.
    pub(crate) fn finding(
        &self,
        path: &str,
        severity: Severity,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Finding {
        match self.offsets.get(path) {
            Some(offset) => self.source.finding(*offset, severity, message, hint),
            None => Finding::about(format!("plan: {path}"), severity, message, hint),
        }
    }
}
