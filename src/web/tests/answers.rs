//! The JSON that programs get.

use super::*;
use std::sync::atomic::Ordering;

#[tokio::test]
async fn status() {
    insta::assert_snapshot!(Site::new().get("/api/v1/status").await.body);
}

#[tokio::test]
async fn contact_of_a_merged_away_id_is_the_winner() {
    let site = Site::new();
    let answer = site.get("/api/v1/contacts/12").await;
    insta::assert_snapshot!(answer.body);
    let mut winner = site.get("/api/v1/contacts/7").await.json();
    winner["asked_for"] = 12.into();
    assert_eq!(answer.json(), winner);
}

#[tokio::test]
async fn an_explanation_adds_up() {
    let site = Site::new();
    let answer = site.get("/api/v1/contacts/12/explain").await;
    insta::assert_snapshot!(answer.body);
    let topics = answer.json()["topics"].clone();
    for topic in topics.as_array().unwrap() {
        let parts = topic["contributions"].as_array().unwrap();
        let number = |value: &serde_json::Value| value.as_f64().unwrap();
        let sum: f64 = parts.iter().map(|part| number(&part["points"])).sum();
        let raw = sum + number(&topic["rounding"]);
        assert!((raw - number(&topic["raw"])).abs() < 1e-6, "{topic}");
        let score = raw + number(&topic["cut"]);
        assert!((score - number(&topic["score"])).abs() < 1e-6, "{topic}");
    }
}

#[tokio::test]
async fn one_topic_can_be_explained() {
    let site = Site::new();
    let one = site
        .get("/api/v1/contacts/7/explain?topic=ovens")
        .await
        .json();
    assert_eq!(one["topics"].as_array().unwrap().len(), 1);
    assert_eq!(one["topics"][0]["topic"], "ovens");
    let none = site.get("/api/v1/contacts/7/explain?topic=sinks").await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
    insta::assert_snapshot!(none.body, @r#"{"title":"Not found","status":404,"detail":"the plan has no topic `sinks`","hint":"its topics are: dishwashers, ovens"}"#);
}

#[tokio::test]
async fn contacts_are_paged() {
    let site = Site::new();
    let mut seen = Vec::new();
    let mut path = "/api/v1/contacts?limit=2".to_owned();
    loop {
        let page = site.get(&path).await.json();
        seen.push(
            page["contacts"]
                .as_array()
                .unwrap()
                .iter()
                .map(|c| c["id"].clone())
                .collect::<Vec<_>>(),
        );
        let Some(next) = page["next_after"].as_u64() else {
            break;
        };
        path = format!("/api/v1/contacts?limit=2&after={next}");
    }
    assert_eq!(serde_json::json!(seen), serde_json::json!([[7, 8], [30]]));
}

#[tokio::test]
async fn lists() {
    let site = Site::new();
    insta::assert_snapshot!("writes", site.get("/api/v1/writes?limit=1").await.body);
    insta::assert_snapshot!("effects", site.get("/api/v1/effects").await.body);
    let failed = site
        .get("/api/v1/effects?state=failed&limit=5")
        .await
        .json();
    assert_eq!(failed["effects"].as_array().unwrap().len(), 1);
    let wrong = site.get("/api/v1/effects?state=lost").await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    insta::assert_snapshot!("parked", site.get("/api/v1/parked").await.body);
    insta::assert_snapshot!("topics", site.get("/api/v1/topics").await.body);
}

#[tokio::test]
async fn mistakes_are_problems() {
    let site = Site::new();
    for (path, status) in [
        ("/api/v1/contacts?limit=0", 400),
        ("/api/v1/contacts?limit=201", 400),
        ("/api/v1/contacts?after=-1", 400),
        ("/api/v1/contacts/4294967296", 400),
        ("/api/v1/contacts/999", 404),
        ("/api/v1/contacts/999/explain", 404),
        ("/api/v1/nothing", 404),
    ] {
        let answer = site.get(path).await;
        assert_eq!(answer.status.as_u16(), status, "{path}: {}", answer.body);
        assert_eq!(
            answer.header(header::CONTENT_TYPE),
            "application/problem+json"
        );
        let problem = answer.json();
        assert_eq!(problem["status"], status);
        for field in ["title", "detail", "hint"] {
            assert_ne!(problem[field].as_str().unwrap(), "", "{path}");
        }
    }
    let request = Request::delete("/api/v1/contacts/7").header(header::HOST, "localhost");
    let answer = site.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(
        answer.header(header::CONTENT_TYPE),
        "application/problem+json"
    );
}

#[tokio::test]
async fn ready_while_the_required_parts_work() {
    let site = Site::new();
    let answer = site.get("/readyz").await;
    assert_eq!(answer.status, StatusCode::OK);
    insta::assert_snapshot!(answer.body);
    site.hook.down("gone from Mautic", site.clock.now());
    assert_eq!(site.get("/readyz").await.status, StatusCode::OK);
}

#[tokio::test]
async fn not_ready_with_every_reason() {
    let site = Site::new();
    site.store.broken.store(true, Ordering::SeqCst);
    site.plan.send_replace(None);
    site.clock.advance(SignedDuration::from_mins(2));
    let answer = site.get("/readyz").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    insta::assert_json_snapshot!(answer.json()["reasons"], @r#"
    [
      {
        "component": "store",
        "detail": "the store failed: disk full (score.db)"
      },
      {
        "component": "plan",
        "detail": "no plan is loaded; run `topicscore check`"
      },
      {
        "component": "scorer",
        "detail": "no sign of life for 120 s (allowed: 60 s); last: idle"
      }
    ]
    "#);
    assert_eq!(site.get("/healthz").await.status, StatusCode::OK);
}

#[tokio::test]
async fn many_who_ask_for_readiness_make_one_probe() {
    let site = Site::new();
    for _ in 0..20 {
        site.get("/readyz").await;
    }
    assert_eq!(site.store.probes.load(Ordering::SeqCst), 1);
    site.clock.advance(SignedDuration::from_secs(1));
    site.get("/readyz").await;
    assert_eq!(site.store.probes.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_is_a_reason_and_a_problem() {
    let site = Site::new();
    site.store.hangs.store(true, Ordering::SeqCst);
    let ready = site.get("/readyz").await;
    assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(ready.json()["reasons"][0]["detail"], "no answer within 5 s");
    let status = site.get("/api/v1/status").await;
    assert_eq!(status.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(status.json()["title"], "The answer took too long");
}

#[tokio::test]
async fn metrics_are_shown() {
    let site = Site::new();
    site.metrics.intake.decoded(3);
    let answer = site.get("/metrics").await;
    assert_eq!(answer.header(header::CONTENT_TYPE), metrics::CONTENT_TYPE);
    assert!(
        answer
            .body
            .contains("topicscore_deliveries_decoded_total 3\n")
    );
    assert!(answer.body.ends_with("# EOF\n"));
}
