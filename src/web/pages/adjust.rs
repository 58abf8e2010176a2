//! The forms of a contact's page: giving points, and taking them back.

use super::contact::{self, Form as Points};
use super::{Frame, PageProblem};
use crate::domain::ContactId;
use crate::people;
use crate::web::api::{WishBody, add_adjustment};
use crate::web::extract::ContactPath;
use crate::web::forms::{FormToken, Sender};
use crate::web::guard::BasicName;
use crate::web::problem::Problem;
use crate::web::state::Admin;
use axum::extract::rejection::{FormRejection, PathRejection};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Form};
use serde::Deserialize;
use std::sync::Arc;

#[derive(Debug, Deserialize)]
pub(super) struct End {
    csrf: String,
}

pub(super) async fn give(
    State(admin): State<Arc<Admin>>,
    frame: Frame,
    token: FormToken,
    sender: Sender,
    name: Option<Extension<BasicName>>,
    id: Result<ContactPath, Problem>,
    form: Result<Form<Points>, FormRejection>,
) -> Result<Response, PageProblem> {
    let ContactPath(id) = id?;
    let Form(form) = form.map_err(|error| unreadable(&error.body_text()))?;
    sender.check(&admin, &form.csrf)?;
    let name = name.map(|Extension(BasicName(name))| name);
    let given = match wish(id, &form) {
        Ok(wish) => add_adjustment(&admin, wish, name).await.map(drop),
        Err(problem) => Err(problem),
    };
    match given {
        Ok(()) => Ok(back_to(id)),
        Err(problem) => contact::again(&admin, frame, id, &token, form, &problem).await,
    }
}

fn wish(id: ContactId, form: &Points) -> Result<WishBody, Problem> {
    let points = form.points.trim();
    let points = points.parse().map_err(|_| {
        Problem::bad_request(
            format!("`{points}` is no whole number of points"),
            "write a number such as 5 or -5",
        )
    })?;
    let given = |text: &String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    Ok(WishBody {
        contact: Some(id.0),
        segment: None,
        topic: form.topic.clone(),
        points,
        reason: form.reason.clone(),
        author: given(&form.author),
        expires: given(&form.expires),
    })
}

pub(super) async fn end(
    State(admin): State<Arc<Admin>>,
    sender: Sender,
    path: Result<Path<(u32, i64)>, PathRejection>,
    form: Result<Form<End>, FormRejection>,
) -> Result<Response, PageProblem> {
    let Path((contact, id)) = path.map_err(|error| unreadable(&error.body_text()))?;
    let Form(form) = form.map_err(|error| unreadable(&error.body_text()))?;
    sender.check(&admin, &form.csrf)?;
    let ended = people::end(&admin.store, id, admin.now()).await;
    ended.map_err(Problem::from)?;
    Ok(back_to(ContactId(contact)))
}

fn back_to(contact: ContactId) -> Response {
    Redirect::to(&format!("/contacts/{contact}#adjustments")).into_response()
}

fn unreadable(why: &str) -> Problem {
    Problem::bad_request(why, "open the contact's page again and use its form")
}
