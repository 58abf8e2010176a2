//! Where one source alone says something else than both together, and why.

use super::{
    causes::{Cause, cause},
    journal::{Journal, Statement},
    recording::Recording,
    told::Told,
};
use serde::Serialize;
use std::{collections::BTreeSet, fmt};

/// The source that was alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Alone {
    Webhooks,
    Polls,
}

/// A statement that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Difference {
    pub(crate) alone: Alone,
    /// `hit:7` or `contact 7`.
    pub(crate) item: String,
    pub(crate) what: String,
    /// What the source alone says; `None`: nothing.
    pub(crate) says: Option<String>,
    /// What both together say.
    pub(crate) both_say: Option<String>,
    /// `None`: unexplained.
    pub(crate) cause: Option<Cause>,
}

/// All differences. An item that is missing as a whole is one.
pub(crate) fn differences(
    alone: Alone,
    one: &Journal,
    both: &Journal,
    recording: &Recording,
    told: &Told,
) -> Vec<Difference> {
    let mut seen = BTreeSet::new();
    let all: BTreeSet<&Statement> = one
        .statements
        .keys()
        .chain(both.statements.keys())
        .collect();
    let mut found = Vec::new();
    for (item, what) in all {
        let (says, both_say) = (one.value(item, what), both.value(item, what));
        if says == both_say {
            continue;
        }
        let missing = !has(one, item) || !has(both, item);
        if missing && !seen.insert(item) {
            continue;
        }
        let mut difference = Difference {
            alone,
            item: item.clone(),
            what: if missing { "all of it" } else { what }.to_owned(),
            says: says.map(str::to_owned),
            both_say: both_say.map(str::to_owned),
            cause: None,
        };
        difference.cause = cause(&difference, one, both, recording, told);
        found.push(difference);
    }
    found
}

fn has(journal: &Journal, item: &str) -> bool {
    let first = (item.to_owned(), String::new());
    let next = journal.statements.range(first..).next();
    next.is_some_and(|((found, _), _)| found == item)
}

impl Difference {
    /// The contact it is about, if it is about one.
    pub(crate) fn contact(&self) -> Option<u32> {
        self.item.strip_prefix("contact ")?.parse().ok()
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
        let (alone, item, what) = (self.alone, &self.item, &self.what);
        let (says, both) = (told(&self.says), told(&self.both_say));
        write!(
            f,
            "{item}, {what}: {alone:?} alone say {says}, both say {both}"
        )
    }
}
