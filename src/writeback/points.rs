//! Points that are added: what became of a call, and what is to be added. PURE.
//!
//! A call that adds is no call to be repeated blindly. It is written down before it is made, with
//! the score and the newest row of the points log as they were; its row bears a mark of its own. So
//! an unknown outcome is decided by looking: at the log, and where Mautic wrote no row, at the score.

use crate::domain::{CallFate, ContactId, GroupId, Intent, KnownPoints, PointsCall, Target, Way};
use crate::mautic::LoggedPoints;
use crate::store::OUR_MARK;
use jiff::Timestamp;

/// Most rows of the log asked for at once. More that nobody knows: the journal is far behind.
pub(super) const LOG_PAGE: u32 = 500;
/// So often nobody could tell: the score is what it is.
const LOOKS: u32 = 3;

/// What was just read of a target: the score first, then the log.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// Main points, or the score in the group.
    pub score: i64,
    /// The contact's rows in the log after the newest that a call or the journal knows of.
    pub rows: &'a [LoggedPoints],
}

/// What to do about points to be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Mautic holds what is desired.
    Nothing,
    /// Add these; negative ones are taken away.
    Add(i32),
    /// Others gave points that the desired value does not know of yet.
    Behind,
    /// The difference is too large for one call.
    TooFar,
}

/// The group of a target in the log; `None` for main points (and segments, which have none).
#[must_use]
pub(super) const fn group(target: Target) -> Option<GroupId> {
    match target {
        Target::Group(group) => Some(group),
        Target::Segment(_) | Target::Points => None,
    }
}

/// The mark of a call in the points log, of no other call ever: `owner` is unique per process,
/// start and worker, the rest for each call of a worker. Says whether points were taken away, since Mautic's log does not
/// (FACTS 56).
#[must_use]
pub(super) fn marker(
    contact: ContactId,
    intent: &Intent,
    delta: i32,
    owner: &str,
    now: Timestamp,
) -> String {
    let sign = if delta < 0 { "minus" } else { "plus" };
    let Intent {
        target,
        generation,
        attempts,
        ..
    } = intent;
    let at = now.as_microsecond();
    format!("{OUR_MARK}{contact}:{target}:{sign}:{owner}:{generation}.{attempts}.{at}")
}

/// What a row added; `None` for factors and divisors, whose effect the log does not tell (FACTS 56).
fn added(row: &LoggedPoints) -> Option<i64> {
    if row.group.is_some() || row.log_type != "API" {
        return Some(row.delta);
    }
    let ours = row.action_name.starts_with(OUR_MARK) && row.action_name.contains(":minus:");
    match row.event_name.as_str() {
        _ if ours => Some(-row.delta),
        "subtract (-)" => Some(-row.delta),
        "multiply (x)" | "divide (/)" => None,
        _ => Some(row.delta),
    }
}

/// What became of a call, once it can't be under way any more.
#[must_use]
pub fn fate(call: &PointsCall, target: Target, seen: Seen<'_>) -> CallFate {
    let since = |row: &&LoggedPoints| row.id > call.newest_row && row.group == group(target);
    let mut rows = seen.rows.iter().filter(since);
    if rows.clone().any(|row| row.action_name == call.marker) {
        return CallFate::Applied;
    }
    if call.moved {
        // Its row would have moved with the merge; the score before was of somebody else.
        return CallFate::NotApplied;
    }
    let others = rows.try_fold(0_i64, |sum, row| Some(sum.saturating_add(added(row)?)));
    match others.map(|others| seen.score - others - call.before) {
        Some(0) => CallFate::NotApplied,
        Some(more) if more == i64::from(call.delta) => CallFate::AppliedUnlogged,
        _ if call.looks + 1 >= LOOKS => settled(call, seen),
        _ => CallFate::Unknown,
    }
}

/// Somebody changed the score without a row in the log, so that nobody can ever tell. All calls are
/// over: what is missing is the difference to the score as it is. Only the log of such a call must
/// not be taken for whole.
fn settled(call: &PointsCall, seen: Seen<'_>) -> CallFate {
    let nearer =
        (seen.score - call.before - i64::from(call.delta)).abs() < (seen.score - call.before).abs();
    if nearer {
        CallFate::AppliedUnlogged
    } else {
        CallFate::NotApplied
    }
}

/// What is to be added. Rows that the journal does not know were not counted in the desired value.
#[must_use]
pub fn next(intent: &Intent, known: &KnownPoints, seen: Seen<'_>) -> Next {
    let unknown = |row: &&LoggedPoints| row.id > known.newest_row;
    let unknown = seen
        .rows
        .iter()
        .filter(unknown)
        .filter(|row| row.group == group(intent.target));
    let shared = intent.way == Way::AddToLogged || matches!(intent.target, Target::Group(_));
    let full = seen.rows.len() >= LOG_PAGE as usize;
    let foreign = |row: &LoggedPoints| !row.action_name.starts_with(OUR_MARK);
    if full || (shared && unknown.clone().any(foreign)) {
        return Next::Behind;
    }
    let logged = || {
        unknown
            .map(added)
            .try_fold(known.logged?, |sum, row| Some(sum.saturating_add(row?)))
    };
    let base = match intent.way {
        Way::AddToLogged => logged().unwrap_or(seen.score),
        Way::Set | Way::Add => seen.score,
    };
    match i32::try_from(i64::from(intent.desired).saturating_sub(base)) {
        Ok(0) => Next::Nothing,
        Ok(delta) => Next::Add(delta),
        Err(_) => Next::TooFar,
    }
}
