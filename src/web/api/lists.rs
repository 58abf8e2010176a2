//! Writes, effects, parked items, topics.

use super::bodies::{EffectBody, ParkedBody, TopicBody, WriteBody};
use crate::web::extract::{EffectParams, Limit, Params};
use crate::web::problem::{Guarded, Parameters, Problem, Reading};
use crate::web::state::Admin;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// The newest writes.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct WritesBody {
    /// Newest first.
    writes: Vec<WriteBody>,
}

/// What triggers did or are to do.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct EffectsBody {
    /// Newest first.
    effects: Vec<EffectBody>,
}

/// The newest parked items.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct ParkedListBody {
    /// Newest first.
    parked: Vec<ParkedBody>,
}

/// The topics of the plan in force.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct TopicsBody {
    /// The plan's version.
    plan: String,
    /// In the plan's order.
    topics: Vec<TopicBody>,
}

/// Lists the newest writes to Mautic: request, answer, reason.
#[utoipa::path(get, path = "/api/v1/writes", tag = "status", params(Limit),
    responses((status = 200, description = "The newest writes", body = WritesBody), Guarded, Reading, Parameters))]
pub(super) async fn get_writes(
    State(admin): State<Arc<Admin>>,
    Params(limit): Params<Limit>,
) -> Result<Json<WritesBody>, Problem> {
    let writes = load_writes(&admin, limit.checked()?).await?;
    Ok(Json(WritesBody { writes }))
}

pub(in crate::web) async fn load_writes(
    admin: &Admin,
    limit: usize,
) -> Result<Vec<WriteBody>, Problem> {
    let writes = admin.store.recent_writes(limit).await?;
    Ok(writes.into_iter().map(WriteBody::from).collect())
}

/// Lists what triggers did or are to do, newest first: action, state, answer.
#[utoipa::path(get, path = "/api/v1/effects", tag = "status", params(EffectParams),
    responses((status = 200, description = "The newest effects", body = EffectsBody), Guarded, Reading, Parameters))]
pub(super) async fn get_effects(
    State(admin): State<Arc<Admin>>,
    Params(wanted): Params<EffectParams>,
) -> Result<Json<EffectsBody>, Problem> {
    let (query, limit) = wanted.checked()?;
    let effects = admin.store.effects(&query, limit).await?;
    Ok(Json(EffectsBody {
        effects: effects.into_iter().map(EffectBody::from).collect(),
    }))
}

/// Lists the newest items that could not be understood.
#[utoipa::path(get, path = "/api/v1/parked", tag = "status", params(Limit),
    responses((status = 200, description = "The newest parked items", body = ParkedListBody), Guarded, Reading, Parameters))]
pub(super) async fn get_parked(
    State(admin): State<Arc<Admin>>,
    Params(limit): Params<Limit>,
) -> Result<Json<ParkedListBody>, Problem> {
    let parked = load_parked(&admin, limit.checked()?).await?;
    Ok(Json(ParkedListBody { parked }))
}

pub(in crate::web) async fn load_parked(
    admin: &Admin,
    limit: usize,
) -> Result<Vec<ParkedBody>, Problem> {
    let items = admin.store.parked_items(limit).await?;
    Ok(items.into_iter().map(ParkedBody::from).collect())
}

/// Lists the topics of the plan in force.
#[utoipa::path(get, path = "/api/v1/topics", tag = "status",
    responses((status = 200, description = "The topics", body = TopicsBody), Guarded, Reading))]
pub(super) async fn get_topics(
    State(admin): State<Arc<Admin>>,
) -> Result<Json<TopicsBody>, Problem> {
    let plan = admin.current_plan().ok_or_else(Problem::no_plan)?;
    let topics = plan.topics.iter().enumerate();
    Ok(Json(TopicsBody {
        plan: plan.version.clone(),
        topics: topics
            .map(|(index, topic)| TopicBody::new(index, topic, &plan))
            .collect(),
    }))
}
