//! A buyer who fits well, wakes up, falls asleep, is woken again, and whose contract ends.

use crate::story::{Did, Story, activities, known, named, plan, profile, with};
use topicscore::domain::Activity;
use topicscore::plan::{Catalog, Compiled};

fn b2b() -> Compiled {
    let catalog = Catalog {
        groups: named(&["Fit", "Engagement"]),
        segments: named(&["Best fits", "To be warmed up"]),
        emails: named(&["Anna Meier will call you", "Product news", "Case studies"]),
        forms: named(&["Webinar", "Demo"]),
        stages: named(&["Sales accepted"]),
        users: named(&["anna.meier"]),
        ..Catalog::default()
    };
    let text = include_str!("../../deploy/plans/b2b-fit-and-engagement.toml");
    plan(
        "b2b-fit-and-engagement.toml",
        text,
        &catalog,
        "2026-01-01T00:00:00Z",
    )
}

const HUBER: [(&str, &str); 8] = [
    ("industry", "Manufacturing"),
    ("employees", "240"),
    ("country", "Germany"),
    ("state", "Bavaria"),
    ("position", "Head of Purchasing"),
    ("company", "Huber Maschinenbau GmbH"),
    ("email", "eva@huber.example"),
    ("contract_end", "2026-09-30"),
];

/// 12 January and 20 April 2026 are Mondays.
#[rustfmt::skip]
const DID: [Did<'_>; 13] = [
    ("send:b1", "2026-01-13T09:00:00Z", "email.send", Some(2), ""),
    ("open:b1:1", "2026-01-13T11:00:00Z", "email.open", Some(2), ""),
    ("hit:1", "2026-01-13T11:01:00Z", "email.click", Some(2), "https://www.example.com/blog/less-waste"),
    ("open:b1:2", "2026-01-13T11:30:00Z", "email.open", Some(2), ""),
    ("hit:2", "2026-01-14T10:00:00Z", "url.hit", None, "https://www.example.com/pricing"),
    ("hit:3", "2026-01-14T10:30:00Z", "url.hit", None, "https://www.example.com/pricing?plan=large"),
    ("hit:4", "2026-01-15T11:00:00Z", "url.hit", None, "https://www.example.com/de/pricing"),
    ("submission:1", "2026-01-16T09:00:00Z", "form.submit", Some(1), ""),
    ("send:b2", "2026-04-20T07:00:00Z", "email.send", Some(3), ""),
    ("hit:5", "2026-04-20T07:30:00Z", "email.click", Some(3), "https://www.example.com/cases/huber"),
    ("submission:4", "2026-04-21T12:00:00Z", "form.submit", Some(1), ""),
    ("hit:6", "2026-04-21T13:30:00Z", "url.hit", None, "https://www.example.com/pricing"),
    ("hit:7", "2026-05-04T10:00:00Z", "url.hit", None, "https://www.example.com/careers/"),
];

/// Demos that were asked for: key, moment, budget, start, role.
#[rustfmt::skip]
const DEMOS: [[&str; 5]; 3] = [
    ["submission:2", "2026-01-16T10:00:00Z", "25000", "next year", "Student"],
    ["submission:3", "2026-01-17T10:00:00Z", "25000", "next year", "Buyer"],
    ["submission:5", "2026-04-22T10:00:00Z", "", "this quarter", "Buyer"],
];

fn did() -> Vec<Activity> {
    let demos = DEMOS.map(|[key, at, budget, start, role]| {
        let demo = activities(&[(key, at, "form.submit", Some(2), ""); 1]).remove(0);
        let answers = [
            ("result.budget", budget),
            ("result.start", start),
            ("result.role", role),
        ];
        with(demo, &answers)
    });
    activities(&DID).into_iter().chain(demos).collect()
}

#[test]
fn fit_and_engagement_make_a_grade_that_sales_hear_of() {
    let plan = b2b();
    let begins = "2026-01-12T08:00:00Z";
    let huber = profile(begins, &HUBER);
    let mut story =
        Story::new(&plan, begins, known(huber), did()).at("2026-06-10T08:00:00Z", |known| {
            let profile = known.profile.as_mut().unwrap();
            profile.do_not_contact.insert("email".into());
        });

    story.until("2026-01-17T12:00:00Z");
    insta::assert_snapshot!(story.why("fit"), @"");
    insta::assert_snapshot!(story.why("engagement"), @"");
    insta::assert_snapshot!(story.followed(), @"");

    story.until("2026-04-16T12:00:00Z");
    insta::assert_snapshot!(story.why("fit"), @"");
    insta::assert_snapshot!(story.why("engagement"), @"");
    insta::assert_snapshot!(story.followed(), @"");

    story.until("2026-05-04T12:00:00Z");
    insta::assert_snapshot!(story.why("engagement"), @"");
    insta::assert_snapshot!(story.followed(), @"");

    story.until("2026-09-15T12:00:00Z");
    insta::assert_snapshot!(story.why("fit"), @"");
    insta::assert_snapshot!(story.why("engagement"), @"");
    insta::assert_snapshot!(story.followed(), @"");

    story.until("2027-06-01T00:00:00Z");
    insta::assert_snapshot!(story.why("fit"), @"");
    insta::assert_snapshot!(story.followed(), @"");
}
