//! The admin listener: JSON API, pages, login, metrics, health.
//!
//! Reads the store and asks the workers how they are; changes nothing but points given by hand. Safe by default: without
//! a password it answers loopback names and addresses only, so that no web page can reach it by
//! DNS rebinding; with one, everything but `/healthz`, `/readyz` and `/metrics` needs a login.

mod api;
mod assets;
mod cookies;
mod extract;
mod forms;
mod guard;
mod login;
mod ops;
mod pages;
mod problem;
mod sessions;
mod state;

pub use problem::Problem;
pub use state::{AdminState, Mode};

use axum::{Extension, Router, middleware};
use state::Admin;
use std::sync::Arc;
use tower_http::{catch_panic::CatchPanicLayer, limit::RequestBodyLimitLayer};
use utoipa::openapi::OpenApi;

/// Largest request body: the forms for login and for points.
const BODY_LIMIT: usize = 16 * 1024;

/// The admin listener's routes.
pub fn router(state: AdminState) -> Router {
    let admin = Arc::new(Admin::new(state));
    let (documented, document) = api::documented().split_for_parts();
    documented
        .merge(pages::routes())
        .merge(login::routes())
        .merge(assets::routes())
        .fallback(guard::not_found)
        .method_not_allowed_fallback(guard::wrong_method)
        .with_state(admin.clone())
        .layer(Extension(api::Document::new(&document)))
        .layer(RequestBodyLimitLayer::new(BODY_LIMIT))
        .layer(middleware::from_fn_with_state(
            admin.clone(),
            guard::authenticated,
        ))
        .layer(middleware::from_fn_with_state(admin, guard::known_host))
        .layer(middleware::from_fn(guard::same_origin))
        .layer(middleware::from_fn(guard::in_time))
        .layer(CatchPanicLayer::custom(guard::panicked))
        .layer(middleware::from_fn(guard::safe_headers))
}

/// The API's description, without a running instance; for tools and the documentation.
#[must_use]
pub fn openapi() -> OpenApi {
    api::documented().into_openapi()
}

#[cfg(test)]
mod tests;
