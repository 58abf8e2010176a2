//! The house rules that the compiler does not check.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests may fail loudly"
)]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Rooms that take data and return data.
const PURE: &[&str] = &[
    "src/domain",
    "src/plan",
    "src/scoring",
    "src/config",
    "src/diagnostics.rs",
    "src/intake/decode",
    "src/people/moment.rs",
    "src/writeback/call.rs",
    "src/writeback/sweep/source.rs",
    "src/writeback/sweep/state.rs",
    "src/writeback/effects/decide.rs",
    "src/writeback/effects/render.rs",
    "src/writeback/effects/sign.rs",
    "src/mautic/retry.rs",
    "src/mautic/budget/pacing.rs",
];

/// What a pure room does not know: runtimes, networks, databases, files, the environment, clocks
/// and chance.
const IMPURE: &[&str] = &[
    "tokio",
    "reqwest",
    "axum",
    "rusqlite",
    "async_trait",
    "std::fs",
    "fs::",
    "std::env",
    "env::var",
    "Timestamp::now",
    "Zoned::now",
    "SystemTime",
    "Instant::now",
    "rand::",
    "crate::clock",
    "crate::store",
    "crate::web",
    "crate::mautic::Client",
    "std::net",
    "std::process",
    "async fn",
];

/// Rooms that never import each other: they meet in the store.
const STRANGERS: &[(&str, &[&str])] = &[
    (
        "src/intake",
        &[
            "crate::scoring",
            "crate::writeback",
            "crate::web",
            "crate::cli",
        ],
    ),
    (
        "src/scoring",
        &[
            "crate::intake",
            "crate::writeback",
            "crate::store",
            "crate::web",
            "crate::cli",
        ],
    ),
    (
        "src/writeback",
        &[
            "crate::intake",
            "crate::scoring",
            "crate::web",
            "crate::cli",
        ],
    ),
    (
        "src/store",
        &[
            "crate::intake",
            "crate::scoring",
            "crate::writeback",
            "crate::web",
            "crate::cli",
        ],
    ),
    (
        "src/mautic",
        &[
            "crate::intake",
            "crate::scoring",
            "crate::store",
            "crate::web",
            "crate::cli",
        ],
    ),
    (
        "src/people",
        &[
            "crate::intake",
            "crate::writeback",
            "crate::mautic",
            "crate::web",
            "crate::cli",
        ],
    ),
    (
        "src/domain",
        &["crate::plan", "crate::store", "crate::scoring"],
    ),
];

#[test]
fn pure_rooms_are_pure() {
    let found = violations(PURE.iter().map(|room| (*room, IMPURE)));
    assert!(
        found.is_empty(),
        "pure rooms know the outside world:\n{}",
        found.join("\n")
    );
}

#[test]
fn strangers_do_not_import_each_other() {
    let found = violations(STRANGERS.iter().copied());
    assert!(
        found.is_empty(),
        "rooms know what they must not:\n{}",
        found.join("\n")
    );
}

#[test]
fn files_stay_small() {
    let long: Vec<_> = sources(Path::new("src"))
        .chain(sources(Path::new("mautic-fixtures/src")))
        .filter_map(|file| {
            let lines = production_lines(&file).len();
            (lines > 500).then(|| format!("{}: {lines} lines", file.display()))
        })
        .collect();
    assert!(
        long.is_empty(),
        "files over 500 lines:\n{}",
        long.join("\n")
    );
}

fn violations<'a>(rooms: impl Iterator<Item = (&'a str, &'a [&'a str])>) -> Vec<String> {
    let mut found = Vec::new();
    for (room, forbidden) in rooms {
        let files: Vec<_> = sources(Path::new(room)).collect();
        assert!(
            !files.is_empty(),
            "{room} does not exist: mend the list in this test"
        );
        for file in files {
            for (number, line) in production_lines(&file) {
                let code = line.split("//").next().unwrap_or_default();
                if let Some(word) = forbidden.iter().find(|word| speaks_of(code, word)) {
                    found.push(format!("{}:{number}: {word}", file.display()));
                }
            }
        }
    }
    found
}

/// Whether the word stands there, and not as the end of a longer one.
fn speaks_of(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(place, _)| {
        let before = code[..place].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

/// A file's lines with their numbers, up to its tests.
fn production_lines(file: &Path) -> Vec<(usize, String)> {
    let text = fs::read_to_string(file).expect("a source file is readable");
    let in_tests = file.components().any(|part| part.as_os_str() == "tests");
    if in_tests || file.file_name().is_some_and(|name| name == "tests.rs") {
        return Vec::new();
    }
    let lines = text.lines().take_while(|line| *line != "#[cfg(test)]");
    lines
        .enumerate()
        .map(|(index, line)| (index + 1, line.to_owned()))
        .collect()
}

fn sources(path: &Path) -> Box<dyn Iterator<Item = PathBuf>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if path.is_file() {
        return Box::new(std::iter::once(path));
    }
    let Ok(entries) = fs::read_dir(path) else {
        return Box::new(std::iter::empty());
    };
    Box::new(entries.filter_map(Result::ok).flat_map(|entry| {
        let path = entry.path();
        let is_source = path.extension().is_some_and(|extension| extension == "rs");
        if path.is_dir() || is_source {
            sources(&path)
        } else {
            Box::new(std::iter::empty())
        }
    }))
}
