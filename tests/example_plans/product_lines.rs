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
    ("hit:9", "2026-09-03T07:10:00Z", "email.click", Some(1), "https://shop.example.com/dishwashers/d100"),
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
    insta::assert_snapshot!(story.why("dishwashers"), @"");

    story.until("2026-09-03T08:00:00Z");
    insta::assert_snapshot!(story.why("dishwashers"), @"");
    insta::assert_snapshot!(story.followed(), @"");

    story.until("2026-09-04T18:00:00Z");
    insta::assert_snapshot!(story.why("ovens"), @"");
    insta::assert_snapshot!(story.why("kitchen"), @"");
    insta::assert_snapshot!(story.followed(), @"");

    story.until("2026-10-10T08:00:00Z");
    insta::assert_snapshot!(story.why("dishwashers"), @"");
    insta::assert_snapshot!(story.why("service"), @"");
    insta::assert_snapshot!(story.why("kitchen"), @"");
    insta::assert_snapshot!(story.followed(), @"");

    story.until("2027-06-01T00:00:00Z");
    insta::assert_snapshot!(story.followed(), @"");
}
