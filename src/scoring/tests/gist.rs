//! Nothing follows from what the scorer does not read.

use super::at;
use super::random::bound;
use crate::domain::{
    Activity, ActivityKey, ActivityKind, Attributes, ContactId, Merge, Snapshot, attribute,
};
use crate::plan::Compiled;
use crate::scoring::{Evaluation, Gist, evaluate};
use jiff::{SignedDuration, Timestamp};
use proptest::{prelude::*, sample::select, sample::subsequence};
use std::sync::Arc;

/// Parts of plans; most rules ask for little of what is done.
const TOPICS: [&str; 3] = [
    "[[topic]]\nkey = 'a'\nfloor = 'none'\n[[topic]]\nkey = 'b'\n",
    "[[topic]]\nkey = 'a'\ndecay = { half_life = 2 }\nstages = { reset = 'any', carry = 50 }\n[[topic]]\nkey = 'b'\nfloor = 'none'\nstages = { reset = [1] }\n",
    "[[topic]]\nkey = 'a'\nmain_points = true\nfloor = 'none'\nlimit = { points = 9, per = 'day' }\n[[topic]]\nkey = 'b'\ngroup = 'One'\nfloor = 'none'\n",
];
const RULES: [&str; 10] = [
    "topic = 'a'\nkind = 'url.hit'\npoints = 5\nrepeat = 'always'\nurl = 'https://x/1*'",
    "topic = 'a'\nkind = 'url.hit'\npoints = 3\nrepeat = 'always'\nurl = 'https://x/2*'\npage_hits = 2\naccumulative_time = '1 minute'",
    "topic = 'b'\nkind = 'url.hit'\npoints = 2\nrepeat = 'always'\nurl = 'https://x/1*'\nreturns_after = '1 hour'",
    "topic = 'b'\nkind = 'page.hit'\npoints = 4\nrepeat = 'always'\nsince = 2026-01-02",
    "topic = 'a'\nkind = 'page.hit'\npoints = 4\nrepeat = 'once'\npages = ['Page']",
    "topic = 'a'\nkind = 'email.open'\npoints = 7\nrepeat = 'always'\nemails = ['Mail']\ndecay = { expires = 2 }",
    "topic = 'b'\nkind = 'email.click'\npoints = 6\nrepeat = 'per-item'",
    "topic = 'a'\nkind = 'segment.enter'\npoints = 8\nrepeat = 'always'\nsince = 2026-01-02",
    "topic = 'a'\nkind = 'form.submit'\npoints = 9\nrepeat = 'always'\ncooldown = '1 hour'",
    "topic = 'b'\nkind = 'page.hit'\npoints = 1\nrepeat = 'always'\nwhen = { attribute = 'title', contains = 'price' }",
];
const SILENCES: [&str; 4] = [
    "",
    "topic = 'a'\nafter_days = 1\npoints = -7",
    "topic = 'b'\nkinds = ['url.hit', 'email.open']\nsteps = [{ after_days = 1, points = -7 }, { after_days = 2, points = -30 }]",
    "topics = { a = 1, b = 0.5 }\nkinds = ['page.hit']\nafter_days = 2\npoints = 4",
];
const FOLLOWS: [&str; 2] = [
    "",
    "[[trigger]]\nname = 't'\ntopic = 'a'\nat = 5\nrepeat = 'always'\nadd_tags = ['x']\n[[segment]]\nsegment = 1\ntopic = 'a'\nenter = 8\nleave = 2\n",
];

fn plans() -> impl Strategy<Value = String> {
    let rules = subsequence(RULES.to_vec(), 0..5);
    let how = select(vec!["", "behaviour = 'mautic'\n"]);
    let silences = subsequence(SILENCES.to_vec(), 0..3);
    let parts = (
        how,
        select(TOPICS.to_vec()),
        rules,
        silences,
        select(FOLLOWS.to_vec()),
    );
    parts.prop_map(|(how, topics, rules, silences, follow)| {
        let table = |kind: &str, texts: &[&str]| {
            let texts = texts
                .iter()
                .enumerate()
                .filter(|(_, text)| !text.is_empty());
            texts
                .map(|(index, text)| format!("[[{kind}]]\nname = '{kind}{index}'\n{text}\n"))
                .collect::<String>()
        };
        let (rules, silences) = (
            table("point_action", &rules),
            table("inactivity_rule", &silences),
        );
        format!("{how}{topics}{rules}{silences}{follow}")
    })
}

fn moments() -> impl Strategy<Value = i64> {
    const DAY: i64 = 24 * 60 * 60;
    // Within minutes, about midnight and the tick, and days apart.
    let dense = 0..1800_i64;
    let near = (0..6_i64, -90..90_i64).prop_map(|(day, second)| day * DAY + second);
    let tick = (0..6_i64, -90..90_i64).prop_map(|(day, second)| day * DAY + 3 * 3600 + second);
    prop_oneof![3 => dense, 2 => near, 1 => tick, 2 => 0..7 * DAY]
}

fn activities() -> impl Strategy<Value = (Activity, ContactId)> {
    use ActivityKind::{
        AssetDownload, EmailClick, EmailOpen, EmailSend, FormSubmit, PageHit, SegmentEnter,
        StageEnter, UrlHit, VideoPlay,
    };
    let kinds = prop_oneof![
        12 => select(vec![UrlHit, PageHit]),
        4 => select(vec![EmailOpen, VideoPlay, AssetDownload, EmailClick]),
        1 => select(vec![EmailSend, FormSubmit, StageEnter, SegmentEnter]),
    ];
    let urls = select(vec!["1", "2", "3", "3", "3?ct=abc", "1?ct=abc"]);
    let agents = select(vec!["", "Mozilla/5.0", "Firefox", "Firefox", "curl/8"]);
    let titles = select(vec!["", "prices", "other"]);
    let codes = select(vec!["", "200", "404"]);
    let stays = select(vec![None, Some(0), Some(40), Some(400)]);
    let told = (urls, agents, titles, codes, stays, 1..4_u32);
    (kinds, moments(), 1..3_u32, told).prop_map(|(kind, second, object, told)| {
        let (url, agent, title, code, stay, by) = told;
        let at = at("2026-01-01") + SignedDuration::from_secs(second);
        let left = stay.map(|stay| (at + SignedDuration::from_secs(stay)).to_string());
        let attributes = [
            (attribute::USER_AGENT, agent),
            (attribute::TITLE, title),
            (attribute::CODE, code),
            (attribute::LEFT_AT, left.as_deref().unwrap_or("")),
            (attribute::REFERER, "https://elsewhere"),
        ];
        let given = attributes
            .into_iter()
            .filter(|(_, value)| !value.is_empty());
        let activity = Activity {
            key: ActivityKey(String::new()),
            contact: ContactId(1),
            at,
            kind,
            object: (!matches!(kind, UrlHit | VideoPlay)).then_some(object),
            url: Some(format!("https://x/{url}")),
            attributes: given
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect::<Attributes>(),
        };
        (activity, ContactId(by))
    })
}

/// As a journal tells them: by time and key.
fn histories() -> impl Strategy<Value = Snapshot> {
    let merges = prop::collection::vec(moments(), 2);
    let activities = prop::collection::vec(activities(), 0..60);
    (activities, merges).prop_map(|(activities, merges)| {
        let mut history = Snapshot::of(ContactId(1));
        for ((mut activity, by), number) in activities.into_iter().zip(1_u64..) {
            activity.key = match activity.kind {
                // Some are opens of a sending.
                ActivityKind::EmailOpen => ActivityKey(format!("open:{}:{number}", number % 7)),
                ActivityKind::EmailSend => ActivityKey::send(&number.to_string()),
                ActivityKind::FormSubmit => ActivityKey::submission(number),
                ActivityKind::StageEnter => ActivityKey::stage(number),
                ActivityKind::VideoPlay => ActivityKey::video(number),
                ActivityKind::AssetDownload => ActivityKey::download(number),
                ActivityKind::SegmentEnter => ActivityKey(format!("segment:1:1:{number}")),
                _ => ActivityKey::hit(number),
            };
            if by != history.contact {
                history.done_by.insert(activity.key.clone(), by);
            }
            history.activities.push(activity);
        }
        let order = |one: &Activity| (one.at, one.key.clone());
        history.activities.sort_by_key(order);
        history.merges = (2..)
            .zip(merges)
            .map(|(loser, second)| Merge {
                at: at("2026-01-01") + SignedDuration::from_secs(second),
                loser: ContactId(loser),
                winner: ContactId(1),
            })
            .collect();
        history.merges.sort();
        history
    })
}

fn gist(plan: &Compiled, history: &Snapshot) -> Snapshot {
    let gist = Gist::of(Arc::new(plan.clone()));
    let mut read = Snapshot {
        activities: Vec::new(),
        ..history.clone()
    };
    for activity in &history.activities {
        gist.add(&mut read.activities, activity.clone());
    }
    read
}

/// All that is kept or shown of an evaluation, but for attributes.
fn told(evaluation: &Evaluation<'_>) -> String {
    let topics = evaluation.topics.iter().map(|topic| {
        let parts = topic.contributions.iter();
        let parts = parts.map(|one| (one.rule, one.points, one.from, one.until, one.worth));
        let (sum, score, band) = (topic.sum, topic.score, topic.band);
        (
            sum,
            score,
            band,
            topic.next_change,
            parts.collect::<Vec<_>>(),
        )
    });
    let topics: Vec<_> = topics.collect();
    let (decision, next) = (&evaluation.decision, evaluation.next_change);
    format!("{topics:#?} {:?} {decision:?} {next:?}", evaluation.grades)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn scores_follow_from_the_gist(text in plans(), history in histories(), now in moments()) {
        let plan = bound(&text);
        let read = gist(&plan, &history);
        let now = at("2026-01-02") + SignedDuration::from_secs(now);
        for now in [now, at("2026-01-20")] {
            let (whole, part) = (evaluate(&plan, &history, now), evaluate(&plan, &read, now));
            prop_assert_eq!(told(&part), told(&whole), "{}", text);
        }
    }
}

/// So many of 1000 hits, one a minute, are kept by a plan.
#[test]
fn little_is_kept_of_what_nobody_asks_for() {
    let hits = |url: &str| -> Snapshot {
        let mut history = super::history("");
        for minute in 0..1000 {
            let day = at("2026-01-01") + SignedDuration::from_mins(minute);
            let told = format!(
                "{} url.hit https://x/{url} title=Prices referer=r",
                moment(day)
            );
            let mut one = super::history(&told).activities;
            one[0].key = ActivityKey::hit(minute.unsigned_abs());
            history.activities.append(&mut one);
        }
        history
    };
    let pays = "@topic a\n@pays a 5 url.hit\nurl = 'https://x/shop'";
    let silent = "[[inactivity_rule]]\nname = 's'\ntopic = 'a'\nafter_days = 1\npoints = -1";
    for (plan, url, kept) in [
        ("@topic a".to_owned(), "shop", 1),
        (pays.to_owned(), "other", 1),
        (pays.to_owned(), "shop", 1000),
        // The first and the last of a day.
        (format!("{pays}\n{silent}"), "other", 2),
        // Without an option of Mautic's nothing counts hits.
        (format!("behaviour = 'mautic'\n{pays}"), "other", 1),
        (
            format!("behaviour = 'mautic'\n{pays}\npage_hits = 2"),
            "other",
            1000,
        ),
    ] {
        let read = gist(&super::plan(&plan), &hits(url));
        assert_eq!(read.activities.len(), kept, "{plan} {url}");
        let told = read.activities.iter().all(|one| one.attributes.is_empty());
        assert!(told, "nobody asks for titles and referrers");
    }
}

fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M").to_string()
}
