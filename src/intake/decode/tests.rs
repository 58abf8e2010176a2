#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failing test may panic"
)]

use super::*;
use crate::domain::{Activity, ActivityKey, ActivityKind, attribute};
use jiff::Timestamp;
use mautic_fixtures::recordings;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const SCENARIOS: [&str; 4] = [
    "01-six-action-types",
    "06-anonymous-identify-merge",
    "07-email-open-click",
    "12-deletes-and-dnc",
];

fn body_of(delivery: &Value) -> String {
    delivery["body_raw"].as_str().unwrap().to_owned()
}

/// The smallest recorded delivery of each type, and one of several types.
fn bodies() -> Vec<String> {
    let kinds = recordings::webhooks().unwrap().into_iter();
    let smallest = |kind: recordings::Lines| {
        let bodies = kind.lines.iter().map(body_of);
        bodies.min_by_key(String::len).unwrap()
    };
    let deliveries = kinds.filter(|kind| !kind.name.starts_with('_'));
    deliveries.map(smallest).collect()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn summary(fact: &Fact) -> String {
    match fact {
        Fact::Activity(it) => {
            let object = it.object.map(|id| id.to_string()).unwrap_or_default();
            format!("{} {} {object} by {}", it.key, it.kind, it.contact)
        }
        Fact::Profile(it) => format!("profile {} with {} points", it.contact, it.points),
        Fact::Membership {
            contact,
            segment,
            member,
            ..
        } => {
            format!("{contact} in {segment}: {member}")
        }
        Fact::PointsSeen {
            contact, points, ..
        } => format!("{contact} has {points}"),
        Fact::PointsLog(row) => format!("log {} {:?} {:+}", row.id, row.group, row.delta),
        Fact::Gone { contact, .. } => format!("{contact} gone"),
        Fact::Merged { loser, winner, .. } => format!("{loser} into {winner}"),
        Fact::Mentioned { contact } => format!("{contact} mentioned"),
        Fact::Deleted { contact, .. } => format!("{contact} deleted"),
    }
}

fn lines(decoded: &Decoded) -> Vec<String> {
    decoded
        .sightings
        .iter()
        .map(|told| summary(&told.fact))
        .collect()
}

#[test]
fn every_type_decodes() {
    let mut types = BTreeSet::new();
    let mut told = Vec::new();
    for raw in bodies() {
        let decoded = body(raw.as_bytes());
        assert_eq!(decoded.unreadable, vec![]);
        let names: BTreeMap<String, Value> = serde_json::from_str(&raw).unwrap();
        if names.len() == 1 {
            told.push(format!(
                "{} {:?}",
                names.keys().next().unwrap(),
                lines(&decoded)
            ));
        }
        types.extend(names.into_keys());
    }
    let known: BTreeSet<_> = EventType::ALL.map(|event| event.name().to_owned()).into();
    assert_eq!(types, known);
    insta::assert_snapshot!(told.join("\n"), @r#"
    mautic.company_post_delete []
    mautic.company_post_save []
    mautic.email_on_open ["open:6b01fe1e0c5bb604524155:1 email.open 1 by 5"]
    mautic.email_on_send ["send:6b01fe19d73d4600301613 email.send 1 by 1"]
    mautic.form_on_submit ["submission:6 form.submit 3 by 17"]
    mautic.lead_channel_subscription_changed ["profile 4 with 0 points"]
    mautic.lead_company_change ["profile 4 with 0 points"]
    mautic.lead_list_change ["4 in 1: true", "segment:1:4:1795292687 segment.enter 1 by 4", "profile 4 with 0 points"]
    mautic.lead_points_change ["1 has 4", "profile 1 with 4 points"]
    mautic.lead_post_delete ["20 gone"]
    mautic.lead_post_save_new ["profile 3 with 0 points"]
    mautic.lead_post_save_update ["profile 1 with 4 points"]
    mautic.page_on_hit ["hit:4 url.hit  by 6"]
    mautic.sms_on_send ["sms:2:6:1795295406 sms.send 2 by 6"]
    "#);
}

/// Without what only one source can tell (docs/sources.md).
fn normal(activity: &Activity) -> Activity {
    let mut normal = activity.clone();
    let opened = activity.kind == ActivityKind::EmailOpen;
    normal.attributes.retain(|name, _| {
        name != attribute::LEFT_AT
            && !name.starts_with(attribute::RESULT_PREFIX)
            && !(opened && name == attribute::USER_AGENT)
    });
    normal
}

fn activities(decoded: Decoded) -> BTreeMap<ActivityKey, Activity> {
    let activity = |told: Sighting| match told.fact {
        Fact::Activity(it) => Some((it.key.clone(), normal(&it))),
        _ => None,
    };
    decoded.sightings.into_iter().filter_map(activity).collect()
}

/// A browser that changes owner gets another device.
fn of_nobody(activity: &Activity) -> Activity {
    let mut activity = activity.clone();
    activity.contact = ContactId(0);
    activity.attributes.remove(attribute::TRACKING_ID);
    activity
}

/// The final tables of a scenario, and its deliveries.
fn scenario(name: &str) -> (Decoded, Decoded) {
    let recorded = recordings::scenario(name).unwrap();
    let mut hooked = Decoded::default();
    for delivery in recorded.lines("deliveries.jsonl").unwrap() {
        hooked.append(body(body_of(&delivery).as_bytes()));
    }
    let mut polled = Decoded::default();
    for table in [
        Table::PageHits,
        Table::EmailStats,
        Table::FormSubmissions,
        Table::AssetDownloads,
        Table::PointsLog,
        Table::SegmentMembers,
        Table::AuditLog,
        Table::StagesLog,
        Table::CampaignMembers,
    ] {
        let page = recorded.json(&format!("stats/{}.json", table.name()));
        let page: Vec<Row> = serde_json::from_value(page.unwrap()).unwrap();
        polled.append(rows(table, &page, at("2026-11-22T00:00:00Z")));
    }
    (hooked, polled)
}

fn merges(polled: &Decoded) -> BTreeMap<ContactId, ContactId> {
    let merge = |told: &Sighting| match told.fact {
        Fact::Merged { loser, winner, .. } => Some((loser, winner)),
        _ => None,
    };
    polled.sightings.iter().filter_map(merge).collect()
}

#[test]
fn webhook_and_table_tell_the_same_activities() {
    let mut report = Vec::new();
    for name in SCENARIOS {
        let (hooked, polled) = scenario(name);
        assert_eq!((&hooked.unreadable, &polled.unreadable), (&vec![], &vec![]));
        let winners = merges(&polled);
        let (hooked, polled) = (activities(hooked), activities(polled));
        let (mut equal, mut merged, mut moved, mut only_hooked) = (0, 0, 0, 0);
        for (key, hook) in &hooked {
            let Some(poll) = polled.get(key) else {
                only_hooked += 1;
                continue;
            };
            if hook.contact == poll.contact {
                equal += 1;
                assert_eq!(hook, poll, "{name}");
                continue;
            }
            if winners.get(&hook.contact) == Some(&poll.contact) {
                merged += 1;
            } else {
                moved += 1;
            }
            assert_eq!(of_nobody(hook), of_nobody(poll), "{name}");
        }
        let only_polled: Vec<_> = polled
            .keys()
            .filter(|key| !hooked.contains_key(*key))
            .collect();
        assert!(only_polled.iter().all(|key| key.0.starts_with("download:")));
        report.push(format!(
            "{name}: equal {equal}, merged {merged}, moved {moved}, of deleted contacts {only_hooked}, \
             downloads {}",
            only_polled.len()
        ));
    }
    insta::assert_snapshot!(report.join("\n"), @"
    01-six-action-types: equal 24, merged 0, moved 0, of deleted contacts 0, downloads 4
    06-anonymous-identify-merge: equal 18, merged 5, moved 1, of deleted contacts 0, downloads 2
    07-email-open-click: equal 23, merged 0, moved 0, of deleted contacts 0, downloads 0
    12-deletes-and-dnc: equal 14, merged 0, moved 0, of deleted contacts 8, downloads 1
    ");
}

#[test]
fn merges_and_deletions() {
    let told = |name| {
        let (hooked, polled) = scenario(name);
        let of = |decoded: &Decoded, word: &str| -> Vec<String> {
            let found = lines(decoded).into_iter();
            found
                .filter(|line| line.ends_with(word) || line.contains(" into "))
                .collect()
        };
        (of(&hooked, " gone"), of(&polled, " gone"))
    };
    insta::assert_debug_snapshot!((told(SCENARIOS[1]), told(SCENARIOS[3])), @r#"
    (
        (
            [
                "2 gone",
                "1 gone",
            ],
            [
                "2 into 3",
                "1 into 4",
            ],
        ),
        (
            [
                "1 gone",
                "6 gone",
            ],
            [
                "1 gone",
                "6 gone",
            ],
        ),
    )
    "#);
}

fn hit(change: impl FnOnce(&mut Value)) -> Value {
    let mut item = json!({"hit": {
        "id": 7, "dateHit": "2026-11-21T20:25:04+00:00", "page": null, "redirect": null, "email": null,
        "lead": {"id": "3", "points": 1}, "code": 200, "referer": null, "url": "http://s/a?b=\u{0}c",
        "urlTitle": "&#60;b&#62; &amp;", "userAgent": "UA", "trackingId": "t", "source": null, "sourceId": null
    }, "timestamp": "2026-11-21T20:25:05+00:00"});
    change(&mut item["hit"]);
    item
}

fn hits(items: &[Value]) -> Decoded {
    body(json!({"mautic.page_on_hit": items}).to_string().as_bytes())
}

#[test]
fn kinds_of_hits() {
    let decoded = hits(&[
        hit(|_| {}),
        hit(|hit| hit["page"] = json!({"id": 4})),
        hit(|hit| {
            hit["redirect"] = json!([]);
            hit["email"] = json!({"id": 9});
            hit["source"] = json!("email");
            hit["sourceId"] = json!(9);
        }),
        hit(|hit| hit["redirect"] = json!({"id": 1})),
        hit(|hit| hit["page"] = json!([])),
    ]);
    insta::assert_debug_snapshot!(lines(&decoded), @r#"
    [
        "hit:7 url.hit  by 3",
        "hit:7 page.hit 4 by 3",
        "hit:7 email.click 9 by 3",
        "hit:7 email.click  by 3",
        "hit:7 url.hit  by 3",
    ]
    "#);
    let Fact::Activity(click) = &decoded.sightings[2].fact else {
        panic!("no activity")
    };
    assert_eq!(click.url.as_deref(), Some("http://s/a?b=c"));
    insta::assert_debug_snapshot!(click.attributes, @r#"
    {
        "code": "200",
        "email": "9",
        "redirect": "1",
        "source": "email",
        "source_id": "9",
        "title": "<b> &amp;",
        "tracking_id": "t",
        "user_agent": "UA",
    }
    "#);
}

#[test]
fn what_can_not_be_understood_is_set_aside_and_the_rest_goes_on() {
    let decoded = hits(&[
        hit(|hit| hit["dateHit"] = json!("yesterday")),
        hit(|hit| hit["id"] = json!(1)),
        hit(|hit| _ = hit.as_object_mut().unwrap().remove("dateHit")),
        hit(|hit| hit["id"] = json!(-1)),
        json!([1]),
        hit(|hit| hit["lead"] = json!(null)),
        hit(|hit| hit["lead"] = json!([])),
        hit(|hit| hit["id"] = json!(2)),
    ]);
    assert_eq!(
        lines(&decoded),
        ["hit:1 url.hit  by 3", "hit:2 url.hit  by 3"]
    );
    assert_eq!(decoded.unattributed, 2);
    let reasons: Vec<_> = decoded
        .unreadable
        .iter()
        .map(|item| &*item.reason)
        .collect();
    insta::assert_debug_snapshot!(reasons, @r#"
    [
        "hit.dateHit should be a date, but is \"yesterday\"",
        "hit.dateHit is missing",
        "hit.id should be an id, but is -1",
        "the item should be an object, but is [1]",
    ]
    "#);
    assert!(decoded.unreadable[0].excerpt.contains("yesterday"));
}

#[test]
fn odd_bodies() {
    let item = hit(|_| {}).to_string();
    let deep = format!(
        r#"{{"mautic.page_on_hit":[{},{item}]}}"#,
        "{\"a\":[".repeat(100_000) + "1" + &"]}".repeat(100_000)
    );
    let twice = format!(r#"{{"mautic.page_on_hit":[{item}],"mautic.page_on_hit":[{item}]}}"#);
    let test =
        format!(r#"{{"mautic.page_on_hit":[{item}],"timestamp":"2026-11-21T20:25:05+00:00"}}"#);
    let future = format!(r#"{{"mautic.tea_on_time":[{{"cup":1}}],"mautic.page_on_hit":[{item}]}}"#);
    // (facts, unreadable, ignored)
    for (raw, expected) in [
        (&*deep, (1, 1, 0)),
        (&*twice, (2, 0, 0)),
        (&*test, (0, 0, 1)),
        (&*future, (1, 1, 0)),
        (r#"{"timestamp":"2026-11-21T20:25:05+00:00"}"#, (0, 0, 1)),
        (r#"{"mautic.page_on_hit":{"hit":{}}}"#, (0, 0, 1)),
        (
            r#"{"mautic.company_post_save":[{"company":{}}]}"#,
            (0, 0, 1),
        ),
        (r#"{"mautic.page_on_hit":7}"#, (0, 1, 0)),
        (r#"{"mautic.page_on_hit":[{"hit":"\ud800"}]}"#, (0, 1, 0)),
        ("{}", (0, 0, 0)),
        ("[]", (0, 1, 0)),
        ("null", (0, 1, 0)),
        ("", (0, 1, 0)),
        (&item[..50], (0, 1, 0)),
    ] {
        let decoded = body(raw.as_bytes());
        let found = (
            decoded.sightings.len(),
            decoded.unreadable.len(),
            decoded.ignored,
        );
        assert_eq!(found, expected, "{}", cut(raw, 80));
    }
    let future = body(future.as_bytes());
    assert_eq!(future.unreadable[0].kind, "mautic.tea_on_time");
    assert_eq!(future.unreadable[0].excerpt, r#"[{"cup":1}]"#);
}

#[test]
fn a_parked_item_is_cut_at_a_character() {
    let long = "ü".repeat(100_000);
    let decoded = body(format!("x{long}").as_bytes());
    assert_eq!(decoded.unreadable[0].excerpt.len(), MAX_EXCERPT - 1);
    let invalid = body(b"\xff\xfe");
    assert_eq!(invalid.unreadable[0].excerpt, "\u{fffd}\u{fffd}");
}

#[test]
fn points_of_a_change_are_the_new_ones_and_a_stage_without_id_makes_no_profile() {
    let contact = |stage: Value| {
        json!({"contact": {"id": 5, "points": 1, "tags": [{"tag": "vip"}], "owner": {"id": 2}, "stage": stage,
            "fields": {"core": {"points": {"value": 1}, "city": {"value": "K\u{f6}ln"}}, "social": []},
            "doNotContact": [{"channel": "email"}], "dateIdentified": "2026-11-21T20:25:04+00:00"},
            "points": {"old_points": 1, "new_points": 11}, "timestamp": "2026-11-21T20:25:05+00:00"})
    };
    let told = |item: Value| {
        body(
            json!({"mautic.lead_points_change": [item]})
                .to_string()
                .as_bytes(),
        )
    };
    insta::assert_debug_snapshot!(told(contact(json!({"id": 3}))).sightings, @r#"
    [
        Sighting {
            source: Webhook,
            fact: PointsSeen {
                contact: ContactId(
                    5,
                ),
                points: 11,
                at: 2026-11-21T20:25:05Z,
            },
        },
        Sighting {
            source: Webhook,
            fact: Profile(
                Profile {
                    contact: ContactId(
                        5,
                    ),
                    as_of: 2026-11-21T20:25:05Z,
                    added_at: None,
                    identified_at: Some(
                        2026-11-21T20:25:04Z,
                    ),
                    points: 11,
                    owner: Some(
                        UserId(
                            2,
                        ),
                    ),
                    stage: Some(
                        StageId(
                            3,
                        ),
                    ),
                    fields: {
                        "city": "Köln",
                    },
                    tags: {
                        "vip",
                    },
                    utm: {},
                    companies: {},
                    do_not_contact: {
                        "email",
                    },
                },
            ),
        },
    ]
    "#);
    let incomplete = told(contact(json!({"createdByUser": null})));
    assert_eq!(lines(&incomplete), ["5 has 11", "5 mentioned"]);
    assert_eq!(incomplete.incomplete, [ContactId(5)].into());
    let mut with_utm = contact(Value::Null);
    with_utm["contact"]["utmtags"] = json!([[]]);
    let incomplete = told(with_utm.clone());
    assert_eq!(lines(&incomplete), ["5 has 11", "5 mentioned"]);
    assert_eq!(incomplete.incomplete, [ContactId(5)].into());
    with_utm["contact"]["utmtags"] = json!([]);
    assert_eq!(
        lines(&told(with_utm)),
        ["5 has 11", "profile 5 with 11 points"]
    );
}

#[test]
fn a_profile_of_utm_tags_and_a_company() {
    let shown = json!({"id": 5, "tags": [], "fields": {"all": {"company": "Ofen AG"}},
        "utmtags": [{"id": 1, "utmSource": "nl", "utmMedium": null}]});
    let profile = profile(
        &serde_json::from_value(shown).unwrap(),
        Timestamp::UNIX_EPOCH,
    )
    .unwrap();
    assert_eq!(profile.companies, ["Ofen AG".to_owned()].into());
    let sources: Vec<_> = profile
        .utm
        .iter()
        .filter_map(|utm| utm.source.as_deref())
        .collect();
    assert_eq!(sources, ["nl"]);
}

fn row(columns: &[(&str, &str)]) -> Row {
    columns
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

const DETAILS: &str = r#"a:1:{i:0;a:3:{s:8:"datetime";s:19:"2026-11-21 20:55:05";s:9:"useragent";s:2:"UA";s:9:"inBrowser";b:0;}}"#;

#[test]
fn opens_of_an_email() {
    let mail = |more: &[(&str, &str)]| {
        let mut mail = row(&[
            ("id", "1"),
            ("email_id", "2"),
            ("lead_id", "3"),
            ("tracking_hash", "h"),
            ("date_sent", "2026-11-21 20:55:00"),
            ("is_failed", "0"),
            ("is_read", "0"),
            ("open_count", "0"),
        ]);
        mail.extend(row(more));
        let decoded = rows(Table::EmailStats, &[mail], at("2026-11-22T00:00:00Z"));
        let reasons = decoded.unreadable.iter().map(|item| item.reason.clone());
        lines(&decoded)
            .into_iter()
            .chain(reasons)
            .collect::<Vec<_>>()
    };
    let send = "send:h email.send 2 by 3";
    let first = "open:h:1 email.open 2 by 3";
    let read = ("date_read", "2026-11-21 20:55:05");
    assert_eq!(mail(&[]), [send]);
    assert_eq!(mail(&[("is_failed", "1")]), [""; 0]);
    let one = [
        ("is_read", "1"),
        ("open_count", "1"),
        read,
        ("open_details", DETAILS),
    ];
    assert_eq!(mail(&one), [send, first]);
    // Beyond a thousand opens only the newest is known.
    let many = [
        ("open_count", "1500"),
        ("last_opened", "2026-11-22 00:00:00"),
        ("open_details", DETAILS),
    ];
    assert_eq!(mail(&many), [send, first, "open:h:1500 email.open 2 by 3"]);
    assert_eq!(
        mail(&[("is_read", "1"), read, ("open_details", "N;")]),
        [send, first]
    );
    insta::assert_debug_snapshot!(mail(&[("open_details", "a:1:{i:0;")]), @r#"
    [
        "open_details should be a list that PHP serialised, but is no serialised value at byte 9",
    ]
    "#);
    insta::assert_debug_snapshot!(mail(&[("open_details", "a:1:{i:0;a:0:{}}")]), @r#"
    [
        "open_details[0].datetime is missing",
    ]
    "#);
}

#[test]
fn rows_that_are_broken_or_of_nobody() {
    let asked = at("2026-11-22T00:00:00Z");
    let log = |delta: &str| {
        row(&[
            ("id", "9"),
            ("lead_id", "3"),
            ("delta", delta),
            ("date_added", "2026-11-21 20:00:00"),
            ("type", "API"),
            ("event_name", "a &#38; b"),
            ("action_name", "topicscore:1"),
        ])
    };
    let decoded = rows(Table::PointsLog, &[log("5"), log("much"), log("-5")], asked);
    assert_eq!(lines(&decoded), ["log 9 None +5", "log 9 None -5"]);
    assert_eq!(decoded.unreadable[0].kind, "lead_points_change_log");
    insta::assert_snapshot!(decoded.unreadable[0].reason, @"delta should be a whole number, but is much");
    let download = row(&[
        ("id", "1"),
        ("date_download", "2026-11-21 20:00:00"),
        ("asset_id", "4"),
        ("code", "200"),
    ]);
    assert_eq!(
        rows(Table::AssetDownloads, &[download], asked).unattributed,
        1
    );
    let zero = row(&[
        ("id", "1"),
        ("lead_id", "2"),
        ("date_hit", "0000-00-00 00:00:00"),
    ]);
    assert_eq!(rows(Table::PageHits, &[zero], asked).unreadable.len(), 1);
}

#[test]
fn members_and_devices() {
    let member = |removed: &str| {
        row(&[
            ("leadlist_id", "1"),
            ("lead_id", "2"),
            ("date_added", "2026-11-21 20:00:00"),
            ("manually_removed", removed),
        ])
    };
    let decoded = rows(
        Table::SegmentMembers,
        &[member("0"), member("1")],
        at("2026-11-22T00:00:00Z"),
    );
    assert_eq!(
        lines(&decoded),
        [
            "2 in 1: true",
            "segment:1:2:1795291200 segment.enter 1 by 2",
            "2 in 1: false",
            // It says when he came, though he was taken out.
            "segment:1:2:1795291200 segment.enter 1 by 2",
        ]
    );
    let since = decoded.sightings.iter().map(|told| match &told.fact {
        Fact::Membership { at, .. } => *at,
        Fact::Activity(entry) => entry.at,
        other => panic!("{other:?}"),
    });
    let (came, asked) = (at("2026-11-21T20:00:00Z"), at("2026-11-22T00:00:00Z"));
    assert_eq!(since.collect::<Vec<_>>(), [came, came, asked, came]);
    let devices = [
        row(&[("stat_id", "5")]),
        row(&[("stat_id", "5")]),
        row(&[("stat_id", "x")]),
        row(&[]),
    ];
    assert_eq!(opened_stats(&devices), [5].into());
}

#[test]
fn stages_campaigns_videos_and_messages() {
    let asked = at("2026-11-22T00:00:00Z");
    let with = |column: &str, value: &str, more: &[(&str, &str)]| {
        let mut row = row(&[
            ("id", "7"),
            ("lead_id", "2"),
            ("date_added", "2026-11-21 20:00:00"),
            ("date_hit", "2026-11-21 20:00:00"),
            ("date_sent", "2026-11-21 20:00:00"),
        ]);
        row.insert(column.to_owned(), value.to_owned());
        row.extend(self::row(more));
        row
    };
    let stage = |action: &str| with("stage_id", "3", &[("action_name", action)]);
    for (table, row, told, ignored) in [
        (
            Table::StagesLog,
            stage("Manually Added"),
            vec!["stage:7 stage.enter 3 by 2"],
            0,
        ),
        (
            Table::StagesLog,
            stage("Stage changed"),
            vec!["stage:7 stage.enter 3 by 2"],
            0,
        ),
        (
            Table::StagesLog,
            stage("to SQL"),
            vec!["stage:7 stage.enter 3 by 2"],
            0,
        ),
        (Table::StagesLog, stage("Manually Removed"), vec![], 1),
        // The stage was deleted.
        (
            Table::StagesLog,
            with("event_name", "3: SQL", &[]),
            vec![],
            1,
        ),
        (
            Table::CampaignMembers,
            with("campaign_id", "4", &[("manually_removed", "1")]),
            vec!["campaign:4:2:1795291200 campaign.enter 4 by 2"],
            0,
        ),
        (
            Table::VideoHits,
            with("code", "200", &[]),
            vec!["video:7 video.play  by 2"],
            0,
        ),
        (
            Table::Messages,
            with("sms_id", "5", &[]),
            vec!["sms:5:2:1795291200 sms.send 5 by 2"],
            0,
        ),
        (
            Table::Messages,
            with("sms_id", "5", &[("is_failed", "1")]),
            vec![],
            1,
        ),
    ] {
        let decoded = rows(table, std::slice::from_ref(&row), asked);
        assert_eq!(decoded.unreadable, vec![], "{row:?}");
        assert_eq!(
            (lines(&decoded), decoded.ignored),
            (told.iter().map(|it| (*it).to_owned()).collect(), ignored),
            "{row:?}"
        );
    }
    let mut nobody = with("sms_id", "5", &[]);
    nobody.remove("lead_id");
    assert_eq!(rows(Table::Messages, &[nobody], asked).unattributed, 1);
    let torn = with("stage_id", "3", &[("date_added", "soon")]);
    assert_eq!(rows(Table::StagesLog, &[torn], asked).unreadable.len(), 1);
}

/// A text message has no id that both sources name: the key has to be made of the same.
#[test]
fn a_message_has_one_key() {
    let item = json!({"smsId": 5, "contact": {"id": 2}, "content": "Hi",
        "timestamp": "2026-11-21T20:00:00+00:00"});
    let raw = json!({"mautic.sms_on_send": [item]}).to_string();
    assert_eq!(
        lines(&body(raw.as_bytes())),
        ["sms:5:2:1795291200 sms.send 5 by 2"]
    );
}

proptest! {
    #[test]
    fn no_body_makes_it_panic(raw in prop::collection::vec(any::<u8>(), 0..200)) {
        let decoded = body(&raw);
        prop_assert_eq!(decoded.sightings.len(), 0);
    }

    #[test]
    fn no_broken_recording_makes_it_panic(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        length in any::<prop::sample::Index>(),
        cut in any::<bool>(),
    ) {
        let all = bodies();
        let mut raw = all[which.index(all.len())].clone().into_bytes();
        for (at, with) in changes {
            let at = at.index(raw.len());
            raw[at] = with;
        }
        if cut {
            raw.truncate(length.index(raw.len()));
        }
        let decoded = body(&raw);
        for item in &decoded.unreadable {
            prop_assert!(item.excerpt.len() <= MAX_EXCERPT && !item.reason.is_empty());
        }
    }

    #[test]
    fn no_row_makes_it_panic(values in prop::collection::btree_map("(id|lead_id|stage_id|sms_id|campaign_id|time_watched|action_name|date_hit|date_sent|date_added|open_details|open_count|tracking_hash|details|object|action|bundle|object_id|is_read|last_opened|delta)", "(lead|merge|delete|[0-9]{0,20}|a:[0-9]{1,3}:\\{.*|2026-11-21 20:00:00|.{0,20})", 0..12)) {
        for table in [Table::PageHits, Table::EmailStats, Table::AuditLog, Table::PointsLog, Table::SegmentMembers, Table::FormSubmissions, Table::AssetDownloads, Table::StagesLog, Table::CampaignMembers, Table::VideoHits, Table::Messages] {
            let decoded = rows(table, std::slice::from_ref(&values), Timestamp::UNIX_EPOCH);
            prop_assert!(decoded.unreadable.len() <= 1);
        }
    }
}
