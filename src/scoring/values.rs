//! Whether a value meets a test.

use crate::plan::{Operand, Relative, Test, Ticks};
use jiff::{Span, Timestamp, civil};
use std::cmp::Ordering;

/// Whether `value` (`None` and blank: empty) meets `test` at `moment`.
pub(super) fn meets(test: &Test, value: Option<&str>, moment: Timestamp, ticks: &Ticks) -> bool {
    let value = value.filter(|value| !value.is_empty());
    let compare = |operand: &Operand, fits: fn(Ordering) -> bool| {
        value.is_some_and(|value| order(value, operand, moment, ticks).is_some_and(fits))
    };
    let folded =
        |fits: &dyn Fn(&str) -> bool| value.is_some_and(|value| fits(&value.to_lowercase()));
    match test {
        Test::Is(operands) => operands.iter().any(|one| compare(one, Ordering::is_eq)),
        Test::Above(operand) => compare(operand, Ordering::is_gt),
        Test::AtLeast(operand) => compare(operand, Ordering::is_ge),
        Test::Below(operand) => compare(operand, Ordering::is_lt),
        Test::AtMost(operand) => compare(operand, Ordering::is_le),
        Test::Between(low, high) => compare(low, Ordering::is_ge) && compare(high, Ordering::is_le),
        Test::Empty => value.is_none(),
        Test::Contains(part) => folded(&|value| value.contains(&part.to_lowercase())),
        Test::Starts(part) => folded(&|value| value.starts_with(&part.to_lowercase())),
        Test::Ends(part) => folded(&|value| value.ends_with(&part.to_lowercase())),
        Test::Like(pattern) => folded(&|value| like(&pattern.to_lowercase(), value)),
        Test::Regex(pattern) => value.is_some_and(|value| pattern.regex.is_match(value)),
        Test::Not(test) => !meets(test, value, moment, ticks),
    }
}

/// How a value stands to an operand; `None` if the two can't be compared.
fn order(value: &str, operand: &Operand, moment: Timestamp, ticks: &Ticks) -> Option<Ordering> {
    match operand {
        Operand::Text(text) => Some(value.to_lowercase().cmp(&text.to_lowercase())),
        Operand::Number(number) => {
            let value: f64 = value.trim().parse().ok()?;
            value.partial_cmp(&number.0)
        }
        Operand::Date(date) => {
            // A day without a time of day is compared by days.
            if date.time() == civil::Time::midnight() {
                return Some(date_of(value)?.date().cmp(&date.date()));
            }
            Some(date_of(value)?.cmp(date))
        }
        Operand::Today(relative) => {
            let day = moved(ticks.today(moment), *relative)?;
            Some(date_of(value)?.date().cmp(&day))
        }
    }
}

/// Dates as Mautic stores them: `2026-11-21`, `2026-11-21 08:00:00`, or with a `T` and an offset.
fn date_of(value: &str) -> Option<civil::DateTime> {
    let value = value.trim();
    if let Ok(moment) = value.parse::<Timestamp>() {
        return Some(moment.to_zoned(jiff::tz::TimeZone::UTC).datetime());
    }
    value.parse().ok()
}

fn moved(day: civil::Date, by: Relative) -> Option<civil::Date> {
    let span = Span::new().try_months(by.months).ok()?;
    let moved = day.checked_add(span).ok()?;
    moved.checked_add(Span::new().try_days(by.days).ok()?).ok()
}

/// The days at which a test of this value may turn round, where it speaks of today: the next one
/// after `after`, if there is any.
pub(super) fn turns(test: &Test, value: Option<&str>, after: civil::Date) -> Option<civil::Date> {
    let date = value.and_then(date_of)?.date();
    let mut turns: Vec<civil::Date> = Vec::new();
    relative_parts(test, &mut |by| {
        let back = Relative {
            months: -by.months,
            days: -by.days,
        };
        // Months differ in length: look around the day.
        let around = Span::new().days(3);
        let Some(first) = moved(date, back).and_then(|day| day.checked_sub(around).ok()) else {
            return;
        };
        turns.extend((0..8).filter_map(|day| first.checked_add(Span::new().days(day)).ok()));
    });
    turns.into_iter().filter(|day| *day > after).min()
}

fn relative_parts(test: &Test, each: &mut impl FnMut(Relative)) {
    for operand in test.operands() {
        if let Operand::Today(by) = operand {
            each(*by);
        }
    }
}

/// SQL's `LIKE`, case as given: `%` any text, `_` one character, `\` takes the meaning away.
pub(super) fn like(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    loop {
        match pattern.get(p) {
            Some('%') => {
                retry = Some((p + 1, t));
                p += 1;
                continue;
            }
            None if t == text.len() => return true,
            Some('_') if t < text.len() => {
                (p, t) = (p + 1, t + 1);
                continue;
            }
            Some('\\') if pattern.get(p + 1).is_some_and(|c| text.get(t) == Some(c)) => {
                (p, t) = (p + 2, t + 1);
                continue;
            }
            Some(c) if *c != '\\' && text.get(t) == Some(c) => {
                (p, t) = (p + 1, t + 1);
                continue;
            }
            _ => {}
        }
        let Some((after, from)) = retry.filter(|(_, from)| *from < text.len()) else {
            return false;
        };
        retry = Some((after, from + 1));
        (p, t) = (after, from + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Number, Pattern};
    use jiff::{civil::time, tz::TimeZone};

    fn text(text: &str) -> Operand {
        Operand::Text(text.to_owned())
    }

    fn today(months: i32, days: i32) -> Operand {
        Operand::Today(Relative { months, days })
    }

    fn date(text: &str) -> Operand {
        Operand::Date(text.parse().unwrap())
    }

    #[test]
    fn every_operator() {
        let number = |n: f64| Operand::Number(Number(n));
        let not = |test| Test::Not(Box::new(test));
        let regex = |text: &str| {
            let mut builder = regex::RegexBuilder::new(text);
            let regex = builder.case_insensitive(true).build().unwrap();
            Test::Regex(Pattern {
                text: text.into(),
                regex,
            })
        };
        let table = [
            (
                Test::Is(vec![text("Berlin"), text("bern")]),
                Some("BERN"),
                true,
            ),
            (Test::Is(vec![text("Berlin")]), None, false),
            (not(Test::Is(vec![text("Berlin")])), None, true),
            (Test::Is(vec![number(5.0)]), Some("5.00"), true),
            (Test::Above(number(5.0)), Some("10"), true),
            (Test::Above(number(5.0)), Some("x"), false),
            (Test::Above(text("b")), Some("Bern"), true),
            (Test::AtLeast(number(5.0)), Some("5"), true),
            (Test::Below(number(5.0)), Some("5"), false),
            (Test::AtMost(number(-1.5)), Some("-1.5"), true),
            (Test::Between(number(1.0), number(3.0)), Some("3"), true),
            (Test::Between(number(1.0), number(3.0)), Some("4"), false),
            (Test::Empty, None, true),
            (Test::Empty, Some(""), true),
            (Test::Empty, Some("x"), false),
            (Test::Contains("GmbH".into()), Some("Öfen gmbh & Co"), true),
            (Test::Starts("Öf".into()), Some("öfen"), true),
            (Test::Ends("co".into()), Some("Öfen & Co"), true),
            (Test::Like("a%c_".into()), Some("ABBCD"), true),
            (Test::Like("a%c_".into()), Some("abbc"), false),
            (Test::Like(r"100\%".into()), Some("100%"), true),
            (Test::Like(r"100\%".into()), Some("1000"), false),
            (regex("^dr\\.? "), Some("Dr. Ann"), true),
            (regex("^dr\\.? "), Some("Andrea"), false),
            (Test::Above(date("2026-01-31")), Some("2026-02-01"), true),
            (
                Test::Is(vec![date("2026-01-31")]),
                Some("2026-01-31 08:00:00"),
                true,
            ),
            (
                Test::Below(date("2026-01-31T08:00:00")),
                Some("2026-01-31 07:59:59"),
                true,
            ),
            (Test::Below(date("2026-01-31")), Some("soon"), false),
            // The tick of 21 November has not come yet: today is the 20th.
            (Test::Is(vec![today(0, 0)]), Some("2026-11-20"), true),
            (Test::AtLeast(today(0, -30)), Some("2026-10-21"), true),
            (Test::AtLeast(today(0, -30)), Some("2026-10-20"), false),
            (Test::Below(today(1, 0)), Some("2026-12-19"), true),
            (Test::Below(today(1, 0)), Some("2026-12-20"), false),
        ];
        let ticks = Ticks {
            zone: TimeZone::UTC,
            at: time(3, 0, 0, 0),
        };
        let now = "2026-11-21T02:59:59Z".parse().unwrap();
        for (test, value, expected) in table {
            assert_eq!(
                meets(&test, value, now, &ticks),
                expected,
                "{test:?} of {value:?}"
            );
        }
    }

    #[test]
    fn a_test_that_speaks_of_today_turns_on_a_day_that_is_told() {
        let ticks = Ticks {
            zone: TimeZone::UTC,
            at: time(0, 0, 0, 0),
        };
        for (test, value) in [
            (Test::AtLeast(today(0, -30)), "2026-11-21"),
            (Test::Is(vec![today(0, 7)]), "2026-11-21"),
            (Test::Below(today(-1, 0)), "2026-01-31"),
            (
                Test::Not(Box::new(Test::Between(today(0, 0), today(1, 2)))),
                "2026-03-01",
            ),
        ] {
            let mut day: civil::Date = "2025-06-01".parse().unwrap();
            let holds = |day: civil::Date| {
                let noon = day
                    .at(12, 0, 0, 0)
                    .to_zoned(TimeZone::UTC)
                    .unwrap()
                    .timestamp();
                meets(&test, Some(value), noon, &ticks)
            };
            let mut told = turns(&test, Some(value), day);
            let mut turned = 0;
            for _ in 0..900 {
                let next = day.tomorrow().unwrap();
                if holds(next) != holds(day) {
                    assert_eq!(told, Some(next), "{test:?} {value}");
                    turned += 1;
                }
                day = next;
                if told == Some(day) {
                    told = turns(&test, Some(value), day);
                }
            }
            assert!(turned > 0, "{test:?}");
        }
    }
}
