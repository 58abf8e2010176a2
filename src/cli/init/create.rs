//! Makes in Mautic what the plan names and Mautic lacks.

use crate::cli::{load, output};
use crate::config::Config;
use crate::mautic::{Client, Priority};
use crate::plan::{Catalog, Effect, Named, Plan, Ref, Writes};
use anyhow::anyhow;
use std::collections::BTreeSet;

const MADE_BY: &str = "Made by topicscore, which keeps it";

/// Makes the plan's point groups. Returns the names of those made.
pub(super) async fn groups(
    config: &Config,
    client: &Client,
    catalog: &Catalog,
) -> anyhow::Result<Vec<String>> {
    let plan = read(config)?;
    let named = plan.topics.iter().filter_map(|topic| match &topic.writes {
        Writes::Group(group) => Some(group),
        Writes::Nothing | Writes::MainPoints | Writes::MainPointsWritten => None,
    });
    let missing = missing(named, &catalog.groups);
    for name in &missing {
        let made = client
            .new_point_group(name, MADE_BY, Priority::Interactive)
            .await;
        made.map_err(|error| failed("point group", name, &error))?;
    }
    Ok(missing)
}

/// Makes the segments that the plan writes. Returns the names of those made.
pub(super) async fn segments(
    config: &Config,
    client: &Client,
    catalog: &Catalog,
) -> anyhow::Result<Vec<String>> {
    let plan = read(config)?;
    let kept = plan.segments.iter().map(|rule| &rule.segment);
    let effects = plan.triggers.iter().flat_map(|trigger| &trigger.effects);
    let triggered = effects.filter_map(|effect| match effect {
        Effect::AddToSegment(segment) | Effect::RemoveFromSegment(segment) => Some(segment),
        _ => None,
    });
    let missing = missing(kept.chain(triggered), &catalog.segments);
    for name in &missing {
        let made = client
            .new_segment(name, &alias(name), MADE_BY, Priority::Interactive)
            .await;
        made.map_err(|error| failed("segment", name, &error))?;
    }
    Ok(missing)
}

fn read(config: &Config) -> anyhow::Result<Plan> {
    let source = load::plan(config)?;
    match Plan::parse(&source.file, &source.text) {
        Ok((plan, _)) => Ok(plan),
        Err(findings) => Err(anyhow!("the plan has mistakes:\n{findings}")),
    }
}

/// Names that are not known, each once.
fn missing<'p, Id: 'p>(
    references: impl Iterator<Item = &'p Ref<Id>>,
    known: &[Named],
) -> Vec<String> {
    let names: BTreeSet<_> = references
        .filter_map(|one| match one {
            Ref::Name(name) => Some(name.clone()),
            Ref::Id(_) => None,
        })
        .filter(|name| known.iter().all(|one| one.name != *name))
        .collect();
    names.into_iter().collect()
}

/// Lower-case letters, digits and hyphens, as Mautic makes them.
fn alias(name: &str) -> String {
    let name = name.to_lowercase();
    let words = name.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    if words.is_empty() {
        "topic".to_owned()
    } else {
        words.join("-")
    }
}

fn failed(what: &str, name: &str, error: &crate::mautic::Error) -> anyhow::Error {
    output::mautic_advice(&format!("the {what} \"{name}\" could not be made"), error)
}

#[cfg(test)]
mod tests {
    use super::alias;

    #[test]
    fn aliases_are_plain() {
        for (name, made) in [
            ("Interested in dishwashers", "interested-in-dishwashers"),
            ("Öl & Gas!", "l-gas"),
            ("ß", "topic"),
        ] {
            assert_eq!(alias(name), made);
        }
    }
}
