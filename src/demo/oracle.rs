//! What should come out, worked out from what visitors did. Shares no code with the engine, the
//! journal or the plan reader: only the constants of the demo's plan.

use super::plan::{CEILING, ENTER, KNOWN, points};
use mautic_fixtures::simulator::{Action, ActivityKind, Catalog, Played, Script, Topic};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The contact.
    pub contact: u64,
    /// What: `group 3`, `segment 5`.
    pub what: String,
    /// What the oracle says.
    pub expected: i64,
    /// What the stand-in holds.
    pub found: i64,
}

/// Who was played: scripts and what came of them, and who contacts became by merging.
#[derive(Debug, Clone, Default)]
pub struct Story {
    /// Each script with what came of it.
    pub played: Vec<(Script, Played)>,
    /// The contact that an id stands for now.
    pub became: BTreeMap<u64, u64>,
}

/// What the stand-in holds of one contact.
#[derive(Debug, Clone, Default)]
pub struct Held {
    /// Group scores by group id.
    pub groups: BTreeMap<u64, i64>,
    /// Segments.
    pub segments: BTreeSet<u64>,
}

/// Compares what is held with what the story makes of the plan.
#[must_use]
pub fn differences(
    story: &Story,
    catalog: &Catalog,
    held: &BTreeMap<u64, Held>,
) -> Vec<Difference> {
    let expected = scores(story, catalog);
    let nobody = Held::default();
    let contacts: BTreeSet<u64> = expected
        .keys()
        .map(|(contact, _)| *contact)
        .chain(held.keys().copied())
        .collect();
    let mut found = Vec::new();
    for contact in contacts {
        let held = held.get(&contact).unwrap_or(&nobody);
        for topic in &catalog.topics {
            let score = expected.get(&(contact, topic.group)).copied().unwrap_or(0);
            let has = held.groups.get(&topic.group).copied().unwrap_or(0);
            if has != score {
                let what = format!("group {}", topic.group);
                found.push(Difference {
                    contact,
                    what,
                    expected: score,
                    found: has,
                });
            }
            let member = i64::from(score >= i64::from(ENTER));
            let is_member = i64::from(held.segments.contains(&topic.segment));
            if is_member != member {
                let what = format!("segment {}", topic.segment);
                found.push(Difference {
                    contact,
                    what,
                    expected: member,
                    found: is_member,
                });
            }
        }
    }
    found
}

/// Scores by contact and group.
fn scores(story: &Story, catalog: &Catalog) -> BTreeMap<(u64, u64), i64> {
    let mut sums: BTreeMap<(u64, u64), i64> = BTreeMap::new();
    let mut known = BTreeSet::new();
    for (script, played) in &story.played {
        let mut opened = BTreeSet::new();
        for activity in &played.activities {
            let Some(contact) = activity.contact else {
                continue;
            };
            let contact = *story.became.get(&contact).unwrap_or(&contact);
            if activity.kind == ActivityKind::FormSubmit {
                known.insert(contact);
            }
            let mut pay = |group: u64, points: i32| {
                *sums.entry((contact, group)).or_default() += i64::from(points);
            };
            for (topic, points) in paid(
                activity.kind,
                activity.object,
                activity.url.as_deref(),
                catalog,
            ) {
                pay(topic.group, points);
            }
            // The first click in a mail that was not opened yet opens it (FACTS 57).
            let mail = match &script.steps[activity.step].action {
                Action::OpenEmail { mail } | Action::ClickEmail { mail, .. } => *mail,
                _ => continue,
            };
            let first = matches!(
                activity.kind,
                ActivityKind::EmailOpen | ActivityKind::EmailClick
            ) && opened.insert((activity.visitor, mail));
            if first
                && activity.kind == ActivityKind::EmailClick
                && let Some(topic) = catalog
                    .topics
                    .iter()
                    .find(|topic| topic.email == activity.object)
            {
                pay(topic.group, points::OPEN);
            }
        }
    }
    if let Some(first) = catalog.topics.first() {
        for contact in known {
            *sums.entry((contact, first.group)).or_default() += i64::from(KNOWN);
        }
    }
    for sum in sums.values_mut() {
        *sum = (*sum).clamp(0, i64::from(CEILING));
    }
    sums
}

fn paid<'c>(
    kind: ActivityKind,
    object: u64,
    url: Option<&str>,
    catalog: &'c Catalog,
) -> Vec<(&'c Topic, i32)> {
    let looked_at = |topic: &Topic| {
        url.is_some_and(|url| url.starts_with(&format!("{}/{}/", catalog.shop_url, topic.slug)))
    };
    // The hit that a click leads to is the same visit.
    let lands = url.is_some_and(|url| url.contains("?ct=") || url.contains("&ct="));
    catalog
        .topics
        .iter()
        .flat_map(|topic| {
            let points = match kind {
                ActivityKind::PageHit if looked_at(topic) && !lands => points::URL_HIT,
                ActivityKind::LandingPageHit if topic.page == object => points::LANDING_PAGE,
                ActivityKind::FormSubmit if topic.form == object => points::FORM,
                ActivityKind::AssetDownload if topic.asset == object => points::ASSET,
                ActivityKind::EmailOpen if topic.email == object => points::OPEN,
                ActivityKind::EmailClick if topic.email == object => points::CLICK,
                _ => 0,
            };
            // A click is also a hit of the page it leads to (SEMANTICS 3, url.hit).
            let also = kind == ActivityKind::EmailClick && looked_at(topic);
            [
                (topic, points),
                (topic, if also { points::URL_HIT } else { 0 }),
            ]
        })
        .filter(|(_, points)| *points != 0)
        .collect()
}
