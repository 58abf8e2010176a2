//! What fuzzing begins with, and every input that once broke something, read on the stable compiler.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests may fail loudly"
)]

#[path = "../fuzz/readers/mod.rs"]
mod readers;
#[path = "../examples/seeds/seeds.rs"]
mod seeds;

use std::{
    fs,
    panic::catch_unwind,
    path::Path,
    time::{Duration, Instant},
};

/// Without optimisation, and beside other tests.
const SLOW: Duration = Duration::from_secs(10);

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Files below `fuzz/broke/TARGET`, by name.
fn broke(target: &str) -> Vec<(String, Vec<u8>)> {
    let Ok(folder) = fs::read_dir(root().join("fuzz/broke").join(target)) else {
        return Vec::new();
    };
    let read = folder.map(|entry| {
        let entry = entry.unwrap();
        let name = entry.file_name().to_string_lossy().into_owned();
        (name, fs::read(entry.path()).unwrap())
    });
    read.collect()
}

#[test]
fn every_seed_and_whatever_broke_a_reader_is_read() {
    let mut all_seeds = seeds::all(root()).unwrap();
    for (target, read) in readers::ALL {
        let mut inputs = all_seeds.remove(target).unwrap();
        let begun_with = inputs.len();
        assert!(begun_with >= 3, "{target} has {begun_with} seeds");
        inputs.extend(broke(target));
        for (name, input) in &inputs {
            let began = Instant::now();
            let read = catch_unwind(|| read(input));
            assert!(read.is_ok(), "{target} breaks on {name}");
            assert!(began.elapsed() < SLOW, "{target} is slow on {name}");
        }
        println!(
            "{target}: {begun_with} seeds, {} that broke it",
            inputs.len() - begun_with
        );
    }
    assert!(all_seeds.is_empty(), "seeds of no reader: {all_seeds:?}");
}

/// Texts that go to the limits of their formats: none may take the process down.
#[test]
fn depth_and_length_have_bounds() {
    let deep = 100_000;
    let nested = |open: &str, close: &str| format!("{}{}", open.repeat(deep), close.repeat(deep));
    let lists = nested("[", "]");
    let objects = format!("{}1{}", r#"{"a":"#.repeat(deep), "}".repeat(deep));
    for json in [&lists, &objects] {
        for text in [
            json.clone(),
            format!(r#"{{"mautic.page_on_hit":{json}}}"#),
            format!(r#"{{"mautic.page_on_hit":[{json}]}}"#),
            format!(r#"{{"mautic.page_on_hit":[{{"hit":{json}}}]}}"#),
            format!(r#"{{"total":"1","stats":[{{"id":{json}}}]}}"#),
            format!(r#"{{"contacts":[{{"id":1,"fields":{json}}}]}}"#),
        ] {
            readers::delivery(text.as_bytes());
            readers::stats(text.as_bytes());
            readers::contact(text.as_bytes());
        }
    }
    for text in [
        format!("a = {lists}"),
        format!("a = {}", nested("{a=", "}")),
        format!("a = {}1{}", "{a=".repeat(deep), "}".repeat(deep)),
        format!("{} = 1", vec!["a"; deep].join(".")),
        format!("[{}]", vec!["a"; deep].join(".")),
        format!("[[{}]]", vec!["a"; deep].join(".")),
        format!("format = {}", "9".repeat(deep)),
        "\"".repeat(deep),
        "[topic]\n".repeat(deep / 10),
        "? ".repeat(deep),
        "a=1\n".repeat(deep / 10),
        (0..deep / 10).map(|n| format!("a{n} = 1\n")).collect(),
        (0..deep / 10)
            .map(|n| format!("[[topic]]\nkey = \"t{n}\"\n"))
            .collect(),
        (0..deep / 100)
            .map(|n| format!("a{n}=1,"))
            .collect::<String>()
            + "}",
        format!(
            "a = {{{}}}",
            (0..deep / 10)
                .map(|n| format!("a{n}=1,"))
                .collect::<String>()
        ),
    ] {
        let began = Instant::now();
        readers::plan(text.as_bytes());
        readers::config(text.as_bytes());
        let start: String = text.chars().take(30).collect();
        println!("{:?} for {start:?}", began.elapsed());
        assert!(began.elapsed() < SLOW * 2, "{start}");
    }
}
