//! The same answers from a real store.

use super::*;
use crate::domain::{Fact, Sighting, Source};
use crate::store::sqlite::SqliteStore;
use crate::store::{Batch, Journal, NewParked, Origin, Owner, ScoreCommit, Scores, Urgency};

/// A store that heard of what contact 7 did, and scored it.
async fn filled(folder: &std::path::Path) -> SqliteStore {
    let store = SqliteStore::open(folder.join("score.db")).unwrap();
    let history = world::store().snapshots[&ContactId(7)].clone();
    let told = |activity| Sighting {
        source: Source::Webhook,
        fact: Fact::Activity(activity),
    };
    let batch = Batch {
        origin: Origin::Lookup,
        sightings: history.activities.into_iter().map(told).collect(),
        parked: vec![NewParked {
            delivery: None,
            kind: "page_hits".to_owned(),
            reason: "no date".to_owned(),
            excerpt: "{}".to_owned(),
        }],
        received_at: world::now(),
        urgency: Urgency::Fresh,
        asked: None,
    };
    store.apply(batch).await.unwrap();
    let owner = Owner("test".to_owned());
    let until = world::at("2026-11-21T12:01:00Z");
    let dirty = store.claim_dirty(&owner, 10, world::now(), until).await;
    let commit = ScoreCommit {
        dirty: dirty.unwrap().pop().unwrap(),
        plan: world::plan().version,
        at: world::now(),
        scores: world::store().overviews[&ContactId(7)].scores.clone(),
        desired: Vec::new(),
        firings: Vec::new(),
        rearmed: Vec::new(),
        next_change: None,
    };
    store.commit_scores(vec![commit]).await.unwrap();
    store
}

#[tokio::test]
async fn the_interface_works_on_the_embedded_store() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::on(Arc::new(filled(folder.path()).await), None, Mode::Observe);
    assert_eq!(site.get("/readyz").await.status, StatusCode::OK);
    let status = site.get("/api/v1/status").await.json();
    let counts = &status["counts"];
    let found = ["contacts", "activities", "parked", "dirty", "scores"].map(|name| &counts[name]);
    assert_eq!(found, [1, 3, 1, 0, 2], "{counts}");
    let contact = site.get("/api/v1/contacts/7").await.json();
    assert_eq!(contact["scores"][0]["score"], 100);
    assert_eq!(contact["plan"], "0123456789ab");
    let explained = site.get("/api/v1/contacts/7/explain").await.json();
    assert_eq!(explained["topics"][0]["score"], 100);
    assert_eq!(explained["topics"][1]["score"], 5);
    let parked = site.get("/api/v1/parked").await.json();
    assert_eq!(parked["parked"][0]["reason"], "no date");
    for path in ["/", "/contacts", "/contacts/7", "/parked"] {
        assert_eq!(site.get(path).await.status, StatusCode::OK, "{path}");
    }
    for path in [
        "/api/v1/contacts/8",
        "/api/v1/contacts/8/explain",
        "/contacts/8",
    ] {
        assert_eq!(site.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}
