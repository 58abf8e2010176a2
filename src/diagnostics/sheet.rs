//! A TOML text as a tree that collects what is wrong with it while it is read.

use super::{Findings, Severity, Source, Value, did_you_mean, one_of, quote};
use std::{cell::RefCell, collections::BTreeSet, ops::Range};
use toml::de::DeTable;

/// A TOML text under examination.
///
/// After a syntax error the rest of the tree is still read, but the lines of syntax errors and
/// everything that may only look wrong because a part is missing are passed over.
pub(crate) struct Sheet<'s> {
    source: &'s Source,
    findings: RefCell<Findings>,
    broken_lines: BTreeSet<u32>,
}

impl<'s> Sheet<'s> {
    /// Parses the text and runs `read` over its root table.
    pub(crate) fn read<T>(source: &Source, read: impl FnOnce(Table<'_, '_>) -> T) -> (T, Findings) {
        let (root, mistakes) = DeTable::parse_recoverable(source.text());
        let mut sheet = Sheet {
            source,
            findings: RefCell::default(),
            broken_lines: BTreeSet::new(),
        };
        for mistake in &mistakes {
            sheet.syntax_error(mistake);
        }
        let value = read(Table::new(&sheet, root.get_ref(), 0..0, "this file"));
        (value, sheet.findings.into_inner())
    }

    fn syntax_error(&mut self, mistake: &toml::de::Error) {
        let offset = mistake.span().map_or(0, |span| span.start);
        let duplicate = mistake.message() == "duplicate key";
        let (message, hint) = if duplicate {
            ("this key was given before", "keep one of the two")
        } else {
            self.broken_lines.insert(self.source.place(offset).line);
            (
                mistake.message(),
                "the text is not TOML here, see https://toml.io",
            )
        };
        self.report(offset, Severity::Error, message, hint);
    }

    fn report(
        &self,
        offset: usize,
        severity: Severity,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        let finding = self.source.finding(offset, severity, message, hint);
        self.findings.borrow_mut().push(finding);
    }

    /// Something is wrong with what stands at this place.
    pub(crate) fn at(
        &self,
        span: &Range<usize>,
        severity: Severity,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        if !self
            .broken_lines
            .contains(&self.source.place(span.start).line)
        {
            self.report(span.start, severity, message, hint);
        }
    }

    /// Something seems wrong only together with other parts of the text.
    pub(crate) fn together(
        &self,
        span: &Range<usize>,
        severity: Severity,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        if self.broken_lines.is_empty() {
            self.at(span, severity, message, hint);
        }
    }

    /// The text's source.
    pub(crate) fn source(&self) -> &'s Source {
        self.source
    }
}

/// A table that remembers which keys it was asked for, so that it knows the others.
pub(crate) struct Table<'a, 's> {
    /// The text.
    pub(crate) sheet: &'a Sheet<'s>,
    /// Where the table begins.
    pub(crate) span: Range<usize>,
    what: &'a str,
    entries: &'a DeTable<'a>,
    known: RefCell<BTreeSet<&'static str>>,
    /// Keys that must be there and are not, with a hint.
    missing: RefCell<Vec<(&'static str, String)>>,
}

impl<'a, 's> Table<'a, 's> {
    pub(super) fn new(
        sheet: &'a Sheet<'s>,
        entries: &'a DeTable<'a>,
        span: Range<usize>,
        what: &'a str,
    ) -> Self {
        Self {
            sheet,
            span,
            what,
            entries,
            known: RefCell::default(),
            missing: RefCell::default(),
        }
    }

    /// The value of an optional key.
    pub(crate) fn get(&self, key: &'static str) -> Option<Value<'a, 's>> {
        self.known.borrow_mut().insert(key);
        let node = self.entries.get(key)?;
        Some(Value::new(self.sheet, node, key))
    }

    /// The value of a key that must be there.
    pub(crate) fn need(&self, key: &'static str, hint: &str) -> Option<Value<'a, 's>> {
        let value = self.get(key);
        if value.is_none() {
            self.missing.borrow_mut().push((key, hint.to_owned()));
        }
        value
    }

    /// All entries, in the order of the text, of a table whose keys are names of something: each
    /// with its place and value.
    pub(crate) fn entries(&self) -> Vec<(&'a str, Range<usize>, Value<'a, 's>)> {
        let entries = self.entries.iter().map(|(key, node)| {
            let name = key.get_ref().as_ref();
            (name, key.span(), Value::new(self.sheet, node, name))
        });
        let mut entries: Vec<_> = entries.collect();
        entries.sort_by_key(|(_, span, _)| span.start);
        entries
    }

    /// Whether a key stands in it that nobody has asked for so far: [`Self::finish`] will report
    /// it, and what seems to be missing may be that misspelt key.
    pub(crate) fn has_unknown(&self) -> bool {
        let known = self.known.borrow();
        let mut keys = self.entries.keys();
        keys.any(|key| !known.contains(key.get_ref().as_ref()))
    }

    /// Whether one of these keys, that seem to be missing, is there but misspelt.
    pub(crate) fn may_mean(&self, keys: &[&str]) -> bool {
        let known = self.known.borrow();
        let names = self.entries.keys().map(|key| key.get_ref().as_ref());
        let mut unknown = names.filter(|name| !known.contains(name));
        unknown.any(|name| did_you_mean(name, keys.iter().copied()).is_some())
    }

    /// Reads the list of tables `[[key]]`, each with its index.
    pub(crate) fn each<T>(
        &self,
        key: &'static str,
        mut read: impl FnMut(usize, &Table<'a, 's>) -> T,
    ) -> Vec<T> {
        let Some(value) = self.get(key) else {
            return Vec::new();
        };
        let hint = format!("write [[{key}]] before each one");
        let tables = value.list(&hint).unwrap_or_default();
        let mut results = Vec::new();
        for item in &tables {
            if let Some(table) = item.table(&hint) {
                results.push(read(results.len(), &table));
                table.finish();
            }
        }
        results
    }

    /// Reports keys that nobody asked for and keys that are missing; a misspelt key is one
    /// mistake, not two. Call it when everything has been asked.
    pub(crate) fn finish(&self) {
        let known: Vec<&str> = self.known.borrow().iter().copied().collect();
        let mut missing = self.missing.borrow_mut();
        for (key, _) in self.entries {
            let name = key.get_ref().as_ref();
            if !known.contains(&name) {
                let message = format!("{} has no key {}", self.what, quote(name));
                let hint = one_of(name, &known);
                self.sheet.at(&key.span(), Severity::Error, message, hint);
                let meant = did_you_mean(name, known.iter().copied());
                missing.retain(|(key, _)| Some(*key) != meant);
            }
        }
        for (key, hint) in missing.drain(..) {
            let message = format!("{} has no `{key}`", self.what);
            self.sheet
                .together(&self.span, Severity::Error, message, hint);
        }
    }
}
