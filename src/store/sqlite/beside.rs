//! Small files beside the store, which a restored backup of it leaves as they are.

use super::hex;
use sha2::{Digest, Sha256};
use std::{
    ffi::OsString,
    fs::{File, OpenOptions},
    io::{Result, Write},
    path::{Path, PathBuf},
};

/// Bytes of a line's check.
const CHECK: usize = 8;

/// The file beside a store whose name ends so.
pub(super) fn named(store: &Path, ending: &str) -> PathBuf {
    let mut path = OsString::from(store);
    path.push(ending);
    path.into()
}

/// Nobody else may read them.
pub(super) fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Writes a file anew. Whole or not at all: it takes the place of an old one when it is synced.
pub(super) fn replace(path: &Path, text: &str) -> Result<()> {
    let fresh = named(path, ".new");
    let mut file = options()
        .write(true)
        .create(true)
        .truncate(true)
        .open(&fresh)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&fresh, path)?;
    sync_folder(path)
}

/// A new name is durable when its folder is.
fn sync_folder(file: &Path) -> Result<()> {
    let folder = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// A line that ends with a check of itself.
pub(super) fn checked(text: &str) -> String {
    format!("{text} {}\n", check(text))
}

/// The check of a line's text, in hexadecimal.
pub(super) fn check(text: &str) -> String {
    hex::write(&Sha256::digest(text.as_bytes())[..CHECK])
}

/// What a line says without its check; `None` if that is not its own.
pub(super) fn unchecked(line: &str) -> Option<&str> {
    let (text, sum) = line.rsplit_once(' ')?;
    (check(text) == sum).then_some(text)
}
