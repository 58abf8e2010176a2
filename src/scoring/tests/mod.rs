//! Tests of the engine: tables of plans and histories as text, and laws that hold for all of them.
#![allow(clippy::unwrap_used, reason = "tests may fail loudly")]

mod explained;
mod gist;
mod given;
mod laws;
mod machines;
mod options;
mod pays;
mod random;
mod segments;
mod stages;
mod time;
mod triggers;

use super::{Evaluation, evaluate};
use crate::domain::{
    Activity, ActivityKey, Attributes, ContactId, Fired, Profile, SegmentId, Snapshot,
};
use crate::plan::{Catalog, Compiled, Named, Plan, compile};
use jiff::{Timestamp, civil, tz::TimeZone};

/// A plan of a text with short forms: `@topic a` (0 to 100), `@open a` (any score) and
/// `@pays a 5 url.hit`, a rule `r1`, `r2`, … Keys of each follow on the next lines.
fn plan(text: &str) -> Compiled {
    let (mut full, mut rules) = (String::from("format = 1\n"), 0);
    for line in text.lines().map(str::trim) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let line = match words[..] {
            ["@topic", key] => format!("[[topic]]\nkey = '{key}'"),
            ["@open", key] => {
                format!("[[topic]]\nkey = '{key}'\nfloor = 'none'\nceiling = 'none'")
            }
            ["@pays", topic, points, kind] => {
                rules += 1;
                format!(
                    "[[point_action]]\nname = 'r{rules}'\ntopic = '{topic}'\npoints = {points}\nkind = '{kind}'"
                )
            }
            _ => line.to_owned(),
        };
        full.push_str(&line);
        full.push('\n');
    }
    let parsed = Plan::parse("plan.toml", &full);
    let (plan, _) = parsed.unwrap_or_else(|findings| panic!("{findings:?}\n{full}"));
    compile(&plan, &catalog()).unwrap_or_else(|findings| panic!("{findings:?}\n{full}"))
}

fn catalog() -> Catalog {
    let named = |things: &[(u32, &str)]| -> Vec<Named> {
        let named = |(id, name): &(u32, &str)| Named {
            id: *id,
            name: (*name).to_owned(),
        };
        things.iter().map(named).collect()
    };
    Catalog {
        groups: named(&[(1, "One"), (2, "Two")]),
        segments: named(&[(1, "In"), (2, "Out"), (3, "Asked")]),
        emails: named(&[(1, "Mail"), (2, "Other mail")]),
        pages: named(&[(1, "Page"), (2, "Variant")]),
        forms: named(&[(1, "Form"), (2, "Other form")]),
        assets: named(&[(1, "Guide")]),
        messages: named(&[(1, "Text")]),
        stages: named(&[(1, "Lead"), (2, "Customer")]),
        campaigns: named(&[(1, "Campaign")]),
        users: named(&[(1, "ann")]),
        page_variants: [(2, 1)].into(),
        ..Catalog::default()
    }
}

/// A moment: `2026-01-31` (midnight), `2026-01-31 08:00`, `2026-01-31 08:00:01`; UTC.
fn at(text: &str) -> Timestamp {
    let text = text.trim();
    let local = match text.len() {
        10 => format!("{text} 00:00:00"),
        16 => format!("{text}:00"),
        _ => text.to_owned(),
    };
    let local: civil::DateTime = local.parse().unwrap_or_else(|_| panic!("moment {text}"));
    local.to_zoned(TimeZone::UTC).unwrap().timestamp()
}

/// A contact's activities, one a line: `2026-01-31 08:00 url.hit https://x left_at=…`. Words: a
/// number is the object, `key=…` the natural key (default: by line), `by=…` who did it, others
/// with `=` attributes, else the URL. Blank lines and `#` are left out.
fn history(text: &str) -> Snapshot {
    let mut history = Snapshot::of(ContactId(1));
    let lines = text.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    for (number, line) in lines.enumerate() {
        let mut words = line.split_whitespace();
        let (day, time) = (words.next().unwrap(), words.next().unwrap());
        let kind = words.next().unwrap();
        let mut activity = Activity {
            key: ActivityKey(format!("hit:{}", number + 1)),
            contact: ContactId(1),
            at: at(&format!("{day} {time}")),
            kind: kind.parse().unwrap_or_else(|()| panic!("kind {kind}")),
            object: None,
            url: None,
            attributes: Attributes::new(),
        };
        for word in words {
            match word.split_once('=') {
                _ if word.starts_with("http") => activity.url = Some(word.to_owned()),
                Some(("key", key)) => activity.key = ActivityKey(key.to_owned()),
                Some(("by", contact)) => {
                    let by = ContactId(contact.parse().unwrap());
                    history.done_by.insert(activity.key.clone(), by);
                }
                Some((name, value)) => {
                    let value = value.replace('_', " ");
                    activity.attributes.insert(name.to_owned(), value);
                }
                None => activity.object = Some(word.parse().unwrap()),
            }
        }
        history.activities.push(activity);
    }
    history
}

/// All scores, as `a 5, b 10`.
fn scores(plan: &Compiled, evaluation: &Evaluation<'_>) -> String {
    let each = plan.topics.iter().zip(&evaluation.topics);
    let each = each.map(|(topic, evaluated)| format!("{} {}", topic.key, evaluated.score));
    each.collect::<Vec<_>>().join(", ")
}

/// Checks all scores at a moment.
#[track_caller]
fn check(text: &str, told: &str, now: &str, expected: &str) {
    check_of(&plan(text), &history(told), now, expected);
}

#[track_caller]
fn check_of(plan: &Compiled, history: &Snapshot, now: &str, expected: &str) {
    let evaluation = evaluate(plan, history, at(now));
    let found = scores(plan, &evaluation);
    assert_eq!(found, expected, "at {now}, of {:#?}", evaluation.topics);
}

/// Checks the scores of one history at several moments.
#[track_caller]
fn course(text: &str, told: &str, expected: &[(&str, &str)]) {
    let (plan, history) = (plan(text), history(told));
    for (now, scores) in expected {
        check_of(&plan, &history, now, scores);
    }
}

/// A contact of whom Mautic shows some fields.
fn profile(fields: &[(&str, &str)]) -> Profile {
    let mut profile = Profile::unknown(ContactId(1), at("2026-01-01"));
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    profile.fields = fields.iter().map(owned).collect();
    profile
}

/// What a store keeps after an evaluation: firings and rearmed triggers.
fn keep(history: &mut Snapshot, evaluation: &Evaluation<'_>) {
    for firing in &evaluation.decision.firings {
        let fired = Fired {
            crossed_at: firing.crossed_at,
            rearmed_at: None,
        };
        history.fired.insert(firing.trigger.clone(), fired);
    }
    for (trigger, moment) in &evaluation.decision.rearmed {
        if let Some(fired) = history.fired.get_mut(trigger) {
            fired.rearmed_at.get_or_insert(*moment);
        }
    }
}

/// Whether the contact should be in a segment.
fn inside(evaluation: &Evaluation<'_>, segment: u32) -> bool {
    evaluation.decision.segments[&SegmentId(segment)].0
}
