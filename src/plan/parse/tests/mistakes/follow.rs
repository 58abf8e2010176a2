//! Mistakes in what follows from scores.

use super::told;

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
