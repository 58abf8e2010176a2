//! What is known of a contact now.

use super::{ContactId, StageId, UserId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A contact as Mautic last showed it. The newest `as_of` wins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// Whose profile.
    pub contact: ContactId,
    /// When Mautic showed it: the delivery's `timestamp`, or the moment of the poll.
    pub as_of: Timestamp,
    /// When the contact was made in Mautic.
    pub added_at: Option<Timestamp>,
    /// When the visitor became known; `None` for anonymous visitors.
    pub identified_at: Option<Timestamp>,
    /// Mautic's main points.
    pub points: i64,
    /// Owner.
    pub owner: Option<UserId>,
    /// Stage.
    pub stage: Option<StageId>,
    /// Field values by alias; fields without a value are left out.
    pub fields: BTreeMap<String, String>,
    /// Tag names.
    pub tags: BTreeSet<String>,
    /// UTM tags of its visits, as Mautic lists them with the contact.
    #[serde(default)]
    pub utm: BTreeSet<Utm>,
    /// Companies it belongs to, by name; the primary one is also the field `company`.
    #[serde(default)]
    pub companies: BTreeSet<String>,
    /// Channels the contact must not be contacted on (`email`, `sms`).
    pub do_not_contact: BTreeSet<String>,
}

impl Profile {
    /// An unknown visitor: nothing but an id.
    #[must_use]
    pub fn unknown(contact: ContactId, as_of: Timestamp) -> Self {
        Self {
            contact,
            as_of,
            added_at: None,
            identified_at: None,
            points: 0,
            owner: None,
            stage: None,
            fields: BTreeMap::new(),
            tags: BTreeSet::new(),
            utm: BTreeSet::new(),
            companies: BTreeSet::new(),
            do_not_contact: BTreeSet::new(),
        }
    }

    /// Value of a field by its alias, such as `city`.
    #[must_use]
    pub fn field(&self, alias: &str) -> Option<&str> {
        self.fields.get(alias).map(String::as_str)
    }
}

/// The UTM parameters of one visit; those without a value are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub struct Utm {
    /// `utm_source`.
    pub source: Option<String>,
    /// `utm_medium`.
    pub medium: Option<String>,
    /// `utm_campaign`.
    pub campaign: Option<String>,
    /// `utm_term`.
    pub term: Option<String>,
    /// `utm_content`.
    pub content: Option<String>,
}
