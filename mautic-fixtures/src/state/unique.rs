//! Who has which address: looking for a contact by email must not read all contacts.

use std::collections::{BTreeSet, HashMap};

use super::{Contact, Id};
use crate::php::like::fold;

/// The unique field of an installation; values of other unique fields are looked for among all contacts.
const FIELD: &str = "email";

/// Contacts by the folded value of their email. Entries are never taken back: whoever looks something up checks that
/// the contact still has the value.
#[derive(Clone, Debug, Default)]
pub struct EmailIndex {
    by_value: HashMap<String, BTreeSet<Id>>,
}

impl EmailIndex {
    /// Notes a contact's email; to be called whenever a contact is written.
    pub fn note(&mut self, contact: &Contact) {
        let email = contact.text(FIELD);
        if !email.is_empty() {
            let known = self.by_value.entry(fold(email.trim_end())).or_default();
            known.insert(contact.id);
        }
    }

    /// The contacts that may have this value in this field, lowest id first; `None` if the field is not indexed.
    #[must_use]
    pub fn candidates(&self, field: &str, value: &str) -> Option<Vec<Id>> {
        let known = |value: &str| self.by_value.get(&fold(value.trim_end()));
        (field == FIELD).then(|| known(value).into_iter().flatten().copied().collect())
    }
}
