//! What went wrong, with the file's name; and whoever has to know that the file is damaged.
//!
//! Damage is noticed by whoever comes upon it, perhaps by a worker that tries again for ever. The
//! process has to stop then: each further write could make it worse.

use super::codec::in_file;
use crate::store::StoreError;
use std::sync::Arc;
use tokio::sync::watch;

/// Puts the file's name in front of errors, and remembers damage. Clones share what they know.
#[derive(Debug, Clone)]
pub(super) struct Trouble {
    file: Arc<str>,
    damage: Arc<watch::Sender<Option<String>>>,
}

impl Trouble {
    pub(super) fn of(file: &str) -> Self {
        Self {
            file: file.into(),
            damage: Arc::new(watch::channel(None).0),
        }
    }

    /// The error as it is told.
    pub(super) fn tell(&self, error: StoreError) -> StoreError {
        let error = in_file(&self.file, error);
        if let StoreError::Damaged(_) = &error {
            let is_new = |known: &mut Option<String>| {
                let is_new = known.is_none();
                known.get_or_insert_with(|| error.to_string());
                is_new
            };
            self.damage.send_if_modified(is_new);
        }
        error
    }

    pub(super) fn damage(&self) -> watch::Receiver<Option<String>> {
        self.damage.subscribe()
    }
}
