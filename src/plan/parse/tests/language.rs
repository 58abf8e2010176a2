//! What each feature means: text ─▶ model.

use super::RICH;
use crate::plan::{Plan, Topic};
use std::fmt::Debug;

fn rich() -> Plan {
    Plan::parse("rich.toml", RICH).unwrap().0
}

/// One line for each.
fn lines<T: Debug>(things: impl IntoIterator<Item = T>) -> String {
    let lines = things.into_iter().map(|thing| format!("{thing:?}\n"));
    lines.collect::<Vec<_>>().concat()
}

#[test]
fn the_file_itself() {
    let plan = rich();
    let zone = plan.ticks.zone.iana_name().unwrap_or_default().to_owned();
    insta::assert_snapshot!(
        format!("{} {} {:?}\n{:#?}", plan.ticks.at, zone, plan.behaviour, plan.machine),
        @r##"
    04:30:00 Europe/Berlin Mautic
    MachineWorth {
        apple: 10,
        proxy: 20,
        scanner: 0,
        agents: [
            "Barracuda",
            "Mimecast",
        ],
        within_seconds: 3,
        links_at_once: 0,
    }
    "##
    );
}

#[test]
fn topics() {
    let each = |topic: &Topic| format!("{topic:#?}\n");
    let text: String = rich().topics.iter().map(each).collect();
    insta::assert_snapshot!(text, @r##"
    Topic {
        key: TopicKey(
            "fit",
        ),
        label: "Fits us",
        writes: Group(
            Name(
                "Fit",
            ),
        ),
        scale: Scale {
            floor: Some(
                0,
            ),
            ceiling: Some(
                100,
            ),
        },
        bands: Bands {
            list: [
                Band {
                    name: "cold",
                    from: 0,
                },
                Band {
                    name: "warm",
                    from: 20,
                },
                Band {
                    name: "hot",
                    from: 60,
                },
            ],
            hysteresis: 5,
            dwell: 172800s,
        },
        sum_of: [],
        limits: [],
        decay: None,
        stages: Some(
            StageReset {
                stages: [
                    Name(
                        "Lead",
                    ),
                    Id(
                        StageId(
                            3,
                        ),
                    ),
                ],
                carry: 25,
            },
        ),
        foreign: Report,
        adopt_actions: [],
    }
    Topic {
        key: TopicKey(
            "engagement",
        ),
        label: "engagement",
        writes: Group(
            Id(
                GroupId(
                    2,
                ),
            ),
        ),
        scale: Scale {
            floor: None,
            ceiling: Some(
                100,
            ),
        },
        bands: Bands {
            list: [],
            hysteresis: 0,
            dwell: 0s,
        },
        sum_of: [],
        limits: [
            Limit {
                points: 50,
                window: Calendar(
                    Day,
                ),
            },
            Limit {
                points: 90,
                window: Rolling(
                    604800s,
                ),
            },
        ],
        decay: HalfLife(
            30,
        ),
        stages: Some(
            StageReset {
                stages: [],
                carry: 0,
            },
        ),
        foreign: Adopt,
        adopt_actions: [
            PointActionId(
                2,
            ),
            PointActionId(
                9,
            ),
        ],
    }
    Topic {
        key: TopicKey(
            "total",
        ),
        label: "total",
        writes: MainPoints,
        scale: Scale {
            floor: Some(
                0,
            ),
            ceiling: None,
        },
        bands: Bands {
            list: [],
            hysteresis: 0,
            dwell: 0s,
        },
        sum_of: [
            (
                TopicKey(
                    "fit",
                ),
                Weight(
                    1000,
                ),
            ),
            (
                TopicKey(
                    "engagement",
                ),
                Weight(
                    500,
                ),
            ),
        ],
        limits: [],
        decay: None,
        stages: None,
        foreign: Override,
        adopt_actions: [],
    }
    "##);
}

#[test]
fn point_actions() {
    insta::assert_debug_snapshot!(rich().point_actions, @r##"
    [
        PointAction {
            key: RuleKey(
                "pricing",
            ),
            name: "Pricing",
            mautic: Some(
                PointActionId(
                    7,
                ),
            ),
            made_at: Some(
                2025-12-24T12:00:00Z,
            ),
            kind: UrlHit,
            pays: [
                (
                    TopicKey(
                        "engagement",
                    ),
                    Weight(
                        1000,
                    ),
                ),
                (
                    TopicKey(
                        "fit",
                    ),
                    Weight(
                        -250,
                    ),
                ),
            ],
            points: 10,
            repeat: PerItem,
            objects: [],
            urls: [
                "https://shop.example/*pricing*",
                "*prices*",
            ],
            since: Some(
                2025-12-31T23:00:00Z,
            ),
            until: Some(
                2027-01-01T00:00:00Z,
            ),
            when: Some(
                All(
                    [
                        Leaf(
                            Utm {
                                part: Source,
                                test: Is(
                                    [
                                        Text(
                                            "mail",
                                        ),
                                    ],
                                ),
                            },
                        ),
                        Not(
                            Leaf(
                                Attribute {
                                    name: "referer",
                                    test: Contains(
                                        "intranet",
                                    ),
                                },
                            ),
                        ),
                    ],
                ),
            ),
            limits: [
                Limit {
                    points: 100,
                    window: Ever,
                },
            ],
            cooldown: Some(
                3600s,
            ),
            diminishing: [
                100,
                50,
                25,
            ],
            decay: Some(
                Linear(
                    90,
                ),
            ),
            url_options: UrlOptions {
                page_hits: 3,
                returns_within: 3600,
                returns_after: 60,
                accumulative_time: 120,
                first_time: false,
            },
        },
        PointAction {
            key: RuleKey(
                "budget",
            ),
            name: "Budget",
            mautic: None,
            made_at: None,
            kind: FormSubmit,
            pays: [
                (
                    TopicKey(
                        "fit",
                    ),
                    Weight(
                        1000,
                    ),
                ),
                (
                    TopicKey(
                        "engagement",
                    ),
                    Weight(
                        1000,
                    ),
                ),
            ],
            points: -3,
            repeat: Always,
            objects: [
                Name(
                    "Contact us",
                ),
                Id(
                    9,
                ),
            ],
            urls: [],
            since: None,
            until: None,
            when: Some(
                Any(
                    [
                        Leaf(
                            Attribute {
                                name: "result.budget",
                                test: AtLeast(
                                    Number(
                                        Number(
                                            1000.0,
                                        ),
                                    ),
                                ),
                            },
                        ),
                        Leaf(
                            Object(
                                [
                                    Id(
                                        9,
                                    ),
                                    Name(
                                        "Contact us",
                                    ),
                                ],
                            ),
                        ),
                    ],
                ),
            ),
            limits: [],
            cooldown: None,
            diminishing: [],
            decay: Some(
                Expiry(
                    365,
                ),
            ),
            url_options: UrlOptions {
                page_hits: 0,
                returns_within: 0,
                returns_after: 0,
                accumulative_time: 0,
                first_time: false,
            },
        },
        PointAction {
            key: RuleKey(
                "came-in",
            ),
            name: "Came in",
            mautic: None,
            made_at: None,
            kind: SegmentEnter,
            pays: [
                (
                    TopicKey(
                        "fit",
                    ),
                    Weight(
                        1000,
                    ),
                ),
            ],
            points: 1,
            repeat: Once,
            objects: [
                Name(
                    "Fair",
                ),
            ],
            urls: [],
            since: None,
            until: None,
            when: None,
            limits: [],
            cooldown: None,
            diminishing: [],
            decay: None,
            url_options: UrlOptions {
                page_hits: 0,
                returns_within: 0,
                returns_after: 0,
                accumulative_time: 0,
                first_time: false,
            },
        },
    ]
    "##);
}

#[test]
fn profile_rules_silence_and_grades() {
    let plan = rich();
    insta::assert_snapshot!(lines(&plan.inactivity_rules), @r##"
    InactivityRule { key: RuleKey("silence"), name: "Silence", pays: [(TopicKey("engagement"), Weight(1000))], steps: [SilenceStep { after_days: 30, points: -10 }, SilenceStep { after_days: 56, points: -20 }], kinds: {PageHit, EmailClick} }
    "##);
    insta::assert_snapshot!(lines(&plan.grades), @r##"
    Grade { key: "lead", label: "Lead grade", fit: TopicKey("fit"), fit_from: [75, 50, 25], engagement: TopicKey("engagement"), engagement_from: [60, 30] }
    "##);
    insta::assert_snapshot!(lines(&plan.profile_rules[0].pays), @r##"
    (TopicKey("fit"), Weight(1000))
    "##);
}

#[test]
fn triggers_and_segments() {
    let plan = rich();
    let heads = plan.triggers.iter();
    let heads = heads.map(|one| (&one.key, one.edge, one.dwell, one.since));
    insta::assert_snapshot!(lines(heads), @r##"
    (RuleKey("to-sales"), Rising, 48h, Some(2026-10-01T06:00:00Z))
    (RuleKey("cooled-down"), Falling, 0s, None)
    "##);
    insta::assert_snapshot!(lines(plan.triggers.iter().map(|one| &one.when)), @r##"
    Any([Leaf(Grade("lead", ["A1", "A2"])), Leaf(Band(TopicKey("fit"), ["hot"])), All([Leaf(AtLeast(TopicKey("total"), 90)), Leaf(Below(TopicKey("total"), 200))])])
    Leaf(AtLeast(TopicKey("fit"), 40))
    "##);
    insta::assert_snapshot!(lines(plan.triggers.iter().map(|one| &one.rearm)), @r##"
    When(All([Leaf(Below(TopicKey("fit"), 30)), Leaf(Below(TopicKey("engagement"), -5))]))
    AtOnce
    "##);
    insta::assert_snapshot!(lines(&plan.triggers[0].effects), @r##"
    SetField { field: "hot_since", value: "2026" }
    SetField { field: "rank", value: "1" }
    SetField { field: "sales", value: "1" }
    SetOwner(Name("ann"))
    SetStage(Name("MQL"))
    Tag { add: ["hot"], remove: ["cold", "lukewarm"] }
    AddToSegment(Name("Tell sales"))
    AddToSegment(Id(SegmentId(4)))
    RemoveFromSegment(Id(SegmentId(5)))
    AddToCampaign(Name("Hot leads"))
    RemoveFromCampaign(Id(CampaignId(3)))
    RemoveFromCampaign(Id(CampaignId(4)))
    SendEmail(Name("Welcome"))
    SendEmail(Id(EmailId(8)))
    Mail { to: "sales@example.com", subject: "{name} has {score:fit}", text: "{reason}: {contact}, {email}, {trigger}, {score:total} at {instance}\n" }
    Webhook("crm")
    Webhook("slack")
    "##);
    insta::assert_snapshot!(lines(&plan.segments), @r##"
    SegmentRule { segment: Name("Hot"), test: Score { topic: TopicKey("fit"), enter: 50, leave: 40 } }
    SegmentRule { segment: Name("Wanted"), test: When(Not(Leaf(Below(TopicKey("engagement"), 10)))) }
    "##);
}

/// The condition of a profile rule.
fn profile(when: &str) -> String {
    let text = format!(
        "format = 1\n[[topic]]\nkey = 'a'\n\
         [[profile_rule]]\nname = 'n'\ntopic = 'a'\npoints = 1\nwhen = {when}\n"
    );
    let (plan, findings) = Plan::parse("p", &text).unwrap();
    assert!(findings.is_empty(), "{findings}");
    format!("{when}\n  {:?}\n", plan.profile_rules[0].when)
}

#[test]
fn every_test_of_a_value() {
    let tests = [
        "is = 'x'",
        "is = ['x', 5, 1.5]",
        "is_not = 'x'",
        "in = ['x']",
        "not_in = ['x', 'y']",
        "above = 1",
        "at_least = -1.5",
        "below = 0x10",
        "at_most = 1_000",
        "between = [1, 1]",
        "not_between = ['a', 'b']",
        "empty = true",
        "empty = false",
        "filled = true",
        "filled = false",
        "contains = 'x'",
        "not_contains = 'x'",
        "starts = 'x'",
        "ends = 'x'",
        "like = 'x%'",
        "not_like = '_x'",
        "above = 'text'",
        "above = 2026-01-31",
        "above = 2026-01-31T08:00:00",
        "above = 2026-01-31T08:00:00+02:00",
        "is = 'today'",
        "is = 'today is fine'",
        "above = 'today - 30 days'",
        "at_most = 'today+2 weeks'",
        "below = 'today - 3 months + 1 day'",
        "between = ['today - 1 year', 2026-01-01]",
    ];
    let told = tests.map(|test| profile(&format!("{{ field = 'f', {test} }}")));
    insta::assert_snapshot!(told.concat(), @r##"
    { field = 'f', is = 'x' }
      Leaf(Field { field: "f", test: Is([Text("x")]) })
    { field = 'f', is = ['x', 5, 1.5] }
      Leaf(Field { field: "f", test: Is([Text("x"), Number(Number(5.0)), Number(Number(1.5))]) })
    { field = 'f', is_not = 'x' }
      Leaf(Field { field: "f", test: Not(Is([Text("x")])) })
    { field = 'f', in = ['x'] }
      Leaf(Field { field: "f", test: Is([Text("x")]) })
    { field = 'f', not_in = ['x', 'y'] }
      Leaf(Field { field: "f", test: Not(Is([Text("x"), Text("y")])) })
    { field = 'f', above = 1 }
      Leaf(Field { field: "f", test: Above(Number(Number(1.0))) })
    { field = 'f', at_least = -1.5 }
      Leaf(Field { field: "f", test: AtLeast(Number(Number(-1.5))) })
    { field = 'f', below = 0x10 }
      Leaf(Field { field: "f", test: Below(Number(Number(16.0))) })
    { field = 'f', at_most = 1_000 }
      Leaf(Field { field: "f", test: AtMost(Number(Number(1000.0))) })
    { field = 'f', between = [1, 1] }
      Leaf(Field { field: "f", test: Between(Number(Number(1.0)), Number(Number(1.0))) })
    { field = 'f', not_between = ['a', 'b'] }
      Leaf(Field { field: "f", test: Not(Between(Text("a"), Text("b"))) })
    { field = 'f', empty = true }
      Leaf(Field { field: "f", test: Empty })
    { field = 'f', empty = false }
      Leaf(Field { field: "f", test: Not(Empty) })
    { field = 'f', filled = true }
      Leaf(Field { field: "f", test: Not(Empty) })
    { field = 'f', filled = false }
      Leaf(Field { field: "f", test: Empty })
    { field = 'f', contains = 'x' }
      Leaf(Field { field: "f", test: Contains("x") })
    { field = 'f', not_contains = 'x' }
      Leaf(Field { field: "f", test: Not(Contains("x")) })
    { field = 'f', starts = 'x' }
      Leaf(Field { field: "f", test: Starts("x") })
    { field = 'f', ends = 'x' }
      Leaf(Field { field: "f", test: Ends("x") })
    { field = 'f', like = 'x%' }
      Leaf(Field { field: "f", test: Like("x%") })
    { field = 'f', not_like = '_x' }
      Leaf(Field { field: "f", test: Not(Like("_x")) })
    { field = 'f', above = 'text' }
      Leaf(Field { field: "f", test: Above(Text("text")) })
    { field = 'f', above = 2026-01-31 }
      Leaf(Field { field: "f", test: Above(Date(2026-01-31T00:00:00)) })
    { field = 'f', above = 2026-01-31T08:00:00 }
      Leaf(Field { field: "f", test: Above(Date(2026-01-31T08:00:00)) })
    { field = 'f', above = 2026-01-31T08:00:00+02:00 }
      Leaf(Field { field: "f", test: Above(Date(2026-01-31T06:00:00)) })
    { field = 'f', is = 'today' }
      Leaf(Field { field: "f", test: Is([Today(Relative { months: 0, days: 0 })]) })
    { field = 'f', is = 'today is fine' }
      Leaf(Field { field: "f", test: Is([Text("today is fine")]) })
    { field = 'f', above = 'today - 30 days' }
      Leaf(Field { field: "f", test: Above(Today(Relative { months: 0, days: -30 })) })
    { field = 'f', at_most = 'today+2 weeks' }
      Leaf(Field { field: "f", test: AtMost(Today(Relative { months: 0, days: 14 })) })
    { field = 'f', below = 'today - 3 months + 1 day' }
      Leaf(Field { field: "f", test: Below(Today(Relative { months: -3, days: 1 })) })
    { field = 'f', between = ['today - 1 year', 2026-01-01] }
      Leaf(Field { field: "f", test: Between(Today(Relative { months: -12, days: 0 }), Date(2026-01-01T00:00:00)) })
    "##);
}

#[test]
fn regular_expressions_ignore_case() {
    let told = profile("{ field = 'f', regex = '^dr' }");
    assert!(told.contains("\"^dr\""), "{told}");
    let plan = rich();
    let leaves = plan.profile_rules[0].when.leaves();
    let pattern = leaves.iter().find_map(|leaf| match leaf {
        crate::plan::ProfileTest::Utm {
            test: crate::plan::Test::Regex(pattern),
            ..
        } => Some(pattern),
        _ => None,
    });
    let pattern = pattern.unwrap();
    assert!(pattern.regex.is_match("Spring-26") && !pattern.regex.is_match("spring-"));
}

#[test]
fn every_condition_on_a_profile() {
    let conditions = [
        "{ tag = 't' }",
        "{ segment = 9 }",
        "{ stage = 'Lead' }",
        "{ stage = ['Lead', 2] }",
        "{ owner = 'any' }",
        "{ owner = ['any'] }",
        "{ owner = 3 }",
        "{ company = 'Acme' }",
        "{ company = ['Acme', 'Bemo'] }",
        "{ company = { not_contains = 'gmbh' } }",
        "{ utm = 'term', empty = false }",
        "{ dnc = 'sms' }",
        "{ points = { between = [1, 9] } }",
        "{ not = { tag = 't' } }",
        "{ any = [{ tag = 't' }, { all = [{ tag = 'u' }, { not = { tag = 'v' } }] }] }",
    ];
    insta::assert_snapshot!(conditions.map(profile).concat(), @r##"
    { tag = 't' }
      Leaf(Tag("t"))
    { segment = 9 }
      Leaf(Segment(Id(SegmentId(9))))
    { stage = 'Lead' }
      Leaf(Stage([Name("Lead")]))
    { stage = ['Lead', 2] }
      Leaf(Stage([Name("Lead"), Id(StageId(2))]))
    { owner = 'any' }
      Leaf(Owner([]))
    { owner = ['any'] }
      Leaf(Owner([Name("any")]))
    { owner = 3 }
      Leaf(Owner([Id(UserId(3))]))
    { company = 'Acme' }
      Leaf(Company(Is([Text("Acme")])))
    { company = ['Acme', 'Bemo'] }
      Leaf(Company(Is([Text("Acme"), Text("Bemo")])))
    { company = { not_contains = 'gmbh' } }
      Leaf(Company(Not(Contains("gmbh"))))
    { utm = 'term', empty = false }
      Leaf(Utm { part: Term, test: Not(Empty) })
    { dnc = 'sms' }
      Leaf(DoNotContact("sms"))
    { points = { between = [1, 9] } }
      Leaf(MainPoints(Between(Number(Number(1.0)), Number(Number(9.0)))))
    { not = { tag = 't' } }
      Not(Leaf(Tag("t")))
    { any = [{ tag = 't' }, { all = [{ tag = 'u' }, { not = { tag = 'v' } }] }] }
      Any([Leaf(Tag("t")), All([Leaf(Tag("u")), Not(Leaf(Tag("v")))])])
    "##);
}

#[test]
fn lengths_of_time() {
    let read = |span: &str| {
        let text = format!(
            "format = 1\n[[topic]]\nkey = 'a'\n[[trigger]]\nname = 'n'\n\
             topic = 'a'\nat = 5\nadd_tags = ['x']\ndwell = '{span}'\n"
        );
        let (plan, _) = Plan::parse("p", &text).unwrap();
        plan.triggers[0].dwell.as_secs()
    };
    let table = [
        ("1 second", 1),
        ("90 s", 90),
        ("30 minutes", 1800),
        ("5min", 300),
        ("2 hours", 7200),
        ("1h", 3600),
        ("1 day", 86_400),
        ("3d", 259_200),
        (" 2  weeks ", 1_209_600),
        ("3650 days", 315_360_000),
    ];
    for (span, seconds) in table {
        assert_eq!(read(span), seconds, "{span}");
    }
}
