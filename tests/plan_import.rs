//! `topicscore plan import` as a person uses it: the real binary beside the stand-in.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests may fail loudly"
)]

use assert_cmd::Command;
use jiff::Timestamp;
use mautic_fixtures::faults::{Fault, Rule};
use mautic_fixtures::{Options, StandIn, recordings};
use reqwest::Method;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::{collections::BTreeMap, fs, time::Duration};
use tempfile::TempDir;
use topicscore::domain::{Fact, GroupId};
use topicscore::intake::decode::{Row, Table, rows as rows_of};
use topicscore::plan::{
    ActionGroup, Behaviour, Catalog, ImportOptions, MauticAction, MauticPoints, Plan, compile,
    import, infer,
};

const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

/// A Mautic with two point groups, three actions, a trigger and a contact who visits the shop,
/// and a folder with a config and a plan imported from it.
struct House {
    mautic: StandIn,
    folder: TempDir,
    http: reqwest::Client,
}

impl House {
    async fn new() -> Self {
        let house = Self {
            mautic: StandIn::start(Options::default()).await.unwrap(),
            folder: tempfile::tempdir().unwrap(),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
        };
        for name in ["Dishwashers", "Ovens"] {
            house
                .post("points/groups/new", json!({ "name": name }))
                .await;
        }
        let visit = json!({"page_url": "http://shop.test/*"});
        house.action("Shop visit", "url.hit", Some(1), visit).await;
        house
            .action("Any form", "form.submit", None, json!([]))
            .await;
        let options = json!({"page_url": "http://shop.test/?a=1&amp;b=2", "page_hits": 2,
            "returns_within": 3600, "returns_within_unit": "s"});
        house
            .action("Comes back", "url.hit", Some(2), options)
            .await;
        let trigger = json!({"name": "Hot", "points": 10, "group": 1, "isPublished": true, "events":
            [{"name": "Tag", "type": "lead.changetags", "properties": {"add_tags": ["hot"]}}]});
        house.post("points/triggers/new", trigger).await;
        house.visit("http://shop.test/a").await;
        fs::write(house.path("secret"), Options::default().oauth_client.secret).unwrap();
        let (url, id) = (house.mautic.base_url(), Options::default().oauth_client.id);
        let init = ["init", "--url", &url, "--client-id", &id];
        let rest = ["--secret-file", "secret", "--time-zone", "UTC"];
        house.command(&init).args(rest).assert().success();
        house
    }

    /// Mautic drops the properties of a new action (FACTS 50).
    async fn action(&self, name: &str, kind: &str, group: Option<u32>, properties: Value) {
        let new = json!({"name": name, "type": kind, "delta": 5, "group": group,
            "repeatable": true, "isPublished": true});
        let made = self.post("points/new", new).await;
        let path = format!("points/{}/edit", made["point"]["id"]);
        let properties = json!({"type": kind, "properties": properties});
        self.call(Method::PATCH, &path, properties).await;
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        self.call(Method::POST, path, body).await
    }

    async fn call(&self, method: Method, path: &str, body: Value) -> Value {
        let user = Options::default().user;
        let url = format!("{}/api/{path}", self.mautic.base_url());
        let request = self.http.request(method, url);
        let request = request
            .basic_auth(user.name, Some(user.password))
            .json(&body);
        let answer = request.send().await.unwrap().error_for_status().unwrap();
        answer.json().await.unwrap()
    }

    async fn visit(&self, page: &str) {
        let url = format!("{}/mtracking.gif?page_url={page}", self.mautic.base_url());
        let request = self.http.get(url).header("User-Agent", BROWSER);
        request.send().await.unwrap().error_for_status().unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn plan(&self) -> String {
        fs::read_to_string(self.path("plan.toml")).unwrap()
    }

    fn edit(&self, edits: &[(&str, &str)]) -> String {
        let mut text = self.plan();
        for (old, new) in edits {
            assert!(text.contains(old), "{old} in\n{text}");
            text = text.replace(old, new);
        }
        fs::write(self.path("plan.toml"), &text).unwrap();
        text
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_topicscore"));
        command.current_dir(self.folder.path()).args(arguments);
        command.env_remove("TOPICSCORE_CONFIG");
        command.timeout(Duration::from_mins(1));
        command
    }

    fn said(&self, arguments: &[&str]) -> String {
        let done = self.command(arguments).assert().success();
        String::from_utf8_lossy(&done.get_output().stdout).into_owned()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let text = self.said(&[arguments, &["--json"]].concat());
        serde_json::from_str(&text).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_import_reads_back_with_groups_options_and_triggers() {
    let house = House::new().await;
    let (plan, findings) = Plan::parse("plan.toml", &house.plan()).unwrap();
    assert!(findings.is_empty(), "{findings}");
    assert_eq!(plan.behaviour, Behaviour::Corrected);
    let rules = plan.point_actions.iter();
    let rules: Vec<_> = rules
        .map(|rule| (rule.mautic.unwrap().0, rule.pays[0].0.0.as_str()))
        .collect();
    assert_eq!(rules, [(2, "points"), (1, "dishwashers"), (3, "ovens")]);
    let back = &plan.point_actions[2];
    assert_eq!(back.urls, ["http://shop.test/?a=1&b=2"]);
    assert_eq!(
        (back.url_options.page_hits, back.url_options.returns_within),
        (2, 3600)
    );
    assert!(house.plan().contains("# add_tags = [\"hot\"]"));
    house.json(&["check"]);

    let printed = house.said(&[
        "plan",
        "import",
        "--print",
        "--triggers",
        "--behaviour",
        "corrected",
    ]);
    let (plan, _) = Plan::parse("printed", &printed).unwrap();
    assert_eq!(plan.behaviour, Behaviour::Corrected);
    assert_eq!(plan.triggers.len(), 1);
    let other = house.json(&["plan", "import", "--into", "other.toml"]);
    assert_eq!(
        (&other["new"], &other["written"]),
        (&json!(true), &json!(true))
    );
    for origin in other["groups"].as_array().unwrap() {
        assert_eq!(origin["group"]["how"], "known", "{origin}");
    }
    assert_eq!(
        fs::read_to_string(house.path("other.toml"))
            .unwrap()
            .lines()
            .count(),
        house.plan().lines().count()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_later_import_merges_and_keeps_edits() {
    let house = House::new().await;
    let edited = house.edit(&[
        ("# Made from", "# Mine.\n# Made from"),
        ("name = \"Shop visit\"", "name = \"Shop\" # shorter"),
        ("key = \"dishwashers\"", "key = \"dw\""),
        ("topic = \"dishwashers\"", "topic = \"dw\""),
    ]);
    house
        .call(Method::PATCH, "points/1/edit", json!({"delta": 7}))
        .await;
    house
        .action("Reads mail", "email.open", Some(1), json!([]))
        .await;
    house
        .call(Method::DELETE, "points/2/delete", json!({}))
        .await;

    let dry = house.said(&["plan", "import", "--dry-run"]);
    for line in [
        "- points = 5",
        "+ points = 7",
        "gone from Mautic",
        "+ email.open of 5 points",
        "= name: yours stays: \"Shop\"",
    ] {
        assert!(dry.contains(line), "{line} in\n{dry}");
    }
    assert_eq!(house.plan(), edited, "a dry run writes nothing");
    let done = house.json(&["plan", "import"]);
    assert_eq!(
        (&done["written"], &done["base_known"]),
        (&json!(true), &json!(true))
    );
    let text = house.plan();
    assert!(
        text.starts_with("# Mine.\n") && text.contains("name = \"Shop\" # shorter\n"),
        "{text}"
    );
    let (plan, _) = Plan::parse("plan.toml", &text).unwrap();
    let rules = plan.point_actions.iter();
    let rules: BTreeMap<u32, _> = rules
        .map(|rule| {
            (
                rule.mautic.unwrap().0,
                (rule.points, rule.pays[0].0.0.as_str()),
            )
        })
        .collect();
    let expected = [
        (1, (7, "dw")),
        (2, (5, "points")),
        (3, (5, "ovens")),
        (4, (5, "dw")),
    ];
    assert_eq!(rules, expected.into());
    house.json(&["check"]);

    // What was seen moves into the store as soon as there is one.
    assert!(house.path("plan.toml.imported.json").exists());
    house.json(&["backfill"]);
    house.json(&["plan", "import"]);
    assert!(!house.path("plan.toml.imported.json").exists());
    assert_eq!(house.plan(), text, "nothing changed in Mautic");
    house.edit(&[("points = 7", "points = 70")]);
    house
        .call(Method::PATCH, "points/1/edit", json!({"delta": 8}))
        .await;
    let done = house.json(&["plan", "import"]);
    let conflicts = done["changes"].as_array().unwrap().iter();
    let mut conflicts = conflicts.filter(|change| change["what"] == "conflict");
    let conflict = conflicts.next().unwrap();
    assert_eq!(
        [&conflict["plan"], &conflict["before"], &conflict["mautic"]],
        ["70", "7", "8"]
    );
    assert!(house.plan().contains("points = 70\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn groups_are_inferred_where_mautic_does_not_tell_them() {
    let house = House::new().await;
    let refused = Fault::Answer {
        status: 400,
        headers: BTreeMap::new(),
        body: json!({"errors": [{"code": 400, "message": "no such filter"}]}).to_string(),
    };
    // The list itself is the first call, lists by group follow.
    house
        .mautic
        .inject(Rule::new("/api/points", refused).nth(2))
        .await;
    let done = house.json(&["plan", "import", "--into", "inferred.toml"]);
    let groups: Vec<_> = done["groups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (
                one["what"].as_str(),
                one["id"].clone(),
                one["group"].clone(),
            )
        })
        .collect();
    assert_eq!(
        groups,
        [
            (
                Some("point action"),
                json!(1),
                json!({"how": "inferred", "group": 1, "rows": 1, "others": 0})
            ),
            (Some("point action"), json!(2), json!({"how": "missing"})),
            (Some("point action"), json!(3), json!({"how": "missing"})),
            (
                Some("trigger"),
                json!(1),
                json!({"how": "known", "group": 1})
            ),
        ]
    );
    let text = fs::read_to_string(house.path("inferred.toml")).unwrap();
    assert!(
        text.contains("# group inferred from rows of the points log: 1."),
        "{text}"
    );
    assert!(text.contains("# group not known:"), "{text}");
    let (plan, _) = Plan::parse("inferred.toml", &text).unwrap();
    assert_eq!(plan.point_actions.len(), 3);
    // The next import learns what this one could not.
    let done = house.said(&["plan", "import", "--into", "inferred.toml"]);
    assert!(
        done.contains("- topic = \"points\"\n  + topic = \"ovens\""),
        "{done}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn says_where_the_behaviours_differ() {
    let house = House::new().await;
    // Mautic counts hits by SQL's LIKE, which knows no classes of letters: it never pays.
    let class = json!({"page_url": "http://shop.test/[ab]", "page_hits": 1});
    house.action("A or b", "url.hit", Some(1), class).await;
    house.visit("http://shop.test/b").await;
    house.json(&["plan", "import"]);
    house.json(&["backfill"]);
    let done = house.json(&["plan", "import", "--dry-run"]);
    assert_eq!(
        done["behaviours"],
        json!({"contacts": 2, "differing": 2, "rules": [
            {"rule": "mautic-4", "name": "A or b", "contacts": 2, "mautic": 0.0, "corrected": 10.0}]})
    );
    let said = house.said(&["plan", "import", "--dry-run"]);
    assert!(said.contains("differ for 2 of 2 contacts"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_with_mistakes_stays_as_it_is() {
    let house = House::new().await;
    let text = house.edit(&[("kind = \"form.submit\"", "kind = \"form.sent\"")]);
    let refused = house.command(&["plan", "import"]).assert().code(1);
    let told = String::from_utf8_lossy(&refused.get_output().stderr).into_owned();
    assert!(
        told.contains("nothing was merged") && told.contains("form.sent"),
        "{told}"
    );
    assert_eq!(house.plan(), text);
}

/// Recordings of a real Mautic know the groups from its database; its points log must say the same.
#[test]
fn recorded_payments_tell_the_groups() {
    let (mut inferred, mut otherwise) = (0, Vec::new());
    for scenario in recordings::scenarios().unwrap() {
        let setup = scenario.json("setup.json").unwrap();
        let log = scenario.json("stats/lead_points_change_log.json").unwrap();
        let rows: Vec<Row> = serde_json::from_value(log).unwrap();
        let facts = rows_of(Table::PointsLog, &rows, Timestamp::UNIX_EPOCH).sightings;
        let rows: Vec<_> = facts
            .into_iter()
            .filter_map(|told| match told.fact {
                Fact::PointsLog(row) => Some(row),
                _ => None,
            })
            .collect();
        let actions = setup["points"].as_array().unwrap().iter();
        let actions: Vec<_> = actions.map(recorded).collect();
        for (id, group) in infer(&actions, &rows) {
            let truth = setup["group_of_point_action"][id.to_string()].as_u64();
            inferred += 1;
            if group.group().map(|id| u64::from(id.0)) != truth {
                otherwise.push(format!(
                    "{}: action {id}: {group:?}, not {truth:?}",
                    scenario.name
                ));
            }
        }
    }
    assert!(inferred > 100, "{inferred}");
    assert_eq!(otherwise, [""; 0]);
}

/// A point action as `/api/points` shows it.
fn recorded(action: &Value) -> MauticAction {
    MauticAction {
        id: u32::try_from(action["id"].as_u64().unwrap()).unwrap(),
        name: action["name"].as_str().unwrap().to_owned(),
        kind: action["type"].as_str().unwrap().to_owned(),
        points: action["delta"].as_i64().unwrap(),
        repeatable: action["repeatable"].as_bool().unwrap(),
        published: action["isPublished"].as_bool().unwrap(),
        added_at: action["dateAdded"].as_str().map(|at| at.parse().unwrap()),
        publish_up: action["publishUp"].as_str().map(|at| at.parse().unwrap()),
        publish_down: action["publishDown"].as_str().map(|at| at.parse().unwrap()),
        properties: action["properties"].clone(),
        group: ActionGroup::Missing,
    }
}

/// Whatever real setups hold, their plans read, and every published action that can pay is a rule.
#[test]
fn recorded_setups_become_plans() {
    for scenario in recordings::scenarios().unwrap() {
        let setup = scenario.json("setup.json").unwrap();
        let mut actions: Vec<_> = setup["points"]
            .as_array()
            .unwrap()
            .iter()
            .map(recorded)
            .collect();
        for action in &mut actions {
            let group = setup["group_of_point_action"][action.id.to_string()].as_u64();
            let group = group.map(|id| GroupId(u32::try_from(id).unwrap()));
            action.group = ActionGroup::Known { group };
        }
        let groups = setup["point_groups"].as_array().unwrap().iter();
        let groups = groups.map(|group| serde_json::from_value(group.clone()).unwrap());
        let catalog = Catalog {
            groups: groups.collect(),
            ..Catalog::default()
        };
        let options = ImportOptions {
            time_zone: "UTC".to_owned(),
            behaviour: None,
            triggers: false,
            now: Timestamp::UNIX_EPOCH,
        };
        let can_pay = |action: &&MauticAction| {
            let pattern = action.properties["page_url"].as_str().unwrap_or_default();
            let matches = action.kind != "url.hit" || !["", "0"].contains(&pattern.trim());
            action.published && action.points != 0 && matches
        };
        let active = actions.iter().filter(can_pay).count();
        let points = MauticPoints {
            actions,
            triggers: Vec::new(),
            paid: BTreeMap::new(),
        };
        let imported = import(&points, &catalog, &options);
        let (plan, _) = Plan::parse(&scenario.name, &imported.text).unwrap();
        assert_eq!(
            plan.point_actions.len(),
            active,
            "{}\n{}",
            scenario.name,
            imported.text
        );
        compile(&plan, &catalog).unwrap();
    }
}
