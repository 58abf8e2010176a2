//! What the last import saw, kept for the next one: in the store, or beside the plan while there
//! is no store.

use crate::cli::output;
use crate::config::Config;
use crate::plan::Seen;
use crate::store::SharedStore;
use std::path::{Path, PathBuf};
use std::{fs, io};

const KEY: &str = "plan.import.base";

/// What the last import into this file saw; `None`: not known.
pub(in crate::cli) async fn read(
    config: &Config,
    store: Option<&SharedStore>,
    file: &Path,
) -> anyhow::Result<Option<Seen>> {
    let stored = match store {
        Some(store) => store.setting(&key(config, file)).await?,
        None => None,
    };
    let text = match stored {
        Some(text) => Some(text),
        None => read_beside(file)?,
    };
    let broken = |error| {
        output::advice(
            format!("what the last import saw can't be read: {error}"),
            format!(
                "remove {}, and compare the plan with Mautic by hand",
                beside(file).display()
            ),
        )
    };
    text.map(|text| serde_json::from_str(&text).map_err(broken))
        .transpose()
}

/// Keeps what an import saw.
pub(in crate::cli) async fn keep(
    config: &Config,
    store: Option<&SharedStore>,
    file: &Path,
    seen: &Seen,
) -> anyhow::Result<()> {
    let beside = beside(file);
    let Some(store) = store else {
        let text = serde_json::to_string_pretty(seen)?;
        return fs::write(&beside, text).map_err(|error| {
            output::advice(
                format!("{} can't be written: {error}", beside.display()),
                "the plan is written; a later import will take every difference from Mautic for an edit of yours",
            )
        });
    };
    let text = serde_json::to_string(seen)?;
    store.put_setting(&key(config, file), &text).await?;
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(output::advice(
            format!("{} can't be removed: {error}", beside.display()),
            "remove it: the store holds it now",
        )),
        _ => Ok(()),
    }
}

/// The config's own plan has the plain name, so that its folder may be moved.
fn key(config: &Config, file: &Path) -> String {
    let whole = |path: &Path| {
        let known = path.canonicalize();
        known.or_else(|_| std::path::absolute(path))
    };
    match (whole(&config.plan.file), whole(file)) {
        (Ok(own), Ok(file)) if own != file => format!("{KEY}:{}", file.display()),
        _ => KEY.to_owned(),
    }
}

fn beside(file: &Path) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".imported.json");
    file.with_file_name(name)
}

fn read_beside(file: &Path) -> anyhow::Result<Option<String>> {
    let beside = beside(file);
    match fs::read_to_string(&beside) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(output::advice(
            format!("{} can't be read: {error}", beside.display()),
            "let the user that runs topicscore read it",
        )),
    }
}
