//! Changes of a text at places; everything else stays as it is, byte by byte.

use std::ops::Range;

/// Changes to come.
pub(super) struct Edits<'t> {
    text: &'t str,
    edits: Vec<Edit>,
}

struct Edit {
    place: Range<usize>,
    /// A block begins a table of its own, and so comes after what is added to the one before it.
    is_block: bool,
    new: String,
}

impl<'t> Edits<'t> {
    pub(super) const fn of(text: &'t str) -> Self {
        Self {
            text,
            edits: Vec::new(),
        }
    }

    /// Puts a text in the place of another.
    pub(super) fn replace(&mut self, place: Range<usize>, new: impl Into<String>) {
        self.add(place, new.into(), false);
    }

    fn add(&mut self, place: Range<usize>, new: String, is_block: bool) {
        self.edits.push(Edit {
            place,
            is_block,
            new,
        });
    }

    /// Inserts whole lines after the line at `offset`.
    pub(super) fn insert_below(&mut self, offset: usize, lines: &str) {
        self.insert(offset, lines, false);
    }

    fn insert(&mut self, offset: usize, lines: &str, is_block: bool) {
        let at = self.line_end(offset);
        let unended = at == self.text.len() && !self.text.is_empty() && !self.text.ends_with('\n');
        let begin = if unended { "\n" } else { "" };
        self.add(at..at, format!("{begin}{lines}"), is_block);
    }

    /// Inserts a block after the line at `offset` and after comments that directly follow it and
    /// belong to nothing else.
    pub(super) fn insert_block(&mut self, offset: usize, block: &str) {
        let mut end = self.line_end(offset);
        let mut rest = end;
        while self.text[rest..]
            .trim_start_matches([' ', '\t'])
            .starts_with('#')
        {
            rest = self.line_end(rest);
        }
        let line = &self.text[rest..self.line_end(rest)];
        if line.trim().is_empty() {
            end = rest;
        }
        let last = end.saturating_sub(1);
        self.insert(last, &format!("\n{}\n", block.trim_end()), true);
    }

    /// Removes a key with its value. A comment behind it stays.
    pub(super) fn remove(&mut self, place: &Range<usize>) {
        let end = self.line_end(place.end);
        let behind = &self.text[place.end..end];
        let blanks = behind.len() - behind.trim_start_matches([' ', '\t', ',']).len();
        if behind[blanks..].starts_with('#') {
            self.replace(place.start..place.end + blanks, "");
        } else {
            self.replace(self.line_start(place.start)..end, "");
        }
    }

    /// The text with all changes.
    pub(super) fn apply(mut self) -> String {
        self.edits
            .sort_by_key(|edit| (edit.place.start, edit.is_block, edit.place.end));
        let windows = self.text.contains("\r\n");
        let mut result = String::new();
        let mut at = 0;
        for Edit { place, new, .. } in self.edits {
            result.push_str(self.text.get(at..place.start).unwrap_or_default());
            if windows {
                result.push_str(&new.replace("\r\n", "\n").replace('\n', "\r\n"));
            } else {
                result.push_str(&new);
            }
            at = at.max(place.end);
        }
        result + self.text.get(at..).unwrap_or_default()
    }

    pub(super) fn line_end(&self, offset: usize) -> usize {
        let end = self.text[offset..].find('\n');
        end.map_or(self.text.len(), |end| offset + end + 1)
    }

    /// The whole line at `offset`.
    pub(super) fn line_of(&self, offset: usize) -> Range<usize> {
        self.line_start(offset)..self.line_end(offset)
    }

    /// Whether a comma follows.
    pub(super) fn has_comma(&self, offset: usize) -> bool {
        self.text[offset..].trim_start().starts_with(',')
    }

    fn line_start(&self, offset: usize) -> usize {
        self.text[..offset].rfind('\n').map_or(0, |end| end + 1)
    }
}
