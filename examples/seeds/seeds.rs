//! Inputs to begin with: what a real Mautic sent and answered, and the files that people are shown.

use mautic_fixtures::recordings;
use serde_json::Value;
use std::{collections::BTreeMap, fs, io, path::Path};

/// Seeds larger than this slow the search down more than they help it, in bytes.
const LARGEST: usize = 24 << 10;
/// Recordings of one kind: more of them are alike.
const OF_A_KIND: usize = 4;
/// Rows of a table in one answer.
const ROWS: usize = 3;

/// Seeds by reader, named.
pub(crate) type Seeds = BTreeMap<&'static str, Vec<(String, Vec<u8>)>>;

/// All seeds. `root` is the project's folder.
///
/// # Errors
/// When a recording or a file can't be read.
pub(crate) fn all(root: &Path) -> io::Result<Seeds> {
    Ok([
        ("delivery", deliveries()?),
        ("plan", plans(root)?),
        ("config", configs(root)?),
        ("stats", stats()?),
        ("contact", contacts()?),
    ]
    .into())
}

fn deliveries() -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut seeds = Vec::new();
    for kind in recordings::webhooks()? {
        let bodies = kind
            .lines
            .iter()
            .filter_map(|line| line["body_raw"].as_str());
        let small = bodies.filter(|body| body.len() <= LARGEST).take(OF_A_KIND);
        seeds.extend(numbered(&kind.name, small.map(str::as_bytes)));
    }
    Ok(seeds)
}

/// Recorded rows of every table that is read, a few at a time.
fn stats() -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut seeds = Vec::new();
    let mut seen = BTreeMap::<String, usize>::new();
    for scenario in recordings::scenarios()? {
        for path in scenario
            .files
            .keys()
            .filter(|path| path.starts_with("stats/"))
        {
            let rows = scenario.json(path)?;
            let rows = rows.as_array().into_iter().flatten().take(ROWS);
            let rows: Vec<&Value> = rows.collect();
            let count = seen.entry(path.clone()).or_default();
            if rows.is_empty() || *count == OF_A_KIND {
                continue;
            }
            *count += 1;
            let answer = serde_json::json!({"total": rows.len().to_string(), "stats": rows});
            let name = format!("{}-{count}", path.replace('/', "-"));
            seeds.push((name, answer.to_string().into_bytes()));
        }
    }
    seeds.extend(exchanged("stats", OF_A_KIND * 4)?);
    seeds.retain(|(_, bytes)| bytes.len() <= LARGEST);
    Ok(seeds)
}

fn contacts() -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut seeds = exchanged("contacts", OF_A_KIND * 4)?;
    let whole: Vec<Value> = seeds
        .iter()
        .filter_map(|(_, answer)| serde_json::from_slice::<Value>(answer).ok())
        .filter_map(|mut answer| Some(answer.get_mut("contact")?.take()))
        .collect();
    let whole: Vec<Vec<u8>> = whole
        .iter()
        .map(|one| one.to_string().into_bytes())
        .collect();
    seeds.extend(numbered("contact", whole.iter().map(Vec::as_slice)));
    seeds.retain(|(_, bytes)| bytes.len() <= LARGEST);
    Ok(seeds)
}

/// Answers of an area of the recorded exchanges.
fn exchanged(area: &str, most: usize) -> io::Result<Vec<(String, Vec<u8>)>> {
    let areas = recordings::exchanges()?.into_iter();
    let lines = areas
        .filter(|lines| lines.name == area)
        .flat_map(|lines| lines.lines);
    let answers = lines.map(|line| line["response"]["body"].to_string().into_bytes());
    let small: Vec<_> = answers
        .filter(|body| body.len() <= LARGEST)
        .take(most)
        .collect();
    Ok(numbered(area, small.iter().map(Vec::as_slice)))
}

/// The plans that come with topicscore, and the examples of its manual.
fn plans(root: &Path) -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut seeds = Vec::new();
    for file in ["deploy/plan.example.toml", "src/plan/parse/tests/rich.toml"] {
        seeds.push((file.replace('/', "-"), fs::read(root.join(file))?));
    }
    for entry in fs::read_dir(root.join("deploy/plans"))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        seeds.push((name, fs::read(entry.path())?));
    }
    let manual = fs::read_to_string(root.join("docs/plan.md"))?;
    let examples = manual.split("```toml\n").skip(1);
    let examples = examples.filter_map(|rest| rest.split("```").next());
    seeds.extend(numbered("manual", examples.map(str::as_bytes)));
    Ok(seeds)
}

/// The example as it is, with every setting switched on, and with settings from the environment.
fn configs(root: &Path) -> io::Result<Vec<(String, Vec<u8>)>> {
    let example = fs::read_to_string(root.join("deploy/topicscore.example.toml"))?;
    let all_on: String = example
        .lines()
        .map(|line| {
            let setting = line.strip_prefix("# ").filter(|rest| {
                let key = rest.split(['=', ']']).next().unwrap_or_default().trim();
                !key.is_empty()
                    && key
                        .chars()
                        .all(|c| c.is_ascii_lowercase() || "_[".contains(c))
            });
            format!("{}\n", setting.unwrap_or(line))
        })
        .collect();
    let env = "MAUTIC__BASE_URL=https://crm.example.test/m/\nBUDGET__BURST=7\n\
               WEBHOOK__SECRET=a\nPOLL__INTERVAL=90s\nLOG__LEVEL=debug\n";
    let texts = [example.clone(), all_on, format!("{example}\0{env}")];
    Ok(numbered("example", texts.iter().map(String::as_bytes)))
}

fn numbered<'a>(name: &str, seeds: impl Iterator<Item = &'a [u8]>) -> Vec<(String, Vec<u8>)> {
    (1..)
        .zip(seeds)
        .map(|(number, bytes): (u32, _)| (format!("{name}-{number}"), bytes.to_vec()))
        .collect()
}
