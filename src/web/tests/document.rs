//! The OpenAPI document and the routes say the same.

use super::*;
use serde_json::Value;
use std::collections::BTreeSet;

/// How to bring about every documented answer.
async fn bring_about(path: &str, status: u16) -> Option<Answer> {
    let site = Site::new();
    let real = path.replace("{id}", "7");
    let answer = match (path, status) {
        (_, 200) => site.get(&real).await,
        ("/readyz", 503) => {
            site.scorer.down("no worker", site.clock.now());
            site.get(&real).await
        }
        (_, 421) => {
            let request = Request::get(&real).header(header::HOST, "evil.example");
            site.send(request.body(Body::empty()).unwrap()).await
        }
        (_, 401) => {
            let site = Site::with(world::store(), Some("secret"), Mode::Live);
            site.get(&real).await
        }
        (_, 429) => {
            let site = Site::with(world::store(), Some("secret"), Mode::Live);
            let guess = || get(&real).header(header::AUTHORIZATION, "Basic OmE=");
            for _ in 0..5 {
                site.send(guess().body(Body::empty()).unwrap()).await;
            }
            site.send(guess().body(Body::empty()).unwrap()).await
        }
        ("/api/v1/topics", 503) => {
            site.plan.send_replace(None);
            site.get(&real).await
        }
        (_, 503) => {
            site.store
                .broken
                .store(true, std::sync::atomic::Ordering::SeqCst);
            site.get(&real).await
        }
        (path, 400) if path.contains("{id}") => site.get(&path.replace("{id}", "x")).await,
        (_, 400) => site.get(&format!("{real}?limit=x")).await,
        (path, 404) => site.get(&path.replace("{id}", "999")).await,
        _ => return None,
    };
    Some(answer)
}

#[tokio::test]
async fn every_documented_answer_comes_and_fits_its_schema() {
    let served = Site::new().get("/api/v1/openapi.json").await.json();
    assert_eq!(served, serde_json::to_value(crate::web::openapi()).unwrap());
    let mut tried = 0;
    for (path, item) in served["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            assert_eq!(method, "get", "{path}");
            assert!(operation["summary"].is_string(), "{path} has no summary");
            for (status, response) in operation["responses"].as_object().unwrap() {
                let status: u16 = status.parse().unwrap();
                let answer = bring_about(path, status).await;
                let answer = answer.unwrap_or_else(|| panic!("no way to {path} {status}"));
                assert_eq!(answer.status.as_u16(), status, "{path}: {}", answer.body);
                check_body(&served, response, &answer, &format!("{path} {status}"));
                tried += 1;
            }
        }
    }
    assert!(tried >= 30, "only {tried} answers tried");
}

fn check_body(document: &Value, response: &Value, answer: &Answer, name: &str) {
    let (kind, content) = response["content"]
        .as_object()
        .unwrap()
        .iter()
        .next()
        .unwrap();
    let sent = answer.header(header::CONTENT_TYPE);
    assert_eq!(sent.split(';').next(), Some(kind.as_str()), "{name}");
    if kind.contains("json") {
        let found = schema::misfits(document, &content["schema"], &answer.json(), name);
        assert!(found.is_empty(), "{found:#?}\n{}", answer.body);
    }
}

#[test]
fn the_document_lists_the_routes() {
    let document = serde_json::to_value(crate::web::openapi()).unwrap();
    let paths: BTreeSet<&str> = document["paths"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    insta::assert_json_snapshot!(paths, @r#"
    [
      "/api/v1/contacts",
      "/api/v1/contacts/{id}",
      "/api/v1/contacts/{id}/explain",
      "/api/v1/effects",
      "/api/v1/openapi.json",
      "/api/v1/parked",
      "/api/v1/status",
      "/api/v1/topics",
      "/api/v1/writes",
      "/healthz",
      "/metrics",
      "/readyz"
    ]
    "#);
}
