//! Somebody who gets stuck in one stage, is motivated, moves on, and is stuck in the next.

use crate::story::{Did, Story, activities, known, moment, named, plan, profile};
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
    // 6 x 0.96 + 12 x 0.97 + 25 x 0.99 = 42.15.
    insta::assert_snapshot!(story.why("progress"), @"
    Progress in the stage: 42 at 2026-02-07 13:00 (moving)
         2.88 of 3 Visited: url.hit https://www.example.com/, 5 days old, evenly to nothing in 100 days
         2.88 of 3 Visited: url.hit https://www.example.com/product, 5 days old, evenly to nothing in 100 days
        11.64 of 12 Read a case study: asset.download of How Meier did it, 4 days old, evenly to nothing in 100 days
        24.75 of 25 Came to a webinar: form.submit of Webinar, 1 day old, evenly to nothing in 100 days
        -0.15 rounding
      passed over 2026-02-06 10:00 Came to a webinar: it pays once per contact (form.submit of Webinar)
      passed over 2026-02-02 09:07 Visited: at most 6 a day (url.hit https://www.example.com/about)
      next 2026-02-09 04:00: 41, for Visited fades from 2.88 to 2.82; Visited fades from 2.88 to 2.82; Read a case study fades from 11.64 to 11.4; Came to a webinar fades from 24.75 to 24.25
    ");
    insta::assert_snapshot!(story.followed(), @r#"
    2026-02-02 09:00  progress is stuck; out of Ready for the next stage (progress 0)
    2026-02-05 16:00  FIRES "Moves again", crossed 2026-02-05 16:00, progress 43 (at least 35): out of Motivate
    2026-02-06 16:00  progress is moving (progress 43)
    "#);

    story.until("2026-02-21T12:00:00Z");
    // 6 x 0.82 + 12 x 0.83 + 25 x 0.85 - 10 = 26.13.
    insta::assert_snapshot!(story.why("progress"), @"
    Progress in the stage: 26 at 2026-02-21 13:00 (moving)
         2.46 of 3 Visited: url.hit https://www.example.com/, 19 days old, evenly to nothing in 100 days
         2.46 of 3 Visited: url.hit https://www.example.com/product, 19 days old, evenly to nothing in 100 days
         9.96 of 12 Read a case study: asset.download of How Meier did it, 18 days old, evenly to nothing in 100 days
        21.25 of 25 Came to a webinar: form.submit of Webinar, 15 days old, evenly to nothing in 100 days
          -10 Silent: nothing for 14 days since 2026-02-06 10:00, 0 days old, until 2026-03-09 04:00
        -0.13 rounding
      passed over 2026-02-06 10:00 Came to a webinar: it pays once per contact (form.submit of Webinar)
      passed over 2026-02-02 09:07 Visited: at most 6 a day (url.hit https://www.example.com/about)
      next 2026-02-23 04:00: 25, for Visited fades from 2.46 to 2.4; Visited fades from 2.46 to 2.4; Read a case study fades from 9.96 to 9.72; Came to a webinar fades from 21.25 to 20.75
    ");

    story.until("2026-03-09T12:00:00Z");
    // 6 x 0.66 + 12 x 0.67 + 25 x 0.69 - 25 = 4.25; the band follows a day later.
    insta::assert_snapshot!(story.why("progress"), @"
    Progress in the stage: 4 at 2026-03-09 13:00 (moving)
         1.98 of 3 Visited: url.hit https://www.example.com/, 35 days old, evenly to nothing in 100 days
         1.98 of 3 Visited: url.hit https://www.example.com/product, 35 days old, evenly to nothing in 100 days
         8.04 of 12 Read a case study: asset.download of How Meier did it, 34 days old, evenly to nothing in 100 days
        17.25 of 25 Came to a webinar: form.submit of Webinar, 31 days old, evenly to nothing in 100 days
          -25 Silent: nothing for 30 days since 2026-02-06 10:00, 0 days old
        -0.25 rounding
      passed over 2026-02-06 10:00 Came to a webinar: it pays once per contact (form.submit of Webinar)
      passed over 2026-02-02 09:07 Visited: at most 6 a day (url.hit https://www.example.com/about)
      next 2026-03-11 04:00: 3, for Visited fades from 1.98 to 1.92; Visited fades from 1.98 to 1.92; Read a case study fades from 8.04 to 7.8; Came to a webinar fades from 17.25 to 16.75
    ");

    story.until("2026-03-25T12:00:00Z");
    // 6 x 0.5 + 12 x 0.51 + 25 x 0.53 + 10 x 0.96 + 12 x 0.97 + 40 x 0.99 = 83.21.
    insta::assert_snapshot!(story.why("progress"), @"
    Progress in the stage: 83 at 2026-03-25 13:00 (ready)
          1.5 of 3 Visited: url.hit https://www.example.com/, 51 days old, evenly to nothing in 100 days
          1.5 of 3 Visited: url.hit https://www.example.com/product, 51 days old, evenly to nothing in 100 days
         6.12 of 12 Read a case study: asset.download of How Meier did it, 50 days old, evenly to nothing in 100 days
        13.25 of 25 Came to a webinar: form.submit of Webinar, 47 days old, evenly to nothing in 100 days
         6.72 of 7 Clicked in a mail: email.click https://www.example.com/next, 5 days old, evenly to nothing in 100 days
         2.88 of 3 Visited: email.click https://www.example.com/next, 5 days old, evenly to nothing in 100 days
        11.64 of 12 Read a case study: asset.download of How Huber did it, 4 days old, evenly to nothing in 100 days
         39.6 of 40 Asked for an offer: form.submit of Offer, 2 days old, evenly to nothing in 100 days
        -0.21 rounding
      passed over 2026-02-06 10:00 Came to a webinar: it pays once per contact (form.submit of Webinar)
      passed over 2026-02-02 09:07 Visited: at most 6 a day (url.hit https://www.example.com/about)
      next 2026-03-26 04:00: 82, for Visited fades from 1.5 to 1.47; Visited fades from 1.5 to 1.47; Read a case study fades from 6.12 to 6; Came to a webinar fades from 13.25 to 13; Clicked in a mail fades from 6.72 to 6.65; Visited fades from 2.88 to 2.85; Read a case study fades from 11.64 to 11.52; Asked for an offer fades from 39.6 to 39.2
    ");
    // Below 20 since 9 March 04:00, ten days. 6 x 0.55 + 12 x 0.56 + 25 x 0.58 + 10 = 34.52 on 20 March.
    insta::assert_snapshot!(story.followed(), @r#"
    2026-03-09 04:00  armed again since 2026-03-09 04:00: moves-again
    2026-03-10 04:00  progress is stuck (progress 4)
    2026-03-19 04:00  FIRES "Motivate", crossed 2026-03-19 04:00, progress 0 (below 20): into Motivate, out of Newcomers
    2026-03-20 11:00  FIRES "Moves again", crossed 2026-03-20 11:00, progress 35 (at least 35): out of Motivate
    2026-03-20 11:00  armed again since 2026-03-20 11:00: motivate
    2026-03-21 11:00  progress is moving (progress 46)
    2026-03-23 10:00  in Ready for the next stage (progress 85)
    2026-03-24 10:00  progress is ready (progress 84)
    "#);

    story.until("2026-03-26T12:00:00Z");
    // 20 % of 82; the silence begins anew, too.
    insta::assert_snapshot!(story.why("progress"), @"
    Progress in the stage: 16 at 2026-03-26 13:00 (ready)
         16.4 Carried over from before the stage: 20 % of 82, 0 days old, evenly to nothing in 100 days
         -0.4 rounding
      next 2026-04-02 04:00: 15, for Carried over from before the stage fades from 16.4 to 15.416
    ");

    story.until("2026-04-15T12:00:00Z");
    // 16.4 x 0.81 + 25: the webinar pays once in each stage, and ended the silence (-10 since 10 April).
    insta::assert_snapshot!(story.why("progress"), @"
    Progress in the stage: 38 at 2026-04-15 14:00 (stuck)
       13.284 of 16.4 Carried over from before the stage: 20 % of 82, 20 days old, evenly to nothing in 100 days
           25 Came to a webinar: form.submit of Webinar, 0 days old, evenly to nothing in 100 days
       -0.284 rounding
      next 2026-04-18 04:00: 37, for Carried over from before the stage fades from 13.284 to 12.792; Came to a webinar fades from 25 to 24.5
    ");
    // Below 20 since 26 March 09:00; 240 hours are over at 10:00 in summer time.
    insta::assert_snapshot!(story.followed(), @r#"
    2026-03-26 09:00  out of Ready for the next stage (progress 16)
    2026-03-26 09:00  armed again since 2026-03-26 09:00: moves-again
    2026-03-27 09:00  progress is stuck (progress 16)
    2026-04-05 10:00  FIRES "Motivate", crossed 2026-04-05 10:00, progress 15 (below 20): into Motivate, out of Newcomers
    2026-04-15 11:00  FIRES "Moves again", crossed 2026-04-15 11:00, progress 38 (at least 35): out of Motivate
    2026-04-15 11:00  armed again since 2026-04-15 11:00: motivate
    "#);

    story.until("2026-12-01T00:00:00Z");
    // 14 days after 15 April, 41.4 points fade and 10 are taken: below 20 since 7 May, told on the 17th.
    insta::assert_snapshot!(story.followed(), @r#"
    2026-04-16 11:00  progress is moving (progress 38)
    2026-05-07 04:00  armed again since 2026-05-07 04:00: moves-again
    2026-05-17 04:00  progress is stuck (progress 0)
    2026-05-17 04:00  FIRES "Motivate", crossed 2026-05-17 04:00, progress 0 (below 20): into Motivate, out of Newcomers
    "#);
}

/// Below 20 from its first day on: stuck only when the ten days are over.
#[test]
fn a_newcomer_is_not_stuck() {
    let plan = stages();
    let begins = "2026-02-02T08:00:00Z";
    let mut story = Story::new(&plan, begins, known(profile(begins, &[])), Vec::new());
    story.until("2026-02-12T07:59:59Z");
    insta::assert_snapshot!(story.followed(), @"2026-02-02 09:00  progress is stuck; out of Ready for the next stage (progress 0)");
    story.until("2026-04-01T00:00:00Z");
    insta::assert_snapshot!(story.followed(), @r#"2026-02-12 09:00  FIRES "Motivate", crossed 2026-02-12 09:00, progress 0 (below 20): into Motivate, out of Newcomers"#);
}

/// With `since`, the silence of a newcomer counts if its ten days are over after that moment.
#[test]
fn what_was_so_before_the_trigger_counts_is_left_alone() {
    let begins = "2026-02-02T08:00:00Z";
    for (since, fires) in [
        ("2026-02-12T08:00:00Z", true),
        ("2026-02-12T08:00:01Z", false),
    ] {
        let mut plan = stages();
        plan.triggers[0].since = Some(moment(since));
        let newcomer = known(profile(begins, &[]));
        let mut story = Story::new(&plan, begins, newcomer, Vec::new());
        story.until("2026-04-01T00:00:00Z");
        let told = story.followed().contains("FIRES \"Motivate\"");
        assert_eq!(told, fires, "since {since}");
    }
}
