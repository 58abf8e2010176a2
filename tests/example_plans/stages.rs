//! Somebody who gets stuck in one stage, is motivated, moves on, and is stuck in the next.

use crate::story::{Did, Story, activities, known, named, plan, profile};
use topicscore::plan::{Catalog, Compiled};

fn stages() -> Compiled {
    let catalog = Catalog {
        groups: named(&["Progress"]),
        segments: named(&["Ready for the next stage"]),
        campaigns: named(&["Motivate", "Newcomers"]),
        stages: named(&["Lead", "Customer"]),
        forms: named(&["Webinar", "Offer"]),
        assets: named(&["How Meier did it", "How Huber did it"]),
        emails: named(&["What is next?"]),
        ..Catalog::default()
    };
    let text = include_str!("../../deploy/plans/stages-0-to-100.toml");
    plan(
        "stages-0-to-100.toml",
        text,
        &catalog,
        "2026-01-01T00:00:00Z",
    )
}

/// The clock in Vienna is one hour ahead of these moments until 29 March, then two.
#[rustfmt::skip]
const DID: [Did<'_>; 13] = [
    ("stage:1", "2026-02-02T08:00:00Z", "stage.enter", Some(1), ""),
    ("hit:1", "2026-02-02T08:05:00Z", "url.hit", None, "https://www.example.com/"),
    ("hit:2", "2026-02-02T08:06:00Z", "url.hit", None, "https://www.example.com/product"),
    ("hit:3", "2026-02-02T08:07:00Z", "url.hit", None, "https://www.example.com/about"),
    ("download:1", "2026-02-03T10:00:00Z", "asset.download", Some(1), ""),
    ("submission:1", "2026-02-05T15:00:00Z", "form.submit", Some(1), ""),
    ("submission:2", "2026-02-06T09:00:00Z", "form.submit", Some(1), ""),
    ("send:c1", "2026-03-20T08:00:00Z", "email.send", Some(1), ""),
    ("hit:4", "2026-03-20T10:00:00Z", "email.click", Some(1), "https://www.example.com/next"),
    ("download:2", "2026-03-21T09:00:00Z", "asset.download", Some(2), ""),
    ("submission:3", "2026-03-23T09:00:00Z", "form.submit", Some(2), ""),
    ("stage:2", "2026-03-26T08:00:00Z", "stage.enter", Some(2), ""),
    ("submission:4", "2026-04-15T09:00:00Z", "form.submit", Some(1), ""),
];

#[test]
fn the_stuck_are_motivated_once_each_time_and_a_stage_begins_anew() {
    let plan = stages();
    let begins = "2026-02-02T08:00:00Z";
    let mut story = Story::new(&plan, begins, known(profile(begins, &[])), activities(&DID));

    story.until("2026-02-07T12:00:00Z");
    insta::assert_snapshot!(story.why("progress"), @"");
    insta::assert_snapshot!(story.followed(), @"");

    story.until("2026-02-21T12:00:00Z");
    insta::assert_snapshot!(story.why("progress"), @"");

    story.until("2026-03-09T12:00:00Z");
    insta::assert_snapshot!(story.why("progress"), @"");

    story.until("2026-03-25T12:00:00Z");
    insta::assert_snapshot!(story.why("progress"), @"");
    insta::assert_snapshot!(story.followed(), @"");

    story.until("2026-03-26T12:00:00Z");
    insta::assert_snapshot!(story.why("progress"), @"");

    story.until("2026-04-15T12:00:00Z");
    insta::assert_snapshot!(story.why("progress"), @"");
    insta::assert_snapshot!(story.followed(), @"");

    story.until("2026-12-01T00:00:00Z");
    insta::assert_snapshot!(story.followed(), @"");
}

/// Below 20 from its first day on: stuck only when the ten days are over.
#[test]
fn a_newcomer_is_not_stuck() {
    let plan = stages();
    let begins = "2026-02-02T08:00:00Z";
    let mut story = Story::new(&plan, begins, known(profile(begins, &[])), Vec::new());
    story.until("2026-02-12T07:59:59Z");
    insta::assert_snapshot!(story.followed(), @"");
    story.until("2026-04-01T00:00:00Z");
    insta::assert_snapshot!(story.followed(), @"");
}
