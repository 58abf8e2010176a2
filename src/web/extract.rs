//! Parameters whose mistakes become problems.

use super::problem::Problem;
use crate::domain::{ContactId, EffectState};
use crate::store::EffectQuery;
use axum::Json;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::IntoParams;

/// Longest list in one answer.
const MAX_LIMIT: usize = 200;

/// A query string.
pub(super) struct Params<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Query::from_request_parts(parts, state).await {
            Ok(Query(value)) => Ok(Self(value)),
            Err(error) => Err(Problem::bad_request(
                error.body_text(),
                "see /api/v1/openapi.json for the parameters",
            )),
        }
    }
}

/// A JSON body.
pub(super) struct JsonBody<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match Json::from_request(request, state).await {
            Ok(Json(value)) => Ok(Self(value)),
            Err(error) => Err(Problem::bad_request(
                error.body_text(),
                "send JSON with `Content-Type: application/json` as /api/v1/openapi.json says",
            )),
        }
    }
}

/// A number in a path.
pub(super) struct NumberPath(pub(super) i64);

impl<S: Send + Sync> FromRequestParts<S> for NumberPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::<i64>::from_request_parts(parts, state).await {
            Ok(Path(number)) => Ok(Self(number)),
            Err(error) => Err(Problem::bad_request(
                error.body_text(),
                "an adjustment's number is a whole number, as /api/v1/adjustments lists it",
            )),
        }
    }
}

/// The contact in a path.
pub(super) struct ContactPath(pub(super) ContactId);

impl<S: Send + Sync> FromRequestParts<S> for ContactPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::<u32>::from_request_parts(parts, state).await {
            Ok(Path(id)) => Ok(Self(ContactId(id))),
            Err(error) => Err(Problem::bad_request(
                error.body_text(),
                "a contact's id is a whole number, the one Mautic shows in the contact's address",
            )),
        }
    }
}

/// How much of a list.
#[derive(Debug, Clone, Copy, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Limit {
    /// How many at most: 1 to 200; default 50.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<usize>,
}

impl Limit {
    pub(super) fn checked(self) -> Result<usize, Problem> {
        checked_limit(self.limit)
    }
}

/// Which effects to list.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct EffectParams {
    /// How many at most: 1 to 200; default 50.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<usize>,
    /// Only in this state: `pending`, `started`, `done`, `failed`, `unknown` or `expired`.
    #[param(example = "failed")]
    state: Option<String>,
}

impl EffectParams {
    pub(super) fn checked(self) -> Result<(EffectQuery, usize), Problem> {
        let states: Result<Vec<EffectState>, String> =
            self.state.iter().map(|state| state.parse()).collect();
        let states = states
            .map_err(|why| Problem::bad_request(why, "leave `state` out to list them all"))?;
        let query = EffectQuery {
            states,
            ..EffectQuery::default()
        };
        Ok((query, checked_limit(self.limit)?))
    }
}

/// A page of a list that rises by contact.
#[derive(Debug, Clone, Copy, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct After {
    /// Begin behind this contact; `next_after` of the page before.
    pub(super) after: Option<u32>,
    /// How many at most: 1 to 200; default 50.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<usize>,
}

impl After {
    pub(super) fn checked(self) -> Result<(Option<ContactId>, usize), Problem> {
        Ok((self.after.map(ContactId), checked_limit(self.limit)?))
    }
}

pub(super) fn checked_limit(limit: Option<usize>) -> Result<usize, Problem> {
    match limit {
        None => Ok(50),
        Some(limit @ 1..=MAX_LIMIT) => Ok(limit),
        Some(limit) => Err(Problem::bad_request(
            format!("limit is {limit}"),
            format!("use 1 to {MAX_LIMIT}, and page on with `after` where there is more"),
        )),
    }
}
