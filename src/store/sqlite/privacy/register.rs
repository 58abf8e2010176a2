//! The register of the erased: a small file beside the store, `<store>.erased`.
//!
//! It outlives a restored backup of the store: who was erased after the backup was made is erased
//! again when the store is opened. One line per erasure, appended and synced before the erasure is
//! committed; each line ends with a check of itself. A last line that is not whole is one that a
//! crash cut off, before anybody was told of it. The first line holds the key of the marks.

use super::super::hex;
use super::super::{beside, codec::time};
use super::tombstones::{self, Key, LENGTH, Mark};
use crate::store::{Result, StoreError};
use jiff::Timestamp;
use rusqlite::Connection;
use std::{
    collections::BTreeMap,
    fs::File,
    io::{ErrorKind, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

/// First word of the file, with the format's number.
const TITLE: &str = "topicscore-erased 1";

/// What was said of a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// It was erased.
    Erased,
    /// It may come again.
    Allowed,
}

impl Word {
    const ALL: [Self; 2] = [Self::Erased, Self::Allowed];

    const fn name(self) -> &'static str {
        match self {
            Self::Erased => "erased",
            Self::Allowed => "allowed",
        }
    }
}

/// What a register says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) key: Key,
    /// What was said last of each mark, and when.
    pub(super) last: BTreeMap<Mark, (Word, Timestamp)>,
    /// Length of what is whole, and of all, in bytes: different if a crash cut a line off.
    whole: u64,
    length: u64,
}

impl Content {
    pub(super) const fn is_whole(&self) -> bool {
        self.whole == self.length
    }

    pub(super) fn is_erased(&self, mark: &Mark) -> bool {
        matches!(self.last.get(mark), Some((Word::Erased, _)))
    }
}

/// The file.
#[derive(Debug, Clone)]
pub(in super::super) struct Register(PathBuf);

impl Register {
    /// The one of a store.
    pub(in super::super) fn beside(store: &Path) -> Self {
        Self(beside::named(store, ".erased"))
    }

    /// What it says; `None` if there is none. A line that a crash cut off is told of and left out.
    pub(super) fn read(&self) -> Result<Option<Content>> {
        let bytes = match std::fs::read(&self.0) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.failed("can't be read", &error)),
        };
        let content = parse(&bytes).map_err(|line| self.damaged(line))?;
        if !content.as_ref().is_some_and(Content::is_whole) {
            let file = self.0.display();
            tracing::warn!(%file, "the last line of the register of the erased is not whole: left out");
        }
        Ok(content)
    }

    /// Cuts off what is not whole, so that the next line is.
    pub(super) fn mend(&self, content: &Content) -> Result<()> {
        let mended = || -> std::io::Result<()> {
            let file = beside::options().write(true).open(&self.0)?;
            file.set_len(content.whole)?;
            file.sync_all()
        };
        if content.is_whole() {
            return Ok(());
        }
        mended().map_err(|error| self.failed("can't be mended", &error))
    }

    /// Makes it anew. Whole or not at all: it takes the place of an old one when it is synced.
    pub(super) fn create(&self, key: &Key, erased: &[(Mark, Timestamp)]) -> Result<()> {
        let mut text = beside::checked(&format!("{TITLE} {}", hex::write(key)));
        let mut by_time: BTreeMap<Timestamp, Vec<Mark>> = BTreeMap::new();
        for (mark, at) in erased {
            by_time.entry(*at).or_default().push(*mark);
        }
        for (at, marks) in by_time {
            text.push_str(&line(Word::Erased, at, &marks));
        }
        beside::replace(&self.0, &text).map_err(|error| self.failed("can't be made", &error))
    }

    /// Enters new tombstones, each with when, before the transaction that made them is committed:
    /// if that fails, the next start erases what was told as deleted. Durable when it returns.
    pub(in super::super) fn bury(&self, db: &Connection, new: &[(Mark, i64)]) -> Result<()> {
        let Some(at) = new.iter().map(|(_, at)| *at).max() else {
            return Ok(());
        };
        let marks: Vec<Mark> = new.iter().map(|(mark, _)| *mark).collect();
        self.enter(db, Word::Erased, time(at)?, &marks)
    }

    /// Enters that these ids may come again, before the transaction that lets them is committed.
    pub(in super::super) fn let_in(
        &self,
        db: &Connection,
        at: Timestamp,
        marks: &[Mark],
    ) -> Result<()> {
        if marks.is_empty() {
            return Ok(());
        }
        self.enter(db, Word::Allowed, at, marks)
    }

    /// Enters marks; makes the register if this is its first entry.
    pub(super) fn enter(
        &self,
        db: &Connection,
        word: Word,
        at: Timestamp,
        marks: &[Mark],
    ) -> Result<()> {
        if self.append(word, at, marks)? {
            return Ok(());
        }
        self.create(&tombstones::needed_key(db)?, &tombstones::dated(db)?)
    }

    /// Adds a line, if there is a register; returns whether there is. To be called by one process
    /// at a time: within a transaction that writes.
    pub(super) fn append(&self, word: Word, at: Timestamp, marks: &[Mark]) -> Result<bool> {
        let mut file = match beside::options().read(true).append(true).open(&self.0) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(self.failed("can't be opened", &error)),
        };
        let appended = whole_lines(&mut file).and_then(|end| {
            let written = file
                .write_all(line(word, at, marks).as_bytes())
                .and_then(|()| file.sync_all());
            // Half a line would make the next one unreadable.
            written.inspect_err(|_| _ = file.set_len(end))
        });
        appended.map_err(|error| self.failed("can't be written", &error))?;
        Ok(true)
    }

    fn failed(&self, what: &str, error: &std::io::Error) -> StoreError {
        StoreError::Database(format!(
            "the register of the erased, {}, {what}: {error}; nobody is erased without it",
            self.0.display()
        ))
    }

    fn damaged(&self, line: usize) -> StoreError {
        StoreError::Corrupt(format!(
            "the register of the erased, {file}, is damaged in line {line}: who stands in that \
             line might come back unnoticed. Put back the latest copy of the file. Without a copy, \
             move the file away: it is made anew from what the store knows",
            file = self.0.display()
        ))
    }

    /// Not the register of this store.
    pub(super) fn strange(&self) -> StoreError {
        StoreError::Corrupt(format!(
            "the register of the erased, {}, belongs to another store: its key is another. Put \
             back the one of this store, or move it away: it is made anew from what the store knows",
            self.0.display()
        ))
    }
}

/// Nobody else may read it: with the key, ids can be tried.
/// Cuts off a line that has no end; returns the length then.
fn whole_lines(file: &mut File) -> std::io::Result<u64> {
    let length = file.metadata()?.len();
    if length > 0 {
        file.seek(SeekFrom::End(-1))?;
        let mut last = [0];
        file.read_exact(&mut last)?;
        if last == *b"\n" {
            return Ok(length);
        }
    }
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    let ends = bytes.iter().rposition(|byte| *byte == b'\n');
    let end = ends.map_or(0, |at| at as u64 + 1);
    file.set_len(end)?;
    Ok(end)
}

fn line(word: Word, at: Timestamp, marks: &[Mark]) -> String {
    let marks: Vec<String> = marks.iter().map(|mark| hex::write(&mark.0)).collect();
    beside::checked(&format!("{} {at} {}", word.name(), marks.join(" ")))
}

/// `Ok(None)`: nothing whole is in it. The error is the number of the damaged line.
fn parse(bytes: &[u8]) -> std::result::Result<Option<Content>, usize> {
    let mut content: Option<Content> = None;
    let mut end = 0;
    let mut rest = bytes
        .split_inclusive(|byte| *byte == b'\n')
        .enumerate()
        .peekable();
    while let Some((number, line)) = rest.next() {
        let is_last = rest.peek().is_none();
        end += line.len() as u64;
        let read = line
            .strip_suffix(b"\n")
            .is_some_and(|line| take(line, &mut content).is_some());
        match &mut content {
            Some(content) if read => content.whole = end,
            _ if is_last => {}
            _ => return Err(number + 1),
        }
    }
    if let Some(content) = &mut content {
        content.length = end;
    }
    Ok(content)
}

/// Takes a line over; `None` if it is damaged.
fn take(line: &[u8], content: &mut Option<Content>) -> Option<()> {
    match content {
        None => *content = Some(title(line)?),
        Some(content) => said(line, &mut content.last)?,
    }
    Some(())
}

/// The words of a line that is whole.
fn words(line: &[u8]) -> Option<Vec<&str>> {
    let text = beside::unchecked(std::str::from_utf8(line).ok()?)?;
    Some(text.split(' ').collect())
}

fn title(line: &[u8]) -> Option<Content> {
    let words = words(line)?;
    let (key, title) = words.split_last()?;
    (title.join(" ") == TITLE).then_some(Content {
        key: hex::read::<LENGTH>(key)?,
        last: BTreeMap::new(),
        whole: 0,
        length: 0,
    })
}

fn said(line: &[u8], last: &mut BTreeMap<Mark, (Word, Timestamp)>) -> Option<()> {
    let words = words(line)?;
    let [word, at, marks @ ..] = words.as_slice() else {
        return None;
    };
    let word = Word::ALL.into_iter().find(|known| known.name() == *word)?;
    let at = at.parse().ok()?;
    let marks: Option<Vec<Mark>> = marks.iter().map(|mark| hex::read(mark).map(Mark)).collect();
    last.extend(marks?.into_iter().map(|mark| (mark, (word, at))));
    Some(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may fail loudly")]

    use super::*;

    const KEY: Key = [7; 32];

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn mark(n: u8) -> Mark {
        Mark([n; 32])
    }

    fn erased(register: &Register) -> Vec<u8> {
        let content = register.read().unwrap().unwrap();
        assert_eq!(content.key, KEY);
        let marks = content.last.keys().filter(|mark| content.is_erased(mark));
        marks.map(|mark| mark.0[0]).collect()
    }

    #[test]
    fn the_last_word_counts() {
        let folder = tempfile::tempdir().unwrap();
        let register = Register::beside(&folder.path().join("store.db"));
        assert_eq!(register.read().unwrap(), None);
        assert!(!register.append(Word::Erased, at(1), &[mark(1)]).unwrap());
        let many: Vec<_> = (0..=255).map(|n| (mark(n), at(5))).collect();
        register.create(&KEY, &many).unwrap();
        register.create(&KEY, &many[1..4]).unwrap();
        assert_eq!(erased(&register), [1, 2, 3]);
        for (word, marks) in [
            (Word::Erased, vec![mark(4), mark(5)]),
            (Word::Allowed, vec![mark(2), mark(5)]),
            (Word::Erased, vec![mark(5)]),
        ] {
            assert!(register.append(word, at(9), &marks).unwrap());
        }
        assert_eq!(erased(&register), [1, 3, 4, 5]);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let file = std::fs::metadata(folder.path().join("store.db.erased")).unwrap();
            assert_eq!(file.permissions().mode() & 0o777, 0o600);
        }
    }

    /// Whatever byte of it is cut off or changed: all that was said before is there, or it is told.
    #[test]
    fn damage_is_told_and_a_cut_is_not_damage() {
        let folder = tempfile::tempdir().unwrap();
        let register = Register::beside(&folder.path().join("store.db"));
        register.create(&KEY, &[(mark(1), at(1))]).unwrap();
        register.append(Word::Erased, at(2), &[mark(2)]).unwrap();
        register.append(Word::Erased, at(3), &[mark(3)]).unwrap();
        let bytes = std::fs::read(&register.0).unwrap();
        let ends: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at] == b'\n').collect();
        assert_eq!(ends.len(), 4);
        for length in 0..bytes.len() {
            let whole = ends.iter().filter(|end| **end < length).count();
            let found = parse(&bytes[..length]).unwrap();
            let marks = found.map_or(0, |content| content.last.len());
            assert_eq!(marks, whole.saturating_sub(1), "cut at {length}");
        }
        for changed in 0..bytes.len() {
            let mut bytes = bytes.clone();
            bytes[changed] ^= 1;
            let line = ends.iter().filter(|end| **end < changed).count() + 1;
            match parse(&bytes) {
                // What follows a lost line end is no line.
                Err(found) => assert_eq!(found, line, "changed at {changed}"),
                Ok(found) => {
                    // Without its end the line before the last is part of the last.
                    let left = if changed == ends[2] { 1 } else { 2 };
                    assert!(line == 4 || left == 1, "changed at {changed}");
                    let found = found.unwrap();
                    assert_eq!(found.last.len(), left, "changed at {changed}");
                    assert!(!found.is_whole(), "it is told");
                }
            }
        }
    }

    #[test]
    fn a_cut_off_line_gives_way_to_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let register = Register::beside(&folder.path().join("store.db"));
        register.create(&KEY, &[(mark(1), at(1))]).unwrap();
        let mut file = File::options().append(true).open(&register.0).unwrap();
        file.write_all(b"erased 2026-01").unwrap();
        assert_eq!(erased(&register), [1]);
        assert!(register.append(Word::Erased, at(2), &[mark(2)]).unwrap());
        assert_eq!(erased(&register), [1, 2]);
    }

    #[test]
    fn errors_name_the_file_and_the_line() {
        let folder = tempfile::tempdir().unwrap();
        let register = Register::beside(&folder.path().join("store.db"));
        std::fs::write(&register.0, "something\nelse\n").unwrap();
        let told = register.read().unwrap_err().to_string();
        assert!(
            told.contains("store.db.erased") && told.contains("line 1"),
            "{told}"
        );
    }
}
