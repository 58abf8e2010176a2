//! Logging in and out.

use super::guard::{Session, peer, too_many};
use super::sessions::{SESSION_LIFE, Sessions};
use super::state::Admin;
use super::{cookies, extract::Params, pages::PageProblem, problem::Problem};
use askama::Template;
use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Extension, Form, Router};
use serde::Deserialize;
use std::sync::Arc;

/// How long the login form can lie open.
const FORM_LIFE_S: i64 = 3600;

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    instance: String,
    csrf: String,
    next: String,
    failure: Option<String>,
}

#[derive(Deserialize)]
struct Wanted {
    next: Option<String>,
}

#[derive(Deserialize)]
struct Login {
    password: String,
    csrf: String,
    next: Option<String>,
}

#[derive(Deserialize)]
struct Logout {
    csrf: String,
}

pub(super) fn routes() -> Router<Arc<Admin>> {
    Router::new()
        .route("/login", get(form).post(log_in))
        .route("/logout", post(log_out))
}

async fn form(
    State(admin): State<Arc<Admin>>,
    headers: HeaderMap,
    Params(wanted): Params<Wanted>,
) -> Response {
    if admin.password.is_none() {
        return Redirect::to("/").into_response();
    }
    page(
        &admin,
        &headers,
        StatusCode::OK,
        wanted.next.as_deref(),
        None,
    )
}

async fn log_in(State(admin): State<Arc<Admin>>, request: Request) -> Response {
    let (from, headers) = (peer(&request), request.headers().clone());
    let Some(password) = &admin.password else {
        return Redirect::to("/").into_response();
    };
    let login = match Form::<Login>::from_request(request, &()).await {
        Ok(Form(login)) => login,
        Err(error) => {
            let title = "The login form can't be read";
            let detail = error.body_text();
            let problem = Problem::new(error.status(), title, detail, "open /login again");
            return PageProblem(problem).into_response();
        }
    };
    let cookie = cookies::get(&headers, &admin.sessions.form_cookie()).unwrap_or_default();
    if !admin.sessions.csrf_fits(cookie, &login.csrf) {
        let failure = "This form had expired, or cookies are off. Please try again.";
        return page(
            &admin,
            &headers,
            StatusCode::FORBIDDEN,
            login.next.as_deref(),
            Some(failure),
        );
    }
    match admin
        .sessions
        .password_fits(password, &login.password, from, admin.now())
    {
        Ok(true) => start(&admin, &headers, login.next.as_deref()),
        Ok(false) => {
            let failure = "The password is wrong.";
            page(
                &admin,
                &headers,
                StatusCode::UNAUTHORIZED,
                login.next.as_deref(),
                Some(failure),
            )
        }
        Err(seconds) => {
            let (retry_after, problem) = too_many(seconds);
            (retry_after, PageProblem(problem)).into_response()
        }
    }
}

fn start(admin: &Admin, headers: &HeaderMap, next: Option<&str>) -> Response {
    let token = admin.sessions.start(admin.now());
    let life = SESSION_LIFE.as_secs();
    let mut response = Redirect::to(local(next)).into_response();
    let cookie = cookies::set(headers, admin.sessions.cookie(), &token, life);
    let form_cookie = cookies::set(headers, &admin.sessions.form_cookie(), "", 0);
    for cookie in [cookie, form_cookie].into_iter().flatten() {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

async fn log_out(
    State(admin): State<Arc<Admin>>,
    session: Option<Extension<Session>>,
    headers: HeaderMap,
    Form(form): Form<Logout>,
) -> Response {
    let Some(Extension(Session(token))) = session else {
        return Redirect::to("/").into_response();
    };
    if !admin.sessions.csrf_fits(&token, &form.csrf) {
        let problem = Problem::new(
            StatusCode::FORBIDDEN,
            "Not logged out",
            "the form does not belong to this session",
            "open the overview and use its button",
        );
        return PageProblem(problem).into_response();
    }
    admin.sessions.end(&token);
    let mut response = Redirect::to("/login").into_response();
    if let Some(cookie) = cookies::set(&headers, admin.sessions.cookie(), "", 0) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

fn page(
    admin: &Admin,
    headers: &HeaderMap,
    status: StatusCode,
    next: Option<&str>,
    failure: Option<&str>,
) -> Response {
    let cookie = Sessions::token();
    let page = LoginPage {
        instance: admin.instance.clone(),
        csrf: admin.sessions.csrf(&cookie),
        next: local(next).to_owned(),
        failure: failure.map(str::to_owned),
    };
    let mut response = match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => PageProblem::template(&error).into_response(),
    };
    let name = admin.sessions.form_cookie();
    let cookie: Option<HeaderValue> = cookies::set(headers, &name, &cookie, FORM_LIFE_S);
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// Where to go after the login: only a path of ours, never another site.
fn local(next: Option<&str>) -> &str {
    let ours = |path: &&str| {
        path.starts_with('/') && !path.starts_with("//") && !path.contains(['\\', '\r', '\n', '\t'])
    };
    next.filter(ours).unwrap_or("/")
}
