//! Contacts, their scores and why.

use super::bodies::{ContactBody, ContactSummary};
use super::why::ExplanationsBody;
use crate::domain::ContactId;
use crate::people::{self, Question, moment};
use crate::store::EffectQuery;
use crate::web::extract::{After, ContactPath, Params};
use crate::web::problem::{Guarded, Parameters, Problem, Reading};
use crate::web::state::{Admin, Mode};
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Writes shown with a contact.
const WRITES_SHOWN: usize = 20;
/// Effects shown with a contact.
const EFFECTS_SHOWN: usize = 20;

/// A page of contacts.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(in crate::web) struct ContactsBody {
    /// Contacts by rising id.
    pub(in crate::web) contacts: Vec<ContactSummary>,
    /// `after` of the next page; `null` on the last one.
    pub(in crate::web) next_after: Option<u32>,
}

/// What to explain.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct WhyParams {
    /// Only this topic (its name in the plan); every topic without it.
    topic: Option<String>,
    /// Another moment than now, past or to come: a date (its beginning), a local time in the plan's
    /// time zone, or a moment with its offset.
    at: Option<String>,
}

/// Lists contacts by rising id with their scores.
#[utoipa::path(get, path = "/api/v1/contacts", tag = "contacts", params(After),
    responses((status = 200, description = "A page of contacts", body = ContactsBody), Guarded, Reading, Parameters))]
pub(super) async fn get_contacts(
    State(admin): State<Arc<Admin>>,
    Params(page): Params<After>,
) -> Result<Json<ContactsBody>, Problem> {
    load_contacts(&admin, page).await.map(Json)
}

pub(in crate::web) async fn load_contacts(
    admin: &Admin,
    page: After,
) -> Result<ContactsBody, Problem> {
    let (after, limit) = page.checked()?;
    let mut ids = admin.store.contact_ids(after, limit + 1).await?;
    let more = ids.len() > limit;
    ids.truncate(limit);
    let plan = admin.current_plan();
    let mut contacts = Vec::with_capacity(ids.len());
    for id in &ids {
        // Erased or merged between the two questions: then it is in the list no more.
        if let Some(overview) = admin.store.contact_overview(*id).await?
            && overview.contact == *id
        {
            contacts.push(ContactSummary::new(overview, plan.as_deref()));
        }
    }
    let next_after = ids.last().filter(|_| more).map(|id| id.0);
    Ok(ContactsBody {
        contacts,
        next_after,
    })
}

/// Shows all that is held of a contact but its activities.
///
/// An id that was merged away answers with the winner.
#[utoipa::path(get, path = "/api/v1/contacts/{id}", tag = "contacts",
    params(("id" = u32, Path, description = "Mautic's contact id")),
    responses((status = 200, description = "The contact", body = ContactBody),
        (status = 404, description = "Unknown or deleted", body = Problem,
            content_type = "application/problem+json"), Guarded, Reading, Parameters))]
pub(super) async fn get_contact(
    State(admin): State<Arc<Admin>>,
    ContactPath(id): ContactPath,
) -> Result<Json<ContactBody>, Problem> {
    load_contact(&admin, id).await.map(Json)
}

pub(in crate::web) async fn load_contact(
    admin: &Admin,
    id: ContactId,
) -> Result<ContactBody, Problem> {
    let overview = admin.store.contact_overview(id).await?;
    let overview = overview.ok_or_else(|| unknown(id))?;
    let writes = admin
        .store
        .contact_writes(overview.contact, WRITES_SHOWN)
        .await?;
    let query = EffectQuery {
        contact: Some(overview.contact),
        ..EffectQuery::default()
    };
    let effects = admin.store.effects(&query, EFFECTS_SHOWN).await?;
    let plan = admin.current_plan();
    Ok(ContactBody::new(
        id,
        overview,
        writes,
        effects,
        plan.as_deref(),
    ))
}

/// Explains a contact's scores: every contribution with its rule, activity, age and decay; what
/// was passed over and why; what comes next; how Mautic's own number differs.
///
/// Computed anew from the journal; a change that came within the last moment can be in it before
/// it is in the stored score.
#[utoipa::path(get, path = "/api/v1/contacts/{id}/explain", tag = "contacts",
    params(("id" = u32, Path, description = "Mautic's contact id"), WhyParams),
    responses((status = 200, description = "The explanation", body = ExplanationsBody),
        (status = 404, description = "Unknown contact or topic", body = Problem,
            content_type = "application/problem+json"), Guarded, Reading, Parameters))]
pub(super) async fn get_explanation(
    State(admin): State<Arc<Admin>>,
    ContactPath(id): ContactPath,
    Params(wanted): Params<WhyParams>,
) -> Result<Json<ExplanationsBody>, Problem> {
    let (topic, at) = (wanted.topic.as_deref(), wanted.at.as_deref());
    let explained = load_explanations(&admin, id, topic, at).await?;
    Ok(Json(explained))
}

pub(in crate::web) async fn load_explanations(
    admin: &Admin,
    contact: ContactId,
    topic: Option<&str>,
    at: Option<&str>,
) -> Result<ExplanationsBody, Problem> {
    let plan = admin.current_plan().ok_or_else(Problem::no_plan)?;
    let at = at.map(|text| moment(text, &plan.ticks.zone)).transpose()?;
    let question = Question {
        contact,
        topic,
        at,
        now: admin.now(),
        observes: admin.mode == Mode::Observe,
    };
    let explained = people::explain(&admin.store, &plan, question).await?;
    Ok(explained.into())
}

fn unknown(id: ContactId) -> Problem {
    Problem::not_found(
        format!("contact {id} is not known here, or was deleted"),
        "compare the id with Mautic; `topicscore backfill` fetches contacts from before the start",
    )
}
