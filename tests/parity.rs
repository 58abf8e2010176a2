//! A plan imported from Mautic's own point actions gives Mautic's own numbers, on recordings of a real
//! one. `cargo run --release --example parity -- FOLDER…` does the same with other recordings.
#![allow(clippy::unwrap_used, reason = "tests may fail loudly")]

#[path = "../examples/parity/check.rs"]
mod check;
#[path = "../examples/parity/kinds.rs"]
mod kinds;
#[path = "../examples/ingest/replay/mod.rs"]
mod replay;
#[path = "../examples/parity/table.rs"]
mod table;

use check::{Report, check_all};
use mautic_fixtures::recordings;
use replay::Sources;

async fn checked(source: Sources) -> Report {
    let report = check_all(recordings::scenarios().unwrap(), source)
        .await
        .unwrap();
    // Every difference is of a kind that outside knowledge must fail at.
    assert!(report.is_explained(), "{}", table::text(&report));
    report
}

/// How many scenarios and contacts are equal, and what differs, by scenario and kind.
fn short(report: &Report) -> String {
    let mut lines = vec![format!(
        "{} of {} scenarios, {} of {} contacts",
        report.scenarios_equal, report.scenarios, report.contacts_equal, report.contacts
    )];
    let differences = report.differences.iter();
    lines.extend(differences.map(|one| {
        let Difference {
            scenario,
            contact,
            of,
            mautic,
            computed,
            kind,
            ..
        } = one;
        format!("{scenario}, contact {contact}, {of}: {computed} for {mautic}, {kind:?}")
    }));
    lines.join("\n")
}

use check::Difference;

#[tokio::test(flavor = "multi_thread")]
async fn by_polls_alone() {
    let report = checked(Sources::Polls).await;
    insta::assert_snapshot!(short(&report));
}

#[tokio::test(flavor = "multi_thread")]
async fn by_webhooks_and_polls() {
    let report = checked(Sources::Both).await;
    insta::assert_snapshot!(short(&report));
}

#[tokio::test(flavor = "multi_thread")]
async fn by_webhooks_alone() {
    let report = checked(Sources::Webhooks).await;
    assert_eq!((report.scenarios, report.contacts), (43, 283));
    // Downloads, the API, campaigns and forms are told by no webhook.
    assert!(report.scenarios_equal >= 10, "{}", table::text(&report));
}

#[tokio::test]
async fn a_number_that_is_wrong_without_a_reason_is_found() {
    let mut scenario = recordings::scenario("01-six-action-types").unwrap();
    let expected = scenario.files.get_mut("expected.json").unwrap();
    let mut json: serde_json::Value = serde_json::from_str(expected).unwrap();
    json["contacts"]["1"]["groups"]["1"] = 4711.into();
    *expected = json.to_string();
    let report = check_all(vec![scenario], Sources::Both).await.unwrap();
    assert_eq!((report.scenarios_equal, report.unexplained), (0, 1));
    assert_eq!(report.differences[0].mautic, 4711);
}
