//! Style and script of the pages, compiled in.

use super::state::Admin;
use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use std::sync::Arc;

const STYLE: &str = include_str!("../../templates/style.css");
const SCRIPT: &str = include_str!("../../templates/script.js");
const ICON: &str = include_str!("../../templates/icon.svg");

pub(super) fn routes() -> Router<Arc<Admin>> {
    Router::new()
        .route(
            "/assets/style.css",
            get(|| async { serve("text/css; charset=utf-8", STYLE) }),
        )
        .route(
            "/assets/script.js",
            get(|| async { serve("text/javascript; charset=utf-8", SCRIPT) }),
        )
        .route(
            "/assets/icon.svg",
            get(|| async { serve("image/svg+xml", ICON) }),
        )
}

fn serve(kind: &'static str, body: &'static str) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, kind)], body)
}
