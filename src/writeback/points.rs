//! Points that are added: what became of a call, and what is to be added. PURE.
//!
//! A call that adds is no call to be repeated blindly. It is written down before it is made, with
//! the score and the newest row of the points log as they were; its row bears a mark of its own. So
//! an unknown outcome is decided by looking: at the log, and where Mautic wrote no row, at the score.

use crate::domain::{CallFate, ContactId, GroupId, Intent, KnownPoints, PointsCall, Target, Way};
use crate::mautic::LoggedPoints;
use crate::store::{OUR_MARK, Owner};
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

/// The mark of a call that adds, in the points log, of no other call ever. Says whether points were
/// taken away, since Mautic's log does not (FACTS 56).
#[must_use]
pub(super) fn marker(
    contact: ContactId,
    intent: &Intent,
    delta: i32,
    owner: &Owner,
    now: Timestamp,
) -> String {
    let sign = if delta < 0 { "minus" } else { "plus" };
    mark(contact, intent, sign, owner, now)
}

/// A mark in the points log: `owner` is unique per process, start and worker, the rest for each call
/// of a worker. Owner and generation tell a store that it was restored from a backup.
pub(super) fn mark(
    contact: ContactId,
    intent: &Intent,
    operator: &str,
    Owner(owner): &Owner,
    now: Timestamp,
) -> String {
    let Intent {
        target,
        generation,
        attempts,
        ..
    } = intent;
    let at = now.as_microsecond();
    format!("{OUR_MARK}{contact}:{target}:{operator}:{owner}:{generation}.{attempts}.{at}")
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
///
/// Of a group Mautic changes the score first and then writes the row; of main points the row is
/// first, and an error of the database while the points are added goes unsaid.
#[must_use]
pub fn fate(call: &PointsCall, target: Target, seen: Seen<'_>) -> CallFate {
    let since = |row: &&LoggedPoints| row.id > call.newest_row && row.group == group(target);
    let rows: Vec<&LoggedPoints> = seen.rows.iter().filter(since).collect();
    let logged = rows.iter().any(|row| row.action_name == call.marker);
    // The score before was of somebody else; the row moved with the merge.
    if call.moved || (logged && target != Target::Points) {
        return by_log(logged);
    }
    let others: Vec<_> = rows
        .iter()
        .filter(|row| row.action_name != call.marker)
        .map(|row| added(row))
        .collect();
    // A rival's points may not be in the score yet, or not in the log as it was read.
    let beside_rivals = !others.is_empty() && call.looks + 1 < LOOKS;
    let mut others = others.into_iter();
    let others = others.try_fold(0_i64, |sum, added| Some(sum.saturating_add(added?)));
    let more = others.map(|others| seen.score - others - call.before);
    match (logged, more) {
        (true, Some(0)) if beside_rivals => CallFate::Unknown,
        (true, Some(0)) => CallFate::LoggedOnly,
        (true, _) => CallFate::Applied,
        (false, Some(0)) => CallFate::NotApplied,
        (false, _) if target == Target::Points => CallFate::NotApplied,
        (false, Some(more)) if more == i64::from(call.delta) => CallFate::AppliedUnlogged,
        (false, _) if call.looks + 1 >= LOOKS => nearer(call, seen),
        (false, _) => CallFate::Unknown,
    }
}

const fn by_log(logged: bool) -> CallFate {
    if logged {
        CallFate::Applied
    } else {
        CallFate::NotApplied
    }
}

/// Somebody changed the score without a row in the log, so that nobody can ever tell. The call is
/// over, and what is missing is the difference to the score as it is.
fn nearer(call: &PointsCall, seen: Seen<'_>) -> CallFate {
    let before = seen.score.abs_diff(call.before);
    let after = seen
        .score
        .abs_diff(call.before.saturating_add(call.delta.into()));
    if after < before {
        CallFate::AppliedUnlogged
    } else {
        CallFate::NotApplied
    }
}

/// Whether what was read is older than what Mautic said before: the log lacks the newest row that
/// we know of, or that of our own last call. A replica of its database may be behind.
#[must_use]
pub(super) fn is_older(known: &KnownPoints, rows: &[LoggedPoints]) -> bool {
    let has_newest = rows.iter().any(|row| row.id == known.newest_row);
    let has = |call: &PointsCall| rows.iter().any(|row| row.action_name == call.marker);
    (known.newest_row > 0 && !has_newest) || known.awaited.as_ref().is_some_and(|call| !has(call))
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests may fail loudly")]
mod tests {
    use super::*;
    use crate::domain::Urgency;

    const MARK: &str = "topicscore:7:points:plus:here:3.0.0";

    fn row(id: u64, group: Option<u32>, delta: i64, words: (&str, &str, &str)) -> LoggedPoints {
        let (log_type, event, action) = words;
        LoggedPoints {
            id,
            group: group.map(GroupId),
            delta,
            log_type: log_type.into(),
            event_name: event.into(),
            action_name: action.into(),
            at: None,
        }
    }

    fn hit(id: u64, delta: i64) -> LoggedPoints {
        row(id, None, delta, ("url", "3: Prices", "hit"))
    }

    fn ours(id: u64) -> LoggedPoints {
        row(id, None, 5, ("API", "sales 15", MARK))
    }

    fn api(id: u64, delta: i64, event: &str) -> LoggedPoints {
        row(id, None, delta, ("API", event, "API"))
    }

    /// +5 on 10 points, when row 40 was the newest.
    fn call() -> PointsCall {
        PointsCall {
            marker: MARK.into(),
            delta: 5,
            before: 10,
            newest_row: 40,
            sent_at: "2026-01-01T00:00:00Z".parse().unwrap(),
            looks: 0,
            moved: false,
        }
    }

    #[test]
    fn what_became_of_a_call() {
        use CallFate::{Applied, AppliedUnlogged, LoggedOnly, NotApplied, Unknown};
        let group = row(41, Some(3), 9, ("url", "3: Prices", "hit"));
        let ungrouped = row(41, None, 9, ("url", "3: Prices", "hit"));
        let of_group = |row: LoggedPoints| LoggedPoints {
            group: Some(GroupId(3)),
            ..row
        };
        let points: [(&str, i64, Vec<LoggedPoints>, CallFate); 9] = [
            ("its row is there", 15, vec![ours(41)], Applied),
            ("and another's", 18, vec![hit(41, 3), ours(42)], Applied),
            (
                "somebody changed it by hand, too",
                99,
                vec![ours(41)],
                Applied,
            ),
            (
                "its row is there, nothing was added",
                10,
                vec![ours(41)],
                LoggedOnly,
            ),
            (
                "nor, it seems, beside another's",
                13,
                vec![hit(41, 3), ours(42)],
                Unknown,
            ),
            ("nothing happened", 10, vec![], NotApplied),
            ("only others added", 13, vec![hit(41, 3)], NotApplied),
            (
                "no row: not begun, whatever the score",
                15,
                vec![],
                NotApplied,
            ),
            (
                "rows of groups and old ones do not matter",
                10,
                vec![ours(40), group],
                NotApplied,
            ),
        ];
        for (what, score, rows, expected) in points {
            let seen = Seen { score, rows: &rows };
            assert_eq!(fate(&call(), Target::Points, seen), expected, "{what}");
        }
        let grouped: [(&str, i64, Vec<LoggedPoints>, CallFate); 9] = [
            ("its row is there", 15, vec![ours(41)], Applied),
            (
                "its row decides, whatever the score",
                10,
                vec![ours(41)],
                Applied,
            ),
            ("nothing happened", 10, vec![], NotApplied),
            ("only others added", 13, vec![hit(41, 3)], NotApplied),
            ("applied without a row", 15, vec![], AppliedUnlogged),
            (
                "and others beside it",
                18,
                vec![hit(41, 3)],
                AppliedUnlogged,
            ),
            (
                "others took as much as it gave",
                10,
                vec![hit(41, -5)],
                AppliedUnlogged,
            ),
            (
                "groups are logged with their sign",
                7,
                vec![api(41, -3, "subtract (-)")],
                NotApplied,
            ),
            ("changed by hand meanwhile", 12, vec![], Unknown),
        ];
        for (what, score, rows, expected) in grouped {
            let mut rows: Vec<_> = rows.into_iter().map(of_group).collect();
            rows.push(ungrouped.clone());
            let seen = Seen { score, rows: &rows };
            let target = Target::Group(GroupId(3));
            assert_eq!(fate(&call(), target, seen), expected, "{what}");
        }
    }

    #[test]
    fn a_call_to_a_contact_merged_since_is_known_by_its_row_only() {
        let moved = PointsCall {
            moved: true,
            ..call()
        };
        let of = |score, rows: &[LoggedPoints]| fate(&moved, Target::Points, Seen { score, rows });
        assert_eq!(of(15, &[]), CallFate::NotApplied);
        assert_eq!(of(300, &[ours(41)]), CallFate::Applied);
    }

    #[test]
    fn what_nobody_can_tell_is_taken_for_the_nearer_after_some_looks() {
        for (looks, score, expected) in [
            (1, 12, CallFate::Unknown),
            (2, 11, CallFate::NotApplied),
            (2, 14, CallFate::AppliedUnlogged),
        ] {
            let looked = PointsCall { looks, ..call() };
            let seen = Seen { score, rows: &[] };
            assert_eq!(
                fate(&looked, Target::Group(GroupId(3)), seen),
                expected,
                "{looks} {score}"
            );
        }
    }

    fn intent(target: &str, way: Way, desired: i32) -> Intent {
        Intent {
            target: target.parse().unwrap(),
            way,
            known: None,
            desired,
            observed: None,
            suspect: true,
            generation: 1,
            attempts: 0,
            reason: String::new(),
            caused_at: "2026-01-01T00:00:00Z".parse().unwrap(),
            urgency: Urgency::Fresh,
        }
    }

    #[test]
    fn what_is_to_be_added() {
        let known = |logged| KnownPoints {
            newest_row: 40,
            logged,
            ..KnownPoints::default()
        };
        let shown = intent("points", Way::Add, 62);
        let logged = intent("points", Way::AddToLogged, 62);
        let shared = intent("group:3", Way::Add, 62);
        let foreign = row(41, Some(3), 4, ("url", "3: Prices", "hit"));
        let other = row(41, Some(4), 4, ("url", "3: Prices", "hit"));
        let full: Vec<_> = (0..u64::from(LOG_PAGE)).map(|id| hit(id, 1)).collect();
        let table = [
            ("to what is shown", &shown, None, 50, vec![], Next::Add(12)),
            (
                "nothing is missing",
                &shown,
                None,
                62,
                vec![],
                Next::Nothing,
            ),
            ("too much", &shown, None, 70, vec![], Next::Add(-8)),
            (
                "points of others are set back at once",
                &shown,
                None,
                70,
                vec![hit(41, 8)],
                Next::Add(-8),
            ),
            (
                "what nobody logged stays",
                &logged,
                Some(50),
                90,
                vec![],
                Next::Add(12),
            ),
            (
                "our own rows count at once",
                &logged,
                Some(50),
                90,
                vec![ours(41)],
                Next::Add(7),
            ),
            (
                "points of others are counted first",
                &logged,
                Some(50),
                90,
                vec![hit(41, 8)],
                Next::Behind,
            ),
            (
                "a log that does not tell",
                &logged,
                None,
                50,
                vec![],
                Next::Add(12),
            ),
            (
                "the same in a group",
                &shared,
                None,
                50,
                vec![foreign],
                Next::Behind,
            ),
            (
                "another group's",
                &shared,
                None,
                50,
                vec![other],
                Next::Add(12),
            ),
            (
                "the journal is far behind",
                &shown,
                None,
                50,
                full,
                Next::Behind,
            ),
            (
                "beyond one call",
                &shown,
                None,
                i64::from(i32::MIN),
                vec![],
                Next::TooFar,
            ),
        ];
        for (what, intent, sum, score, rows, expected) in table {
            let seen = Seen { score, rows: &rows };
            assert_eq!(next(intent, &known(sum), seen), expected, "{what}");
        }
    }

    #[test]
    fn marks_tell_calls_apart_and_what_was_taken_away() {
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        let intent = intent("group:3", Way::Add, 62);
        let owner = Owner("ab12-9-w".into());
        let of = |intent: &Intent, delta| marker(ContactId(7), intent, delta, &owner, now);
        let plus = of(&intent, 5);
        assert_eq!(
            plus,
            "topicscore:7:group:3:plus:ab12-9-w:1.0.1767225600000000"
        );
        assert!(of(&intent, -5).contains(":minus:"));
        let again = Intent {
            attempts: 1,
            ..intent
        };
        assert_ne!(of(&again, 5), plus);
        assert!(crate::mautic::Marker::new(plus).is_ok());
    }

    #[test]
    fn an_answer_without_what_we_know_is_older() {
        let known = |newest_row, awaited| KnownPoints {
            newest_row,
            awaited,
            ..KnownPoints::default()
        };
        let cases = [
            ("nothing is known", known(0, None), vec![], false),
            (
                "the newest row is there",
                known(41, None),
                vec![hit(41, 3)],
                false,
            ),
            ("it is not", known(41, None), vec![hit(42, 3)], true),
            (
                "our row is there",
                known(40, Some(call())),
                vec![hit(40, 3), ours(41)],
                false,
            ),
            ("it is not", known(40, Some(call())), vec![hit(40, 3)], true),
        ];
        for (what, known, rows, expected) in cases {
            assert_eq!(is_older(&known, &rows), expected, "{what}: {known:?}");
        }
    }
}
