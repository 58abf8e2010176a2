//! Conditions on the profile.

use super::super::super::{Operand, ProfileTest, Test, Tree, UtmPart};
use super::super::context::Context;
use super::super::refs::{read_names, read_noted, read_refs, told};
use super::test::{is_numeric, read_alone, read_test, tests_of};
use super::{Leaf, no_test, read_tree};
use crate::diagnostics::Value;
use crate::domain::{SegmentId, StageId, UserId};
use toml::de::DeValue;

const HINT: &str = "write one of { field = \"position\", is = \"Director\" }, \
    { field = \"phone\", empty = false }, { tag = \"vip\" }, { segment = \"Customers\" }, …";
const SUBJECTS: [&str; 9] = [
    "field", "tag", "segment", "stage", "owner", "company", "utm", "dnc", "points",
];

/// Reads a condition on the profile; its names are noted as `path.K`, `path.K.M` for the K-th
/// single condition and the M-th item of its list.
pub(in super::super) fn read_profile<'s>(
    context: &Context<'_, 's>,
    path: &str,
    value: &Value<'_, 's>,
) -> Option<Tree<ProfileTest>> {
    read_tree(context, value, path, HINT, |leaf| {
        read(leaf).map(Tree::Leaf)
    })
}

fn read(leaf: &Leaf<'_, '_, '_>) -> Option<ProfileTest> {
    let tests = tests_of(leaf.table);
    let subject = leaf.subject(&SUBJECTS, HINT)?;
    match subject.key() {
        "field" => {
            let field = subject.text("write the field's alias as Mautic shows it");
            let test = read_test(&tests, leaf.value, leaf.table);
            let field = field?.to_owned();
            leaf.context.ask("field", &field);
            leaf.context.note(leaf.path.clone(), &subject);
            Some(ProfileTest::Field { field, test: test? })
        }
        "utm" => {
            let part = read_utm_part(&subject);
            let test = read_test(&tests, leaf.value, leaf.table);
            Some(ProfileTest::Utm {
                part: part?,
                test: test?,
            })
        }
        _ => {
            no_test(&subject, &tests)?;
            read_alone_asked(leaf, &subject)
        }
    }
}

/// Subjects that say all themselves.
fn read_alone_asked(leaf: &Leaf<'_, '_, '_>, subject: &Value<'_, '_>) -> Option<ProfileTest> {
    match subject.key() {
        "tag" => {
            let tag = subject.text("write the tag's name")?.to_owned();
            leaf.context.ask("tag", &tag.to_lowercase());
            Some(ProfileTest::Tag(tag))
        }
        "segment" => read_segment(leaf, subject),
        "stage" => {
            const HINT: &str = "write the stage's id, or its name in quotes";
            let stages = read_refs(leaf.context, subject, &leaf.path, "stage", HINT)?;
            for stage in &stages {
                leaf.context.ask("stage", &told(stage));
            }
            let stages = stages.into_iter().map(|one| one.map(StageId));
            Some(ProfileTest::Stage(stages.collect()))
        }
        "owner" => read_owner(leaf, subject),
        "company" => read_company(subject).map(ProfileTest::Company),
        "dnc" => {
            let channel = subject.choice(&[("email", "email"), ("sms", "sms")])?;
            Some(ProfileTest::DoNotContact(channel.to_owned()))
        }
        _ => {
            leaf.context.ask("contact's", "main points");
            read_main_points(subject).map(ProfileTest::MainPoints)
        }
    }
}

fn read_segment(leaf: &Leaf<'_, '_, '_>, subject: &Value<'_, '_>) -> Option<ProfileTest> {
    let bound = read_noted(leaf.context, subject, &leaf.path, "segment")?;
    let claim = (bound.clone(), subject.span());
    leaf.context.claims.borrow_mut().asked.push(claim);
    Some(ProfileTest::Segment(bound.map(SegmentId)))
}

fn read_owner(leaf: &Leaf<'_, '_, '_>, subject: &Value<'_, '_>) -> Option<ProfileTest> {
    const HINT: &str = "write a user name, a user's id, or \"any\"";
    if subject.node().as_str() == Some("any") {
        return Some(ProfileTest::Owner(Vec::new()));
    }
    let owners = read_refs(leaf.context, subject, &leaf.path, "user", HINT)?;
    let owners = owners.into_iter().map(|one| one.map(UserId));
    Some(ProfileTest::Owner(owners.collect()))
}

/// A name, a list of names, or a test.
fn read_company(subject: &Value<'_, '_>) -> Option<Test> {
    const HINT: &str = "write a company's name, or a test such as { contains = \"gmbh\" }";
    if let DeValue::Table(_) = subject.node() {
        return read_alone(subject);
    }
    let names = read_names(subject, HINT)?;
    Some(Test::Is(names.into_iter().map(Operand::Text).collect()))
}

fn read_main_points(subject: &Value<'_, '_>) -> Option<Test> {
    const HINT: &str = "write a test such as { points = { at_least = 10 } }";
    let DeValue::Table(_) = subject.node() else {
        return subject.mistyped("a table with a test", HINT);
    };
    let test = read_alone(subject)?;
    if !is_numeric(&test) {
        subject.error("points are numbers and are compared with numbers", HINT);
        return None;
    }
    Some(test)
}

/// Reads which UTM parameter is meant.
pub(super) fn read_utm_part(value: &Value<'_, '_>) -> Option<UtmPart> {
    value.choice(&[
        ("source", UtmPart::Source),
        ("medium", UtmPart::Medium),
        ("campaign", UtmPart::Campaign),
        ("term", UtmPart::Term),
        ("content", UtmPart::Content),
    ])
}
