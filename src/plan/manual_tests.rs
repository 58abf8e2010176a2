//! The manual's examples are plans without a doubt.
#![allow(clippy::unwrap_used, reason = "a test may end at once")]

use super::Plan;
use super::parse::objects_key;
use crate::domain::ActivityKind;

const MANUAL: &str = include_str!("../../docs/plan.md");

#[test]
fn every_example_of_the_manual_reads_without_findings() {
    let examples: Vec<&str> = MANUAL
        .split("```toml\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect();
    assert!(examples.len() >= 6, "{}", examples.len());
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
