//! What activities pay: repeats, cooldown, diminishing, limits, weights, totals, rounding.

use super::{check, course};

const HITS: &str = "
    2026-01-01 08:00 url.hit https://x/1
    2026-01-01 08:30 url.hit https://x/1
    2026-01-01 09:00 email.click 1 https://x/2
    2026-01-01 10:00 email.click 1 https://x/3
    2026-01-02 08:00 url.hit https://x/4";

/// Keys of one rule on `url.hit` for 10 points, and what the hits above are worth.
#[test]
fn repeats_cooldown_and_diminishing() {
    for (keys, expected) in [
        ("", 10),
        ("repeat = 'once'", 10),
        ("repeat = 'always'", 50),
        // Per URL: a click counts as the hit that it leads to, whatever its email.
        ("repeat = 'per-item'", 40),
        ("repeat = 'always'\ncooldown = '30 minutes'", 50),
        ("repeat = 'always'\ncooldown = '31 minutes'", 40),
        // The pause counts from the last payment, not from the last activity.
        ("repeat = 'always'\ncooldown = '1 hour'", 40),
        ("repeat = 'always'\ncooldown = '1 day'", 20),
        ("repeat = 'always'\ncooldown = '25 hours'", 10),
        ("repeat = 'per-item'\ncooldown = '31 minutes'", 40),
        ("repeat = 'always'\ndiminishing = [100, 50, 25]", 23),
        ("repeat = 'always'\ndiminishing = [100, 0]", 10),
        // Nothing for the first time, everything from the second on.
        ("repeat = 'always'\ndiminishing = [0, 100]", 40),
        ("repeat = 'always'\ndiminishing = [50, 200]", 85),
        ("repeat = 'per-item'\ndiminishing = [100, 10]", 13),
        ("repeat = 'always'\nsince = 2026-01-01T08:30:00Z", 40),
        ("repeat = 'always'\nuntil = 2026-01-02T08:00:00Z", 40),
        ("repeat = 'always'\nurl = 'https://x/[12]'", 30),
        ("repeat = 'always'\nurl = ['*/1', '*/4']", 30),
        ("repeat = 'always'\nurl = 'X'", 0),
        ("repeat = 'always'\nwhen = { url = '*/3' }", 10),
        ("repeat = 'always'\nwhen = { not = { url = '*/1' } }", 30),
    ] {
        let plan = format!("@open a\n@pays a 10 url.hit\n{keys}");
        check(&plan, HITS, "2026-01-03", &format!("a {expected}"));
    }
}

#[test]
fn an_activity_counts_at_once_and_not_before() {
    let plan = "@open a\n@pays a 10 url.hit\nrepeat = 'always'";
    let table = [
        ("2026-01-01 07:59:59", "a 0"),
        ("2026-01-01 08:00", "a 10"),
        ("2026-01-01 10:00", "a 40"),
        ("2026-01-02 07:59:59", "a 40"),
    ];
    course(plan, HITS, &table);
}

#[test]
fn the_object_decides_what_an_item_is() {
    let told = "
        2026-01-01 08:00 form.submit 1
        2026-01-01 08:01 form.submit 1
        2026-01-01 08:02 form.submit 2
        2026-01-01 08:03 page.hit 1 https://x/p
        2026-01-01 08:04 page.hit 2 https://x/p";
    for (keys, expected) in [
        ("form.submit\nrepeat = 'per-item'", 10),
        ("form.submit\nrepeat = 'always'\nforms = ['Form']", 10),
        ("form.submit\nrepeat = 'always'\nforms = [2]", 5),
        (
            "form.submit\nrepeat = 'always'\nwhen = { object = 'Other form' }",
            5,
        ),
        // A limit to a page covers its variants.
        ("page.hit\nrepeat = 'always'\npages = ['Page']", 10),
        ("page.hit\nrepeat = 'always'\npages = ['Variant']", 5),
        (
            "page.hit\nrepeat = 'always'\nwhen = { object = 'Page' }",
            10,
        ),
        ("page.hit\nrepeat = 'per-item'", 10),
    ] {
        let plan = format!("@open a\n@pays a 5 {keys}");
        check(&plan, told, "2026-01-03", &format!("a {expected}"));
    }
}

#[test]
fn entries_within_a_minute_are_one() {
    for (kind, second, expected) in [
        ("segment.enter 1", "00:59", 5),
        ("segment.enter 1", "01:00", 5),
        ("segment.enter 1", "01:01", 10),
        ("stage.enter 1", "00:30", 5),
        ("campaign.enter 1", "00:30", 5),
        ("segment.enter 2", "00:30", 10),
        ("form.submit 1", "00:30", 10),
    ] {
        let what = kind.split_whitespace().next().unwrap();
        let first = if kind.ends_with('2') { "1" } else { "" };
        let before = if first.is_empty() {
            kind.to_owned()
        } else {
            format!("{what} {first}")
        };
        let told = format!("2026-01-01 08:00:00 {before}\n2026-01-01 08:{second} {kind}");
        let plan = format!("@open a\n@pays a 5 {what}\nrepeat = 'always'");
        check(&plan, &told, "2026-01-03", &format!("a {expected}"));
    }
}

const SUBMITS: &str = "
    # The clock of Berlin goes back on 25 October, a Sunday: the day has 25 hours.
    2026-10-24 21:59 form.submit 1
    2026-10-24 22:00 form.submit 1
    2026-10-25 22:59 form.submit 1
    2026-10-25 23:00 form.submit 1
    2026-10-31 22:59 form.submit 1
    2026-10-31 23:00 form.submit 1";

/// Limits of a rule of 10 points, and what is left of six payments.
#[test]
fn limits_of_rules_follow_the_calendar_and_the_clock() {
    for (limit, expected) in [
        ("{ points = 10, per = 'day' }", 50),
        ("{ points = 15, per = 'day' }", 55),
        ("{ points = 10, per = 'week' }", 20),
        ("{ points = 10, per = 'month' }", 20),
        ("{ points = 25, per = 'year' }", 25),
        ("{ points = 35, per = 'ever' }", 35),
        // Exactly that long ago is out of the window.
        ("{ points = 10, within = '1 minute' }", 60),
        ("{ points = 10, within = '61 seconds' }", 30),
        ("{ points = 10, within = '25 hours' }", 30),
        ("{ points = 20, within = '7 days' }", 40),
        (
            "[{ points = 10, per = 'day' }, { points = 30, per = 'ever' }]",
            30,
        ),
        (
            "[{ points = 30, per = 'ever' }, { points = 10, per = 'day' }]",
            30,
        ),
    ] {
        let head = "time_zone = 'Europe/Berlin'\n@open a\n";
        let rule = "@pays a 10 form.submit\nrepeat = 'always'\n";
        let of_rule = format!("{head}{rule}limit = {limit}");
        check(&of_rule, SUBMITS, "2027-02-01", &format!("a {expected}"));
        let of_topic = format!("{head}limit = {limit}\n{rule}");
        check(&of_topic, SUBMITS, "2027-02-01", &format!("a {expected}"));
    }
}

#[test]
fn a_day_that_is_an_hour_short_has_one_limit() {
    let plan = "time_zone = 'Europe/Berlin'\n@open a\n@pays a 10 form.submit\nrepeat = 'always'\n\
                limit = { points = 10, per = 'day' }";
    let told = "
        2026-03-28 22:59 form.submit
        2026-03-28 23:00 form.submit
        2026-03-29 21:59 form.submit
        2026-03-29 22:00 form.submit";
    check(plan, told, "2026-04-01", "a 30");
}

#[test]
fn a_rules_limit_is_before_weights_and_a_topics_after() {
    let rule = "[[point_action]]\nname = 'x'\nkind = 'form.submit'\npoints = 10\n\
                repeat = 'always'\ntopics = { a = 2, b = 0.5 }\n";
    let told = "2026-01-01 08:00 form.submit\n2026-01-01 08:01 form.submit\n2026-01-01 08:02 url.hit https://x";
    for (topic, limit, expected) in [
        ("", "", "a 40, b 10"),
        ("", "limit = { points = 15, per = 'day' }", "a 30, b 8"),
        ("limit = { points = 15, per = 'day' }", "", "a 15, b 10"),
    ] {
        let plan = format!("@open a\n{topic}\n@open b\n{rule}{limit}");
        check(&plan, told, "2026-01-03", expected);
    }
    // All rules share a topic's limit, negative points make no room and are not limited.
    let shared = "@open a\nlimit = { points = 15, per = 'day' }\n\
        @pays a 10 form.submit\nrepeat = 'always'\n@pays a -4 url.hit\n@pays a 10 url.hit";
    check(shared, told, "2026-01-03", "a 11");
}

#[test]
fn weights_and_totals_round_at_the_end() {
    let rule = |weights: &str, points: i32| {
        format!(
            "[[point_action]]\nname = 'x{points}'\nkind = 'form.submit'\npoints = {points}\ntopics = {weights}\n"
        )
    };
    let told = "2026-01-01 08:00 form.submit";
    for (rules, expected) in [
        (rule("{ a = 0.5, b = 1.5 }", 5), "a 3, b 8, t 10"),
        (rule("{ a = -0.5, b = -1.5 }", 5), "a -3, b -8, t -10"),
        // Halves of one topic add up before rounding; a total sees rounded parts.
        (
            rule("{ a = 0.5 }", 1) + &rule("{ a = 0.5 }", 3),
            "a 2, b 0, t 2",
        ),
        (rule("{ a = 0.333 }", 1), "a 0, b 0, t 0"),
        (rule("{ a = 0.001 }", 500), "a 1, b 0, t 1"),
        (rule("{ a = 1, t = 1 }", 7), "a 7, b 0, t 14"),
    ] {
        let plan = format!("@open t\nsum_of = {{ a = 1, b = 0.9 }}\n@open a\n@open b\n{rules}");
        let found = expected.split(", ").collect::<Vec<_>>();
        let expected = [found[2], found[0], found[1]].join(", ");
        check(&plan, told, "2026-01-03", &expected);
    }
}

#[test]
fn totals_count_scores_within_their_range_and_totals_of_totals() {
    let plan = "
        @topic all
        sum_of = ['half', 'b']
        @topic half
        ceiling = 30
        sum_of = { a = 0.5, b = 1 }
        @topic a
        ceiling = 20
        @topic b
        @pays a 50 form.submit
        @pays b -5 form.submit
        @pays b 7 url.hit
        @pays all 1 url.hit";
    check(
        plan,
        "2026-01-01 08:00 form.submit",
        "2026-01-03",
        "all 10, half 10, a 20, b 0",
    );
    let told = "2026-01-01 08:00 form.submit\n2026-01-01 08:00 url.hit https://x";
    check(plan, told, "2026-01-03", "all 15, half 12, a 20, b 2");
}
