//! A disk that keeps what was synced, and of the rest what it happened to have written.
//!
//! The model: a sector of 512 bytes is written whole or not at all, each for itself, so that a later
//! write may be there and an earlier one not; a sector shows the file as it was at one moment. Sizes
//! follow what is there. Names and removals become durable in their order, at the latest with a sync of
//! the folder.

use crate::log::{Kind, Record};
use rand::{RngExt, rngs::StdRng};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

const SECTOR: usize = 512;

#[derive(Debug)]
enum Change {
    Write { offset: usize, bytes: Vec<u8> },
    Resize(usize),
}

#[derive(Debug, Default)]
struct Content {
    durable: Vec<u8>,
    /// Changes since, with the place of each in the log.
    pending: Vec<(usize, Change)>,
    /// Where the sync under way began.
    syncing: Vec<usize>,
}

#[derive(Debug, Clone)]
enum Naming {
    Made(String, u64),
    Removed(String),
}

/// The files of one folder.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    /// By a number of ours, since inodes are used again.
    contents: BTreeMap<u64, Content>,
    /// What an inode stands for now.
    current: BTreeMap<u64, u64>,
    names: BTreeMap<String, u64>,
    durable_names: BTreeMap<String, u64>,
    pending_names: Vec<(usize, Naming)>,
    folder: Option<u64>,
    folder_syncs: Vec<usize>,
    made: u64,
}

impl Disk {
    /// Takes what happened at a place in the log.
    pub(crate) fn take(&mut self, place: usize, record: &Record) {
        match record.kind {
            Kind::Opened => self.opened(place, record),
            Kind::Removed => {
                let name = record.name();
                if let Some(content) = self.names.remove(&name) {
                    self.current.retain(|_, current| *current != content);
                }
                self.pending_names.push((place, Naming::Removed(name)));
            }
            Kind::Written => self.change(
                place,
                record,
                Change::Write {
                    offset: usize::try_from(record.offset).unwrap(),
                    bytes: record.bytes.clone(),
                },
            ),
            Kind::Resized => {
                let size = usize::try_from(record.offset).unwrap();
                self.change(place, record, Change::Resize(size));
            }
            Kind::SyncBegun if self.folder == Some(record.file) => self.folder_syncs.push(place),
            Kind::SyncBegun => self.content(record).syncing.push(place),
            Kind::Synced if self.folder == Some(record.file) => self.folder_synced(),
            Kind::Synced => self.content(record).synced(),
            Kind::Acknowledged => {}
        }
    }

    fn opened(&mut self, place: usize, record: &Record) {
        let name = record.name();
        if name.is_empty() {
            self.folder = Some(record.file);
        } else if !self.names.contains_key(&name) {
            self.made += 1;
            self.current.insert(record.file, self.made);
            self.contents.insert(self.made, Content::default());
            self.names.insert(name.clone(), self.made);
            let naming = Naming::Made(name, self.made);
            self.pending_names.push((place, naming));
        }
    }

    fn content(&mut self, record: &Record) -> &mut Content {
        // A file that was removed may still be open: what is done to it matters no more.
        let current = self.current.get(&record.file).copied().unwrap_or(0);
        self.contents.entry(current).or_default()
    }

    fn change(&mut self, place: usize, record: &Record, change: Change) {
        self.content(record).pending.push((place, change));
    }

    fn folder_synced(&mut self) {
        let begun = self.folder_syncs.remove(0);
        let durable = self.pending_names.partition_point(|(at, _)| *at < begun);
        for (_, naming) in self.pending_names.drain(..durable) {
            apply(&mut self.durable_names, naming);
        }
    }

    /// Writes the files as they may be found when power is back.
    pub(crate) fn after_power_loss(&self, folder: &Path, random: &mut StdRng) {
        let mut names = self.durable_names.clone();
        let kept = random.random_range(0..=self.pending_names.len());
        for (_, naming) in &self.pending_names[..kept] {
            apply(&mut names, naming.clone());
        }
        for (name, content) in names {
            let bytes = self.contents[&content].after_power_loss(random);
            fs::write(folder.join(name), bytes).unwrap();
        }
    }
}

fn apply(names: &mut BTreeMap<String, u64>, naming: Naming) {
    match naming {
        Naming::Made(name, content) => drop(names.insert(name, content)),
        Naming::Removed(name) => drop(names.remove(&name)),
    }
}

impl Content {
    fn synced(&mut self) {
        // Syncs of one file by two threads: the one that began first covers the least.
        let begun = self.syncing.remove(0);
        let durable = self.pending.partition_point(|(at, _)| *at < begun);
        for (_, change) in self.pending.drain(..durable) {
            match change {
                Change::Write { offset, bytes } => put(&mut self.durable, offset, &bytes),
                Change::Resize(size) => self.durable.resize(size, 0),
            }
        }
    }

    fn after_power_loss(&self, random: &mut StdRng) -> Vec<u8> {
        let mut bytes = self.durable.clone();
        let changes = self.pending.len();
        // How a disk got on with its queue: not at all, in order, or anyhow.
        let until = match random.random_range(0..4) {
            0 => return bytes,
            1 => Some(random.random_range(0..=changes)),
            _ => None,
        };
        let share = random.random_range(0.05..1.0);
        let mut sectors = BTreeMap::new();
        let resized = random.random_range(0..=changes);
        for (place, (_, change)) in self.pending.iter().enumerate() {
            match change {
                Change::Resize(size) if place < until.unwrap_or(resized) => bytes.resize(*size, 0),
                Change::Resize(_) => {}
                Change::Write { offset, bytes: new } => {
                    for (at, piece) in pieces(*offset, new) {
                        let shown = *sectors.entry(at / SECTOR).or_insert_with(|| {
                            let all = random.random_bool(share);
                            let some = random.random_range(0..=changes);
                            until.unwrap_or(if all { changes } else { some })
                        });
                        if place < shown {
                            put(&mut bytes, at, piece);
                        }
                    }
                }
            }
        }
        bytes
    }
}

/// Cuts what is written at sectors.
fn pieces(offset: usize, mut bytes: &[u8]) -> Vec<(usize, &[u8])> {
    let (mut at, mut pieces) = (offset, Vec::new());
    while !bytes.is_empty() {
        let room = SECTOR - at % SECTOR;
        let (piece, rest) = bytes.split_at(room.min(bytes.len()));
        pieces.push((at, piece));
        at += piece.len();
        bytes = rest;
    }
    pieces
}

fn put(bytes: &mut Vec<u8>, offset: usize, new: &[u8]) {
    let end = offset + new.len();
    if bytes.len() < end {
        bytes.resize(end, 0);
    }
    bytes[offset..end].copy_from_slice(new);
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use std::collections::BTreeSet;

    fn record(kind: Kind, offset: u64, bytes: &[u8]) -> Record {
        Record {
            kind,
            file: 7,
            offset,
            bytes: bytes.to_vec(),
        }
    }

    /// What a file of two sectors, `a` synced and `b` and `c` written over it, may hold.
    #[test]
    fn what_was_synced_stays_and_the_rest_is_anyhow() {
        let sectors = |letter: u8| vec![letter; 2 * SECTOR];
        let mut disk = Disk::default();
        let records = [
            record(Kind::Opened, 0, b"f"),
            record(Kind::Written, 0, &sectors(b'a')),
            record(Kind::SyncBegun, 0, b""),
            record(Kind::Synced, 0, b""),
            record(Kind::Written, 0, &sectors(b'b')),
            record(Kind::SyncBegun, 0, b""),
            record(Kind::Written, 0, &sectors(b'c')),
        ];
        for (place, record) in records.iter().enumerate() {
            disk.take(place, record);
        }
        let mut random = StdRng::seed_from_u64(1);
        let content = &disk.contents[&1];
        let seen: BTreeSet<(u8, u8)> = (0..2_000)
            .map(|_| content.after_power_loss(&mut random))
            .map(|bytes| (bytes[0], bytes[2 * SECTOR - 1]))
            .collect();
        assert_eq!(seen.len(), 9, "every mixture of old and new: {seen:?}");
        disk.take(7, &record(Kind::Synced, 0, b""));
        let content = &disk.contents[&1];
        assert_eq!(content.durable, sectors(b'b'), "what came before it began");
        assert_eq!(content.pending.len(), 1);
    }
}
