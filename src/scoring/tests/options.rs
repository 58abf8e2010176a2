//! Mautic's options of `url.hit` as meant and as Mautic counts, and other differences.

use super::{at, check, check_of, history, plan};
use crate::domain::{
    Activity, ActivityKey, ActivityKind, Attributes, ContactId, GroupId, LedgerRow, Merge,
    PointsLogRow, Snapshot, attribute,
};
use crate::scoring::evaluate;
use jiff::{SignedDuration, Timestamp};
use proptest::{prelude::*, sample::select};
use std::time::Instant;

const HITS: &str = "
    2026-01-01 08:00 url.hit https://other
    2026-01-01 09:00 url.hit https://shop/a left_at=2026-01-01T09:02:00Z
    2026-01-01 10:00 url.hit https://shop/b left_at=2026-01-01T10:03:00Z
    2026-01-01 12:00 url.hit https://shop/a
    2026-01-02 12:00 url.hit https://shop/a";

/// What 10 points for a hit of the shop give: as meant, and as Mautic counts.
#[test]
fn url_options_as_meant_and_as_mautic_counts() {
    for (option, corrected, mautic) in [
        ("", 40, 40),
        ("page_hits = 3", 20, 20),
        // Mautic has noted the current hit when it asks whether it is the first.
        ("first_time = true", 10, 0),
        // As meant: since the last hit of the shop. Mautic: since the very first hit of all.
        ("returns_within = '1 hour'", 10, 10),
        ("returns_within = '2 hours'", 20, 20),
        ("returns_after = '2 hours'", 20, 30),
        ("returns_after = '1 day'", 10, 10),
        // 2 and 3 minutes of stay; as meant before the hit, and so for Mautic.
        ("accumulative_time = '2 minutes'", 30, 30),
        ("accumulative_time = '5 minutes'", 20, 20),
        ("accumulative_time = '6 minutes'", 0, 0),
    ] {
        for (behaviour, expected) in [("corrected", corrected), ("mautic", mautic)] {
            let text = format!(
                "behaviour = '{behaviour}'\n@open a\n@pays a 10 url.hit\nrepeat = 'always'\nurl = 'https://shop/*'\n{option}"
            );
            let plan = plan(&text);
            let found = evaluate(&plan, &history(HITS), at("2026-01-03")).topics[0].score;
            assert_eq!(found, expected, "{option} {behaviour}");
        }
    }
}

/// What 10 points are worth as meant, and as Mautic counts.
#[test]
fn other_differences() {
    for (rule, told, corrected, mautic) in [
        (
            "page.hit",
            "2026-01-01 08:00 page.hit 1 https://x/p code=404",
            0,
            10,
        ),
        (
            "page.hit",
            "2026-01-01 08:00 page.hit 1 https://x/p code=200",
            10,
            10,
        ),
        (
            "asset.download",
            "2026-01-01 08:00 asset.download 1 code=302",
            0,
            10,
        ),
        (
            "asset.download",
            "2026-01-01 08:00 asset.download 1 code=200",
            10,
            10,
        ),
        // The hit that a click leads to: the same visit told twice.
        (
            "url.hit\nrepeat = 'always'",
            "2026-01-01 08:00:00 email.click 1 https://x/p\n2026-01-01 08:01:00 url.hit https://x/p?ct=abc",
            10,
            20,
        ),
        (
            "url.hit\nrepeat = 'always'",
            "2026-01-01 08:00:00 email.click 1 https://x/p?a=1\n2026-01-01 08:00:01 url.hit https://x/p?a=1&ct=abc",
            10,
            20,
        ),
        // Another page, or much later: a visit of its own.
        (
            "url.hit\nrepeat = 'always'",
            "2026-01-01 08:00:00 email.click 1 https://x/p\n2026-01-01 08:01:01 url.hit https://x/p?ct=abc",
            20,
            20,
        ),
        (
            "url.hit\nrepeat = 'always'",
            "2026-01-01 08:00:00 email.click 1 https://x/p\n2026-01-01 08:00:01 url.hit https://x/q?ct=abc",
            20,
            20,
        ),
        // Nothing is retroactive in Mautic.
        (
            "url.hit\nrepeat = 'always'\nmautic = 7\nmade_at = 2026-01-02T00:00:00Z",
            "2026-01-01 23:59:59 url.hit https://x\n2026-01-02 00:00:00 url.hit https://x",
            20,
            10,
        ),
        // Bytes, not letters, are what Mautic's `?` takes.
        (
            "url.hit\nurl = 'https://x/?'",
            "2026-01-01 08:00 url.hit https://x/ö",
            10,
            0,
        ),
        (
            "url.hit\nurl = 'https://x/??'",
            "2026-01-01 08:00 url.hit https://x/ö",
            0,
            10,
        ),
    ] {
        for (behaviour, expected) in [("corrected", corrected), ("mautic", mautic)] {
            let text = format!("behaviour = '{behaviour}'\n@open a\n@pays a 10 {rule}");
            check(&text, told, "2026-01-03", &format!("a {expected}"));
        }
    }
}

#[test]
fn a_merge_ends_group_points_in_mautic_and_main_points_stay() {
    let rules = "@pays g 10 form.submit\nrepeat = 'always'\n@pays m 10 form.submit\nrepeat = 'always'\n@pays m 1 email.open";
    let topics = "@topic g\ngroup = 'One'\n@topic m\nmain_points = true\n";
    let mut told = history(
        "2026-01-01 08:00 form.submit 1 by=2\n2026-01-01 09:00 form.submit 1
        2026-01-01 09:00 email.open 1 by=2\n2026-01-03 09:00 email.open 1",
    );
    told.merges.push(Merge {
        at: at("2026-01-02"),
        loser: ContactId(2),
        winner: ContactId(1),
    });
    let mautic = plan(&format!("behaviour = 'mautic'\n{topics}{rules}"));
    check_of(&mautic, &told, "2026-01-01 23:59", "g 20, m 21");
    check_of(&mautic, &told, "2026-01-02", "g 10, m 21");
    // What the loser did once is done.
    check_of(&mautic, &told, "2026-01-04", "g 10, m 21");
    let meant = plan(&format!("{topics}{rules}"));
    check_of(&meant, &told, "2026-01-04", "g 20, m 21");
}

fn second(seconds: i64) -> Timestamp {
    at("2026-01-01") + SignedDuration::from_secs(seconds)
}

/// A hit: its row, when, seconds until it was left, who, and a part of its URL.
fn hit(row: u64, at: i64, stay: Option<i64>, by: u32, url: &str) -> (Activity, ContactId) {
    let left = |stay| second(at + stay).to_string();
    let left = stay.map(|stay| (attribute::LEFT_AT.to_owned(), left(stay)));
    let activity = Activity {
        key: ActivityKey::hit(row),
        contact: ContactId(1),
        at: second(at),
        kind: ActivityKind::UrlHit,
        object: None,
        url: Some(format!("https://{url}")),
        attributes: left.into_iter().collect::<Attributes>(),
    };
    (activity, ContactId(by))
}

fn told(hits: Vec<(Activity, ContactId)>) -> Snapshot {
    let mut told = Snapshot::of(ContactId(1));
    for (hit, by) in hits {
        if by != told.contact {
            told.done_by.insert(hit.key.clone(), by);
        }
        told.activities.push(hit);
    }
    told
}

/// Points for hits of `x`, by asking of each hit all hits before it, as Mautic does. Contact 2 is
/// merged into contact 1 before second `merged`.
fn looked_up(
    hits: &[(Activity, ContactId)],
    merged: i64,
    count: usize,
    stayed: i64,
    within: i64,
) -> i32 {
    let of = |one: &(Activity, ContactId), now: Timestamp| {
        let lives_on = one.1 == ContactId(2) && now >= second(merged);
        if lives_on { ContactId(1) } else { one.1 }
    };
    let mut points = 0;
    for (index, hit) in hits.iter().enumerate() {
        let now = hit.0.at;
        let there = hits[..=index]
            .iter()
            .filter(|one| of(one, now) == of(hit, now));
        let first = there.clone().filter(|one| one.0.key != hit.0.key);
        let first = first.min_by_key(|one| row(&one.0));
        let ago = first.map(|first| now.duration_since(first.0.at).as_secs());
        let alike = there.filter(|one| one.0.url == Some("https://x".into()));
        let left = alike.clone().filter_map(|one| {
            let left: Timestamp = one.0.attribute(attribute::LEFT_AT)?.parse().ok()?;
            (left <= now + SignedDuration::from_secs(1))
                .then(|| left.duration_since(one.0.at).as_secs().max(0))
        });
        let pays = hit.0.url == Some("https://x".into())
            && alike.count() >= count
            && left.sum::<i64>() >= stayed
            && (within == 0 || ago.is_some_and(|ago| ago <= within));
        points += i32::from(pays);
    }
    points
}

proptest! {
    /// What is kept of hits is what looking all of them up would tell.
    #[test]
    fn hits_are_counted_as_if_looked_up(
        mut hits in prop::collection::vec(
            (0..40_i64, stays(), 1..3_u32, select(vec!["x", "y"])),
            1..25,
        ),
        merged in 0..50_i64,
        count in 1..5_usize,
        stayed in 0..40_i64,
        within in 0..20_i64,
    ) {
        hits.sort_by_key(|hit| hit.0);
        let hits = hits.into_iter().zip(1_u64..);
        let mut hits: Vec<_> = hits
            .map(|((at, stay, by, url), number)| {
                // Rows written late have higher numbers than rows of later hits.
                let row = if at % 3 == 0 { 900 } else { 100 } + number;
                hit(row, at, stay, if at > merged { 1 } else { by }, url)
            })
            .collect();
        hits.sort_by_key(|(hit, _)| (hit.at, row(hit)));
        let mut known = told(hits.clone());
        known.merges.push(Merge {
            at: second(merged),
            loser: ContactId(2),
            winner: ContactId(1),
        });
        let mut text = format!(
            "behaviour = 'mautic'\n@open a\n@pays a 1 url.hit\nrepeat = 'always'\n\
             url = 'https://x'\npage_hits = {count}\n"
        );
        for (option, seconds) in [("accumulative_time", stayed), ("returns_within", within)] {
            if seconds > 0 {
                text.push_str(&format!("{option} = '{seconds} seconds'\n"));
            }
        }
        let found = evaluate(&plan(&text), &known, second(1000)).topics[0].score;
        // What is done in the second of a merge comes before it.
        prop_assert_eq!(found, looked_up(&hits, merged + 1, count, stayed, within));
    }
}

/// Seconds until a page was left, if that is known; clocks may have been set back meanwhile.
fn stays() -> impl Strategy<Value = Option<i64>> {
    select(vec![None, Some(-3), Some(0), Some(4), Some(25)])
}

fn row(hit: &Activity) -> u64 {
    hit.key.0["hit:".len()..].parse().unwrap()
}

/// Looking up all earlier hits at each hit takes minutes here.
#[test]
fn counting_many_hits_as_mautic_does_takes_no_longer_each() {
    const HITS: i64 = 20_000;
    let hits = (1..=HITS).map(|row| hit(row.unsigned_abs(), row * 10, Some(5), 1, "x"));
    let mut known = told(hits.collect());
    known.ledger = (1..=HITS + 7)
        .map(|row| LedgerRow {
            row: PointsLogRow {
                id: row.unsigned_abs(),
                contact: ContactId(1),
                group: Some(GroupId(1)),
                delta: 1,
                log_type: "url".into(),
                event_name: "7: Visited".into(),
                action_name: "hit".into(),
                at: second(row * 10 + 1),
            },
            done_by: ContactId(1),
        })
        .collect();
    let plan = plan(
        "behaviour = 'mautic'\n@open a\ngroup = 'One'\nforeign = 'adopt'\n@pays a 1 url.hit\n\
         repeat = 'always'\nmautic = 7\nurl = 'https://x'\npage_hits = 3\n\
         accumulative_time = '50 seconds'\nreturns_after = '1 minute'",
    );
    let began = Instant::now();
    let score = evaluate(&plan, &known, second(HITS * 20)).topics[0].score;
    // The first ten hits pay nothing; of the log's rows 17 are explained by none.
    assert_eq!(score, 20_007);
    assert!(began.elapsed().as_secs() < 40, "{:?}", began.elapsed());
}
