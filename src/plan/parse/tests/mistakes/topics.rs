//! Mistakes in topics and `[machine]`.

use super::told;

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
        "adopt_actions = [2]",
        "group = 3\nadopt_actions = []",
        "group = 3\nadopt_actions = [2, 0, 2, 'x']",
        "group = 3\nadopt_actions = [2, 7]\n[[point_action]]\nname = 'n'\nmautic = 7\ntopic = 'a'\npoints = 1\nkind = 'url.hit'",
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

    adopt_actions = [2]
    10:17 error: this topic has no group that Mautic's actions could have paid into (add `group`, or remove `adopt_actions`)

    group = 3
    adopt_actions = []
    11:17 error: the list `adopt_actions` is empty (write a list of ids of Mautic's own point actions: [2, 9])

    group = 3
    adopt_actions = [2, 0, 2, 'x']
    11:21 error: `adopt_actions` is 0, but must be from 1 to 4294967295 (write a list of ids of Mautic's own point actions: [2, 9])
    11:24 error: this one is listed twice (remove one of them)
    11:27 error: `adopt_actions` must be a whole number, but is a text (write a list of ids of Mautic's own point actions: [2, 9])

    group = 3
    adopt_actions = [2, 7]
    [[point_action]]
    name = 'n'
    mautic = 7
    topic = 'a'
    points = 1
    kind = 'url.hit'
    11:21 warning: a rule stands for this action, so that its logged points don't count (take it out of `adopt_actions`, or remove the rule)

    main_points = 1
    10:15 error: `main_points` must be true or false, but is a whole number (write `main_points = true` (computed and shown) or "write", or leave it out)

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
