//! The recordings of the real Mautic 5.1.1 that lie in this package, compressed: one file per session, area of
//! exchanges, type of webhook, and scenario.

use std::collections::BTreeMap;
use std::io::{Error, ErrorKind, Result};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::held_against::session::Session;

/// Extension of every file here: JSON lines, compressed with zstd.
const EXTENSION: &str = ".jsonl.zst";
/// Slow to write, small to keep.
const LEVEL: i32 = 19;

/// A recorded area of single exchanges, or the recorded deliveries of one type.
#[derive(Debug, Clone)]
pub struct Lines {
    /// The area (`contacts`) or event type (`mautic.page_on_hit`).
    pub name: String,
    /// Its lines.
    pub lines: Vec<Value>,
}

/// A recorded scenario: Mautic's configuration, what happened, and what Mautic made of it.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Its name.
    pub name: String,
    /// Texts by path inside the scenario: `setup.json`, `timeline.jsonl`, `stats/page_hits.json`, …
    pub files: BTreeMap<String, String>,
}

impl Scenario {
    /// A file read as JSON.
    ///
    /// # Errors
    /// When there is no such file or it is no JSON.
    pub fn json(&self, path: &str) -> Result<Value> {
        let missing = || Error::new(ErrorKind::NotFound, format!("{}: no {path}", self.name));
        Ok(serde_json::from_str(
            self.files.get(path).ok_or_else(missing)?,
        )?)
    }

    /// A file read as JSON lines.
    ///
    /// # Errors
    /// When there is no such file or a line is no JSON.
    pub fn lines(&self, path: &str) -> Result<Vec<Value>> {
        let missing = || Error::new(ErrorKind::NotFound, format!("{}: no {path}", self.name));
        json_lines(self.files.get(path).ok_or_else(missing)?)
    }
}

/// The folder the recordings lie in.
#[must_use]
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings")
}

/// The recorded sessions in the order of their names.
///
/// # Errors
/// When a file cannot be read or is no session.
pub fn sessions() -> Result<Vec<Session>> {
    let parse =
        |name: &String| Session::parse(name, &text("sessions", name)?).map_err(Error::other);
    names("sessions")?.iter().map(parse).collect()
}

/// One recorded session.
///
/// # Errors
/// When there is none of that name or it is no session.
pub fn session(name: &str) -> Result<Session> {
    Session::parse(name, &text("sessions", name)?).map_err(Error::other)
}

/// The recorded single exchanges by area.
///
/// # Errors
/// When a file cannot be read.
pub fn exchanges() -> Result<Vec<Lines>> {
    all_lines("exchanges")
}

/// The recorded deliveries by type; `_sequences` says which came when.
///
/// # Errors
/// When a file cannot be read.
pub fn webhooks() -> Result<Vec<Lines>> {
    all_lines("webhooks")
}

/// The recorded scenarios in the order of their names.
///
/// # Errors
/// When a file cannot be read.
pub fn scenarios() -> Result<Vec<Scenario>> {
    names("scenarios")?
        .iter()
        .map(|name| scenario(name))
        .collect()
}

/// One recorded scenario.
///
/// # Errors
/// When there is none of that name.
pub fn scenario(name: &str) -> Result<Scenario> {
    let field = |line: &Value, key: &str| {
        line.get(key)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let lines = json_lines(&text("scenarios", name)?)?;
    let files = lines
        .iter()
        .map(|line| (field(line, "path"), field(line, "text")))
        .collect();
    Ok(Scenario {
        name: name.to_owned(),
        files,
    })
}

/// What a fresh installation answers, by request.
///
/// # Errors
/// When the file cannot be read.
pub fn initial_state() -> Result<Value> {
    Ok(serde_json::from_str(&text("", "initial_state")?)?)
}

/// The names of one kind (`sessions`, `exchanges`, `webhooks`, `scenarios`), sorted.
///
/// # Errors
/// When the folder cannot be read.
pub fn names(kind: &str) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder().join(kind))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        names.extend(name.strip_suffix(EXTENSION).map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

fn all_lines(kind: &str) -> Result<Vec<Lines>> {
    let read = |name: String| {
        Ok(Lines {
            lines: json_lines(&text(kind, &name)?)?,
            name,
        })
    };
    names(kind)?.into_iter().map(read).collect()
}

fn json_lines(text: &str) -> Result<Vec<Value>> {
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| Ok(serde_json::from_str(line)?))
        .collect()
}

fn text(kind: &str, name: &str) -> Result<String> {
    let path = folder().join(kind).join(format!("{name}{EXTENSION}"));
    let named = |error: Error| Error::new(error.kind(), format!("{}: {error}", path.display()));
    let bytes = zstd::decode_all(std::fs::File::open(&path).map_err(named)?).map_err(named)?;
    String::from_utf8(bytes).map_err(Error::other)
}

/// Packs a folder of recordings (`sessions/`, `exchanges/`, `webhooks/`, `scenarios/`) into `target`.
///
/// # Errors
/// When a file cannot be read or written.
pub fn pack(source: &Path, target: &Path) -> Result<()> {
    for kind in ["sessions", "exchanges", "webhooks"] {
        for file in files_below(&source.join(kind))? {
            let name = file.to_string_lossy().into_owned();
            if let Some(name) = name.strip_suffix(".jsonl") {
                let text = std::fs::read(source.join(kind).join(&file))?;
                write(&target.join(kind), name, &text)?;
            }
        }
    }
    let initial_state: Value =
        serde_json::from_slice(&std::fs::read(source.join("sessions/INITIAL_STATE.json"))?)?;
    write(
        target,
        "initial_state",
        initial_state.to_string().as_bytes(),
    )?;
    for entry in std::fs::read_dir(source.join("scenarios"))? {
        let folder = entry?.path();
        let mut packed = String::new();
        for file in files_below(&folder)? {
            let text = std::fs::read_to_string(folder.join(&file))?;
            packed.push_str(&json!({"path": file.to_string_lossy(), "text": text}).to_string());
            packed.push('\n');
        }
        let name = folder
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        write(&target.join("scenarios"), &name, packed.as_bytes())?;
    }
    Ok(())
}

fn write(folder: &Path, name: &str, text: &[u8]) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    std::fs::write(
        folder.join(format!("{name}{EXTENSION}")),
        zstd::encode_all(text, LEVEL)?,
    )
}

/// The files below a folder, as paths relative to it, sorted.
fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = PathBuf::from(entry.file_name());
        if entry.file_type()?.is_dir() {
            files.extend(
                files_below(&entry.path())?
                    .into_iter()
                    .map(|file| name.join(file)),
            );
        } else {
            files.push(name);
        }
    }
    files.sort();
    Ok(files)
}
