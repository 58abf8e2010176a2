//! Rules on the profile: points that are there while a condition holds.

use super::contribution::{Contribution, Reason};
use super::values::{meets, turns};
use super::words;
use crate::domain::{Profile, Snapshot, Utm};
use crate::plan::{
    BoundProfileTest, Compiled, CompiledProfileRule, Operand, ProfileTest, THOUSANDTHS, Test, Tree,
    UtmPart, Weight,
};
use jiff::{Timestamp, civil};

/// What one profile rule gives now.
pub(super) fn contribution<'a>(
    plan: &'a Compiled,
    rule: &'a CompiledProfileRule,
    weight: Weight,
    history: &Snapshot,
    now: Timestamp,
) -> Option<Contribution<'a>> {
    // Until the profile was seen, nothing of it holds, not even that something is not so.
    let mut leaves = rule.when.leaves().into_iter();
    if history.profile.is_none() && !leaves.all(|test| matches!(test, ProfileTest::Segment(_))) {
        return None;
    }
    let asked = Asked { plan, history, now };
    if !rule.when.holds(&mut |test| asked.holds(test)) {
        return None;
    }
    let points = weight.of(i64::from(rule.points) * THOUSANDTHS);
    let because = because(&asked, &rule.when);
    let reason = Reason::Profile(because);
    Some(Contribution::new(
        &rule.key.0,
        &rule.name,
        points,
        None,
        reason,
    ))
}

/// The first tick after `now` at which a condition that speaks of today may turn.
pub(super) fn next_turn(plan: &Compiled, history: &Snapshot, now: Timestamp) -> Option<Timestamp> {
    let today = plan.ticks.today(now);
    let mut days: Vec<civil::Date> = Vec::new();
    let rules = plan.profile_rules.iter();
    for test in rules.flat_map(|rule| rule.when.leaves()) {
        if let (ProfileTest::Field { field, test }, Some(profile)) = (test, &history.profile) {
            days.extend(turns(test, profile.field(field), today));
        }
    }
    let day = days.into_iter().min()?;
    let tick = day
        .to_datetime(plan.ticks.at)
        .to_zoned(plan.ticks.zone.clone());
    Some(tick.ok()?.timestamp())
}

/// Whether a rule on the profile pays into the topic.
pub(super) fn pays_into(plan: &Compiled, topic: usize) -> bool {
    let mut pays = plan.profile_rules.iter().flat_map(|rule| &rule.pays);
    pays.any(|(into, _)| *into == topic)
}

struct Asked<'h> {
    plan: &'h Compiled,
    history: &'h Snapshot,
    now: Timestamp,
}

impl Asked<'_> {
    fn meets(&self, test: &Test, value: Option<&str>) -> bool {
        meets(test, value, self.now, &self.plan.ticks)
    }

    fn holds(&self, test: &BoundProfileTest) -> bool {
        if let ProfileTest::Segment(segment) = test {
            return self.history.segments.contains(segment);
        }
        match &self.history.profile {
            Some(profile) => self.holds_of(test, profile),
            // Of an unknown visitor nothing is known but that all is empty.
            None => match test {
                ProfileTest::Field { test, .. }
                | ProfileTest::Company(test)
                | ProfileTest::Utm { test, .. } => self.meets(test, None),
                _ => false,
            },
        }
    }

    fn holds_of(&self, test: &BoundProfileTest, profile: &Profile) -> bool {
        match test {
            ProfileTest::Field { field, test } => self.meets(test, profile.field(field)),
            ProfileTest::Tag(tag) => {
                let tag = tag.to_lowercase();
                profile.tags.iter().any(|has| has.to_lowercase() == tag)
            }
            ProfileTest::Segment(segment) => self.history.segments.contains(segment),
            ProfileTest::Stage(stages) => profile.stage.is_some_and(|at| stages.contains(&at)),
            ProfileTest::Owner(owners) => profile
                .owner
                .is_some_and(|owner| owners.is_empty() || owners.contains(&owner)),
            ProfileTest::Company(test) => {
                let primary = profile.field("company");
                let others = profile.companies.iter().map(String::as_str);
                self.any(test, primary.into_iter().chain(others))
            }
            ProfileTest::Utm { part, test } => {
                self.any(test, profile.utm.iter().filter_map(|utm| of(utm, *part)))
            }
            ProfileTest::DoNotContact(channel) => profile.do_not_contact.contains(channel),
            ProfileTest::MainPoints(test) => self.meets(test, Some(&profile.points.to_string())),
        }
    }

    /// Whether one of several values meets the test; a negation asks that none meets what it negates.
    fn any<'v>(&self, test: &Test, values: impl Iterator<Item = &'v str>) -> bool {
        match test {
            Test::Not(test) => !self.any(test, values),
            Test::Empty => values.into_iter().next().is_none(),
            _ => values
                .into_iter()
                .any(|value| self.meets(test, Some(value))),
        }
    }
}

fn of(utm: &Utm, part: UtmPart) -> Option<&str> {
    match part {
        UtmPart::Source => utm.source.as_deref(),
        UtmPart::Medium => utm.medium.as_deref(),
        UtmPart::Campaign => utm.campaign.as_deref(),
        UtmPart::Term => utm.term.as_deref(),
        UtmPart::Content => utm.content.as_deref(),
    }
}

/// What of the condition holds, in words.
fn because(asked: &Asked<'_>, tree: &Tree<BoundProfileTest>) -> String {
    match tree {
        Tree::All(parts) => parts
            .iter()
            .map(|part| because(asked, part))
            .collect::<Vec<_>>()
            .join(", "),
        Tree::Any(parts) => parts
            .iter()
            .find(|part| part.holds(&mut |test| asked.holds(test)))
            .map_or_else(String::new, |part| because(asked, part)),
        Tree::Not(part) => format!("not: {}", wording(asked, part)),
        Tree::Leaf(test) => leaf(asked, test),
    }
}

fn wording(asked: &Asked<'_>, tree: &Tree<BoundProfileTest>) -> String {
    let joined = |parts: &[Tree<BoundProfileTest>], word: &str| {
        let parts: Vec<_> = parts.iter().map(|part| wording(asked, part)).collect();
        parts.join(word)
    };
    match tree {
        Tree::All(parts) => joined(parts, " and "),
        Tree::Any(parts) => joined(parts, " or "),
        Tree::Not(part) => format!("not: {}", wording(asked, part)),
        Tree::Leaf(test) => leaf(asked, test),
    }
}

fn leaf(asked: &Asked<'_>, test: &BoundProfileTest) -> String {
    let names = &asked.plan.names;
    let profile = asked.history.profile.as_ref();
    match test {
        ProfileTest::Field { field, test } => {
            let value = profile.and_then(|profile| profile.field(field));
            value_words(field, value, test)
        }
        ProfileTest::Tag(tag) => format!("has the tag {tag}"),
        ProfileTest::Segment(segment) => match names.segment_name(*segment) {
            Some(name) => format!("is in segment {name}"),
            None => format!("is in segment {segment}"),
        },
        ProfileTest::Stage(_) => {
            let stage = profile.and_then(|profile| profile.stage);
            let name = stage.and_then(|stage| words::name(&names.stages, stage.0));
            format!("is in stage {}", name.unwrap_or("asked for"))
        }
        ProfileTest::Owner(_) => {
            let owner = profile.and_then(|profile| profile.owner);
            let name = owner.and_then(|owner| words::name(&names.users, owner.0));
            format!("belongs to {}", name.unwrap_or("somebody asked for"))
        }
        ProfileTest::Company(test) => {
            let value = profile.and_then(|profile| profile.field("company"));
            value_words("company", value, test)
        }
        ProfileTest::Utm { part, test } => {
            let mut values = profile
                .into_iter()
                .flat_map(|profile| profile.utm.iter().filter_map(|utm| of(utm, *part)));
            let value = values.find(|value| asked.meets(test, Some(value)));
            value_words(
                &format!("UTM {}", format!("{part:?}").to_lowercase()),
                value,
                test,
            )
        }
        ProfileTest::DoNotContact(channel) => format!("must not be contacted by {channel}"),
        ProfileTest::MainPoints(_) => {
            let points = profile.map_or(0, |profile| profile.points);
            format!("has {points} main points")
        }
    }
}

fn value_words(what: &str, value: Option<&str>, test: &Test) -> String {
    let filled = |test: &Test| matches!(test, Test::Not(inner) if **inner == Test::Empty);
    match value {
        Some(_) if filled(test) => format!("{what} is filled"),
        Some(value) => match test {
            Test::Above(Operand::Today(_)) | Test::AtLeast(Operand::Today(_)) => {
                format!("{what} is {value}, late enough")
            }
            Test::Below(Operand::Today(_)) | Test::AtMost(Operand::Today(_)) => {
                format!("{what} is {value}, early enough")
            }
            _ => format!("{what} is {value}"),
        },
        None => format!("{what} is empty"),
    }
}
