//! A customer who becomes gold, stays so for a while by goodwill, loses it and wins it back.

use crate::story::{CONTACT, Did, Story, activities, known, moment, named, plan, profile};
use topicscore::domain::{Adjustment, Scope, TopicKey};
use topicscore::plan::{Catalog, Compiled};

fn loyalty() -> Compiled {
    let catalog = Catalog {
        groups: named(&["Loyalty"]),
        segments: named(&["Silver and gold"]),
        campaigns: named(&["Win back"]),
        emails: named(&["Welcome to gold"]),
        forms: named(&["Review", "Recommend us"]),
        ..Catalog::default()
    };
    let text = include_str!("../../deploy/plans/loyalty.toml");
    plan("loyalty.toml", text, &catalog, "2025-01-01T00:00:00Z")
}

/// The clock in Zurich is one hour ahead of these moments in winter, two in summer.
#[rustfmt::skip]
const DID: [Did<'_>; 17] = [
    ("hit:1", "2025-01-10T10:00:00Z", "url.hit", None, "https://shop.example.com/orders/1001/thank-you"),
    ("hit:2", "2025-01-10T10:30:00Z", "url.hit", None, "https://shop.example.com/orders/1001/thank-you"),
    ("submission:1", "2025-01-20T12:00:00Z", "form.submit", Some(1), ""),
    ("video:1", "2025-01-21T12:00:00Z", "video.play", None, "https://video.example.com/descale"),
    ("hit:3", "2025-02-03T12:00:00Z", "url.hit", None, "https://shop.example.com/orders/1002/thank-you"),
    ("hit:4", "2025-03-02T12:00:00Z", "url.hit", None, "https://shop.example.com/orders/1003/thank-you"),
    ("hit:5", "2025-03-10T12:00:00Z", "url.hit", None, "https://shop.example.com/orders/1004/thank-you"),
    ("submission:2", "2025-03-12T12:00:00Z", "form.submit", Some(2), ""),
    ("submission:3", "2025-03-13T12:00:00Z", "form.submit", Some(1), ""),
    ("hit:6", "2025-03-20T12:00:00Z", "url.hit", None, "https://shop.example.com/orders/1005/thank-you"),
    ("submission:4", "2025-06-01T12:00:00Z", "form.submit", Some(2), ""),
    ("submission:5", "2025-07-01T12:00:00Z", "form.submit", Some(2), ""),
    ("hit:7", "2026-04-01T12:00:00Z", "url.hit", None, "https://shop.example.com/orders/1006/thank-you"),
    ("hit:8", "2026-04-10T12:00:00Z", "url.hit", None, "https://shop.example.com/orders/1007/thank-you"),
    ("hit:9", "2026-04-20T12:00:00Z", "url.hit", None, "https://shop.example.com/orders/1008/thank-you"),
    ("submission:6", "2026-05-04T12:00:00Z", "form.submit", Some(2), ""),
    ("submission:7", "2026-05-05T12:00:00Z", "form.submit", Some(1), ""),
];

#[test]
fn points_expire_and_gold_comes_and_goes() {
    let plan = loyalty();
    let begins = "2025-01-10T09:00:00Z";
    let mut member = profile(begins, &[]);
    member.tags.insert("Club".into());
    let goodwill = Adjustment {
        id: 1,
        scope: Scope::Contact(CONTACT),
        topic: TopicKey("loyalty".into()),
        points: 60,
        author: "ann".into(),
        reason: "the parcel came late".into(),
        at: moment("2026-02-05T09:00:00Z"),
        expires_at: Some(moment("2026-03-01T11:00:00Z")),
    };
    let mut story = Story::new(&plan, begins, known(member), activities(&DID))
        .at("2026-02-05T09:00:00Z", move |known| {
            known.adjustments.push(goodwill.clone())
        });

    story.until("2025-01-31T12:00:00Z");
    insta::assert_snapshot!(story.why("loyalty"), @"");

    story.until("2025-07-02T12:00:00Z");
    insta::assert_snapshot!(story.why("loyalty"), @"");
    insta::assert_snapshot!(story.followed(), @"");

    story.until("2026-02-04T12:00:00Z");
    insta::assert_snapshot!(story.why("loyalty"), @"");

    story.until("2026-02-20T12:00:00Z");
    insta::assert_snapshot!(story.why("loyalty"), @"");
    insta::assert_snapshot!(story.followed(), @"");

    story.until("2026-05-31T12:00:00Z");
    insta::assert_snapshot!(story.why("loyalty"), @"");
    insta::assert_snapshot!(story.followed(), @"");

    story.until("2028-01-01T00:00:00Z");
    insta::assert_snapshot!(story.why("loyalty"), @"");
    insta::assert_snapshot!(story.followed(), @"");
}
