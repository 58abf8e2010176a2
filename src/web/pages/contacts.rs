//! The list of contacts.

use super::shapes;
use super::{Frame, Page, PageProblem, shown};
use crate::web::api::{ContactSummary, ScoreBody, load_contacts};
use crate::web::extract::{After, Params};
use crate::web::problem::Problem;
use crate::web::state::Admin;
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "contacts.html")]
#[allow(clippy::struct_field_names, reason = "the template's words")]
struct Contacts {
    frame: Frame,
    /// Topics that any contact of the page has a score in: key and name.
    topics: Vec<(String, String)>,
    contacts: Vec<ContactSummary>,
    after: Option<u32>,
    next_after: Option<u32>,
    /// What was searched for, if it is no id.
    not_an_id: Option<String>,
}

impl Contacts {
    fn score<'a>(contact: &'a ContactSummary, topic: &str) -> Option<&'a ScoreBody> {
        contact.scores.iter().find(|score| score.topic == topic)
    }
}

#[derive(Deserialize)]
pub(super) struct Search {
    id: Option<String>,
}

pub(super) async fn page(
    State(admin): State<Arc<Admin>>,
    frame: Frame,
    page: Result<Params<After>, Problem>,
    search: Result<Params<Search>, Problem>,
) -> Result<Response, PageProblem> {
    let (Params(page), Params(search)) = (page?, search?);
    let wanted = search.id.map(|id| id.trim().to_owned());
    let wanted = wanted.filter(|id| !id.is_empty());
    if let Some(id) = wanted.as_ref().and_then(|id| id.parse::<u32>().ok()) {
        return Ok(Redirect::to(&format!("/contacts/{id}")).into_response());
    }
    list(&admin, frame, page, wanted)
        .await
        .map(IntoResponse::into_response)
}

async fn list(admin: &Admin, frame: Frame, page: After, not_an_id: Option<String>) -> Page {
    let found = load_contacts(admin, page).await?;
    shown(&Contacts {
        frame,
        topics: topics(admin, &found.contacts),
        contacts: found.contacts,
        after: page.after,
        next_after: found.next_after,
        not_an_id,
    })
}

fn topics(admin: &Admin, contacts: &[ContactSummary]) -> Vec<(String, String)> {
    let mut topics: Vec<(String, String)> = admin
        .current_plan()
        .iter()
        .flat_map(|plan| &plan.topics)
        .map(|topic| (topic.key.0.clone(), topic.label.clone()))
        .collect();
    for score in contacts.iter().flat_map(|contact| &contact.scores) {
        if !topics.iter().any(|(key, _)| *key == score.topic) {
            topics.push((score.topic.clone(), score.label.clone()));
        }
    }
    topics
}
