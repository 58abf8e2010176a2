//! Mistakes: each with its place, its cause and what to do.

use super::{mistakes, short};

/// Twenty different mistakes, twenty findings.
const TWENTY: &str = r#"format = 1
behaviour = "mautik"

[machine]
apple = 150

[[topic]]
key = "sales"
limit = { points = 50 }

[[topic]]
key = "news"
decay = { half_life = "2 fortnights" }
bands = [{ name = "cold", from = 0 }, { name = "hot", from = 60 }]

[[topic]]
key = "total"
sum_of = { sales = 1, nwes = 0.5 }

[[topic]]
key = "circle"
main_points = true
sum_of = ["news", "circle"]

[[point_action]]
name = "Form"
topic = "sales"
kind = "form.submit"
points = 3
page_hits = 3

[[point_action]]
name = "Visit"
topics = { sales = 1, news = 0.12345 }
kind = "page.hit"
points = 5
repeat = "always"
cooldown = "1 day"
when = { attribute = "referrer", contains = "google" }

[[point_action]]
name = "Guide"
topic = "news"
kind = "asset.download"
points = 5
diminishing = [100, 50]

[[profile_rule]]
name = "Budget"
topic = "news"
points = 4
when = { all = [{ field = "budget", between = [9, 1] }, { company = { regex = "(gmbh" } }] }

[[profile_rule]]
name = "Recent"
topic = "news"
points = 4
when = { field = "last_order", above = "today - 3 fortnights" }

[[inactivity_rule]]
name = "Silence"
topic = "news"
steps = [{ after_days = 60, points = -1 }, { after_days = 30, points = -2 }]

[[grade]]
key = "lead"
fit = "sales"
fit_from = [75, 80]
engagement = "news"
engagement_from = [50]

[[trigger]]
name = "Nobody"
topic = "news"
at = 101
add_tags = ["never"]

[[trigger]]
name = "Hot"
when = { all = [{ topic = "news", band = "hott" }, { grade = "leads", is = "A1" }] }
rearm = { topic = "news", at_least = 60, below = 60 }
mail = { to = "sales", subject = "Hot", text = "{score:slaes}" }

[[segment]]
segment = "Hot"
topic = "news"
when = { topic = "news", at_least = 50 }
"#;

#[test]
fn every_mistake_is_reported_at_its_place() {
    let findings = mistakes(TWENTY);
    insta::assert_snapshot!(findings.to_string(), @"");
    assert!(findings.iter().all(|one| one.hint.is_some()));
}

/// A plan with a topic `a` from 0 to 100 in bands, one `b` without bounds, and some lines.
fn told(cases: &[&str]) -> String {
    let head = "format = 1\n[[topic]]\nkey = 'a'\nfoo\n";
    let head = head.replace("foo\n", "");
    cases
        .iter()
        .map(|case| {
            format!(
                "{case}\n{}--\n",
                short(&mistakes(&format!("{head}{case}\n")))
            )
        })
        .collect()
}

/// Keys that a rule on activities needs.
const ACTION: &str = "[[point_action]]\nname = 'n'\ntopic = 'a'\npoints = 1\nkind = ";
