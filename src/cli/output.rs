//! How data and errors are printed.

use crate::mautic;
use crate::people::Refusal;
use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;
use std::io::{self, Write};

/// Prints data as JSON on stdout.
///
/// # Errors
/// When stdout can't be written. A reader that went away (`| head`) is no error.
pub(super) fn print_json(data: &impl Serialize) -> anyhow::Result<()> {
    let text = serde_json::to_string_pretty(data)?;
    print_text(&text)
}

/// Prints text on stdout, and a line end.
///
/// # Errors
/// As [`print_json`].
pub(super) fn print_text(text: &str) -> anyhow::Result<()> {
    match writeln!(io::stdout().lock(), "{text}") {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => Ok(result?),
    }
}

/// Prints an error and its causes on stderr.
pub(super) fn print_error(error: &anyhow::Error) {
    tell(format_args!("error: {error:#}"));
}

/// Prints something for people on stderr. Where nobody can be told (the disk that stderr goes to is
/// full), the work goes on: `eprintln!` would panic.
pub(super) fn tell(what: impl std::fmt::Display) {
    let _ = writeln!(io::stderr().lock(), "{what}");
}

/// An error with what to do about it.
pub(super) fn advice(what: impl std::fmt::Display, hint: impl std::fmt::Display) -> anyhow::Error {
    anyhow::anyhow!("{what}\n  help: {hint}")
}

/// Mautic's error with what to do about it.
pub(super) fn mautic_advice(what: &str, error: &mautic::Error) -> anyhow::Error {
    advice(format!("{what}: {error}"), error.hint())
}

/// Why a question or a wish came to nothing, with what to do about it.
pub(super) fn refused(refusal: Refusal) -> anyhow::Error {
    match refusal {
        Refusal::Unknown { what, hint } | Refusal::Wrong { what, hint } => advice(what, hint),
        Refusal::Store(error) => error.into(),
    }
}

/// A moment on the clocks of a zone, to the minute: `2026-11-21 08:15`.
pub(super) fn local(moment: Timestamp, zone: &TimeZone) -> String {
    let local = moment.to_zoned(zone.clone());
    local.strftime("%Y-%m-%d %H:%M").to_string()
}

/// A number and its noun.
pub(super) fn number(count: usize, noun: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{ending}")
}

/// How long ago a moment was, in its largest unit.
pub(super) fn ago(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(at).as_secs().max(0);
    match seconds {
        0..120 => format!("{seconds} s ago"),
        120..7200 => format!("{} min ago", seconds / 60),
        7200..172_800 => format!("{} h ago", seconds / 3600),
        _ => format!("{} d ago", seconds / 86_400),
    }
}

/// A table with aligned columns: the first row is the head. Numbers go right.
pub(super) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
    };
    let widths: Vec<_> = (0..columns)
        .map(|column| width(column).unwrap_or(0))
        .collect();
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| {
            let is_number = cell.trim_start_matches(['+', '-']).parse::<f64>().is_ok();
            if is_number {
                format!("{cell:>width$}")
            } else {
                format!("{cell:<width$}")
            }
        });
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text.truncate(text.trim_end_matches('\n').len());
    text
}

#[cfg(test)]
mod tests {
    use super::table;

    #[test]
    fn columns_are_aligned() {
        let rows = [["contact", "score"], ["7", "62"], ["4711", "-5"]];
        let rows: Vec<_> = rows
            .iter()
            .map(|row| row.map(str::to_owned).to_vec())
            .collect();
        assert_eq!(
            table(&rows),
            "contact  score\n      7     62\n   4711     -5"
        );
    }
}
