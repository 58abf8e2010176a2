//! Random plans, as text, and random histories.

use super::plan;
use crate::domain::{
    Activity, ActivityKey, ActivityKind, Attributes, ContactId, Profile, Snapshot,
};
use crate::plan::Compiled;
use jiff::{SignedDuration, Timestamp};
use proptest::{prelude::*, sample::select};

/// Minutes after the beginning of 2026.
pub(super) fn minute(minutes: i64) -> Timestamp {
    super::at("2026-01-01") + SignedDuration::from_mins(minutes)
}

/// The last minute at which something is done.
pub(super) const LAST: i64 = 60 * 24 * 60;

/// What plans may have.
#[allow(
    clippy::struct_excessive_bools,
    reason = "each says by its name what a law leaves out"
)]
#[derive(Debug, Clone, Copy)]
pub(super) struct May {
    pub(super) limits: bool,
    pub(super) topic_limits: bool,
    pub(super) stages: bool,
    pub(super) silence: bool,
    pub(super) profile: bool,
    pub(super) totals: bool,
    /// Points that end at once.
    pub(super) expiry: bool,
    pub(super) follow: bool,
}

impl May {
    pub(super) const ALL: Self = Self {
        limits: true,
        topic_limits: true,
        stages: true,
        silence: true,
        profile: true,
        totals: true,
        expiry: true,
        follow: true,
    };
}

/// Some text, or none.
fn part(allowed: bool, choices: &'static [&'static str]) -> BoxedStrategy<String> {
    if !allowed {
        return Just(String::new()).boxed();
    }
    prop_oneof![Just(""), select(choices)]
        .prop_map(|text| format!("{text}\n"))
        .boxed()
}

const DECAY: &[&str] = &[
    "decay = { half_life = 3 }",
    "decay = { linear = 7 }",
    "decay = { half_life = 30 }",
];
const ENDING: &[&str] = &[
    "decay = { half_life = 3 }",
    "decay = { linear = 7 }",
    "decay = { expires = 5 }",
    "decay = { expires = 20 }",
];
const LIMIT: &[&str] = &[
    "limit = { points = 30, per = 'day' }",
    "limit = { points = 50, within = '3 days' }",
    "limit = [{ points = 25, within = '1 hour' }, { points = 90, per = 'ever' }]",
];

fn decay(may: May) -> BoxedStrategy<String> {
    part(true, if may.expiry { ENDING } else { DECAY })
}

fn topic(may: May, key: &'static str) -> impl Strategy<Value = String> {
    let scale = part(
        true,
        &[
            "floor = 'none'\nceiling = 'none'",
            "floor = -20\nceiling = 60",
        ],
    );
    let stages = part(
        may.stages,
        &[
            "stages = { reset = 'any' }",
            "stages = { reset = [1], carry = 40 }",
            "stages = { reset = [2], carry = 100 }",
        ],
    );
    let bands = part(
        may.follow,
        &[
            "bands = [{ name = 'c', from = 0 }, { name = 'h', from = 30 }]",
            "bands = [{ name = 'c', from = 0 }, { name = 'w', from = 15 }, { name = 'h', from = 30 }]\nband_hysteresis = 8",
            "bands = [{ name = 'c', from = 0 }, { name = 'w', from = 15 }, { name = 'h', from = 30 }]\nband_hysteresis = 4\nband_dwell = '2 days'",
        ],
    );
    let limit = part(may.topic_limits, LIMIT);
    (scale, decay(may), stages, bands, limit).prop_map(
        move |(scale, decay, stages, bands, limit)| {
            format!("[[topic]]\nkey = '{key}'\n{scale}{decay}{stages}{bands}{limit}")
        },
    )
}

fn rule(may: May) -> impl Strategy<Value = String> {
    let kinds = select(vec![
        "url.hit",
        "email.open",
        "form.submit",
        "email.click",
        "stage.enter",
    ]);
    let points = prop_oneof![1..40_i32, 1..40_i32, 1..40_i32, -20..0_i32];
    let pays = select(vec![
        "topic = 'a'",
        "topic = 'b'",
        "topic = 't'",
        "topics = { a = 1, b = 0.5 }",
        "topics = { a = 0.333, t = 1 }",
    ]);
    let repeat = select(vec!["once", "per-item", "always", "always"]);
    let more = part(
        true,
        &[
            "cooldown = '6 hours'",
            "diminishing = [100, 55, 10]",
            "since = 2026-01-10",
        ],
    );
    (kinds, points, pays, repeat, more, part(may.limits, LIMIT), decay(may)).prop_map(
        |(kind, points, pays, repeat, more, limit, decay)| {
            // What goes without saying would be told as a doubt only: nothing is refused.
            format!(
                "kind = '{kind}'\npoints = {points}\n{pays}\nrepeat = '{repeat}'\n{more}{limit}{decay}"
            )
        },
    )
}

fn follow(may: May) -> BoxedStrategy<String> {
    if !may.follow {
        return Just(String::new()).boxed();
    }
    let when = select(vec![
        "topic = 'a'\nat = 20\n",
        "when = { topic = 't', at_least = 30 }\n",
        "when = { all = [{ topic = 'a', at_least = 10 }, { not = { topic = 'b', at_least = 25 } }] }\n",
    ]);
    let how = select(vec![
        "",
        "repeat = 'always'\n",
        "rearm = { topic = 'a', below = 8 }\n",
        "repeat = 'always'\ndwell = '1 day'\n",
        "repeat = 'always'\non = 'falling'\n",
    ]);
    let trigger = (when, how)
        .prop_map(|(when, how)| format!("{when}{how}"))
        .boxed();
    let segment = select(vec![
        "",
        "[[segment]]\nsegment = 1\ntopic = 'a'\nenter = 25\nleave = 12\n",
        "[[segment]]\nsegment = 1\nwhen = { any = [{ topic = 'a', below = 9 }, { topic = 't', at_least = 40 }] }\n",
    ]);
    (prop::collection::vec(trigger, 0..3), segment)
        .prop_map(|(triggers, segment)| {
            let named = |(index, text): (usize, &String)| {
                format!("[[trigger]]\nname = 't{index}'\n{text}add_tags = ['x']\n")
            };
            let triggers: String = triggers.iter().enumerate().map(named).collect();
            triggers + segment
        })
        .boxed()
}

/// The text of a plan in UTC, its rules `r0`, `r1`, ….
pub(super) fn plans(may: May) -> impl Strategy<Value = String> {
    let total = part(
        may.totals,
        &["sum_of = { a = 1, b = -0.5 }", "sum_of = ['a', 'b']"],
    );
    let topics = (topic(may, "a"), topic(may, "b"), topic(may, "t"), total);
    let rules = prop::collection::vec(rule(may), 1..6);
    let silence = part(
        may.silence,
        &[
            "[[inactivity_rule]]\nname = 's'\ntopic = 'a'\nafter_days = 4\npoints = -7",
            "[[inactivity_rule]]\nname = 's'\ntopics = { b = 0.5 }\nkinds = ['url.hit']\nsteps = [{ after_days = 2, points = -7 }, { after_days = 9, points = -30 }]",
        ],
    );
    let profile = part(
        may.profile,
        &[
            "[[profile_rule]]\nname = 'p'\ntopics = { a = 1, b = 0.5 }\npoints = 15\nwhen = { field = 'city', is = 'Berlin' }",
            "[[profile_rule]]\nname = 'p'\ntopic = 'b'\npoints = -15\nwhen = { field = 'end', at_most = 'today + 10 days' }",
        ],
    );
    (topics, rules, silence, profile, follow(may)).prop_map(
        |((a, b, t, total), rules, silence, profile, follow)| {
            let named = |(index, rule): (usize, &String)| {
                format!("[[point_action]]\nname = 'r{index}'\n{rule}")
            };
            let rules: String = rules.iter().enumerate().map(named).collect();
            format!("{a}{b}{t}{total}{rules}{silence}{profile}{follow}")
        },
    )
}

/// A plan's text, bound.
pub(super) fn bound(text: &str) -> Compiled {
    plan(text)
}

fn activity() -> impl Strategy<Value = Activity> {
    let kinds = select(vec![
        ActivityKind::UrlHit,
        ActivityKind::UrlHit,
        ActivityKind::EmailOpen,
        ActivityKind::EmailClick,
        ActivityKind::EmailSend,
        ActivityKind::FormSubmit,
        ActivityKind::StageEnter,
    ]);
    // Some at the same moment, some at the tick.
    let minutes = prop_oneof![0..LAST, (0..60_i64).prop_map(|day| day * 24 * 60 + 180)];
    (kinds, 1..300_u64, minutes, 1..3_u32, 1..4_u32).prop_map(|(kind, id, at, object, url)| {
        Activity {
            key: ActivityKey(format!("hit:{id}")),
            contact: ContactId(1),
            at: minute(at),
            kind,
            object: (kind != ActivityKind::UrlHit).then_some(object),
            url: Some(format!("https://x/{url}")),
            attributes: Attributes::new(),
        }
    })
}

/// Histories whose activities have different keys, as the journal guarantees.
pub(super) fn histories() -> impl Strategy<Value = Snapshot> {
    let activities = prop::collection::vec(activity(), 0..30);
    (activities, any::<bool>(), 0..90_i64).prop_map(|(mut activities, known, end)| {
        activities.sort_by(|a, b| a.key.cmp(&b.key));
        activities.dedup_by(|a, b| a.key == b.key);
        activities.sort_by_key(|activity| activity.at);
        let mut history = Snapshot::of(ContactId(1));
        history.activities = activities;
        if known {
            let mut profile = Profile::unknown(ContactId(1), minute(0));
            profile.added_at = Some(minute(-3000));
            profile.fields.insert("city".into(), "BERLIN".into());
            let end = minute(end * 24 * 60).to_string();
            profile.fields.insert("end".into(), end[..10].to_owned());
            history.profile = Some(profile);
        }
        history
    })
}
