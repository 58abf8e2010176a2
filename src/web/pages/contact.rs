//! One contact: scores, why, what Mautic should hold, what was written.

use super::shapes;
use super::{Frame, Page, shown};
use crate::web::api::{ContactBody, ExplainBody, TargetBody, load_contact, load_explanations};
use crate::web::extract::ContactPath;
use crate::web::problem::Problem;
use crate::web::state::Admin;
use askama::Template;
use axum::extract::State;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "contact.html")]
#[allow(clippy::struct_field_names, reason = "the template's words")]
struct Contact {
    frame: Frame,
    contact: ContactBody,
    explanations: Vec<ExplainBody>,
    /// Why there are no explanations.
    unexplained: Option<String>,
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
        let points = explained.contributions.iter().map(|part| part.points);
        points.map(i64::saturating_abs).max().unwrap_or(0)
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
    id: Result<ContactPath, Problem>,
) -> Page {
    let ContactPath(id) = id?;
    let contact = load_contact(&admin, id).await?;
    let (explanations, unexplained) = match load_explanations(&admin, id).await {
        Ok(found) => (found.topics, None),
        Err(problem) => (Vec::new(), Some(problem.to_string())),
    };
    shown(&Contact {
        frame,
        contact,
        explanations,
        unexplained,
    })
}
