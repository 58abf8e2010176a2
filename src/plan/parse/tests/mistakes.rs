//! Mistakes: each with its place, its cause and what to do.

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
name = "Form"
topic = "sales"
kind = "form.submitt"
points = 3

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

    error: "form.submitt" is no `kind`
      --> plan.toml:28:8
        |
     28 | kind = "form.submitt"
        |        ^
      help: did you mean "form.submit"?

    error: 0.12345 is no weight
      --> plan.toml:33:30
        |
     33 | topics = { sales = 1, news = 0.12345 }
        |                              ^
      help: write a number from -1000 to 1000, not 0, with at most 3 decimals, such as 0.5

    error: activities have no attribute "referrer"
      --> plan.toml:38:22
        |
     38 | when = { attribute = "referrer", contains = "google" }
        |                      ^
      help: did you mean "referer"?

    warning: `diminishing` does nothing: the rule pays once
      --> plan.toml:45:15
        |
     45 | diminishing = [100, 50]
        |               ^
      help: add `repeat = "always"`, or remove it

    error: nothing is between them: the first is the higher
      --> plan.toml:51:47
        |
     51 | when = { all = [{ field = "budget", between = [9, 1] }, { company = { regex = "(gmbh" } }] }
        |                                               ^
      help: write the lowest and the highest value: between = [10, 20]

    error: "(gmbh" is no regular expression: unclosed group
      --> plan.toml:51:79
        |
     51 | when = { all = [{ field = "budget", between = [9, 1] }, { company = { regex = "(gmbh" } }] }
        |                                                                               ^
      help: mend it; `contains` and `like` need none

    error: "today - 3 fortnights" is no day
      --> plan.toml:57:40
        |
     57 | when = { field = "last_order", above = "today - 3 fortnights" }
        |                                        ^
      help: write "today", "today - 30 days", "today + 2 weeks", "today - 3 months"

    error: this step is not after more than 60 days
      --> plan.toml:62:44
        |
     62 | steps = [{ after_days = 60, points = -1 }, { after_days = 30, points = -2 }]
        |                                            ^
      help: sort the steps by rising `after_days`

    error: the step 80 is not below the one before
      --> plan.toml:67:17
        |
     67 | fit_from = [75, 80]
        |                 ^
      help: write the lowest score of each but the last, falling: [75, 50, 25]

    warning: `at` is above the topic's ceiling 100 and never reached
      --> plan.toml:74:6
        |
     74 | at = 101
        |      ^
      help: lower it, or raise the topic's `ceiling`

    error: the topic "news" has no band "hott"
      --> plan.toml:79:42
        |
     79 | when = { all = [{ topic = "news", band = "hott" }, { grade = "leads", is = "A1" }] }
        |                                          ^
      help: did you mean "hot"?

    error: there is no grade "leads"
      --> plan.toml:79:62
        |
     79 | when = { all = [{ topic = "news", band = "hott" }, { grade = "leads", is = "A1" }] }
        |                                                              ^
      help: did you mean "lead"?

    error: no score is at least 60 and below 60
      --> plan.toml:80:50
        |
     80 | rearm = { topic = "news", at_least = 60, below = 60 }
        |                                                  ^
      help: make `below` more than `at_least`

    error: "sales" is no mail address
      --> plan.toml:81:15
        |
     81 | mail = { to = "sales", subject = "Hot", text = "{score:sales}" }
        |               ^
      help: write one address such as "sales@example.com"

    error: a segment has either `when` or `topic`
      --> plan.toml:85:9
        |
     85 | topic = "news"
        |         ^
      help: put it into `when`, or keep one of the two

    19 errors, 2 warnings
    "##);
    assert!(findings.iter().all(|one| one.hint.is_some()));
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

#[test]
fn mistakes_in_topics() {
    insta::assert_snapshot!(told("", &[
        "key = 'c'",
        "[[topic]]\nkey = 'a'",
        "[[topic]]\nkey = 'b c'",
        "[[topic]]\nkey = 'c'",
        "foreign = 'adopt'",
        "group = 3\nmain_points = true",
        "main_points = true\nforeign = 'override'",
        "main_points = 1",
        "group = 3\nforeign = 'adpot'",
        "main_points = true\n[[topic]]\nkey = 'c'\nmain_points = true\nforeign = 'adopt'",
        "group = 3\n[[topic]]\nkey = 'c'\ngroup = 3\nsum_of = ['a']",
        "[[topic]]\nkey = 'c'\nsum_of = ['a', 'a', 3]",
        "[[topic]]\nkey = 'c'\nsum_of = {}",
        "[[topic]]\nkey = 'c'\nsum_of = 'a'",
        "[[topic]]\nkey = 'c'\nsum_of = { a = 0, b = 1001 }",
        "[[topic]]\nkey = 'c'\nsum_of = { a = nan, b = 'x' }",
        "[[topic]]\nkey = 'c'\nsum_of = ['d']\n[[topic]]\nkey = 'd'\nsum_of = ['e', 'a']\n[[topic]]\nkey = 'e'\nsum_of = ['c']",
        "[[topic]]\nkey = 'c'\nfloor = 3\nceiling = 2\nsum_of = ['a']",
        "[[topic]]\nkey = 'c'\nceiling = 'nune'\nsum_of = ['a']",
        "bands = []",
        "bands = [{ name = 'x', from = 1 }, { name = 'x', from = 2 }]",
        "bands = [{ name = 'x', from = 1 }, { name = 'y', form = 0 }]",
        "bands = [{ name = 'x', from = 1 }, { name = 'y', from = 0 }]",
        "[[topic]]\nkey = 'c'\nsum_of = ['a']\nbands = [{ name = 'x', from = 101 }]",
        "band_hysteresis = 5\nband_dwell = '1 day'",
        "[[topic]]\nkey = 'c'\nsum_of = ['a']\nbands = [{ name = 'x', from = 0 }, { name = 'y', from = 10 }]\nband_hysteresis = 10",
        "limit = { points = 0, per = 'day' }",
        "limit = { points = 5, per = 'dya' }",
        "limit = { points = 5, pre = 'day' }",
        "limit = { points = 5, per = 'day', within = '1 day' }",
        "limit = [{ points = 5, per = 'day' }, { points = 9, per = 'day' }]",
        "limit = { points = 5, within = '0 days' }",
        "limit = { points = 5, within = '9999 days' }",
        "limit = { points = 5, within = 'a day' }",
        "limit = { points = 5, within = '1 month' }",
        "decay = 'slow'",
        "decay = { half_life = 30, linear = 3 }",
        "decay = {}",
        "decay = { half_live = 30 }",
        "decay = { half_life = 0 }",
        "decay = { expires = '36 hours' }",
        "stages = { carry = 101 }",
        "stages = { reset = [], carry = 5 }",
        "stages = 'any'",
    ]), @r##"
    key = 'c'
    10:1 error: this key was given before (keep one of the two)

    [[topic]]
    key = 'a'
    11:7 error: another topic has this key (give each topic a key of its own)

    [[topic]]
    key = 'b c'
    11:7 error: "b c" is no key (use 1 to 64 letters, digits, `_`, `-` and `.`)

    [[topic]]
    key = 'c'
    11:7 warning: nothing uses the topic "c" (add a rule for it, or remove the topic)

    foreign = 'adopt'
    10:11 error: this topic has no group that somebody else could put points into (add `group`, or remove `foreign`)

    group = 3
    main_points = true
    11:15 error: a topic has either `group` or `main_points` (keep one of the two)

    main_points = true
    foreign = 'override'
    11:11 error: the main points are not written, so nothing of them can be set back (write "adopt" or "report"; without `foreign` the points of others do not count)

    main_points = 1
    10:15 error: `main_points` must be true or false, but is a whole number (write `main_points = true`, or leave it out)

    group = 3
    foreign = 'adpot'
    11:11 error: "adpot" is no `foreign` (did you mean "adopt"?)

    main_points = true
    [[topic]]
    key = 'c'
    main_points = true
    foreign = 'adopt'
    13:15 error: another topic stands for the main points (keep `main_points = true` in one of the two)

    group = 3
    [[topic]]
    key = 'c'
    group = 3
    sum_of = ['a']
    13:9 error: two topics write this point group (give each topic a group of its own)

    [[topic]]
    key = 'c'
    sum_of = ['a', 'a', 3]
    12:16 error: the topic "a" is listed twice (give it a weight: { a = 2 })
    12:21 error: `sum_of` must be a text in quotes, but is a whole number (name the `key` of a [[topic]])

    [[topic]]
    key = 'c'
    sum_of = {}
    12:10 error: `sum_of` is empty (write ["a", "b"], or with weights { a = 1, b = 0.5 })

    [[topic]]
    key = 'c'
    sum_of = 'a'
    12:10 error: `sum_of` must be a list or a table of topics, but is a text (write ["a", "b"], or with weights { a = 1, b = 0.5 })

    [[topic]]
    key = 'c'
    sum_of = { a = 0, b = 1001 }
    12:16 error: 0 is no weight (write a number from -1000 to 1000, not 0, with at most 3 decimals, such as 0.5)
    12:23 error: 1001 is no weight (write a number from -1000 to 1000, not 0, with at most 3 decimals, such as 0.5)

    [[topic]]
    key = 'c'
    sum_of = { a = nan, b = 'x' }
    12:16 error: `a` is no number to count with (write a number from -1000 to 1000, not 0, with at most 3 decimals, such as 0.5)
    12:25 error: `b` must be a number, but is a text (write a number from -1000 to 1000, not 0, with at most 3 decimals, such as 0.5)

    [[topic]]
    key = 'c'
    sum_of = ['d']
    [[topic]]
    key = 'd'
    sum_of = ['e', 'a']
    [[topic]]
    key = 'e'
    sum_of = ['c']
    12:11 error: the topic "c" is a part of itself (take one of the topics out of `sum_of`)

    [[topic]]
    key = 'c'
    floor = 3
    ceiling = 2
    sum_of = ['a']
    13:11 error: the floor 3 is above the ceiling 2 (swap them; without a word of yours they are 0 and 100)

    [[topic]]
    key = 'c'
    ceiling = 'nune'
    sum_of = ['a']
    12:11 error: `ceiling` must be a whole number or "none", but is a text (write a whole number, or "none" for no limit)

    bands = []
    10:9 error: the list `bands` is empty (write bands as [{ name = "cold", from = 0 }, { name = "hot", from = 50 }])

    bands = [{ name = 'x', from = 1 }, { name = 'x', from = 2 }]
    10:36 error: two bands are named "x" (give each band a name of its own)

    bands = [{ name = 'x', from = 1 }, { name = 'y', form = 0 }]
    10:50 error: this band has no key "form" (did you mean "from"?)

    bands = [{ name = 'x', from = 1 }, { name = 'y', from = 0 }]
    10:36 error: the band "y" does not start above the one before (sort the bands by rising `from`, each number once)

    [[topic]]
    key = 'c'
    sum_of = ['a']
    bands = [{ name = 'x', from = 101 }]
    13:10 warning: the band "x" starts above the ceiling 100 (no score can be in it: lower its `from` or raise the ceiling)

    band_hysteresis = 5
    band_dwell = '1 day'
    10:19 warning: `band_hysteresis` does nothing without `bands` (add `bands`, or remove it)
    11:14 warning: `band_dwell` does nothing without `bands` (add `bands`, or remove it)

    [[topic]]
    key = 'c'
    sum_of = ['a']
    bands = [{ name = 'x', from = 0 }, { name = 'y', from = 10 }]
    band_hysteresis = 10
    14:19 warning: nobody ever leaves the band "y": no score is that much below 10 (lower it; the topic's floor is 0)

    limit = { points = 0, per = 'day' }
    10:20 error: `points` is 0, but must be from 1 to 2147483647 (write { points = 50, per = "day" } or { points = 50, within = "7 days" })

    limit = { points = 5, per = 'dya' }
    10:29 error: "dya" is no `per` (did you mean "day"?)

    limit = { points = 5, pre = 'day' }
    10:23 error: this limit has no key "pre" (did you mean "per"?)

    limit = { points = 5, per = 'day', within = '1 day' }
    10:45 error: a limit has either `per` or `within` (keep one of the two, or write two limits)

    limit = [{ points = 5, per = 'day' }, { points = 9, per = 'day' }]
    10:39 error: another limit has the same time (keep one of the two, the lower one counts)

    limit = { points = 5, within = '0 days' }
    10:32 error: "0 days" is not from 1 second to 3650 days (write a number and a unit such as "30 minutes", "2 hours", "3 days")

    limit = { points = 5, within = '9999 days' }
    10:32 error: "9999 days" is not from 1 second to 3650 days (write a number and a unit such as "30 minutes", "2 hours", "3 days")

    limit = { points = 5, within = 'a day' }
    10:32 error: "a day" is no length of time (write a number and a unit such as "30 minutes", "2 hours", "3 days")

    limit = { points = 5, within = '1 month' }
    10:32 error: "month" is no unit of time (one of: seconds, minutes, hours, days, weeks)

    decay = 'slow'
    10:9 error: `decay` must be a table or "none", but is a text (write one of { half_life = 30 }, { linear = 90 }, { expires = 365 } (days), or "none")

    decay = { half_life = 30, linear = 3 }
    10:9 error: `decay` must say exactly one thing (write one of { half_life = 30 }, { linear = 90 }, { expires = 365 } (days), or "none")

    decay = {}
    10:9 error: `decay` must say exactly one thing (write one of { half_life = 30 }, { linear = 90 }, { expires = 365 } (days), or "none")

    decay = { half_live = 30 }
    10:11 error: decay has no key "half_live" (did you mean "half_life"?)

    decay = { half_life = 0 }
    10:23 error: `half_life` is 0, but must be from 1 to 3650 (write a number of days from 1 to 3650, or a text such as "30 days")

    decay = { expires = '36 hours' }
    10:21 error: "36 hours" is not from 1 to 3650 whole days (write a number of days from 1 to 3650, or a text such as "30 days")

    stages = { carry = 101 }
    10:10 error: stages has no `reset` (write { reset = "any" } or { reset = ["Lead"], carry = 25 })
    10:20 error: `carry` is 101, but must be from 0 to 100 (write a percentage from 0 to 100)

    stages = { reset = [], carry = 5 }
    10:20 error: the list `reset` is empty (write { reset = "any" } or { reset = ["Lead"], carry = 25 })

    stages = 'any'
    10:10 error: `stages` must be a table, but is a text (write { reset = "any" } or { reset = ["Lead"], carry = 25 })
    "##);
}

#[test]
fn mistakes_in_the_worth_of_machines() {
    insta::assert_snapshot!(told("", &[
        "[machine]\nproxy = -1\nscanner = 0.5\nscaner = 1",
        "[machine]\nagents = []\nwithin_seconds = 3601\nlinks_at_once = 1",
        "[[machine]]\napple = 3",
    ]), @r##"
    [machine]
    proxy = -1
    scanner = 0.5
    scaner = 1
    11:9 error: `proxy` is -1, but must be from 0 to 100 (write how much it is worth in percent of a person's, from 0 to 100)
    12:11 error: `scanner` must be a whole number, but is a decimal number (write how much it is worth in percent of a person's, from 0 to 100)
    13:1 error: machine has no key "scaner" (did you mean "scanner"?)

    [machine]
    agents = []
    within_seconds = 3601
    links_at_once = 1
    11:10 error: the list `agents` is empty (write parts of user agents: agents = ["SomeScanner"])
    12:18 error: `within_seconds` is 3601, but must be from 0 to 3600 (write a number of seconds, up to 3600; 0 for never)
    13:17 error: with 1, every click would be a scanner's (write a number from 2 to 1000; 0 for never)

    [[machine]]
    apple = 3
    10:1 error: `machine` must be a table, but is a list (write [machine] before its keys)
    "##);
}

#[test]
fn mistakes_in_point_actions() {
    let action = "[[point_action]]\nname = 'n'\ntopic = 'a'\npoints = 1\nkind = ";
    let cases = [
        "'url.hit'\npages = [1]",
        "'url.hit'\nurl = []",
        "'url.hit'\nurl = ['']",
        "'url.hit'\nurl = '/pricing*'",
        "'form.submit'\nurl = '*'",
        "'form.submitt'\nurl = '*'\nforms = [1]\npage_hits = 3",
        "'form.submit'\nforms = [1, 1, 0]",
        "'url.hit'\nrepeat = 'twice'",
        "'url.hit'\nsince = 'soon'",
        "'url.hit'\nsince = 2026-02-01\nuntil = 2026-01-01",
        "'url.hit'\ntopics = ['a']",
        "'url.hit'\n[[point_action]]\nname = 'N'\ntopics = ['a', 'c', 'd']\nkind = 'url.hit'\npoints = 1",
        "'url.hit'\n[[point_action]]\nname = 'm'\nkind = 'url.hit'\npoints = 0",
        "'url.hit'\n[[point_action]]\nname = 'm'\ntopic = 'a'\nkind = 'url.hit'\npionts = 1",
        "'url.hit'\nmautic = 0",
        "'url.hit'\n[point_action.deep]",
        "'url.hit'\ncooldown = '1 hour'\ndiminishing = [50]",
        "'url.hit'\nrepeat = 'always'\ncooldown = 60\ndiminishing = [1001, 'x']",
        "'url.hit'\nrepeat = 'always'\ncooldown = '10'\ndiminishing = []",
        "'page.hit'\npage_hits = 2\nfirst_time = true",
        "'url.hit'\npage_hits = 2\nfirst_time = true",
        "'url.hit'\npage_hits = 0\nreturns_within = '1 fortnight'\naccumulative_time = 0",
        "'url.hit'\nreturns_within = '1 hour'\nreturns_after = '2 hours'",
        "'url.hit'\n[[point_action]]\nname = 'm'\ntopic = 'a'\nkind = 'url.hit'\npoints = -1\nrepeat = 'always'\ndecay = { linear = 3 }\nlimit = { points = 5, per = 'day' }",
    ];
    insta::assert_snapshot!(told(action, &cases), @r##"
    'url.hit'
    pages = [1]
    15:9 error: `pages` does not fit url.hit (remove it: url.hit has no such limit)

    'url.hit'
    url = []
    15:7 error: the list `url` is empty (leave `url` out to mean every URL)

    'url.hit'
    url = ['']
    15:8 error: `url` is empty (write a pattern for the whole URL such as "https://shop.example/pricing*")

    'url.hit'
    url = '/pricing*'
    15:7 warning: the pattern "/pricing*" must match a whole URL and so never does (write "*/pricing*", or the whole address)

    'form.submit'
    url = '*'
    15:7 error: `url` does not fit form.submit (only page.hit, url.hit, email.click and video.play can be limited by `url`)

    'form.submitt'
    url = '*'
    forms = [1]
    page_hits = 3
    14:8 error: "form.submitt" is no `kind` (did you mean "form.submit"?)

    'form.submit'
    forms = [1, 1, 0]
    15:13 error: this one is listed twice (remove one of them)
    15:16 error: `forms` is 0, but must be from 1 to 4294967295 (write the form's id, or its name in quotes)

    'url.hit'
    repeat = 'twice'
    15:10 error: "twice" is no `repeat` (one of: once, per-item, always)

    'url.hit'
    since = 'soon'
    15:9 error: "soon" is no date or time (write a date or time such as 2026-01-31 or 2026-01-31T08:00:00Z)

    'url.hit'
    since = 2026-02-01
    until = 2026-01-01
    16:9 error: `until` is not after `since` (the rule could never pay: swap or remove one)

    'url.hit'
    topics = ['a']
    15:10 error: a rule has either `topic` or `topics` (keep one of the two)

    'url.hit'
    [[point_action]]
    name = 'N'
    topics = ['a', 'c', 'd']
    kind = 'url.hit'
    points = 1
    16:8 error: another rule has this key (it follows from the name if none is given) (add a `key` of its own, such as `key = "visit-2"`)
    17:16 error: there is no topic "c" (did you mean "a"?)
    17:21 error: there is no topic "d" (did you mean "a"?)

    'url.hit'
    [[point_action]]
    name = 'm'
    kind = 'url.hit'
    points = 0
    15:1 error: point_action has no `topic` (name the `key` of a [[topic]])
    18:10 warning: a rule of 0 points changes nothing (give it points, or remove the rule)

    'url.hit'
    [[point_action]]
    name = 'm'
    topic = 'a'
    kind = 'url.hit'
    pionts = 1
    19:1 error: point_action has no key "pionts" (did you mean "points"?)

    'url.hit'
    mautic = 0
    15:10 error: `mautic` is 0, but must be from 1 to 4294967295 (write the id of Mautic's own point action, or leave it out)

    'url.hit'
    [point_action.deep]
    15:15 error: point_action has no key "deep" (one of: accumulative_time, assets, campaigns, cooldown, decay, diminishing, emails, first_time, forms, key, kind, limit, mautic, messages, name, page_hits, pages, points, repeat, returns_after, …)

    'url.hit'
    cooldown = '1 hour'
    diminishing = [50]
    15:12 warning: `cooldown` does nothing: the rule pays once (add `repeat = "always"`, or remove it)
    16:15 warning: `diminishing` does nothing: the rule pays once (add `repeat = "always"`, or remove it)

    'url.hit'
    repeat = 'always'
    cooldown = 60
    diminishing = [1001, 'x']
    16:12 error: `cooldown` must be a text in quotes, but is a whole number (write a number and a unit such as "30 minutes", "2 hours", "3 days")
    17:16 error: `diminishing` is 1001, but must be from 0 to 1000 (write percentages for the first, second, … time: [100, 50, 25])
    17:22 error: `diminishing` must be a whole number, but is a text (write percentages for the first, second, … time: [100, 50, 25])

    'url.hit'
    repeat = 'always'
    cooldown = '10'
    diminishing = []
    16:12 error: "10" is no length of time (write a number and a unit such as "30 minutes", "2 hours", "3 days")
    17:15 error: the list `diminishing` is empty (write percentages for the first, second, … time: [100, 50, 25])

    'page.hit'
    page_hits = 2
    first_time = true
    15:13 error: `page_hits` does not fit page.hit (it is an option of url.hit)
    16:14 error: `first_time` does not fit page.hit (it is an option of url.hit)

    'url.hit'
    page_hits = 2
    first_time = true
    16:14 warning: the first hit cannot be a later one, so this rule never pays (remove `first_time`, or `page_hits`, `returns_within`, `returns_after`)

    'url.hit'
    page_hits = 0
    returns_within = '1 fortnight'
    accumulative_time = 0
    15:13 error: `page_hits` is 0, but must be from 1 to 4294967295 (write a number of hits, from 1)
    16:18 error: "fortnight" is no unit of time (one of: seconds, minutes, hours, days, weeks)
    17:21 error: `accumulative_time` is 0, but must be from 1 to 315360000 (write a number of seconds, or a text such as "1 hour")

    'url.hit'
    returns_within = '1 hour'
    returns_after = '2 hours'
    15:18 warning: `returns_within` is shorter than `returns_after`, so this rule never pays (make it longer, or remove one of the two)

    'url.hit'
    [[point_action]]
    name = 'm'
    topic = 'a'
    kind = 'url.hit'
    points = -1
    repeat = 'always'
    decay = { linear = 3 }
    limit = { points = 5, per = 'day' }
    21:9 warning: negative points do not fade little by little (write { expires = 30 }, or remove `decay`)
    22:9 warning: negative points are not limited (remove `limit`, or use `cooldown`)
    "##);
}

#[test]
fn mistakes_in_conditions_on_activities() {
    let action = "[[point_action]]\nname = 'n'\ntopic = 'a'\npoints = 1\nkind = ";
    let cases = [
        "'url.hit'\nwhen = []",
        "'url.hit'\nwhen = {}",
        "'url.hit'\nwhen = { all = [] }",
        "'url.hit'\nwhen = { all = [{ url = '*' }], url = '*' }",
        "'url.hit'\nwhen = { not = [{ url = '*' }] }",
        "'url.hit'\nwhen = { any = [{ url = '/x' }, { urll = '*' }] }",
        "'url.hit'\nwhen = { object = 3 }",
        "'form.submit'\nwhen = { url = '*' }",
        "'email.open'\nwhen = { answer = 'x', is = 'y' }",
        "'form.submit'\nwhen = { attribute = 'result.x', is = 'y' }",
        "'form.submit'\nwhen = { attribute = 'code' }",
        "'form.submit'\nwhen = { attribute = 'code', is = 200, is_not = 404 }",
        "'form.submit'\nwhen = { object = [], is = 3 }",
        "'form.submit'\nwhen = { utm = 'sauce', is = 'y' }",
        "'url.hit'\nwhen = { utm = 'sauce', is = 'y' }",
        "'sgment.enter'\nwhen = { utm = 'source', is = 'y' }",
    ];
    insta::assert_snapshot!(told(action, &cases), @r##"
    'url.hit'
    when = []
    15:8 error: `when` must be a table, but is a list (write one of { url = "*pricing*" }, { object = "A form" }, { attribute = "referer", contains = "google" }, { answer = "budget", at_least = 1000 }, { utm = "source", is = "newsletter" })

    'url.hit'
    when = {}
    15:8 error: a condition must ask exactly one thing (write one of { url = "*pricing*" }, { object = "A form" }, { attribute = "referer", contains = "google" }, { answer = "budget", at_least = 1000 }, { utm = "source", is = "newsletter" })

    'url.hit'
    when = { all = [] }
    15:16 error: the list `all` is empty (write a list of conditions: [{ … }, { … }])

    'url.hit'
    when = { all = [{ url = '*' }], url = '*' }
    15:8 error: `all`, `any` and `not` each stand alone in a condition (put the conditions side by side: { all = [{ … }, { … }] })

    'url.hit'
    when = { not = [{ url = '*' }] }
    15:16 error: `not` must be a table, but is a list (write one of { url = "*pricing*" }, { object = "A form" }, { attribute = "referer", contains = "google" }, { answer = "budget", at_least = 1000 }, { utm = "source", is = "newsletter" })

    'url.hit'
    when = { any = [{ url = '/x' }, { urll = '*' }] }
    15:25 warning: the pattern "/x" must match a whole URL and so never does (write "*/x*", or the whole address)
    15:35 error: this condition has no key "urll" (did you mean "url"?)

    'url.hit'
    when = { object = 3 }
    15:19 error: `object` does not fit url.hit (ask for the `url`: only other kinds have objects)

    'form.submit'
    when = { url = '*' }
    15:16 error: `url` does not fit form.submit (only page.hit, url.hit, email.click and video.play have a URL)

    'email.open'
    when = { answer = 'x', is = 'y' }
    15:19 error: `answer` does not fit email.open (only form.submit has answers)

    'form.submit'
    when = { attribute = 'result.x', is = 'y' }
    15:22 error: activities have no attribute "result.x" (ask for the answer: { answer = "x", … })

    'form.submit'
    when = { attribute = 'code' }
    15:8 error: this condition does not say what must be so (add one test such as `is = "x"`, `at_least = 5` or `empty = true`)

    'form.submit'
    when = { attribute = 'code', is = 200, is_not = 404 }
    15:49 error: `is` and `is_not` are two tests (write two conditions: { all = [{ … }, { … }] })

    'form.submit'
    when = { object = [], is = 3 }
    15:28 error: `is` does not fit `object` (`object` is asked alone, without a test)

    'form.submit'
    when = { utm = 'sauce', is = 'y' }
    15:16 error: `utm` does not fit form.submit (only page.hit, url.hit, email.click and video.play have a URL)

    'url.hit'
    when = { utm = 'sauce', is = 'y' }
    15:16 error: "sauce" is no `utm` (one of: source, medium, campaign, term, content)

    'sgment.enter'
    when = { utm = 'source', is = 'y' }
    14:8 error: "sgment.enter" is no `kind` (did you mean "segment.enter"?)
    "##);
}

#[test]
fn mistakes_in_conditions_on_profiles() {
    let rule = "[[profile_rule]]\nname = 'n'\ntopic = 'a'\npoints = 1\nwhen = ";
    let cases = [
        "{ tag = 't', segment = 3 }",
        "{ field = 'x' }",
        "{ field = 'x', iss = 'y' }",
        "{ feild = 'x', is = 'y' }",
        "{ field = 'x', empty = 1 }",
        "{ tag = 't', is = 'x' }",
        "{ tag = '' }",
        "{ field = 'x', is = ['a', 'A', true, []] }",
        "{ field = 'x', above = 12:00:00 }",
        "{ field = 'x', above = inf }",
        "{ field = 'x', above = 99999999999999999 }",
        "{ field = 'x', at_most = 'today + 1 fortnight' }",
        "{ field = 'x', at_most = 'today - 9999 years' }",
        "{ field = 'x', between = [1] }",
        "{ field = 'x', between = ['a', 1] }",
        "{ field = 'x', not_between = [2026-02-01, 2026-01-01] }",
        "{ field = 'x', contains = 3 }",
        "{ field = 'x', regex = '[z-a]' }",
        "{ field = 'x', regex = '\\w{5000}' }",
        "{ stage = [] }",
        "{ owner = true }",
        "{ company = { } }",
        "{ company = { tag = 'x' } }",
        "{ utm = 'source', is = [] }",
        "{ dnc = 'fax' }",
        "{ points = 3 }",
        "{ points = { contains = 'x' } }",
        "{ points = { at_least = 'x' } }",
    ];
    insta::assert_snapshot!(told(rule, &cases), @r##"
    { tag = 't', segment = 3 }
    14:8 error: a condition must ask exactly one thing (write one of { field = "position", is = "Director" }, { field = "phone", empty = false }, { tag = "vip" }, { segment = "Customers" }, …)

    { field = 'x' }
    14:8 error: this condition does not say what must be so (add one test such as `is = "x"`, `at_least = 5` or `empty = true`)

    { field = 'x', iss = 'y' }
    14:23 error: this condition has no key "iss" (did you mean "is"?)

    { feild = 'x', is = 'y' }
    14:10 error: this condition has no key "feild" (did you mean "field"?)

    { field = 'x', empty = 1 }
    14:31 error: `empty` must be true or false, but is a whole number (write true or false)

    { tag = 't', is = 'x' }
    14:26 error: `is` does not fit `tag` (`tag` is asked alone, without a test)

    { tag = '' }
    14:16 error: `tag` is empty (write the tag's name)

    { field = 'x', is = ['a', 'A', true, []] }
    14:34 warning: this value is listed twice (case does not matter) (remove one of them)
    14:39 error: `is` must be a text or a number, but is true or false (Mautic keeps yes as 1 and no as 0)
    14:45 error: `is` must be a single value, but is a list (write a number, a date such as 2026-01-31, or a text in quotes)

    { field = 'x', above = 12:00:00 }
    14:31 error: `above` must be a date, a number or a text, but is a date or time (write a number, a date such as 2026-01-31, or a text in quotes)

    { field = 'x', above = inf }
    14:31 error: `above` is no number to count with (write a number, a date such as 2026-01-31, or a text in quotes)

    { field = 'x', above = 99999999999999999 }
    14:31 error: `above` is no number to count with (write a number, a date such as 2026-01-31, or a text in quotes)

    { field = 'x', at_most = 'today + 1 fortnight' }
    14:33 error: "today + 1 fortnight" is no day (write "today", "today - 30 days", "today + 2 weeks", "today - 3 months")

    { field = 'x', at_most = 'today - 9999 years' }
    14:33 error: "today - 9999 years" is no day (write "today", "today - 30 days", "today + 2 weeks", "today - 3 months")

    { field = 'x', between = [1] }
    14:33 error: `between` has 1 values, not two (write the lowest and the highest value: between = [10, 20])

    { field = 'x', between = ['a', 1] }
    14:33 error: the two values are of different sorts (write the lowest and the highest value: between = [10, 20])

    { field = 'x', not_between = [2026-02-01, 2026-01-01] }
    14:37 error: nothing is between them: the first is the higher (write the lowest and the highest value: between = [10, 20])

    { field = 'x', contains = 3 }
    14:34 error: `contains` must be a text in quotes, but is a whole number (write a text in quotes)

    { field = 'x', regex = '[z-a]' }
    14:31 error: "[z-a]" is no regular expression: invalid character class range, the start must be <= the end (mend it; `contains` and `like` need none)

    { field = 'x', regex = '\w{5000}' }
    14:31 error: "\\w{5000}" is no regular expression: Compiled regex exceeds size limit of 1048576 bytes. (mend it; `contains` and `like` need none)

    { stage = [] }
    14:18 error: the list `stage` is empty (write the stage's id, or its name in quotes)

    { owner = true }
    14:18 error: `owner` must be an id or a name, but is true or false (write the user's id, or its name in quotes)

    { company = { } }
    14:20 error: this condition does not say what must be so (add one test such as `is = "x"`, `at_least = 5` or `empty = true`)

    { company = { tag = 'x' } }
    14:22 error: this test has no key "tag" (one of: above, at_least, at_most, below, between, contains, empty, ends, filled, in, is, is_not, like, not_between, not_contains, not_in, not_like, not_regex, regex, starts)

    { utm = 'source', is = [] }
    14:31 error: the list `is` is empty (write a value, or a list of values: is = ["Berlin", "Bern"])

    { dnc = 'fax' }
    14:16 error: "fax" is no `dnc` (one of: email, sms)

    { points = 3 }
    14:19 error: `points` must be a table with a test, but is a whole number (write a test such as { points = { at_least = 10 } })

    { points = { contains = 'x' } }
    14:19 error: points are numbers and are compared with numbers (write a test such as { points = { at_least = 10 } })

    { points = { at_least = 'x' } }
    14:19 error: points are numbers and are compared with numbers (write a test such as { points = { at_least = 10 } })
    "##);
}

#[test]
fn mistakes_in_rules_on_silence() {
    let rule = "[[inactivity_rule]]\nname = 'n'\ntopic = 'a'\n";
    let cases = [
        "points = -1",
        "points = -1\nafter_days = 3651",
        "points = -1\nafter_days = 3\nsteps = [{ after_days = 3, points = -1 }]",
        "steps = []",
        "steps = [{ after_days = 3 }, { points = 0, after_days = '1 hour' }]",
        "points = -1\nafter_days = 3\nkinds = ['page.hit', 'page.hti', 'page.hit']",
    ];
    insta::assert_snapshot!(told(rule, &cases), @r##"
    points = -1
    10:1 error: inactivity_rule has no `after_days` (write a number of days, from 1 to 3650)

    points = -1
    after_days = 3651
    14:14 error: `after_days` is 3651, but must be from 1 to 3650 (write a number of days from 1 to 3650, or a text such as "30 days")

    points = -1
    after_days = 3
    steps = [{ after_days = 3, points = -1 }]
    13:10 error: a rule has either `steps` or `points` (each step has days and points of its own)
    14:14 error: a rule has either `steps` or `after_days` (each step has days and points of its own)

    steps = []
    13:9 error: the list `steps` is empty (write [{ after_days = 30, points = -10 }, { after_days = 60, points = -20 }])

    steps = [{ after_days = 3 }, { points = 0, after_days = '1 hour' }]
    13:10 error: this step has no `points` (write a whole number; it may be negative)
    13:41 warning: a rule of 0 points changes nothing (give it points, or remove the rule)
    13:57 error: "1 hour" is not from 1 to 3650 whole days (write a number of days from 1 to 3650, or a text such as "30 days")

    points = -1
    after_days = 3
    kinds = ['page.hit', 'page.hti', 'page.hit']
    15:22 error: "page.hti" is no `kinds` (did you mean "page.hit"?)
    15:34 warning: page.hit is listed twice (remove one of them)
    "##);
}

#[test]
fn mistakes_in_grades() {
    let grade = "[[grade]]\nkey = 'g'\nfit = 'a'\nfit_from = [50]\nengagement = 'b'\n";
    let cases = [
        "",
        "engagement_from = []",
        "engagement_from = [3, 3]",
        "engagement_from = [26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]",
        "engagement_from = [3]\n[[grade]]\nkey = 'g'\nfit = 'x'\nfit_from = [101, 0]\nengagement = 'a'\nengagement_from = [101, 0]",
    ];
    insta::assert_snapshot!(told(grade, &cases), @r##"
    10:1 error: grade has no `engagement_from` (write the lowest score of each but the last, falling: [75, 50, 25])

    engagement_from = []
    15:19 error: the list `engagement_from` is empty (write the lowest score of each but the last, falling: [75, 50, 25])

    engagement_from = [3, 3]
    15:23 error: the step 3 is not below the one before (write the lowest score of each but the last, falling: [75, 50, 25])

    engagement_from = [26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]
    15:19 error: more than 25 steps (the letters end with Z: leave some out)

    engagement_from = [3]
    [[grade]]
    key = 'g'
    fit = 'x'
    fit_from = [101, 0]
    engagement = 'a'
    engagement_from = [101, 0]
    17:7 error: another grade has this key (give each grade a key of its own)
    18:7 error: there is no topic "x" (did you mean "a"?)
    21:20 warning: `engagement_from` is above the topic's ceiling 100 and never reached (lower it, or raise the topic's `ceiling`)
    21:25 warning: every contact has at least the topic's floor 0 (so low it is true for everybody: raise it)
    "##);
}

#[test]
fn mistakes_in_conditions_on_scores() {
    let segment = "[[grade]]\nkey = 'g'\nfit = 'a'\nfit_from = [50]\nengagement = 'b'\nengagement_from = [9]\n\
        [[segment]]\nsegment = 3\nwhen = ";
    let cases = [
        "{ topic = 'a' }",
        "{ at_least = 3 }",
        "{ topic = 'a', grade = 'g', at_least = 3 }",
        "{ topic = 'a', is = 'A1' }",
        "{ grade = 'g', band = 'hot' }",
        "{ grade = 'g' }",
        "{ grade = 'g', is = ['A1', 'C1', 'A1'] }",
        "{ topic = 'a', band = ['hot', 'warm', 'hot'] }",
        "{ topic = 'b', band = 'hot' }",
        "{ topic = 'a', band = 'hot', at_least = 3 }",
        "{ topic = 'c', band = 'hot' }",
        "{ topic = 'a', at_least = 101 }",
        "{ topic = 'a', at_least = 0 }",
        "{ topic = 'a', below = 0 }",
        "{ topic = 'a', below = 101 }",
        "{ topic = 'a', below = 1.5 }",
        "{ any = [{ topic = 'a', blow = 3 }, { not = { topic = 'd', below = 3 } }] }",
    ];
    insta::assert_snapshot!(told(segment, &cases), @r##"
    { topic = 'a' }
    18:8 error: this condition does not say what must be so (write one of { topic = "sales", at_least = 30 }, { topic = "sales", below = 20 }, { topic = "sales", band = "hot" }, { grade = "lead", is = "A1" })

    { at_least = 3 }
    18:8 error: a condition must ask exactly one thing (write one of { topic = "sales", at_least = 30 }, { topic = "sales", below = 20 }, { topic = "sales", band = "hot" }, { grade = "lead", is = "A1" })

    { topic = 'a', grade = 'g', at_least = 3 }
    18:8 error: a condition must ask exactly one thing (write one of { topic = "sales", at_least = 30 }, { topic = "sales", below = 20 }, { topic = "sales", band = "hot" }, { grade = "lead", is = "A1" })

    { topic = 'a', is = 'A1' }
    18:28 error: `is` does not fit `topic` (write one of { topic = "sales", at_least = 30 }, { topic = "sales", below = 20 }, { topic = "sales", band = "hot" }, { grade = "lead", is = "A1" })

    { grade = 'g', band = 'hot' }
    18:30 error: `band` does not fit `grade` (write one of { topic = "sales", at_least = 30 }, { topic = "sales", below = 20 }, { topic = "sales", band = "hot" }, { grade = "lead", is = "A1" })

    { grade = 'g' }
    18:8 error: this condition does not say what must be so (write one of { topic = "sales", at_least = 30 }, { topic = "sales", below = 20 }, { topic = "sales", band = "hot" }, { grade = "lead", is = "A1" })

    { grade = 'g', is = ['A1', 'C1', 'A1'] }
    18:35 error: "C1" is no grade of "g" (did you mean "A1"?)
    18:41 error: this one is listed twice (remove one of them)

    { topic = 'a', band = ['hot', 'warm', 'hot'] }
    18:38 error: the topic "a" has no band "warm" (one of: cold, hot)
    18:46 error: this one is listed twice (remove one of them)

    { topic = 'b', band = 'hot' }
    18:30 error: the topic "b" has no band "hot" (there is none)

    { topic = 'a', band = 'hot', at_least = 3 }
    18:30 error: a condition asks for a `band` or for a score (write two: { all = [{ … }, { … }] })

    { topic = 'c', band = 'hot' }
    18:18 error: there is no topic "c" (did you mean "a"?)

    { topic = 'a', at_least = 101 }
    18:34 warning: `at_least` is above the topic's ceiling 100 and never reached (lower it, or raise the topic's `ceiling`)

    { topic = 'a', at_least = 0 }
    18:34 warning: every contact has at least the topic's floor 0 (so low it is true for everybody: raise it)

    { topic = 'a', below = 0 }
    18:31 warning: no contact is below the topic's floor 0 (so low it is true for nobody: raise it, or lower the topic's `floor`)

    { topic = 'a', below = 101 }
    18:31 warning: no contact is above the topic's ceiling 100 (so high it is true for everybody: lower it)

    { topic = 'a', below = 1.5 }
    18:31 error: `below` must be a whole number, but is a decimal number (write a score, a whole number)

    { any = [{ topic = 'a', blow = 3 }, { not = { topic = 'd', below = 3 } }] }
    18:32 error: this condition has no key "blow" (did you mean "below"?)
    18:62 error: there is no topic "d" (did you mean "a"?)
    "##);
}

#[test]
fn mistakes_in_triggers() {
    let trigger = "[[trigger]]\nname = 't'\n";
    let hot = "topic = 'a'\nat = 50\n";
    let cases = [
        "add_tags = ['x']".to_owned(),
        "topic = 'a'\nadd_tags = ['x']".to_owned(),
        "topic = 'a'\nat = 50\nwhen = { topic = 'a', at_least = 50 }\nadd_tags = ['x']".to_owned(),
        hot.to_owned(),
        format!("{hot}add_tag = ['x']"),
        format!("{hot}on = 'raising'\nrepeat = 'ever'\ndwell = '1'\nsince = 3\nadd_tags = ['x']"),
        format!("{hot}repeat = 'once'\nrearm = {{ topic = 'a', below = 30 }}\nadd_tags = ['x']"),
        format!("{hot}rearm = {{ topic = 'a', below = 50 }}\nadd_tags = ['x']"),
        format!("{hot}on = 'falling'\nrearm = {{ topic = 'a', at_least = 50 }}\nadd_tags = ['x']"),
        format!("{hot}add_to = [4, 4]"),
        format!("{hot}add_to = []"),
        format!("{hot}add_to = [4]\nremove_from = [4]"),
        format!("{hot}add_to_campaigns = ['x']\nremove_from_campaigns = ['x']"),
        format!("{hot}add_tags = ['x']\nremove_tags = ['X']"),
        format!("{hot}add_tags = ['-x', 'y']\nremove_tags = ['z', 'Z']"),
        format!("{hot}fields = {{}}"),
        format!("{hot}fields = {{ a = '', b = [1], c = nan }}"),
        format!("{hot}owner = true\nstage = 0\nsend_email = [1, 1]\nwebhook = 3"),
        format!("{hot}mail = {{ to = 'a@b, c@d', subject = \"x\\ny\", text = ' ' }}"),
        format!("{hot}mail = {{ to = 'a@b', subject = '{{nmae}} {{score:c}} {{}} {{ a }}' }}"),
        format!("{hot}add_to = [4]\n[[segment]]\nsegment = 4\ntopic = 'a'\nenter = 5"),
        format!(
            "{hot}add_to = [4]\n[[profile_rule]]\nname = 'p'\ntopic = 'a'\npoints = 1\nwhen = {{ not = {{ segment = 4 }} }}"
        ),
        format!(
            "{hot}add_to = [4]\n[[point_action]]\nname = 'p'\ntopic = 'a'\npoints = 1\nkind = 'segment.enter'\nwhen = {{ object = [3, 4] }}"
        ),
        format!(
            "{hot}add_tags = ['x']\nstage = 3\nfields = {{ f = 1 }}\nadd_to_campaigns = 7\n\
            [[profile_rule]]\nname = 'p'\ntopic = 'a'\npoints = 1\nwhen = {{ any = [{{ tag = 'X' }}, {{ stage = 3 }}, {{ field = 'f', is = 1 }}] }}\n\
            [[point_action]]\nname = 'q'\ntopic = 'a'\npoints = 1\nkind = 'campaign.enter'\ncampaigns = [7]"
        ),
    ];
    let cases: Vec<&str> = cases.iter().map(String::as_str).collect();
    insta::assert_snapshot!(told(trigger, &cases), @r##"
    add_tags = ['x']
    10:1 error: this trigger has no condition (add `topic = "…"` and `at = 30`, or `when = { … }`)

    topic = 'a'
    add_tags = ['x']
    10:1 error: trigger has no `at` (write a score, a whole number)

    topic = 'a'
    at = 50
    when = { topic = 'a', at_least = 50 }
    add_tags = ['x']
    12:9 error: a trigger has either `when` or `topic` (put it into `when`, or keep one of the two)

    topic = 'a'
    at = 50

    10:1 error: this trigger does nothing (add `add_to = ["A segment"]`, `add_tags = ["hot"]`, `stage = "MQL"`, …)

    topic = 'a'
    at = 50
    add_tag = ['x']
    14:1 error: trigger has no key "add_tag" (did you mean "add_tags"?)

    topic = 'a'
    at = 50
    on = 'raising'
    repeat = 'ever'
    dwell = '1'
    since = 3
    add_tags = ['x']
    14:6 error: "raising" is no `on` (did you mean "rising"?)
    15:10 error: "ever" is no `repeat` (one of: once, always)
    16:9 error: "1" is no length of time (write a number and a unit such as "30 minutes", "2 hours", "3 days")
    17:9 error: `since` must be a text in quotes, but is a whole number (write a date or time such as 2026-01-31 or 2026-01-31T08:00:00Z)

    topic = 'a'
    at = 50
    repeat = 'once'
    rearm = { topic = 'a', below = 30 }
    add_tags = ['x']
    15:9 error: this trigger fires once, so it is never armed again (remove `repeat`, or remove `rearm`)

    topic = 'a'
    at = 50
    rearm = { topic = 'a', below = 50 }
    add_tags = ['x']
    14:9 warning: this holds before every crossing, so the trigger fires at each of them (ask for a score farther away, or write `repeat = "always"` instead)

    topic = 'a'
    at = 50
    on = 'falling'
    rearm = { topic = 'a', at_least = 50 }
    add_tags = ['x']
    15:9 warning: this holds before every crossing, so the trigger fires at each of them (ask for a score farther away, or write `repeat = "always"` instead)

    topic = 'a'
    at = 50
    add_to = [4, 4]
    14:14 error: this one is listed twice (remove one of them)

    topic = 'a'
    at = 50
    add_to = []
    14:10 error: the list `add_to` is empty (add `add_to = ["A segment"]`, `add_tags = ["hot"]`, `stage = "MQL"`, …)

    topic = 'a'
    at = 50
    add_to = [4]
    remove_from = [4]
    15:15 error: a segment stands in `add_to` and in `remove_from` (keep one of the two)

    topic = 'a'
    at = 50
    add_to_campaigns = ['x']
    remove_from_campaigns = ['x']
    15:25 error: a campaign stands in `add_to_campaigns` and in `remove_from_campaigns` (keep one of the two)

    topic = 'a'
    at = 50
    add_tags = ['x']
    remove_tags = ['X']
    15:15 error: a tag stands in `add_tags` and in `remove_tags` (keep one of the two)

    topic = 'a'
    at = 50
    add_tags = ['-x', 'y']
    remove_tags = ['z', 'Z']
    14:13 error: Mautic reads a tag that begins with - as one to take away (use `remove_tags`, without the -)
    15:21 error: this one is listed twice (remove one of them)

    topic = 'a'
    at = 50
    fields = {}
    14:10 error: `fields` is empty (write { alias = "value" }; the alias as Mautic shows it)

    topic = 'a'
    at = 50
    fields = { a = '', b = [1], c = nan }
    14:16 error: `a` is empty (write a text, a number, or true or false)
    14:24 error: `b` must be a single value, but is a list (write a text, a number, or true or false)
    14:33 error: `c` is no number to count with (write a text, a number, or true or false)

    topic = 'a'
    at = 50
    owner = true
    stage = 0
    send_email = [1, 1]
    webhook = 3
    14:9 error: `owner` must be an id or a name, but is true or false (write the user's id, or its name in quotes)
    15:9 error: `stage` is 0, but must be from 1 to 4294967295 (write the stage's id, or its name in quotes)
    16:18 error: this one is listed twice (remove one of them)
    17:11 error: `webhook` must be a text in quotes, but is a whole number (write the name of a webhook of the configuration)

    topic = 'a'
    at = 50
    mail = { to = 'a@b, c@d', subject = "x\ny", text = ' ' }
    14:15 error: "a@b, c@d" is no mail address (write one address such as "sales@example.com")
    14:37 error: a subject is one line (keep "x")
    14:52 error: `text` is empty (write { to = "sales@example.com", subject = "…", text = "…" })

    topic = 'a'
    at = 50
    mail = { to = 'a@b', subject = '{nmae} {score:c} {} { a }' }
    14:8 error: this mail has no `text` (write { to = "sales@example.com", subject = "…", text = "…" })
    14:32 error: there is no topic "c" (did you mean "a"?)
    14:32 warning: {nmae} is no placeholder and stays as it is (did you mean "name"?)

    topic = 'a'
    at = 50
    add_to = [4]
    [[segment]]
    segment = 4
    topic = 'a'
    enter = 5
    14:11 error: this segment is declared, so its score keeps it and no trigger may change it (use another segment here, or remove its [[segment]])

    topic = 'a'
    at = 50
    add_to = [4]
    [[profile_rule]]
    name = 'p'
    topic = 'a'
    points = 1
    when = { not = { segment = 4 } }
    19:28 error: this plan writes this segment, so a score would depend on itself (ask about a segment that this plan does not write)

    topic = 'a'
    at = 50
    add_to = [4]
    [[point_action]]
    name = 'p'
    topic = 'a'
    points = 1
    kind = 'segment.enter'
    when = { object = [3, 4] }
    20:23 error: this plan writes this segment, so a score would depend on itself (ask about a segment that this plan does not write)

    topic = 'a'
    at = 50
    add_tags = ['x']
    stage = 3
    fields = { f = 1 }
    add_to_campaigns = 7
    [[profile_rule]]
    name = 'p'
    topic = 'a'
    points = 1
    when = { any = [{ tag = 'X' }, { stage = 3 }, { field = 'f', is = 1 }] }
    [[point_action]]
    name = 'q'
    topic = 'a'
    points = 1
    kind = 'campaign.enter'
    campaigns = [7]
    14:13 warning: a rule of this plan asks about the tag x, which this changes (the score would depend on what follows from it: change something else)
    15:9 warning: a rule of this plan asks about the stage 3, which this changes (the score would depend on what follows from it: change something else)
    16:12 warning: a rule of this plan asks about the field f, which this changes (the score would depend on what follows from it: change something else)
    17:20 warning: a rule of this plan asks about the campaign 7, which this changes (the score would depend on what follows from it: change something else)
    "##);
}

#[test]
fn mistakes_in_segments() {
    let segment = "[[segment]]\nsegment = 3\n";
    let cases = [
        "",
        "enter = 5",
        "topic = 'a'\nenter = 5\nleave = 6",
        "topic = 'a'\nenter = 101",
        "topic = 'a'\nenter = 5\nleave = 0",
        "topic = 'a'\nentre = 5",
        "topic = 'a'\nwhen = { topic = 'a', at_least = 5 }",
        "wehn = { topic = 'a', at_least = 5 }",
        "topic = 'a'\nenter = 5\n[[segment]]\nsegment = 3\ntopic = 'a'\nenter = 7",
    ];
    insta::assert_snapshot!(told(segment, &cases), @r##"
    10:1 error: this segment has no condition (add `topic = "…"` and `enter = 50`, or `when = { … }`)

    enter = 5
    10:1 error: segment has no `topic` (name the `key` of a [[topic]])

    topic = 'a'
    enter = 5
    leave = 6
    14:9 error: `leave` is 6, above `enter` at 5 (a contact would enter and leave at once: make `leave` at most `enter`)

    topic = 'a'
    enter = 101
    13:9 warning: `enter` is above the topic's ceiling 100 and never reached (lower it, or raise the topic's `ceiling`)

    topic = 'a'
    enter = 5
    leave = 0
    14:9 warning: no contact is below the topic's floor 0 (so low it is true for nobody: raise it, or lower the topic's `floor`)

    topic = 'a'
    entre = 5
    13:1 error: segment has no key "entre" (did you mean "enter"?)

    topic = 'a'
    when = { topic = 'a', at_least = 5 }
    12:9 error: a segment has either `when` or `topic` (put it into `when`, or keep one of the two)

    wehn = { topic = 'a', at_least = 5 }
    12:1 error: segment has no key "wehn" (did you mean "when"?)

    topic = 'a'
    enter = 5
    [[segment]]
    segment = 3
    topic = 'a'
    enter = 7
    15:11 error: this segment is declared twice (keep one [[segment]] for each segment)
    "##);
}
