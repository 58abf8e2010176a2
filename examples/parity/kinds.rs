//! Of which kind a difference is.

use super::check::OfAction;
use mautic_fixtures::recordings::Scenario;
use serde::Serialize;
use topicscore::domain::{ContactId, Snapshot};

/// Why outside knowledge does not suffice (SEMANTICS 10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// None of them.
    Unexplained,
}

/// What is told of a scenario besides.
pub(crate) struct Told;

impl Told {
    pub(crate) fn read(_: &Scenario) -> Self {
        Self
    }
}

#[allow(clippy::too_many_arguments)]
pub(crate) fn kind_of(
    _: &Told,
    _: ContactId,
    _: Option<u32>,
    _: &Snapshot,
    _: i64,
    _: i64,
    _: Option<i64>,
    _: &[OfAction],
) -> (Kind, String) {
    (Kind::Unexplained, String::new())
}
