//! The recordings inside the package are there and can be read.

#![allow(clippy::unwrap_used)]

use mautic_fixtures::recordings;

#[test]
fn all_kinds_can_be_read() {
    assert_eq!(recordings::sessions().unwrap().len(), 34);
    let exchanges = recordings::exchanges().unwrap();
    assert_eq!(exchanges.len(), 24);
    assert!(
        exchanges
            .iter()
            .any(|area| area.name == "contacts" && area.lines.len() == 119)
    );
    let webhooks = recordings::webhooks().unwrap();
    assert!(
        webhooks
            .iter()
            .any(|kind| kind.name == "_sequences" && kind.lines.len() == 106)
    );
    assert!(
        recordings::initial_state()
            .unwrap()
            .get("GET /api/reports")
            .is_some()
    );
}

#[test]
fn scenarios_hold_their_files() {
    assert_eq!(recordings::names("scenarios").unwrap().len(), 43);
    let scenario = recordings::scenario("01-six-action-types").unwrap();
    let expected = scenario.json("expected.json").unwrap();
    assert_eq!(expected["contacts"]["1"]["points"], 21);
    assert!(!scenario.lines("timeline.jsonl").unwrap().is_empty());
    assert!(scenario.json("stats/page_hits.json").is_ok());
}
