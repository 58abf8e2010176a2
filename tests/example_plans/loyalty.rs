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
const DID: [Did<'_>; 18] = [
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
    ("hit:10", "2026-05-06T12:00:00Z", "url.hit", None, "https://shop.example.com/orders/1009/thank-you"),
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
    let mut story = Story::new(&plan, begins, known(member), activities(&DID)).at(
        "2026-02-05T09:00:00Z",
        move |known| {
            known.adjustments.push(goodwill.clone());
        },
    );

    story.until("2025-01-31T12:00:00Z");
    insta::assert_snapshot!(story.why("loyalty"), @"
    Loyalty: 165 at 2025-01-31 13:00 (bronze)
           20 Member of the club: has the tag club
          100 Ordered: url.hit https://shop.example.com/orders/1001/thank-you, 21 days old, until 2026-01-11 05:00
           40 Wrote a review: form.submit of Review, 11 days old, until 2026-01-21 05:00
            5 Watched how to use it: video.play https://video.example.com/descale, 10 days old, until 2026-01-22 05:00
      passed over 2025-01-10 11:30 Ordered: it pays once per item (url.hit https://shop.example.com/orders/1001/thank-you)
      next 2026-01-11 05:00: 65, for Ordered ends (-100)
    ");

    story.until("2025-07-02T12:00:00Z");
    // 165 + 100 = 265; in March 100 + 100 + 80 + 20 = 300, so the order of the 20th pays nothing; 80
    // in June. The third recommendation of the year is beyond 160, the second review pays half.
    insta::assert_snapshot!(story.why("loyalty"), @"
    Loyalty: 645 at 2025-07-02 14:00 (gold)
           20 Member of the club: has the tag club
          100 Ordered: url.hit https://shop.example.com/orders/1001/thank-you, 173 days old, until 2026-01-11 05:00
           40 Wrote a review: form.submit of Review, 163 days old, until 2026-01-21 05:00
            5 Watched how to use it: video.play https://video.example.com/descale, 162 days old, until 2026-01-22 05:00
          100 Ordered: url.hit https://shop.example.com/orders/1002/thank-you, 149 days old, until 2026-02-04 05:00
          100 Ordered: url.hit https://shop.example.com/orders/1003/thank-you, 122 days old, until 2026-03-03 05:00
          100 Ordered: url.hit https://shop.example.com/orders/1004/thank-you, 114 days old, until 2026-03-11 05:00
           80 Recommended us: form.submit of Recommend us, 112 days old, until 2026-03-13 05:00
           20 Wrote a review: form.submit of Review, 111 days old, until 2026-03-14 05:00
           80 Recommended us: form.submit of Recommend us, 31 days old, until 2026-06-02 05:00
      passed over 2025-07-01 14:00 Recommended us: at most 160 a year (form.submit of Recommend us)
      passed over 2025-03-20 13:00 Ordered: 100 of it, the topic gets at most 300 a month (url.hit https://shop.example.com/orders/1005/thank-you)
      passed over 2025-01-10 11:30 Ordered: it pays once per item (url.hit https://shop.example.com/orders/1001/thank-you)
      next 2026-01-11 05:00: 545, for Ordered ends (-100)
    ");
    // Silver three days after 265; gold three days after 465 + 80 = 545 on 12 March.
    insta::assert_snapshot!(story.followed(), @r#"
    2025-01-10 10:00  loyalty is bronze; out of Silver and gold (loyalty 20)
    2025-02-06 13:00  loyalty is silver; in Silver and gold (loyalty 265)
    2025-03-15 13:00  loyalty is gold (loyalty 565)
    2025-03-15 13:00  FIRES "Welcome to gold", crossed 2025-03-15 13:00, loyalty 565 (gold): tags +gold, out of Win back, sends Welcome to gold
    "#);

    story.until("2026-02-04T12:00:00Z");
    // 645 - 100 - 40 - 5 - 100 = 400: below 450, so gold would be over on 7 February.
    insta::assert_snapshot!(story.why("loyalty"), @"
    Loyalty: 400 at 2026-02-04 13:00 (gold)
           20 Member of the club: has the tag club
          100 Ordered: url.hit https://shop.example.com/orders/1003/thank-you, 339 days old, until 2026-03-03 05:00
          100 Ordered: url.hit https://shop.example.com/orders/1004/thank-you, 331 days old, until 2026-03-11 05:00
           80 Recommended us: form.submit of Recommend us, 329 days old, until 2026-03-13 05:00
           20 Wrote a review: form.submit of Review, 328 days old, until 2026-03-14 05:00
           80 Recommended us: form.submit of Recommend us, 248 days old, until 2026-06-02 05:00
      passed over 2025-07-01 14:00 Recommended us: at most 160 a year (form.submit of Recommend us)
      passed over 2025-03-20 13:00 Ordered: 100 of it, the topic gets at most 300 a month (url.hit https://shop.example.com/orders/1005/thank-you)
      passed over 2025-01-10 11:30 Ordered: it pays once per item (url.hit https://shop.example.com/orders/1001/thank-you)
      next 2026-03-03 05:00: 300, for Ordered ends (-100)
    ");

    story.until("2026-02-20T12:00:00Z");
    // 400 + 60: not below 450 any more, so it is still gold.
    insta::assert_snapshot!(story.why("loyalty"), @"
    Loyalty: 460 at 2026-02-20 13:00 (gold)
           20 Member of the club: has the tag club
          100 Ordered: url.hit https://shop.example.com/orders/1003/thank-you, 355 days old, until 2026-03-03 05:00
          100 Ordered: url.hit https://shop.example.com/orders/1004/thank-you, 347 days old, until 2026-03-11 05:00
           80 Recommended us: form.submit of Recommend us, 345 days old, until 2026-03-13 05:00
           20 Wrote a review: form.submit of Review, 344 days old, until 2026-03-14 05:00
           80 Recommended us: form.submit of Recommend us, 264 days old, until 2026-06-02 05:00
           60 the parcel came late: ann says: the parcel came late, 15 days old, until 2026-03-01 12:00
      passed over 2025-07-01 14:00 Recommended us: at most 160 a year (form.submit of Recommend us)
      passed over 2025-03-20 13:00 Ordered: 100 of it, the topic gets at most 300 a month (url.hit https://shop.example.com/orders/1005/thank-you)
      passed over 2025-01-10 11:30 Ordered: it pays once per item (url.hit https://shop.example.com/orders/1001/thank-you)
      next 2026-03-01 12:00: 400, for the parcel came late ends (-60)
    ");
    insta::assert_snapshot!(story.followed(), @"");

    story.until("2026-05-31T12:00:00Z");
    // 300 in April, as much as the month allows; 80 + 10 (the third review pays a quarter) + 100 in May.
    insta::assert_snapshot!(story.why("loyalty"), @"
    Loyalty: 590 at 2026-05-31 14:00 (gold)
           20 Member of the club: has the tag club
           80 Recommended us: form.submit of Recommend us, 364 days old, until 2026-06-02 05:00
          100 Ordered: url.hit https://shop.example.com/orders/1006/thank-you, 60 days old, until 2027-04-02 05:00
          100 Ordered: url.hit https://shop.example.com/orders/1007/thank-you, 51 days old, until 2027-04-11 05:00
          100 Ordered: url.hit https://shop.example.com/orders/1008/thank-you, 41 days old, until 2027-04-21 05:00
           80 Recommended us: form.submit of Recommend us, 27 days old, until 2027-05-05 05:00
           10 Wrote a review: form.submit of Review, 26 days old, until 2027-05-06 05:00
          100 Ordered: url.hit https://shop.example.com/orders/1009/thank-you, 25 days old, until 2027-05-07 05:00
      passed over 2025-07-01 14:00 Recommended us: at most 160 a year (form.submit of Recommend us)
      passed over 2025-03-20 13:00 Ordered: 100 of it, the topic gets at most 300 a month (url.hit https://shop.example.com/orders/1005/thank-you)
      passed over 2025-01-10 11:30 Ordered: it pays once per item (url.hit https://shop.example.com/orders/1001/thank-you)
      next 2026-06-02 05:00: 510, for Recommended us ends (-80)
    ");
    // The goodwill ended on 1 March at 400, three days before. Silver is left below 150: 200 - 80 on
    // 13 March. Gold again three days after 490 + 100.
    insta::assert_snapshot!(story.followed(), @r#"
    2026-03-04 12:00  loyalty is silver (loyalty 300)
    2026-03-04 12:00  FIRES "Gold is over", crossed 2026-03-04 12:00, no more: loyalty 300 (gold): tags -gold, into Win back
    2026-03-04 12:00  armed again since 2026-03-04 12:00: welcome-to-gold
    2026-03-16 05:00  loyalty is bronze; out of Silver and gold (loyalty 100)
    2026-04-04 14:00  loyalty is silver; in Silver and gold (loyalty 200)
    2026-05-09 14:00  loyalty is gold (loyalty 590)
    2026-05-09 14:00  FIRES "Welcome to gold", crossed 2026-05-09 14:00, loyalty 590 (gold): tags +gold, out of Win back, sends Welcome to gold
    2026-05-09 14:00  armed again since 2026-05-09 14:00: gold-is-over
    "#);

    story.until("2028-01-01T00:00:00Z");
    insta::assert_snapshot!(story.why("loyalty"), @"
    Loyalty: 20 at 2028-01-01 01:00 (bronze)
           20 Member of the club: has the tag club
      passed over 2025-07-01 14:00 Recommended us: at most 160 a year (form.submit of Recommend us)
      passed over 2025-03-20 13:00 Ordered: 100 of it, the topic gets at most 300 a month (url.hit https://shop.example.com/orders/1005/thank-you)
      passed over 2025-01-10 11:30 Ordered: it pays once per item (url.hit https://shop.example.com/orders/1001/thank-you)
      nothing comes next
    ");
    // 510 - 100 on 2 April 2027.
    insta::assert_snapshot!(story.followed(), @r#"
    2027-04-05 05:00  loyalty is silver (loyalty 410)
    2027-04-05 05:00  FIRES "Gold is over", crossed 2027-04-05 05:00, no more: loyalty 410 (gold): tags -gold, into Win back
    2027-04-05 05:00  armed again since 2027-04-05 05:00: welcome-to-gold
    2027-05-08 05:00  loyalty is bronze; out of Silver and gold (loyalty 20)
    "#);
}
