//! Mistakes: each with its place, its cause and what to do.

mod conditions;
mod follow;
mod rules;
mod topics;

use super::{mistakes, short};
use crate::diagnostics::Finding;

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
mail = { to = "sales", subject = "Hot", text = "{score:sales}" }

[[segment]]
segment = "Hot"
topic = "news"
when = { topic = "news", at_least = 50 }
"#;

#[test]
fn every_mistake_is_reported_at_its_place() {
    let findings = mistakes(TWENTY);
    insta::assert_snapshot!(findings.to_string(), @r##"
    error: "mautik" is no `behaviour`
      --> plan.toml:2:13
       |
     2 | behaviour = "mautik"
       |             ^
      help: did you mean "mautic"?

    error: `apple` is 150, but must be from 0 to 100
      --> plan.toml:5:9
       |
     5 | apple = 150
       |         ^
      help: write how much it is worth in percent of a person's, from 0 to 100

    error: this limit has no time
      --> plan.toml:9:9
       |
     9 | limit = { points = 50 }
       |         ^
      help: write { points = 50, per = "day" } or { points = 50, within = "7 days" }

    error: "fortnights" is no unit of time
      --> plan.toml:13:23
        |
     13 | decay = { half_life = "2 fortnights" }
        |                       ^
      help: one of: seconds, minutes, hours, days, weeks

    error: there is no topic "nwes"
      --> plan.toml:18:23
        |
     18 | sum_of = { sales = 1, nwes = 0.5 }
        |                       ^
      help: did you mean "news"?

    error: the topic "circle" is a part of itself
      --> plan.toml:23:19
        |
     23 | sum_of = ["news", "circle"]
        |                   ^
      help: take one of the topics out of `sum_of`

    error: 0.12345 is no weight
      --> plan.toml:27:30
        |
     27 | topics = { sales = 1, news = 0.12345 }
        |                              ^
      help: write a number from -1000 to 1000, not 0, with at most 3 decimals, such as 0.5

    error: activities have no attribute "referrer"
      --> plan.toml:32:22
        |
     32 | when = { attribute = "referrer", contains = "google" }
        |                      ^
      help: did you mean "referer"?

    warning: `diminishing` does nothing: the rule pays once
      --> plan.toml:39:15
        |
     39 | diminishing = [100, 50]
        |               ^
      help: add `repeat = "always"`, or remove it

    error: nothing is between them: the first is the higher
      --> plan.toml:45:47
        |
     45 | when = { all = [{ field = "budget", between = [9, 1] }, { company = { regex = "(gmbh" } }] }
        |                                               ^
      help: write the lowest and the highest value: between = [10, 20]

    error: "(gmbh" is no regular expression: unclosed group
      --> plan.toml:45:79
        |
     45 | when = { all = [{ field = "budget", between = [9, 1] }, { company = { regex = "(gmbh" } }] }
        |                                                                               ^
      help: mend it; `contains` and `like` need none

    error: "today - 3 fortnights" is no day
      --> plan.toml:51:40
        |
     51 | when = { field = "last_order", above = "today - 3 fortnights" }
        |                                        ^
      help: write "today", "today - 30 days", "today + 2 weeks", "today - 3 months"

    error: this step is not after more than 60 days
      --> plan.toml:56:44
        |
     56 | steps = [{ after_days = 60, points = -1 }, { after_days = 30, points = -2 }]
        |                                            ^
      help: sort the steps by rising `after_days`

    error: the step 80 is not below the one before
      --> plan.toml:61:17
        |
     61 | fit_from = [75, 80]
        |                 ^
      help: write the lowest score of each but the last, falling: [75, 50, 25]

    warning: `at` is above the topic's ceiling 100 and never reached
      --> plan.toml:68:6
        |
     68 | at = 101
        |      ^
      help: lower it, or raise the topic's `ceiling`

    error: the topic "news" has no band "hott"
      --> plan.toml:73:42
        |
     73 | when = { all = [{ topic = "news", band = "hott" }, { grade = "leads", is = "A1" }] }
        |                                          ^
      help: did you mean "hot"?

    error: there is no grade "leads"
      --> plan.toml:73:62
        |
     73 | when = { all = [{ topic = "news", band = "hott" }, { grade = "leads", is = "A1" }] }
        |                                                              ^
      help: did you mean "lead"?

    error: no score is at least 60 and below 60
      --> plan.toml:74:50
        |
     74 | rearm = { topic = "news", at_least = 60, below = 60 }
        |                                                  ^
      help: make `below` more than `at_least`

    error: "sales" is no mail address
      --> plan.toml:75:15
        |
     75 | mail = { to = "sales", subject = "Hot", text = "{score:sales}" }
        |               ^
      help: write one address such as "sales@example.com"

    error: a segment has either `when` or `topic`
      --> plan.toml:79:9
        |
     79 | topic = "news"
        |         ^
      help: put it into `when`, or keep one of the two

    18 errors, 2 warnings
    "##);
    assert!(findings.iter().all(|one| one.hint.is_some()));
    assert_eq!(findings.len(), 20);
}

/// A topic `a` from 0 to 100 with bands, a topic `b` without bounds: eight lines.
const HEAD: &str = "format = 1\n[[topic]]\nkey = 'a'\n\
    bands = [{ name = 'cold', from = 0 }, { name = 'hot', from = 50 }]\n\
    [[topic]]\nkey = 'b'\nfloor = 'none'\nceiling = 'none'\nsum_of = ['a']\n";

/// What is found in each of these texts, after the head and another text.
fn told(start: &str, cases: &[&str]) -> String {
    let told = |case: &&str| {
        let findings = mistakes(&format!("{HEAD}{start}{case}\n"));
        let line = |one: &Finding| {
            let hint = one.hint.as_deref().unwrap_or_default();
            let place = (one.line.unwrap_or(0), one.column.unwrap_or(0));
            format!(
                "{}:{} {}: {} ({hint})\n",
                place.0, place.1, one.severity, one.message
            )
        };
        format!(
            "{case}\n{}\n",
            findings.iter().map(line).collect::<String>()
        )
    };
    cases.iter().map(told).collect()
}

#[test]
fn mistakes_of_the_file() {
    let texts = [
        "format = 1\ntopic = 3\n",
        "format = 1\n",
        "",
        "format = 2\ntime_zone = 'Europe/Berln'\ntick = '25:00'\ncolour = 'red'\n",
        "format = 1\n[[topic]]\nkey = 'a\nflor = 3\n[[point_action]]\nnmae = 'x'\n",
    ];
    let told: String = texts
        .iter()
        .map(|text| short(&mistakes(text)) + "--\n")
        .collect();
    insta::assert_snapshot!(told, @r##"
    1:1 warning: the plan has no topic
    2:9 error: `topic` must be a list, but is a whole number
    --
    1:1 warning: the plan has no topic
    --
    1:1 error: this file has no `format`
    1:1 warning: the plan has no topic
    --
    1:1 warning: the plan has no topic
    1:10 error: `format` is 2, but must be 1
    2:13 error: there is no time zone "Europe/Berln"
    3:8 error: "25:00" is no time of day
    4:1 error: this file has no key "colour"
    --
    3:9 error: invalid literal string, expected `'`
    4:1 error: topic has no key "flor"
    6:1 error: point_action has no key "nmae"
    --
    "##);
}
