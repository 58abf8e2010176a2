//! The pages: what the API answers, for people. Plain HTML, readable without script.

mod adjust;
mod contact;
mod contacts;
mod overview;
mod parked;
mod shapes;

use super::guard::Session;
use super::problem::Problem;
use super::state::{Admin, Mode};
use askama::Template;
use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{Html, IntoResponse, Response};
use axum::{
    Router,
    routing::{get, post},
};
use std::convert::Infallible;
use std::sync::Arc;

pub(super) fn routes() -> Router<Arc<Admin>> {
    Router::new()
        .route("/", get(overview::page))
        .route("/contacts", get(contacts::page))
        .route("/contacts/{id}", get(contact::page))
        .route("/contacts/{id}/adjustments", post(adjust::give))
        .route("/contacts/{id}/adjustments/{number}/end", post(adjust::end))
        .route("/parked", get(parked::page))
}

/// What every page shows around its content.
#[derive(Debug)]
struct Frame {
    instance: String,
    version: &'static str,
    observe: bool,
    /// CSRF token of the logout button, if somebody is logged in.
    logout: Option<String>,
}

impl FromRequestParts<Arc<Admin>> for Frame {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, admin: &Arc<Admin>) -> Result<Self, Infallible> {
        let session = parts.extensions.get::<Session>();
        Ok(Self {
            instance: admin.instance.clone(),
            version: env!("CARGO_PKG_VERSION"),
            observe: admin.mode == Mode::Observe,
            logout: session.map(|Session(token)| admin.sessions.csrf(token)),
        })
    }
}

/// A page, or why there is none.
type Page = Result<Html<String>, PageProblem>;

fn shown(page: &impl Template) -> Page {
    match page.render() {
        Ok(html) => Ok(Html(html)),
        Err(error) => Err(PageProblem::template(&error)),
    }
}

/// A problem, shown as a page.
#[derive(Debug)]
pub(super) struct PageProblem(pub(super) Problem);

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage {
    problem: Problem,
}

impl PageProblem {
    pub(super) fn template(error: &askama::Error) -> Self {
        Self(Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "The page can't be shown",
            error.to_string(),
            "please report this as a bug; the same is in the JSON API",
        ))
    }
}

impl From<Problem> for PageProblem {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl IntoResponse for PageProblem {
    fn into_response(self) -> Response {
        let status = self.0.code();
        let page = ProblemPage { problem: self.0 };
        match page.render() {
            Ok(html) => (status, Html(html)).into_response(),
            Err(_) => page.problem.into_response(),
        }
    }
}
