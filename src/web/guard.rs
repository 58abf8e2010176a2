//! What stands before every route: host, login, time and headers.

use super::problem::Problem;
use super::state::Admin;
use super::{cookies, pages};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header, uri::Authority};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use base64::{Engine, engine::general_purpose::STANDARD};
use std::any::Any;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// Longest time for an answer.
const TIME_LIMIT: Duration = Duration::from_secs(10);

/// Routes that need no login.
const OPEN: [&str; 4] = ["/healthz", "/readyz", "/metrics", "/login"];

/// Headers of every answer. Nothing is loaded from elsewhere, no script or style stands inside a
/// page, no other page can frame ours, nothing is kept by browsers and proxies.
const HEADERS: [(HeaderName, &str); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
         connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
];

/// A logged-in visitor's session, for the logout form.
#[derive(Debug, Clone)]
pub(super) struct Session(pub(super) String);

/// The user name of a visitor's Basic credentials; any will do.
#[derive(Debug, Clone)]
pub(super) struct BasicName(pub(super) String);

pub(super) async fn safe_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in HEADERS {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

pub(super) async fn in_time(request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    match tokio::time::timeout(TIME_LIMIT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => failed(
            &path,
            Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "The answer took too long",
                format!("no answer within {} s", TIME_LIMIT.as_secs()),
                "ask for less with `limit`, and see /metrics for what keeps the store busy",
            ),
        ),
    }
}

/// Without a password, only this machine may name itself: a foreign name that leads here is how
/// DNS rebinding lets a web page read what is on loopback.
pub(super) async fn known_host(
    State(admin): State<Arc<Admin>>,
    request: Request,
    next: Next,
) -> Response {
    if admin.password.is_some() || names_loopback(request.uri(), request.headers()) {
        return next.run(request).await;
    }
    failed(
        request.uri().path(),
        Problem::new(
            StatusCode::MISDIRECTED_REQUEST,
            "This host name is not served",
            "no admin password is set, so only loopback names (localhost, 127.0.0.1, [::1]) are \
             answered",
            "use http://127.0.0.1 on this machine, or set an admin password to use other names",
        ),
    )
}

fn names_loopback(uri: &Uri, headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return false;
    };
    let Some(host) = host.to_str().ok().and_then(|text| text.parse().ok()) else {
        return false;
    };
    is_loopback(&host) && uri.authority().is_none_or(is_loopback)
}

fn is_loopback(authority: &Authority) -> bool {
    let host = authority.host();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let named = host.eq_ignore_ascii_case("localhost");
    !authority.as_str().contains('@')
        && (named || address.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback()))
}

/// No other site may change anything, whatever cookies or credentials the browser adds.
pub(super) async fn same_origin(request: Request, next: Next) -> Response {
    if request.method().is_safe() || !from_another_site(request.headers()) {
        return next.run(request).await;
    }
    failed(
        request.uri().path(),
        Problem::new(
            StatusCode::FORBIDDEN,
            "Nothing was changed",
            "the request comes from a page of another site",
            "use the pages here; behind a proxy, let it pass the Host header on as it came",
        ),
    )
}

/// Browsers tell where a request comes from; `Origin` is `null` for our own forms, too, because
/// of our referrer policy: those are told by their token.
fn from_another_site(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site != "same-origin" && site != "none";
    }
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    match text(header::ORIGIN) {
        None => headers.contains_key(header::ORIGIN),
        Some("null") => false,
        Some(origin) => {
            let host = origin.split_once("://").map(|(_, host)| host);
            host.is_none() || host != text(header::HOST)
        }
    }
}

/// With a password, everything but the open routes needs a session or Basic credentials.
pub(super) async fn authenticated(
    State(admin): State<Arc<Admin>>,
    mut request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path();
    let open = OPEN.contains(&path) || path.starts_with("/assets/");
    let Some(password) = admin.password.as_ref().filter(|_| !open) else {
        return next.run(request).await;
    };
    let session = cookies::get(request.headers(), admin.sessions.cookie()).map(str::to_owned);
    if let Some(token) = session.filter(|token| admin.sessions.alive(token, admin.now())) {
        request.extensions_mut().insert(Session(token));
        return next.run(request).await;
    }
    if let Some((name, given)) = basic(request.headers()) {
        let from = peer(&request);
        match admin
            .sessions
            .password_fits(password, &given, from, admin.now())
        {
            Ok(true) => {
                request.extensions_mut().insert(BasicName(name));
                return next.run(request).await;
            }
            Ok(false) => {}
            Err(seconds) => return too_many(seconds).into_response(),
        }
    }
    ask_to_log_in(request.uri())
}

fn ask_to_log_in(uri: &Uri) -> Response {
    if !uri.path().starts_with("/api/") {
        let wanted = uri.path_and_query().map_or("/", |path| path.as_str());
        let next: String = url::form_urlencoded::byte_serialize(wanted.as_bytes()).collect();
        return Redirect::to(&format!("/login?next={next}")).into_response();
    }
    let problem = Problem::new(
        StatusCode::UNAUTHORIZED,
        "Login needed",
        "the request has no session and no valid Basic credentials",
        "log in at /login, or send Basic credentials: any user name with the admin password",
    );
    let challenge = [(header::WWW_AUTHENTICATE, r#"Basic realm="topicscore""#)];
    (challenge, problem).into_response()
}

/// The brake's answer.
pub(super) fn too_many(seconds: i64) -> ([(HeaderName, String); 1], Problem) {
    let problem = Problem::new(
        StatusCode::TOO_MANY_REQUESTS,
        "Too many failed logins",
        format!("logins from this address are refused for {seconds} s"),
        "wait, then try again with the password of the configuration",
    );
    ([(header::RETRY_AFTER, seconds.to_string())], problem)
}

fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    let decoded = scheme
        .eq_ignore_ascii_case("basic")
        .then(|| STANDARD.decode(encoded.trim()).ok())??;
    let pair = String::from_utf8(decoded).ok()?;
    pair.split_once(':')
        .map(|(name, password)| (name.to_owned(), password.to_owned()))
}

/// Whom the connection is from, where the server tells.
pub(super) fn peer(request: &Request) -> Option<IpAddr> {
    let info = request.extensions().get::<ConnectInfo<SocketAddr>>();
    info.map(|ConnectInfo(address)| address.ip())
}

pub(super) async fn not_found(uri: Uri) -> Response {
    let problem = Problem::not_found(
        format!("there is nothing at {}", uri.path()),
        "the pages begin at /, the API's routes are listed in /api/v1/openapi.json",
    );
    failed(uri.path(), problem)
}

pub(super) async fn wrong_method(uri: Uri) -> Response {
    let problem = Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "Method not allowed",
        format!("{} does not answer this method", uri.path()),
        "the API's routes and methods are listed in /api/v1/openapi.json",
    );
    failed(uri.path(), problem)
}

#[allow(clippy::needless_pass_by_value, reason = "the layer's signature")]
pub(super) fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let text = panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap_or_default();
    tracing::error!(panic = text, "a request of the admin interface failed");
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "topicscore made a mistake",
        "the request ran into an error in the program; nothing was changed",
        "please report it with the log line `a request of the admin interface failed`",
    )
    .into_response()
}

/// A problem as JSON for programs, as a page for people.
fn failed(path: &str, problem: Problem) -> Response {
    let for_programs = path.starts_with("/api/") || OPEN[..3].contains(&path);
    if for_programs {
        problem.into_response()
    } else {
        pages::PageProblem(problem).into_response()
    }
}
