//! One topic: contributions to sum, score, course over time, and next change.

use super::contribution::Contribution;
use super::steps::{Steps, moments};
use crate::plan::{Scale, THOUSANDTHS, Ticks};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// Thousandths to whole points, rounded half away from zero.
pub(super) const fn whole(thousandths: i64) -> i64 {
    let half = if thousandths < 0 {
        -THOUSANDTHS / 2
    } else {
        THOUSANDTHS / 2
    };
    thousandths.saturating_add(half) / THOUSANDTHS
}

/// A sum of thousandths as a score: whole, and brought into the topic's range and into what
/// Mautic can store (FACTS 22).
pub(super) fn score(scale: Scale, sum: i64) -> i32 {
    let floor = scale.floor.unwrap_or(i32::MIN);
    let ceiling = scale.ceiling.unwrap_or(i32::MAX);
    let score = whole(sum).min(i64::from(ceiling)).max(i64::from(floor));
    i32::try_from(score).unwrap_or(floor)
}

/// The sum at a moment, in thousandths.
pub(super) fn sum_at(parts: &[Contribution<'_>], ticks: &Ticks, moment: Timestamp) -> i64 {
    let day = ticks.last_day(moment);
    let counting = parts.iter().filter(|part| part.counts_at(moment));
    counting.map(|part| part.worth_on(ticks, day)).sum()
}

/// The sums a topic went through up to `now`, in thousandths.
pub(super) fn course(parts: &[Contribution<'_>], ticks: &Ticks, now: Timestamp) -> Steps<i64> {
    let always = parts.iter().filter(|part| part.from.is_none());
    let mut steps = Steps::new(always.map(|part| part.points).sum());
    let ends = parts.iter().flat_map(|part| [part.from, part.until]);
    let ends = ends.flatten().filter(|at| *at <= now);
    let fading = fading_days(parts, ticks, now);
    if fading.is_empty() {
        changes(parts, now, &mut steps);
        return steps;
    }
    let ticking = fading.into_iter().filter_map(|day| ticks.tick(day));
    let ticking = ticking.filter(|tick| *tick <= now);
    let mut turns = turns(parts).into_iter().peekable();
    let (mut sum, mut day) = (steps.first(), None);
    for moment in moments(ends.chain(ticking)) {
        let today = ticks.last_day(moment);
        if day == Some(today) {
            // Within a day only what begins and ends changes the sum.
            while let Some((_, change, part)) = turns.next_if(|(at, ..)| *at <= moment) {
                sum += change * parts[part].worth_on(ticks, today);
            }
        } else {
            while turns.next_if(|(at, ..)| *at <= moment).is_some() {}
            sum = sum_at(parts, ticks, moment);
            day = Some(today);
        }
        steps.then(moment, sum);
    }
    steps
}

/// Beginnings (1) and ends (-1) of the parts that count for a time at all, oldest first.
fn turns(parts: &[Contribution<'_>]) -> Vec<(Timestamp, i64, usize)> {
    let counts = |part: &Contribution<'_>| match (part.from, part.until) {
        (Some(from), Some(end)) => end > from,
        _ => true,
    };
    let counting = parts.iter().enumerate().filter(|(_, part)| counts(part));
    let mut turns: Vec<_> = counting
        .flat_map(|(index, part)| {
            let begins = part.from.map(|at| (at, 1, index));
            let ends = part.until.map(|at| (at, -1, index));
            begins.into_iter().chain(ends)
        })
        .collect();
    turns.sort_unstable();
    turns
}

/// Where nothing fades, each beginning and end changes the sum.
fn changes(parts: &[Contribution<'_>], now: Timestamp, steps: &mut Steps<i64>) {
    let mut changes: Vec<(Timestamp, i64)> = Vec::with_capacity(parts.len());
    for part in parts {
        // An end before the beginning: it never counted.
        let Some(from) = part.from else {
            changes.extend(part.until.map(|end| (end, -part.points)));
            continue;
        };
        if part.until.is_none_or(|end| end > from) {
            changes.push((from, part.points));
            changes.extend(part.until.map(|end| (end, -part.points)));
        }
    }
    changes.retain(|(at, _)| *at <= now);
    changes.sort_unstable();
    let mut sum = steps.first();
    for (at, change) in changes {
        sum += change;
        steps.then(at, sum);
    }
}

/// Days at whose ticks something fades.
fn fading_days(parts: &[Contribution<'_>], ticks: &Ticks, now: Timestamp) -> BTreeSet<i64> {
    let today = ticks.last_day(now);
    let mut days = BTreeSet::new();
    for part in parts {
        if let (Some(from), Some(last)) = (part.from, part.last_day(ticks)) {
            let end = part
                .until
                .map_or(today, |end| ticks.last_day(end).min(today));
            days.extend(ticks.last_day(from) + 1..=last.min(end));
        }
    }
    days
}

/// When time alone will next change the score: a beginning, an end, or the first tick at which
/// enough has faded. `more` thousandths stand beside `parts`: what a total gets of its parts.
pub(super) fn next_change(
    parts: &[Contribution<'_>],
    more: i64,
    scale: Scale,
    ticks: &Ticks,
    now: Timestamp,
) -> Option<Timestamp> {
    let ends = parts.iter().flat_map(|part| [part.from, part.until]);
    let scheduled = ends.flatten().filter(|at| *at > now).min();
    let fading = parts.iter().filter(|part| part.counts_at(now));
    let last = fading.filter_map(|part| part.last_day(ticks)).max();
    let faded = last.and_then(|last| first_fall(parts, more, scale, ticks, now, last));
    scheduled.into_iter().chain(faded).min()
}

/// What fades only falls, so the first tick with a lower score can be found by halving.
fn first_fall(
    parts: &[Contribution<'_>],
    more: i64,
    scale: Scale,
    ticks: &Ticks,
    now: Timestamp,
    last: i64,
) -> Option<Timestamp> {
    let counting: Vec<_> = parts.iter().filter(|part| part.counts_at(now)).collect();
    let on = |day| {
        let own = counting.iter().map(|part| part.worth_on(ticks, day));
        score(scale, more + own.sum::<i64>())
    };
    let today = ticks.last_day(now);
    let current = on(today);
    let (mut same, mut lower) = (today, last.max(today));
    if on(lower) >= current {
        return None;
    }
    while lower - same > 1 {
        let middle = same + (lower - same) / 2;
        if on(middle) < current {
            lower = middle;
        } else {
            same = middle;
        }
    }
    ticks.tick(lower)
}

#[cfg(test)]
mod tests {
    use super::whole;

    #[test]
    fn halves_are_rounded_away_from_zero() {
        for (thousandths, points) in [
            (0, 0),
            (499, 0),
            (500, 1),
            (-500, -1),
            (-499, 0),
            (2_500, 3),
        ] {
            assert_eq!(whole(thousandths), points, "{thousandths}");
        }
    }
}
