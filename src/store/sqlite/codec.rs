//! How values look in `SQLite`, and how its errors look to people.

use crate::domain::{ActivityKind, EffectState, GroupId, SegmentId, Source, Way};
use crate::store::{Result, StoreError, Target, Urgency};
use jiff::Timestamp;
use rusqlite::{ErrorCode, ffi};
use serde::{Serialize, de::DeserializeOwned};

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged(format!(
                "{error}; restore the latest backup, or try `sqlite3 FILE .recover`"
            )),
            Some(ErrorCode::NotADatabase) => Self::Damaged(format!(
                "{error}; check that the configured path names topicscore's own file, and if it does, \
                 restore the latest backup"
            )),
            Some(ErrorCode::DiskFull) => Self::Database(format!("{error}; free disk space")),
            Some(ErrorCode::ReadOnly) => Self::Database(format!(
                "{error}; let the user that runs topicscore write the file and its folder"
            )),
            Some(ErrorCode::CannotOpen) => Self::Database(format!(
                "{error}; is its folder there, and may the user that runs topicscore write in it?"
            )),
            Some(ErrorCode::SystemIoFailure) => Self::Database(format!(
                "{error}; look for trouble with the disk in the system's log"
            )),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Database(format!(
                "{error}; another process holds the file for too long"
            )),
            _ => Self::Database(error.to_string()),
        }
    }
}

/// Puts the file's name in front of what went wrong.
pub(super) fn in_file(file: &str, error: StoreError) -> StoreError {
    match error {
        StoreError::Database(text) => StoreError::Database(format!("{file}: {text}")),
        StoreError::Corrupt(text) => StoreError::Corrupt(format!("{file}: {text}")),
        StoreError::Damaged(text) => StoreError::Damaged(format!("{file}: {text}")),
        other => other,
    }
}

/// Whether `SQLite` says that a table is missing (a new, empty file).
pub(super) fn is_missing_table(error: &rusqlite::Error) -> bool {
    matches!(error, rusqlite::Error::SqlInputError { error, msg, .. }
        if error.extended_code == ffi::SQLITE_ERROR && msg.starts_with("no such table"))
        || matches!(error, rusqlite::Error::SqliteFailure(_, Some(msg)) if msg.starts_with("no such table"))
}

fn unreadable(what: &str, value: impl std::fmt::Display) -> StoreError {
    StoreError::Corrupt(format!("{what} `{value}` is unknown; was the file edited?"))
}

/// Microseconds since 1970: what `PostgreSQL` keeps, too.
pub(super) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

pub(super) fn time(micros: i64) -> Result<Timestamp> {
    Timestamp::from_microsecond(micros).map_err(|_| unreadable("time", micros))
}

/// The time cut to the resolution that is kept.
pub(super) fn truncated(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(micros(at)).unwrap_or(at)
}

pub(super) const fn urgency_code(urgency: Urgency) -> u8 {
    match urgency {
        Urgency::Bulk => 0,
        Urgency::Fresh => 1,
        Urgency::Crossing => 2,
    }
}

pub(super) fn urgency(code: u8) -> Result<Urgency> {
    match code {
        0 => Ok(Urgency::Bulk),
        1 => Ok(Urgency::Fresh),
        2 => Ok(Urgency::Crossing),
        _ => Err(unreadable("urgency", code)),
    }
}

pub(super) const fn source_code(source: Source) -> u8 {
    match source {
        Source::Poll => 0,
        Source::Webhook => 1,
    }
}

pub(super) fn source(code: u8) -> Result<Source> {
    match code {
        0 => Ok(Source::Poll),
        1 => Ok(Source::Webhook),
        _ => Err(unreadable("source", code)),
    }
}

pub(super) const fn kind_code(kind: ActivityKind) -> u8 {
    match kind {
        ActivityKind::PageHit => 1,
        ActivityKind::UrlHit => 2,
        ActivityKind::EmailClick => 3,
        ActivityKind::EmailOpen => 4,
        ActivityKind::EmailSend => 5,
        ActivityKind::FormSubmit => 6,
        ActivityKind::AssetDownload => 7,
        ActivityKind::SmsSend => 8,
        ActivityKind::VideoPlay => 9,
        ActivityKind::SegmentEnter => 10,
        ActivityKind::StageEnter => 11,
        ActivityKind::CampaignEnter => 12,
    }
}

pub(super) fn kind(code: u8) -> Result<ActivityKind> {
    ActivityKind::ALL
        .into_iter()
        .find(|kind| kind_code(*kind) == code)
        .ok_or_else(|| unreadable("kind of activity", code))
}

pub(super) const fn effect_state_code(state: EffectState) -> u8 {
    match state {
        EffectState::Pending => 0,
        EffectState::Started => 1,
        EffectState::Done => 2,
        EffectState::Failed => 3,
        EffectState::Unknown => 4,
        EffectState::Expired => 5,
    }
}

pub(super) fn effect_state(code: u8) -> Result<EffectState> {
    EffectState::ALL
        .into_iter()
        .find(|state| effect_state_code(*state) == code)
        .ok_or_else(|| unreadable("state of an effect", code))
}

pub(super) const fn way_code(way: Way) -> u8 {
    match way {
        Way::Set => 0,
        Way::Add => 1,
        Way::AddToLogged => 2,
    }
}

pub(super) fn way(code: u8) -> Result<Way> {
    match code {
        0 => Ok(Way::Set),
        1 => Ok(Way::Add),
        2 => Ok(Way::AddToLogged),
        _ => Err(unreadable("way of writing", code)),
    }
}

pub(super) const GROUP: u8 = 0;
pub(super) const SEGMENT: u8 = 1;
const POINTS: u8 = 2;

pub(super) const fn target_code(target: Target) -> (u8, u32) {
    match target {
        Target::Group(GroupId(id)) => (GROUP, id),
        Target::Segment(SegmentId(id)) => (SEGMENT, id),
        Target::Points => (POINTS, 0),
    }
}

pub(super) fn target(kind: u8, id: u32) -> Result<Target> {
    match kind {
        GROUP => Ok(Target::Group(GroupId(id))),
        SEGMENT => Ok(Target::Segment(SegmentId(id))),
        POINTS => Ok(Target::Points),
        _ => Err(unreadable("kind of target", kind)),
    }
}

pub(super) fn to_json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value)
        .map_err(|e| StoreError::Database(format!("can't be written as JSON: {e}")))
}

pub(super) fn from_json<T: DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|e| {
        StoreError::Corrupt(format!("JSON is damaged ({e}); restore the latest backup"))
    })
}

/// A list of ids as JSON, for `json_each`: one statement for any number of ids.
pub(super) fn id_list(ids: impl IntoIterator<Item = u32>) -> String {
    let ids: Vec<String> = ids.into_iter().map(|id| id.to_string()).collect();
    format!("[{}]", ids.join(","))
}

/// `SQLite`'s integers are signed; limits beyond them mean "all".
pub(super) fn limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
