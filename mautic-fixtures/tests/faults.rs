//! Scripted faults: through the library handle and through the stand-in's own endpoint.

#![allow(clippy::unwrap_used)]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mautic_fixtures::faults::{Fault, Rule};
use mautic_fixtures::held_against::wire::{WireRequest, WireResponse, send};
use mautic_fixtures::{Options, StandIn};
use serde_json::{Value, json};

async fn start() -> StandIn {
    StandIn::start(Options::default()).await.unwrap()
}

async fn call(
    address: SocketAddr,
    method: &str,
    path: &str,
    body: Option<Value>,
) -> std::io::Result<WireResponse> {
    let headers = vec![(
        "Authorization".to_owned(),
        "Basic YWRtaW46TWF1dGljLWFkbWluLTIwMjY=".to_owned(),
    )];
    let body = body.map(|body| body.to_string().into_bytes());
    let request = WireRequest {
        method: method.to_owned(),
        path: path.to_owned(),
        headers,
        body,
    };
    send(address, "mautic.test", &request).await
}

async fn groups(mautic: &StandIn) -> usize {
    mautic.with_state(|state| state.point_groups.len()).await
}

#[tokio::test]
async fn a_dropped_connection_before_and_after_the_request_took_effect() {
    let mautic = start().await;
    let new = "/api/points/groups/new";
    let body = || Some(json!({"name": "Ovens"}));
    mautic
        .inject(Rule::new("/api/points/groups/*", Fault::Drop).times(1))
        .await;
    assert!(call(mautic.address(), "POST", new, body()).await.is_err());
    assert_eq!(groups(&mautic).await, 0);
    mautic
        .inject(
            Rule::new("/api/points/groups/*", Fault::Drop)
                .times(1)
                .after(),
        )
        .await;
    assert!(call(mautic.address(), "POST", new, body()).await.is_err());
    assert_eq!(groups(&mautic).await, 1);
    assert_eq!(
        call(mautic.address(), "POST", new, body())
            .await
            .unwrap()
            .status,
        201
    );
}

#[tokio::test]
async fn the_nth_request_is_answered_429_and_others_are_not() {
    let mautic = start().await;
    let busy = Fault::TooManyRequests {
        retry_after: Some(7),
    };
    mautic
        .inject(Rule::new("/api/hooks", busy).method("GET").nth(2))
        .await;
    let mut statuses = Vec::new();
    for _ in 0..3 {
        let answer = call(mautic.address(), "GET", "/api/hooks?limit=1", None)
            .await
            .unwrap();
        statuses.push((
            answer.status,
            answer.header("retry-after").map(str::to_owned),
        ));
    }
    let expected = [(200, None), (429, Some("7".to_owned())), (200, None)];
    assert_eq!(statuses, expected);
}

#[tokio::test]
async fn chance_is_the_same_for_the_same_seed() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let mautic = start().await;
        let failing = Fault::Answer {
            status: 503,
            headers: [].into(),
            body: "busy".to_owned(),
        };
        mautic
            .inject(Rule::new("/api/*", failing).probability(0.5))
            .await;
        let mut statuses = Vec::new();
        for _ in 0..20 {
            let answer = call(mautic.address(), "GET", "/api/hooks", None).await;
            statuses.push(answer.unwrap().status);
        }
        assert!(statuses.contains(&503) && statuses.contains(&200));
        runs.push(statuses);
    }
    assert_eq!(runs[0], runs[1]);
}

#[tokio::test]
async fn spoilt_bodies() {
    let mautic = start().await;
    let address = mautic.address();
    mautic
        .inject(Rule::new("/api/hooks", Fault::TruncatedJson).nth(1))
        .await;
    mautic
        .inject(Rule::new("/api/hooks", Fault::WrongTypeJson).times(1))
        .await;
    let cut = call(address, "GET", "/api/hooks", None).await.unwrap();
    assert!(serde_json::from_slice::<Value>(&cut.body).is_err());
    let odd = call(address, "GET", "/api/hooks", None).await.unwrap();
    let odd: Value = serde_json::from_slice(&odd.body).unwrap();
    assert_eq!(odd, json!({"total": "n/a", "hooks": {}}));
}

#[tokio::test]
async fn delays_and_hanging_requests() {
    let mautic = start().await;
    mautic
        .inject(Rule::new("/api/hooks", Fault::Delay(60)))
        .await;
    mautic
        .inject(Rule::new("/api/segments", Fault::Hang(Some(60))).after())
        .await;
    let started = Instant::now();
    let late = call(mautic.address(), "GET", "/api/hooks", None).await;
    assert_eq!(late.unwrap().status, 200);
    assert!(
        call(mautic.address(), "GET", "/api/segments", None)
            .await
            .is_err()
    );
    assert!(started.elapsed() >= Duration::from_millis(120));
}

#[tokio::test]
async fn stale_reads_show_the_state_kept_before() {
    let mautic = start().await;
    let address = mautic.address();
    mautic
        .inject(Rule::new("/api/points/groups", Fault::Stale).times(1))
        .await;
    let new = Some(json!({"name": "Ovens"}));
    call(address, "POST", "/api/points/groups/new", new)
        .await
        .unwrap();
    let mut totals = Vec::new();
    for _ in 0..2 {
        let answer = call(address, "GET", "/api/points/groups", None)
            .await
            .unwrap();
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        totals.push(body["total"].clone());
    }
    assert_eq!(totals, [json!(0), json!(1)]);
}

#[tokio::test]
async fn the_script_can_be_set_from_outside() {
    let mautic = start().await;
    let address = mautic.address();
    let admin = "/__stand-in/faults";
    let rules = json!([{"path": "/api/*", "method": "POST", "fault": {"answer": {"status": 502}}}]);
    let set = call(address, "POST", admin, Some(rules)).await.unwrap();
    assert_eq!(set.status, 200);
    let refused = call(address, "POST", "/api/hooks/new", Some(json!({}))).await;
    assert_eq!(refused.unwrap().status, 502);
    let listed = call(address, "GET", admin, None).await.unwrap();
    let listed: Value = serde_json::from_slice(&listed.body).unwrap();
    assert_eq!(listed["faults"][0]["fired"], 1);
    call(address, "DELETE", admin, None).await.unwrap();
    assert!(mautic.faults().rules().is_empty());
    let wrong = call(
        address,
        "POST",
        admin,
        Some(json!({"path": "/", "fault": "melt"})),
    )
    .await;
    assert_eq!(wrong.unwrap().status, 400);
    let run = json!({"command": "mautic:segments:update"});
    let run = call(address, "POST", "/__stand-in/command", Some(run))
        .await
        .unwrap();
    assert_eq!(run.body, br#"{"exit_code":0}"#);
}
