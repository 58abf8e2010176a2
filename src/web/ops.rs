//! For machines that watch: `/healthz`, `/readyz`, `/metrics`.

use super::problem::{Foreign, Problem};
use super::state::Admin;
use crate::health::{Component, State as Condition};
use crate::metrics;
use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use utoipa::ToSchema;

/// A probe's result holds for this long: anybody may ask, and each probe is a write.
const PROBE_HOLDS: SignedDuration = SignedDuration::from_secs(1);
/// How long the store may take for a probe.
const PROBE_LIMIT: Duration = Duration::from_secs(5);

/// The process lives.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct Alive {
    /// Always `true`.
    alive: bool,
}

/// Whether the instance does its work.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[allow(
    clippy::struct_field_names,
    reason = "the field's name is part of the API"
)]
pub(super) struct Ready {
    /// Whether it does its work.
    pub(super) ready: bool,
    /// Why not; empty when ready.
    pub(super) reasons: Vec<Unready>,
    /// Version of the plan in force, if one is loaded.
    pub(super) plan: Option<String>,
    /// All components, those included that readiness does not depend on.
    pub(super) components: Vec<Component>,
}

/// One reason not to be ready.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct Unready {
    /// `store`, `plan`, or the name of a component.
    component: String,
    /// What is wrong.
    pub(super) detail: String,
}

impl std::fmt::Display for Unready {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.component, self.detail)
    }
}

/// Says that the process lives.
#[utoipa::path(get, path = "/healthz", tag = "operation",
    responses((status = 200, description = "The process lives", body = Alive), Foreign))]
pub(super) async fn healthz() -> Json<Alive> {
    Json(Alive { alive: true })
}

/// Says whether the instance does its work: the store can write, every required worker is
/// alive, a plan is loaded.
#[utoipa::path(get, path = "/readyz", tag = "operation",
    responses(
        (status = 200, description = "Ready", body = Ready),
        (status = 503, description = "Not ready, with the reasons", body = Ready), Foreign))]
pub(super) async fn readyz(State(admin): State<Arc<Admin>>) -> Response {
    let ready = readiness(&admin).await;
    let status = if ready.ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(ready)).into_response()
}

/// Shows the metrics, in the text format that Prometheus reads.
#[utoipa::path(get, path = "/metrics", tag = "operation",
    responses((status = 200, description = "Metrics, explained in docs/metrics.md",
        body = String, content_type = "application/openmetrics-text"), Foreign))]
pub(super) async fn show_metrics(State(admin): State<Arc<Admin>>) -> Result<Response, Problem> {
    let text = metrics::render(&admin.registry).map_err(|error| {
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "The metrics can't be shown",
            error.to_string(),
            "please report this as a bug",
        )
    })?;
    Ok(([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response())
}

/// Why the instance is not ready, if it is not.
pub(super) async fn readiness(admin: &Admin) -> Ready {
    let components = admin.health.snapshot(admin.now());
    let plan = admin.current_plan().map(|plan| plan.version.clone());
    let mut reasons = Vec::new();
    let mut reason = |component: &str, detail: &str| {
        reasons.push(Unready {
            component: component.to_owned(),
            detail: detail.to_owned(),
        });
    };
    if let Some(failure) = probe(admin).await {
        reason("store", &failure);
    }
    if plan.is_none() {
        reason("plan", "no plan is loaded; run `topicscore check`");
    }
    for component in &components {
        if component.required && component.state == Condition::Down {
            reason(&component.name, &component.detail);
        }
    }
    Ready {
        ready: reasons.is_empty(),
        reasons,
        plan,
        components,
    }
}

async fn probe(admin: &Admin) -> Option<String> {
    let mut probed = admin.probed.lock().await;
    let now = admin.now();
    if let Some((at, result)) = &*probed
        && now.duration_since(*at).abs() < PROBE_HOLDS
    {
        return result.clone();
    }
    let result = match tokio::time::timeout(PROBE_LIMIT, admin.store.probe()).await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(error.to_string()),
        Err(_) => Some(format!("no answer within {} s", PROBE_LIMIT.as_secs())),
    };
    *probed = Some((now, result.clone()));
    result
}
