//! Conditions on an activity.

use super::super::super::{ActivityTest, Tree};
use super::super::context::Context;
use super::super::objects::{claim_objects, objects_key, read_patterns};
use super::super::refs::read_refs;
use super::profile::read_utm_part;
use super::test::{Asked, read_test, tests_of};
use super::{Leaf, no_test, read_tree};
use crate::diagnostics::{Value, one_of, quote};
use crate::domain::{ActivityKind, attribute};

const HINT: &str = "write one of { url = \"*pricing*\" }, { object = \"A form\" }, \
    { attribute = \"referer\", contains = \"google\" }, { answer = \"budget\", at_least = 1000 }, \
    { utm = \"source\", is = \"newsletter\" }";
const SUBJECTS: [&str; 5] = ["url", "object", "attribute", "answer", "utm"];
const ATTRIBUTES: [&str; 12] = [
    attribute::CODE,
    attribute::EMAIL,
    attribute::LEFT_AT,
    attribute::NTH,
    attribute::PAGE,
    attribute::REFERER,
    attribute::REDIRECT,
    attribute::SOURCE,
    attribute::SOURCE_ID,
    attribute::TRACKING_ID,
    attribute::TITLE,
    attribute::USER_AGENT,
];

/// Kinds of activity that know a URL.
pub(in super::super) const fn has_url(kind: ActivityKind) -> bool {
    matches!(
        kind,
        ActivityKind::PageHit
            | ActivityKind::UrlHit
            | ActivityKind::EmailClick
            | ActivityKind::VideoPlay
    )
}

/// Reads a condition on activities of a kind; objects are noted as `path.K.M` for the K-th single
/// condition and the M-th of its list. Without a kind (it is wrong itself) nothing is said about
/// what fits it.
pub(in super::super) fn read_activity<'s>(
    context: &Context<'_, 's>,
    path: &str,
    value: &Value<'_, 's>,
    kind: Option<ActivityKind>,
) -> Option<Tree<ActivityTest>> {
    read_tree(context, value, path, HINT, |leaf| {
        read(leaf, kind).map(Tree::Leaf)
    })
}

fn read(leaf: &Leaf<'_, '_, '_>, kind: Option<ActivityKind>) -> Option<ActivityTest> {
    let tests = tests_of(leaf.table);
    let subject = leaf.subject(&SUBJECTS, HINT)?;
    check_fit(&subject, kind)?;
    match subject.key() {
        "url" => {
            no_test(&subject, &tests)?;
            read_patterns(&subject).map(ActivityTest::Url)
        }
        "object" => {
            const HINT: &str = "write an id, or a name in quotes";
            no_test(&subject, &tests)?;
            let objects = read_refs(leaf.context, &subject, &leaf.path, "thing", HINT)?;
            claim_objects(leaf.context, &subject, kind, &objects);
            Some(ActivityTest::Object(objects))
        }
        "utm" => {
            let part = read_utm_part(&subject);
            let test = read_test(&tests, leaf.value, leaf.table);
            Some(ActivityTest::Utm {
                part: part?,
                test: test?,
            })
        }
        _ => read_attribute(leaf, &subject, &tests),
    }
}

fn read_attribute(
    leaf: &Leaf<'_, '_, '_>,
    subject: &Value<'_, '_>,
    tests: &[(Asked, Value<'_, '_>)],
) -> Option<ActivityTest> {
    let name = if subject.key() == "answer" {
        let alias = subject.text("write the alias of the form's field");
        alias.map(|alias| format!("{}{alias}", attribute::RESULT_PREFIX))
    } else {
        read_attribute_name(subject)
    };
    let test = read_test(tests, leaf.value, leaf.table);
    Some(ActivityTest::Attribute {
        name: name?,
        test: test?,
    })
}

fn read_attribute_name(subject: &Value<'_, '_>) -> Option<String> {
    let name = subject.text(&one_of("", &ATTRIBUTES))?;
    if !ATTRIBUTES.contains(&name) {
        let message = format!("activities have no attribute {}", quote(name));
        let hint = match name.strip_prefix(attribute::RESULT_PREFIX) {
            Some(alias) => format!("ask for the answer: {{ answer = {}, … }}", quote(alias)),
            None => one_of(name, &ATTRIBUTES),
        };
        subject.error(message, hint);
        return None;
    }
    Some(name.to_owned())
}

/// Reports what activities of this kind never have.
fn check_fit(subject: &Value<'_, '_>, kind: Option<ActivityKind>) -> Option<()> {
    let Some(kind) = kind else {
        return Some(());
    };
    let (fits, hint) = match subject.key() {
        "url" | "utm" => (
            has_url(kind),
            "only page.hit, url.hit, email.click and video.play have a URL",
        ),
        "object" => (
            objects_key(kind).is_some(),
            "ask for the `url`: only other kinds have objects",
        ),
        "answer" => (
            kind == ActivityKind::FormSubmit,
            "only form.submit has answers",
        ),
        _ => (true, ""),
    };
    if !fits {
        subject.error(format!("`{}` does not fit {kind}", subject.key()), hint);
    }
    fits.then_some(())
}
