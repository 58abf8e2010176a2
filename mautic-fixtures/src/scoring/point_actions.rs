//! Paying point actions (`PointBundle/Model/PointModel.php`, `triggerAction`; SEMANTICS 1).

use jiff::Timestamp;

use super::triggers::{is_published, trigger_events};
use super::validators::{Visit, limited_to, url_hit};
use crate::contacts::{self, Operator, PointsEntry};
use crate::server::answer::Exception;
use crate::state::web::{Hit, Once};
use crate::state::{Id, PointAction, State};

/// What happened, with what the validators need to know of it.
#[derive(Clone, Copy, Debug)]
pub enum Happening<'a> {
    /// A landing page was hit.
    PageHit {
        /// The page.
        page: Id,
    },
    /// Anything else was hit: a tracked page, a link, an unknown URL.
    UrlHit {
        /// The hit as its entity stands now.
        hit: &'a Hit,
    },
    /// A form was submitted.
    FormSubmit {
        /// The form.
        form: Id,
    },
    /// An asset was downloaded.
    AssetDownload {
        /// The asset.
        asset: Id,
    },
    /// An email was opened; `None` when the email was deleted, which pays nothing.
    EmailOpen {
        /// The email.
        email: Option<Id>,
    },
    /// An email was sent.
    EmailSend {
        /// The email.
        email: Id,
    },
}

impl Happening<'_> {
    /// The type of the point actions it may satisfy.
    fn kind(&self) -> &'static str {
        match self {
            Self::PageHit { .. } => "page.hit",
            Self::UrlHit { .. } => "url.hit",
            Self::FormSubmit { .. } => "form.submit",
            Self::AssetDownload { .. } => "asset.download",
            Self::EmailOpen { .. } => "email.open",
            Self::EmailSend { .. } => "email.send",
        }
    }

    fn satisfies(&self, state: &State, action: &PointAction, contact: Id, now: Timestamp) -> bool {
        let limited = |key, id| limited_to(&action.properties, key, id);
        match *self {
            Self::PageHit { page } => limited("pages", page),
            Self::FormSubmit { form } => limited("forms", form),
            Self::AssetDownload { asset } => limited("assets", asset),
            Self::EmailOpen { email } => email.is_some_and(|email| limited("emails", email)),
            Self::EmailSend { email } => limited("emails", email),
            Self::UrlHit { hit } => {
                let visits: Vec<Visit<'_>> =
                    state.web.hits.of_contact(contact).map(visit).collect();
                url_hit(&action.properties, visit(hit), &visits, now)
            }
        }
    }
}

fn visit(hit: &Hit) -> Visit<'_> {
    Visit {
        id: hit.id,
        url: hit.url.as_deref(),
        hit: hit.date_hit,
        left: hit.date_left,
    }
}

/// Pays every published action of the happening's type that it satisfies, in the order of ids, then saves the contact
/// once. A non-repeatable action pays each contact once.
///
/// # Errors
/// When a trigger, a webhook or the save throws; what was paid until then stays.
pub fn pay(state: &mut State, contact: Id, happening: Happening<'_>) -> Result<(), Exception> {
    let kind = happening.kind();
    let now = state.now();
    let in_use = |action: &&PointAction| {
        is_published(&action.stamp, action.publish_up, action.publish_down, now)
    };
    let actions: Vec<PointAction> = state
        .point_actions
        .values()
        .filter(|action| action.kind == kind)
        .filter(in_use)
        .cloned()
        .collect();
    state.current_ip();
    let done: Vec<Id> = actions
        .iter()
        .map(|action| action.id)
        .filter(|id| state.web.action_log.contains_key(&(*id, contact)))
        .collect();
    let mut once = Vec::new();
    let mut paid = false;
    for action in &actions {
        if !action.repeatable && done.contains(&action.id)
            || !happening.satisfies(state, action, contact, now)
        {
            continue;
        }
        pay_one(state, contact, action)?;
        paid = true;
        if !action.repeatable {
            once.push(action.id);
        }
    }
    if !once.is_empty() {
        let fired = Once {
            ip: state.current_ip(),
            fired: now,
        };
        for action in once {
            state.web.action_log.insert((action, contact), fired);
        }
        state.detach_ip();
    }
    if paid {
        contacts::save(state, contact)?;
    }
    Ok(())
}

fn pay_one(state: &mut State, contact: Id, action: &PointAction) -> Result<(), Exception> {
    match action
        .group
        .filter(|group| state.point_groups.contains(*group))
    {
        Some(group) => adjust_group(state, contact, group, action.delta)?,
        None => {
            if let Some(contact) = state.contacts.get_mut(contact) {
                contacts::adjust_points(contact, action.delta, Operator::Plus)?;
            }
        }
    }
    let (kind, name) = action.kind.split_once('.').unwrap_or((&action.kind, ""));
    let event_name = format!("{}: {}", action.id, action.name);
    let entry = PointsEntry {
        kind,
        event_name: &event_name,
        action_name: name,
        delta: action.delta,
        group: action.group,
    };
    contacts::log_points(state, contact, &entry);
    Ok(())
}

/// `PointGroupModel::adjustPoints`: the score changes at once, then all triggers are looked at.
fn adjust_group(state: &mut State, contact: Id, group: Id, delta: i64) -> Result<(), Exception> {
    let score = state.group_scores.get(contact, group).unwrap_or(0);
    state
        .group_scores
        .set(contact, group, score.saturating_add(delta));
    trigger_events(state, contact)
}
