//! Points given by hand: what must hold of them, and keeping them.

use super::explain::{topic_of, unknown};
use super::{Refusal, moment};
use crate::domain::{Adjustment, ContactId, Scope, SegmentId, WENT_BACK};
use crate::plan::Compiled;
use crate::store::{NewAdjustment, SharedStore};
use jiff::Timestamp;
use serde::Serialize;

/// Longest author and reason, in characters.
const LONGEST: usize = 500;

/// Who is to get points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// One contact.
    Contact(ContactId),
    /// Everybody in a segment, while in it; by id or by name.
    Segment(String),
}

/// Points as a person gives them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// Who gets them.
    pub whose: Whose,
    /// Key of the topic.
    pub topic: String,
    /// Points; may be negative, not 0.
    pub points: i32,
    /// Why.
    pub reason: String,
    /// Who gives them.
    pub author: String,
    /// Until when they count, as [`moment`] reads it; `None`: for ever.
    pub expires: Option<String>,
}

/// Points that were given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Given {
    /// The adjustment.
    pub adjustment: Adjustment,
    /// The contact that was named, if it was merged into the one that got the points.
    pub merged_from: Option<ContactId>,
    /// How many contacts got them, as far as known.
    pub contacts: usize,
}

/// What is to be kept for a wish. PURE.
///
/// # Errors
/// If the plan has no such topic or segment, or something given can't be.
pub fn wished(plan: &Compiled, wish: &Wish, now: Timestamp) -> Result<NewAdjustment, Refusal> {
    let topic = topic_of(plan, wish.topic.trim())?;
    let scope = match &wish.whose {
        Whose::Contact(contact) => Scope::Contact(*contact),
        Whose::Segment(named) => Scope::Segment(segment(plan, named.trim())?),
    };
    if wish.points == 0 {
        return Err(Refusal::wrong(
            "0 points change nothing",
            "give some points, or take some with a number below 0",
        ));
    }
    Ok(NewAdjustment {
        scope,
        topic: plan.topics[topic].key.clone(),
        points: wish.points,
        author: said("author", &wish.author)?,
        reason: said("reason", &wish.reason)?,
        at: now,
        expires_at: expiry(plan, wish.expires.as_deref(), now)?,
    })
}

fn said(what: &str, text: &str) -> Result<String, Refusal> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Refusal::wrong(
            format!("the {what} is empty"),
            "say who gives the points and why: it stands in explanations for as long as they count",
        ));
    }
    if text.chars().count() > LONGEST || text.chars().any(char::is_control) {
        return Err(Refusal::wrong(
            format!("the {what} is longer than {LONGEST} characters, or has line ends"),
            "say it in one short line",
        ));
    }
    Ok(text.to_owned())
}

fn expiry(
    plan: &Compiled,
    text: Option<&str>,
    now: Timestamp,
) -> Result<Option<Timestamp>, Refusal> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let at = moment(text, &plan.ticks.zone)?;
    if at <= now {
        return Err(Refusal::wrong(
            format!("the points would end at {at:.0}, and that is over"),
            "name a moment to come, or none: then they count until somebody takes them back",
        ));
    }
    Ok(Some(at))
}

/// A segment by id, else by its name; Mautic's names are not unique.
fn segment(plan: &Compiled, named: &str) -> Result<SegmentId, Refusal> {
    let segments = &plan.names.segments;
    let id = named.parse::<u32>().ok();
    if let Some(found) = segments.iter().find(|one| Some(one.id) == id) {
        return Ok(SegmentId(found.id));
    }
    let mut alike = segments.iter().filter(|one| one.name == named);
    match (alike.next(), alike.next()) {
        (Some(one), None) => Ok(SegmentId(one.id)),
        (Some(one), Some(other)) => Err(Refusal::wrong(
            format!("Mautic has several segments named `{named}`"),
            format!("name one by its id: {}, {}, …", one.id, other.id),
        )),
        _ => Err(Refusal::unknown(
            format!("Mautic has no segment `{named}`, as far as known here"),
            "name it by its id or exactly as Mautic shows it; a running daemon reads new ones \
             within minutes",
        )),
    }
}

/// Keeps points that a person gives. Whoever gets them is scored anew soon.
///
/// # Errors
/// As [`wished`]; if the contact is not known or was deleted; while nobody knows whose an id is, for
/// Mautic was restored from a backup; if the store fails.
pub async fn give(
    store: &SharedStore,
    plan: &Compiled,
    wish: &Wish,
    now: Timestamp,
) -> Result<Given, Refusal> {
    let new = wished(plan, wish, now)?;
    let (merged_from, contacts) = match new.scope {
        Scope::Contact(contact) => {
            ids_are_certain(store).await?;
            let winner = known(store, contact).await?;
            is_there(store, winner).await?;
            (Some(contact).filter(|contact| *contact != winner), 1)
        }
        Scope::Segment(segment) => (None, store.members_of(segment).await?.len()),
    };
    let named = new.scope;
    let kept = store.add_adjustment(new, now).await?;
    let adjustment = kept.ok_or_else(|| deleted(named))?;
    Ok(Given {
        adjustment,
        merged_from,
        contacts,
    })
}

/// What is given by a number now would get to whoever had it before Mautic was restored, and go with him.
async fn ids_are_certain(store: &SharedStore) -> Result<(), Refusal> {
    if store.setting(WENT_BACK).await?.is_none() && !store.is_rereading().await? {
        return Ok(());
    }
    Err(Refusal::wrong(
        "Mautic was restored from a backup: whose a number is, is not known before it was read anew",
        "`topicscore status` says how it is (docs/restore.md says what to do); give them after that",
    ))
}

/// Mautic misses the contact, and may give the id to somebody else if it was restored from a backup.
async fn is_there(store: &SharedStore, contact: ContactId) -> Result<(), Refusal> {
    let vanished = store.unresolved_gone(usize::MAX, Timestamp::MAX).await?;
    if !vanished.contains(&contact) {
        return Ok(());
    }
    Err(Refusal::wrong(
        format!("contact {contact} vanished from Mautic; what became of it is still being asked"),
        "try it again some minutes later",
    ))
}

/// Takes points back: they count no longer.
///
/// # Errors
/// If there is no such adjustment, it is over already, or the store fails.
pub async fn end(store: &SharedStore, id: i64, now: Timestamp) -> Result<Adjustment, Refusal> {
    // The store keeps microseconds: finer, what ends now would seem to have ended before.
    let now = Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now);
    let ended = store.end_adjustment(id, now).await?;
    let ended = ended.ok_or_else(|| {
        Refusal::unknown(
            format!("there is no adjustment {id}"),
            "`topicscore adjust list --all` shows their numbers",
        )
    })?;
    match ended.expires_at {
        Some(at) if at < now => Err(Refusal::wrong(
            format!("adjustment {id} ended at {at:.0} already"),
            "there is nothing to take back",
        )),
        _ => Ok(ended),
    }
}

/// Whether an adjustment counts no more.
#[must_use]
pub fn is_over(adjustment: &Adjustment, now: Timestamp) -> bool {
    adjustment.expires_at.is_some_and(|at| at <= now)
}

/// The contact that an id stands for, if the store knows it.
///
/// # Errors
/// If it is not known or was deleted, or the store fails.
pub async fn known(store: &SharedStore, contact: ContactId) -> Result<ContactId, Refusal> {
    let winner = store.resolve(contact).await?;
    let winner = winner.ok_or_else(|| deleted(Scope::Contact(contact)))?;
    let overview = store.contact_overview(winner).await?;
    overview.ok_or_else(|| unknown(contact))?;
    Ok(winner)
}

fn deleted(scope: Scope) -> Refusal {
    Refusal::unknown(
        format!("{} was erased", scope.to_string().replace(':', " ")),
        "topicscore has erased everything it knew of the contact; nobody is there to get points",
    )
}
