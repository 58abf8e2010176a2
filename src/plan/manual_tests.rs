//! The manual's examples are plans without a doubt.
#![allow(clippy::unwrap_used, reason = "a test may end at once")]

use super::Plan;
use super::parse::objects_key;
use crate::domain::ActivityKind;
use std::collections::BTreeSet;

const MANUAL: &str = include_str!("../../docs/plan.md");

#[test]
fn every_example_of_the_manual_reads_without_findings() {
    let examples: Vec<&str> = MANUAL
        .split("```toml\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect();
    assert!(examples.len() >= 19, "{}", examples.len());
    for example in examples {
        let read = Plan::parse("docs/plan.md", example);
        let findings = read.map_or_else(|findings| findings, |(_, findings)| findings);
        assert!(findings.is_empty(), "{findings}");
    }
}

#[test]
fn the_manual_knows_every_kind_and_its_limit() {
    for kind in ActivityKind::ALL {
        let row = MANUAL
            .lines()
            .find(|line| line.starts_with(&format!("| `{}` |", kind.name())))
            .unwrap();
        if let Some(key) = objects_key(kind) {
            assert!(row.contains(&format!("`{key}`")), "{row}");
        }
    }
}

/// Keys of all tables, but for those whose keys are names of topics or fields.
fn keys(value: &toml::Value, found: &mut BTreeSet<String>) {
    match value {
        toml::Value::Table(table) => {
            for (key, value) in table {
                found.insert(key.clone());
                if !["sum_of", "topics", "fields"].contains(&key.as_str()) {
                    keys(value, found);
                }
            }
        }
        toml::Value::Array(items) => items.iter().for_each(|item| keys(item, found)),
        _ => {}
    }
}

#[test]
fn the_manual_knows_every_key() {
    let rich: toml::Table = include_str!("parse/tests/rich.toml").parse().unwrap();
    let mut found = BTreeSet::new();
    keys(&toml::Value::Table(rich), &mut found);
    assert!(found.len() > 80, "{}", found.len());
    // As code in a row of a table.
    let rows: Vec<&str> = MANUAL
        .lines()
        .filter(|line| line.starts_with('|'))
        .collect();
    let rows = rows.join("\n");
    let code: BTreeSet<&str> = rows
        .split('`')
        .skip(1)
        .step_by(2)
        .flat_map(|code| code.split(|c: char| !(c.is_alphanumeric() || c == '_')))
        .collect();
    let untold: Vec<&String> = found
        .iter()
        .filter(|key| !code.contains(key.as_str()))
        .collect();
    assert!(untold.is_empty(), "{untold:?}");
}
