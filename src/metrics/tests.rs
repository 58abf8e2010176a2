#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

const MILLI: Duration = Duration::from_millis(1);

/// Touches every metric once.
fn used() -> Registered {
    let registered = register("1.2.3", "shop");
    let metrics = &registered.metrics;
    metrics.intake.accepted(2048, MILLI);
    metrics.intake.refused(Refusal::WrongSignature);
    metrics.intake.decoded(3);
    metrics.intake.parked("mautic.unknown");
    metrics.intake.polled("page_hits", 7, 1_790_000_000);
    metrics.intake.poll_failed("email_stats");
    metrics.intake.poll_lag(MILLI);
    metrics.intake.hook_published(true);
    metrics.intake.hook_republished();
    metrics.journal.told(1, 2, 5);
    metrics.journal.undecoded(4);
    metrics.scorer.scored(6, MILLI);
    metrics.scorer.dirty(9);
    metrics
        .writeback
        .call(Endpoint::GroupSet, CallOutcome::Done, MILLI);
    metrics.writeback.intents(8, 1);
    metrics.writeback.written_back(Duration::from_secs(2));
    metrics.writeback.allowed(4.5);
    metrics.writeback.queue(2, 3);
    metrics.writeback.throttled(Throttle::TooManyRequests);
    metrics.effects.ended("send_email", "done");
    metrics.effects.done(MILLI);
    metrics.effects.waiting(3, 2, 1);
    metrics.sweep.looked(7, ["group"]);
    metrics.sweep.passed(1_790_000_000);
    metrics.store.bytes(4096);
    registered
}

#[test]
fn each_call_arrives_in_its_metric() {
    let text = render(&used().registry).unwrap();
    for line in [
        r#"topicscore_build_info{version="1.2.3",instance="shop"} 1"#,
        "topicscore_deliveries_accepted_total 1",
        r#"topicscore_deliveries_refused_total{reason="wrong_signature"} 1"#,
        r#"topicscore_deliveries_refused_total{reason="unsigned"} 0"#,
        "topicscore_deliveries_bytes_total 2048",
        "topicscore_delivery_append_seconds_count 1",
        "topicscore_deliveries_decoded_total 3",
        r#"topicscore_items_parked_total{kind="mautic.unknown"} 1"#,
        r#"topicscore_poll_rows_total{table="page_hits"} 7"#,
        r#"topicscore_poll_last_success_timestamp_seconds{table="page_hits"} 1790000000"#,
        r#"topicscore_poll_errors_total{table="email_stats"} 1"#,
        "topicscore_poll_lag_seconds 0.001",
        "topicscore_hook_published 1",
        "topicscore_hook_republished_total 1",
        r#"topicscore_journal_activities_total{seen="new"} 2"#,
        r#"topicscore_journal_activities_total{seen="known"} 5"#,
        "topicscore_journal_commits_total 1",
        "topicscore_sweep_contacts_total 7",
        r#"topicscore_sweep_drift_total{target="group"} 1"#,
        r#"topicscore_sweep_drift_total{target="points"} 0"#,
        "topicscore_sweep_last_pass_timestamp_seconds 1790000000",
        "topicscore_journal_undecoded_deliveries 4",
        "topicscore_scorer_contacts_total 6",
        "topicscore_scorer_batch_seconds_count 1",
        "topicscore_scorer_dirty_contacts 9",
        r#"topicscore_writeback_calls_total{endpoint="group_set",outcome="done"} 1"#,
        r#"topicscore_writeback_call_seconds_count{endpoint="group_set"} 1"#,
        "topicscore_writeback_pending_intents 8",
        "topicscore_writeback_parked_intents 1",
        r#"topicscore_writeback_delay_seconds_bucket{le="2.0"} 1"#,
        "topicscore_budget_allowed_requests_per_second 4.5",
        "topicscore_budget_in_flight_requests 2",
        "topicscore_budget_waiting_requests 3",
        r#"topicscore_budget_throttled_total{status="429"} 1"#,
        r#"topicscore_effects_total{action="send_email",outcome="done"} 1"#,
        "topicscore_effects_pending 3",
        "topicscore_effects_failed 2",
        "topicscore_effects_unknown 1",
        "topicscore_effect_delay_seconds_count 1",
        "topicscore_store_bytes 4096",
    ] {
        assert!(
            text.lines().any(|found| found == line),
            "no line `{line}` in:\n{text}"
        );
    }
}

#[test]
fn the_budget_can_be_read_back() {
    assert_eq!(
        used().metrics.writeback.budget(),
        BudgetNow {
            allowed_per_second: 4.5,
            in_flight: 2,
            waiting: 3,
            throttled_429: 1,
            throttled_5xx: 0,
        }
    );
}

#[test]
fn invented_event_types_cannot_flood_the_labels() {
    let registered = register("1", "shop");
    for number in 0..1000 {
        registered.metrics.intake.parked(&format!("kind{number}"));
    }
    registered.metrics.intake.parked("kind0");
    let text = render(&registered.registry).unwrap();
    assert_eq!(text.matches("topicscore_items_parked_total{").count(), 65);
    assert!(text.contains(r#"topicscore_items_parked_total{kind="other"} 936"#));
    assert!(text.contains(r#"topicscore_items_parked_total{kind="kind0"} 2"#));
}

#[test]
fn two_instances_share_nothing() {
    let (one, other) = (register("1", "one"), register("1", "other"));
    one.metrics.intake.accepted(1, MILLI);
    assert!(
        render(&other.registry)
            .unwrap()
            .contains("topicscore_deliveries_accepted_total 0")
    );
}

#[test]
fn statuses_have_outcomes() {
    for (status, outcome) in [
        (Some(200), CallOutcome::Done),
        (Some(301), CallOutcome::Done),
        (Some(404), CallOutcome::Refused),
        (Some(429), CallOutcome::Throttled),
        (Some(500), CallOutcome::Failed),
        (None, CallOutcome::Unanswered),
    ] {
        assert_eq!(CallOutcome::of_status(status), outcome, "{status:?}");
    }
}

#[test]
fn every_family_that_is_shown_is_described() {
    let registered = used();
    let text = render(&registered.registry).unwrap();
    let shown: BTreeSet<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE "))
        .filter_map(|line| line.split_once(' '))
        .map(|(name, _)| name)
        .collect();
    let described: BTreeSet<&str> = registered
        .described
        .iter()
        .map(|metric| {
            let name = metric.name.as_str();
            name.strip_suffix("_total")
                .or_else(|| name.strip_suffix("_info"))
                .unwrap_or(name)
        })
        .collect();
    assert_eq!(shown, described);
}

/// Run with `UPDATE_DOCS=1` to write the document anew.
#[test]
fn the_document_explains_every_metric() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/metrics.md");
    let wanted = document(&register("1", "shop").described);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, &wanted).unwrap();
    }
    let found = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(
        found, wanted,
        "docs/metrics.md is outdated: run the tests once with UPDATE_DOCS=1"
    );
}

fn document(described: &[Described]) -> String {
    let mut text = String::from(
        "# Metrics\n\n`GET /metrics` on the admin listener answers in the OpenMetrics text format \
         that Prometheus reads.\nTimes are in seconds, sizes in bytes. A histogram `x` gives \
         `x_bucket`, `x_sum` and `x_count`.\nA test holds this page to the code.\n\n\
         | metric | kind | labels | what it says |\n| --- | --- | --- | --- |\n",
    );
    for metric in described {
        let labels: Vec<String> = metric
            .labels
            .iter()
            .map(|name| format!("`{name}`"))
            .collect();
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {}. |",
            metric.name,
            metric.kind,
            labels.join(", "),
            metric.help
        );
    }
    text
}
