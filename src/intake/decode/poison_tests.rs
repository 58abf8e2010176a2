//! What fuzzing and reading found that these readers once took wrongly.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use super::*;
use crate::mautic::wire::{Contact, StatsPage};
use jiff::Timestamp;
use serde_json::json;

#[test]
fn of_millions_of_unreadable_items_a_thousand_are_told() {
    for (count, told) in [(999, 999), (1000, 1000), (1001, 1001), (5000, 1001)] {
        let zeros = vec!["0"; count].join(",");
        let decoded = body(format!(r#"{{"mautic.page_on_hit":[{zeros}]}}"#).as_bytes());
        assert_eq!(decoded.unreadable.len(), told);
        let more = decoded.unreadable.iter().filter(|item| item.kind == "?");
        assert_eq!(more.count(), usize::from(count > 1000));
    }
}

#[test]
fn no_nul_goes_on() {
    let decoded = body(b"\0{\0");
    let item = &decoded.unreadable[0];
    assert_eq!(&*item.excerpt, "\u{fffd}{\u{fffd}");
    assert!(
        Unreadable::new(&"\0".repeat(500), &"", &"\0".repeat(100_000))
            .kind
            .len()
            <= MAX_KIND
    );
    let contact: Contact = serde_json::from_value(json!({
        "id": 1, "fields": {"core": {"a\0b": {"value": "c\0d"}}},
        "tags": ["e\0"], "doNotContact": [{"channel": "\0f"}], "utmtags": [{"utmSource": "g\0"}],
    }))
    .unwrap();
    let profile = profile(&contact, Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!(profile.fields["ab"], "cd");
    assert!(!serde_json::to_string(&profile).unwrap().contains("\\u0000"));
    let page = json!({"total": 1, "stats": [{"tracking_hash": "a\0", "b\0": ["c\0"]}]});
    let page = StatsPage::read(page).unwrap();
    assert_eq!(page.rows[0]["tracking_hash"], "a");
    assert_eq!(page.rows[0]["b"], "c");
}

#[test]
fn ids_that_no_store_counts_to_are_none() {
    for (id, is_one) in [
        ("1", true),
        ("9223372036854775807", true),
        ("9223372036854775808", false),
        ("18446744073709551616", false),
        ("0", false),
        ("-1", false),
        ("", false),
    ] {
        let row = [
            ("id", id),
            ("lead_id", "1"),
            ("date_hit", "2026-11-21 20:00:00"),
        ];
        let row: Row = row
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        let decoded = rows(Table::PageHits, &[row], Timestamp::UNIX_EPOCH);
        assert_eq!(decoded.unreadable.is_empty(), is_one, "{id}");
    }
}

#[test]
fn a_mail_that_was_refused_and_never_opened_is_accounted_for() {
    let row = [
        ("tracking_hash", "a"),
        ("lead_id", "1"),
        ("date_sent", "2026-11-21 20:00:00"),
        ("is_failed", "1"),
    ];
    let row: Row = row
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    let decoded = rows(Table::EmailStats, &[row], Timestamp::UNIX_EPOCH);
    assert_eq!((decoded.sightings.len(), decoded.ignored), (0, 1));
}
