//! The log of the shim, as records.

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Opened,
    Written,
    Resized,
    SyncBegun,
    Synced,
    Removed,
    /// A delivery was acknowledged; its hit is the offset.
    Acknowledged,
}

/// One thing that happened.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) kind: Kind,
    /// The inode.
    pub(crate) file: u64,
    pub(crate) offset: u64,
    pub(crate) bytes: Vec<u8>,
}

impl Record {
    pub(crate) fn name(&self) -> String {
        String::from_utf8(self.bytes.clone()).unwrap()
    }
}

/// A record in the log's format.
pub(crate) fn acknowledgement(hit: u64) -> Vec<u8> {
    let mut record = vec![b'A'];
    record.extend([0; 8]);
    record.extend(hit.to_le_bytes());
    record.extend([0; 4]);
    record
}

pub(crate) fn read(mut log: &[u8]) -> Vec<Record> {
    let mut records = Vec::new();
    while !log.is_empty() {
        let (head, rest) = log.split_at(21);
        let number = |at: usize| u64::from_le_bytes(head[at..at + 8].try_into().unwrap());
        let length = u32::from_le_bytes(head[17..].try_into().unwrap()) as usize;
        let (bytes, rest) = rest.split_at(length);
        let kind = match head[0] {
            b'O' => Kind::Opened,
            b'W' => Kind::Written,
            b'T' => Kind::Resized,
            b'S' => Kind::SyncBegun,
            b'E' => Kind::Synced,
            b'U' => Kind::Removed,
            b'A' => Kind::Acknowledged,
            other => panic!("a record of kind {other}"),
        };
        records.push(Record {
            kind,
            file: number(1),
            offset: number(9),
            bytes: bytes.to_vec(),
        });
        log = rest;
    }
    records
}
