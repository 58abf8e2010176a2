//! Rows of targets: the rule of when an intent is pending, and everything that changes a row.

use super::codec::{SEGMENT, target, target_code, time, urgency, urgency_code, way, way_code};
use crate::domain::{ContactId, SegmentId, Way};
use crate::store::{Intent, Result, Target, TargetState, Urgency};
use rusqlite::{Connection, OptionalExtension, Row, params};

/// Clocks of Mautic and of this machine, and the moment of a write against its row, may differ
/// by this much (microseconds): what is told within it of a value that we looked at is ambiguous.
/// A doubt too many costs a read.
const SKEW: i64 = 60 * 60 * 1_000_000;

/// Why a target may become pending now.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cause {
    /// When it reached us.
    pub at: i64,
    pub urgency: Urgency,
}

/// A row; its times are microseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TargetRow {
    pub desired: Option<i32>,
    pub observed: Option<i32>,
    pub observed_at: Option<i64>,
    /// Observed by a look or write of ours.
    pub looked: bool,
    /// Somebody may have changed it before this moment (of our clock) without our seeing it; only
    /// a later look clears that.
    pub suspect_at: Option<i64>,
    pub parked: bool,
    pub generation: i64,
    pub reason: String,
    pub caused_at: i64,
    pub desired_since: i64,
    pub urgency: Urgency,
    pub attempts: u32,
    pub not_before: i64,
    pub last_error: Option<String>,
    pub way: Way,
    /// Until then a call of which no answer came may still take effect.
    pub unsettled_until: i64,
}

impl TargetRow {
    pub(super) fn unseen() -> Self {
        Self {
            desired: None,
            observed: None,
            observed_at: None,
            looked: false,
            suspect_at: None,
            parked: false,
            generation: 0,
            reason: String::new(),
            caused_at: 0,
            desired_since: 0,
            urgency: Urgency::Bulk,
            attempts: 0,
            not_before: 0,
            last_error: None,
            way: Way::Set,
            unsettled_until: 0,
        }
    }

    /// The rule of [`TargetState`].
    pub(super) fn pending(&self) -> bool {
        self.desired.is_some_and(|desired| {
            self.suspect_at.is_some() || self.observed.map_or(desired != 0, |seen| seen != desired)
        })
    }

    pub(super) fn want(&mut self, desired: Option<i32>, reason: &str, since: i64, generation: i64) {
        if self.desired == desired {
            return;
        }
        self.desired = desired;
        reason.clone_into(&mut self.reason);
        self.generation = generation;
        self.desired_since = since;
        self.try_afresh();
    }

    fn try_afresh(&mut self) {
        self.parked = false;
        self.attempts = 0;
        self.not_before = self.unsettled_until;
        self.last_error = None;
    }

    /// We looked or wrote, not before `from`: this is what Mautic held `at` that time.
    pub(super) fn look(&mut self, value: i32, from: i64, at: i64) {
        self.observed = Some(value);
        self.observed_at = Some(at);
        self.looked = true;
        // A doubt from after now is of before our clock was set back.
        self.suspect_at = self
            .suspect_at
            .filter(|suspect| *suspect > from && *suspect <= at);
    }

    /// Whether something told of the time `at` may have changed the value after we saw it.
    pub(super) fn may_postdate(&self, at: i64) -> bool {
        !self.looked
            || self
                .observed_at
                .is_none_or(|seen| at >= seen.saturating_sub(SKEW))
    }

    pub(super) fn doubt(&mut self, at: i64) {
        self.suspect_at = self.suspect_at.max(Some(at));
    }

    /// Nothing is written before then: an older call may take effect late, over a newer value.
    pub(super) fn unsettled(&mut self, until: i64) {
        self.unsettled_until = self.unsettled_until.max(until);
        self.not_before = self.not_before.max(until);
    }

    /// Follows from a change: when it became pending and how soon it should be done.
    fn settle(mut self, before: &Self, cause: Cause) -> Self {
        match (before.pending(), self.pending()) {
            (_, false) => self.try_afresh(),
            (false, true) => {
                self.caused_at = cause.at;
                self.urgency = cause.urgency;
            }
            (true, true) if self.generation != before.generation => {
                self.caused_at = self.caused_at.min(cause.at);
                self.urgency = self.urgency.max(cause.urgency);
            }
            (true, true) => {}
        }
        self
    }

    fn read(row: &Row<'_>, from: usize) -> Result<Self> {
        Ok(Self {
            desired: row.get(from)?,
            observed: row.get(from + 1)?,
            observed_at: row.get(from + 2)?,
            looked: row.get(from + 3)?,
            suspect_at: row.get(from + 4)?,
            parked: row.get(from + 5)?,
            generation: row.get(from + 6)?,
            reason: row.get(from + 7)?,
            caused_at: row.get(from + 8)?,
            desired_since: row.get(from + 9)?,
            urgency: urgency(row.get(from + 10)?)?,
            attempts: row.get(from + 11)?,
            not_before: row.get(from + 12)?,
            last_error: row.get(from + 13)?,
            way: way(row.get(from + 14)?)?,
            unsettled_until: row.get(from + 15)?,
        })
    }

    pub(super) fn state(self, target: Target) -> Result<TargetState> {
        let pending = self.pending();
        Ok(TargetState {
            target,
            desired: self.desired,
            observed: self.observed,
            observed_at: self.observed_at.map(time).transpose()?,
            suspect: self.suspect_at.is_some(),
            pending,
            reason: self.reason,
            last_error: self.last_error,
        })
    }

    pub(super) fn intent(self, target: Target) -> Result<Option<Intent>> {
        let Some(desired) = self.desired else {
            return Ok(None);
        };
        Ok(Some(Intent {
            target,
            way: self.way,
            known: None,
            desired,
            observed: self.observed,
            suspect: self.suspect_at.is_some(),
            generation: self.generation,
            attempts: self.attempts,
            reason: self.reason,
            caused_at: time(self.caused_at)?,
            urgency: self.urgency,
        }))
    }
}

/// One target's row; an unseen one if there is none.
pub(super) fn load(db: &Connection, contact: ContactId, target: Target) -> Result<TargetRow> {
    let (kind, id) = target_code(target);
    let mut statement = db.prepare_cached(
        "SELECT desired, observed, observed_at, looked, suspect_at, parked, generation, reason,
                caused_at, desired_since, urgency, attempts, not_before, last_error, way,
                unsettled_until
         FROM target WHERE contact = ?1 AND kind = ?2 AND id = ?3",
    )?;
    let row = statement
        .query_row(params![contact.0, kind, id], |row| {
            Ok(TargetRow::read(row, 0))
        })
        .optional()?;
    row.unwrap_or_else(|| Ok(TargetRow::unseen()))
}

/// A contact's rows, groups before segments.
pub(super) fn load_all(db: &Connection, contact: ContactId) -> Result<Vec<(Target, TargetRow)>> {
    let mut statement = db.prepare_cached(
        "SELECT kind, id, desired, observed, observed_at, looked, suspect_at, parked, generation,
                reason, caused_at, desired_since, urgency, attempts, not_before, last_error, way,
                unsettled_until
         FROM target WHERE contact = ?1 ORDER BY kind, id",
    )?;
    let mut rows = statement.query([contact.0])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push((target(row.get(0)?, row.get(1)?)?, TargetRow::read(row, 2)?));
    }
    Ok(all)
}

/// Stores what became of a row, with what follows from it.
pub(super) fn save(
    db: &Connection,
    contact: ContactId,
    target: Target,
    before: &TargetRow,
    after: TargetRow,
    cause: Cause,
) -> Result<()> {
    let row = after.settle(before, cause);
    if row == *before {
        return Ok(());
    }
    let (kind, id) = target_code(target);
    let mut statement = db.prepare_cached(
        "INSERT OR REPLACE INTO target (contact, kind, id, desired, observed, observed_at, looked,
             suspect_at, pending, parked, generation, reason, caused_at, desired_since, urgency,
             attempts, not_before, last_error, way, unsettled_until)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18,
             ?19, ?20)",
    )?;
    statement.execute(params![
        contact.0,
        kind,
        id,
        row.desired,
        row.observed,
        row.observed_at,
        row.looked,
        row.suspect_at,
        row.pending(),
        row.parked,
        row.generation,
        row.reason,
        row.caused_at,
        row.desired_since,
        urgency_code(row.urgency),
        row.attempts,
        row.not_before,
        row.last_error,
        way_code(row.way),
        row.unsettled_until,
    ])?;
    Ok(())
}

/// Loads a row, changes it and stores it.
pub(super) fn change(
    db: &Connection,
    contact: ContactId,
    target: Target,
    cause: Cause,
    change: impl FnOnce(&mut TargetRow),
) -> Result<()> {
    let before = load(db, contact, target)?;
    let mut after = before.clone();
    change(&mut after);
    save(db, contact, target, &before, after, cause)
}

/// What becomes of the targets in a merge: memberships move (the newest told wins), and whatever
/// Mautic made of the winner's groups and owned segments has to be looked at.
pub(super) fn merge(
    db: &Connection,
    loser: ContactId,
    winner: ContactId,
    cause: Cause,
) -> Result<()> {
    for (target, lost) in load_all(db, loser)? {
        change(db, winner, target, cause, |row| {
            row.unsettled(lost.unsettled_until);
            match target {
                Target::Group(_) | Target::Points => row.doubt(cause.at),
                Target::Segment(_) => row.take_newer_membership(&lost),
            }
        })?;
    }
    db.prepare_cached("DELETE FROM target WHERE contact = ?1")?
        .execute([loser.0])?;
    for (target, before) in load_all(db, winner)? {
        let owned = before.desired.is_some() || !matches!(target, Target::Segment(_));
        if owned {
            let mut after = before.clone();
            after.doubt(cause.at);
            save(db, winner, target, &before, after, cause)?;
        }
    }
    Ok(())
}

impl TargetRow {
    /// Whether a membership changed against what we want, or of a segment that is none of ours.
    pub(super) fn membership_matters(&self, before: &Self) -> bool {
        let member = self.observed == Some(1);
        self.membership_changed(before) && self.desired != Some(i32::from(member))
    }

    /// Whether the contact came into the segment or left it.
    pub(super) fn membership_changed(&self, before: &Self) -> bool {
        (self.observed == Some(1)) != (before.observed == Some(1))
    }

    fn take_newer_membership(&mut self, other: &Self) {
        if (other.observed_at, other.observed) > (self.observed_at, self.observed) {
            self.observed = other.observed;
            self.observed_at = other.observed_at;
            self.looked = other.looked;
        }
    }
}

/// Segments of contacts, as far as known: `(contact, segment)`.
pub(super) fn segments(db: &Connection, contacts: &str) -> Result<Vec<(u32, u32)>> {
    let mut statement = db.prepare_cached(
        "SELECT contact, id FROM target
         WHERE contact IN (SELECT value FROM json_each(?1)) AND kind = ?2 AND observed = 1",
    )?;
    let rows = statement.query_map(params![contacts, SEGMENT], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })?;
    Ok(rows.collect::<std::result::Result<_, _>>()?)
}

/// Members of one segment as far as known. Reads the table whole: asked for a few times a day, and
/// an index would make every write dearer.
pub(super) fn members(db: &Connection, segment: SegmentId) -> Result<Vec<ContactId>> {
    let mut statement = db.prepare_cached(
        "SELECT contact FROM target WHERE kind = ?1 AND id = ?2 AND observed = 1 ORDER BY contact",
    )?;
    let rows = statement.query_map(params![SEGMENT, segment.0], |row| row.get(0).map(ContactId))?;
    Ok(rows.collect::<std::result::Result<_, _>>()?)
}
