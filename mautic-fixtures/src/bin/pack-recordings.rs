//! Packs a folder of recordings into this package: `pack-recordings FOLDER`.

use std::path::PathBuf;

use clap::Parser;

/// Compresses recordings (`sessions/`, `exchanges/`, `webhooks/`, `scenarios/`) into `mautic-fixtures/recordings/`.
#[derive(Debug, Parser)]
struct Arguments {
    /// The folder with the plain recordings.
    source: PathBuf,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let target = mautic_fixtures::recordings::folder();
    mautic_fixtures::recordings::pack(&arguments.source, &target)?;
    println!("packed into {}", target.display());
    Ok(())
}
