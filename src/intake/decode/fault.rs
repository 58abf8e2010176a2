//! Why an item could not be understood.

/// Why an item could not be understood, for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A value that every such item has is not there.
    #[error("{0} is missing")]
    Missing(String),
    /// A value is not what it should be.
    #[error("{name} should be {expected}, but is {found}")]
    Wrong {
        /// Which value.
        name: String,
        /// What it should be.
        expected: &'static str,
        /// What it is, shortened.
        found: String,
    },
    /// Mautic 5.1.1 has no such event type.
    #[error(
        "this topicscore does not know the event type; take the type out of the hook, \
         or retry the parked items after an upgrade"
    )]
    UnknownType,
    /// No JSON.
    #[error("no valid JSON: {0}")]
    Json(String),
    /// A delivery is an object of event types.
    #[error("a delivery is a JSON object with event types as keys, this is something else")]
    NoDelivery,
}

impl Fault {
    pub(super) fn wrong(name: &str, expected: &'static str, found: &str) -> Self {
        Self::Wrong {
            name: name.to_owned(),
            expected,
            found: super::cut(found, 100).to_owned(),
        }
    }
}
