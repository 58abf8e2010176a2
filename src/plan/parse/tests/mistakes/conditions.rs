//! Mistakes in conditions.

use super::told;

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
    14:31 error: a time of day is no date (write a number, a date such as 2026-01-31, or a text in quotes)

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
