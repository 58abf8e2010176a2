//! Tests: what a value must be.

use super::super::super::{Operand, Pattern, Test};
use super::operand::{read_operand, read_operands, read_pair};
use crate::diagnostics::{Table, Value, quote};
use regex::RegexBuilder;

const HINT: &str = "add one test such as `is = \"x\"`, `at_least = 5` or `empty = true`";
const TEXT_HINT: &str = "write a text in quotes";
/// Compiled size of a regular expression in bytes: a plan's mistake must not eat the memory.
const REGEX_SIZE: usize = 1 << 20;

/// The tests there are; of the second of a pair its opposite is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Is,
    Above,
    AtLeast,
    Below,
    AtMost,
    Between,
    Empty,
    Contains,
    Starts,
    Ends,
    Like,
    Regex,
}

/// A test, and whether its opposite is asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    sort: Sort,
    negated: bool,
}

const TESTS: [(&str, Sort, bool); 20] = [
    ("is", Sort::Is, false),
    ("is_not", Sort::Is, true),
    ("in", Sort::Is, false),
    ("not_in", Sort::Is, true),
    ("above", Sort::Above, false),
    ("at_least", Sort::AtLeast, false),
    ("below", Sort::Below, false),
    ("at_most", Sort::AtMost, false),
    ("between", Sort::Between, false),
    ("not_between", Sort::Between, true),
    ("empty", Sort::Empty, false),
    ("filled", Sort::Empty, true),
    ("contains", Sort::Contains, false),
    ("not_contains", Sort::Contains, true),
    ("starts", Sort::Starts, false),
    ("ends", Sort::Ends, false),
    ("like", Sort::Like, false),
    ("not_like", Sort::Like, true),
    ("regex", Sort::Regex, false),
    ("not_regex", Sort::Regex, true),
];

/// The tests that stand in a table.
pub(super) fn tests_of<'a, 's>(table: &Table<'a, 's>) -> Vec<(Asked, Value<'a, 's>)> {
    let found = TESTS.iter().filter_map(|(key, sort, negated)| {
        let asked = Asked {
            sort: *sort,
            negated: *negated,
        };
        table.get(key).map(|value| (asked, value))
    });
    found.collect()
}

/// Reads the one test there must be. `owner` is the condition, `table` its table.
pub(super) fn read_test(
    tests: &[(Asked, Value<'_, '_>)],
    owner: &Value<'_, '_>,
    table: &Table<'_, '_>,
) -> Option<Test> {
    match tests {
        [(asked, value)] => {
            let (test, said) = read_one(asked.sort, value)?;
            // `empty = false` and `filled = true` are the same.
            Some(if asked.negated == said {
                Test::Not(Box::new(test))
            } else {
                test
            })
        }
        [] => {
            if !table.has_unknown() {
                owner.error("this condition does not say what must be so", HINT);
            }
            None
        }
        [(_, first), (_, second), ..] => {
            let message = format!("`{}` and `{}` are two tests", first.key(), second.key());
            second.error(message, "write two conditions: { all = [{ … }, { … }] }");
            None
        }
    }
}

/// Reads a test that stands in a table of its own: `{ contains = "gmbh" }`.
pub(super) fn read_alone(value: &Value<'_, '_>) -> Option<Test> {
    let table = value.table_as("this test", HINT)?;
    let test = read_test(&tests_of(&table), value, &table);
    table.finish();
    test
}

/// The test, and whether it is asked to hold: `false` only of `empty` and `filled`.
fn read_one(sort: Sort, value: &Value<'_, '_>) -> Option<(Test, bool)> {
    let written = || value.text(TEXT_HINT).map(str::to_owned);
    let test = match sort {
        Sort::Is => Test::Is(read_operands(value)?),
        Sort::Above => Test::Above(read_operand(value)?),
        Sort::AtLeast => Test::AtLeast(read_operand(value)?),
        Sort::Below => Test::Below(read_operand(value)?),
        Sort::AtMost => Test::AtMost(read_operand(value)?),
        Sort::Between => {
            let (low, high) = read_pair(value)?;
            Test::Between(low, high)
        }
        Sort::Empty => return Some((Test::Empty, value.boolean("write true or false")?)),
        Sort::Contains => Test::Contains(written()?),
        Sort::Starts => Test::Starts(written()?),
        Sort::Ends => Test::Ends(written()?),
        Sort::Like => Test::Like(written()?),
        Sort::Regex => Test::Regex(read_pattern(value)?),
    };
    Some((test, true))
}

fn read_pattern(value: &Value<'_, '_>) -> Option<Pattern> {
    let text = value.text("write a regular expression; best in single quotes: '^a.*z$'")?;
    let built = RegexBuilder::new(text)
        .case_insensitive(true)
        .size_limit(REGEX_SIZE)
        .build();
    match built {
        Ok(regex) => Some(Pattern {
            text: text.to_owned(),
            regex,
        }),
        Err(error) => {
            let cause = short(&error);
            let message = format!("{} is no regular expression: {cause}", quote(text));
            value.error(message, "mend it; `contains` and `like` need none");
            None
        }
    }
}

/// The last line of what the library says: the ones before show the pattern.
fn short(error: &regex::Error) -> String {
    let told = error.to_string();
    let last = told.lines().last().unwrap_or_default().trim();
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}

/// Whether a test compares numbers, as one of points must.
pub(super) fn is_numeric(test: &Test) -> bool {
    let number = |operand: &Operand| matches!(operand, Operand::Number(_));
    match test {
        Test::Is(operands) => operands.iter().all(number),
        Test::Above(one) | Test::AtLeast(one) | Test::Below(one) | Test::AtMost(one) => number(one),
        Test::Between(low, high) => number(low) && number(high),
        Test::Not(test) => is_numeric(test),
        Test::Empty
        | Test::Contains(_)
        | Test::Starts(_)
        | Test::Ends(_)
        | Test::Like(_)
        | Test::Regex(_) => false,
    }
}
