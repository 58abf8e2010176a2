//! What people ask of an instance and tell it, for the command line and the admin interface
//! alike: why a contact has its points, and points given by hand.

mod adjust;
mod explain;
mod moment;
#[cfg(test)]
mod tests;

pub use adjust::{Given, Whose, Wish, end, give, is_over, known, wished};
pub use explain::{Explained, Question, TopicExplained, explain};
pub use moment::moment;

use crate::store::StoreError;

/// Why a question or a wish came to nothing: what is wrong, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Something that was named is not there.
    #[error("{what}")]
    Unknown {
        /// What is wrong.
        what: String,
        /// What to do.
        hint: String,
    },
    /// Something that was given can't be.
    #[error("{what}")]
    Wrong {
        /// What is wrong.
        what: String,
        /// What to do.
        hint: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Refusal {
    pub(crate) fn unknown(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Unknown {
            what: what.into(),
            hint: hint.into(),
        }
    }

    pub(crate) fn wrong(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Wrong {
            what: what.into(),
            hint: hint.into(),
        }
    }
}
