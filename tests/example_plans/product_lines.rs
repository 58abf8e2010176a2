//! Somebody who looks for a dishwasher, then for an oven, and whose old dishwasher breaks.

use crate::story::{Did, Story, activities, known, named, plan, profile, with};
use topicscore::domain::Activity;
use topicscore::plan::{Catalog, Compiled};

fn product_lines() -> Compiled {
    let catalog = Catalog {
        groups: named(&["Dishwashers", "Ovens", "Service"]),
        segments: named(&["Dishwasher leads", "Oven leads", "Interested in kitchens"]),
        assets: named(&["Dishwasher guide", "Oven guide"]),
        emails: named(&["Kitchen newsletter", "Autumn offers"]),
        forms: named(&["Service request", "Spare parts"]),
        ..Catalog::default()
    };
    let text = include_str!("../../deploy/plans/product-lines.toml");
    plan("product-lines.toml", text, &catalog, "2026-08-01T00:00:00Z")
}

/// The clock in Berlin is two hours ahead of these moments until 25 October.
#[rustfmt::skip]
const DID: [Did<'_>; 17] = [
    ("hit:1", "2026-09-01T08:00:00Z", "url.hit", None, "https://shop.example.com/dishwashers/d100"),
    ("hit:2", "2026-09-01T08:10:00Z", "url.hit", None, "https://shop.example.com/dishwashers/d100"),
    ("hit:3", "2026-09-01T08:15:00Z", "url.hit", None, "https://shop.example.com/dishwashers/d200"),
    ("hit:4", "2026-09-01T08:20:00Z", "url.hit", None, "https://shop.example.com/de/dishwashers/d300"),
    ("hit:5", "2026-09-01T08:25:00Z", "url.hit", None, "https://shop.example.com/dishwashers/d400"),
    ("download:1", "2026-09-01T09:00:00Z", "asset.download", Some(1), ""),
    ("hit:6", "2026-09-02T18:00:00Z", "url.hit", None, "https://shop.example.com/compare?with=d100,o50"),
    ("hit:7", "2026-09-02T18:05:00Z", "url.hit", None, "https://shop.example.com/compare?with=d200,o50"),
    ("send:a1", "2026-09-03T06:00:00Z", "email.send", Some(1), ""),
    ("hit:8", "2026-09-03T07:00:00Z", "email.click", Some(1), "https://shop.example.com/dishwashers/d500"),
    ("hit:9", "2026-09-03T07:10:00Z", "email.click", Some(1), "https://shop.example.com/dishwashers/d600"),
    ("hit:10", "2026-09-04T17:00:00Z", "url.hit", None, "https://shop.example.com/ovens/o50"),
    ("hit:11", "2026-09-04T17:05:00Z", "url.hit", None, "https://shop.example.com/ovens/o60"),
    ("download:2", "2026-09-04T17:30:00Z", "asset.download", Some(2), ""),
    ("submission:2", "2026-10-06T09:00:00Z", "form.submit", Some(1), ""),
    ("submission:3", "2026-10-07T09:00:00Z", "form.submit", Some(1), ""),
    ("submission:4", "2026-10-09T09:00:00Z", "form.submit", Some(1), ""),
];

fn did() -> Vec<Activity> {
    let parts: [Did<'_>; 1] = [(
        "submission:1",
        "2026-10-05T09:00:00Z",
        "form.submit",
        Some(2),
        "",
    )];
    let ordered = activities(&parts).remove(0);
    let mut all = activities(&DID);
    all.push(with(ordered, &[("result.appliance", "Dishwasher")]));
    all
}

#[test]
fn each_line_has_its_own_score_and_a_decided_visitor_is_handed_over() {
    let plan = product_lines();
    let begins = "2026-09-01T08:00:00Z";
    let mut story = Story::new(&plan, begins, known(profile(begins, &[])), did());

    story.until("2026-09-01T10:00:00Z");
    // 5 + 5 + 5, the fourth is beyond 15 a day, and the guide 15.
    insta::assert_snapshot!(story.why("dishwashers"), @"
    Dishwashers: 30 at 2026-09-01 12:00 (looking)
            5 Looked at a dishwasher: url.hit https://shop.example.com/dishwashers/d100, 0 days old, half after every 30 days
            5 Looked at a dishwasher: url.hit https://shop.example.com/dishwashers/d200, 0 days old, half after every 30 days
            5 Looked at a dishwasher: url.hit https://shop.example.com/de/dishwashers/d300, 0 days old, half after every 30 days
           15 Read the dishwasher guide: asset.download of Dishwasher guide, 0 days old, half after every 30 days
      passed over 2026-09-01 10:25 Looked at a dishwasher: at most 15 a day (url.hit https://shop.example.com/dishwashers/d400)
      passed over 2026-09-01 10:10 Looked at a dishwasher: it pays once per item (url.hit https://shop.example.com/dishwashers/d100)
      next 2026-09-03 03:00: 29, for Looked at a dishwasher fades from 5 to 4.886; Looked at a dishwasher fades from 5 to 4.886; Looked at a dishwasher fades from 5 to 4.886; Read the dishwasher guide fades from 15 to 14.657
    ");

    story.until("2026-09-03T08:00:00Z");
    // One day at the tick of 03:00: 5 x 2^(-1/30) = 4.886, 15 x 2^(-1/30) = 14.657. The comparison
    // pays half of 8. Both clicks look at another product, and are one mail.
    // 3 x 4.886 + 14.657 + 4 + 10 + 5 + 5 = 53.315.
    insta::assert_snapshot!(story.why("dishwashers"), @"
    Dishwashers: 53 at 2026-09-03 10:00 (deciding)
        4.886 of 5 Looked at a dishwasher: url.hit https://shop.example.com/dishwashers/d100, 2 days old, half after every 30 days
        4.886 of 5 Looked at a dishwasher: url.hit https://shop.example.com/dishwashers/d200, 1 day old, half after every 30 days
        4.886 of 5 Looked at a dishwasher: url.hit https://shop.example.com/de/dishwashers/d300, 1 day old, half after every 30 days
       14.657 of 15 Read the dishwasher guide: asset.download of Dishwasher guide, 1 day old, half after every 30 days
            4 Compared appliances: url.hit https://shop.example.com/compare?with=d100,o50, 0 days old, half after every 30 days
           10 Clicked on dishwashers in a mail: email.click https://shop.example.com/dishwashers/d500, 0 days old, half after every 30 days
            5 Looked at a dishwasher: email.click https://shop.example.com/dishwashers/d500, 0 days old, half after every 30 days
            5 Looked at a dishwasher: email.click https://shop.example.com/dishwashers/d600, 0 days old, half after every 30 days
       -0.315 rounding
      passed over 2026-09-03 09:10 Clicked on dishwashers in a mail: it pays once per item (email.click https://shop.example.com/dishwashers/d600)
      passed over 2026-09-02 20:05 Compared appliances: it pays again only after 1 hour (url.hit https://shop.example.com/compare?with=d200,o50)
      passed over 2026-09-01 10:25 Looked at a dishwasher: at most 15 a day (url.hit https://shop.example.com/dishwashers/d400)
      passed over 2026-09-01 10:10 Looked at a dishwasher: it pays once per item (url.hit https://shop.example.com/dishwashers/d100)
      next 2026-09-05 03:00: 51, for Looked at a dishwasher fades from 4.886 to 4.665; Looked at a dishwasher fades from 4.886 to 4.665; Looked at a dishwasher fades from 4.886 to 4.665; Read the dishwasher guide fades from 14.657 to 13.995; Compared appliances fades from 4 to 3.819; Clicked on dishwashers in a mail fades from 10 to 9.772; Looked at a dishwasher fades from 5 to 4.886; Looked at a dishwasher fades from 5 to 4.886
    ");
    insta::assert_snapshot!(story.followed(), @r#"
    2026-09-01 10:00  dishwashers is no interest; ovens is no interest; out of Interested in kitchens (dishwashers 0, ovens 0, service 0, kitchen 0)
    2026-09-01 10:20  dishwashers is looking (dishwashers 15, ovens 0, service 0, kitchen 15)
    2026-09-03 09:00  dishwashers is deciding (dishwashers 48, ovens 4, service 0, kitchen 52)
    2026-09-03 09:00  FIRES "Dishwashers: tell the shop", crossed 2026-09-03 09:00, dishwashers 48 (at least 40): tags +dishwashers, into Dishwasher leads
    "#);

    story.until("2026-09-04T18:00:00Z");
    // 4 x 2^(-1/30) = 3.909; + 5 + 5 + 15 = 28.909.
    insta::assert_snapshot!(story.why("ovens"), @"
    Ovens: 29 at 2026-09-04 20:00 (looking)
        3.909 of 4 Compared appliances: url.hit https://shop.example.com/compare?with=d100,o50, 2 days old, half after every 30 days
            5 Looked at an oven: url.hit https://shop.example.com/ovens/o50, 0 days old, half after every 30 days
            5 Looked at an oven: url.hit https://shop.example.com/ovens/o60, 0 days old, half after every 30 days
           15 Read the oven guide: asset.download of Oven guide, 0 days old, half after every 30 days
        0.091 rounding
      passed over 2026-09-02 20:05 Compared appliances: it pays again only after 1 hour (url.hit https://shop.example.com/compare?with=d200,o50)
      next 2026-09-06 03:00: 28, for Compared appliances fades from 3.909 to 3.732; Looked at an oven fades from 5 to 4.886; Looked at an oven fades from 5 to 4.886; Read the oven guide fades from 15 to 14.657
    ");
    insta::assert_snapshot!(story.why("kitchen"), @"
    The whole kitchen: 82 at 2026-09-04 20:00
           53 Dishwashers: dishwashers is 53
           29 Ovens: ovens is 29
            0 Service and spare parts: service is 0
      next 2026-09-05 03:00: 80, for Dishwashers fades from 53 to 51
    ");
    insta::assert_snapshot!(story.followed(), @r#"
    2026-09-04 19:00  in Interested in kitchens (dishwashers 53, ovens 9, service 0, kitchen 62)
    2026-09-04 19:30  ovens is looking (dishwashers 53, ovens 29, service 0, kitchen 82)
    2026-09-04 19:30  FIRES "Plans a whole kitchen", crossed 2026-09-04 19:30, dishwashers 53 (at least 20), ovens 29 (at least 20): tags +kitchen planner
    "#);

    story.until("2026-10-10T08:00:00Z");
    // Ages at the tick of 38, 37, 36 and 4 days: 30 x 0.4156 + 4 x 0.4253 + 20 x 0.4353
    // + 10 x 0.9117 = 31.991 when each is rounded to thousandths.
    insta::assert_snapshot!(story.why("dishwashers"), @"
    Dishwashers: 32 at 2026-10-10 10:00 (looking)
        2.078 of 5 Looked at a dishwasher: url.hit https://shop.example.com/dishwashers/d100, 39 days old, half after every 30 days
        2.078 of 5 Looked at a dishwasher: url.hit https://shop.example.com/dishwashers/d200, 38 days old, half after every 30 days
        2.078 of 5 Looked at a dishwasher: url.hit https://shop.example.com/de/dishwashers/d300, 38 days old, half after every 30 days
        6.234 of 15 Read the dishwasher guide: asset.download of Dishwasher guide, 38 days old, half after every 30 days
        1.701 of 4 Compared appliances: url.hit https://shop.example.com/compare?with=d100,o50, 37 days old, half after every 30 days
        4.353 of 10 Clicked on dishwashers in a mail: email.click https://shop.example.com/dishwashers/d500, 37 days old, half after every 30 days
        2.176 of 5 Looked at a dishwasher: email.click https://shop.example.com/dishwashers/d500, 37 days old, half after every 30 days
        2.176 of 5 Looked at a dishwasher: email.click https://shop.example.com/dishwashers/d600, 37 days old, half after every 30 days
        9.117 of 10 Ordered spare parts for a dishwasher: form.submit of Spare parts, 4 days old, half after every 30 days
        0.009 rounding
      passed over 2026-09-03 09:10 Clicked on dishwashers in a mail: it pays once per item (email.click https://shop.example.com/dishwashers/d600)
      passed over 2026-09-02 20:05 Compared appliances: it pays again only after 1 hour (url.hit https://shop.example.com/compare?with=d200,o50)
      passed over 2026-09-01 10:25 Looked at a dishwasher: at most 15 a day (url.hit https://shop.example.com/dishwashers/d400)
      passed over 2026-09-01 10:10 Looked at a dishwasher: it pays once per item (url.hit https://shop.example.com/dishwashers/d100)
      next 2026-10-11 03:00: 31, for Looked at a dishwasher fades from 2.078 to 2.031; Looked at a dishwasher fades from 2.078 to 2.031; Looked at a dishwasher fades from 2.078 to 2.031; Read the dishwasher guide fades from 6.234 to 6.092; Compared appliances fades from 1.701 to 1.662; Clicked on dishwashers in a mail fades from 4.353 to 4.253; Looked at a dishwasher fades from 2.176 to 2.127; Looked at a dishwasher fades from 2.176 to 2.127; Ordered spare parts for a dishwasher fades from 9.117 to 8.909
    ");
    // 20 for the parts, 30 + 30 = 60 within 7 days: the third request is beyond the limit.
    insta::assert_snapshot!(story.why("service"), @"
    Service and spare parts: 80 at 2026-10-10 10:00
           20 Ordered spare parts for a dishwasher: form.submit of Spare parts, 4 days old, until 2027-01-04 03:00
           30 Asked for service: form.submit of Service request, 3 days old, until 2027-01-05 03:00
           30 Asked for service: form.submit of Service request, 2 days old, until 2027-01-06 03:00
      passed over 2026-10-09 11:00 Asked for service: at most 60 within 7 days (form.submit of Service request)
      next 2027-01-04 03:00: 60, for Ordered spare parts for a dishwasher ends (-20)
    ");
    // 32 + 13 + 80 / 4.
    insta::assert_snapshot!(story.why("kitchen"), @"
    The whole kitchen: 65 at 2026-10-10 10:00
           32 Dishwashers: dishwashers is 32
           13 Ovens: ovens is 13
           20 Service and spare parts: service is 80
      next 2026-10-11 03:00: 64, for Dishwashers fades from 32 to 31
    ");
    // Deciding from 40 until below 35, which is on 23 September: 33.881.
    insta::assert_snapshot!(story.followed(), @r#"
    2026-09-23 03:00  dishwashers is looking (dishwashers 34, ovens 19, service 0, kitchen 53)
    2026-09-23 03:00  FIRES "Decided on dishwashers no more", crossed 2026-09-23 03:00, no more: dishwashers 34 (deciding): tags -dishwashers
    2026-10-01 03:00  out of Interested in kitchens (dishwashers 28, ovens 16, service 0, kitchen 44)
    2026-10-06 11:00  in Interested in kitchens (dishwashers 35, ovens 14, service 50, kitchen 62)
    2026-10-07 11:00  FIRES "Service: call back", crossed 2026-10-07 11:00, service 80 (at least 60): tags +call back
    "#);

    story.until("2027-06-01T00:00:00Z");
    insta::assert_snapshot!(story.followed(), @"
    2026-10-24 03:00  ovens is no interest (dishwashers 23, ovens 9, service 80, kitchen 52)
    2026-11-06 03:00  out of Interested in kitchens (dishwashers 17, ovens 7, service 80, kitchen 44)
    2026-12-02 03:00  dishwashers is no interest (dishwashers 9, ovens 4, service 80, kitchen 33)
    2027-01-06 03:00  armed again since 2027-01-06 03:00: service-call-back
    ");
}
