//! A text and the places in it.

use super::{Finding, Severity};
use std::sync::Arc;

/// A place in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// Lines longer than this are not shown, in bytes: nobody finds a place in them by eye, and each of
/// many mistakes would hold a copy.
const LONGEST_SHOWN: usize = 1000;

/// A named text. Cheap to clone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Source {
    file: Arc<str>,
    text: Arc<str>,
    /// Where each line begins: a text with thousands of mistakes is asked for as many places.
    lines: Arc<[usize]>,
    /// With a list: lines are shown only up to the `=` after one of these keys.
    shown_keys: Option<&'static [&'static str]>,
}

impl Source {
    /// A text whose lines may be shown.
    #[must_use]
    pub fn new(file: &str, text: &str) -> Self {
        Self {
            file: file.into(),
            text: text.into(),
            lines: std::iter::once(0)
                .chain(text.match_indices('\n').map(|(newline, _)| newline + 1))
                .collect(),
            shown_keys: None,
        }
    }

    /// A text that holds secrets: of its lines only these keys are ever shown, no values.
    #[must_use]
    pub fn with_secrets(file: &str, text: &str, shown_keys: &'static [&'static str]) -> Self {
        Self {
            shown_keys: Some(shown_keys),
            ..Self::new(file, text)
        }
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The file's name.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Place of a byte offset; offsets inside a character or behind the end are moved back.
    #[must_use]
    pub fn place(&self, offset: usize) -> Place {
        let (start, line) = self.line_at(offset);
        let column = self.text[start..self.floor(offset)]
            .trim_start_matches('\u{feff}')
            .chars()
            .count();
        Place {
            line,
            column: u32::try_from(column).unwrap_or(u32::MAX).saturating_add(1),
        }
    }

    /// A finding at a byte offset.
    #[must_use]
    pub fn finding(
        &self,
        offset: usize,
        severity: Severity,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Finding {
        let place = self.place(offset);
        Finding {
            line: Some(place.line),
            column: Some(place.column),
            excerpt: self.excerpt(offset),
            ..Finding::about(self.file.as_ref(), severity, message, hint)
        }
    }

    fn excerpt(&self, offset: usize) -> Option<String> {
        let (start, _) = self.line_at(offset);
        let line = self.text[start..].lines().next()?;
        if line.len() > LONGEST_SHOWN {
            return None;
        }
        let line = line.trim_start_matches('\u{feff}').trim_end();
        let Some(shown) = self.shown_keys else {
            return Some(line.to_owned());
        };
        let (key, _) = line.split_once('=')?;
        shown
            .contains(&key.trim())
            .then(|| format!("{}= …", &line[..key.len()]))
    }

    fn floor(&self, offset: usize) -> usize {
        self.text.floor_char_boundary(offset.min(self.text.len()))
    }

    /// Start of the line that holds `offset`, and its number.
    fn line_at(&self, offset: usize) -> (usize, u32) {
        let offset = self.floor(offset);
        let line = self.lines.partition_point(|start| *start <= offset);
        let start = line
            .checked_sub(1)
            .and_then(|before| self.lines.get(before));
        let start = start.copied().unwrap_or(0);
        (start, u32::try_from(line.max(1)).unwrap_or(u32::MAX))
    }
}
