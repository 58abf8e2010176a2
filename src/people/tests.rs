#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use super::*;
use crate::domain::{ContactId, Fact, PointsLogRow, Scope, SegmentId, Sighting, Source, WENT_BACK};
use crate::plan::{Catalog, Compiled, Named, Plan, compile};
use crate::store::{Batch, Journal, Origin, SharedStore, Urgency, sqlite::SqliteStore};
use jiff::{Timestamp, tz::TimeZone};
use std::sync::Arc;

const PLAN: &str = r#"
format = 1
time_zone = "Europe/Berlin"

[[topic]]
key = "main"
main_points = true

[[topic]]
key = "ovens"
group = 4

[[point_action]]
key = "page"
name = "Shop visit"
topic = "main"
points = 5
repeat = "always"
kind = "page.hit"
mautic = 1
"#;

fn plan() -> Compiled {
    let named = |id, name: &str| Named {
        id,
        name: name.to_owned(),
    };
    let catalog = Catalog {
        groups: vec![named(4, "Ovens")],
        segments: vec![named(9, "Fair"), named(10, "Twice"), named(11, "Twice")],
        ..Catalog::default()
    };
    let parsed = Plan::parse("plan.toml", PLAN);
    let (plan, _) = parsed.unwrap_or_else(|findings| panic!("{findings}"));
    compile(&plan, &catalog).unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    at("2026-11-21T12:00:00Z")
}

fn wish() -> Wish {
    Wish {
        whose: Whose::Contact(ContactId(7)),
        topic: "ovens".to_owned(),
        points: 5,
        reason: " met at the fair ".to_owned(),
        author: "ann".to_owned(),
        expires: None,
    }
}

#[test]
fn moments_are_dates_local_times_and_moments() {
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    for (text, expected) in [
        ("2026-11-21", "2026-11-20T23:00:00Z"),
        ("2026-07-01", "2026-06-30T22:00:00Z"),
        ("2026-11-21T08:15", "2026-11-21T07:15:00Z"),
        (" 2026-11-21 08:15:30 ", "2026-11-21T07:15:30Z"),
        ("2026-11-21T08:15:00Z", "2026-11-21T08:15:00Z"),
        ("2026-11-21T08:15:00-05:00", "2026-11-21T13:15:00Z"),
        // Skipped, and twice.
        ("2026-03-29T02:30", "2026-03-29T01:30:00Z"),
        ("2026-10-25T02:30", "2026-10-25T00:30:00Z"),
    ] {
        assert_eq!(moment(text, &zone).unwrap(), at(expected), "{text}");
    }
    for text in [
        "",
        "soon",
        "21.11.2026",
        "2026-13-01",
        "08:15",
        "2026-11-21T25:00",
    ] {
        let refusal = moment(text, &zone).unwrap_err();
        assert!(matches!(refusal, Refusal::Wrong { .. }), "{text}");
        assert_eq!(refusal.to_string(), format!("`{text}` is no date or time"));
    }
}

#[test]
fn what_a_wish_becomes() {
    let kept = wished(&plan(), &wish(), now()).unwrap();
    assert_eq!(kept.reason, "met at the fair");
    assert_eq!((kept.at, kept.expires_at), (now(), None));
    let until = Wish {
        expires: Some("2026-12-24".to_owned()),
        ..wish()
    };
    let kept = wished(&plan(), &until, now()).unwrap();
    assert_eq!(kept.expires_at, Some(at("2026-12-23T23:00:00Z")));
    for named in ["9", "Fair"] {
        let all = Wish {
            whose: Whose::Segment(named.to_owned()),
            ..wish()
        };
        let kept = wished(&plan(), &all, now()).unwrap();
        assert_eq!(kept.scope, Scope::Segment(SegmentId(9)), "{named}");
    }
}

#[test]
fn wishes_that_can_not_be_granted() {
    let segment = |named: &str| Whose::Segment(named.to_owned());
    let text = |text: &str| text.to_owned();
    let too_long = "x".repeat(501);
    for (wrong, said) in [
        (
            Wish {
                topic: text("sinks"),
                ..wish()
            },
            "no topic `sinks`",
        ),
        (
            Wish {
                points: 0,
                ..wish()
            },
            "0 points change nothing",
        ),
        (
            Wish {
                reason: text("  "),
                ..wish()
            },
            "the reason is empty",
        ),
        (
            Wish {
                reason: too_long,
                ..wish()
            },
            "the reason is longer",
        ),
        (
            Wish {
                author: text("a\tb"),
                ..wish()
            },
            "the author is longer",
        ),
        (
            Wish {
                whose: segment("fair"),
                ..wish()
            },
            "no segment `fair`",
        ),
        (
            Wish {
                whose: segment("12"),
                ..wish()
            },
            "no segment `12`",
        ),
        (
            Wish {
                whose: segment("Twice"),
                ..wish()
            },
            "several segments",
        ),
        (
            Wish {
                expires: Some(text("2026-11-21T13:00")),
                ..wish()
            },
            "that is over",
        ),
        (
            Wish {
                expires: Some(text("later")),
                ..wish()
            },
            "no date or time",
        ),
    ] {
        let refusal = wished(&plan(), &wrong, now()).unwrap_err().to_string();
        assert!(refusal.contains(said), "{refusal}");
    }
}

/// Contact 7, into whom 12 was merged, with points of Mautic's; 3 was deleted.
async fn filled(folder: &std::path::Path) -> SharedStore {
    let store = SqliteStore::open(folder.join("score.db")).unwrap();
    let logged = |id, name: &str, delta| {
        Fact::PointsLog(PointsLogRow {
            id,
            contact: ContactId(7),
            group: None,
            delta,
            log_type: "page".to_owned(),
            event_name: name.to_owned(),
            action_name: "hit".to_owned(),
            at: at("2026-11-01T00:00:00Z"),
        })
    };
    let profile = crate::domain::Profile {
        points: 20,
        ..crate::domain::Profile::unknown(ContactId(7), now())
    };
    let facts = vec![
        Fact::Merged {
            loser: ContactId(12),
            winner: ContactId(7),
            at: now(),
        },
        Fact::Deleted {
            contact: ContactId(3),
            at: now(),
        },
        logged(1, "1: Shop visit", 5),
        logged(2, "2: Gone", 8),
        Fact::Profile(Box::new(profile)),
    ];
    let sighted = |fact| Sighting {
        source: Source::Poll,
        fact,
    };
    let batch = Batch {
        origin: Origin::Lookup,
        sightings: facts.into_iter().map(sighted).collect(),
        parked: Vec::new(),
        received_at: now(),
        urgency: Urgency::Bulk,
        asked: None,
    };
    store.apply(batch).await.unwrap();
    Arc::new(store)
}

#[tokio::test]
async fn points_are_given_to_whoever_lives_on() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(folder.path()).await;
    let of = |contact| Wish {
        whose: Whose::Contact(ContactId(contact)),
        ..wish()
    };
    let given = give(&store, &plan(), &of(12), now()).await.unwrap();
    assert_eq!(given.merged_from, Some(ContactId(12)));
    assert_eq!(given.adjustment.scope, Scope::Contact(ContactId(7)));
    for (contact, said) in [(3, "contact 3 was erased"), (99, "is not known here")] {
        let refusal = give(&store, &plan(), &of(contact), now()).await;
        let refusal = refusal.unwrap_err().to_string();
        assert!(refusal.contains(said), "{refusal}");
    }
    assert_eq!(store.adjustments(None, 10).await.unwrap().len(), 1);

    let id = given.adjustment.id;
    let later = at("2026-11-21T13:00:00.000000999Z");
    let ended = end(&store, id, later).await.unwrap();
    assert!(is_over(&ended, later) && !is_over(&ended, now()));
    for (id, said) in [(id, "ended at"), (99, "no adjustment 99")] {
        let refusal = end(&store, id, at("2026-11-21T14:00:00Z")).await;
        let refusal = refusal.unwrap_err().to_string();
        assert!(refusal.contains(said), "{refusal}");
    }
}

#[tokio::test]
async fn nobody_gets_points_by_a_number_that_may_be_anothers() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(folder.path()).await;
    let refused = async || {
        let given = give(&store, &plan(), &wish(), now()).await;
        let refusal = given.err().map(|refusal| refusal.to_string());
        refusal.is_some_and(|said| said.contains("restored from a backup"))
    };
    store.put_setting(WENT_BACK, "{}").await.unwrap();
    assert!(refused().await, "while it stands still");
    store.forget_told(now()).await.unwrap();
    assert!(refused().await, "while Mautic is read anew");
    store.end_rereading(ContactId(7), now()).await.unwrap();
    assert!(!refused().await);
}

#[tokio::test]
async fn explanations_show_mautics_own_number_and_other_moments() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(folder.path()).await;
    let plan = plan();
    let until = Wish {
        expires: Some("2026-12-24".to_owned()),
        ..wish()
    };
    give(&store, &plan, &until, now()).await.unwrap();
    let question = Question {
        contact: ContactId(12),
        topic: None,
        at: None,
        now: now(),
        observes: true,
    };
    let explained = explain(&store, &plan, question).await.unwrap();
    assert_eq!((explained.contact, explained.note), (ContactId(7), None));
    let [main, ovens] = &explained.topics[..] else {
        panic!("two topics");
    };
    assert_eq!(main.observed, Some(20));
    let words = main.difference.as_ref().unwrap().words();
    insta::assert_debug_snapshot!(words, @r#"
    [
        "1: Shop visit: Mautic logged +5, the plan gives nothing",
        "2: Gone: Mautic logged +8, the plan gives nothing",
        "Mautic holds 7 points that it never logged",
    ]
    "#);
    assert_eq!((ovens.explanation.score, ovens.observed), (5, None));
    let next = ovens.explanation.next.as_ref().unwrap();
    assert_eq!((next.at, next.score), (at("2026-12-23T23:00:00Z"), 0));

    for (moment, score) in [
        ("2026-11-21T11:59:59Z", 0),
        ("2026-11-21T12:00:00Z", 5),
        ("2026-12-23T22:59:59Z", 5),
        ("2026-12-23T23:00:00Z", 0),
    ] {
        let question = Question {
            at: Some(at(moment)),
            topic: Some("ovens"),
            ..question
        };
        let explained = explain(&store, &plan, question).await.unwrap();
        assert_eq!(explained.topics[0].explanation.score, score, "{moment}");
        assert!(explained.note.is_some());
    }
    for (contact, topic, said) in [
        (3, None, "contact 3 was erased"),
        (99, None, "contact 99 is not known here"),
        (7, Some("sinks"), "no topic `sinks`"),
    ] {
        let question = Question {
            contact: ContactId(contact),
            topic,
            ..question
        };
        let refusal = explain(&store, &plan, question).await.unwrap_err();
        assert!(refusal.to_string().contains(said), "{refusal}");
    }
}
