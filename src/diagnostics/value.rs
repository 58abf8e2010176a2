//! One TOML value, asked for as what it should be.

use super::{Severity, Sheet, Table, one_of, quote};
use std::ops::{Range, RangeInclusive};
use toml::{Spanned, de::DeValue, value::Datetime};

/// A value with its place and key.
pub(crate) struct Value<'a, 's> {
    sheet: &'a Sheet<'s>,
    node: &'a Spanned<DeValue<'a>>,
    key: &'a str,
}

impl<'a, 's> Value<'a, 's> {
    pub(super) fn new(sheet: &'a Sheet<'s>, node: &'a Spanned<DeValue<'a>>, key: &'a str) -> Self {
        Self { sheet, node, key }
    }

    /// Where the value stands.
    pub(crate) fn span(&self) -> Range<usize> {
        self.node.span()
    }

    /// The key it was found under.
    pub(crate) fn key(&self) -> &'a str {
        self.key
    }

    /// The bare value.
    pub(crate) fn node(&self) -> &'a DeValue<'a> {
        self.node.get_ref()
    }

    /// Reports an error in this value.
    pub(crate) fn error(&self, message: impl Into<String>, hint: impl Into<String>) {
        self.sheet.at(&self.span(), Severity::Error, message, hint);
    }

    /// Reports a doubt about this value.
    pub(crate) fn warn(&self, message: impl Into<String>, hint: impl Into<String>) {
        self.sheet
            .at(&self.span(), Severity::Warning, message, hint);
    }

    /// Reports that the value has another type than it should; returns nothing, to end with it.
    pub(crate) fn mistyped<T>(&self, wanted: &str, hint: &str) -> Option<T> {
        let found = match self.node() {
            DeValue::String(_) => "a text",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a decimal number",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date or time",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.error(
            format!("`{}` must be {wanted}, but is {found}", self.key),
            hint,
        );
        None
    }

    /// A text that is not blank.
    pub(crate) fn text(&self, hint: &str) -> Option<&'a str> {
        let Some(text) = self.node().as_str() else {
            return self.mistyped("a text in quotes", hint);
        };
        if text.trim().is_empty() {
            self.error(format!("`{}` is empty", self.key), hint);
            return None;
        }
        Some(text)
    }

    /// A whole number of this range.
    pub(crate) fn integer<N>(&self, range: RangeInclusive<i64>, hint: &str) -> Option<N>
    where
        N: TryFrom<i64>,
    {
        let Some(integer) = self.node().as_integer() else {
            return self.mistyped("a whole number", hint);
        };
        let number = i64::from_str_radix(integer.as_str(), integer.radix())
            .ok()
            .filter(|number| range.contains(number))
            .and_then(|number| N::try_from(number).ok());
        if number.is_none() {
            let (from, to) = (range.start(), range.end());
            let allowed = if from == to {
                from.to_string()
            } else {
                format!("from {from} to {to}")
            };
            let message = format!("`{}` is {integer}, but must be {allowed}", self.key);
            self.error(message, hint);
        }
        number
    }

    /// A number, whole or with decimals; neither infinite nor too large to be exact.
    pub(crate) fn number(&self, hint: &str) -> Option<f64> {
        const EXACT: f64 = 9_007_199_254_740_992.0;
        let number = match self.node() {
            DeValue::Integer(integer) => {
                // Its decimal digits become the nearest number.
                let whole = i64::from_str_radix(integer.as_str(), integer.radix()).ok();
                whole.and_then(|whole| whole.to_string().parse().ok())
            }
            DeValue::Float(float) => float.as_str().parse().ok(),
            _ => return self.mistyped("a number", hint),
        };
        let fits = |number: &f64| number.is_finite() && number.abs() <= EXACT;
        let number = number.filter(fits);
        if number.is_none() {
            self.error(format!("`{}` is no number to count with", self.key), hint);
        }
        number
    }

    /// `true` or `false`.
    pub(crate) fn boolean(&self, hint: &str) -> Option<bool> {
        match self.node().as_bool() {
            None => self.mistyped("true or false", hint),
            some => some,
        }
    }

    /// A TOML date or time, if it is one.
    pub(crate) fn datetime(&self) -> Option<&'a Datetime> {
        self.node().as_datetime()
    }

    /// One of these words.
    pub(crate) fn choice<T: Copy>(&self, choices: &[(&str, T)]) -> Option<T> {
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        let text = self.text(&one_of("", &words))?;
        let found = choices.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let message = format!("{} is no `{}`", quote(text), self.key);
            self.error(message, one_of(text, &words));
        }
        found.map(|(_, choice)| *choice)
    }

    /// The items of a list that is not empty.
    pub(crate) fn list(&self, hint: &str) -> Option<Vec<Self>> {
        let Some(array) = self.node().as_array() else {
            return self.mistyped("a list", hint);
        };
        if array.is_empty() {
            self.error(format!("the list `{}` is empty", self.key), hint);
            return None;
        }
        Some(self.items(array))
    }

    /// The items of a list, or the single value itself.
    pub(crate) fn one_or_more(&self, hint: &str) -> Option<Vec<Self>> {
        match self.node() {
            DeValue::Array(_) => self.list(hint),
            _ => Some(vec![Self::new(self.sheet, self.node, self.key)]),
        }
    }

    fn items(&self, array: &'a [Spanned<DeValue<'a>>]) -> Vec<Self> {
        array
            .iter()
            .map(|node| Self::new(self.sheet, node, self.key))
            .collect()
    }

    /// A table, told of by its key.
    pub(crate) fn table(&self, hint: &str) -> Option<Table<'a, 's>> {
        self.table_as(self.key, hint)
    }

    /// A table, told of as `what`.
    pub(crate) fn table_as(&self, what: &'a str, hint: &str) -> Option<Table<'a, 's>> {
        match self.node() {
            DeValue::Table(table) => Some(Table::new(self.sheet, table, self.span(), what)),
            _ => self.mistyped("a table", hint),
        }
    }
}
