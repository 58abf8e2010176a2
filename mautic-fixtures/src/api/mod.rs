//! The REST API under `/api`, and the way from a request to its answer.

mod assets;
mod auth;
mod body;
mod campaign_events;
mod campaigns;
pub mod clauses;
mod contacts;
pub mod crud;
pub(crate) mod emails;
pub mod errors;
mod fields;
pub mod form;
mod forms;
mod hooks;
pub mod list;
pub mod oauth;
mod pages;
mod point_actions;
mod point_groups;
mod point_triggers;
mod publishing;
pub mod rate_limit;
mod report_sources;
mod reports;
mod segments;
mod stages;
mod stats;
mod stats_rows;
mod stats_tables;
mod tags;
mod users;

pub(crate) use assets::mime;

use serde_json::Value;

use crate::server::answer::{Answer, Failure, Handled};
use crate::server::request::Request;
use crate::state::{Actor, State};

/// First path segments under `/api`; anything else is no route even for those who are not logged in.
const AREAS: &[&str] = &[
    "assets",
    "campaigns",
    "categories",
    "companies",
    "contacts",
    "dynamiccontents",
    "emails",
    "fields",
    "files",
    "forms",
    "hooks",
    "leads",
    "messages",
    "notes",
    "pages",
    "points",
    "reports",
    "roles",
    "segments",
    "smses",
    "stages",
    "stats",
    "tags",
    "users",
];

/// An API request after login: who asks is in the state, the body is decoded.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The request itself.
    pub request: &'a Request,
    /// The body as PHP's `$request->request`: an object or a list.
    pub input: &'a Value,
}

impl<'a> Call<'a> {
    /// `GET`, `POST`, …; HEAD counts as GET.
    #[must_use]
    pub fn method(&self) -> &'a str {
        if self.request.method == "HEAD" {
            "GET"
        } else {
            &self.request.method
        }
    }
}

/// Answers one request.
pub fn serve(state: &mut State, request: &Request) -> Answer {
    state.actor = Actor::Nobody;
    let answer = route(state, request).unwrap_or_else(|failure| errors::answer(request, failure));
    state.forget_entities();
    state.actor = Actor::Nobody;
    state.dies_between = false;
    answer
}

fn route(state: &mut State, request: &Request) -> Handled {
    match request.path_segments().as_slice() {
        _ if request.method == "OPTIONS" => {
            Ok(Answer::new(204, "text/html; charset=UTF-8", Vec::new()))
        }
        ["oauth", "v2", "token"] => oauth::token(state, request),
        ["api", "contacts", _, "points", .., ""] if request.method == "POST" => {
            Err(Failure::NoRoute)
        }
        ["api", .., ""] => {
            let target = format!("{}{}", state.site_url(), request.path.trim_end_matches('/'));
            Ok(Answer::redirect(301, &target))
        }
        ["api", path @ ..] => api(state, request, path),
        _ => Ok(crate::visitor::serve(state, request)),
    }
}

fn api(state: &mut State, request: &Request, path: &[&str]) -> Handled {
    let is_route = path.first().is_some_and(|area| AREAS.contains(area));
    let caller = auth::login(state, request);
    let standing = match &caller {
        Ok(_) => rate_limit::count(state, request),
        Err(_) => None,
    };
    let Some(standing) = standing else {
        return answer_api(state, request, path, caller);
    };
    if let Some(refusal) = standing.refusal(is_route) {
        return Ok(refusal);
    }
    let answer = answer_api(state, request, path, caller);
    let answer = answer.unwrap_or_else(|failure| errors::answer(request, failure));
    Ok(standing.mark(answer))
}

fn answer_api(
    state: &mut State,
    request: &Request,
    path: &[&str],
    caller: Result<Actor, Failure>,
) -> Handled {
    if !path.first().is_some_and(|area| AREAS.contains(area)) {
        return Err(Failure::NoRoute);
    }
    state.actor = caller?;
    let input = body::decode(request)?;
    let call = Call {
        request,
        input: &input,
    };
    match path {
        ["fields", "contact", rest @ ..] => fields::handle(state, call, rest),
        ["points", "groups", rest @ ..] => {
            crud::handle::<point_groups::PointGroups>(state, call, rest)
        }
        ["pages", rest @ ..] => crud::handle::<pages::Pages>(state, call, rest),
        ["assets", "new"] => {
            assets::check_file(state, call)?;
            crud::handle::<assets::Assets>(state, call, &["new"])
        }
        ["assets", rest @ ..] => crud::handle::<assets::Assets>(state, call, rest),
        ["files", _, "new"] if call.method() == "POST" => assets::upload(state, call),
        ["forms", form, "submissions"] if call.method() == "GET" => {
            forms::submissions(state, call, crud::parse_id(form)?, None)
        }
        ["forms", form, "submissions", "contact", contact] if call.method() == "GET" => {
            let contact = crud::parse_id(contact)?;
            forms::submissions(state, call, crud::parse_id(form)?, Some(contact))
        }
        ["forms", rest @ ..] => crud::handle::<forms::Forms>(state, call, rest),
        ["emails", email, "contact" | "lead", contact, "send"] if call.method() == "POST" => {
            let contact = crud::parse_id(contact)?;
            emails::send_to_contact(state, crud::parse_id(email)?, contact)
        }
        ["emails", email, "send"] if call.method() == "POST" => {
            emails::send_to_lists(state, crud::parse_id(email)?)
        }
        ["emails", rest @ ..] => crud::handle::<emails::Emails>(state, call, rest),
        ["contacts", contact, "segments"] if call.method() == "GET" => {
            segments::of_contact(state, crud::parse_id(contact)?)
        }
        ["contacts", contact, "campaigns"] if call.method() == "GET" => {
            campaigns::of_contact(state, crud::parse_id(contact)?)
        }
        ["campaigns", rest @ ..] => campaigns::handle(state, call, rest),
        ["reports", rest @ ..] => reports::handle(state, call, rest),
        ["segments", rest @ ..] => segments::handle(state, call, rest),
        ["hooks", "triggers"] if call.method() == "GET" => Ok(hooks::triggers()),
        ["hooks", rest @ ..] => crud::handle::<hooks::Hooks>(state, call, rest),
        ["points", "triggers", rest @ ..] => point_triggers::handle(state, call, rest),
        ["points", rest @ ..] => point_actions::handle(state, call, rest),
        ["stages", rest @ ..] => stages::handle(state, call, rest),
        ["tags", rest @ ..] => crud::handle::<tags::Tags>(state, call, rest),
        ["users", rest @ ..] => users::handle(state, call, rest),
        ["roles", rest @ ..] => users::roles(call, rest),
        ["contacts", rest @ ..] => contacts::handle(state, call, rest),
        ["stats", rest @ ..] => stats::handle(state, call, rest),
        _ => Err(Failure::NoRoute),
    }
}
