//! Points given by hand.

use crate::domain::{Adjustment, ContactId};
use crate::people::{self, Given, Whose, Wish, is_over};
use crate::web::extract::{JsonBody, NumberPath, Params, checked_limit};
use crate::web::forms::Trusted;
use crate::web::guard::BasicName;
use crate::web::problem::{Changing, Guarded, Parameters, Problem, Reading};
use crate::web::state::Admin;
use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Points that a person gave.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct AdjustmentBody {
    /// Number.
    pub(in crate::web) id: i64,
    /// Whose: `contact:ID` or `segment:ID` (everybody in it, while in it).
    pub(in crate::web) scope: String,
    /// The topic's name in the plan.
    pub(in crate::web) topic: String,
    /// Points; may be negative.
    pub(in crate::web) points: i32,
    /// Who gave them.
    pub(in crate::web) author: String,
    /// Why.
    pub(in crate::web) reason: String,
    /// Since when they count.
    pub(in crate::web) at: Timestamp,
    /// Until when; `null`: until somebody takes them back.
    pub(in crate::web) expires_at: Option<Timestamp>,
    /// Whether they count no more.
    pub(in crate::web) over: bool,
}

impl AdjustmentBody {
    fn new(adjustment: Adjustment, now: Timestamp) -> Self {
        Self {
            over: is_over(&adjustment, now),
            id: adjustment.id,
            scope: adjustment.scope.to_string(),
            topic: adjustment.topic.0,
            points: adjustment.points,
            author: adjustment.author,
            reason: adjustment.reason,
            at: adjustment.at,
            expires_at: adjustment.expires_at,
        }
    }
}

/// Points given by hand.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AdjustmentsBody {
    /// Newest first.
    adjustments: Vec<AdjustmentBody>,
}

/// Which adjustments.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct AdjustmentParams {
    /// Only what concerns this contact, by itself or by a segment it is in.
    contact: Option<u32>,
    /// Those that count no more, too.
    #[serde(default)]
    all: bool,
    /// How many at most: 1 to 200; default 50.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<usize>,
}

/// Points to be given: to one contact, or to a segment.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct WishBody {
    /// Mautic's contact id. Either this or `segment`.
    pub(in crate::web) contact: Option<u32>,
    /// Everybody in this segment, while in it; by id or name.
    pub(in crate::web) segment: Option<String>,
    /// The topic's name in the plan.
    pub(in crate::web) topic: String,
    /// Points; may be negative, not 0.
    pub(in crate::web) points: i32,
    /// Why; stands in every explanation.
    pub(in crate::web) reason: String,
    /// Who gives them; without it, the user name of the Basic credentials, else `admin`.
    pub(in crate::web) author: Option<String>,
    /// Until when: a date (its beginning), a local time in the plan's time zone, or a moment with
    /// its offset. Without it, until somebody takes them back.
    pub(in crate::web) expires: Option<String>,
}

/// Points that were given.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct GivenBody {
    /// What was kept.
    adjustment: AdjustmentBody,
    /// The contact that was named, if it was merged into the one that got the points.
    merged_from: Option<u32>,
    /// How many contacts got them, as far as known.
    contacts: usize,
}

/// Lists points given by hand.
#[utoipa::path(get, path = "/api/v1/adjustments", tag = "adjustments", params(AdjustmentParams),
    responses((status = 200, description = "The newest adjustments", body = AdjustmentsBody),
        Guarded, Reading, Parameters))]
pub(super) async fn get_adjustments(
    State(admin): State<Arc<Admin>>,
    Params(wanted): Params<AdjustmentParams>,
) -> Result<Json<AdjustmentsBody>, Problem> {
    let limit = checked_limit(wanted.limit)?;
    let contact = wanted.contact.map(ContactId);
    let adjustments = load_adjustments(&admin, contact, wanted.all, limit).await?;
    Ok(Json(AdjustmentsBody { adjustments }))
}

/// Looked through for those that still count.
const LOOKED_AT: usize = 10_000;

pub(in crate::web) async fn load_adjustments(
    admin: &Admin,
    contact: Option<ContactId>,
    all: bool,
    limit: usize,
) -> Result<Vec<AdjustmentBody>, Problem> {
    let now = admin.now();
    let most = if all { limit } else { LOOKED_AT };
    let kept = admin.store.adjustments(contact, most).await?;
    let bodies = kept.into_iter().map(|one| AdjustmentBody::new(one, now));
    let bodies = bodies.filter(|one| all || !one.over);
    Ok(bodies.take(limit).collect())
}

/// Gives points by hand.
///
/// They survive every recompute and do not fade. With a session's cookie, the header
/// `X-CSRF-Token` has to hold the token of a form that the session was shown.
#[utoipa::path(post, path = "/api/v1/adjustments", tag = "adjustments", request_body = WishBody,
    responses((status = 201, description = "Given", body = GivenBody),
        (status = 404, description = "Unknown contact, topic or segment", body = Problem,
            content_type = "application/problem+json"), Guarded, Changing, Reading, Parameters))]
pub(super) async fn post_adjustment(
    State(admin): State<Arc<Admin>>,
    _: Trusted,
    name: Option<Extension<BasicName>>,
    JsonBody(wish): JsonBody<WishBody>,
) -> Result<(StatusCode, Json<GivenBody>), Problem> {
    let name = name.map(|Extension(BasicName(name))| name);
    let given = add_adjustment(&admin, wish, name).await?;
    let body = GivenBody {
        adjustment: AdjustmentBody::new(given.adjustment, admin.now()),
        merged_from: given.merged_from.map(|id| id.0),
        contacts: given.contacts,
    };
    Ok((StatusCode::CREATED, Json(body)))
}

pub(in crate::web) async fn add_adjustment(
    admin: &Admin,
    wish: WishBody,
    name: Option<String>,
) -> Result<Given, Problem> {
    let plan = admin.current_plan().ok_or_else(Problem::no_plan)?;
    let whose = match (wish.contact, wish.segment) {
        (Some(contact), None) => Whose::Contact(ContactId(contact)),
        (None, Some(segment)) => Whose::Segment(segment),
        _ => {
            return Err(Problem::bad_request(
                "the points have to be for a contact or for a segment",
                "name either `contact` or `segment`",
            ));
        }
    };
    let named = |text: &String| !text.trim().is_empty();
    let author = wish.author.filter(named).or(name.filter(named));
    let wish = Wish {
        whose,
        topic: wish.topic,
        points: wish.points,
        reason: wish.reason,
        author: author.unwrap_or_else(|| "admin".to_owned()),
        expires: wish.expires,
    };
    Ok(people::give(&admin.store, &plan, &wish, admin.now()).await?)
}

/// Takes points back: they count no longer.
#[utoipa::path(delete, path = "/api/v1/adjustments/{id}", tag = "adjustments",
    params(("id" = i64, Path, description = "The adjustment's number")),
    responses((status = 200, description = "It counts no longer", body = AdjustmentBody),
        (status = 404, description = "There is none of that number", body = Problem,
            content_type = "application/problem+json"), Guarded, Changing, Reading, Parameters))]
pub(super) async fn delete_adjustment(
    State(admin): State<Arc<Admin>>,
    _: Trusted,
    NumberPath(id): NumberPath,
) -> Result<Json<AdjustmentBody>, Problem> {
    let now = admin.now();
    let ended = people::end(&admin.store, id, now).await?;
    Ok(Json(AdjustmentBody::new(ended, now)))
}
