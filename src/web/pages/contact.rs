//! One contact: scores, why, points given by hand, what Mautic should hold, what was written.

use super::shapes;
use super::{Frame, Page, PageProblem, shown};
use crate::domain::ContactId;
use crate::web::api::{
    AdjustmentBody, ContactBody, ContributionBody, DifferenceBody, ExplainBody, TargetBody,
    load_adjustments, load_contact, load_explanations,
};
use crate::web::extract::ContactPath;
use crate::web::forms::FormToken;
use crate::web::problem::Problem;
use crate::web::state::Admin;
use askama::Template;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use std::sync::Arc;

/// Adjustments shown, those that are over included.
const ADJUSTMENTS: usize = 50;

#[derive(Template)]
#[template(path = "contact.html")]
#[allow(clippy::struct_field_names, reason = "the template's words")]
struct Contact {
    frame: Frame,
    contact: ContactBody,
    explanations: Vec<ExplainBody>,
    /// Why there are no explanations.
    unexplained: Option<String>,
    adjustments: Vec<AdjustmentBody>,
    /// Topics of the plan: key and name.
    topics: Vec<(String, String)>,
    csrf: String,
    form: Form,
    /// Why the form's points were not given.
    failure: Option<String>,
}

/// Points as the form has them.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Form {
    pub(super) csrf: String,
    pub(super) topic: String,
    pub(super) points: String,
    pub(super) reason: String,
    #[serde(default)]
    pub(super) author: String,
    #[serde(default)]
    pub(super) expires: String,
}

impl Contact {
    fn title(&self) -> String {
        let name = self.contact.name.clone().or(self.contact.email.clone());
        name.unwrap_or_else(|| format!("Contact {}", self.contact.id))
    }

    fn why(&self, topic: &str) -> Option<&ExplainBody> {
        self.explanations
            .iter()
            .find(|explained| explained.topic == topic)
    }

    fn greatest(explained: &ExplainBody) -> i64 {
        let points = explained.contributions.iter().map(|part| part.points.0);
        points.map(i64::saturating_abs).max().unwrap_or(0)
    }

    /// What became of points since they were earned: `10, half after every 30 days, 7.07 now`.
    fn course(part: &ContributionBody) -> Option<String> {
        let fades = part.fades.as_ref()?;
        Some(format!("{}, {fades}, {} now", part.earned, part.points))
    }

    /// Mautic's own number beside the computed one.
    fn beside(explained: &ExplainBody) -> Option<String> {
        let observed = explained.observed?;
        let more = observed.saturating_sub(i64::from(explained.score));
        let by = more.unsigned_abs();
        Some(match more {
            0 => format!("{observed}, the same as here"),
            1.. => format!("{observed}, {by} more than here"),
            _ => format!("{observed}, {by} fewer than here"),
        })
    }

    fn causes(difference: Option<&DifferenceBody>) -> &[String] {
        difference.map_or(&[], |one| &one.words)
    }

    fn topic_label<'a>(&'a self, key: &'a str) -> &'a str {
        let found = self.topics.iter().find(|(topic, _)| topic == key);
        found.map_or(key, |(_, label)| label)
    }

    /// Everybody's in a segment, or this contact's own.
    fn whose(adjustment: &AdjustmentBody) -> String {
        match adjustment.scope.strip_prefix("segment:") {
            Some(segment) => format!("everybody in segment {segment}"),
            None => "this contact".to_owned(),
        }
    }

    /// A value as people say it: a score, or in and out of a segment.
    fn value(target: &TargetBody, value: Option<i32>) -> String {
        match value {
            None => "–".to_owned(),
            Some(value) if !target.target.starts_with("segment:") => value.to_string(),
            Some(0) => "out".to_owned(),
            Some(_) => "in".to_owned(),
        }
    }

    /// What is to be said of a target: style and words.
    fn standing(target: &TargetBody) -> (&'static str, &'static str) {
        match (target.desired, target.pending, &target.last_error) {
            (None, _, _) => ("quiet", "Nothing wanted"),
            (Some(_), true, Some(_)) => ("down", "Failed"),
            (Some(_), true, None) if target.suspect => ("degraded", "To be checked"),
            (Some(_), true, None) => ("degraded", "To be written"),
            (Some(_), false, _) => ("ok", "Holds"),
        }
    }
}

pub(super) async fn page(
    State(admin): State<Arc<Admin>>,
    frame: Frame,
    token: FormToken,
    id: Result<ContactPath, Problem>,
) -> Result<Response, PageProblem> {
    let ContactPath(id) = id?;
    let html = with_form(&admin, frame, id, &token, Form::default(), None).await?;
    let mut response = html.into_response();
    if let Some(cookie) = token.cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// The page again, with what was filled in and why it was not taken.
pub(super) async fn again(
    admin: &Admin,
    frame: Frame,
    id: ContactId,
    token: &FormToken,
    form: Form,
    problem: &Problem,
) -> Result<Response, PageProblem> {
    let failure = Some(format!("{}: {}", problem.detail, problem.hint));
    let html = with_form(admin, frame, id, token, form, failure).await?;
    let status = match problem.code() {
        StatusCode::NOT_FOUND => StatusCode::BAD_REQUEST,
        status => status,
    };
    Ok((status, html).into_response())
}

async fn with_form(
    admin: &Admin,
    frame: Frame,
    id: ContactId,
    token: &FormToken,
    form: Form,
    failure: Option<String>,
) -> Page {
    let contact = load_contact(admin, id).await?;
    let (explanations, unexplained) = match load_explanations(admin, id, None, None).await {
        Ok(found) => (found.topics, None),
        Err(problem) => (Vec::new(), Some(problem.to_string())),
    };
    let adjustments = load_adjustments(admin, Some(id), true, ADJUSTMENTS).await?;
    let topics = admin.current_plan().map_or_else(Vec::new, |plan| {
        let topics = plan.topics.iter();
        topics
            .map(|topic| (topic.key.0.clone(), topic.label.clone()))
            .collect()
    });
    shown(&Contact {
        frame,
        contact,
        explanations,
        unexplained,
        adjustments,
        topics,
        csrf: token.csrf.clone(),
        form,
        failure,
    })
}
