//! What happened in a run: counted, told when it fails, and compared when it is run again.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Events told of a run that fails.
const TOLD: usize = 120;

/// What is counted, by kind and name.
pub(crate) type Tally = BTreeMap<(&'static str, String), u64>;

/// The diary of one run.
#[derive(Debug, Default)]
pub(crate) struct Diary(Mutex<Pages>);

#[derive(Debug, Default)]
struct Pages {
    number: u64,
    newest: VecDeque<String>,
    tally: Tally,
    hasher: DefaultHasher,
    wrong: Option<String>,
}

impl Diary {
    /// Notes an event.
    pub(crate) fn note(&self, event: impl Into<String>) {
        let event = event.into();
        let mut pages = self.pages();
        event.hash(&mut pages.hasher);
        pages.number += 1;
        if pages.newest.len() == TOLD {
            pages.newest.pop_front();
        }
        let number = pages.number;
        if std::env::var_os("TELL").is_some() {
            eprintln!("{number:5} {event}");
        }
        pages.newest.push_back(format!("{number:5} {event}"));
    }

    /// Counts something.
    pub(crate) fn count(&self, kind: &'static str, name: impl Into<String>) {
        *self.pages().tally.entry((kind, name.into())).or_default() += 1;
    }

    /// Whether anything of a kind was counted.
    pub(crate) fn counted(&self, kind: &str) -> bool {
        self.pages().tally.keys().any(|(of, _)| *of == kind)
    }

    /// Notes that something must not be; the first counts.
    pub(crate) fn wrong(&self, what: impl Into<String>) {
        let what = what.into();
        self.note(format!("WRONG: {what}"));
        self.pages().wrong.get_or_insert(what);
    }

    /// What must not be and was.
    pub(crate) fn first_wrong(&self) -> Option<String> {
        self.pages().wrong.clone()
    }

    /// The newest events, oldest first.
    pub(crate) fn told(&self) -> String {
        Vec::from(self.pages().newest.clone()).join("\n")
    }

    /// Everything counted.
    pub(crate) fn tally(&self) -> Tally {
        self.pages().tally.clone()
    }

    /// Stands for the whole story: two runs with the same one were the same.
    pub(crate) fn fingerprint(&self) -> u64 {
        self.pages().hasher.finish()
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
