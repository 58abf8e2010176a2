//! Mistakes in what people write (plan, config): each with its place and what to do. PURE.
//!
//! text ─▶ [`Sheet`] (TOML with places) ─▶ values and [`Findings`], all at once

mod render;
mod sheet;
mod source;
mod suggest;
mod value;

pub(crate) use sheet::{Sheet, Table};
pub use source::{Place, Source};
pub(crate) use suggest::{did_you_mean, one_of, quote};
pub(crate) use value::Value;

use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, btree_set};

/// What is wrong was reported already: the error of readers whose value may also be absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Told;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Nothing can be done with the text until this is mended.
    Error,
    /// It works, but most likely not as meant.
    Warning,
}

/// One mistake or doubt. Ordered by its place.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Finding {
    /// Name of the file as its reader gave it, of the environment variable, or `Mautic`.
    pub file: String,
    /// Line, from 1; `None` where there is none (variables, things of Mautic's).
    pub line: Option<u32>,
    /// Column in characters, from 1.
    pub column: Option<u32>,
    /// How bad.
    pub severity: Severity,
    /// What is wrong, and why it is.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
    /// The line itself, for people; the value is left out where it could be a secret.
    pub excerpt: Option<String>,
}

impl Finding {
    /// A finding about something that has no line: a variable, a thing of Mautic's.
    #[must_use]
    pub fn about(
        file: impl Into<String>,
        severity: Severity,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self {
            file: file.into(),
            line: None,
            column: None,
            severity,
            message: message.into(),
            hint: Some(hint.into()),
            excerpt: None,
        }
    }
}

/// Findings, sorted by place; the same finding is kept once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Findings(BTreeSet<Finding>);

impl Findings {
    /// No findings.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    pub fn push(&mut self, finding: Finding) {
        self.0.insert(finding);
    }

    /// Findings in the order of their places.
    pub fn iter(&self) -> btree_set::Iter<'_, Finding> {
        self.0.iter()
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many of this severity.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.iter().filter(|one| one.severity == severity).count()
    }

    /// Whether any is an error.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.count(Severity::Error) > 0
    }

    /// `value` with the warnings if nothing is wrong, else everything that was found.
    ///
    /// # Errors
    /// All findings, when one of them is an error or there is no value.
    pub fn judge<T>(self, value: Option<T>) -> Result<(T, Self), Self> {
        match value {
            Some(value) if !self.has_errors() => Ok((value, self)),
            _ => Err(self),
        }
    }
}

impl Extend<Finding> for Findings {
    fn extend<I: IntoIterator<Item = Finding>>(&mut self, findings: I) {
        self.0.extend(findings);
    }
}

impl IntoIterator for Findings {
    type Item = Finding;
    type IntoIter = btree_set::IntoIter<Finding>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'f> IntoIterator for &'f Findings {
    type Item = &'f Finding;
    type IntoIter = btree_set::Iter<'f, Finding>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
