//! Each reader of foreign input as a function of raw bytes that panics when a promise is broken.
//!
//! Used by the fuzz targets, which invent inputs, and by `tests/corpus.rs`, which runs the seeds
//! and all inputs that once broke something, on the stable compiler.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    dead_code,
    reason = "a broken promise has to end the run; each user takes its part"
)]

mod promises;

use jiff::Timestamp;
use promises::{keeps_bounds, keeps_facts, tells_whom};
use serde_json::{Value, value::RawValue};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};
use topicscore::{
    config::{Config, Inputs},
    diagnostics::Findings,
    domain::SegmentId,
    intake::{
        decode::{self, Table},
        receiver::Secrets,
    },
    mautic::{
        signature,
        wire::{Contact, Page, StatsPage},
    },
    plan::{Catalog, Named, Plan, compile, doubts},
};

/// Reads raw bytes, and panics where a promise is broken.
pub(crate) type Reader = fn(&[u8]);

/// The readers by name, as the targets and the folders of their corpora are called.
pub(crate) const ALL: [(&str, Reader); 5] = [
    ("delivery", delivery),
    ("plan", plan),
    ("config", config),
    ("stats", stats),
    ("contact", contact),
];

const KEY: &str = "a secret of fuzzing";

/// A body as the receiver checks it and the decoder reads it.
pub(crate) fn delivery(raw: &[u8]) {
    is_signed_by_the_secret_alone(raw);
    let told = decode::body(raw);
    assert_eq!(
        told,
        decode::body(raw),
        "decoding depends on more than the body"
    );
    keeps_facts(&told.sightings);
    keeps_bounds(&told.unreadable);
    tells_whom(raw, &told);
    keeps_neighbours(raw);
}

fn is_signed_by_the_secret_alone(raw: &[u8]) {
    let secrets = Secrets::new(vec![KEY.into()], false);
    let header = signature::sign(&KEY.into(), raw);
    assert!(secrets.signed(raw, &header));
    assert!(!secrets.signed(raw, &signature::sign(&"another".into(), raw)));
    assert!(!secrets.signed(raw, &String::from_utf8_lossy(raw)));
    let mut altered = raw.to_vec();
    altered.push(b' ');
    assert!(!secrets.signed(&altered, &header));
}

/// Between two good items of one list, the input leaves both as they were.
fn keeps_neighbours(raw: &[u8]) {
    let Ok(item) = serde_json::from_slice::<&RawValue>(raw) else {
        return;
    };
    let hit = |id: u64| {
        format!(
            r#"{{"hit":{{"id":{id},"dateHit":"2026-11-21T20:25:04+00:00","lead":{{"id":3}}}}}}"#
        )
    };
    let (first, last) = (hit(u64::MAX >> 1), hit(u64::MAX >> 2));
    let alone = decode::body(format!(r#"{{"mautic.page_on_hit":[{first},{last}]}}"#).as_bytes());
    let item = item.get();
    let among =
        decode::body(format!(r#"{{"mautic.page_on_hit":[{first},{item},{last}]}}"#).as_bytes());
    for good in &alone.sightings {
        assert!(among.sightings.contains(good), "a neighbour got lost");
    }
    assert_eq!(alone.sightings.len(), 2);
}

/// An answer of `/api/stats`, as a page of each table.
pub(crate) fn stats(raw: &[u8]) {
    let Ok(answer) = serde_json::from_slice::<Value>(raw) else {
        return;
    };
    let Ok(page) = StatsPage::read(answer) else {
        return;
    };
    let _ = page.last_id();
    let _ = decode::opened_stats(&page.rows);
    for table in Table::ALL {
        let told = decode::rows(table, &page.rows, asked_at());
        keeps_facts(&told.sightings);
        keeps_bounds(&told.unreadable);
        let accounted = told.sightings.len() + told.unreadable.len();
        let silent = matches!(table, Table::EmailStatsDevices | Table::AuditLog);
        assert!(
            silent || accounted as u64 + told.unattributed + told.ignored >= page.rows.len() as u64,
            "a row of {} vanished",
            table.name()
        );
    }
}

/// A contact alone, and a list of contacts.
pub(crate) fn contact(raw: &[u8]) {
    if let Ok(contact) = serde_json::from_slice::<Contact>(raw)
        && let Ok(profile) = decode::profile(&contact, asked_at())
    {
        promises::is_storable(&serde_json::to_value(&profile).unwrap());
    }
    let Ok(answer) = serde_json::from_slice::<Value>(raw) else {
        return;
    };
    if let Ok(page) = Page::<Contact>::read(answer, "contacts") {
        for contact in &page.items {
            let _ = decode::profile(contact, asked_at());
        }
    }
}

/// A plan, bound to a small Mautic.
pub(crate) fn plan(raw: &[u8]) {
    let Ok(text) = std::str::from_utf8(raw) else {
        return;
    };
    match Plan::parse("plan.toml", text) {
        Err(findings) => {
            assert!(findings.has_errors(), "refused without a reason");
            shows(&findings);
        }
        Ok((plan, findings)) => {
            assert!(!findings.has_errors(), "taken in spite of errors");
            shows(&findings);
            let catalog = catalog(text);
            shows(&doubts(&plan, &catalog));
            if let Err(findings) = compile(&plan, &catalog) {
                assert!(findings.has_errors(), "not bound without a reason");
                shows(&findings);
            }
        }
    }
}

/// A config; what follows the first NUL are lines `NAME=VALUE` of the environment.
pub(crate) fn config(raw: &[u8]) {
    const SECRET: &str = "whsec_b25lIHRoYXQgbm9ib2R5IG1heSBzZWU6IGZyb20gYSBmaWxl";
    let Ok(text) = std::str::from_utf8(raw) else {
        return;
    };
    let (text, env) = text.split_once('\0').unwrap_or((text, ""));
    let env: BTreeMap<String, String> = env
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (format!("TOPICSCORE_{name}"), value.to_owned()))
        .collect();
    let inputs = Inputs {
        file: Path::new("/etc/topicscore.toml"),
        text,
        env: &env,
        read: &|_| Ok(SECRET.to_owned()),
    };
    let said = match Config::load(&inputs) {
        Err(findings) => {
            assert!(findings.has_errors(), "refused without a reason");
            shows(&findings)
        }
        Ok((config, findings)) => format!("{config:?} {}", shows(&findings)),
    };
    assert!(!said.contains(SECRET), "a secret is shown");
}

/// Findings can be shown, and stay within the size of what they speak of.
fn shows(findings: &Findings) -> String {
    findings.to_string()
}

fn asked_at() -> Timestamp {
    "2026-11-22T06:00:00Z".parse().unwrap()
}

/// A Mautic in which every quoted text of the plan is the name of something of each kind, so that
/// most plans that can be read can be bound, too.
fn catalog(text: &str) -> Catalog {
    let quoted: BTreeSet<&str> = text.split(['"', '\'']).skip(1).step_by(2).collect();
    let whole_numbers = quoted.iter().map(|name| (*name).to_owned()).collect();
    let named: Vec<Named> = (1..)
        .zip(quoted)
        .map(|(id, name)| Named {
            id,
            name: name.to_owned(),
        })
        .collect();
    Catalog {
        groups: named.clone(),
        segments: named.clone(),
        filtered_segments: vec![SegmentId(3)],
        emails: named.clone(),
        pages: named.clone(),
        forms: named.clone(),
        assets: named.clone(),
        messages: named.clone(),
        stages: named.clone(),
        campaigns: named.clone(),
        users: named,
        page_variants: [(2, 1)].into(),
        whole_numbers,
    }
}
