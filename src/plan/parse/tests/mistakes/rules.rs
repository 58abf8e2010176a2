//! Mistakes in rules.

use super::told;

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
    15:15 error: point_action has no key "deep" (one of: accumulative_time, assets, campaigns, cooldown, decay, diminishing, emails, first_time, forms, key, kind, limit, made_at, mautic, messages, name, page_hits, pages, points, repeat, …)

    'url.hit'
    cooldown = '1 hour'
    diminishing = [50]
    15:12 warning: `cooldown` does nothing: the rule pays once (add `repeat = "always"`, or remove it)
    16:15 warning: `diminishing` does nothing: the rule pays once (add `repeat = "always"`, or remove it)

    'url.hit'
    repeat = 'always'
    cooldown = 60
    diminishing = [1001, 'x']
    16:12 error: `cooldown` must be a length of time, but is a whole number (write a number and a unit such as "30 minutes", "2 hours", "3 days")
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
    17:21 error: `accumulative_time` is 0, but must be from 1 to 9223372036854775807 (write a number of seconds, or a text such as "1 hour")

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
