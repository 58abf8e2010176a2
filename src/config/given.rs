//! A setting wherever it was given: in the file or in the environment.

use super::{Inputs, units};
use crate::diagnostics::{
    Finding, Findings, Severity, Table, Told, Value, did_you_mean, one_of, quote,
};
use secrecy::SecretString;
use std::{
    cell::RefCell,
    collections::BTreeMap,
    fmt::Display,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    time::Duration,
};
use toml::de::DeValue;

const PREFIX: &str = "TOPICSCORE_";

/// All that was given.
pub(super) struct Given<'a, 's> {
    root: &'a Table<'a, 's>,
    sections: RefCell<BTreeMap<&'static str, Option<Table<'a, 's>>>>,
    inputs: &'a Inputs<'a>,
    /// Findings that have no place in the file.
    findings: RefCell<Findings>,
    /// Names of all variables that were asked for.
    variables: RefCell<Vec<String>>,
}

/// One setting.
pub(super) struct Setting<'g, 'a, 's> {
    given: &'g Given<'a, 's>,
    key: &'a str,
    from: From<'a, 's>,
}

enum From<'a, 's> {
    File(Value<'a, 's>),
    Variable(String, &'a str),
}

impl<'a, 's> Given<'a, 's> {
    pub(super) fn new(root: &'a Table<'a, 's>, inputs: &'a Inputs<'a>) -> Self {
        Self {
            root,
            sections: RefCell::default(),
            inputs,
            findings: RefCell::default(),
            variables: RefCell::default(),
        }
    }

    /// A setting, if it was given. The environment goes before the file.
    pub(super) fn get(
        &self,
        section: &'static str,
        key: &'static str,
    ) -> Option<Setting<'_, 'a, 's>> {
        let in_file = self.in_file(section, key);
        let name = variable(section, key);
        let in_env = self
            .inputs
            .env
            .get(&name)
            .filter(|text| !text.trim().is_empty());
        self.variables.borrow_mut().push(name.clone());
        let from = match in_env {
            Some(text) => Some(From::Variable(name, text)),
            None => in_file.map(From::File),
        };
        from.map(|from| Setting {
            given: self,
            key,
            from,
        })
    }

    fn in_file(&self, section: &'static str, key: &'static str) -> Option<Value<'a, 's>> {
        let mut sections = self.sections.borrow_mut();
        let table = sections.entry(section).or_insert_with(|| {
            let hint = format!("write [{section}] above its settings");
            self.root.get(section).and_then(|value| value.table(&hint))
        });
        table.as_ref().and_then(|table| table.get(key))
    }

    /// A setting that stands in a table of a list.
    pub(super) fn setting(&self, key: &'static str, value: Value<'a, 's>) -> Setting<'_, 'a, 's> {
        Setting {
            given: self,
            key,
            from: From::File(value),
        }
    }

    /// Reads the list of tables `[[key]]`.
    pub(super) fn each<T>(
        &self,
        key: &'static str,
        mut read: impl FnMut(&Table<'a, 's>) -> T,
    ) -> Vec<T> {
        self.root.each(key, |_, table| read(table))
    }

    /// Reports a setting that must be there and is not.
    pub(super) fn missing(&self, section: &'static str, key: &str, why: &str) {
        let message = format!("{section}.{key} is missing{why}");
        let hint = format!(
            "write it into [{section}], or set {}",
            variable(section, key)
        );
        match self.sections.borrow().get(section) {
            Some(Some(table)) => table
                .sheet
                .together(&table.span, Severity::Error, message, hint),
            _ => self
                .root
                .sheet
                .together(&self.root.span, Severity::Error, message, hint),
        }
    }

    /// A secret, given as itself or as a file that holds it.
    pub(super) fn secret(
        &self,
        section: &'static str,
        key: &'static str,
        file_key: &'static str,
    ) -> Result<Option<SecretString>, Told> {
        match (self.get(section, key), self.get(section, file_key)) {
            (None, None) => Ok(None),
            (Some(secret), None) => secret.secret(),
            (None, Some(file)) => file.secret_file(),
            // The environment goes before the file here, too.
            (Some(secret), Some(file)) => match (secret.is_variable(), file.is_variable()) {
                (true, false) => secret.secret(),
                (false, true) => file.secret_file(),
                _ => {
                    let message = format!("`{key}` and `{file_key}` are both given");
                    file.error(message, "keep one of the two");
                    Err(Told)
                }
            },
        }
    }

    /// A path, relative to the config file's folder.
    pub(super) fn path(&self, text: &str) -> PathBuf {
        let folder = self.inputs.file.parent().unwrap_or_else(|| Path::new(""));
        folder.join(text)
    }

    fn report(
        &self,
        name: &str,
        severity: Severity,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        let finding = Finding::about(name, severity, message, hint);
        self.findings.borrow_mut().push(finding);
    }

    /// Reports what nobody asked for; everything told so far about variables.
    pub(super) fn finish(self) -> Findings {
        for table in self.sections.borrow().values().flatten() {
            table.finish();
        }
        self.root.finish();
        let variables = self.variables.borrow();
        let known: Vec<&str> = variables.iter().map(String::as_str).collect();
        for name in self
            .inputs
            .env
            .keys()
            .filter(|name| name.starts_with(PREFIX))
        {
            self.check_variable(name, &known);
        }
        drop(variables);
        self.findings.into_inner()
    }

    /// Variables with `__` are settings; others only look like misspelt ones, or belong to the
    /// command line.
    fn check_variable(&self, name: &str, known: &[&str]) {
        if known.contains(&name) {
            return;
        }
        if name.contains("__") {
            let message = "there is no such setting";
            let meant = did_you_mean(name, known.iter().copied());
            let hint = meant.map_or("see topicscore.example.toml".to_owned(), |meant| {
                format!("did you mean {meant}?")
            });
            self.report(name, Severity::Error, message, hint);
        } else if let Some(meant) = known.iter().find(|known| known.replace("__", "_") == name) {
            let message = "this variable is passed over";
            let hint = format!("write two underscores after the section: {meant}");
            self.report(name, Severity::Warning, message, hint);
        }
    }
}

/// Name of a setting's variable.
fn variable(section: &str, key: &str) -> String {
    format!("{PREFIX}{section}__{key}").to_uppercase()
}

impl<'a> Setting<'_, 'a, '_> {
    /// Reports an error in this setting.
    pub(super) fn error(&self, message: impl Into<String>, hint: impl Into<String>) {
        match &self.from {
            From::File(value) => value.error(message, hint),
            From::Variable(name, _) => self.given.report(name, Severity::Error, message, hint),
        }
    }

    /// Reports a doubt about this setting.
    pub(super) fn warn(&self, message: impl Into<String>, hint: impl Into<String>) {
        match &self.from {
            From::File(value) => value.warn(message, hint),
            From::Variable(name, _) => self.given.report(name, Severity::Warning, message, hint),
        }
    }

    fn is_variable(&self) -> bool {
        matches!(self.from, From::Variable(..))
    }

    /// A text that is not blank.
    pub(super) fn text(&self, hint: &str) -> Option<&'a str> {
        match &self.from {
            From::File(value) => value.text(hint),
            From::Variable(_, text) => Some(text),
        }
    }

    /// A text that `parse` understands. Its value is shown in findings: not for secrets.
    pub(super) fn parsed<T>(
        &self,
        what: &str,
        hint: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.text(hint)?;
        let parsed = parse(text);
        if parsed.is_none() {
            self.error(format!("{} is no {what}", quote(text)), hint);
        }
        parsed
    }

    /// A number, written as a number in the file.
    fn number<T: std::str::FromStr>(&self, what: &str, hint: &str) -> Option<T> {
        let value = match &self.from {
            From::Variable(..) => return self.parsed(what, hint, |text| text.trim().parse().ok()),
            From::File(value) => value,
        };
        let number = match value.node() {
            DeValue::Integer(number) if number.radix() == 10 => number.as_str(),
            DeValue::Float(number) => number.as_str(),
            _ => return value.mistyped(&format!("a {what}"), hint),
        };
        let parsed = number.parse().ok();
        if parsed.is_none() {
            self.error(format!("`{}` must be a {what}", self.key), hint);
        }
        parsed
    }

    fn in_range<T: PartialOrd + Display>(&self, number: T, range: &RangeInclusive<T>) -> Option<T> {
        if range.contains(&number) {
            return Some(number);
        }
        let (from, to) = (range.start(), range.end());
        let message = format!(
            "`{}` is {number}, but must be from {from} to {to}",
            self.key
        );
        self.error(message, "write a number in this range");
        None
    }

    /// A whole number of this range.
    pub(super) fn integer(&self, range: RangeInclusive<u32>) -> Option<u32> {
        let hint = format!("write a number from {} to {}", range.start(), range.end());
        let number = self.number::<i64>("whole number", &hint)?;
        let wide = i64::from(*range.start())..=i64::from(*range.end());
        u32::try_from(self.in_range(number, &wide)?).ok()
    }

    /// A number of this range, with decimals.
    pub(super) fn decimal(&self, range: RangeInclusive<f64>) -> Option<f64> {
        let hint = format!("write a number from {} to {}", range.start(), range.end());
        let number = self.number::<f64>("number", &hint)?;
        self.in_range(number, &range)
    }

    /// `true` or `false`.
    pub(super) fn boolean(&self) -> Option<bool> {
        const HINT: &str = "write true or false";
        match &self.from {
            From::File(value) => value.boolean(HINT),
            From::Variable(..) => self.parsed("yes or no", HINT, |text| text.trim().parse().ok()),
        }
    }

    /// A duration of this range, such as `30s`.
    pub(super) fn duration(&self, range: RangeInclusive<Duration>) -> Option<Duration> {
        const HINT: &str = "write a number and a unit: 500ms, 30s, 15m, 12h or 90d";
        let duration = self.parsed("duration", HINT, units::duration)?;
        if !range.contains(&duration) {
            let (from, to) = (units::show(*range.start()), units::show(*range.end()));
            let message = format!("`{}` must be from {from} to {to}", self.key);
            self.error(message, HINT);
            return None;
        }
        Some(duration)
    }

    /// Whether it is this word. Says nothing if it is something else.
    pub(super) fn is(&self, word: &str) -> bool {
        match &self.from {
            From::Variable(_, text) => *text == word,
            From::File(value) => matches!(value.node(), DeValue::String(text) if text == word),
        }
    }

    /// A size in bytes, such as `32MiB`.
    pub(super) fn size(&self, range: RangeInclusive<u64>) -> Option<u64> {
        const HINT: &str = "write a size such as \"32MiB\"";
        let size = self.parsed("size", HINT, units::size)?;
        self.in_range(size, &range)
    }

    /// One of these words.
    pub(super) fn choice<T: Copy>(&self, choices: &[(&str, T)]) -> Option<T> {
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        let text = self.text(&one_of("", &words))?;
        self.parsed(self.key, &one_of(text, &words), |text| {
            let found = choices.iter().find(|(word, _)| *word == text);
            found.map(|(_, choice)| *choice)
        })
    }

    /// A secret itself.
    pub(super) fn secret(&self) -> Result<Option<SecretString>, Told> {
        let text = self
            .text("write the secret in quotes, or name its file")
            .ok_or(Told)?;
        Ok(Some(SecretString::from(text)))
    }

    /// Reads the secret's file; one line end after the secret does not belong to it.
    pub(super) fn secret_file(&self) -> Result<Option<SecretString>, Told> {
        let name = self
            .text("name the file that holds the secret")
            .ok_or(Told)?;
        let path = self.given.path(name);
        match (self.given.inputs.read)(&path) {
            Err(why) => {
                let message = format!(
                    "{} cannot be read: {why}",
                    quote(&path.display().to_string())
                );
                self.error(
                    message,
                    "make the file, or let the user that runs topicscore read it",
                );
                Err(Told)
            }
            Ok(text) => {
                let secret = text.strip_suffix('\n').unwrap_or(&text);
                let secret = secret.strip_suffix('\r').unwrap_or(secret);
                if secret.trim().is_empty() {
                    let message = format!("{} is empty", quote(&path.display().to_string()));
                    self.error(message, "write the secret into the file");
                    return Err(Told);
                }
                Ok(Some(SecretString::from(secret)))
            }
        }
    }
}
