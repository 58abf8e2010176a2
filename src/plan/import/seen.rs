//! What an import saw, kept for the next one.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What Mautic showed when a plan was last imported. Kept, so that the next import can tell what
/// was changed in Mautic from what people changed in the plan.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Point actions by Mautic's ids.
    pub actions: BTreeMap<u32, SeenAction>,
    /// Triggers by Mautic's ids.
    pub triggers: BTreeMap<u32, SeenTrigger>,
}

/// A trigger as an import saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenTrigger {
    /// Name.
    pub name: String,
    /// All that matters of it, in one text.
    pub facts: String,
}

/// A point action as an import saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenAction {
    /// Name.
    pub name: String,
    /// Whether it was switched on.
    pub published: bool,
    /// Whether it could be written as a rule; else it was a comment.
    pub active: bool,
    /// Values by the keys of a `[[point_action]]`, in the form in which they are compared.
    pub keys: BTreeMap<String, String>,
}
