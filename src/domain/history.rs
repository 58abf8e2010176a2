//! Everything a score follows from.

use super::{Activity, ContactId, Profile, RuleKey, SegmentId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Everything the score of a contact follows from, read in one transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The contact.
    pub contact: ContactId,
    /// Its activities by (`at`, key).
    pub activities: Vec<Activity>,
    /// Its profile, if Mautic showed one.
    pub profile: Option<Profile>,
    /// Segments it is in, as far as known.
    pub segments: BTreeSet<SegmentId>,
    /// Triggers that fired for it before.
    pub fired: BTreeSet<RuleKey>,
}
