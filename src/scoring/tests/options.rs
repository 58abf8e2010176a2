//! Mautic's options of `url.hit` as meant and as Mautic counts, and other differences.

use super::{at, check, check_of, history, plan};
use crate::domain::{ContactId, Merge};

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
            let found =
                crate::scoring::evaluate(&plan, &history(HITS), at("2026-01-03")).topics[0].score;
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
