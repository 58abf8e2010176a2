//! The JSON API under `/api/v1`. Routes and their document come from the same declarations.

mod adjustments;
mod bodies;
mod contacts;
mod lists;
mod status;
mod why;

pub(super) use adjustments::{AdjustmentBody, WishBody, add_adjustment, load_adjustments};
pub(super) use bodies::{ContactBody, ContactSummary, ScoreBody, TargetBody};
pub(super) use bodies::{ParkedBody, WriteBody};
pub(super) use contacts::{load_contact, load_contacts, load_explanations};
pub(super) use lists::{load_parked, load_writes};
pub(super) use status::{StatusBody, load_status};
pub(super) use why::{ContributionBody, DifferenceBody, ExplainBody};

use super::ops;
use super::problem::Guarded;
use super::state::Admin;
use axum::Extension;
use axum::http::header;
use axum::response::IntoResponse;
use std::sync::Arc;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "topicscore",
        description = "Scores per topic beside Mautic: what is known, why, and what was written."
    ),
    tags(
        (name = "operation", description = "For load balancers and monitoring; never needs a login"),
        (name = "status", description = "The instance as a whole"),
        (name = "contacts", description = "Contacts, their scores and why"),
        (name = "adjustments", description = "Points given by hand"),
    )
)]
struct Description;

/// Every documented route.
pub(super) fn documented() -> OpenApiRouter<Arc<Admin>> {
    OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(ops::healthz))
        .routes(routes!(ops::readyz))
        .routes(routes!(ops::show_metrics))
        .routes(routes!(status::get_status))
        .routes(routes!(lists::get_topics))
        .routes(routes!(contacts::get_contacts))
        .routes(routes!(contacts::get_contact))
        .routes(routes!(contacts::get_explanation))
        .routes(routes!(
            adjustments::get_adjustments,
            adjustments::post_adjustment
        ))
        .routes(routes!(adjustments::delete_adjustment))
        .routes(routes!(lists::get_writes))
        .routes(routes!(lists::get_effects))
        .routes(routes!(lists::get_parked))
        .routes(routes!(get_document))
}

/// The document as it is served.
#[derive(Debug, Clone)]
pub(super) struct Document(Arc<str>);

impl Document {
    pub(super) fn new(document: &utoipa::openapi::OpenApi) -> Self {
        Self(serde_json::to_string(document).unwrap_or_default().into())
    }
}

/// Describes the API: this document.
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "status",
    responses((status = 200, description = "OpenAPI 3.1 document", body = serde_json::Value), Guarded))]
async fn get_document(Extension(document): Extension<Document>) -> impl IntoResponse {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (kind, document.0.to_string())
}
