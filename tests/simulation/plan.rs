//! The plan of a run as an administrator would write it.

use super::firings::{Alerts, Which};
use super::mautic::Topic;
use super::oracle::{Does, Variant, rules};
use std::fmt::Write;

/// Visitors open mails within moments, which looks like a machine's doing; the oracle counts all.
const HEAD: &str = r#"format = 1
time_zone = "UTC"

[machine]
apple = 100
proxy = 100
scanner = 100
"#;

/// Key of the topic without a group.
const QUIET: &str = "quiet";

/// The plan's text.
pub(crate) fn text(topics: &[Topic], own_action: u64, variant: Variant) -> String {
    let mut text = HEAD.to_owned();
    for topic in topics {
        topic_text(&mut text, topic, variant);
    }
    let first = topics[0].slug;
    let known = rules::KNOWN;
    let _ = write!(
        text,
        r#"
[[profile_rule]]
name = "has an address"
topic = "{first}"
points = {known}
when = {{ field = "email", filled = true }}
"#
    );
    if let Some(others_count) = variant.main {
        main_text(&mut text, others_count, own_action);
    }
    if variant.jobs {
        let visits = (
            rules::JOBS,
            "always",
            "url = \"http://shop.example.test/jobs\"",
        );
        rule(&mut text, "looks for a job", first, "url.hit", visits);
    }
    if let Some(triggers) = variant.triggers {
        quiet_text(&mut text, topics);
        let (topic, does) = triggers.loud;
        trigger(&mut text, Which::Loud, topics[topic].slug, does);
        trigger(&mut text, Which::Quiet, QUIET, triggers.quiet);
    }
    text
}

/// A topic without a group, which every topic's pages, forms and mails pay into.
fn quiet_text(text: &mut String, topics: &[Topic]) {
    let _ = write!(
        text,
        r#"
[[topic]]
key = "{QUIET}"
ceiling = "none"
"#
    );
    for topic in topics {
        pays(text, topic, QUIET, "always");
    }
}

fn trigger(text: &mut String, which: Which, topic: &str, does: Does) {
    let (key, at) = (which.key(), rules::FIRE);
    let _ = write!(
        text,
        r#"
[[trigger]]
key = "{key}"
name = "{key}"
topic = "{topic}"
at = {at}
"#
    );
    let email = Alerts::email_name(which);
    for (does, line) in [
        (does.tag, format!("add_tags = [\"{key}\"]")),
        (
            does.segment,
            format!("add_to = [\"{}\"]", Alerts::segment_name(which)),
        ),
        (does.email, format!("send_email = \"{email}\"")),
        (does.webhook, format!("webhook = \"{key}\"")),
        (
            does.mail,
            format!(
                "mail = {{ to = \"{key}@example.test\", subject = \"{{contact}}\", text = \"{{reason}}\" }}"
            ),
        ),
    ] {
        if does {
            let _ = writeln!(text, "{line}");
        }
    }
}

fn topic_text(text: &mut String, topic: &Topic, variant: Variant) {
    let (key, name, ceiling) = (topic.slug, topic.name, variant.ceiling);
    let foreign = if variant.shared { "adopt" } else { "override" };
    let _ = write!(
        text,
        r#"
[[topic]]
key = "{key}"
ceiling = {ceiling}
"#
    );
    if variant.groups {
        let _ = write!(
            text,
            r#"
group = "{name}"
foreign = "{foreign}"

[[segment]]
segment = "Interested in {name}"
topic = "{key}"
enter = {enter}
"#,
            enter = rules::ENTER
        );
    }
    let form = if variant.form_once { "once" } else { "always" };
    pays(text, topic, key, form);
}

/// What pays into a topic of what people do with another, or the same.
fn pays(text: &mut String, topic: &Topic, into: &str, form: &str) {
    let (key, name) = (topic.slug, topic.name);
    let pages = format!("url = \"http://shop.example.test/{key}/*\"");
    let (forms, mails) = (
        format!("forms = [\"{name}\"]"),
        format!("emails = [\"{name} news\"]"),
    );
    for (what, kind, pays) in [
        ("looked at", "url.hit", (rules::HIT, "always", &*pages)),
        ("asked about", "form.submit", (rules::FORM, form, &*forms)),
        (
            "opened mail of",
            "email.open",
            (rules::OPEN, "always", &*mails),
        ),
    ] {
        let rule_name = if into == key {
            format!("{what} {name}")
        } else {
            format!("{what} {name}, too")
        };
        rule(text, &rule_name, into, kind, pays);
    }
}

/// Main points; if what others give counts, Mautic's own action is counted by the rule that stands
/// for it.
fn main_text(text: &mut String, others_count: bool, own_action: u64) {
    let foreign = if others_count { "adopt" } else { "override" };
    let _ = write!(
        text,
        r#"
[[topic]]
key = "main"
main_points = "write"
ceiling = "none"
foreign = "{foreign}"
"#
    );
    let form = (rules::MAIN_FORM, "always", "");
    rule(text, "asked about anything", "main", "form.submit", form);
    if others_count {
        let stands_for = format!("url = \"*\"\nmautic = {own_action}");
        let hit = (rules::MAUTICS_HIT, "always", &*stands_for);
        rule(text, "any hit", "main", "url.hit", hit);
    }
}

/// A rule: points, how often, and what it is limited to.
fn rule(
    text: &mut String,
    name: &str,
    topic: &str,
    kind: &str,
    (points, repeat, limit): (i64, &str, &str),
) {
    let _ = write!(
        text,
        r#"
[[point_action]]
name = "{name}"
topic = "{topic}"
kind = "{kind}"
points = {points}
repeat = "{repeat}"
{limit}
"#
    );
}
