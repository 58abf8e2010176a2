//! Contacts that Mautic has to be asked about soon.

use crate::domain::ContactId;
use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

/// Contacts that Mautic has to be asked about soon, kept in memory only: what is lost with it
/// comes again with the next poll of changed contacts.
#[derive(Debug, Default)]
pub struct Refresh {
    waiting: Mutex<BTreeSet<ContactId>>,
}

/// More than these are left to the poll.
const MOST: usize = 10_000;

impl Refresh {
    /// Asks for contacts to be read again.
    pub fn ask(&self, contacts: impl IntoIterator<Item = ContactId>) {
        let mut waiting = self.waiting();
        for contact in contacts {
            if waiting.len() < MOST {
                waiting.insert(contact);
            }
        }
    }

    /// Takes up to `most` of the contacts that wait.
    pub fn take(&self, most: usize) -> Vec<ContactId> {
        let mut waiting = self.waiting();
        let taken: Vec<_> = waiting.iter().copied().take(most).collect();
        for contact in &taken {
            waiting.remove(contact);
        }
        taken
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, BTreeSet<ContactId>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
