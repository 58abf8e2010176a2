//! Numbers as people read them, and bars.

use crate::web::api::ScoreBody;
use std::time::Duration;

/// A score as a bar: 0 (floor) to 100 (ceiling). An open end is drawn as 0 or 100, or as the
/// score itself where that lies beyond.
pub(super) fn percent(score: &ScoreBody) -> i64 {
    let value = i64::from(score.score);
    let floor = score.floor.map_or(value.min(0), i64::from);
    let ceiling = score.ceiling.map_or(value.max(100), i64::from);
    ((value - floor) * 100 / (ceiling - floor).max(1)).clamp(0, 100)
}

/// A contribution as a bar: its part of the greatest one, 0 to 100.
pub(super) fn share(points: i64, greatest: i64) -> i64 {
    points.saturating_abs().saturating_mul(100) / greatest.max(1)
}

/// Milliseconds as people say them.
pub(super) fn lasting(ms: u64) -> String {
    let seconds = Duration::from_millis(ms).as_secs_f64();
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{seconds:.1} s"),
        60_000..3_600_000 => format!("{:.1} min", seconds / 60.0),
        _ => format!("{:.1} h", seconds / 3600.0),
    }
}

/// A whole number in groups of three digits: `1 234 567` (with narrow no-break spaces).
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(score: i32, floor: Option<i32>, ceiling: Option<i32>) -> ScoreBody {
        ScoreBody {
            topic: String::new(),
            label: String::new(),
            group: None,
            score,
            raw: i64::from(score),
            band: None,
            floor,
            ceiling,
        }
    }

    #[test]
    fn bars_stay_inside() {
        let (min, max) = (i32::MIN, i32::MAX);
        for (score, wanted) in [
            (score(62, Some(0), Some(100)), 62),
            (score(0, Some(0), Some(100)), 0),
            (score(5, Some(0), Some(20)), 25),
            (score(-5, Some(-10), Some(10)), 25),
            (score(50, Some(0), None), 50),
            (score(700, Some(0), None), 100),
            (score(-7, None, Some(100)), 0),
            (score(max, Some(min), Some(max)), 100),
            (score(min, None, None), 0),
            (score(3, Some(3), Some(3)), 0),
        ] {
            assert_eq!(percent(&score), wanted, "{score:?}");
        }
    }

    #[test]
    fn shares_are_of_the_greatest() {
        for (points, greatest, wanted) in [(5, 10, 50), (-10, 10, 100), (0, 0, 0)] {
            assert_eq!(share(points, greatest), wanted);
        }
    }

    #[test]
    fn times_and_numbers_are_readable() {
        for (ms, wanted) in [
            (0, "0 ms"),
            (999, "999 ms"),
            (1_500, "1.5 s"),
            (90_000, "1.5 min"),
            (7_200_000, "2.0 h"),
        ] {
            assert_eq!(lasting(ms), wanted);
        }
        for (number, wanted) in [
            (0, "0"),
            (999, "999"),
            (1000, "1\u{202f}000"),
            (1_234_567, "1\u{202f}234\u{202f}567"),
        ] {
            assert_eq!(grouped(number), wanted);
        }
    }
}
