//! Writes what fuzzing begins with into `fuzz/corpus/TARGET/`: see `docs/fuzzing.md`.

mod seeds;

use std::{fs, io, path::Path};

fn main() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (target, seeds) in seeds::all(root)? {
        let folder = root.join("fuzz/corpus").join(target);
        fs::create_dir_all(&folder)?;
        let bytes: usize = seeds.iter().map(|(_, bytes)| bytes.len()).sum();
        for (name, seed) in &seeds {
            fs::write(folder.join(name), seed)?;
        }
        println!("{target}: {} seeds, {bytes} bytes", seeds.len());
    }
    Ok(())
}
