//! Bands with hysteresis and dwell.

use super::steps::Steps;
use crate::plan::Bands;
use jiff::Timestamp;

/// The bands that a course of scores went through up to `now`.
pub(super) fn course(bands: &Bands, scores: &Steps<i32>, now: Timestamp) -> Steps<Option<usize>> {
    let mut steps = Steps::new(wanted(bands, None, scores.first()));
    let mut waiting: Option<Waiting> = None;
    for (at, score) in scores.changes() {
        // A wait that was over before this change ended in its band.
        if let Some(over) = waiting
            .and_then(|one| one.over(bands))
            .filter(|over| over.0 <= *at)
        {
            steps.then(over.0, over.1);
        }
        let wanted = wanted(bands, steps.last(), *score);
        waiting = wait(waiting, steps.last(), wanted, *at);
        if bands.dwell.is_zero() {
            steps.then(*at, wanted);
            waiting = None;
        }
    }
    if let Some(over) = waiting
        .and_then(|one| one.over(bands))
        .filter(|over| over.0 <= now)
    {
        steps.then(over.0, over.1);
    }
    steps
}

/// When the band will change if the score stays as it is.
pub(super) fn next_change(bands: &Bands, scores: &Steps<i32>, now: Timestamp) -> Option<Timestamp> {
    if bands.dwell.is_zero() {
        return None;
    }
    // Far enough ahead that every wait is over.
    let later = now.checked_add(bands.dwell).unwrap_or(Timestamp::MAX);
    let course = course(bands, scores, later);
    let changes = course.changes().iter().map(|(at, _)| *at);
    changes.into_iter().find(|at| *at > now)
}

/// A band that the score has been in, but not for long enough yet.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    band: Option<usize>,
    since: Timestamp,
}

impl Waiting {
    fn over(self, bands: &Bands) -> Option<(Timestamp, Option<usize>)> {
        Some((self.since.checked_add(bands.dwell).ok()?, self.band))
    }
}

fn wait(
    before: Option<Waiting>,
    now_in: Option<usize>,
    wanted: Option<usize>,
    at: Timestamp,
) -> Option<Waiting> {
    if wanted == now_in {
        return None;
    }
    let same = before.filter(|before| before.band == wanted);
    Some(same.unwrap_or(Waiting {
        band: wanted,
        since: at,
    }))
}

/// The band of a score for somebody who is in `now_in`: down only when far enough below.
fn wanted(bands: &Bands, now_in: Option<usize>, score: i32) -> Option<usize> {
    let reached = bands.list.iter().rposition(|band| score >= band.from);
    let held = now_in.filter(|band| {
        let leave = i64::from(bands.list[*band].from) - i64::from(bands.hysteresis);
        i64::from(score) >= leave
    });
    reached.max(held)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Band;
    use jiff::SignedDuration;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(minute * 60).unwrap()
    }

    fn bands(hysteresis: u32, dwell: i64) -> Bands {
        let band = |(name, from): (&str, i32)| Band {
            name: name.to_owned(),
            from,
        };
        Bands {
            list: [("cold", 0), ("warm", 20), ("hot", 50)].map(band).into(),
            hysteresis,
            dwell: SignedDuration::from_mins(dwell),
        }
    }

    /// Scores by minute; expected band changes by minute.
    fn check(bands: &Bands, scores: &[(i64, i32)], now: i64, expected: &[(i64, Option<usize>)]) {
        let mut steps = Steps::new(0);
        for (minute, score) in scores {
            steps.then(at(*minute), *score);
        }
        let expected: Vec<_> = expected
            .iter()
            .map(|(minute, band)| (at(*minute), *band))
            .collect();
        assert_eq!(
            course(bands, &steps, at(now)).changes(),
            expected,
            "{bands:?} {scores:?}"
        );
    }

    #[test]
    fn bands_follow_scores_with_hysteresis_and_dwell() {
        let scores = [(1, 50), (2, 46), (3, 44), (4, 20), (5, 50)];
        check(
            &bands(0, 0),
            &scores,
            9,
            &[(1, Some(2)), (2, Some(1)), (5, Some(2))],
        );
        check(
            &bands(5, 0),
            &scores,
            9,
            &[(1, Some(2)), (3, Some(1)), (5, Some(2))],
        );
        // Never long enough in a band but the last.
        check(&bands(0, 5), &scores, 9, &[]);
        check(&bands(0, 5), &scores, 10, &[(10, Some(2))]);
        check(&bands(0, 2), &scores, 9, &[(4, Some(1)), (7, Some(2))]);
        check(&bands(0, 0), &[(1, -1)], 9, &[(1, None)]);
        // Over before the next change.
        check(
            &bands(0, 2),
            &[(1, 60), (9, 0)],
            20,
            &[(3, Some(2)), (11, Some(0))],
        );
    }

    #[test]
    fn the_next_change_of_a_band_is_told() {
        let mut scores = Steps::new(0);
        scores.then(at(1), 60);
        assert_eq!(next_change(&bands(0, 5), &scores, at(2)), Some(at(6)));
        assert_eq!(next_change(&bands(0, 5), &scores, at(6)), None);
        assert_eq!(next_change(&bands(0, 0), &scores, at(2)), None);
    }
}
