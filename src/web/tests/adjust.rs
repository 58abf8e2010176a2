//! Points given by hand: who may, and what comes of it.

use super::*;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

fn wish() -> Value {
    json!({"contact": 7, "topic": "ovens", "points": -5, "reason": "a competitor"})
}

fn posted(site: &str) -> axum::http::request::Builder {
    Request::post("/api/v1/adjustments")
        .header(header::HOST, site)
        .header(header::CONTENT_TYPE, "application/json")
}

async fn give(site: &Site, body: &Value) -> Answer {
    let request = posted("127.0.0.1");
    let body = Body::from(body.to_string());
    site.send(request.body(body).unwrap()).await
}

async fn take_back(site: &Site, id: i64) -> Answer {
    let request = Request::delete(format!("/api/v1/adjustments/{id}"));
    let request = request.header(header::HOST, "127.0.0.1");
    site.send(request.body(Body::empty()).unwrap()).await
}

async fn listed(site: &Site, query: &str) -> usize {
    let answer = site.get(&format!("/api/v1/adjustments{query}")).await;
    answer.json()["adjustments"].as_array().unwrap().len()
}

#[tokio::test]
async fn points_are_given_listed_and_taken_back() {
    let site = Site::new();
    let given = give(&site, &wish()).await;
    assert_eq!(given.status, StatusCode::CREATED, "{}", given.body);
    insta::assert_snapshot!(given.body, @r#"{"adjustment":{"id":1,"scope":"contact:7","topic":"ovens","points":-5,"author":"admin","reason":"a competitor","at":"2026-11-21T12:00:00Z","expires_at":null,"over":false},"merged_from":null,"contacts":1}"#);
    assert_eq!(listed(&site, "?contact=7").await, 1);
    assert_eq!(listed(&site, "?contact=8").await, 0);
    site.clock.advance(SignedDuration::from_mins(1));
    let ended = take_back(&site, 1).await;
    assert_eq!(ended.status, StatusCode::OK, "{}", ended.body);
    assert_eq!(ended.json()["expires_at"], "2026-11-21T12:01:00Z");
    assert_eq!(ended.json()["over"], true);
    assert_eq!(listed(&site, "").await, 0);
    assert_eq!(listed(&site, "?all=true").await, 1);
}

#[tokio::test]
async fn a_merged_away_contact_is_told() {
    let site = Site::new();
    let mut body = wish();
    body["contact"] = json!(12);
    assert_eq!(give(&site, &body).await.json()["merged_from"], 12);
}

#[tokio::test]
async fn what_can_not_be_is_refused() {
    let site = Site::new();
    for (field, value, status, said) in [
        ("topic", json!("sinks"), 404, "no topic `sinks`"),
        ("contact", json!(999), 404, "contact 999 is not known"),
        (
            "contact",
            Value::Null,
            400,
            "for a contact or for a segment",
        ),
        ("segment", json!("9"), 400, "for a contact or for a segment"),
        ("points", json!(0), 400, "0 points change nothing"),
        ("points", json!(1.5), 400, "invalid type"),
        ("reason", json!(" "), 400, "the reason is empty"),
        ("reason", json!("a\nb"), 400, "line ends"),
        ("expires", json!("2026-11-21"), 400, "that is over"),
        ("expires", json!("soon"), 400, "`soon` is no date or time"),
        ("pionts", json!(1), 400, "unknown field"),
    ] {
        let mut body = wish();
        body[field] = value;
        let answer = give(&site, &body).await;
        assert_eq!(answer.status.as_u16(), status, "{field}: {}", answer.body);
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(said), "{field}: {detail}");
    }
    assert_eq!(listed(&site, "?all=true").await, 0);
    assert_eq!(take_back(&site, 5).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_segment_gets_points_by_name() {
    let site = Site::new();
    let body = json!({"segment": "Interested", "topic": "ovens", "points": 5, "reason": "fair",
        "author": "ann", "expires": "2027-01-01"});
    let given = give(&site, &body).await.json();
    assert_eq!(given["adjustment"]["scope"], "segment:9");
    assert_eq!(given["adjustment"]["author"], "ann");
    assert_eq!(given["adjustment"]["expires_at"], "2027-01-01T00:00:00Z");
}

#[tokio::test]
async fn other_sites_change_nothing() {
    let site = Site::new();
    for (headers, status) in [
        (vec![], 201),
        (vec![("origin", "http://127.0.0.1:8089")], 201),
        (vec![("sec-fetch-site", "same-origin")], 201),
        (vec![("sec-fetch-site", "none")], 201),
        // A proxy may have changed the host; the browser knows better.
        (
            vec![
                ("sec-fetch-site", "same-origin"),
                ("origin", "https://scores.test"),
            ],
            201,
        ),
        (vec![("origin", "http://evil.example")], 403),
        (vec![("origin", "http://127.0.0.1:1")], 403),
        (vec![("sec-fetch-site", "cross-site")], 403),
        (vec![("sec-fetch-site", "same-site")], 403),
        // What a form of another site can send.
        (vec![("content-type", "text/plain")], 400),
        (
            vec![("content-type", "application/x-www-form-urlencoded")],
            400,
        ),
    ] {
        let mut request = Request::post("/api/v1/adjustments").header("host", "127.0.0.1:8089");
        if !headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in &headers {
            request = request.header(*name, *value);
        }
        let body = Body::from(wish().to_string());
        let answer = site.send(request.body(body).unwrap()).await;
        assert_eq!(
            answer.status.as_u16(),
            status,
            "{headers:?}: {}",
            answer.body
        );
    }
}

/// A site with a password, a session's cookie and its token.
async fn logged_in() -> (Site, String, String) {
    let site = Site::with(world::store(), Some("correct horse"), Mode::Live);
    let form = site.get("/login").await;
    let cookie = first_cookie(&form);
    let csrf = token(&form.body);
    let fields = [("password", "correct horse"), ("csrf", &csrf)];
    let answer = site.send(post("/login", &cookie, &fields)).await;
    let session = first_cookie(&answer);
    let request = get("/contacts/7").header(header::COOKIE, &session);
    let page = site.send(request.body(Body::empty()).unwrap()).await;
    let csrf = token(&page.body);
    (site, session, csrf)
}

fn first_cookie(answer: &Answer) -> String {
    let cookie = answer.header(header::SET_COOKIE);
    cookie.split(';').next().unwrap().to_owned()
}

fn token(body: &str) -> String {
    let (_, rest) = body.split_once(r#"name="csrf" value=""#).unwrap();
    rest.split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_session_needs_its_token_and_basic_credentials_name_the_author() {
    let (site, session, csrf) = logged_in().await;
    let basic = format!("Basic {}", STANDARD.encode("ann:correct horse"));
    for (headers, status) in [
        (vec![("cookie", session.as_str())], 403),
        (vec![("cookie", &session), ("x-csrf-token", "guess")], 403),
        (vec![("cookie", &session), ("x-csrf-token", &csrf)], 201),
        (vec![("authorization", &basic)], 201),
        (vec![], 401),
    ] {
        let mut request = posted("127.0.0.1");
        for (name, value) in &headers {
            request = request.header(*name, *value);
        }
        let body = Body::from(wish().to_string());
        let answer = site.send(request.body(body).unwrap()).await;
        assert_eq!(
            answer.status.as_u16(),
            status,
            "{headers:?}: {}",
            answer.body
        );
    }
    let kept = site.store.adjustments.lock().unwrap().clone();
    let authors: Vec<&str> = kept.iter().map(|one| one.author.as_str()).collect();
    assert_eq!(authors, ["admin", "ann"]);
}

#[tokio::test]
async fn the_page_gives_points_and_takes_them_back() {
    let site = Site::new();
    let page = site.get("/contacts/7").await;
    let (cookie, csrf) = (first_cookie(&page), token(&page.body));
    let fields = |csrf: &'static str| {
        [
            ("csrf", csrf),
            ("topic", "ovens"),
            ("points", "+5"),
            ("reason", "met <at> the fair"),
            ("author", ""),
            ("expires", ""),
        ]
    };
    let mut form = fields("guess");
    for cookie in [cookie.as_str(), ""] {
        let refused = site
            .send(post("/contacts/7/adjustments", cookie, &form))
            .await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
    }
    form[0].1 = Box::leak(csrf.clone().into_boxed_str());
    let given = site
        .send(post("/contacts/7/adjustments", &cookie, &form))
        .await;
    assert_eq!(given.status, StatusCode::SEE_OTHER, "{}", given.body);
    assert_eq!(given.header(header::LOCATION), "/contacts/7#adjustments");
    let page = site.get("/contacts/7").await.body;
    assert!(page.contains("met &#60;at&#62; the fair"), "{page}");
    assert!(page.contains("/contacts/7/adjustments/1/end"));

    let end = |csrf: &str| post("/contacts/7/adjustments/1/end", &cookie, &[("csrf", csrf)]);
    assert_eq!(site.send(end("guess")).await.status, StatusCode::FORBIDDEN);
    assert_eq!(site.send(end(&csrf)).await.status, StatusCode::SEE_OTHER);
    let page = site.get("/contacts/7").await.body;
    assert!(
        page.contains("over</span>") && !page.contains("adjustments/1/end"),
        "{page}"
    );
}

#[tokio::test]
async fn a_form_with_a_mistake_comes_back_as_it_was() {
    let site = Site::new();
    let page = site.get("/contacts/7").await;
    let (cookie, csrf) = (first_cookie(&page), token(&page.body));
    for (points, expires, said) in [
        ("five", "", "`five` is no whole number of points"),
        ("0", "", "0 points change nothing"),
        ("5", "2020-01-01", "that is over"),
    ] {
        let form = [
            ("csrf", csrf.as_str()),
            ("topic", "ovens"),
            ("points", points),
            ("reason", "kept words"),
            ("expires", expires),
        ];
        let answer = site
            .send(post("/contacts/7/adjustments", &cookie, &form))
            .await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        let text = answer.body.replace("&#39;", "'").replace("&#96;", "`");
        assert!(text.contains(said), "{said}\n{text}");
        assert!(text.contains(r#"value="kept words""#));
        assert!(
            text.contains(r#"<option value="ovens" selected>"#),
            "{text}"
        );
    }
}
