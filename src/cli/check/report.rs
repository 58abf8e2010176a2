//! What a check found, in the order it looked.

use crate::cli::output::number;
use crate::diagnostics::{Finding, Severity};
use crate::mautic;
use serde::Serialize;
use std::fmt::Write;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Level {
    Ok,
    Warning,
    Error,
}

/// One thing looked at.
#[derive(Debug, Serialize)]
pub(super) struct Item {
    pub level: Level,
    /// What was looked at: `config`, `plan`, `login`, …
    pub about: &'static str,
    pub message: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// Everything looked at.
#[derive(Debug, Default, Serialize)]
#[serde(transparent)]
pub(super) struct Report {
    pub items: Vec<Item>,
}

impl Report {
    pub(super) fn ok(&mut self, about: &'static str, message: impl Into<String>) {
        self.push(Level::Ok, about, message.into(), None);
    }

    pub(super) fn warn(
        &mut self,
        about: &'static str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.push(Level::Warning, about, message.into(), Some(hint.into()));
    }

    pub(super) fn error(
        &mut self,
        about: &'static str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.push(Level::Error, about, message.into(), Some(hint.into()));
    }

    pub(super) fn mautic(&mut self, about: &'static str, error: &mautic::Error) {
        self.error(about, error.to_string(), error.hint());
    }

    /// What a text's reader found; its place and line are part of the message.
    pub(super) fn findings<'f>(
        &mut self,
        about: &'static str,
        findings: impl IntoIterator<Item = &'f Finding>,
    ) {
        for finding in findings {
            let place = match (finding.line, finding.column) {
                (Some(line), Some(column)) => format!("{}:{line}:{column}", finding.file),
                _ => finding.file.clone(),
            };
            let level = match finding.severity {
                Severity::Error => Level::Error,
                Severity::Warning => Level::Warning,
            };
            let message = format!("{place}: {}", finding.message);
            self.push(level, about, message, finding.hint.clone());
        }
    }

    fn push(&mut self, level: Level, about: &'static str, message: String, hint: Option<String>) {
        self.items.push(Item {
            level,
            about,
            message,
            hint,
        });
    }

    pub(super) fn count(&self, level: Level) -> usize {
        self.items.iter().filter(|item| item.level == level).count()
    }

    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for item in &self.items {
            let word = match item.level {
                Level::Ok => "ok     ",
                Level::Warning => "warning",
                Level::Error => "error  ",
            };
            let _ = writeln!(text, "{word}  {:<8}  {}", item.about, item.message);
            if let Some(hint) = &item.hint {
                let _ = writeln!(text, "{:19}help: {hint}", "");
            }
        }
        let (errors, warnings) = (self.count(Level::Error), self.count(Level::Warning));
        let (errors, warnings) = (number(errors, "error"), number(warnings, "warning"));
        let _ = write!(text, "\n{errors}, {warnings}");
        text
    }
}
