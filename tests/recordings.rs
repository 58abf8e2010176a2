//! Recordings of a real Mautic come in right: by webhooks alone, by polls alone, by both, in any
//! order. `cargo run --release --example ingest -- FOLDER…` does the same with other recordings.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests may fail loudly"
)]

#[path = "../examples/ingest/replay/mod.rs"]
mod replay;

use mautic_fixtures::recordings;
use rand::{SeedableRng, rngs::StdRng, seq::SliceRandom};
use replay::{Cause, Recording, Report, Sources, decodes, ingest_deliveries, replay_all};
use std::{fs, path::Path, sync::Arc};

fn bundled(name: &str) -> Recording {
    Recording::parse(&recordings::scenario(name).unwrap()).unwrap()
}

fn all() -> Vec<Recording> {
    let scenarios = recordings::scenarios().unwrap();
    scenarios
        .iter()
        .map(|one| Recording::parse(one).unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_journals_are_equal_wherever_the_source_can_tell() {
    let report = replay_all(all(), Sources::Both).await.unwrap();
    println!(
        "deliveries decoded {} / {}",
        report.decoded, report.deliveries
    );
    for outcome in &report.by_scenario {
        assert!(outcome.is_good(), "{outcome:#?}");
    }
    // What is explained is pinned, too: a source must not come to tell less unnoticed.
    insta::assert_snapshot!(sums(&report), @"
    scenarios 43
    deliveries 6748 / 6748
    parked 0
    activities 4344
    unexplained 0
    Download 342
    LeftAt 2089
    OpenUserAgent 657
    Anonymous 66
    Unreported 112
    StalePoints 28
    SameSecond 78
    FormValues 664
    OwnerChanged 72
    SendSecond 16
    Altered 3
    Entry 10
    EntrySecond 6
    EntryUndone 3
    ");
}

fn sums(report: &Report) -> String {
    let mut lines = vec![
        format!("scenarios {}", report.scenarios),
        format!("deliveries {} / {}", report.decoded, report.deliveries),
        format!("parked {}", report.parked),
        format!("activities {}", report.activities),
        format!("unexplained {}", report.differences_unexplained),
    ];
    let causes = report.causes.iter();
    lines.extend(causes.map(|(cause, count)| format!("{cause:?} {count}")));
    lines.join("\n")
}

#[test]
fn each_cause_is_explained_in_the_documentation() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/sources.md");
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let page = words(&fs::read_to_string(page).unwrap());
    for cause in Cause::ALL {
        assert!(page.contains(cause.text()), "{cause:?}: {}", cause.text());
    }
}

#[test]
fn every_recorded_delivery_decodes() {
    let webhooks = recordings::webhooks().unwrap();
    let kinds = webhooks.iter().filter(|kind| !kind.name.starts_with('_'));
    let webhooks = kinds.flat_map(|kind| &kind.lines);
    let webhooks = webhooks.map(|line| line["body_raw"].as_str().unwrap());
    let sessions = recordings::sessions().unwrap();
    let steps = sessions.iter().flat_map(|session| &session.steps);
    let sessions = steps.flat_map(|step| &step.webhooks);
    let count = decodes(webhooks.chain(sessions.map(|told| told.body_raw.as_str())));
    println!("deliveries decoded {} / {}", count.decoded, count.all);
    assert_eq!(count.problems, Vec::<String>::new());
    assert_eq!((count.decoded, count.all), (1447, 1447));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn shuffled_and_doubled_deliveries_give_the_same_journal() {
    let mut runs = tokio::task::JoinSet::new();
    for (seed, recording) in (0..).zip(all()) {
        runs.spawn(async move {
            let recording = Arc::new(recording);
            let mut deliveries = recording.deliveries.clone();
            let straight = ingest_deliveries(&recording, &deliveries).await.unwrap();
            let twice: Vec<_> = deliveries.iter().step_by(3).cloned().collect();
            deliveries.extend(twice);
            deliveries.shuffle(&mut StdRng::seed_from_u64(seed));
            let shuffled = ingest_deliveries(&recording, &deliveries).await.unwrap();
            assert_eq!(straight.0, shuffled.0, "{}, seed {seed}", recording.name);
        });
    }
    while let Some(run) = runs.join_next().await {
        run.unwrap();
    }
}

#[tokio::test]
async fn what_only_one_source_has_is_found() {
    use topicscore::intake::decode::Table;
    // A row lost from a table, a delivery lost, and a forged one.
    let mut lost_row = bundled("07-email-open-click");
    lost_row.tables.get_mut(&Table::PageHits).unwrap().remove(0);
    let mut lost_delivery = bundled("07-email-open-click");
    let is_hit = |body: &str| body.starts_with("{\"mautic.page_on_hit");
    let hit = lost_delivery
        .deliveries
        .iter()
        .position(|told| is_hit(&told.body_raw));
    lost_delivery.deliveries.remove(hit.unwrap());
    let mut forged = bundled("07-email-open-click");
    forged.deliveries[0].body_raw.push(' ');
    let mut torn = bundled("07-email-open-click");
    torn.deliveries[0].body_raw.pop();
    let all = vec![lost_row, lost_delivery, forged, torn];
    let report = replay_all(all, Sources::Both).await.unwrap();
    let [lost_row, lost_delivery, forged, torn] = report.by_scenario.as_slice() else {
        panic!("{report:?}")
    };
    for (lost, alone) in [(lost_row, "Polls"), (lost_delivery, "Webhooks")] {
        let [difference] = lost.unexplained.as_slice() else {
            panic!("{lost:#?}")
        };
        let text = difference.to_string();
        assert!(
            text.starts_with("hit:") && text.contains("all of it"),
            "{text}"
        );
        assert!(
            text.contains(&format!("{alone} alone say nothing")),
            "{text}"
        );
    }
    assert!(!lost_row.is_good() && !lost_delivery.is_good());
    assert!(
        !forged.is_good() && forged.problems.len() == 1,
        "{forged:#?}"
    );
    assert!(torn.parked > 0 && torn.decoded + 1 == torn.deliveries && !torn.is_good());
}

#[test]
fn folders_are_read_or_named_with_what_is_wrong() {
    let scenario = recordings::scenario("01-six-action-types").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let error = |folder: &Path| format!("{:#}", Recording::read(folder).unwrap_err());
    assert!(error(&folder.join("nowhere")).contains("nowhere is no folder"));
    assert!(error(folder).contains("deliveries.jsonl can't be read"));
    for (path, text) in &scenario.files {
        let file = folder.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    let read = Recording::read(folder).unwrap();
    let bundled = Recording::parse(&scenario).unwrap();
    assert_eq!(
        (read.tables, read.contacts, read.segments, read.after),
        (
            bundled.tables,
            bundled.contacts,
            bundled.segments,
            bundled.after
        )
    );
    assert_eq!(read.deliveries.len(), bundled.deliveries.len());
    for (path, text, wrong) in [
        ("deliveries.jsonl", "{}\n", "line 1 is no delivery"),
        (
            "stats/page_hits.json",
            "{\"errors\": []}",
            "stats/page_hits.json is no list of rows",
        ),
        ("contacts.json", "[", "contacts.json: EOF"),
    ] {
        fs::write(folder.join(path), text).unwrap();
        let error = error(folder);
        assert!(error.contains(wrong), "{error}");
        fs::write(folder.join(path), &scenario.files[path]).unwrap();
    }
}
