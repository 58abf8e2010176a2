//! The OpenAPI document and the routes say the same.

use super::*;
use serde_json::Value;
use std::collections::BTreeSet;

/// A wish that is granted.
const WISH: &str = r#"{"contact":7,"topic":"ovens","points":5,"reason":"met at the fair"}"#;

/// A request from this machine, with what the route takes.
fn request(method: &str, path: &str) -> axum::http::request::Builder {
    let request = Request::builder().method(method).uri(path);
    let json = (header::CONTENT_TYPE, "application/json");
    request
        .header(header::HOST, "127.0.0.1:8089")
        .header(json.0, json.1)
}

fn body(method: &str) -> Body {
    Body::from(if method == "post" { WISH } else { "" })
}

/// How to bring about every documented answer.
async fn bring_about(method: &str, path: &str, status: u16) -> Option<Answer> {
    let is_adjustment = path == "/api/v1/adjustments/{id}";
    let real = path.replace("{id}", if is_adjustment { "1" } else { "7" });
    let verb = method.to_uppercase();
    let plain = |path: &str| request(&verb, path).body(body(method)).unwrap();
    let with = |name, value| {
        let request = request(&verb, &real);
        request.header(name, value).body(body(method)).unwrap()
    };
    let site = match status {
        401 | 429 => Site::with(world::store(), Some("secret"), Mode::Live),
        _ => Site::new(),
    };
    if is_adjustment && status == 200 {
        let posted = request("POST", "/api/v1/adjustments");
        site.send(posted.body(body("post")).unwrap()).await;
    }
    let answer = match (path, status) {
        (_, 200 | 201 | 401) => site.send(plain(&real)).await,
        ("/readyz", 503) => {
            site.scorer.down("no worker", site.clock.now());
            site.send(plain(&real)).await
        }
        (_, 403) => site.send(with(header::ORIGIN, "http://evil.example")).await,
        (_, 421) => {
            let request = Request::builder().method(verb.as_str()).uri(&real);
            let request = request.header(header::HOST, "evil.example");
            site.send(request.body(body(method)).unwrap()).await
        }
        (_, 429) => {
            for _ in 0..5 {
                site.send(with(header::AUTHORIZATION, "Basic OmE=")).await;
            }
            site.send(with(header::AUTHORIZATION, "Basic OmE=")).await
        }
        ("/api/v1/topics", 503) => {
            site.plan.send_replace(None);
            site.send(plain(&real)).await
        }
        (_, 503) => {
            site.store
                .broken
                .store(true, std::sync::atomic::Ordering::SeqCst);
            site.send(plain(&real)).await
        }
        (path, 400) if path.contains("{id}") => site.send(plain(&path.replace("{id}", "x"))).await,
        (_, 400) if method == "post" => {
            let wrong = Body::from(WISH.replace('5', "0"));
            site.send(request(&verb, &real).body(wrong).unwrap()).await
        }
        (_, 400) => site.send(plain(&format!("{real}?limit=x"))).await,
        (_, 404) if method == "post" => {
            let wrong = Body::from(WISH.replace("ovens", "sinks"));
            site.send(request(&verb, &real).body(wrong).unwrap()).await
        }
        (path, 404) => site.send(plain(&path.replace("{id}", "999"))).await,
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
            assert!(operation["summary"].is_string(), "{path} has no summary");
            for (status, response) in operation["responses"].as_object().unwrap() {
                let status: u16 = status.parse().unwrap();
                let answer = bring_about(method, path, status).await;
                let answer = answer.unwrap_or_else(|| panic!("no way to {method} {path} {status}"));
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
      "/api/v1/adjustments",
      "/api/v1/adjustments/{id}",
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
