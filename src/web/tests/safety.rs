//! Who gets in, and who does not.

use super::*;
use crate::web::sessions::SESSION_LIFE;
use base64::{Engine, engine::general_purpose::STANDARD};

fn closed() -> Site {
    Site::with(world::store(), Some("correct horse"), Mode::Live)
}

/// Opens the login form; returns its cookie and token.
async fn form(site: &Site) -> (String, String) {
    let answer = site.get("/login?next=%2Fcontacts%3Fafter%3D7").await;
    assert_eq!(answer.status, StatusCode::OK);
    let cookie = answer.header(header::SET_COOKIE);
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let (_, rest) = answer.body.split_once(r#"name="csrf" value=""#).unwrap();
    (cookie, rest.split('"').next().unwrap().to_owned())
}

async fn log_in(site: &Site, password: &str, next: &str) -> Answer {
    let (cookie, csrf) = form(site).await;
    let fields = [("password", password), ("csrf", &csrf), ("next", next)];
    site.send(post("/login", &cookie, &fields)).await
}

fn session_of(answer: &Answer) -> String {
    let mut cookies = answer.headers.get_all(header::SET_COOKIE).iter();
    let cookie = cookies.next().unwrap().to_str().unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

async fn with_cookie(site: &Site, path: &str, cookie: &str) -> Answer {
    let request = get(path).header(header::COOKIE, cookie);
    site.send(request.body(Body::empty()).unwrap()).await
}

async fn with_basic(site: &Site, password: &str) -> Answer {
    let value = format!("Basic {}", STANDARD.encode(format!("any:{password}")));
    let request = get("/api/v1/status").header(header::AUTHORIZATION, value);
    site.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn without_a_password_only_loopback_names_are_answered() {
    let site = Site::new();
    for (host, fine) in [
        ("localhost", true),
        ("LOCALHOST:8089", true),
        ("127.0.0.1", true),
        ("127.8.8.8:1", true),
        ("[::1]:8089", true),
        ("evil.example", false),
        ("127.0.0.1.evil.example", false),
        ("localhost.evil.example:8089", false),
        ("localhost@evil.example", false),
        ("evil.example@localhost", false),
        ("10.0.0.5:8089", false),
        ("0.0.0.0", false),
        ("", false),
        ("a b", false),
    ] {
        for path in ["/", "/api/v1/status", "/metrics", "/assets/style.css"] {
            let request = Request::get(path).header(header::HOST, host);
            let answer = site.send(request.body(Body::empty()).unwrap()).await;
            let wanted = if fine {
                StatusCode::OK
            } else {
                StatusCode::MISDIRECTED_REQUEST
            };
            assert_eq!(answer.status, wanted, "{host} {path}");
        }
    }
    let request = Request::get("http://evil.example/").header(header::HOST, "localhost");
    let answer = site.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::MISDIRECTED_REQUEST);
    let nameless = Request::get("/").body(Body::empty()).unwrap();
    assert_eq!(
        site.send(nameless).await.status,
        StatusCode::MISDIRECTED_REQUEST
    );
}

#[tokio::test]
async fn every_answer_has_the_safe_headers() {
    let site = closed();
    for path in [
        "/",
        "/login",
        "/metrics",
        "/api/v1/status",
        "/nothing",
        "/assets/script.js",
    ] {
        let answer = site.get(path).await;
        let policy = answer.header(header::CONTENT_SECURITY_POLICY);
        assert!(policy.starts_with("default-src 'none'"), "{path}");
        assert!(policy.contains("frame-ancestors 'none'"), "{path}");
        assert!(!policy.contains("unsafe"), "{path}");
        assert_eq!(
            answer.header(header::X_CONTENT_TYPE_OPTIONS),
            "nosniff",
            "{path}"
        );
        assert_eq!(answer.header(header::CACHE_CONTROL), "no-store", "{path}");
    }
}

#[tokio::test]
async fn with_a_password_only_the_open_routes_need_none() {
    let site = closed();
    for path in [
        "/healthz",
        "/readyz",
        "/metrics",
        "/login",
        "/assets/style.css",
    ] {
        assert_eq!(site.get(path).await.status, StatusCode::OK, "{path}");
    }
    for path in [
        "/api/v1/status",
        "/api/v1/contacts/7",
        "/api/v1/openapi.json",
        "/api/x",
    ] {
        let answer = site.get(path).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
        assert!(answer.header(header::WWW_AUTHENTICATE).starts_with("Basic"));
        assert!(!answer.body.contains("ann@"), "{path}");
    }
    for path in [
        "/",
        "/contacts/7",
        "/parked",
        "//metrics",
        "/assets",
        "/metrics/",
    ] {
        let answer = site.get(path).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{path}");
        assert!(
            answer
                .header(header::LOCATION)
                .starts_with("/login?next=%2F")
        );
    }
}

#[tokio::test]
async fn login_leads_on_and_logout_ends_it() {
    let site = closed();
    let answer = log_in(&site, "correct horse", "/contacts?after=7").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(answer.header(header::LOCATION), "/contacts?after=7");
    let set = answer.header(header::SET_COOKIE);
    for part in [
        "topicscore_shop=",
        "HttpOnly",
        "SameSite=Strict",
        "Path=/",
        "Max-Age=43200",
    ] {
        assert!(set.contains(part), "{set}");
    }
    let cookie = session_of(&answer);
    let page = with_cookie(&site, "/", &cookie).await;
    assert_eq!(page.status, StatusCode::OK);
    let (_, rest) = page.body.split_once(r#"name="csrf" value=""#).unwrap();
    let csrf = rest.split('"').next().unwrap();

    let refused = site
        .send(post("/logout", &cookie, &[("csrf", "guess")]))
        .await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(
        with_cookie(&site, "/", &cookie).await.status,
        StatusCode::OK
    );
    let done = site.send(post("/logout", &cookie, &[("csrf", csrf)])).await;
    assert_eq!(done.header(header::LOCATION), "/login");
    assert_eq!(
        with_cookie(&site, "/", &cookie).await.status,
        StatusCode::SEE_OTHER
    );
}

#[tokio::test]
async fn a_session_ends_by_itself() {
    let site = closed();
    let cookie = session_of(&log_in(&site, "correct horse", "/").await);
    site.clock
        .advance(SESSION_LIFE - SignedDuration::from_secs(1));
    assert_eq!(
        with_cookie(&site, "/", &cookie).await.status,
        StatusCode::OK
    );
    site.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(
        with_cookie(&site, "/", &cookie).await.status,
        StatusCode::SEE_OTHER
    );
}

#[tokio::test]
async fn a_form_without_its_cookie_or_token_is_refused() {
    let site = closed();
    let (cookie, csrf) = form(&site).await;
    let (other, _) = form(&site).await;
    for (cookie, csrf) in [
        ("", csrf.as_str()),
        (&other, &csrf),
        (&cookie, ""),
        (&cookie, "x"),
    ] {
        let fields = [("password", "correct horse"), ("csrf", csrf)];
        let answer = site.send(post("/login", cookie, &fields)).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{cookie} {csrf}");
    }
}

#[tokio::test]
async fn the_login_leads_to_our_own_pages_only() {
    let site = closed();
    for (next, wanted) in [
        ("/parked", "/parked"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example/", "/"),
        ("/\t/evil.example/", "/"),
        ("", "/"),
    ] {
        let answer = log_in(&site, "correct horse", next).await;
        assert_eq!(answer.header(header::LOCATION), wanted, "{next:?}");
    }
}

#[tokio::test]
async fn guessing_is_slowed_down_by_form_and_by_basic_alike() {
    let site = closed();
    assert_eq!(
        with_basic(&site, "correct horse").await.status,
        StatusCode::OK
    );
    for _ in 0..3 {
        assert_eq!(
            log_in(&site, "guess", "/").await.status,
            StatusCode::UNAUTHORIZED
        );
    }
    for _ in 0..2 {
        assert_eq!(with_basic(&site, "").await.status, StatusCode::UNAUTHORIZED);
    }
    let answer = with_basic(&site, "correct horse").await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(answer.header(header::RETRY_AFTER), "300");
    let answer = log_in(&site, "correct horse", "/").await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    site.clock.advance(SignedDuration::from_secs(300));
    assert_eq!(
        with_basic(&site, "correct horse").await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn large_bodies_are_refused() {
    let site = closed();
    let (cookie, csrf) = form(&site).await;
    let long = "x".repeat(20_000);
    let fields = [("password", long.as_str()), ("csrf", &csrf)];
    let answer = site.send(post("/login", &cookie, &fields)).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn https_behind_a_proxy_makes_cookies_secure() {
    let site = closed();
    let request = get("/login").header("x-forwarded-proto", "https");
    let answer = site.send(request.body(Body::empty()).unwrap()).await;
    assert!(answer.header(header::SET_COOKIE).ends_with("; Secure"));
}

#[test]
fn secrets_are_in_no_debug_text() {
    let site = closed();
    let text = format!("{:?}", crate::web::sessions::Sessions::new("shop"));
    assert_eq!(text, "Sessions { .. }");
    drop(site);
}
