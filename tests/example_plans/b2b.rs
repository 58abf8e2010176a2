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
    insta::assert_snapshot!(story.why("fit"), @"
    Fit: 90 at 2026-01-17 13:00
            5 A registered company: company is Huber Maschinenbau GmbH
           20 Decides: position is Head of Purchasing
           20 Home region: country is Germany, state is Bavaria
           20 Mid-sized: employees is 240
           25 Our industries: industry is Manufacturing
      next 2026-03-30 03:00: 100, for Contract ends within half a year begins (15)
    ");
    // 0.97 + 4.85 + 9.8 + 4.95 + 20 + 19 = 59.57: of the demo, 60 - (1 + 5 + 10 + 5 + 20) = 19 are
    // left in this week. The second look at the prices pays half.
    insta::assert_snapshot!(story.why("engagement"), @"
    Engagement: 60 at 2026-01-17 13:00
         0.97 of 1 Opened a mail: email.open of Product news, 4 days old, evenly to nothing in 100 days
         4.85 of 5 Clicked in a mail: email.click https://www.example.com/blog/less-waste, 4 days old, evenly to nothing in 100 days
          9.8 of 10 Looked at the prices: url.hit https://www.example.com/pricing, 3 days old, evenly to nothing in 100 days
         4.95 of 5 Looked at the prices: url.hit https://www.example.com/de/pricing, 2 days old, evenly to nothing in 100 days
           20 Came to a webinar: form.submit of Webinar, 1 day old, evenly to nothing in 100 days
           19 Asked for a demo: form.submit of Demo, 0 days old, evenly to nothing in 100 days
         0.43 rounding
      passed over 2026-01-17 11:00 Asked for a demo: 21 of it, the topic gets at most 60 a week (form.submit of Demo)
      passed over 2026-01-14 11:30 Looked at the prices: it pays again only after 1 day (url.hit https://www.example.com/pricing?plan=large)
      passed over 2026-01-13 12:30 Opened a mail: it pays once per item (email.open of Product news)
      next 2026-01-18 03:00: 59, for Opened a mail fades from 0.97 to 0.96; Clicked in a mail fades from 4.85 to 4.8; Looked at the prices fades from 9.8 to 9.7; Looked at the prices fades from 4.95 to 4.9; Came to a webinar fades from 20 to 19.8
    ");
    insta::assert_snapshot!(story.followed(), @r#"
    2026-01-12 09:00  lead is A4; in Best fits (fit 90, engagement 0)
    2026-01-14 11:00  lead is A3 (fit 90, engagement 16)
    2026-01-16 10:00  lead is A2 (fit 90, engagement 41)
    2026-01-16 10:00  FIRES "Sales accepted", crossed 2026-01-16 10:00, lead A2 (A1 or A2): owner anna.meier, stage Sales accepted, sends Anna Meier will call you, calls crm
    2026-01-16 10:00  FIRES "Awake", crossed 2026-01-16 10:00, engagement 41 (at least 35): out of To be warmed up
    2026-01-17 11:00  lead is A1 (fit 90, engagement 60)
    "#);

    story.until("2026-04-16T12:00:00Z");
    // 90 + 15 = 105, for 30 March + 6 months = 30 September; the ceiling is 100.
    insta::assert_snapshot!(story.why("fit"), @"
    Fit: 100 at 2026-04-16 14:00
            5 A registered company: company is Huber Maschinenbau GmbH
           15 Contract ends within half a year: contract_end is 2026-09-30
           20 Decides: position is Head of Purchasing
           20 Home region: country is Germany, state is Bavaria
           20 Mid-sized: employees is 240
           25 Our industries: industry is Manufacturing
           -5 floor or ceiling
      next 2026-10-01 03:00: 90, for Contract ends within half a year ends (-15)
    ");
    // Ages of 92 to 88 days: 6 x 0.08 + 10 x 0.09 + 5 x 0.1 + 20 x 0.11 + 19 x 0.12 = 6.36.
    insta::assert_snapshot!(story.why("engagement"), @"
    Engagement: 6 at 2026-04-16 14:00
         0.08 of 1 Opened a mail: email.open of Product news, 93 days old, evenly to nothing in 100 days
          0.4 of 5 Clicked in a mail: email.click https://www.example.com/blog/less-waste, 93 days old, evenly to nothing in 100 days
          0.9 of 10 Looked at the prices: url.hit https://www.example.com/pricing, 92 days old, evenly to nothing in 100 days
          0.5 of 5 Looked at the prices: url.hit https://www.example.com/de/pricing, 91 days old, evenly to nothing in 100 days
          2.2 of 20 Came to a webinar: form.submit of Webinar, 90 days old, evenly to nothing in 100 days
         2.28 of 19 Asked for a demo: form.submit of Demo, 89 days old, evenly to nothing in 100 days
        -0.36 rounding
      passed over 2026-01-17 11:00 Asked for a demo: 21 of it, the topic gets at most 60 a week (form.submit of Demo)
      passed over 2026-01-14 11:30 Looked at the prices: it pays again only after 1 day (url.hit https://www.example.com/pricing?plan=large)
      passed over 2026-01-13 12:30 Opened a mail: it pays once per item (email.open of Product news)
      next 2026-04-18 03:00: 5, for Opened a mail fades from 0.08 to 0.06; Clicked in a mail fades from 0.4 to 0.3; Looked at the prices fades from 0.9 to 0.7; Looked at the prices fades from 0.5 to 0.4; Came to a webinar fades from 2.2 to 1.8; Asked for a demo fades from 2.28 to 1.9
    ");
    // 60 points lose 0.6 a day: 33.96 on 1 March is grade 3, 14.16 on 3 April is grade 4.
    insta::assert_snapshot!(story.followed(), @"
    2026-01-18 03:00  lead is A2 (fit 90, engagement 59)
    2026-03-01 03:00  lead is A3 (fit 90, engagement 34)
    2026-04-03 03:00  lead is A4 (fit 100, engagement 14)
    2026-04-03 03:00  armed again since 2026-04-03 03:00: awake
    ");

    story.until("2026-05-04T12:00:00Z");
    // 5 + 20 + 2 (the third look at the prices pays 20 %) leave 33 of 60 for the demo:
    // 5 x 0.87 + 20 x 0.88 + 2 x 0.88 + 33 x 0.89 - 20 = 33.08.
    insta::assert_snapshot!(story.why("engagement"), @"
    Engagement: 33 at 2026-05-04 14:00
         4.35 of 5 Clicked in a mail: email.click https://www.example.com/cases/huber, 14 days old, evenly to nothing in 100 days
         17.6 of 20 Came to a webinar: form.submit of Webinar, 13 days old, evenly to nothing in 100 days
         1.76 of 2 Looked at the prices: url.hit https://www.example.com/pricing, 12 days old, evenly to nothing in 100 days
        29.37 of 33 Asked for a demo: form.submit of Demo, 12 days old, evenly to nothing in 100 days
          -20 Looked at jobs: url.hit https://www.example.com/careers/, 0 days old, until 2026-11-01 03:00
        -0.08 rounding
      passed over 2026-04-22 12:00 Asked for a demo: 7 of it, the topic gets at most 60 a week (form.submit of Demo)
      passed over 2026-01-17 11:00 Asked for a demo: 21 of it, the topic gets at most 60 a week (form.submit of Demo)
      passed over 2026-01-14 11:30 Looked at the prices: it pays again only after 1 day (url.hit https://www.example.com/pricing?plan=large)
      passed over 2026-01-13 12:30 Opened a mail: it pays once per item (email.open of Product news)
      next 2026-05-05 03:00: 32, for Clicked in a mail fades from 4.35 to 4.3; Came to a webinar fades from 17.6 to 17.4; Looked at the prices fades from 1.76 to 1.74; Asked for a demo fades from 29.37 to 29.04
    ");
    // Silent for 14 days since 3 April. On 22 April 4.95 + 20 + 2 + 33 + 2.76 of old = 62.71: sales
    // were told once, and are not told again.
    insta::assert_snapshot!(story.followed(), @r#"
    2026-04-17 03:00  FIRES "Fits, but sleeps", crossed 2026-04-17 03:00, fit 100 (at least 70), engagement 6 (below 15): into To be warmed up
    2026-04-21 14:00  lead is A3 (fit 100, engagement 28)
    2026-04-22 12:00  lead is A1 (fit 100, engagement 63)
    2026-04-22 12:00  FIRES "Awake", crossed 2026-04-22 12:00, engagement 63 (at least 35): out of To be warmed up
    2026-04-22 12:00  armed again since 2026-04-22 12:00: fits-but-sleeps
    2026-04-26 03:00  lead is A2 (fit 100, engagement 58)
    2026-05-04 12:00  lead is A3 (fit 100, engagement 33)
    "#);

    story.until("2026-09-15T12:00:00Z");
    // 105 - 30 = 75.
    insta::assert_snapshot!(story.why("fit"), @"
    Fit: 75 at 2026-09-15 14:00
            5 A registered company: company is Huber Maschinenbau GmbH
           15 Contract ends within half a year: contract_end is 2026-09-30
           20 Decides: position is Head of Purchasing
           20 Home region: country is Germany, state is Bavaria
           20 Mid-sized: employees is 240
          -30 Must not be mailed: must not be contacted by email
           25 Our industries: industry is Manufacturing
      next 2026-10-01 03:00: 60, for Contract ends within half a year ends (-15)
    ");
    insta::assert_snapshot!(story.why("engagement"), @"
    Engagement: 0 at 2026-09-15 14:00
          -20 Looked at jobs: url.hit https://www.example.com/careers/, 134 days old, until 2026-11-01 03:00
           20 floor or ceiling
      passed over 2026-04-22 12:00 Asked for a demo: 7 of it, the topic gets at most 60 a week (form.submit of Demo)
      passed over 2026-01-17 11:00 Asked for a demo: 21 of it, the topic gets at most 60 a week (form.submit of Demo)
      passed over 2026-01-14 11:30 Looked at the prices: it pays again only after 1 day (url.hit https://www.example.com/pricing?plan=large)
      passed over 2026-01-13 12:30 Opened a mail: it pays once per item (email.open of Product news)
      next 2026-11-01 03:00: 0, for Looked at jobs ends (20)
    ");
    // 33.08 - 31 x 0.6 = 14.48 on 4 June; 14 days later it is told again, for it was 63 in between.
    insta::assert_snapshot!(story.followed(), @r#"
    2026-06-04 03:00  lead is A4 (fit 100, engagement 14)
    2026-06-04 03:00  armed again since 2026-06-04 03:00: awake
    2026-06-18 03:00  FIRES "Fits, but sleeps", crossed 2026-06-18 03:00, fit 75 (at least 70), engagement 6 (below 15): into To be warmed up
    "#);

    story.until("2027-06-01T00:00:00Z");
    // 30 September is no more between today and today + 6 months.
    insta::assert_snapshot!(story.why("fit"), @"
    Fit: 60 at 2027-06-01 02:00
            5 A registered company: company is Huber Maschinenbau GmbH
           20 Decides: position is Head of Purchasing
           20 Home region: country is Germany, state is Bavaria
           20 Mid-sized: employees is 240
          -30 Must not be mailed: must not be contacted by email
           25 Our industries: industry is Manufacturing
      nothing comes next
    ");
    insta::assert_snapshot!(story.followed(), @"2026-10-01 03:00  lead is B4; out of Best fits (fit 60, engagement 0)");
}
