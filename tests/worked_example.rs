//! The worked example of a scoring plan: director 10, region 5, city 6, came by form 3, agreed to
//! email 2, no visit in 30 days -10: 16 points; at 30 the sales department is told.
#![allow(clippy::unwrap_used, reason = "tests may fail loudly")]

use jiff::Timestamp;
use topicscore::domain::{
    Activity, ActivityKey, ActivityKind, Attributes, ContactId, Fired, Firing, Profile, Snapshot,
};
use topicscore::plan::{Catalog, Compiled, Named, Plan, compile};
use topicscore::scoring::{Explanation, evaluate, explain};

fn named(names: &[&str]) -> Vec<Named> {
    (1..)
        .zip(names)
        .map(|(id, name)| Named {
            id,
            name: (*name).into(),
        })
        .collect()
}

fn plan() -> Compiled {
    let text = include_str!("../deploy/plan.example.toml");
    let (plan, warnings) = Plan::parse("plan.example.toml", text).unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");
    let catalog = Catalog {
        groups: named(&["Sales", "Dishwashers"]),
        segments: named(&["Tell sales", "Interested in dishwashers"]),
        forms: named(&["Contact us", "Ask for an offer"]),
        assets: named(&["Dishwasher guide"]),
        emails: named(&["Autumn offers"]),
        ..Catalog::default()
    };
    compile(&plan, &catalog).unwrap()
}

fn activity(key: &str, at: &str, kind: ActivityKind, object: Option<u32>) -> Activity {
    Activity {
        key: ActivityKey(key.into()),
        contact: ContactId(4711),
        at: at.parse().unwrap(),
        kind,
        object,
        url: (kind == ActivityKind::UrlHit).then(|| "https://shop.example.com/".into()),
        attributes: Attributes::new(),
    }
}

fn director() -> Snapshot {
    let mut profile = Profile::unknown(ContactId(4711), "2026-03-01T00:00:00Z".parse().unwrap());
    profile.added_at = Some("2026-03-01T09:00:00Z".parse().unwrap());
    for (field, value) in [
        ("position", "Director"),
        ("state", "Bavaria"),
        ("city", "Munich"),
    ] {
        profile.fields.insert(field.into(), value.into());
    }
    profile.tags.insert("newsletter".into());
    Snapshot {
        activities: vec![
            activity("hit:1", "2026-03-01T09:00:00Z", ActivityKind::UrlHit, None),
            activity(
                "submission:1",
                "2026-03-01T09:05:00Z",
                ActivityKind::FormSubmit,
                Some(1),
            ),
        ],
        profile: Some(profile),
        ..Snapshot::of(ContactId(4711))
    }
}

fn sales(history: &Snapshot, now: &str) -> Explanation {
    explain(&plan(), history, now.parse().unwrap()).remove(0)
}

fn lines(explanation: &Explanation) -> String {
    let parts = explanation
        .contributions
        .iter()
        .map(|part| format!("{:>3} {} ({})", part.points, part.name, part.because));
    let total = format!(
        "{:3} {}",
        explanation.score,
        explanation.band.as_deref().unwrap_or("-")
    );
    parts.chain([total]).collect::<Vec<_>>().join("\n")
}

#[test]
fn sixteen_points_after_thirty_days_of_silence() {
    let history = director();
    let fresh = sales(&history, "2026-03-02T00:00:00Z");
    assert_eq!(fresh.score, 26);
    // 30 days end on 31 March at 09:00; time moves scores at the next 03:00 in Berlin.
    let next: Timestamp = "2026-04-01T01:00:00Z".parse().unwrap();
    assert_eq!(fresh.next_change, Some(next));
    assert_eq!(sales(&history, "2026-04-01T00:59:59Z").score, 26);
    insta::assert_snapshot!(lines(&sales(&history, "2026-04-01T01:00:00Z")), @"
      2 Agreed to email (has the tag newsletter)
      6 City (city is Munich)
     10 Director (position is Director)
      5 Region (state is Bavaria)
      3 Came by form (form.submit of Contact us)
    -10 No visit in 30 days (nothing for 30 days since 2026-03-01 10:00)
     16 warm
    ");
}

/// Looks as the daemon does: what fires is kept, so that it is known at the next look.
fn look(history: &mut Snapshot, now: &str) -> (i32, Vec<Firing>) {
    let plan = plan();
    let evaluation = evaluate(&plan, history, now.parse().unwrap());
    let (score, decision) = (evaluation.topics[0].score, evaluation.decision);
    for firing in &decision.firings {
        let fired = Fired {
            crossed_at: firing.crossed_at,
            rearmed_at: None,
        };
        history.fired.insert(firing.trigger.clone(), fired);
    }
    for (trigger, at) in decision.rearmed {
        history.fired.get_mut(&trigger).unwrap().rearmed_at = Some(at);
    }
    (score, decision.firings)
}

#[test]
fn sales_are_told_at_thirty_once() {
    let mut history = director();
    // Silent for a month, the contact asks for an offer: 16 + 14 = 30.
    assert_eq!(look(&mut history, "2026-04-02T08:59:59Z"), (16, vec![]));
    let (form, offer) = (ActivityKind::FormSubmit, "2026-04-02T09:00:00Z");
    history
        .activities
        .push(activity("submission:2", offer, form, Some(2)));
    let (score, told) = look(&mut history, offer);
    assert_eq!(score, 30);
    insta::assert_json_snapshot!(told, @r#"
    [
      {
        "trigger": "tell-sales",
        "name": "Tell sales",
        "crossed_at": "2026-04-02T09:00:00Z",
        "reason": "sales 30 (at least 30)",
        "scores": [
          [
            "sales",
            30
          ],
          [
            "dishwashers",
            0
          ]
        ],
        "actions": [
          {
            "do": "add_to_segment",
            "segment": 1
          }
        ]
      }
    ]
    "#);
    assert_eq!(look(&mut history, offer), (30, vec![]), "told already");

    // A visit ends the silence: 10 + 5 + 6 + 3 + 2 + 14 = 40.
    let (hit, visit) = (ActivityKind::UrlHit, "2026-04-03T09:00:00Z");
    history.activities.push(activity("hit:2", visit, hit, None));
    assert_eq!(look(&mut history, visit), (40, vec![]));
    // 30 days of silence are over at 11:00 of 3 May in Berlin, and take effect at 03:00 on the 4th.
    assert_eq!(look(&mut history, "2026-05-04T01:00:00Z"), (30, vec![]));
    // It moves away: 5 + 6 less. It comes back to the site: 10 more. It moves back: 11 more.
    let home = history.profile.clone();
    let profile = history.profile.as_mut().unwrap();
    profile.fields.remove("state");
    profile.fields.remove("city");
    assert_eq!(look(&mut history, "2026-05-05T01:00:00Z"), (19, vec![]));
    let visit = "2026-05-06T09:00:00Z";
    history.activities.push(activity("hit:3", visit, hit, None));
    assert_eq!(look(&mut history, visit), (29, vec![]));
    history.profile = home;
    assert_eq!(look(&mut history, "2026-05-07T01:00:00Z"), (40, vec![]));
}

#[test]
fn a_visit_ends_the_silence() {
    let mut history = director();
    history.activities.push(activity(
        "hit:2",
        "2026-04-05T10:00:00Z",
        ActivityKind::UrlHit,
        None,
    ));
    assert_eq!(sales(&history, "2026-04-06T00:00:00Z").score, 26);
}
