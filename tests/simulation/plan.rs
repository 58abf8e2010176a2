//! The plan of a run as an administrator would write it.

use super::mautic::Topic;
use super::oracle::{Variant, rules};
use std::fmt::Write;

/// Visitors open mails within moments, which looks like a machine's doing; the oracle counts all.
const HEAD: &str = r#"format = 1
time_zone = "UTC"

[machine]
apple = 100
proxy = 100
scanner = 100
"#;

/// The plan's text.
pub(crate) fn text(topics: &[Topic], own_action: u64, variant: Variant) -> String {
    let mut text = HEAD.to_owned();
    let ceiling = variant.ceiling;
    let form = if variant.form_once { "once" } else { "always" };
    let foreign = if variant.shared { "adopt" } else { "override" };
    for topic in topics {
        let (key, name) = (topic.slug, topic.name);
        let (hit, submit, open, enter) = (rules::HIT, rules::FORM, rules::OPEN, rules::ENTER);
        let _ = write!(
            text,
            r#"
[[topic]]
key = "{key}"
group = "{name}"
ceiling = {ceiling}
foreign = "{foreign}"

[[segment]]
segment = "Interested in {name}"
topic = "{key}"
enter = {enter}

[[point_action]]
name = "looked at {name}"
topic = "{key}"
kind = "url.hit"
points = {hit}
repeat = "always"
url = "http://shop.example.test/{key}/*"

[[point_action]]
name = "asked about {name}"
topic = "{key}"
kind = "form.submit"
points = {submit}
repeat = "{form}"
forms = ["{name}"]

[[point_action]]
name = "opened mail about {name}"
topic = "{key}"
kind = "email.open"
points = {open}
repeat = "always"
emails = ["{name} news"]
"#
        );
    }
    let first = topics[0].slug;
    let (known, jobs) = (rules::KNOWN, rules::JOBS);
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
        let points = rules::MAIN_FORM;
        let foreign = if others_count { "adopt" } else { "override" };
        let _ = write!(
            text,
            r#"
[[topic]]
key = "main"
main_points = "write"
ceiling = "none"
foreign = "{foreign}"

[[point_action]]
name = "asked about anything"
topic = "main"
kind = "form.submit"
points = {points}
repeat = "always"
"#
        );
        if others_count {
            // What Mautic's own action gives is counted by the rule that stands for it.
            let points = rules::MAUTICS_HIT;
            let _ = write!(
                text,
                r#"
[[point_action]]
name = "any hit"
topic = "main"
kind = "url.hit"
points = {points}
repeat = "always"
url = "*"
mautic = {own_action}
"#
            );
        }
    }
    if variant.jobs {
        let _ = write!(
            text,
            r#"
[[point_action]]
name = "looks for a job"
topic = "{first}"
kind = "url.hit"
points = {jobs}
repeat = "always"
url = "http://shop.example.test/jobs"
"#
        );
    }
    text
}
